"""How exact playing is at a receiver that is not ours, alone and while 16 takes are written and the window repaints.

`python -m benchmarks.live_timing --minutes 5` starts a JACK server without a sound card and plays 16ths at 120 BPM:

- through the player's process, JACK's exact frames: frames at which `jack_midi_dump` receives, against the grid;
- through a process like it that uses rtmidi: when each message was handed over, against when it was due;
- the same in a thread of the program that writes and repaints, as most programs do it;
- MIDI clock, read by `jack_mclk_dump`;
- silence after kill -9 of the player, by frames.

Beside each stands the machine's own noise in the same minutes: how late a process wakes that only sleeps. Needs
Debian's jackd2 and jack-midi-clock, and the right to real-time priority.
"""

import argparse
import gc
import importlib
import math
import multiprocessing
import os
import re
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

from engine.jobs.live import HeardOn, LiveSetup, SetLive
from engine.jobs.pipes import Shutdown
from engine.jobs.sound import Play, StopPlaying
from engine.live.priority import raise_priority
from engine.live.stage import Stage
from engine.midi.rtmidi_ports import RtMidiOutput, RtMidiSystem
from engine.music.general_midi import Role
from engine.music.loop import Loop, Note, Track
from tests.helpers.desktop import until
from tests.helpers.jack import MONITOR, SAMPLE_RATE, JackServer, Monitor

TEMPO_BPM = 120.0
STEP_FRAMES = round(SAMPLE_RATE * 60 / TEMPO_BPM / 4)
CLOCK_FRAMES = SAMPLE_RATE * 60 / TEMPO_BPM / 24
PORT = "Turnaround:Turnaround Out"
SIXTEENTHS = Loop(
    bars=1, tempo_bpm=TEMPO_BPM, tracks=(Track(Role.DRUMS, tuple(Note(step * 120, 42, 60, 90) for step in range(16))),)
)
NOISE_SECONDS = 0.004
CLOCK_SECONDS = 60.0
LOADED_SECONDS = 10.0  # the model is loaded and writes by then
CONTEXT = multiprocessing.get_context("spawn")


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table: how late messages were, in milliseconds."""

    name: str
    late_ms: list[float]
    noise_ms: list[float]
    note: str = ""

    def __str__(self) -> str:
        return f"| {self.name} | {len(self.late_ms)} | {_three(self.late_ms)} | {_three(self.noise_ms)} | {self.note} |"


def _three(values: list[float]) -> str:
    ordered = sorted(values) or [math.nan]
    p50, p99 = (ordered[int(share * (len(ordered) - 1))] for share in (0.5, 0.99))
    return f"{p50:.3f} | {p99:.3f} | {ordered[-1]:.3f}"


# What loads the machine, and how it is by itself.


def write_takes(is_over: Callable[[], bool]) -> None:
    """Write 16 takes again and again, with the shipped model."""
    from engine.cli.bench_command import part_request
    from engine.cli.model_option import DEFAULT_MODEL, open_model
    from engine.inference.generator import Generator

    generator = Generator(open_model(DEFAULT_MODEL).model)
    from dataclasses import replace

    while not is_over():
        for _ in generator.generate(replace(part_request(), takes=16)):
            if is_over():
                return


def repaint(is_over: Callable[[], bool]) -> None:
    """Repaint a full piano roll sixty times a second."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtWidgets import QApplication

    from benchmarks.window_speed import SIZE_PX, a_full_loop
    from gui.piano_roll.editor import RollEditor
    from gui.piano_roll.state import RollState

    application = QApplication.instance() or QApplication([])
    editor = RollEditor(RollState(a_full_loop(1000)))
    editor.resize(*SIZE_PX)
    editor.show()
    while not is_over():
        for pane in (editor.pitched, editor.drums):
            pane.paint_anew()
            pane.repaint()
        application.processEvents()
        time.sleep(1 / 60)


def _worker(pipe: Connection) -> None:
    write_takes(pipe.poll)


def _window(pipe: Connection) -> None:
    repaint(pipe.poll)


def _noise(pipe: Connection) -> None:
    """Sleep to one time after the other and note how late it is then."""
    raise_priority()
    late: list[float] = []
    due = time.perf_counter()
    while not pipe.poll():
        due = max(due + NOISE_SECONDS, time.perf_counter())
        time.sleep(max(0.0, due - time.perf_counter()))
        late.append(1000 * (time.perf_counter() - due))
    pipe.send(late)


