"""The open library: what is typed, marked and looked at holds while takes come."""

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from engine.jobs.library import FindTakes, TakeKept, TakesFound
from gui.app import App
from tests.gui.test_shelf import a_row, answer, the_library
from tests.helpers.fake_service import FakeService

pytestmark = pytest.mark.gui


def take_comes(service: FakeService, qtbot: QtBot) -> None:
    """Let the library get a take and the window ask for it."""
    before = len(service.asked)
    service.say(service.job, TakeKept(0, 100))
    qtbot.waitUntil(lambda: any(isinstance(question, FindTakes) for question in service.asked[before:]))


@pytest.mark.parametrize("name", ["tags", "note"])
def test_words_that_are_being_typed_stay_whatever_comes(
    app: App, service: FakeService, qtbot: QtBot, name: str
) -> None:
    dialog = the_library(app, service, qtbot, replace(a_row(7), tags="old", note="old"))
    field = dialog.tags if name == "tags" else dialog.note
    field.setFocus()
    field.selectAll()
    QTest.keyClicks(field, "dark")
    app.playback.toggle()
    take_comes(service, qtbot)
    answer(service, FindTakes, TakesFound((a_row(8), *dialog.model.rows), 2))
    qtbot.waitUntil(lambda: len(dialog.model.rows) > 1)
    assert field.text() == "dark"
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert getattr(service.told[-1], name) == "dark"


def test_words_of_another_row_are_shown_though_others_were_typed(app: App, service: FakeService, qtbot: QtBot) -> None:
    dialog = the_library(app, service, qtbot, replace(a_row(8), tags="soft"), a_row(7))
    dialog.table.selectRow(1)
    dialog.tags.setFocus()
    QTest.keyClicks(dialog.tags, "dark")
    dialog.table.selectRow(0)
    assert dialog.tags.text() == "soft"
