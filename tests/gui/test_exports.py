"""Ways out of the window: clipboard, dialogs, and what the badge's menu changes about them."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QAction, QDesktopServices, QDragEnterEvent, QDragLeaveEvent, QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QMenu, QPushButton
from pytestqt.qtbot import QtBot

from engine.jobs.files import FilesWritten, FileToWrite, WriteFiles
from engine.music.general_midi import Role
from engine.music.loop import Loop, Note, Track
from gui.app import App, Places
from gui.hand_off import HandOffAs, chip_text
from gui.panels.drag_chip import drag_chip
from gui.piano_roll.selection import BarSelection
from gui.settings import read_settings
from tests.gui.test_window import write_takes
from tests.helpers.fake_service import FakeService

pytestmark = pytest.mark.gui


@pytest.fixture
def wrote(app: App, service: FakeService) -> Callable[[], tuple[FileToWrite, ...]]:
    """Return the files that were last asked for; the engine says that each was written."""
    service.on_write = lambda job, files: service.say(job, FilesWritten(tuple(file.path for file in files)))
    return lambda: service.sent(WriteFiles)[-1].files


def menu_action(app: App, text: str) -> QAction:
    menu = app.window.transport.badge.findChild(QMenu)
    assert menu is not None
    return next(action for action in menu.actions() if action.text() == text)


def test_the_badges_menu_changes_how_files_are_made_and_is_kept(
    app: App, places: Places, wrote: Callable[[], tuple[FileToWrite, ...]]
) -> None:
    menu_action(app, "One file a part and a drum piece").trigger()
    menu_action(app, "Addictive Drums 2").trigger()
    menu_action(app, "Files tell their tempo").trigger()
    app.exports.copy_file()
    files = wrote()
    drums = [file for file in files if file.loop.tracks[0].is_drums]
    assert len(drums) == len({note.pitch for note in app.document.loop.tracks[0].notes})
    assert {note.pitch for file in drums for note in file.loop.tracks[0].notes} >= {36, 38, 49}
    assert not any(file.include_tempo for file in files)
    kept = read_settings(places.settings)[0]
    assert (kept.hand_off_as, kept.drum_map, kept.has_tempo) == (HandOffAs.PIECES, "Addictive Drums 2", False)
    assert menu_action(app, "Addictive Drums 2").isChecked()


def test_selected_bars_are_all_that_is_copied(app: App, wrote: Callable[[], tuple[FileToWrite, ...]]) -> None:
    app.state.select_bars(BarSelection().with_range(1, 2, 2))
    app.exports.copy_file()
    (file,) = wrote()
    assert file.loop.bars == 1
    assert len(file.loop.tracks) == 3


def test_a_project_is_saved_where_the_dialog_says(
    app: App, wrote: Callable[[], tuple[FileToWrite, ...]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    proposed: list[str] = []

    def choose(parent: object, title: str, start: str, filter: str) -> tuple[str, str]:
        proposed.append(start)
        return str(tmp_path / "mine"), filter

    monkeypatch.setattr(QFileDialog, "getSaveFileName", choose)
    app.exports.save_project()
    assert Path(proposed[0]).name == "First loop_100bpm_Am_4bars.dawproject"
    assert [file.path for file in wrote()] == [str(tmp_path / "mine.dawproject")]


def test_a_file_of_a_take_tells_its_seed_where_the_template_asks_for_it(
    app: App, wrote: Callable[[], tuple[FileToWrite, ...]]
) -> None:
    app.exports.remember_seed(app.document.loop, "77-2")
    app.exports.copy_file()
    assert Path(wrote()[0].path).stem == "First loop_100bpm_Am_4bars"
    app.change_settings(replace(app.settings, file_name="{name}_{tempo}_{key}_{bars}_{seed}"))
    app.exports.copy_file()
    assert Path(wrote()[0].path).stem.endswith("_4bars_77-2")
    app.document.edit("Change tempo", replace(app.document.loop, tempo_bpm=90))
    app.exports.copy_file()
    assert Path(wrote()[0].path).stem == "First loop_90bpm_Am_4bars"


def test_what_has_no_place_is_said(app: App, wrote: Callable[[], tuple[FileToWrite, ...]]) -> None:
    app.change_settings(replace(app.settings, drum_map="Roland V-Drums"))
    app.document.reset(Loop(bars=1, tracks=(Track(Role.DRUMS, (Note(0, 36, 60), Note(0, 71, 60))),)))
    app.exports.copy_file()
    assert "Roland V-Drums has no place for: Short whistle." in app.window.statusBar().currentMessage()
    app.document.reset(Loop(bars=1, tracks=(Track(Role.DRUMS, (Note(0, 71, 60),)),)))
    app.exports.copy_file()
    assert app.window.statusBar().currentMessage() == "None of these drums has a place."


def test_a_bad_template_is_told_and_not_used(app: App) -> None:
    with pytest.raises(ValueError, match=r"\{song\} is not known in file names; there are \{name\}"):
        replace(app.settings, file_name="{song}")


def test_a_copy_may_be_a_file_that_is_there_and_a_drag_one_that_no_host_took(
    app: App, wrote: Callable[[], tuple[FileToWrite, ...]]
) -> None:
    app.exports.copy_file()
    first = Path(wrote()[0].path)
    first.parent.mkdir(parents=True)
    first.touch()
    app.exports.copy_file()
    (again,) = wrote()
    assert Path(again.path).name == f"{first.stem} (2).mid"
    assert again.instead == (str(first),)
    app.exports._gone.add(str(first))  # as if a host had taken it
    app.exports.drag_loop()
    assert wrote()[0].instead == ()


def test_the_path_of_the_last_file_is_shown_and_copied(
    app: App, wrote: Callable[[], tuple[FileToWrite, ...]], qapp: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: False)
    app.exports.copy_file()
    Path(wrote()[0].path).parent.mkdir(parents=True)
    app.exports.reveal()
    assert app.window.banner.text == f"The last file is {wrote()[0].path}"
    button = next(each for each in app.window.banner.findChildren(QPushButton) if each.text() == "Copy path")
    button.click()
    assert qapp.clipboard().text() == wrote()[0].path


def test_a_take_pulled_out_of_the_strip_is_not_heard_but_handed_off(
    app: App, service: FakeService, wrote: Callable[[], tuple[FileToWrite, ...]], qtbot: QtBot
) -> None:
    takes = write_takes(app, service, qtbot)
    thumb = app.window.takes.thumbs[1]
    QTest.mousePress(thumb, Qt.MouseButton.LeftButton, pos=QPoint(20, 40))
    move = QMouseEvent(
        QEvent.Type.MouseMove, QPointF(90, 40), QPointF(90, 40), Qt.MouseButton.NoButton, Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )  # fmt: skip
    QApplication.sendEvent(thumb, move)
    QTest.mouseRelease(thumb, Qt.MouseButton.LeftButton, pos=QPoint(90, 40))
    assert wrote()[0].loop.tracks == takes[1].loop.tracks
    assert app.board.heard is None
    QTest.mouseClick(thumb, Qt.MouseButton.LeftButton)
    assert app.board.heard == 1


def test_a_chip_hangs_under_the_pointer_and_says_what_it_is(app: App) -> None:
    loop = app.document.loop
    assert chip_text(loop, 1, is_part=False) == "♪ First loop, 4 bars"
    assert chip_text(loop.with_tracks([loop.tracks[1]]), 1, is_part=True) == "♪ Bass, 4 bars"
    assert chip_text(loop, 3, is_part=False) == "♪ First loop, 4 bars, 3 files"
    assert drag_chip("♪ First loop, 4 bars").width() > 60


def test_a_frame_says_what_a_drop_would_do(app: App, tmp_path: Path) -> None:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(tmp_path / "riff.mid"))])
    event = QDragEnterEvent(
        QPoint(300, 300), Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )
    app.window.dragEnterEvent(event)
    assert app.window.drop_frame.isVisible()
    assert app.window.drop_frame.text.text() == "Drop to import it"
    app.window.dragLeaveEvent(QDragLeaveEvent())
    assert not app.window.drop_frame.isVisible()
