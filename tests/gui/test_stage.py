"""Loops on stage: the next one, one that evolves, and scenes."""

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from engine.jobs.library import FindTakes, KeptTake, LoadTake, TakeKept, TakeLoaded, TakeRow, TakesFound
from engine.jobs.sound import Play, Position, Start
from engine.messages import (
    Failed,
    Finished,
    GenerationRequest,
    Originality,
    PartRequest,
    PartUse,
    Take,
    TakeReady,
    TakeScores,
)
from engine.music.general_midi import Role
from engine.music.loop import Loop, Note, Track
from gui.app import App
from gui.live_settings import LiveSettings
from gui.takes import MOST_ADDED
from tests.helpers.fake_service import FakeService

pytestmark = pytest.mark.gui
KEYS = 2
SHIFT = Qt.KeyboardModifier.ShiftModifier
FLAGGED = Originality(similarity=0.6, shared=90, phrases=12, longest_run=20)


def press(app: App, key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    QTest.keyClick(app.window.roll.pitched, key, modifiers)


def answer(service: FakeService, *, pitch: int = 72, row: int = 7, originality: Originality | None = None) -> Take:
    """Let the engine answer the last request with one take."""
    request = service.requests[-1]
    track = request.canvas.tracks[KEYS].with_notes([Note(0, pitch, 960, 90)])
    loop = request.canvas.with_track(KEYS, track)
    take = Take(0, loop, request.seed, 0, (), TakeScores(-1.0), originality=originality)
    finished = Finished(0.2, 0.1, 1, "CPU", "base")
    service.say(service.job, TakeKept(0, row), TakeReady(take), finished)
    return take


def hear(app: App, service: FakeService, qtbot: QtBot, *, passes: int) -> None:
    """Let the loop that is to come in come round so often."""
    play = service.sent(Play)[-1]
    with qtbot.waitSignal(app.bridge.position_changed):
        service.say(0, Position(5.0, play.token, passes))


def test_the_next_loop_comes_in_when_this_one_is_over(app: App, service: FakeService, qtbot: QtBot) -> None:
    before = app.document.loop
    press(app, Qt.Key.Key_G, SHIFT)
    request = service.requests[-1]
    assert request.takes == 1
    assert [part.use for part in request.parts] == [PartUse.CONTEXT, PartUse.CONTEXT, PartUse.REPLACE]
    with qtbot.waitSignal(app.board.heard_changed):
        take = answer(service)
    play = service.last_told(Play)
    assert (play.loop, play.start) == (take.loop, Start.NEXT_LOOP)
    assert app.board.slots[0].library_id == 7
    assert app.document.loop == before
    press(app, Qt.Key.Key_Return)
    assert app.document.loop == take.loop


def test_the_next_loop_goes_on_from_the_one_that_is_heard(app: App, service: FakeService, qtbot: QtBot) -> None:
    for pitch in (72, 74):
        press(app, Qt.Key.Key_G, SHIFT)
        with qtbot.waitSignal(app.board.heard_changed):
            take = answer(service, pitch=pitch)
    assert service.requests[-1].canvas != app.document.loop
    assert app.state.loop == take.loop
    assert len(app.board.slots) == 2


def test_a_loop_that_was_changed_meanwhile_is_not_replaced(app: App, service: FakeService, qtbot: QtBot) -> None:
    press(app, Qt.Key.Key_G, SHIFT)
    app.commands.edit("Change tempo", replace(app.document.loop, tempo_bpm=90.0))
    with qtbot.waitSignal(app.board.slots_changed):
        answer(service)
    assert app.board.heard is None
    assert app.state.loop == app.document.loop


def test_what_is_too_like_a_song_is_asked_for_again_a_few_times(app: App, service: FakeService, qtbot: QtBot) -> None:
    press(app, Qt.Key.Key_G, SHIFT)
    for _ in range(3):
        with qtbot.waitSignal(app.bridge.finished):
            answer(service, originality=FLAGGED)
    assert len({request.seed for request in service.requests}) == len(service.requests) == 3
    assert not app.board.slots
    press(app, Qt.Key.Key_G, SHIFT)
    assert len(service.requests) == 4


def test_a_failure_lets_the_loop_go_on(app: App, service: FakeService, qtbot: QtBot) -> None:
    press(app, Qt.Key.Key_G, SHIFT)
    service.say(service.job, Failed("The model is busy.", "Wait a little."))
    qtbot.waitUntil(lambda: "goes on" in app.window.banner.text)
    assert app.playback.is_playing
    press(app, Qt.Key.Key_G, SHIFT)
    assert len(service.requests) == 2


def test_a_job_without_a_take_is_over_all_the_same(app: App, service: FakeService, qtbot: QtBot) -> None:
    press(app, Qt.Key.Key_G, SHIFT)
    with qtbot.waitSignal(app.bridge.finished):
        service.say(service.job, Finished(0.2, 0.1, 0, "CPU", "base", was_cancelled=True))
    press(app, Qt.Key.Key_G, SHIFT)
    assert len(service.requests) == 2


def test_evolve_changes_a_share_on_every_so_many_th_pass(app: App, service: FakeService, qtbot: QtBot) -> None:
    app.commands.live.change(LiveSettings(evolve_passes=2, evolve_percent=30))
    stays = app.document.loop.tracks[KEYS].notes[0]
    app.session.change_part(KEYS, lambda part: replace(part, locked=frozenset({(stays.onset, stays.pitch)})))
    press(app, Qt.Key.Key_E)
    hear(app, service, qtbot, passes=0)
    assert not service.requests
    hear(app, service, qtbot, passes=1)
    request = service.requests[-1]
    assert (request.remix_percent, request.takes) == (30.0, 1)
    assert [part.use for part in request.parts] == [PartUse.CONTEXT, PartUse.CONTEXT, PartUse.REPLACE]
    assert request.parts[KEYS].locked == (0,)
    with qtbot.waitSignal(app.board.heard_changed):
        answer(service)
    hear(app, service, qtbot, passes=2)
    assert len(service.requests) == 1
    hear(app, service, qtbot, passes=3)
    assert len(service.requests) == 2
    press(app, Qt.Key.Key_E)
    with qtbot.waitSignal(app.board.heard_changed):
        answer(service, pitch=74)
    hear(app, service, qtbot, passes=4)
    hear(app, service, qtbot, passes=5)
    assert len(service.requests) == 2


def test_the_board_keeps_favourites_and_the_newest(app: App, service: FakeService, qtbot: QtBot) -> None:
    for number in range(MOST_ADDED + 3):
        press(app, Qt.Key.Key_G, SHIFT)
        with qtbot.waitSignal(app.board.heard_changed):
            answer(service, pitch=40 + number, row=number + 1)
        if number == 0:
            press(app, Qt.Key.Key_F)
    rows = [slot.library_id for slot in app.board.slots]
    assert rows[0] == 1
    assert rows[-1] == MOST_ADDED + 3
    assert len(rows) == MOST_ADDED + 2


def test_scenes_are_favourites_in_the_order_in_which_they_were_written(
    app: App, service: FakeService, qtbot: QtBot
) -> None:
    for pitch, row in ((72, 30), (74, 31), (76, 20)):
        press(app, Qt.Key.Key_G, SHIFT)
        with qtbot.waitSignal(app.board.heard_changed):
            answer(service, pitch=pitch, row=row)
        if row != 31:
            press(app, Qt.Key.Key_F)
    press(app, Qt.Key.Key_S, SHIFT)
    assert service.last_asked(FindTakes).query.only_favourites
    assert [thumb.key for thumb in app.window.takes.thumbs] == ["2", "", "1"]
    press(app, Qt.Key.Key_2)
    assert app.state.loop.tracks[KEYS].notes[0].pitch == 72
    assert service.last_told(Play).start is Start.NEXT_BAR
    count = len(service.told)
    press(app, Qt.Key.Key_2)
    press(app, Qt.Key.Key_3)
    assert len(service.told) == count  # the same one goes on; there is no third
    press(app, Qt.Key.Key_S, SHIFT)
    press(app, Qt.Key.Key_2)
    assert app.state.loop.tracks[KEYS].notes[0].pitch == 74


def test_scenes_of_one_press_go_by_their_numbers_whichever_was_complete_first(
    app: App, service: FakeService, qtbot: QtBot
) -> None:
    press(app, Qt.Key.Key_G)
    request = service.requests[-1]
    for row, number in enumerate((2, 0), 1):
        notes = [Note(0, 60 + number, 960, 90)]
        loop = request.canvas.with_track(KEYS, request.canvas.tracks[KEYS].with_notes(notes))
        take = Take(number, loop, request.seed, 0, (), TakeScores(-1.0))
        service.say(service.job, TakeKept(number, row), TakeReady(take))
    with qtbot.waitSignal(app.board.finished):
        service.say(service.job, Finished(0.2, 0.1, 2, "CPU", "base"))
    press(app, Qt.Key.Key_1)
    press(app, Qt.Key.Key_F)
    press(app, Qt.Key.Key_2)
    press(app, Qt.Key.Key_F)
    press(app, Qt.Key.Key_S, SHIFT)
    assert [thumb.key for thumb in app.window.takes.thumbs] == ["1", "2"]


def a_row(library_id: int) -> TakeRow:
    return TakeRow(
        library_id, 0.0, "", "", 100.0, "4/4", 2, "pad", "pad", "", 1, 5, 0, "base", "", -1.0, None, 3, 0, 1, "CPU", 1,
        "", "", 0, "", "", True, False, False,
    )  # fmt: skip


def test_favourites_of_earlier_days_are_scenes_too_whatever_their_parts(
    app: App, service: FakeService, qtbot: QtBot
) -> None:
    press(app, Qt.Key.Key_S, SHIFT)
    loop = Loop(bars=2, tracks=tuple(Track(role).with_notes([Note(0, 60, 480, 90)]) for role in (Role.PAD,) * 5))
    service.say(service.job, TakesFound((a_row(3), a_row(2)), 2))
    qtbot.waitUntil(lambda: len(service.sent(LoadTake)) == 2)
    request = GenerationRequest(loop, (PartRequest(),) * 5)
    for job, row in ((service.job - 1, 3), (service.job, 2)):
        service.say(job, TakeLoaded(KeptTake(a_row(row), loop, request)))
    qtbot.waitUntil(lambda: len(app.board.slots) == 2)
    assert [thumb.key for thumb in app.window.takes.thumbs] == ["2", "1"]
    press(app, Qt.Key.Key_1)
    assert app.state.loop == loop
    assert not app.window.grab().isNull()
    press(app, Qt.Key.Key_G, SHIFT)
    assert not service.requests  # five parts, and settings for three: use it first
    press(app, Qt.Key.Key_Return)
    press(app, Qt.Key.Key_G, SHIFT)
    assert len(service.requests) == 1


def test_a_new_loop_comes_in_when_loops_do(app: App, service: FakeService) -> None:
    press(app, Qt.Key.Key_J, SHIFT)
    assert app.settings.live.drops_in is Start.NEXT_LOOP
    app.commands.parts.add(Role.PAD)
    app.commands.actions["file_new"].trigger()
    assert service.last_told(Play).start is Start.NEXT_LOOP
