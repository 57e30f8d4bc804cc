"""What a pane shows: only that what is kept of its picture never shows what is past."""

from collections.abc import Callable

import pytest
from PySide6.QtGui import QImage
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
