"""From the window to somebody else's client on a real JACK server: what is launched, evolved or stopped arrives so."""

import importlib
import shutil
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from engine.jobs.live import HeardOn
from engine.jobs.sound import Start
from engine.music.general_midi import Role
from engine.music.loop import Loop, Note, Track
from engine.service import EngineService
from gui.app import App, Places
from gui.live_settings import Learned, LiveSettings
from tests.helpers.desktop import PATIENCE_SECONDS
from tests.helpers.jack import INTERRUPTIBLE, JackServer, Monitor, is_jack_installed
from tests.helpers.uniform_loader import UniformLoader

pytestmark = [
    pytest.mark.gui,
    pytest.mark.skipif(sys.platform != "linux" or not is_jack_installed(), reason="not installed: jackd"),
]
PATIENCE_MS = round(1000 * PATIENCE_SECONDS)
NOTE_OFF, NOTE_ON, CONTROL = 8, 9, 0xB
ALL_NOTES_OFF = 123
CHANNELS = (9, 0)
# Four beats of a quarter of a second each.
LOOP = Loop(
    tempo_bpm=240.0,
    bars=1,
    tracks=(
        Track(Role.DRUMS, tuple(Note(480 * beat, 36, 60, 100) for beat in range(4))),
        Track(Role.BASS, (Note(0, 40, 1920, 90), Note(960, 47, 400, 90))),
    ),
)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[JackServer]:
    with JackServer() as server:
        for name in ("JACK_DEFAULT_SERVER", "JACK_NO_START_SERVER"):
            monkeypatch.setenv(name, server.environment[name])
        yield server


@pytest.fixture
def monitor(server: JackServer, tmp_path: Path) -> Iterator[Monitor]:
    monitor = Monitor(server, tmp_path / "dump.txt")
    yield monitor
    monitor.close()


@pytest.fixture
def app(qapp: QApplication, qtbot: QtBot, places: Places, server: JackServer, monitor: Monitor) -> Iterator[App]:
    """Return a window with a real engine whose “Turnaround Out” leads to the monitor."""
    service = EngineService(UniformLoader(), places.settings.parent / "takes.sqlite")
    service.start()
    app = App(qapp, service, places)
    try:
        app.commands.live.change(LiveSettings(heard_on=HeardOn.PORT, drops_in=Start.NEXT_LOOP))
        app.bridge.start()
        app.document.reset(LOOP)
        app.state.bring_to_front(1)
        port = "Turnaround:Turnaround Out"
        server.await_port(port, lambda seconds: qtbot.wait(round(1000 * seconds)))
        server.connect(port, "monitor:input")
        yield app
    finally:
        app.close()


@pytest.fixture
def sequencer(server: JackServer, app: App) -> Iterator[None]:
    """Let JACK's example sequencer play E4 and G4, half a second apart, into “Turnaround In” each second."""
    notes = ("0", "64", "9600", "24000", "67", "9600")
    process = subprocess.Popen([*INTERRUPTIBLE, "jack_midiseq", "sequencer", "48000", *notes], env=server.environment)
    server.await_port("sequencer:out")
    server.connect("sequencer:out", "Turnaround:Turnaround In")
    yield
    process.send_signal(signal.SIGINT)
    process.wait(10)


@pytest.mark.skipif(shutil.which("jack_midiseq") is None, reason="not installed: jack_midiseq")
def test_what_a_sequencer_plays_in_becomes_a_part(app: App, sequencer: None, qtbot: QtBot) -> None:
    app.playback.play()
    qtbot.waitUntil(lambda: app.playback.passes >= 3, timeout=PATIENCE_MS)
    app.commands.actions["live_capture"].trigger()
    qtbot.waitUntil(lambda: len(app.document.loop.tracks) == 3, timeout=PATIENCE_MS)
    notes = app.document.loop.tracks[2].notes
    assert {note.pitch for note in notes} <= {64, 67}
    assert 1 <= len(notes) <= 3  # the bar may not be over yet, and a note may lie on both sides of its line
    app.document.undo()
    assert app.document.loop == LOOP


def test_a_controller_that_comes_in_moves_what_it_learned(app: App, server: JackServer, qtbot: QtBot) -> None:
    app.commands.learning.show()
    dialog = app.commands.learning.dialog
    assert dialog is not None
    dialog.choose("volume_2")
    with Sender(server) as sender:
        server.connect("controller:out", "Turnaround:Turnaround In")
        sender.send(0xB2, 21, 90)
        qtbot.waitUntil(lambda: bool(app.settings.live.learned), timeout=PATIENCE_MS)
        dialog.close()
        sender.send(0xB2, 21, 127)
        qtbot.waitUntil(lambda: app.session.parts[1].volume == 1.0, timeout=PATIENCE_MS)
    assert app.settings.live.learned == (Learned("volume_2", 2, 21),)


