"""Whatever is shown, the panel of wishes keeps its width and the drum lanes their kick."""

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QScrollArea
from pytestqt.qtbot import QtBot

from engine.messages import ControlReport
from engine.music.loop import Note
from engine.representation.controls import TRACK_CONTROLS
from gui.app import App
from gui.panels.elided_label import ElidedLabel
from gui.session import SEEDS, LoopWishes
from tests.gui.test_window import write_takes
from tests.helpers.fake_service import FakeService
from tests.helpers.present import present

KICK = 36
REPORTS = (
    ControlReport(-1, "key", 1.0, 1.0, True, 0),
    ControlReport(-1, "chords", 1.0, 0.0, False, 0),
    *(ControlReport(part, "density", 64.0, 63.25, False, 3) for part in range(3)),
)


def too_wide(app: App) -> int:
    """Return how many pixels the panel's content needs more than there are beside a scroll bar."""
    scroll = present(app.window.controls.findChild(QScrollArea))
    room = app.window.controls.width() - scroll.verticalScrollBar().sizeHint().width()
    return present(scroll.widget()).minimumSizeHint().width() - room


@pytest.mark.parametrize("part", range(3))
def test_nothing_of_the_panel_is_cut_off(app: App, part: int) -> None:
    app.state.bring_to_front(part)
    assert too_wide(app) <= 0
    app.session.change_wishes(LoopWishes(seed=SEEDS - 1))
    assert too_wide(app) <= 0
    app.window.controls.loop_wishes.show_reports(REPORTS, follows_chords=True)
    for name, row in app.window.controls.rows.items():
        row.show_value(34.0 if name == "density" else TRACK_CONTROLS[name].high)
        row.show_report(ControlReport(part, name, 64.0, 63.25, False, 3))
    app.window.controls.prompt.text.setText("busier drums")
    assert too_wide(app) <= 0


@pytest.mark.parametrize("extra", [0, 2, 6, 20])
def test_the_kick_is_seen_however_many_drums_there_are(app: App, extra: int) -> None:
    loop = app.document.loop
    drums = next(part for part, track in enumerate(loop.tracks) if track.is_drums)
    strokes = tuple(Note(0, 60 + number, 60) for number in range(extra))
    notes = (*loop.tracks[drums].notes, *strokes)
    app.document.edit("Add drums", loop.with_track(drums, loop.tracks[drums].with_notes(notes)))
    app.window.resize(1366, 740)
    QCoreApplication.processEvents()
    pane = app.window.roll.drums
    lowest = len(pane.rows.pitches) - 1
    assert pane.rows.pitches[lowest] == KICK
    assert pane.axis.y_of(lowest + 1) <= pane.height() + 1
    assert extra > 2 or pane.axis.top_row < 0.01, "all lanes are seen"


def test_use_take_stays_where_it_is_when_earlier_takes_appear(app: App, service: FakeService, qtbot: QtBot) -> None:
    write_takes(app, service, qtbot)
    app.board.hear(0)
    QCoreApplication.processEvents()
    accept = app.window.takes.accept
    before = accept.mapTo(app.window, accept.rect().topLeft())
    app.window.takes.show_total(4)
    QCoreApplication.processEvents()
    assert app.window.takes.earlier.isVisible()
    assert accept.mapTo(app.window, accept.rect().topLeft()) == before


def test_a_line_that_does_not_fit_ends_in_an_ellipsis_and_is_whole_in_the_tooltip(qtbot: QtBot) -> None:
    label = ElidedLabel()
    qtbot.addWidget(label)
    label.resize(120, 20)
    sentence = "one hears where it begins again"
    label.setText(sentence, "A seam.")
    assert label.text().endswith("…")
    assert (label.toolTip(), label.accessibleName()) == (f"{sentence}\nA seam.", sentence)
    label.resize(600, 20)
    label.show()
    assert (label.text(), label.toolTip()) == (sentence, "A seam.")
    assert label.minimumSizeHint().width() == 0


def test_the_ways_out_take_one_line_on_a_low_screen_and_have_a_handle(app: App, qtbot: QtBot) -> None:
    card = app.window.ways_out
    card.show_briefly(is_brief=False)
    QCoreApplication.processEvents()
    tall = card.sizeHint().height()
    card.show_briefly(is_brief=True)
    assert card.sizeHint().height() < tall / 1.5
    with qtbot.waitSignal(card.handle.drag_started):
        QTest.mousePress(card.handle, Qt.MouseButton.LeftButton, pos=QPoint(5, 5))
        drag_to = QPointF(90, 12)
        buttons = Qt.MouseButton.LeftButton
        move = QMouseEvent(QEvent.Type.MouseMove, drag_to, drag_to, buttons, buttons, Qt.KeyboardModifier.NoModifier)
        card.handle.drag_started.disconnect(app.exports.drag_loop)  # no other program takes it here
        QCoreApplication.sendEvent(card.handle, move)
