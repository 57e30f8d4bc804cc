"""Takes that are too like a known song: not heard, not used, unless the producer asks for them."""

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPainter, QPixmap
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from engine.messages import Finished, Originality, TakeReady
from gui.app import App
from gui.panels.originality_meter import METER_HEIGHT_PX, METER_WIDTH_PX, originality_text, paint_meter
from gui.theme import DARK
from tests.gui.test_window import a_take, press
from tests.helpers.fake_service import FakeService

pytestmark = pytest.mark.gui
OWN, COPIED = Originality(0.03, 8, 40, 6), Originality(0.8, 240, 40, 57)


def write_two(app: App, service: FakeService) -> None:
    app.session.change_wishes(replace(app.session.wishes, takes=2))
    press(app, Qt.Key.Key_G)
    request = service.requests[-1]
    for number, found in enumerate((OWN, COPIED)):
        service.say(service.job, TakeReady(replace(a_take(request, number), originality=found)))
    service.say(service.job, Finished(1.0, 0.1, 2, "CPU", "tiny"))


def test_a_copy_is_not_heard_until_it_is_asked_for(app: App, service: FakeService, qtbot: QtBot) -> None:
    write_two(app, service)
    qtbot.waitUntil(lambda: all(slot.take is not None for slot in app.board.slots))
    app.board.hear(1)
    assert app.board.heard is None
    app.board.step(1)
    app.board.step(1)
    assert app.board.heard == 0  # the only one there is
    app.change_settings(replace(app.settings, offers_likenesses=True))
    app.board.hear(1)
    assert app.board.heard == 1
    app.change_settings(replace(app.settings, offers_likenesses=False))
    assert app.board.heard is None


def test_each_take_says_how_much_is_its_own(app: App, service: FakeService, qtbot: QtBot) -> None:
    write_two(app, service)
    qtbot.waitUntil(lambda: all(slot.take is not None for slot in app.board.slots))
    own, copied = app.window.takes.thumbs
    assert "Its own. 3%" in own.toolTip()
    assert "Not offered" in copied.toolTip()
    assert "Too like a known song. 80%" in copied.accessibleDescription()
    assert not own.grab().isNull()


def test_words_of_the_meter() -> None:
    assert originality_text(None) == ""
    assert "too few phrases of its own" in originality_text(Originality(0, 0, 2, 0))


def test_the_meter_is_an_empty_frame_where_nothing_could_be_compared(qapp: QApplication) -> None:
    def painted(found: Originality) -> QColor:
        picture = QPixmap(50, 20)
        picture.fill(QColor(DARK.raised))
        painter = QPainter(picture)
        paint_meter(painter, found, x=5, y=8, theme=DARK)
        painter.end()
        return picture.toImage().pixelColor(5 + METER_WIDTH_PX // 2, 8 + METER_HEIGHT_PX // 2)

    assert painted(Originality(0, 0, 2, 0)) == QColor(DARK.raised)
    assert painted(OWN) == QColor(DARK.muted), "the mark of the limit"
    assert "share: 57" in originality_text(COPIED)
