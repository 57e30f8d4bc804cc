"""Every dialog: each control has a name for screen readers, Tab comes to it, and it wears a ring."""

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QAbstractButton, QApplication, QDialog, QFileDialog, QWidget
from pytestqt.qtbot import QtBot

from engine.jobs.inspection import TakeInspected
from gui.actions import ACTIONS
from gui.app import App
from gui.panels.inspector import InspectorDialog
from gui.panels.library_map import MapDialog
from gui.theme import ThemeName
from tests.gui.test_accessible import CONTROLS, is_qts_own, named, walk
from tests.gui.test_keyboard import changed_pixels, pixels, tabbed_from, wants_tab
from tests.gui.test_window import press, write_takes
from tests.helpers.fake_service import FakeService
from tests.helpers.present import or_none

pytestmark = pytest.mark.gui

# Of the actions with an ellipsis: those that ask for a file, and those that show what the engine answers.
_FILES = {spec.id for spec in ACTIONS if spec.menu == "File"} - {"file_settings", "file_render"}
_ELSEWHERE = {*_FILES, "take_inspect", "model_install", "model_export", "model_card"}
OTHERS: dict[str, Callable[[App], QDialog]] = {
    "the map": lambda app: MapDialog(app.bridge, app.state.theme, app.window),
    "the inspector": lambda app: InspectorDialog("A take", TakeInspected(("a row",), ("another",)), app.window),
}
OPENING = [spec.id for spec in ACTIONS if spec.text.endswith("…") and spec.id not in _ELSEWHERE] + ["help_keys"]


@pytest.fixture
def opened(app: App, service: FakeService, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], QDialog]:
    """Return what opens the dialog of an action, with a take heard and notes in front."""
    for name in ("getOpenFileName", "getOpenFileNames", "getSaveFileName"):
        monkeypatch.setattr(QFileDialog, name, lambda *_, **__: ("", ""))
    with qtbot.waitActive(app.window):
        app.window.activateWindow()
    write_takes(app, service, qtbot)
    press(app, Qt.Key.Key_1)
    app.state.bring_to_front(1)  # the bass: its notes have several pitches
    app.playback.stop()

    def open_(id: str) -> QDialog:
        before = set(app.window.findChildren(QDialog))
        if id in OTHERS:
            OTHERS[id](app).show()
        else:
            app.commands.actions[id].trigger()
        (dialog,) = [each for each in app.window.findChildren(QDialog) if each not in before and each.isVisible()]
        dialog.activateWindow()
        qtbot.waitUntil(lambda: QApplication.activeWindow() is dialog)
        return dialog

    return open_


@pytest.mark.parametrize("id", [*OPENING, *OTHERS])
def test_every_control_of_a_dialog_has_a_name_a_place_on_tabs_way_and_a_ring(
    app: App, opened: Callable[[str], QDialog], id: str
) -> None:
    dialog = opened(id)
    assert dialog.windowTitle()
    unnamed = [
        (each.role().name, each.object())
        for each in walk(QAccessible.queryAccessibleInterface(dialog))
        if each.role() in CONTROLS and not named(each) and not is_qts_own(each)
    ]
    assert unnamed == []
    stops = [widget for widget in dialog.findChildren(QWidget) if wants_tab(widget) and not is_in_a_group(widget)]
    assert [name_of(each) for each in stops if each not in tabbed_from(stops[0])] == []
    for _ in ThemeName:
        assert (app.settings.theme, [name_of(each) for each in stops if not has_ring(each)]) == (app.settings.theme, [])
        app.next_theme()
    dialog.close()


def is_in_a_group(widget: QWidget) -> bool:
    """Tell whether arrows come to it, from the button of its group that Tab stops at."""
    return isinstance(widget, QAbstractButton) and or_none(widget.group()) is not None


def name_of(widget: QWidget) -> str:
    return f"{widget.accessibleName()} {type(widget).__name__}"


def has_ring(widget: QWidget) -> bool:
    widget.clearFocus()
    before = pixels(widget)
    widget.setFocus()
    return changed_pixels(before, pixels(widget)) >= 2 * min(widget.width(), widget.height())
