"""A drum by itself: rewritten alone, kept, chosen by its name, by words and in the controls."""

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from engine.messages import PartUse
from gui.app import App
from gui.drum_rows import DrumRows
from gui.piano_roll.selection import BarSelection, NoteRef
from tests.helpers.fake_service import FakeService
from tests.helpers.present import present

pytestmark = pytest.mark.gui
DRUMS, KEYS, HAT = 0, 2, 42


def rows_of(app: App) -> DrumRows:
    return DrumRows(app.window, app.state, app.session, write=app.commands.write_part)


def test_only_one_row_is_asked_for_and_nothing_else(app: App, service: FakeService) -> None:
    app.session.change_part(KEYS, lambda settings: settings.__class__(use=PartUse.REPLACE))
    app.state.select_bars(BarSelection().with_range(DRUMS, 1, 2))
    rows_of(app).rewrite((HAT,))
    request = service.requests[-1]
    assert [part.use for part in request.parts] == [PartUse.REPLACE, PartUse.CONTEXT, PartUse.CONTEXT]
    assert (request.parts[DRUMS].drums, request.parts[DRUMS].bars) == ((HAT,), (1, 2))
    assert app.window.controls.drums.box.currentText() == "Closed hat"
    app.state.select_bars(BarSelection())
    assert "Write" in app.window.transport.generate.text() or "Rewrite" in app.window.transport.generate.text()
    app.window.controls.drums.box.activated.emit(0)
    assert app.session.parts[DRUMS].drums == ()


def test_a_row_that_is_kept_is_locked_and_let_go_again(app: App) -> None:
    strokes = {(note.onset, note.pitch) for note in app.document.loop.tracks[DRUMS].notes if note.pitch == HAT}
    rows_of(app).keep((HAT,))
    assert app.session.parts[DRUMS].locked == strokes
    rows_of(app).keep((HAT,))
    assert not app.session.parts[DRUMS].locked


def test_the_name_of_a_row_has_the_menu_and_the_lanes_have_not(app: App, qtbot: QtBot) -> None:
    pane = app.window.roll.drums
    asked: list[int] = []
    pane.row_menu_wanted.disconnect()
    pane.row_menu_wanted.connect(lambda pitch, place: asked.append(pitch))
    y = round(pane.axis.y_of(present(pane.rows.row_of(HAT)))) + 5
    for x in (20, 300):
        place = QPoint(x, y)
        QApplication.sendEvent(pane, QContextMenuEvent(QContextMenuEvent.Reason.Mouse, place, pane.mapToGlobal(place)))
    assert asked == [HAT]


def test_the_rows_of_selected_strokes_are_meant_by_key(app: App, service: FakeService) -> None:
    shift = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    QTest.keyClick(app.window.roll.pitched, Qt.Key.Key_G, shift)
    assert "Which drum?" in app.window.statusBar().currentMessage()
    note = next(note for note in app.document.loop.tracks[DRUMS].notes if note.pitch == HAT)
    app.state.select(frozenset({NoteRef(DRUMS, note)}))
    QTest.keyClick(app.window.roll.drums, Qt.Key.Key_G, shift)
    assert service.requests[-1].parts[DRUMS].drums == (HAT,)
    assert len(service.requests[-1].parts[DRUMS].bars) in (0, app.document.loop.bars)


def test_words_name_a_drum(app: App, service: FakeService) -> None:
    app.commands.steering.follow_words("16th hats")
    assert app.session.parts[DRUMS].drums == (42, 44, 46)
    assert app.window.transport.generate.text() == "Rewrite Hats"
    app.commands.steering.follow_words("busy drums")
    assert app.session.parts[DRUMS].drums == ()
