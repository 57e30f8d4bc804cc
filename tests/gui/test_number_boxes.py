"""What is typed beyond a limit is not cut in silence."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QToolTip, QWidget
from pytestqt.qtbot import QtBot

from gui.app import App
from gui.panels.number_boxes import DecimalBox, WholeBox
from gui.tab_order import focus_by_key, tab_stops
from tests.gui.test_window import write_takes
from tests.helpers.fake_service import FakeService

pytestmark = pytest.mark.gui


def typed(box: WholeBox | DecimalBox, text: str) -> str:
    """Type into a box as one does; return what it holds then."""
    box.selectAll()
    QTest.keyClicks(box, text)
    QTest.keyClick(box, Qt.Key.Key_Return)
    return box.text()


@pytest.mark.parametrize(("text", "held"), [("999", "16"), ("abc9999", "16"), ("0", "1"), ("12", "12"), ("7", "7")])
def test_whole_numbers(qtbot: QtBot, text: str, held: str) -> None:
    box = WholeBox()
    qtbot.addWidget(box)
    box.setRange(1, 16)
    box.setAccessibleName("Number of bars")
    box.show()
    assert typed(box, text) == held
    if text == "999":
        assert QToolTip.text() == "Number of bars: from 1 to 16, so 999 became 16."


def test_numbers_with_decimals_and_units(qtbot: QtBot) -> None:
    box = DecimalBox()
    qtbot.addWidget(box)
    box.setRange(20, 400)
    box.setSuffix(" BPM")
    box.show()
    assert typed(box, "4000") == "400.00 BPM"
    assert typed(box, "93.5") == "93.50 BPM"


def test_after_return_the_next_space_plays(app: App) -> None:
    tempo = app.window.transport.tempo
    tempo.setFocus()
    assert typed(tempo, "92") == "92.00"
    was_playing = app.playback.is_playing
    QTest.keyClick(app.window.windowHandle(), Qt.Key.Key_Space)
    assert app.playback.is_playing is not was_playing
    assert tempo.text() == "92.00"


def stops_around(app: App, widget: QWidget) -> tuple[QWidget, QWidget, QWidget]:
    """Return where Tab stops before and after a widget, and where the next panel begins."""
    panels = [found for panel in app.window.panels if panel.isVisible() and (found := tab_stops(panel))]
    stops = [stop for panel in panels for stop in panel]
    at = stops.index(widget)
    here = next(i for i, panel in enumerate(panels) if widget in panel)
    return stops[at - 1], stops[at + 1], panels[here + 1][0]


@pytest.mark.parametrize("name", ["tempo", "takes", "words"])
def test_after_return_tab_goes_on_from_there(app: App, name: str) -> None:
    app.window.activateWindow()
    controls = app.window.controls
    fields = {"tempo": app.window.transport.tempo, "takes": controls.loop_wishes.takes, "words": controls.prompt.text}
    before, after, beyond = stops_around(app, fields[name])
    for key, wanted in ((Qt.Key.Key_Tab, after), (Qt.Key.Key_Backtab, before), (Qt.Key.Key_F6, beyond)):
        focus_by_key(fields[name])
        QTest.keyClicks(fields[name], "92 bpm" if name == "words" else "2")
        QTest.keyClick(fields[name], Qt.Key.Key_Return)
        assert QApplication.focusWidget() is app.window, "letters and Space are the window's"
        QTest.keyClick(app.window, key)
        assert QApplication.focusWidget() is wanted


def test_after_return_and_a_dialog_the_next_space_plays(app: App, qtbot: QtBot) -> None:
    seed = app.window.controls.loop_wishes.seed
    seed.setFocus()
    typed(seed, "7")
    dialog = QDialog(app.window)
    dialog.show()
    qtbot.waitUntil(dialog.isActiveWindow)
    dialog.close()
    app.window.activateWindow()
    qtbot.waitUntil(app.window.isActiveWindow)
    assert QApplication.focusWidget() is app.window
    was_playing = app.playback.is_playing
    QTest.keyClick(app.window.windowHandle(), Qt.Key.Key_Space)
    assert app.playback.is_playing is not was_playing


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Enter])
def test_return_in_a_box_uses_no_take(app: App, service: FakeService, qtbot: QtBot, key: Qt.Key) -> None:
    write_takes(app, service, qtbot)
    controls = app.window.controls
    controls.advanced.button.click()
    boxes = [*controls.findChildren(WholeBox), *controls.findChildren(DecimalBox)]
    assert {controls.loop_wishes.takes, controls.loop_wishes.seed} < set(boxes)
    app.board.hear(0)
    for box in boxes:
        QTest.keyClick(box, key)
        assert app.board.heard == 0, box.accessibleName()


def test_a_tempo_beyond_the_range_is_told_in_the_window(app: App) -> None:
    assert typed(app.window.transport.tempo, "9999") == "400.00"
    assert app.document.loop.tempo_bpm == 400
    assert "from 20 to 400" in QToolTip.text()
