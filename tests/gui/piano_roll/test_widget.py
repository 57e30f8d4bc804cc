"""What a pane shows: only that what is kept of its picture never shows what is past."""

from collections.abc import Callable

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QWheelEvent
from pytestqt.qtbot import QtBot

from engine.music.general_midi import Role
from engine.music.loop import Loop, Note, Track
from gui.piano_roll.selection import BarSelection, NoteRef
from gui.piano_roll.state import RollState
from gui.piano_roll.widget import RollPane
from gui.theme import LIGHT

NOTE = Note(960, 64, 480)
LOOP = Loop(bars=2, tracks=(Track(Role.KEYS).with_notes([Note(0, 60, 480), NOTE]),))
SELECTED = frozenset({NoteRef(0, NOTE)})


@pytest.fixture
def pane(qtbot: QtBot) -> RollPane:
    pane = RollPane(RollState(LOOP), is_drums=False)
    qtbot.addWidget(pane)
    pane.resize(600, 400)
    pane.show()
    pane.show_notes()
    return pane


def shown(pane: RollPane) -> QImage:
    return pane.grab().toImage()


def test_a_selection_is_painted_over_and_goes_without_a_trace(pane: RollPane) -> None:
    before = shown(pane)
    pane.state.select(SELECTED)
    assert shown(pane) != before
    pane.state.select(frozenset())
    assert shown(pane) == before


def test_the_playhead_leaves_no_trace(pane: RollPane) -> None:
    before = shown(pane)
    for tick in (0.0, 480.0, 1900.0):
        pane.state.move_playhead(tick)
        assert shown(pane) != before
    pane.state.move_playhead(-1.0)
    assert shown(pane) == before


@pytest.mark.parametrize(
    "change",
    [
        lambda state: state.select_bars(BarSelection(frozenset({(0, 1)}))),
        lambda state: state.set_loop(LOOP.with_track(0, LOOP.tracks[0].with_notes([NOTE]))),
        lambda state: state.set_compared(LOOP.with_track(0, Track(Role.KEYS).with_notes([Note(0, 67, 240)]))),
        lambda state: state.set_locked((frozenset({(NOTE.onset, NOTE.pitch)}),)),
        lambda state: state.set_theme(LIGHT),
        lambda state: state.set_view(time=state.view.time.panned(-100)),
    ],
    ids=["bars", "edit", "compared", "locked", "theme", "pan"],
)
def test_a_kept_picture_shows_what_is_now(pane: RollPane, change: Callable[[RollState], None]) -> None:
    before = shown(pane)
    change(pane.state)
    after = shown(pane)
    pane.paint_anew()
    assert after != before
    assert after == shown(pane)


def drum_loop(*pitches: int) -> Loop:
    return Loop(bars=2, tracks=(Track(Role.DRUMS).with_notes([Note(0, pitch, 60) for pitch in pitches]),))


@pytest.fixture
def lanes(qtbot: QtBot) -> RollPane:
    pane = RollPane(RollState(drum_loop(36, 38)), is_drums=True)
    qtbot.addWidget(pane)
    pane.resize(600, 200)
    pane.show()
    return pane


def turn_wheel(pane: RollPane, notches: int, keys: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    at = QPointF(300, 60)
    nothing, turned, buttons = QPoint(), QPoint(0, 120 * notches), Qt.MouseButton.NoButton
    phase = Qt.ScrollPhase.NoScrollPhase
    pane.wheelEvent(QWheelEvent(at, at, nothing, turned, buttons, keys, phase, False))


def test_lanes_stay_where_they_were_zoomed_to(lanes: RollPane) -> None:
    turn_wheel(lanes, 4, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    zoomed = lanes.axis
    lanes.resize(600, 180)
    assert lanes.axis == zoomed
    middle = lanes.rows.pitch_of(lanes.axis.row_of(90))
    lanes.state.set_loop(drum_loop(36, 38, 81, 82))  # another kit
    assert lanes.axis.row_px == zoomed.row_px
    assert lanes.rows.pitch_of(lanes.axis.row_of(90)) == middle
    lanes.show_notes()
    assert lanes.axis.row_px < zoomed.row_px


def test_lanes_that_nobody_zoomed_are_all_seen(lanes: RollPane) -> None:
    turn_wheel(lanes, -1)
    turn_wheel(lanes, 1)
    lanes.state.set_loop(drum_loop(36, 38, 75, 76, 77, 81, 82))
    for height in (220, 190):
        lanes.resize(600, height)
        assert lanes.axis.y_of(0) == 0
        assert lanes.axis.y_of(len(lanes.rows.pitches)) == pytest.approx(height)
