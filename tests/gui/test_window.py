"""The window as a producer uses it: keys and mouse in, requests and files out."""

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QAbstractSpinBox, QApplication, QComboBox, QSlider
from pytestqt.qtbot import QtBot

from engine.jobs.files import FilesWritten, FileToWrite, WriteFiles
from engine.jobs.library import MarkTake, TakeKept
from engine.jobs.pipes import Child, ChildStopped
from engine.jobs.sound import Play, Position, Start, StopPlaying
from engine.jobs.writing import Cancel
from engine.messages import (
    BarWritten,
    ControlReport,
    Failed,
    Finished,
    GenerationRequest,
    PartUse,
    Progress,
    Take,
    TakeReady,
    TakeScores,
)
from engine.music.loop import Note
from gui.actions import ACTIONS, keys_as_markdown
from gui.app import App, Places
from gui.panels.take_words import take_note
from gui.piano_roll.selection import BarSelection
from gui.settings import Motion
from tests.helpers.fake_service import FakeService

pytestmark = pytest.mark.gui
KEYS = 2


def press(app: App, key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    QTest.keyClick(app.window.roll.pitched, key, modifiers)


def a_take(request: GenerationRequest, number: int, pitch: int = 72) -> Take:
    loop = request.canvas
    track = loop.tracks[KEYS].with_notes([Note(0, pitch, 960, 90)])
    report = ControlReport(KEYS, "density", 4.0, 0.25, False, 3)
    return Take(number, loop.with_track(KEYS, track), request.seed, 0, (report,), TakeScores(-1.0))


def write_takes(app: App, service: FakeService, qtbot: QtBot, count: int = 4) -> list[Take]:
    """Press G and let the engine answer with takes."""
    app.session.change_wishes(replace(app.session.wishes, takes=count))
    press(app, Qt.Key.Key_G)
    request = service.requests[-1]
    takes = [a_take(request, number, 72 + number) for number in range(count)]
    for take in takes:
        service.say(service.job, BarWritten(take.number, KEYS, 0, ((0, 72, 480, 90),)))
        service.say(service.job, Progress(take.number, 1, 4, 1, 0.1))
        service.say(service.job, TakeKept(take.number, 100 + take.number), TakeReady(take))
    with qtbot.waitSignal(app.board.finished):
        service.say(service.job, Finished(1.0, 0.2, 9, "CPU", "base"))
    return takes


def test_a_new_user_hears_the_first_loop(app: App, service: FakeService) -> None:
    assert service.sent(Play)[0].loop == app.document.loop
    assert app.document.loop.note_count > 50
    assert app.playback.is_playing
    press(app, Qt.Key.Key_Space)
    assert service.told[-1] == StopPlaying()


def test_a_count_in_comes_before_playing_but_not_within(app: App, service: FakeService, qtbot: QtBot) -> None:
    press(app, Qt.Key.Key_Space)
    press(app, Qt.Key.Key_K, Qt.KeyboardModifier.ShiftModifier)
    press(app, Qt.Key.Key_Space)
    assert service.last_told(Play).has_count_in
    with qtbot.waitSignal(app.state.playhead_moved):
        service.say(0, Position(-1.0))
    assert app.state.playhead_tick == 0
    with qtbot.waitSignal(app.bridge.position_changed):
        service.say(0, Position(960.0))
    qtbot.waitUntil(lambda: app.state.playhead_tick >= 960)
    app.playback.play_from(1920)
    assert not service.last_told(Play).has_count_in


def test_g_asks_for_the_part_in_front_and_the_others_are_context(app: App, service: FakeService) -> None:
    press(app, Qt.Key.Key_G)
    request = service.requests[0]
    assert [part.use for part in request.parts] == [PartUse.CONTEXT, PartUse.CONTEXT, PartUse.REPLACE]
    assert request.takes == 4
    assert app.window.transport.generate.text() == "Rewrite Keys"


def test_selected_bars_alone_are_rewritten(app: App, service: FakeService) -> None:
    strip = app.window.tracks.cards[1].strip
    bar = strip.width() // 4
    QTest.mouseClick(strip, Qt.MouseButton.LeftButton, pos=strip.rect().center() + (strip.rect().topLeft() * 0))
    app.state.select_bars(BarSelection().with_range(1, 2, 2))
    assert strip.bar_at(bar * 2 + 4) == 2
    assert app.window.transport.generate.text() == "Rewrite Bass, bar 3"
    press(app, Qt.Key.Key_G)
    assert service.requests[0].parts[1].use is PartUse.REPLACE
    assert service.requests[0].parts[1].bars == (2,)
    assert service.requests[0].parts[2].use is PartUse.CONTEXT


def test_undo_and_redo_say_what_they_did(app: App) -> None:
    app.document.edit("Draw note", replace(app.document.loop, tempo_bpm=93.0))
    app.commands.actions["edit_undo"].trigger()
    assert app.window.statusBar().currentMessage() == "Undone: Draw note"
    app.commands.actions["edit_redo"].trigger()
    assert app.window.statusBar().currentMessage() == "Done again: Draw note"


def test_a_take_stays_the_loop_when_only_the_tempo_changes(app: App, service: FakeService, qtbot: QtBot) -> None:
    write_takes(app, service, qtbot)
    press(app, Qt.Key.Key_2)
    press(app, Qt.Key.Key_Return)
    assert app.board.is_loop(app.board.slots[1])
    app.document.edit("Tempo", replace(app.document.loop, tempo_bpm=87.0))
    assert app.board.is_loop(app.board.slots[1])
    assert not app.board.is_loop(app.board.slots[0])


def test_a_part_that_is_not_heard_is_faded(app: App) -> None:
    drums, bass, *_ = app.window.tracks.cards
    whole = bass.strip.grab().toImage()
    bass.mute.click()
    assert bass.strip.grab().toImage() != whole
    bass.mute.click()
    assert bass.strip.grab().toImage() == whole
    drums.solo.click()
    assert bass.strip.grab().toImage() != whole


def test_takes_are_heard_by_number_and_left_by_escape(app: App, service: FakeService, qtbot: QtBot) -> None:
    takes = write_takes(app, service, qtbot)
    before = app.document.loop
    press(app, Qt.Key.Key_2)
    assert app.state.loop == takes[1].loop
    assert app.state.compared == before
    assert service.told[-1] == Play(takes[1].loop, app.session.gains, Start.NEXT_BAR, token=2)
    assert "The take got" in app.window.controls.rows["density"].got.toolTip()
    press(app, Qt.Key.Key_Escape)
    assert app.state.loop == app.document.loop == before
    assert app.state.compared is None


def test_a_take_is_used_with_return_and_undone(app: App, service: FakeService, qtbot: QtBot) -> None:
    before = app.document.loop
    takes = write_takes(app, service, qtbot)
    press(app, Qt.Key.Key_1)
    press(app, Qt.Key.Key_Return)
    assert app.document.loop == takes[0].loop
    press(app, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert app.document.loop == before


def test_editing_a_heard_take_uses_it_first(app: App, service: FakeService, qtbot: QtBot) -> None:
    takes = write_takes(app, service, qtbot)
    press(app, Qt.Key.Key_1)
    press(app, Qt.Key.Key_Up)
    assert app.document.loop.tracks[KEYS].notes[0].pitch == takes[0].loop.tracks[KEYS].notes[0].pitch + 1
    app.document.undo()
    assert app.document.loop == takes[0].loop


def test_a_favourite_is_marked_in_the_library(app: App, service: FakeService, qtbot: QtBot) -> None:
    write_takes(app, service, qtbot)
    press(app, Qt.Key.Key_3)
    press(app, Qt.Key.Key_F)
    assert service.told[-1] == MarkTake(102, is_favourite=True)


def test_stopping_keeps_complete_takes(app: App, service: FakeService, qtbot: QtBot) -> None:
    press(app, Qt.Key.Key_G)
    with qtbot.waitSignal(app.board.slot_changed):
        service.say(1, TakeReady(a_take(service.requests[0], 2)))
    with qtbot.waitSignal(app.board.slot_changed):
        service.say(1, Progress(3, 2, 4, 9, 0.1))
    press(app, Qt.Key.Key_Escape)
    assert service.told[-1] == Cancel(1)
    assert not app.board.is_running
    assert [slot.number for slot in app.board.slots] == [2, 3], "what has no bar yet goes at once"
    partial = replace(a_take(service.requests[0], 3), missing=2)
    with qtbot.waitSignal(app.board.finished):
        service.say(1, TakeReady(partial), Finished(1.0, 0.2, 9, "CPU", "base", was_cancelled=True))
    assert [slot.take for slot in app.board.slots][1] == partial
    assert "partial" in take_note(app.board.slots[1])


def test_pressing_g_while_writing_wants_no_half_takes(app: App, service: FakeService) -> None:
    press(app, Qt.Key.Key_G)
    press(app, Qt.Key.Key_G)
    assert service.sent(Cancel) == [Cancel(1, keeps_partial=False)]
    assert app.board.is_running


def test_favourites_stay_on_the_board(app: App, service: FakeService, qtbot: QtBot) -> None:
    takes = write_takes(app, service, qtbot)
    press(app, Qt.Key.Key_2)
    press(app, Qt.Key.Key_F)
    write_takes(app, service, qtbot)
    assert app.board.slots[0].take == takes[1]
    assert len(app.board.slots) == 5


def test_a_take_is_rated_and_thrown_away(app: App, service: FakeService, qtbot: QtBot) -> None:
    write_takes(app, service, qtbot)
    press(app, Qt.Key.Key_2)
    press(app, Qt.Key.Key_4, Qt.KeyboardModifier.AltModifier)
    assert service.told[-1] == MarkTake(101, rating=4)
    assert app.board.slots[1].rating == 4
    press(app, Qt.Key.Key_X)
    assert MarkTake(101, is_discarded=True) in service.told
    assert [slot.number for slot in app.board.slots] == [0, 2, 3]
    assert app.state.loop == app.document.loop


def test_seeds_change_from_press_to_press_unless_kept(app: App, service: FakeService) -> None:
    press(app, Qt.Key.Key_G)
    press(app, Qt.Key.Key_G)
    app.session.change_wishes(replace(app.session.wishes, is_seed_kept=True))
    press(app, Qt.Key.Key_G)
    seeds = [request.seed for request in service.requests]
    assert seeds[0] != seeds[1] == seeds[2]


def test_a_failure_is_a_sentence_and_a_way_on(app: App, service: FakeService, qtbot: QtBot) -> None:
    press(app, Qt.Key.Key_G)
    with qtbot.waitSignal(app.board.failed):
        service.say(1, Failed("There is no model.", "Install one."))
    assert app.window.banner.text == "There is no model. Install one."
    assert not app.board.is_running


def test_a_stopped_engine_is_told_and_the_loop_stays(app: App, service: FakeService, qtbot: QtBot) -> None:
    press(app, Qt.Key.Key_G)
    before = app.document.loop
    with qtbot.waitSignal(app.bridge.child_stopped):
        service.say(0, ChildStopped(Child.WORKER, (1,)))
    assert "your loop and all finished takes are safe" in app.window.banner.text
    assert not app.board.is_running
    assert app.document.loop == before


def answer_writes(service: FakeService) -> None:
    def answer(job: int, files: tuple[FileToWrite, ...]) -> None:
        service.say(job, FilesWritten(tuple(file.path for file in files)))

    service.on_write = answer


def test_a_copied_file_is_on_the_clipboard(app: App, service: FakeService, qapp: QApplication) -> None:
    answer_writes(service)
    app.exports.copy_file()
    (url,) = qapp.clipboard().mimeData().urls()
    assert Path(url.toLocalFile()).name == "First loop_100bpm_Am_4bars.mid"
    (wrote,) = service.sent(WriteFiles)
    assert service.asked[0] is wrote
    assert wrote.files[0].loop.tracks == app.document.loop.tracks


def test_a_note_is_drawn_moved_and_deleted_with_the_mouse(app: App) -> None:
    app.state.bring_to_front(KEYS)
    pane = app.window.roll.pitched
    row = pane.rows.rows[81]
    place = pane.point(480, row) + (pane.point(40, 1) - pane.point(0, 0)) / 2
    count = len(app.document.loop.tracks[KEYS].notes)
    QTest.mouseDClick(pane, Qt.MouseButton.LeftButton, pos=place)
    QTest.mouseRelease(pane, Qt.MouseButton.LeftButton, pos=place)
    drawn = [note for note in app.document.loop.tracks[KEYS].notes if note.pitch == 81]
    assert [(note.onset, note.duration) for note in drawn] == [(480, 120)]
    target = pane.point(480 + 240 + 60, row + 2) + (pane.point(0, 1) - pane.point(0, 0)) / 2
    QTest.mousePress(pane, Qt.MouseButton.LeftButton, pos=pane.point(530, row) + (target - pane.point(780, row + 2)))
    QTest.mouseMove(pane, target)
    QTest.mouseRelease(pane, Qt.MouseButton.LeftButton, pos=target)
    moved = [note for note in app.document.loop.tracks[KEYS].notes if note.pitch == 79]
    assert 720 in [note.onset for note in moved]
    assert app.document.undo_stack.undoText() == "Move notes"
    press(app, Qt.Key.Key_Delete)
    assert len(app.document.loop.tracks[KEYS].notes) == count


def test_a_step_is_set_and_removed_by_a_click(app: App) -> None:
    pane = app.window.roll.drums
    place = pane.point(120, pane.rows.rows[39]) + (pane.point(30, 1) - pane.point(0, 0)) / 2
    before = app.document.loop.tracks[0].notes
    QTest.mouseClick(pane, Qt.MouseButton.LeftButton, pos=place)
    claps = [note.onset for note in app.document.loop.tracks[0].notes if note.pitch == 39]
    assert claps == [120]
    QTest.mouseClick(pane, Qt.MouseButton.LeftButton, pos=place)
    assert app.document.loop.tracks[0].notes == before


def test_a_restart_finds_everything_where_it_was(app: App, places: Places, qtbot: QtBot, qapp: QApplication) -> None:
    press(app, Qt.Key.Key_Up)
    press(app, Qt.Key.Key_Up)
    app.document.undo()
    app.session.change_part(1, lambda s: replace(s, is_muted=True).with_control("density", 3.5))
    app.state.bring_to_front(1)
    loop, parts = app.document.loop, app.session.parts
    app.window.close()
    again = App(qapp, FakeService(), places)
    again.start()
    try:
        assert again.document.loop == loop
        assert again.session.parts == parts
        assert again.state.view.front == 1
        again.document.redo()
        again.document.undo()
        again.document.undo()
        assert not again.document.undo_stack.canUndo()
        assert not again.playback.is_playing, "only a new user hears something unasked"
    finally:
        again.window.close()
        again.window.deleteLater()
        again.deleteLater()


@pytest.mark.parametrize("percent", [75, 200])
def test_themes_and_sizes_can_be_changed_at_any_time(app: App, percent: int) -> None:
    for _ in range(3):
        app.next_theme()
        app.change_settings(replace(app.settings, scale_percent=percent))
        assert not app.window.grab().isNull()


def test_every_action_has_a_text_and_no_key_means_two_things() -> None:
    keys = [key for spec in ACTIONS for key in spec.shortcuts]
    assert len(keys) == len(set(keys))
    assert all(spec.text for spec in ACTIONS)


def test_every_control_has_a_name_for_screen_readers(app: App) -> None:
    for kind in (QAbstractButton, QAbstractSpinBox, QComboBox, QSlider):
        for widget in app.window.findChildren(kind):
            name = widget.accessibleName() or (widget.text() if isinstance(widget, QAbstractButton) else "")
            is_qts_own = widget.objectName().startswith("qt_")
            assert name or is_qts_own, f"{widget} has no name"


def test_the_map_of_keys_in_the_guide_is_that_of_the_table() -> None:
    guide = Path(__file__).parents[2] / "docs" / "keys.md"
    assert guide.read_text(encoding="utf-8").endswith(keys_as_markdown())


def test_with_less_motion_the_playhead_goes_from_beat_to_beat(app: App, qapp: QApplication) -> None:
    app.playback.stop()
    app.change_settings(replace(app.settings, motion=Motion.REDUCED))
    shown: list[float] = []
    app.state.playhead_shown.connect(lambda _, after: shown.append(after))
    for tick in (0.0, 100.0, 470.0, 490.0, 959.0, 970.0, -1.0):
        app.state.move_playhead(tick)
        assert app.state.playhead_tick == tick, "taps and pasting are as exact as ever"
    assert shown == [0, 480, 960, -1]
    assert qapp.cursorFlashTime() == 0
    app.change_settings(replace(app.settings, motion=Motion.FULL))
    app.state.move_playhead(100.0)
    assert shown[-1] == 100
    assert qapp.cursorFlashTime() > 0


def test_the_window_comes_back_as_large_as_it_was(app: App, places: Places) -> None:
    app.window.resize(1011, 677)
    app.save()
    app.window.resize(1200, 700)
    app._restore_session()
    assert app.window.height() == 677  # the offscreen screen is too narrow for the width