@contextmanager
def running(*targets: Callable[[Connection], None]) -> Generator[list[Connection]]:
    """Run each in a process of its own until the end of the block; yields our ends of their pipes."""
    pipes: list[Connection] = []
    processes: list[BaseProcess] = []
    for target in targets:
        ours, theirs = CONTEXT.Pipe()
        process = CONTEXT.Process(target=target, args=(theirs,))
        process.start()
        pipes.append(ours)
        processes.append(process)
    try:
        yield pipes
    finally:
        for pipe in pipes:
            with suppress(OSError):
                pipe.send(None)
        for process in processes:
            process.join()


@contextmanager
def measured_noise(result: list[float]) -> Generator[None]:
    """Measure the machine's noise for as long as the block lasts."""
    with running(_noise) as (pipe,):
        yield
        pipe.send(None)
        result += pipe.recv()


# The players.


def _player(pipe: Connection) -> None:
    importlib.import_module("engine.live.process").main(pipe)


class NotingSystem(RtMidiSystem):
    """rtmidi, with every lateness noted."""

    def __init__(self) -> None:
        super().__init__()
        self.late: list[float] = []
        self._outputs: list[RtMidiOutput] = []

    def open_output(self, port: str, *, is_virtual: bool) -> RtMidiOutput:
        """See `MidiSystem.open_output`."""
        output = super().open_output(port, is_virtual=is_virtual)
        told = output.latenesses

        def latenesses() -> list[float]:
            found = told()
            self.late += found
            return found

        output.latenesses = latenesses  # type: ignore[method-assign]
        self._outputs.append(output)
        return output

    def note_rest(self) -> None:
        """Note what the player has not asked for since the last time."""
        for output in self._outputs:
            output.latenesses()


def play_with_rtmidi(is_over: Callable[[], object], begun: Callable[[], object]) -> list[float]:
    """Play until it is over; return how late each message was handed over, in ms."""
    system = NotingSystem()
    stage = Stage(lambda _: None, open_system=lambda: system, setup=LiveSetup(HeardOn.PORT))
    gc.collect()
    gc.freeze()
    stage.do(Play(SIXTEENTHS))
    begun()
    while not is_over():
        rest = stage.rest_seconds() - 0.0002
        if rest > 0:
            time.sleep(rest)
        stage.pump()
    system.note_rest()
    stage.close()
    return [1000 * late for late in system.late[32:]]


def _rtmidi(pipe: Connection) -> None:
    raise_priority()
    _ordinary_rtmidi(pipe)


def _ordinary_rtmidi(pipe: Connection) -> None:
    pipe.send(play_with_rtmidi(pipe.poll, lambda: pipe.send(None)))


def _all_in_one(pipe: Connection) -> None:
    """Play in a thread of the program that writes takes and repaints."""
    late: list[float] = []
    player = threading.Thread(target=lambda: late.extend(play_with_rtmidi(pipe.poll, lambda: None)))
    writer = threading.Thread(target=write_takes, args=(pipe.poll,))
    writer.start()
    time.sleep(LOADED_SECONDS)
    player.start()
    pipe.send(None)
    repaint(pipe.poll)
    player.join()
    writer.join()
    pipe.send(late)


def connect(server: JackServer, target: str) -> None:
    """Connect our virtual port to another."""
    until(lambda: PORT in (server.ports() or ()), "the virtual port")
    subprocess.run(["jack_connect", "-s", server.name, PORT, target], env=server.environment, check=True)


# What is measured.


def jack_frames(server: JackServer, seconds: float, name: str) -> Row:
    """Measure at which frames notes arrive."""
    noise: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        monitor = Monitor(server, Path(folder) / "dump.txt")
        with running(_player) as (pipe,):
            connect(server, f"{MONITOR}:input")
            pipe.send(SetLive(LiveSetup(HeardOn.PORT)))
            pipe.send(Play(SIXTEENTHS))
            with measured_noise(noise):
                _listen(pipe, seconds)
            pipe.send(StopPlaying())
            pipe.send(Shutdown())
            _listen(pipe, 2.0)
        monitor.close()
        frames = [frame for frame, data in monitor.messages() if data[0] >> 4 == 9]
    late = [1000 * abs(frame - frames[0] - index * STEP_FRAMES) / SAMPLE_RATE for index, frame in enumerate(frames)]
    drift = frames[-1] - frames[0] - (len(frames) - 1) * STEP_FRAMES
    return Row(name, late, noise, f"drift {drift} frames, {len(frames) - round(seconds * 8)} of {len(frames)} over")


def _listen(pipe: Connection, seconds: float) -> None:
    """Read what the player says, as the window does."""
    end = time.monotonic() + seconds
    with suppress(EOFError, OSError):
        while time.monotonic() < end:
            if pipe.poll(0.1):
                pipe.recv()