class Sender:
    """A JACK client that sends what it is given.

    Threads: JACK takes from the queue on a thread of its own.
    """

    def __init__(self, server: JackServer) -> None:
        self._queue: deque[tuple[int, ...]] = deque()
        library = importlib.import_module("jack")  # loads JACK's own library, which is not everywhere
        self._client = library.Client("controller", use_exact_name=True, no_start_server=True, servername=server.name)
        self._port = self._client.midi_outports.register("out")
        self._client.set_process_callback(self._process)

    def _process(self, frames: int) -> None:
        self._port.clear_buffer()
        while self._queue:
            self._port.write_midi_event(0, self._queue.popleft())

    def send(self, *data: int) -> None:
        self._queue.append(data)

    def __enter__(self) -> "Sender":
        self._client.activate()
        return self

    def __exit__(self, *_: object) -> None:
        self._client.deactivate()
        self._client.close()


def onsets(loop: Loop) -> list[tuple[int, ...]]:
    """Return the (status, pitch) of each pass, those of one time sorted."""
    notes = [
        (note.onset, NOTE_ON << 4 | channel, note.pitch)
        for track, channel in zip(loop.tracks, CHANNELS, strict=True)
        for note in track.notes
    ]
    return [note[1:] for note in sorted(notes)]


def arrived(monitor: Monitor) -> list[tuple[int, ...]]:
    """Return the (status, pitch) of all notes that began at the monitor, those of one frame sorted."""
    begun = [(frame, data) for frame, data in monitor.messages() if data[0] >> 4 == NOTE_ON and data[2] > 0]
    frames = [sorted(data[:2] for _, data in group) for _, group in groupby(begun, key=lambda each: each[0])]
    return [note for frame in frames for note in frame]


def sounding(monitor: Monitor) -> set[tuple[int, int]]:
    """Return the (channel, pitch) of notes that were left on."""
    on: set[tuple[int, int]] = set()
    for _, data in monitor.messages():
        if data[0] >> 4 == NOTE_ON and data[2] > 0:
            on.add((data[0] & 15, data[1]))
        elif data[0] >> 4 in (NOTE_OFF, NOTE_ON):
            on.discard((data[0] & 15, data[1]))
        elif data[0] >> 4 == CONTROL and data[1] == ALL_NOTES_OFF:
            on -= {note for note in on if note[0] == data[0] & 15}
    return on


def test_the_next_loop_comes_in_whole_at_the_end_of_a_pass_and_panic_ends_it(
    app: App, monitor: Monitor, qtbot: QtBot
) -> None:
    app.playback.play()
    qtbot.waitUntil(lambda: app.playback.passes >= 1, timeout=PATIENCE_MS)
    app.commands.actions["live_next"].trigger()
    qtbot.waitUntil(lambda: app.board.heard is not None, timeout=PATIENCE_MS)
    following = app.state.loop
    assert following != LOOP
    qtbot.waitUntil(lambda: not app.playback.is_waiting and app.playback.passes >= 2, timeout=PATIENCE_MS)
    app.commands.actions["live_panic"].trigger()
    qtbot.waitUntil(lambda: any(data[:2] == (0xB0, 123) for _, data in monitor.messages()), timeout=PATIENCE_MS)
    monitor.close()
    assert_passes(monitor, onsets(LOOP), onsets(following))


def test_a_mute_comes_in_at_the_end_of_a_pass(app: App, monitor: Monitor, qtbot: QtBot) -> None:
    app.commands.live.edit(lambda live: replace(live, mutes_in=Start.NEXT_LOOP))
    app.playback.play()
    qtbot.waitUntil(lambda: app.playback.passes >= 2, timeout=PATIENCE_MS)
    app.session.change_part(0, lambda part: replace(part, is_muted=True))
    qtbot.waitUntil(lambda: app.playback.passes >= 6, timeout=PATIENCE_MS)
    app.playback.stop()
    qtbot.waitUntil(lambda: any(data[:2] == (0xB0, 123) for _, data in monitor.messages()), timeout=PATIENCE_MS)
    monitor.close()
    assert_passes(monitor, onsets(LOOP), [note for note in onsets(LOOP) if note[0] & 15 != CHANNELS[0]])


def assert_passes(monitor: Monitor, first: list[tuple[int, ...]], then: list[tuple[int, ...]]) -> None:
    """Assert that whole passes arrived of the one, then of the other until it was cut, and that nothing is left on."""
    notes, passes = arrived(monitor), 0
    while notes[: len(first)] == first:
        notes, passes = notes[len(first) :], passes + 1
    assert passes >= 2
    whole = len(notes) // len(then)
    assert whole >= 2
    assert notes == (then * (whole + 1))[: len(notes)]
    assert not sounding(monitor)
