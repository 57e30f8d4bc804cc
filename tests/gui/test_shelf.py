"""The library beside the window: the strip's takes at the start, and what is chosen is heard."""

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from engine.jobs.library import (
    FindTakes,
    KeptTake,
    LoadLoops,
    LoadTake,
    LoopsLoaded,
    MarkTake,
    TakeKept,
    TakeLoaded,
    TakeRow,
    TakesFound,
)
from engine.jobs.pipes import Event, Question
from engine.jobs.similar import FindSimilar
from engine.jobs.sound import StopPlaying
from engine.messages import GenerationRequest, PartRequest
from engine.music.general_midi import Role
from engine.music.loop import Loop, Note, Track
from gui.app import App
from gui.panels.library import COMING_MS, LibraryDialog
from gui.panels.library_map import MapDialog
from gui.panels.library_table import HEADINGS, SOUNDS, row_texts, written_text
from gui.panels.take_words import IS_LOOP
from gui.panels.takes import rewritten_bars
from gui.piano_roll.selection import BarSelection
from tests.gui.test_window import KEYS, press, write_takes
from tests.helpers.fake_service import FakeService

pytestmark = pytest.mark.gui


def a_row(library_id: int, number: int = 0, seed: int = 5) -> TakeRow:
    return TakeRow(
        library_id, 0.0, "Dusk", "", 100.0, "4/4", 2, "pad", "pad", "", 1, seed, number, "base", "", -1.0, None, 0, 0,
        1, "CPU", 1, "", "", 0, "", "", False, False, False,
    )  # fmt: skip


def kept(row: TakeRow) -> KeptTake:
    loop = Loop(bars=2, tracks=(Track(Role.PAD).with_notes([Note(0, 40 + row.id, 480, 90)]),))
    return KeptTake(row, loop, GenerationRequest(loop, (PartRequest(),)))


def answer(service: FakeService, kind: type[Question], event: Event, at: int = -1) -> None:
    """Answer one of the questions of a kind."""
    jobs = [job for job, question in enumerate(service.asked, start=1) if isinstance(question, kind)]
    service.say(jobs[at], event)


def the_library(app: App, service: FakeService, qtbot: QtBot, *rows: TakeRow) -> LibraryDialog:
    """Open the library and let it find takes."""
    press(app, Qt.Key.Key_L)
    dialog = app.commands.shelf.dialog
    assert dialog is not None
    qtbot.waitUntil(lambda: isinstance(service.asked[-1], FindTakes))
    answer(service, FindTakes, TakesFound(rows, len(rows)))
    qtbot.waitUntil(lambda: dialog.model.rows == rows)
    return dialog


def test_the_takes_of_the_last_press_are_on_the_strip_at_the_start(
    app: App, service: FakeService, qtbot: QtBot
) -> None:
    app.commands.shelf.fill_board()
    rows = (a_row(9, 0), a_row(8, 1), a_row(7, 0, seed=4))  # the newest first; the third is of an earlier press
    answer(service, FindTakes, TakesFound(rows, 30))
    qtbot.waitUntil(lambda: len(service.sent(LoadTake)) == 2)
    answer(service, LoadTake, TakeLoaded(kept(rows[1])), -1)
    answer(service, LoadTake, TakeLoaded(kept(rows[0])), -2)
    qtbot.waitUntil(lambda: [slot.library_id for slot in app.board.slots] == [9, 8])
    assert app.window.takes.earlier.text() == "All takes (30) …"
    app.window.takes.earlier.click()
    assert app.commands.shelf.dialog is not None


def test_what_g_wrote_meanwhile_stays_on_the_strip(app: App, service: FakeService, qtbot: QtBot) -> None:
    app.commands.shelf.fill_board()
    write_takes(app, service, qtbot)
    answer(service, FindTakes, TakesFound((a_row(9),), 1), 0)
    qtbot.waitUntil(lambda: isinstance(service.asked[-1], LoadTake))
    answer(service, LoadTake, TakeLoaded(kept(a_row(9))))
    qtbot.wait(20)
    assert [slot.library_id for slot in app.board.slots] == [100, 101, 102, 103]


