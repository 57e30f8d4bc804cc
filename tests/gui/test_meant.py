"""What G rewrites and what a drag carries are one and the same choice, and it is seen."""

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from engine.messages import PartUse
from gui.app import App
from gui.piano_roll.selection import NOTHING, BarSelection, NoteRef
from gui.piano_roll.transform import Snap
from gui.settings import MouseHabits

pytestmark = pytest.mark.gui
BASS, KEYS = 1, 2
EMPTY_TICK, EMPTY_ROW = 2000, 3


def button(app: App) -> str:
    return app.window.transport.generate.text()


def badge(app: App) -> str:
    return app.exports.outgoing_text


def an_empty_place(app: App) -> QPoint:
    pane = app.window.roll.pitched
    return QPoint(pane.point(EMPTY_TICK, 0).x(), 6)


def test_a_note_just_drawn_or_clicked_narrows_neither_the_rewrite_nor_the_drag(app: App) -> None:
    app.state.bring_to_front(BASS)
    before = (button(app), badge(app))
    assert before == ("Rewrite Bass", "Drag to DAW")
    pane = app.window.roll.pitched
    QTest.mouseDClick(pane, Qt.MouseButton.LeftButton, pos=an_empty_place(app))
    QTest.mouseRelease(pane, Qt.MouseButton.LeftButton, pos=an_empty_place(app))
    assert len(app.state.selection) == 1
    assert (button(app), badge(app)) == before
    note = app.document.loop.tracks[BASS].notes[5]
    app.state.select(frozenset({NoteRef(BASS, note)}))
    assert (button(app), badge(app)) == before
    assert not app.state.meant_bars


def test_several_notes_narrow_both_and_their_bars_are_marked(app: App) -> None:
    app.state.bring_to_front(BASS)
    bar = app.document.loop.meter.ticks_per_bar
    strip, pane = app.window.tracks.cards[BASS].strip, app.window.roll.pitched
    plain = strip.grab().toImage()
    notes = [note for note in app.document.loop.tracks[BASS].notes if 2 * bar <= note.onset < 3 * bar]
    app.state.select(frozenset(NoteRef(BASS, note) for note in notes))
    assert (button(app), badge(app)) == ("Rewrite Bass, bar 3", f"Drag {len(notes)} notes")
    assert app.state.meant_bars == BarSelection().with_range(BASS, 2, 2)
    assert strip.grab().toImage() != plain
    middle, top = pane.point(2.5 * bar, 0).x(), 2
    tinted = pane.grab().toImage().pixelColor(middle, top)
    app.state.select(NOTHING)
    assert strip.grab().toImage() == plain
    assert pane.grab().toImage().pixelColor(middle, top) != tinted


def test_the_cards_show_which_parts_g_writes(app: App) -> None:
    def marked() -> list[bool]:
        return [not card.written.isHidden() for card in app.window.tracks.cards]

    app.state.bring_to_front(KEYS)
    assert marked() == [False, False, True]
    assert app.window.tracks.cards[KEYS].written.toolTip() == "G: Rewrite Keys"
    app.state.select_bars(BarSelection().with_range(BASS, 1, 1))
    assert marked() == [False, True, False]
    app.state.select_bars(BarSelection())
    app.window.tracks.cards[0].use_buttons[PartUse.REPLACE].click()
    assert marked() == [True, False, False]
    app.window.tracks.rebuild()
    assert marked() == [True, False, False]


@pytest.mark.parametrize(
    ("habits", "held", "words"),
    [
        (MouseHabits.LIVE, Qt.KeyboardModifier.NoModifier, "Double-click draws a note; with B a click does."),
        (MouseHabits.FL, Qt.KeyboardModifier.ControlModifier, "A click draws a note."),
    ],
)
def test_a_box_along_a_line_is_seen_and_one_around_nothing_says_how_to_draw(
    app: App, qtbot: QtBot, habits: MouseHabits, held: Qt.KeyboardModifier, words: str
) -> None:
    app.playback.stop()
    app.state.set_view(mouse=habits, snap=Snap.SIXTEENTH)
    pane, start = app.window.roll.pitched, an_empty_place(app)
    before = pane.grab().toImage()
    QTest.mousePress(pane, Qt.MouseButton.LeftButton, held, start)
    end = start + QPoint(40, 0)
    QTest.mouseMove(pane, end)
    qtbot.waitUntil(lambda: pane.box is not None)
    during = pane.grab().toImage()
    rows = {
        y for y in range(pane.height()) if during.pixelColor(start.x() + 20, y) != before.pixelColor(start.x() + 20, y)
    }
    assert len(rows) >= 4
    QTest.mouseRelease(pane, Qt.MouseButton.LeftButton, held, end)
    assert app.window.statusBar().currentMessage() == f"There is no note in this box. {words}"
    assert not app.state.selection
    QTest.mouseClick(pane, Qt.MouseButton.RightButton, pos=start)
    assert "no note" in app.window.statusBar().currentMessage(), "nothing else was said"
