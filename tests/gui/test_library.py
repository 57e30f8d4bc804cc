"""The open library: what is typed, marked and looked at holds while takes come."""

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from engine.jobs.library import FindTakes, TakeKept, TakesFound
from engine.jobs.similar import FindSimilar
from engine.messages import Failed
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


def test_what_is_looked_at_stays_in_place_while_takes_come(app: App, service: FakeService, qtbot: QtBot) -> None:
    rows = tuple(map(a_row, range(80, 0, -1)))
    dialog = the_library(app, service, qtbot, *rows)
    dialog.table.scrollTo(dialog.model.index(46, 0), dialog.table.ScrollHint.PositionAtTop)
    take_comes(service, qtbot)
    dialog.table.setCurrentIndex(dialog.model.index(47, 0))  # chosen before the answer is there
    answer(service, FindTakes, TakesFound((a_row(100), *rows), 81))
    qtbot.waitUntil(lambda: len(dialog.model.rows) == 81)
    assert dialog.model.rows[dialog.table.rowAt(0)] == rows[46]
    assert dialog.chosen == rows[47]
    dialog.table.scrollToTop()
    take_comes(service, qtbot)
    answer(service, FindTakes, TakesFound((a_row(101), a_row(100), *rows), 82))
    qtbot.waitUntil(lambda: len(dialog.model.rows) == 82)
    assert dialog.table.rowAt(0) == 0, "who looks at the newest goes on doing so"


def test_a_mark_is_not_taken_back_by_an_older_answer(app: App, service: FakeService, qtbot: QtBot) -> None:
    dialog = the_library(app, service, qtbot, a_row(7))
    take_comes(service, qtbot)
    asked = service.job
    dialog.stars.rating_chosen.emit(3)
    service.say(asked, TakesFound((a_row(100), a_row(7)), 2))
    qtbot.wait(20)
    assert dialog.model.rows == (replace(a_row(7), rating=3),)
    assert isinstance(service.asked[-1], FindTakes), "asked again, now that the library knows of the mark"
    answer(service, FindTakes, TakesFound((a_row(100), replace(a_row(7), rating=3)), 2))
    qtbot.waitUntil(lambda: len(dialog.model.rows) == 2)
    assert dialog.chosen == replace(a_row(7), rating=3)


def test_takes_come_again_after_a_likeness_that_could_not_be_told(app: App, service: FakeService, qtbot: QtBot) -> None:
    dialog = the_library(app, service, qtbot, a_row(7))
    dialog.alike.click()
    answer(service, FindSimilar, Failed("Takes cannot be compared.", "Try again."))
    qtbot.waitUntil(lambda: dialog.count.text() == "Takes cannot be compared.")
    take_comes(service, qtbot)
    answer(service, FindTakes, TakesFound((a_row(100), a_row(7)), 2))
    qtbot.waitUntil(lambda: dialog.count.text() == "2 of 2 takes")
