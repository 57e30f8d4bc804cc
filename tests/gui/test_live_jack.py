"""From the window to somebody else's client on a real JACK server: what is launched, evolved or stopped arrives so."""

import subprocess
import sys
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
from gui.live_settings import LiveSettings
from tests.helpers.desktop import PATIENCE_SECONDS
from tests.helpers.jack import JackServer, Monitor, is_jack_installed
from tests.helpers.uniform_loader import UniformLoader

pytestmark = [
    pytest.mark.gui,
    pytest.mark.skipif(sys.platform != "linux" or not is_jack_installed(), reason="not installed: jackd"),
]
PATIENCE_MS = round(1000 * PATIENCE_SECONDS)
NOTE_OFF, NOTE_ON = 8, 9
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
    app.commands.live.change(LiveSettings(heard_on=HeardOn.PORT, drops_in=Start.NEXT_LOOP))
    app.bridge.start()
    app.document.reset(LOOP)
    app.state.bring_to_front(1)
    port = "Turnaround:Turnaround Out"
    qtbot.waitUntil(lambda: port in (server.ports() or ()), timeout=PATIENCE_MS)
    subprocess.run(["jack_connect", "-s", server.name, port, "monitor:input"], env=server.environment, check=True)
    yield app
    app.close()


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
