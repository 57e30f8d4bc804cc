"""Dropped files are shown, corrected, heard and put on the canvas as one step; the engine only remembers here."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from engine.jobs.library import KeepTakes
from engine.jobs.listening import FileHeard, Listened, ListenProgress, ListenTo, StopListening
from engine.jobs.material import (
    DescribeFiles,
    FilesDescribed,
    FindLoops,
    FoundFile,
    FoundPart,
    FoundTiming,
    LayStems,
    LoopsFound,
    SongLoop,
    StemsLaid,
    TimingSource,
)
from engine.jobs.pipes import Event, Question
from engine.jobs.sound import Play, StopPlaying
from engine.messages import Failed, PartUse
from engine.midi import smf
from engine.music.general_midi import Role, RoleSource
from engine.music.heard import HeardNote, HeardStem, TempoGuess
from engine.music.loop import COMMON_TIME, Loop, Note, Track
from engine.music.part_groove import AS_WRITTEN
from gui.app import App, Places
from gui.panels.import_panel import ImportPanel
from gui.session_file import parts_of_plain, read_session
from tests.helpers.fake_service import FakeService

pytestmark = pytest.mark.gui
SONG = "/music/song é.mid"
BASS = "/music/bass.wav"


def drop(app: App, *paths: str) -> None:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(path) for path in paths])
    event = QDropEvent(
        QPointF(300, 300), Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )
    app.window.dropEvent(event)


def found(bars: int, *roles: Role, path: str = SONG, told: tuple[str, ...] = ()) -> FoundFile:
    parts = tuple(FoundPart(role, RoleSource.NAME, role.value, 0, 8, bars, 36, 60, (1,) * bars) for role in roles)
    return FoundFile(path, parts, bars, FoundTiming(110.0), told=told)


def laid(bars: int, *roles: Role, told: tuple[str, ...] = ()) -> StemsLaid:
    tracks = tuple(Track(role, (Note(0, 40 + i, 480),), program=1) for i, role in enumerate(roles))
    return StemsLaid(Loop(tempo_bpm=110, bars=bars, tracks=tracks), told)


def heard(role: Role = Role.BASS) -> HeardStem:
    notes = tuple(HeardNote(i * 0.5, 40, i * 0.5 + 0.4) for i in range(16))
    return HeardStem("bass.wav", role, notes, 8.0, TempoGuess(120.0, 0.0, 0.9), None, np.ones((40, 2), np.float32))


def panel_of(app: App) -> ImportPanel:
    panel = app.commands.importing.panel
    assert panel is not None
    return panel


def answer(service: FakeService, qtbot: QtBot, kind: type[Question], event: Event) -> None:
    """Wait until a question is asked, and answer it."""
    qtbot.waitUntil(lambda: bool(service.sent(kind)))
    number = max(i for i, question in enumerate(service.asked) if isinstance(question, kind))
    service.say(number + 1, event)


def import_two_parts(app: App, service: FakeService, qtbot: QtBot) -> ImportPanel:
    drop(app, SONG)
    assert service.asked[-1] == DescribeFiles((SONG,))
    answer(service, qtbot, DescribeFiles, FilesDescribed((found(4, Role.DRUMS, Role.BASS),)))
    panel = panel_of(app)
    qtbot.waitUntil(lambda: len(panel.cards) == 2)
    answer(service, qtbot, LayStems, laid(4, Role.DRUMS, Role.BASS))
    qtbot.waitUntil(lambda: bool(panel.state.loop.tracks))
    return panel


def test_dropped_stems_are_shown_and_used_as_one_step(app: App, service: FakeService, qtbot: QtBot) -> None:
    before = app.document.loop
    panel = import_two_parts(app, service, qtbot)
    assert panel.head.tempo.value() == 110
    panel.cards[1].use_buttons[PartUse.REPLACE].click()
    QTest.keyClick(panel.use, Qt.Key.Key_Return)
    assert [track.role for track in app.document.loop.tracks] == [Role.DRUMS, Role.BASS]
    assert app.document.loop.tempo_bpm == 110
    assert app.document.loop.name == "song é"
    assert [part.use for part in app.session.parts] == [PartUse.CONTEXT, PartUse.REPLACE]
    assert app.commands.importing.panel is None
    app.document.undo()
    assert app.document.loop == before


def test_how_much_there_is_of_a_part_does_not_touch_the_button_beside_it(
    app: App, service: FakeService, qtbot: QtBot
) -> None:
    card = import_two_parts(app, service, qtbot).cards[0]
    card.facts.setText("32 bars · 576 notes")
    qtbot.waitUntil(lambda: card.facts.width() >= card.facts.sizeHint().width())
    assert card.use_buttons[PartUse.CONTEXT].x() - card.facts.geometry().right() > 6


def test_parts_can_go_beside_the_loop_that_is_there(app: App, service: FakeService, qtbot: QtBot) -> None:
    app.document.edit("Transpose", app.document.loop.transposed(1))
    before = app.document.loop
    panel = import_two_parts(app, service, qtbot)
    assert not panel.is_in_place, "there is work to lose"
    panel.use.click()
    assert app.document.loop.tracks[: len(before.tracks)] == before.tracks
    assert len(app.document.loop.tracks) == len(before.tracks) + 2
    assert app.document.loop.tempo_bpm == before.tempo_bpm


def test_what_is_written_can_take_the_groove_over(app: App, service: FakeService, places: Places, qtbot: QtBot) -> None:
    panel = import_two_parts(app, service, qtbot)
    panel.cards[1].use_buttons[PartUse.REPLACE].click()
    panel.groove.setChecked(True)
    panel.use.click()
    assert app.session.parts[0].groove == AS_WRITTEN
    assert app.session.parts[1].groove.template is not None
    app.commands.parts.add(Role.KEYS)
    assert app.session.parts[2].groove == app.session.parts[1].groove
    app.save()
    plain = read_session(places.session)
    assert parts_of_plain(plain) == app.session.parts


def test_a_role_and_the_bars_can_be_changed_and_taken_back(app: App, service: FakeService, qtbot: QtBot) -> None:
    panel = import_two_parts(app, service, qtbot)
    panel.cards[1].role_chosen.emit(1, Role.GUITAR)
    panel.head.bars.setValue(2)
    qtbot.waitUntil(lambda: service.last_asked(LayStems).bars == 2)
    assert service.last_asked(LayStems).parts[1].role is Role.GUITAR
    panel.undo()
    panel.undo()
    assert panel.material.rows[1].role is Role.BASS
    assert panel.material.bars == 4
    panel.redo()
    assert panel.material.rows[1].role is Role.GUITAR


def test_a_part_that_is_not_taken_is_not_laid(app: App, service: FakeService, qtbot: QtBot) -> None:
    panel = import_two_parts(app, service, qtbot)
    panel.cards[0].taken.setChecked(False)
    qtbot.waitUntil(lambda: len(service.last_asked(LayStems).parts) == 1)
    panel.cards[1].taken.setChecked(False)
    assert not panel.use.isEnabled()


def test_what_is_taken_can_be_heard(app: App, service: FakeService, qtbot: QtBot) -> None:
    panel = import_two_parts(app, service, qtbot)
    assert app.playback.is_playing
    panel.hear.click()
    assert len(service.last_told(Play).loop.tracks) == 2
    assert not app.playback.is_playing
    panel.close()
    assert service.told[-1] == StopPlaying()


def test_a_sound_is_listened_to_and_its_notes_can_be_corrected(app: App, service: FakeService, qtbot: QtBot) -> None:
    drop(app, BASS)
    assert service.asked[-1] == ListenTo((BASS,))
    panel = panel_of(app)
    service.say(1, ListenProgress(BASS, 0.5))
    qtbot.waitUntil(lambda: panel.bar.value() == 50)
    stem = heard()
    service.say(1, FileHeard(BASS, stem))
    qtbot.waitUntil(lambda: len(panel.cards) == 1)
    assert not panel.use.isEnabled(), "there may be more to come"
    service.say(1, Listened((FileHeard(BASS, stem),), TempoGuess(120.0, 0.0, 0.9)))
    qtbot.waitUntil(lambda: panel.busy.text() == "")
    qtbot.waitUntil(lambda: bool(panel.state.loop.tracks))
    panel.state.select(frozenset())
    panel.roll.pitched.setFocus()
    notes = panel.state.loop.tracks[0].notes
    panel.state.edited.emit("Delete", panel.state.loop.with_tracks([panel.state.loop.tracks[0].with_notes(notes[1:])]))
    qtbot.waitUntil(lambda: len(panel.state.loop.tracks[0].notes) == 15)
    panel.use.click()
    assert len(app.document.loop.tracks[0].notes) == 15


def test_files_that_are_dropped_while_the_panel_is_open_are_added(app: App, service: FakeService, qtbot: QtBot) -> None:
    panel = import_two_parts(app, service, qtbot)
    panel.files_dropped.emit([BASS])
    assert service.asked[-1] == ListenTo((BASS,), tempo_bpm=110.0, meter=COMMON_TIME)
    stem = heard()
    service.say(service.job, FileHeard(BASS, stem))
    service.say(service.job, Listened((FileHeard(BASS, stem),), TempoGuess(110.0, 0.0, 0.9)))
    qtbot.waitUntil(lambda: len(panel.cards) == 3)
    assert app.commands.importing.panel is panel


def test_corrections_made_while_more_is_heard_stay_and_can_be_taken_back(
    app: App, service: FakeService, qtbot: QtBot
) -> None:
    keys = "/music/keys.wav"
    drop(app, BASS, keys)
    service.say(1, FileHeard(BASS, heard()))
    panel = panel_of(app)
    qtbot.waitUntil(lambda: len(panel.cards) == 1)
    panel.head.meter.textActivated.emit("3/4")
    panel.cards[0].use_buttons[PartUse.REPLACE].click()
    panel.cards[0].taken.click()
    service.say(1, FileHeard(keys, heard(Role.KEYS)))
    qtbot.waitUntil(lambda: len(panel.cards) == 2)
    files = (FileHeard(BASS, heard()), FileHeard(keys, heard(Role.KEYS)))
    service.say(1, Listened(files, TempoGuess(121.0, 0.5, 0.9)))
    qtbot.waitUntil(lambda: not panel.busy.text())
    row = panel.material.rows[0]
    assert (str(panel.material.meter), row.is_taken, row.use) == ("3/4", False, PartUse.REPLACE)
    assert [row.timing.tempo_bpm for row in panel.material.rows] == [121.0, 121.0], "what nobody set is told by both"
    for _ in range(3):
        panel.undo()
    assert len(panel.material.rows) == 2, "what came in is no step"
    assert (str(panel.material.meter), panel.material.rows[0].is_taken) == ("4/4", True)
    assert panel.material.rows[0].use is PartUse.CONTEXT


def test_what_is_set_while_a_sound_is_heard_anew_stays(app: App, service: FakeService, qtbot: QtBot) -> None:
    drop(app, BASS)
    service.say(1, FileHeard(BASS, heard()), Listened((FileHeard(BASS, heard()),), TempoGuess(120.0, 0.0, 0.9)))
    panel = panel_of(app)
    qtbot.waitUntil(lambda: bool(panel.cards) and not panel.busy.text())
    panel.cards[0].role_chosen.emit(0, Role.KEYS)
    panel.cards[0].use_buttons[PartUse.REPLACE].click()
    service.say(service.job, Listened((FileHeard(BASS, heard(Role.KEYS)),)))
    qtbot.waitUntil(lambda: panel.material.rows[0].role is Role.KEYS)
    assert panel.material.rows[0].use is PartUse.REPLACE


def test_another_role_of_a_sound_is_heard_with_other_ears(app: App, service: FakeService, qtbot: QtBot) -> None:
    drop(app, BASS)
    stem = heard()
    service.say(1, FileHeard(BASS, stem))
    service.say(1, Listened((FileHeard(BASS, stem),), TempoGuess(120.0, 0.0, 0.9)))
    panel = panel_of(app)
    qtbot.waitUntil(lambda: bool(panel.cards) and not panel.busy.text())
    panel.cards[0].role_chosen.emit(0, Role.KEYS)
    assert service.last_asked(ListenTo).roles == (Role.KEYS,)
    service.say(service.job, Listened((FileHeard(BASS, heard(Role.KEYS)),)))
    qtbot.waitUntil(lambda: panel.material.rows[0].role is Role.KEYS)


def test_bar_one_is_dragged_over_the_picture(app: App, service: FakeService, qtbot: QtBot) -> None:
    drop(app, BASS)
    stem = heard()
    service.say(1, FileHeard(BASS, stem))
    service.say(1, Listened((FileHeard(BASS, stem),), TempoGuess(120.0, 0.0, 0.9)))
    panel = panel_of(app)
    qtbot.waitUntil(lambda: bool(panel.cards) and not panel.busy.text())
    picture = panel.cards[0].picture
    pixels = round(picture.x_of(1.0) - picture.x_of(0.0))  # how wide it is depends on the window's size
    grab = QPoint(1, 20)
    goal = grab + QPoint(pixels, 0)
    QTest.mousePress(picture, Qt.MouseButton.LeftButton, pos=grab)
    QTest.mouseMove(picture, goal)
    QTest.mouseRelease(picture, Qt.MouseButton.LeftButton, pos=goal)
    assert panel.material.rows[0].timing.bar_one_seconds == pytest.approx(1.0, abs=1.5 / pixels)
    QTest.keyClick(picture, Qt.Key.Key_Left)
    assert panel.material.rows[0].timing.bar_one_seconds == pytest.approx(0.99, abs=1.5 / pixels)
    panel.head.bar_one.setValue(0.5)
    assert panel.material.rows[0].timing.bar_one_seconds == 0.5
    panel.head.bar_one.setValue(-0.03)
    QTest.keyClick(panel.cards[0].picture, Qt.Key.Key_Left)
    assert panel.material.rows[0].timing.bar_one_seconds == -0.03


def test_the_flag_of_a_midi_row_moves_bar_one_of_its_file(app: App, service: FakeService, qtbot: QtBot) -> None:
    drop(app, SONG)
    notes = tuple(HeardNote(i * 0.5, 40, i * 0.5 + 0.4) for i in range(17))
    part = FoundPart(Role.BASS, RoleSource.NAME, "Bass", 0, 17, 5, 40, 40, (4, 4, 4, 4, 1), notes)
    timing = FoundTiming(120.0, source=TimingSource.NOTES)
    file = FoundFile(SONG, (part, replace(part, role=Role.KEYS)), 5, timing, seconds=8.4, last_onset_seconds=8.0)
    answer(service, qtbot, DescribeFiles, FilesDescribed((file,)))
    panel = panel_of(app)
    qtbot.waitUntil(lambda: len(panel.cards) == 2)
    picture = panel.cards[1].picture
    assert "bar 1 at 0.00 seconds" in picture.accessibleName()
    grab = QPointF(picture.x_of_bar(0) + 2, 20).toPoint()
    pixels = round(picture.x_of(1.0) - picture.x_of(0.0))  # how wide it is depends on the window's size
    goal = grab + QPoint(pixels, 0)
    QTest.mousePress(picture, Qt.MouseButton.LeftButton, pos=grab)
    QTest.mouseMove(picture, goal)
    QTest.mouseRelease(picture, Qt.MouseButton.LeftButton, pos=goal)
    for row in panel.material.rows:
        assert row.timing.bar_one_seconds == pytest.approx(1.0, abs=1.5 / pixels)
        assert (row.timing.source, row.bars) == (TimingSource.PRODUCER, 4)
    qtbot.waitUntil(lambda: isinstance(service.asked[-1], LayStems))
    QTest.keyClick(picture, Qt.Key.Key_Left)
    assert panel.material.rows[0].timing.bar_one_seconds == pytest.approx(0.99, abs=1.5 / pixels)
    panel.undo()
    panel.undo()
    assert panel.material.rows[1].timing == timing


def test_a_click_on_the_flag_moves_nothing_and_a_drag_moves_it_as_far_as_the_hand(
    app: App, service: FakeService, qtbot: QtBot
) -> None:
    drop(app, SONG)
    file = replace(found(100, Role.BASS), timing=FoundTiming(120.0), seconds=200.0, last_onset_seconds=199.5)
    answer(service, qtbot, DescribeFiles, FilesDescribed((file,)))
    panel = panel_of(app)
    qtbot.waitUntil(lambda: bool(panel.cards))
    panel.tabs.setCurrentIndex(0)
    picture = panel.cards[0].picture

    def drag(*places_px: int) -> None:
        first, *others = (QPointF(x, 20).toPoint() for x in places_px)
        QTest.mousePress(picture, Qt.MouseButton.LeftButton, pos=first)
        for place in others:
            QTest.mouseMove(picture, place)
        QTest.mouseRelease(picture, Qt.MouseButton.LeftButton, pos=others[-1])

    drag(5, 6)
    drag(5, 60, 5)
    assert panel.material.rows[0].timing == file.timing, "its own time is not laid anew"
    drag(5, 45)
    assert panel.material.rows[0].timing.bar_one_seconds == pytest.approx(40 / picture.width() * 200, abs=0.001)


def test_the_frame_is_dragged_to_the_bars_that_are_taken(app: App, service: FakeService, qtbot: QtBot) -> None:
    drop(app, SONG)
    answer(service, qtbot, DescribeFiles, FilesDescribed((found(64, Role.BASS),)))
    panel = panel_of(app)
    qtbot.waitUntil(lambda: bool(panel.cards))
    panel.tabs.setCurrentIndex(0)
    picture = panel.cards[0].picture
    start, end = (QPointF(picture.x_of_bar(bar), 20).toPoint() for bar in (4, 20.2))
    QTest.mousePress(picture, Qt.MouseButton.LeftButton, pos=start)
    QTest.mouseMove(picture, end)
    assert panel.material.first_bar == 0, "it is one step, when the hand lets go"
    QTest.mouseRelease(picture, Qt.MouseButton.LeftButton, pos=end)
    assert (panel.material.first_bar, panel.material.bars) == (16, 8)
    panel.undo()
    assert panel.material.first_bar == 0


def test_notes_are_painted_where_they_are_written(app: App, service: FakeService, qtbot: QtBot, tmp_path: Path) -> None:
    drop(app, BASS)
    stem = heard()
    service.say(1, FileHeard(BASS, stem))
    service.say(1, Listened((FileHeard(BASS, stem),), TempoGuess(120.0, 0.0, 0.9)))
    panel = panel_of(app)
    qtbot.waitUntil(lambda: bool(panel.state.loop.tracks))
    pane = panel.roll.pitched
    picture = pane.grab().toImage()
    color = panel.state.theme.role(Role.BASS)
    painted: list[int] = []
    for row, pitch in enumerate(pane.rows.pitches):
        place = pane.point(100, row + 0.5)
        found_color = picture.pixelColor(place) if pane.rect().contains(place) else panel.palette().window().color()
        is_note = found_color.hueF() == pytest.approx(color.hueF(), abs=0.05) and found_color.lightnessF() > 0.4
        painted += [pitch] if is_note else []
    panel.use.click()
    smf.write(app.document.loop, tmp_path / "out.mid")
    assert painted == [smf.read(tmp_path / "out.mid").loop.tracks[0].notes[0].pitch] == [40]


def test_without_the_extra_the_panel_says_what_to_install(app: App, service: FakeService, qtbot: QtBot) -> None:
    drop(app, BASS)
    service.say(1, Failed("Audio cannot be read: soundfile is not installed.", "Install the extra `audio`."))
    panel = panel_of(app)
    qtbot.waitUntil(lambda: "Install the extra `audio`." in panel.told.text())
    assert not panel.use.isEnabled()


def test_closing_stops_listening(app: App, service: FakeService, qtbot: QtBot) -> None:
    drop(app, BASS)
    panel_of(app).close()
    assert StopListening(1) in service.told


def test_a_folder_is_searched_for_both_kinds(app: App, service: FakeService, qtbot: QtBot, tmp_path: Path) -> None:
    drop(app, str(tmp_path))
    assert service.asked == [DescribeFiles((str(tmp_path),))]
    problem = FoundFile("", problem="The folder holds no MIDI files.")
    answer(service, qtbot, DescribeFiles, FilesDescribed((problem,)))
    answer(service, qtbot, ListenTo, Listened(()))
    panel = panel_of(app)
    qtbot.waitUntil(lambda: panel.told.text() == "There is neither MIDI nor sound among what was dropped.")


def test_what_was_repaired_is_told(app: App, service: FakeService, qtbot: QtBot) -> None:
    drop(app, SONG)
    answer(service, qtbot, DescribeFiles, FilesDescribed((found(4, Role.LEAD, told=("A pedal was folded in.",)),)))
    qtbot.waitUntil(lambda: panel_of(app).told.text() == "A pedal was folded in.")
    answer(service, qtbot, LayStems, laid(4, Role.LEAD, told=("One note was cut.",)))
    qtbot.waitUntil(lambda: panel_of(app).told.text() == "A pedal was folded in. One note was cut.")


def test_the_loops_of_a_song_are_listed_heard_kept_and_used(app: App, service: FakeService, qtbot: QtBot) -> None:
    drop(app, SONG)
    answer(service, qtbot, DescribeFiles, FilesDescribed((found(64, Role.DRUMS, Role.BASS),)))
    loops = tuple(SongLoop(laid(bars, Role.BASS).loop, 8, score, 4.0, 2) for bars, score in ((4, 0.9), (2, 0.7)))
    answer(service, qtbot, FindLoops, LoopsFound(SONG, loops, 64))
    panel = panel_of(app)
    qtbot.waitUntil(lambda: len(panel.loops.model.loops) == 2)
    assert panel.tabs.currentIndex() == 1, "a song is dropped for its loops"
    panel.loops.hear.click()
    assert service.last_told(Play).loop == loops[0].loop
    panel.loops.table.selectRow(1)
    assert service.last_told(Play).loop == loops[1].loop
    panel.loops.keep.click()
    assert service.last_asked(KeepTakes).takes[0].loop.name == "song é bar 9"
    panel.loops.use.click()
    assert app.document.loop == loops[1].loop
