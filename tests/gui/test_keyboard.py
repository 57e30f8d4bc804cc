"""Everything can be reached, seen and used without a mouse."""

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractSpinBox, QApplication, QComboBox, QLineEdit, QMenu, QScrollArea, QWidget
from pytestqt.qtbot import QtBot

from engine.jobs.sound import StopPlaying
from engine.messages import PartUse
from gui.actions import ACTIONS, MENUS
from gui.app import App
from gui.tab_order import focus_by_key, tab_stops
from gui.theme import ThemeName
from tests.gui.test_window import press, write_takes
from tests.helpers.fake_service import FakeService
from tests.helpers.present import present

pytestmark = pytest.mark.gui


def focused() -> QWidget:
    return present(QApplication.focusWidget())


def tabbed_from(first: QWidget, key: Qt.Key = Qt.Key.Key_Tab) -> list[QWidget]:
    """Return where Tab stops, once around from a widget."""
    first.setFocus()
    seen: list[QWidget] = []
    while (here := focused()) not in seen:
        seen.append(here)
        QTest.keyClick(here, key)
    return seen


def tabbed(app: App, key: Qt.Key = Qt.Key.Key_Tab) -> list[QWidget]:
    """Return where Tab stops in the window, once around."""
    app.window.activateWindow()
    return tabbed_from(app.window.transport.play, key)


def wants_tab(widget: QWidget) -> bool:
    takes_tab = bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus) and widget.isVisible() and widget.isEnabled()
    is_inside_a_box = isinstance(widget, QLineEdit) and isinstance(widget.parent(), QAbstractSpinBox | QComboBox)
    takes_tab = takes_tab and widget.focusProxy() is None
    return takes_tab and not is_inside_a_box and not isinstance(widget, QScrollArea) and not widget.isWindow()


def test_tab_goes_through_every_control_and_back(app: App, service: FakeService, qtbot: QtBot) -> None:
    write_takes(app, service, qtbot)
    press(app, Qt.Key.Key_2)
    app.window.controls.advanced.button.click()
    stops = tabbed(app)
    wanted = {widget for widget in app.window.findChildren(QWidget) if wants_tab(widget)}
    missed = [each.accessibleName() or each for each in wanted.symmetric_difference(stops)]
    assert missed == []
    back = tabbed(app, Qt.Key.Key_Backtab)
    assert back[1:] == list(reversed(stops))[: len(back) - 1]
    assert app.state.view.front == 2, "passing by changes nothing"


def test_passing_through_a_field_while_a_take_is_heard_does_not_use_the_take(
    app: App, service: FakeService, qtbot: QtBot
) -> None:
    write_takes(app, service, qtbot)
    press(app, Qt.Key.Key_1)
    app.window.activateWindow()
    app.window.transport.name.setFocus()
    QTest.keyClick(app.window.transport.name, Qt.Key.Key_Tab)
    assert app.board.heard == 0
    assert not app.document.undo_stack.canUndo()


def test_tab_reads_the_window_from_the_top(app: App) -> None:
    stops = tabbed(app)
    panels = app.window.panels
    order = [next(i for i, panel in enumerate(panels) if panel.isAncestorOf(stop)) for stop in stops]
    assert order == sorted(order)


def pixels(widget: QWidget) -> QImage:
    return widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)


def changed_pixels(a: QImage, b: QImage) -> int:
    if a.size() != b.size():
        return a.width() * a.height()
    points = (memoryview(image.constBits()).cast("I") for image in (a, b))
    return sum(x != y for x, y in zip(*points, strict=True))


@pytest.mark.parametrize("theme", list(ThemeName))
def test_what_has_the_keyboard_wears_a_ring_in_every_theme(
    app: App, service: FakeService, qtbot: QtBot, theme: ThemeName
) -> None:
    while app.settings.theme is not theme:
        app.next_theme()
    app.playback.stop()
    write_takes(app, service, qtbot)
    press(app, Qt.Key.Key_1)
    app.playback.stop()
    app.window.activateWindow()
    bare = []
    for stop in [stop for panel in app.window.panels for stop in tab_stops(panel)]:
        app.window.setFocus()
        before = pixels(stop)
        focus_by_key(stop)
        if changed_pixels(before, pixels(stop)) < 2 * min(stop.width(), stop.height()):
            bare.append(stop.accessibleName() or type(stop).__name__)
    assert bare == []