def test_the_take_that_is_the_loop_is_marked_until_the_loop_is_changed(
    app: App, service: FakeService, qtbot: QtBot
) -> None:
    write_takes(app, service, qtbot)
    press(app, Qt.Key.Key_2)
    press(app, Qt.Key.Key_Return)
    assert MarkTake(101, is_used=True) in service.told
    assert [app.board.is_loop(slot) for slot in app.board.slots] == [False, True, False, False]
    assert "your loop" in app.window.takes.thumbs[1].accessibleDescription()
    assert not app.window.takes.thumbs[1].grab().isNull()
    press(app, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert not any(map(app.board.is_loop, app.board.slots))
    assert IS_LOOP


def test_takes_that_are_written_meanwhile_come_into_the_open_library(
    app: App, service: FakeService, qtbot: QtBot
) -> None:
    dialog = the_library(app, service, qtbot, a_row(8), a_row(7))
    dialog.table.selectRow(1)
    searches = len(service.sent(FindTakes))
    service.say(service.job, TakeKept(0, 100))
    qtbot.waitUntil(lambda: len(service.sent(FindTakes)) > searches)
    answer(service, FindTakes, TakesFound((a_row(100), a_row(8), a_row(7)), 3))
    qtbot.waitUntil(lambda: dialog.count.text() == "3 of 3 takes")
    assert dialog.chosen == a_row(7)  # as before: nothing jumps
    dialog.alike.click()
    service.say(service.job, TakeKept(1, 101))
    qtbot.wait(2 * COMING_MS)
    searches_made = [question for question in service.asked if isinstance(question, (FindTakes, FindSimilar))]
    assert isinstance(searches_made[-1], FindSimilar)  # what comes meanwhile does not take it back


def test_a_row_is_heard_when_it_is_chosen_and_left_when_it_is_chosen_again(
    app: App, service: FakeService, qtbot: QtBot
) -> None:
    press(app, Qt.Key.Key_Space)  # silence before
    mine = app.document.loop
    dialog = the_library(app, service, qtbot, a_row(2), a_row(1))
    assert app.state.loop == mine, "what is chosen by itself is not heard"
    QTest.keyClick(dialog.text, Qt.Key.Key_Down)
    QTest.keyClick(dialog.table, Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: service.asked[-1] == LoadTake(1, service.last_asked(LoadTake).job))
    answer(service, LoadTake, TakeLoaded(kept(a_row(1))))
    qtbot.waitUntil(lambda: app.state.loop == kept(a_row(1)).loop)
    assert app.playback.is_playing
    assert app.state.compared == mine
    assert [slot.library_id for slot in app.board.slots] == [1]
    QTest.keyClick(dialog.table, Qt.Key.Key_Space)
    assert app.state.loop == mine
    assert service.told[-1] == StopPlaying()
    assert not app.board.slots


def test_the_row_that_sounds_is_marked_and_hear_becomes_stop(app: App, service: FakeService, qtbot: QtBot) -> None:
    press(app, Qt.Key.Key_Space)  # silence before
    dialog = the_library(app, service, qtbot, a_row(2), a_row(1))
    assert dialog.hear_button.text() == "▶  Hear"
    dialog.hear_button.click()
    answer(service, LoadTake, TakeLoaded(kept(a_row(2))))
    qtbot.waitUntil(lambda: app.board.heard is not None)
    assert dialog.hear_button.text() == "■  Stop"
    assert [dialog.model.data(dialog.model.index(at, SOUNDS)) for at in (0, 1)] == ["▶", ""]
    app.playback.stop()
    assert dialog.hear_button.text() == "▶  Hear"
    assert dialog.model.data(dialog.model.index(0, SOUNDS)) == ""


def test_a_take_heard_from_the_strip_is_marked_in_the_library_and_goes_on_when_that_is_closed(
    app: App, service: FakeService, qtbot: QtBot
) -> None:
    write_takes(app, service, qtbot)
    press(app, Qt.Key.Key_1)
    dialog = the_library(app, service, qtbot, a_row(100))
    assert dialog.hear_button.text() == "■  Stop"
    dialog.reject()
    assert app.board.heard == 0


def test_closing_the_library_leaves_what_was_heard_on_the_strip_since(
    app: App, service: FakeService, qtbot: QtBot
) -> None:
    write_takes(app, service, qtbot)
    press(app, Qt.Key.Key_Space)  # silence before
    dialog = the_library(app, service, qtbot, a_row(2))
    dialog.hear_button.click()
    answer(service, LoadTake, TakeLoaded(kept(a_row(2))))
    qtbot.waitUntil(lambda: app.board.heard is not None)
    app.board.hear(1)
    dialog.reject()
    assert app.board.heard == 1
    assert app.playback.is_playing
    assert [slot.library_id for slot in app.board.slots] == [100, 101, 102, 103]


def test_closing_the_map_leaves_what_was_heard_on_the_strip(app: App, service: FakeService, qtbot: QtBot) -> None:
    write_takes(app, service, qtbot)
    press(app, Qt.Key.Key_1)
    dialog = the_library(app, service, qtbot, a_row(100))
    dialog.map.click()
    dialog.findChildren(MapDialog)[0].reject()
    assert app.board.heard == 0
    assert dialog.hear_button.text() == "■  Stop"
    dialog.hear_button.click()
    assert app.board.heard is None, "Stop stops it all the same"


def test_closing_the_map_ends_what_was_heard_from_it(app: App, service: FakeService, qtbot: QtBot) -> None:
    press(app, Qt.Key.Key_Space)  # silence before
    dialog = the_library(app, service, qtbot, a_row(2))
    dialog.map.click()
    map_dialog = dialog.findChildren(MapDialog)[0]
    map_dialog.view.point_chosen.emit(2)
    answer(service, LoadTake, TakeLoaded(kept(a_row(2))))
    qtbot.waitUntil(lambda: app.board.heard is not None)
    map_dialog.reject()
    assert app.board.heard is None
    assert not app.playback.is_playing
    assert dialog.hear_button.text() == "▶  Hear"


def test_the_number_beside_the_takes_is_that_of_the_rows_in_the_library(
    app: App, service: FakeService, qtbot: QtBot
) -> None:
    write_takes(app, service, qtbot)
    app.commands.shelf.fill_board()
    answer(service, FindTakes, TakesFound((a_row(103), a_row(9)), 6))
    earlier = app.window.takes.earlier
    qtbot.waitUntil(lambda: "(6)" in earlier.text())
    press(app, Qt.Key.Key_1)
    press(app, Qt.Key.Key_X)  # thrown away: the library does not list it
    assert "(5)" in earlier.text()
    the_library(app, service, qtbot, *map(a_row, (103, 102, 101, 9, 8, 7, 6)))  # two came from elsewhere
    assert "(7)" in earlier.text()


def test_what_was_written_is_told_with_its_bars() -> None:
    bass = replace(a_row(1), roles="drums bass", written="bass")
    assert written_text(bass) == "bass"
    assert written_text(replace(bass, written_bars="*")) == "bass"
    assert written_text(replace(bass, written_bars="3")) == "bass, bar 3"
    both = replace(bass, written="drums bass")
    assert written_text(replace(both, written_bars="1,2 1,2")) == "drums, bass, bars 1–2"
    assert written_text(replace(both, written_bars="* 2")) == "drums, bass, selected bars"


def test_what_is_brought_back_while_it_is_heard_is_one_step(app: App, service: FakeService, qtbot: QtBot) -> None:
    dialog = the_library(app, service, qtbot, a_row(2))
    dialog.hear_button.click()
    answer(service, LoadTake, TakeLoaded(kept(a_row(2))))
    qtbot.waitUntil(lambda: app.board.heard is not None)
    dialog.use.click()
    answer(service, LoadTake, TakeLoaded(kept(a_row(2))))
    qtbot.waitUntil(lambda: app.document.loop == kept(a_row(2)).loop)
    assert app.document.undo_stack.undoText() == "Bring back take"
    assert app.board.heard is None
    assert app.playback.is_playing


def test_pictures_are_asked_for_what_is_seen_and_used_takes_are_marked(
    app: App, service: FakeService, qtbot: QtBot
) -> None:
    used = replace(a_row(2), is_used=True)
    dialog = the_library(app, service, qtbot, used)
    qtbot.waitUntil(lambda: isinstance(service.asked[-1], LoadLoops))
    assert service.last_asked(LoadLoops).library_ids == (2,)
    answer(service, LoadLoops, LoopsLoaded(((2, kept(used).loop),)))
    qtbot.waitUntil(lambda: dialog.model.picture(2) is not None)
    assert row_texts(used)[HEADINGS.index("Used")] == "✓"
    assert not dialog.filters.mode.isVisible(), "any key has any scale"


def test_rewritten_bars_are_told_and_a_take_says_in_words_how_it_is(
    app: App, service: FakeService, qtbot: QtBot
) -> None:
    app.state.select_bars(BarSelection().with_range(KEYS, 1, 2))
    write_takes(app, service, qtbot, 1)
    (slot,) = app.board.slots
    assert rewritten_bars(slot.request, KEYS) == (1, 2)
    assert rewritten_bars(slot.request, 0) == ()
    assert "0 of 1 wishes on the right were met." in app.window.takes.thumbs[0].toolTip()
    assert not app.window.takes.thumbs[0].grab().isNull()