def rtmidi_times(seconds: float, name: str, target: Callable[[Connection], None]) -> Row:
    """Measure how late rtmidi gets its messages."""
    noise: list[float] = []
    with running(target) as (pipe,):
        pipe.recv()
        with measured_noise(noise):
            time.sleep(seconds)
        pipe.send(None)
        late: list[float] = pipe.recv()
    return Row(name, late, noise)


def clock_reading(server: JackServer, seconds: float, name: str) -> str:
    """Let `jack_mclk_dump` read our MIDI clock."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mclk.txt"
        with path.open("w") as file:
            command = ["stdbuf", "-oL", "jack_mclk_dump", "-n"]
            reader = subprocess.Popen(command, env=server.environment, stdout=file, stderr=subprocess.DEVNULL)
            with running(_player) as (pipe,):
                connect(server, "jack_mclk_dump:mclk_in")
                pipe.send(SetLive(LiveSetup(HeardOn.PORT, sends_clock=True)))
                pipe.send(Play(SIXTEENTHS))
                _listen(pipe, seconds)
                pipe.send(StopPlaying())
                pipe.send(Shutdown())
                _listen(pipe, 2.0)
            reader.send_signal(signal.SIGINT)
            reader.wait(10)
        read = re.findall(r"flt:\s*([\d.]+)\[BPM\]\s+dt:\s*(\d+)\[sm\]", path.read_text())
    filtered = [float(bpm) for bpm, _ in read][24 * 8 :]
    jitter = [1000 * abs(int(frames) - CLOCK_FRAMES) / SAMPLE_RATE for _, frames in read][24 * 8 :]
    jitter.sort()
    p95 = jitter[int(0.95 * (len(jitter) - 1))]
    return f"| {name} | {len(read)} | {min(filtered):.2f} – {max(filtered):.2f} | {p95:.3f} | {jitter[-1]:.3f} |"


def silence_after_kill(server: JackServer, rounds: int) -> list[float]:
    """Measure how long after the player's last MIDI clock its channels are silenced, in ms."""
    found: list[float] = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            monitor = Monitor(server, Path(folder) / "dump.txt")
            ours, theirs = CONTEXT.Pipe()
            process = CONTEXT.Process(target=_player, args=(theirs,))
            process.start()
            connect(server, f"{MONITOR}:input")
            ours.send(SetLive(LiveSetup(HeardOn.PORT, sends_clock=True)))
            ours.send(Play(SIXTEENTHS))
            _listen(ours, 2.0)
            process.kill()
            process.join()
            until(lambda path=Path(folder) / "dump.txt": "b9 7b 00" in path.read_text(), "silence", 20)
            monitor.close()
            messages = monitor.messages()
        last = max(frame for frame, data in messages if data == (0xF8,))
        off = min(frame for frame, data in messages if data[:2] == (0xB9, 123) and frame >= last)
        found.append(1000 * (off - last) / SAMPLE_RATE)
    return found


def main() -> None:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=0.5, help="for each line of the first table")
    seconds = 60 * parser.parse_args().minutes
    with JackServer(is_realtime=True) as server:
        os.environ.update({name: server.environment[name] for name in ("JACK_DEFAULT_SERVER", "JACK_NO_START_SERVER")})
        print("| player | messages | p50 ms | p99 ms | max ms | noise p50 | p99 | max | |")
        print("|---|---|---|---|---|---|---|---|---|")
        print(jack_frames(server, seconds, "process, JACK's frames, idle"), flush=True)
        print(rtmidi_times(seconds, "process, rtmidi, idle", _rtmidi), flush=True)
        with running(_worker, _window):
            time.sleep(LOADED_SECONDS)
            print(jack_frames(server, seconds, "process, JACK's frames, under load"), flush=True)
            print(rtmidi_times(seconds, "process, rtmidi, under load", _rtmidi), flush=True)
            print(rtmidi_times(seconds, "the same without real-time priority", _ordinary_rtmidi), flush=True)
        print(rtmidi_times(seconds, "thread beside writing and painting", _all_in_one), flush=True)
        print("\n| MIDI clock read by jack_mclk_dump | clocks | filtered BPM | jitter p95 ms | max ms |")
        print("|---|---|---|---|---|")
        print(clock_reading(server, min(seconds, CLOCK_SECONDS), "idle"), flush=True)
        with running(_worker, _window):
            time.sleep(LOADED_SECONDS)
            print(clock_reading(server, min(seconds, CLOCK_SECONDS), "under load"), flush=True)
        killed = silence_after_kill(server, 5)
        print(f"\nsilence after kill -9 of the player: {min(killed):.0f} – {max(killed):.0f} ms")


if __name__ == "__main__":
    main()
