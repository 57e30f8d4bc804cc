"""A part's bars at a glance: what fades with a part that is not heard."""

import pytest
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from engine.music.general_midi import Role
from engine.music.loop import Loop, Note, Track
from gui.panels.bar_strip import BarStrip
from gui.piano_roll.selection import BarSelection
from gui.piano_roll.state import RollState

pytestmark = pytest.mark.gui


def painted(qtbot: QtBot, *notes: Note, is_heard: bool) -> QImage:
    """Return a strip whose first bar has the keyboard and whose second is chosen."""
    state = RollState(Loop(bars=2, tracks=(Track(Role.KEYS).with_notes(notes),)))
    state.select_bars(BarSelection().with_range(0, 1, 1))
    strip = BarStrip(state, 0)
    qtbot.addWidget(strip)
    strip.show()
    strip.activateWindow()
    strip.setFocus()
    qtbot.waitUntil(strip.hasFocus)
    strip.show_heard(is_heard=is_heard)
    return strip.grab().toImage()


def test_the_notes_of_a_part_that_is_not_heard_fade_but_neither_ring_nor_chosen_bars(qtbot: QtBot) -> None:
    assert painted(qtbot, is_heard=False) == painted(qtbot, is_heard=True)
    note = Note(0, 60, 480)
    assert painted(qtbot, note, is_heard=False) != painted(qtbot, note, is_heard=True)
