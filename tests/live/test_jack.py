"""A loop arrives, note by note, at a JACK client that is not ours (`jack_midi_dump`), on a real JACK server."""

import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from engine.midi import smf
from engine.music.general_midi import Role
from engine.music.loop import Loop, Note, Track
from engine.music.timing import Meter
from tests.helpers.desktop import until
from tests.helpers.jack import INTERRUPTIBLE, MONITOR, JackServer, Monitor, is_jack_installed

PASSES = 100
RATE = 48_000

pytestmark = pytest.mark.skipif(
    not is_jack_installed() or shutil.which("jack_midi_dump") is None, reason="not installed: jackd, jack_midi_dump"
)

# A beat of a fifth of a second, so that a hundred passes take twenty.
LOOP = Loop(
    Meter(1, 4),
    300.0,
    1,
    (
        Track(Role.DRUMS, (Note(0, 36, 60, 110), Note(240, 42, 60, 70))),
        Track(Role.BASS, (Note(0, 40, 480, 100),)),
    ),
)


@pytest.fixture
def server() -> Iterator[JackServer]:
    with JackServer() as server:
        yield server


@pytest.fixture
def monitor(server: JackServer, tmp_path: Path) -> Iterator[Monitor]:
    monitor = Monitor(server, tmp_path / "dump.txt")
    yield monitor
    monitor.close()


def start(server: JackServer, *arguments: str | Path) -> "subprocess.Popen[str]":
    command = [sys.executable, "turnaround.py", "play", *map(str, arguments)]
    return subprocess.Popen(command, env=server.environment, text=True, stderr=subprocess.PIPE)


def test_a_hundred_passes_arrive_in_order_with_every_on_and_off(
    server: JackServer, monitor: Monitor, tmp_path: Path
) -> None:
    smf.write(LOOP, tmp_path / "loop.mid")
    process = start(server, tmp_path / "loop.mid", "--port", MONITOR, "--passes", str(PASSES))
    _, complaint = process.communicate(timeout=90)
    assert process.returncode == 0, complaint
    monitor.close()
    notes = [(frame, data) for frame, data in monitor.messages() if data[0] >> 4 in (8, 9)]
    one_pass = [
        (0x90, 40, 100), (0x99, 36, 110), (0x89, 36, 0), (0x99, 42, 70), (0x89, 42, 0), (0x80, 40, 0),
    ]  # fmt: skip
    assert [data for _, data in notes] == one_pass * PASSES
    onsets = [frame for frame, data in notes if data[:2] == (0x99, 36)]
    exact = sum(abs(b - a - RATE // 5) <= 1 for a, b in pairwise(onsets))
    assert exact >= 0.9 * (PASSES - 1)  # the dummy server itself slips now and then on a busy machine


def test_a_stopped_program_leaves_no_note_on_at_its_virtual_port(
    server: JackServer, monitor: Monitor, tmp_path: Path
) -> None:
    smf.write(LOOP, tmp_path / "loop.mid")
    process = start(server, tmp_path / "loop.mid", "--virtual", "Turnaround Out")
    server.await_port("Turnaround:Turnaround Out")
    connect = ["jack_connect", "-s", server.name, "Turnaround:Turnaround Out", f"{MONITOR}:input"]
    subprocess.run(connect, env=server.environment, check=True)
    until(lambda: len(monitor.messages()) > 30, "notes")
    process.terminate()
    process.communicate(timeout=30)
    monitor.close()
    sounding: set[tuple[int, int]] = set()
    for _, data in monitor.messages():
        if data[0] >> 4 == 9:
            sounding.add((data[0] & 15, data[1]))
        elif data[0] >> 4 == 8:
            sounding.discard((data[0] & 15, data[1]))
    assert not sounding
    assert {data[:2] for _, data in monitor.messages()} >= {(0xB0, 123), (0xB9, 123)}


@pytest.mark.skipif(shutil.which("jack_midi_clock") is None, reason="not installed: jack_midi_clock")
def test_a_leader_that_is_not_ours_is_followed_to_its_beats(
    server: JackServer, monitor: Monitor, tmp_path: Path
) -> None:
    smf.write(LOOP, tmp_path / "loop.mid")
    command = [*INTERRUPTIBLE, "jack_midi_clock", "-b", "100"]
    leader = subprocess.Popen(command, env=server.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    process = start(server, tmp_path / "loop.mid", "--clock", "in")
    try:
        ports = {"jack_midi_clock:mclk_out", "Turnaround:Turnaround Out", "Turnaround:Turnaround In"}
        until(lambda: ports <= set(server.ports() or ()), "the ports")
        for source, target in (
            ("jack_midi_clock:mclk_out", "Turnaround:Turnaround In"),
            ("jack_midi_clock:mclk_out", f"{MONITOR}:input"),
            ("Turnaround:Turnaround Out", f"{MONITOR}:input"),
        ):
            subprocess.run(["jack_connect", "-s", server.name, source, target], env=server.environment, check=True)
        roll(server, "play")
        until(lambda: sum(data[:2] == (0x99, 36) for _, data in monitor.messages()) > 24, "beats")
        roll(server, "stop")
        until(lambda: (0xFC,) in [data for _, data in monitor.messages()], "the leader's stop")
    finally:
        process.terminate()
        process.communicate(timeout=30)
        leader.send_signal(signal.SIGINT)  # so it leaves JACK
        leader.wait(10)
    monitor.close()
    messages = monitor.messages()
    began = [data for _, data in messages].index((0xFA,))
    clocks = [frame for frame, data in messages[began:] if data == (0xF8,)]
    beats = [frame for frame, data in messages if data[:2] == (0x99, 36)]
    assert len(beats) == pytest.approx(len(clocks) / 24, abs=2)
    pulse = (clocks[-1] - clocks[0]) / (len(clocks) - 1)
    late = [frame - clocks[0] - 24 * number * pulse for number, frame in enumerate(beats)]
    assert sorted(map(abs, late))[len(late) // 2] < 0.005 * RATE  # the server itself slips on a busy machine


def roll(server: JackServer, command: str) -> None:
    """Let JACK's transport roll or stop."""
    subprocess.run(
        ["jack_transport"],
        env=server.environment,
        input=f"{command}\nquit\n",
        text=True,
        check=True,
        capture_output=True,
        timeout=20,
    )
