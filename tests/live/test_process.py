"""The player's process on a real JACK server: what the window asks for arrives at a client that is not ours."""

import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from engine.jobs.live import HeardOn, LiveSetup, LiveState, SetLive
from engine.jobs.pipes import Event, PlayerCommand, Shutdown
from engine.jobs.sound import Play, Position, StopPlaying
from engine.live import process
from tests.helpers.desktop import until
from tests.helpers.jack import MONITOR, JackServer, Monitor, is_jack_installed
from tests.live.test_jack import LOOP

PASSES = 100
PORT = "Turnaround:Turnaround Out"
# A window in a process of its own, as far as the player can tell; to be killed.
WINDOW = """
import time
from engine.jobs.live import HeardOn, LiveSetup, SetLive
from engine.jobs.sound import Play
from tests.live.test_jack import LOOP
from tests.live.test_process import Player
if __name__ == "__main__":
    player = Player()
    player.tell(SetLive(LiveSetup(HeardOn.PORT)), Play(LOOP))
    while True:
        player.events()
        time.sleep(0.02)
"""

pytestmark = pytest.mark.skipif(
    not is_jack_installed() or shutil.which("jack_midi_dump") is None, reason="not installed: jackd, jack_midi_dump"
)


class Player:
    """A running player and this end of its pipe."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe: Connection
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=process.main, args=(theirs,))
        self.process.start()
        theirs.close()
        self.heard: list[Event] = []

    def tell(self, *commands: PlayerCommand) -> None:
        for command in commands:
            self.pipe.send(command)

    def events(self) -> list[Event]:
        """Return all that it said so far."""
        with suppress(EOFError):
            while self.pipe.poll():
                self.heard.append(self.pipe.recv().event)
        return self.heard

    def passes(self) -> int:
        return max((event.passes for event in self.events() if isinstance(event, Position)), default=0)

    def close(self) -> None:
        if self.process.is_alive():
            self.tell(Shutdown())
        self.process.join(20)
        self.process.close()
        self.pipe.close()


@pytest.fixture
def server(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[JackServer]:
    """Return a patient server, or, where the test says False, one as users start it."""
    with JackServer(is_patient=getattr(request, "param", True)) as server:
        for name in ("JACK_DEFAULT_SERVER", "JACK_NO_START_SERVER"):
            monkeypatch.setenv(name, server.environment[name])
        yield server


@pytest.fixture
def monitor(server: JackServer, tmp_path: Path) -> Iterator[Monitor]:
    monitor = Monitor(server, tmp_path / "dump.txt")
    yield monitor
    monitor.close()


@pytest.fixture
def player(server: JackServer, monitor: Monitor) -> Iterator[Player]:
    """Return a player whose virtual port leads to the monitor."""
    player = Player()
    server.await_port(PORT)
    connect(server)
    player.tell(SetLive(LiveSetup(HeardOn.PORT)))
    yield player
    player.close()


def connect(server: JackServer) -> None:
    command = ["jack_connect", "-s", server.name, PORT, f"{MONITOR}:input"]
    subprocess.run(command, env=server.environment, check=True)


def silenced(monitor: Monitor) -> set[int]:
    """Return the channels that were told to end all notes after the last note began."""
    heard = [data for _, data in monitor.messages()]
    last = max((index for index, data in enumerate(heard) if data[0] >> 4 == 9), default=0)
    return {data[0] & 15 for data in heard[last:] if data[0] >> 4 == 0xB and data[1] == 123}


def notes(monitor: Monitor) -> list[tuple[int, ...]]:
    return [data for _, data in monitor.messages() if data[0] >> 4 in (8, 9)]


def test_a_hundred_passes_arrive_over_the_virtual_port_of_the_window_s_player(player: Player, monitor: Monitor) -> None:
    assert "Turnaround:Turnaround In" in (monitor.server.ports() or ())
    player.tell(Play(LOOP))
    until(lambda: player.passes() >= PASSES, "a hundred passes", 120)
    player.tell(StopPlaying(), Shutdown())
    player.process.join(20)
    monitor.close()
    assert LiveState("JACK", "Sending to Turnaround Out (JACK).") in player.events()
    one_pass = [
        (0x90, 40, 100), (0x99, 36, 110), (0x89, 36, 0), (0x99, 42, 70), (0x89, 42, 0), (0x80, 40, 0),
    ]  # fmt: skip
    heard = notes(monitor)
    assert heard[: len(one_pass) * PASSES] == one_pass * PASSES
    on = [data[:2] for data in heard if data[0] >> 4 == 9]
    off = [(data[0] | 0x10, data[1]) for data in heard if data[0] >> 4 == 8]
    assert sorted(on) == sorted(off)


@pytest.mark.parametrize("server", [False], indirect=True, ids=["as users start it"])
def test_a_player_that_is_killed_leaves_silence(player: Player, monitor: Monitor) -> None:
    player.tell(Play(LOOP))
    until(lambda: len(notes(monitor)) > 20, "notes")
    os.kill(player.process.pid or 0, signal.SIGKILL)
    until(lambda: silenced(monitor) == {0, 9}, "silence")


def test_a_window_that_is_killed_leaves_silence(server: JackServer, monitor: Monitor) -> None:
    window = subprocess.Popen([sys.executable, "-c", WINDOW], env=server.environment, stderr=subprocess.DEVNULL)
    server.await_port(PORT)
    connect(server)
    until(lambda: len(notes(monitor)) > 20, "notes")
    window.kill()
    window.wait()
    until(lambda: silenced(monitor) == {0, 9}, "silence")
    until(lambda: PORT not in (server.ports() or ()), "the player's end")
    sounding: set[tuple[int, int]] = set()
    for data in notes(monitor):
        (sounding.add if data[0] >> 4 == 9 else sounding.discard)((data[0] & 15, data[1]))
    assert not sounding
