"""MIDI learn: every knob can be learned, forgotten and is kept; and what is played in becomes a part or a rhythm."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from engine.jobs.live import Capture, Captured, ControlMoved
from engine.jobs.sound import StopPlaying
from engine.messages import Failed, PartUse
from engine.music.general_midi import Role
from engine.music.loop import MAX_TRACKS, Note
from engine.representation.controls import TRACK_CONTROLS
from gui.actions import ACTIONS
from gui.app import App, Places
from gui.live_settings import Learned, LiveSettings
from gui.settings import read_settings
from tests.helpers.fake_service import FakeService

pytestmark = pytest.mark.gui
KEYS = 2
CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


def press(app: App, key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    QTest.keyClick(app.window.roll.pitched, key, modifiers)


def move(app: App, service: FakeService, qtbot: QtBot, *moves: ControlMoved) -> None:
    """Move controllers and wait until the window has followed."""
    for each in moves:
        with qtbot.waitSignal(app.bridge.live_changed):
            service.say(0, each)
    qtbot.waitUntil(lambda: not app.commands.learning._turning.isActive())


def learn(app: App, target: str, channel: int = 0, control: int = 20) -> None:
    app.commands.live.change(app.settings.live.with_learned(Learned(target, channel, control)))


def test_a_controller_is_learned_kept_moved_and_forgotten(
    app: App, service: FakeService, qtbot: QtBot, places: Places
) -> None:
    press(app, Qt.Key.Key_M, CONTROL)
    dialog = app.commands.learning.dialog
    assert dialog is not None
    dialog.choose("volume_2")
    before = app.session.parts
    move(app, service, qtbot, ControlMoved(3, 21, 90), ControlMoved(3, 21, 91))
    assert app.session.parts == before  # it learns, and moves nothing yet
    assert read_settings(places.settings)[0].live.learned == (Learned("volume_2", 3, 21),)
    assert dialog._items["volume_2"].text(1) == "CC 21, channel 4"
    dialog.close()
    move(app, service, qtbot, ControlMoved(3, 21, 10), ControlMoved(3, 21, 127), ControlMoved(2, 21, 5))
    assert app.session.parts[1].volume == 1.0
    dialog.show()
    dialog.choose("remix")
    move(app, service, qtbot, ControlMoved(3, 21, 4))
    assert app.settings.live.learned == (Learned("remix", 3, 21),)
    QTest.mouseClick(dialog.forget, Qt.MouseButton.LeftButton)
    assert app.settings.live.learned == ()
    assert not dialog.forget.isEnabled()


def test_all_actions_and_wishes_can_be_learned(app: App) -> None:
    knobs = app.commands.learning.knobs
    assert {spec.id for spec in ACTIONS} <= knobs.keys()
    assert {f"wish_{name}" for name in TRACK_CONTROLS} <= knobs.keys()
    for knob in knobs.values():
        assert (knob.turn is None) != (knob.press is None)


@pytest.mark.parametrize("value", [0, 64, 127])
def test_every_knob_can_be_turned_all_the_way(app: App, value: int) -> None:
    for front in (0, KEYS):
        app.state.bring_to_front(front)
        for knob in app.commands.learning.knobs.values():
            if knob.turn is not None:
                knob.turn(value / 127)
    wishes = app.session.wishes
    assert wishes.remix_percent == {0: 5, 64: 53, 127: 100}[value]
    assert app.document.loop.tempo_bpm == 60 + value
    app.document.undo()
    assert app.document.loop.tempo_bpm == 100  # a burst of turning is one step


def test_a_pad_presses_once_a_press(app: App, service: FakeService, qtbot: QtBot) -> None:
    learn(app, "play_toggle")
    moves = (ControlMoved(0, 20, value) for value in (127, 126, 0, 100))
    move(app, service, qtbot, *moves)
    assert service.told.count(StopPlaying()) == 1
    assert app.playback.is_playing


def test_the_list_is_searched(app: App) -> None:
    app.commands.learning.show()
    dialog = app.commands.learning.dialog
    assert dialog is not None
    dialog.filter.setText("live scene 3")
    shown = [id for id, item in dialog._items.items() if not item.isHidden()]
    assert shown == ["live_scene_3"]


def test_what_was_played_in_becomes_a_part_undoably(app: App, service: FakeService, qtbot: QtBot) -> None:
    before = app.document.loop
    press(app, Qt.Key.Key_C, CONTROL | SHIFT)
    assert service.asked[-1] == Capture(before.bars)
    notes = (Note(0, 60, 480, 90), Note(960, 64, 99999, 80), Note(99999, 67, 10, 80))
    service.say(service.job, Captured(notes))
    qtbot.waitUntil(lambda: app.document.loop != before)
    track = app.document.loop.tracks[-1]
    assert (track.role, track.notes) == (Role.KEYS, (notes[0], Note(960, 64, before.length - 960, 80)))
    assert app.session.parts[-1].use is PartUse.CONTEXT
    app.document.undo()
    assert app.document.loop == before


def test_an_empty_part_in_front_takes_it(app: App, service: FakeService, qtbot: QtBot) -> None:
    app.commands.parts.add(Role.DRUMS)
    count = len(app.document.loop.tracks)
    press(app, Qt.Key.Key_C, CONTROL | SHIFT)
    service.say(service.job, Captured((Note(0, 36, 60, 90),)))
    qtbot.waitUntil(lambda: bool(app.document.loop.tracks[-1].notes))
    assert len(app.document.loop.tracks) == count
    assert app.document.loop.tracks[-1].role is Role.DRUMS
    assert app.session.parts[-1].use is PartUse.CONTEXT


def test_silence_a_failure_and_a_full_loop_are_said(app: App, service: FakeService, qtbot: QtBot) -> None:
    before = app.document.loop
    press(app, Qt.Key.Key_C, CONTROL | SHIFT)
    service.say(service.job, Captured(()))
    qtbot.waitUntil(lambda: "Nothing was played in" in app.window.statusBar().currentMessage())
    press(app, Qt.Key.Key_C, CONTROL | SHIFT)
    service.say(service.job, Failed("There is no MIDI system here.", "Start JACK."))
    qtbot.waitUntil(lambda: "Start JACK" in app.window.banner.text)
    assert app.document.loop == before
    while len(app.document.loop.tracks) < MAX_TRACKS:
        app.commands.parts.add(Role.PAD)
    app.state.bring_to_front(KEYS)
    press(app, Qt.Key.Key_C, CONTROL | SHIFT)
    service.say(service.job, Captured((Note(0, 36, 60, 90),)))
    qtbot.waitUntil(lambda: "at most 16 parts" in app.window.banner.text)


def test_a_rhythm_is_tapped_on_a_keyboard_and_on_a_pad(app: App, service: FakeService, qtbot: QtBot) -> None:
    press(app, Qt.Key.Key_P, CONTROL | SHIFT)
    service.say(service.job, Captured((Note(0, 60, 60, 90), Note(5, 64, 60, 90), Note(965, 60, 60, 90))))
    qtbot.waitUntil(lambda: app.session.parts[KEYS].rhythm == "x.......x.......")
    app.playback.stop()
    learn(app, "steer_tap")
    move(app, service, qtbot, ControlMoved(0, 20, 127))
    assert app.playback.is_playing
    assert app.session.parts[KEYS].rhythm.count("x") >= 1


def test_settings_learn_one_controller_for_one_knob() -> None:
    live = LiveSettings().with_learned(Learned("a", 0, 1)).with_learned(Learned("b", 0, 2))
    live = live.with_learned(Learned("b", 0, 1))
    assert live.learned == (Learned("b", 0, 1),)
    assert live.without_learned("b").learned == ()
    with pytest.raises(ValueError, match="no controller 128"):
        Learned("a", 0, 128)