def test_space_presses_what_tab_came_to_and_plays_elsewhere(app: App, service: FakeService) -> None:
    mute = app.window.tracks.cards[1].mute
    focus_by_key(mute)
    QTest.keyClick(mute, Qt.Key.Key_Space)
    assert app.session.parts[1].is_muted
    assert app.playback.is_playing
    press(app, Qt.Key.Key_Escape)
    app.window.roll.focus_front()
    press(app, Qt.Key.Key_Space)
    assert service.told[-1] == StopPlaying()


def test_arrows_move_the_slider_that_tab_came_to_and_no_notes(app: App) -> None:
    before, volume = app.document.loop, app.window.tracks.cards[0].volume
    value = volume.value()
    focus_by_key(volume)
    QTest.keyClick(volume, Qt.Key.Key_Left)
    assert volume.value() < value
    bars = app.window.transport.tonic
    focus_by_key(bars)
    QTest.keyClick(bars, Qt.Key.Key_Down)
    assert [track.notes for track in app.document.loop.tracks] == [track.notes for track in before.tracks]
    assert bars.currentIndex() == 1 + present(before.key).tonic + 1


def test_arrows_choose_what_g_does_with_a_part(app: App) -> None:
    before, buttons = app.document.loop, app.window.tracks.cards[1].use_buttons
    focus_by_key(buttons[PartUse.CONTEXT])
    QTest.keyClick(buttons[PartUse.CONTEXT], Qt.Key.Key_Right)
    assert app.session.parts[1].use is PartUse.REPLACE
    QTest.keyClick(focused(), Qt.Key.Key_Right)
    assert app.session.parts[1].use is PartUse.IGNORE
    assert app.document.loop == before


def test_f6_goes_from_panel_to_panel_and_round(app: App) -> None:
    app.window.activateWindow()
    app.window.roll.focus_front()
    panels = [panel for panel in app.window.panels if panel.isVisible() and tab_stops(panel)]
    here = panels.index(app.window.roll)
    for panel in [*panels[here + 1 :], *panels[: here + 1]]:
        QTest.keyClick(focused(), Qt.Key.Key_F6)
        assert panel.isAncestorOf(focused())
    QTest.keyClick(focused(), Qt.Key.Key_F6, Qt.KeyboardModifier.ShiftModifier)
    assert panels[here - 1].isAncestorOf(focused())


def test_every_action_is_in_a_menu_that_a_key_opens(app: App) -> None:
    menus = {action.text().replace("&", ""): action for action in app.window.menuBar().actions()}
    letters = [text[text.index("&") + 1].lower() for text in (action.text() for action in menus.values())]
    assert len(set(letters)) == len(menus) == len(MENUS)
    for spec in ACTIONS:
        menu = menus[spec.menu].menu()
        assert isinstance(menu, QMenu)
        assert app.commands.actions[spec.id] in menu.actions()


def test_the_roll_wears_its_ring_only_where_a_key_brought_the_keyboard(app: App, qapp: QApplication) -> None:
    app.playback.stop()
    pane = app.window.roll.pitched
    ring = QColor(app.state.theme.focus)

    def has_ring() -> bool:
        image = pane.grab().toImage()
        return image.pixelColor(0, pane.height() // 2) == ring

    assert not has_ring(), "at the start"
    app.window.roll.focus_front()
    focus_by_key(app.window.transport.play)
    focus_by_key(pane)
    assert has_ring()
    QTest.mouseClick(pane, Qt.MouseButton.LeftButton, pos=pane.rect().center())
    assert not has_ring()


def test_no_name_of_a_key_is_cut_at_the_edge_of_the_roll(app: App) -> None:
    pane = app.window.roll.pitched
    ground = QColor(app.state.theme.panel)
    for share in (0.3, 0.5, 0.7):
        pane.axis = replace(pane.axis, top_row=pane.rows.rows[48] + share)  # a C across the edge
        pane.paint_anew()
        image = pane.grab().toImage()
        assert all(image.pixelColor(x, 0) == ground for x in range(6, 30)), share  # left of the keys
