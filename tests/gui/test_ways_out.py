"""The card of a first run: there, without a dialog; closed, it stays away; Help shows it again."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QToolButton

from gui.app import App, Places
from gui.settings import read_settings

pytestmark = pytest.mark.gui


def test_a_new_user_sees_three_ways_out_and_no_dialog(app: App) -> None:
    assert app.window.ways_out.isVisible()
    dialogs = [widget for widget in QApplication.topLevelWidgets() if isinstance(widget, QDialog)]
    assert not any(dialog.isVisible() for dialog in dialogs)
    texts = {button.text() for button in app.window.ways_out.findChildren(QToolButton)}
    assert texts >= {"Hand-off options", "Copy file", "Save loop as MIDI"}
    assert app.window.focusWidget() is app.window.roll.pitched


def test_closed_it_stays_away_and_help_brings_it_back(app: App, places: Places) -> None:
    card = app.window.ways_out
    (close,) = (each for each in card.findChildren(QToolButton) if each.text() == "✕")
    QTest.mouseClick(close, Qt.MouseButton.LeftButton)
    assert not card.isVisible()
    assert not read_settings(places.settings)[0].shows_ways_out
    assert app.window.focusWidget() is app.window.roll.pitched
    app.commands.actions["help_ways_out"].trigger()
    assert card.isVisible()


def test_the_cards_buttons_can_be_reached_by_tab(app: App) -> None:
    buttons = app.window.ways_out.findChildren(QToolButton)
    assert all(button.focusPolicy() & Qt.FocusPolicy.TabFocus for button in buttons)
