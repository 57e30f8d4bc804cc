"""Files in and out: stems and songs that come in; MIDI and sound that go out by drag, clipboard or dialog.

The desk reads and writes; this object knows where files go and what to do once they are there.
"""

import itertools
import logging
from collections.abc import Callable
from datetime import date
from pathlib import Path

from PySide6.QtCore import QEventLoop, QObject, Qt, QTimer, QUrl
from PySide6.QtGui import QDesktopServices, QDrag, QGuiApplication
from PySide6.QtWidgets import QFileDialog, QWidget

from engine.jobs.files import FilesRead, FilesWritten, FileToWrite, ReadFiles, RenderWav, WriteFiles
from engine.messages import Failed
from engine.music.loop import Loop
from engine.resources import loops_folder
from gui import loop_edits
from gui.document import LoopDocument
from gui.engine_bridge import EngineBridge
from gui.hand_off import day_folder, file_of_part, file_stem, files_of_loop, mime_of_files, only_selected
from gui.piano_roll.state import RollState

logger = logging.getLogger(__name__)

MIDI_FILTER = "MIDI files (*.mid *.midi *.smf *.kar)"
WAV_FILTER = "WAV files (*.wav)"
MIDI_PATTERNS = ("*.mid", "*.midi", "*.MID")
MAX_DROPPED_FILES = 16
WRITE_TIMEOUT_MS = 3000
RENDER_PASSES = 2


class Files(QObject):
    """Everything about files.

    Args:
        bridge: The engine.
        document: Where what is read goes.
        state: What is shown, hence written.
        say: Shows a notice.
        warn: Shows a banner.
    """

    def __init__(
        self,
        bridge: EngineBridge,
        document: LoopDocument,
        state: RollState,
        *,
        say: Callable[[str], None],
        warn: Callable[[str], None],
    ) -> None:
        super().__init__()
        self._bridge, self._document, self._state = bridge, document, state
        self._say, self._warn = say, warn
        self.parent_window: QWidget | None = None
        self.has_tempo = True
        self.folder = loops_folder()
        self.last_paths: tuple[str, ...] = ()

    def slots(self) -> dict[str, Callable[..., None]]:
        """Return what each file action does."""
        return {
            "file_open": self.open_song,
            "file_add_stems": self.add_stems,
            "file_save_as": self.save_as,
            "file_save_parts": self.save_parts,
            "file_render": self.render,
            "file_copy": self.copy_file,
            "file_reveal": self.reveal,
        }

    def _on_failed(self, event: Failed) -> None:
        self._warn(f"{event.title} {event.message}".strip())

    # Coming in

    def open_song(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self.parent_window, "Open MIDI as a song", "", MIDI_FILTER)
        if path:
            self._read([path], lambda read: self._replace(read))

    def add_stems(self) -> None:
        paths, _ = QFileDialog.getOpenFileNames(self.parent_window, "Add MIDI stems", "", MIDI_FILTER)
        if paths:
            self.add_paths(paths)

    def add_paths(self, paths: list[str]) -> None:
        """Add MIDI files and folders of them as stems; they are the whole loop where there is nothing yet."""
        files = list(itertools.islice((file for path in paths for file in _midi_files(Path(path))), MAX_DROPPED_FILES))
        if files:
            self._read(files, self._add)
        else:
            self._warn("There is no MIDI file among what was dropped.")

    def _read(self, paths: list[str], then: Callable[[FilesRead], None]) -> None:
        self._bridge.ask(ReadFiles(tuple(paths)), then, or_else=self._on_failed)

    def _add(self, read: FilesRead) -> None:
        loops = tuple(file.loop for file in read.files if file.loop is not None)
        if loops:
            is_new = not self._document.loop.note_count
            loop = loop_edits.with_stems(self._document.loop, loops, is_new=is_new)
            self._document.edit("Add stems", loop)
            added = sum(len(loop.tracks) for loop in loops)
            self._say(f"{added} part{'s' if added != 1 else ''} added as context.")
        self._tell_losses(read)

    def _replace(self, read: FilesRead) -> None:
        loop = read.files[0].loop
        if loop is not None:
            self._document.edit("Open song", loop_edits.with_stems(loop, (loop,), is_new=True))
        self._tell_losses(read)

    def _tell_losses(self, read: FilesRead) -> None:
        told = [line for file in read.files for line in file.dropped]
        if told:
            self._warn(" ".join(told[:3]))

    # Going out

    @property
    def _outgoing(self) -> Loop:
        return only_selected(self._state.loop, self._state.selection)

    @property
    def _day(self) -> Path:
        return day_folder(self.folder, date.today())

    def drag_loop(self, as_parts: bool = False) -> None:
        """Drag the loop, or what is selected of it, out of the window."""
        files = files_of_loop(self._outgoing, self._day, as_parts=as_parts, include_tempo=self.has_tempo)
        self._drag(files)

    def drag_part(self, part: int) -> None:
        """Drag one part out of the window."""
        loop = self._state.loop
        if part < len(loop.tracks) and loop.tracks[part].notes:
            self._drag((file_of_part(loop, part, self._day, include_tempo=self.has_tempo),))
        else:
            self._say("This part has no notes yet.")

    def _drag(self, files: tuple[FileToWrite, ...]) -> None:
        """Write, then drag: the event loop runs while the desk writes, and the drag needs the button still down."""
        if not self._written(files):
            return
        if not QGuiApplication.mouseButtons() & Qt.MouseButton.LeftButton:
            return
        drag = QDrag(self.parent_window or self)
        drag.setMimeData(mime_of_files(self.last_paths))
        # Copy only: a move would let the host delete our file.
        taken = drag.exec(Qt.DropAction.CopyAction, Qt.DropAction.CopyAction)
        logger.info("drag of %d file(s): %s", len(self.last_paths), taken.name)

    def _written(self, files: tuple[FileToWrite, ...]) -> bool:
        """Write files and wait for them while the window lives on; tells whether they are there."""
        if not any(track.notes for file in files for track in file.loop.tracks):
            self._say("There is nothing to hand off yet.")
            return False
        loop = QEventLoop()
        done: list[FilesWritten] = []

        def finish(written: FilesWritten) -> None:
            done.append(written)
            loop.quit()

        def give_up(failure: Failed) -> None:
            self._on_failed(failure)
            loop.quit()

        job = self._bridge.ask(WriteFiles(files), finish, or_else=give_up)
        QTimer.singleShot(WRITE_TIMEOUT_MS, loop.quit)
        loop.exec()
        self._bridge.forget(job)
        if done:
            self.last_paths = done[0].paths
        return bool(done)

    def save_as(self) -> None:
        loop = self._outgoing
        start = str(self.folder / f"{file_stem(loop)}.mid")
        path, _ = QFileDialog.getSaveFileName(self.parent_window, "Save loop as MIDI", start, MIDI_FILTER)
        if path and self._written((FileToWrite(_with_suffix(path, ".mid"), loop, include_tempo=self.has_tempo),)):
            self._say(f"Saved {Path(self.last_paths[0]).name}.")

    def save_parts(self) -> None:
        folder = QFileDialog.getExistingDirectory(self.parent_window, "Folder for one file a part", str(self.folder))
        if not folder:
            return
        files = files_of_loop(self._outgoing, Path(folder), as_parts=True, include_tempo=self.has_tempo)
        if self._written(files):
            self._say(f"Saved {len(files)} files in {folder}.")

    def render(self) -> None:
        loop = self._state.loop
        start = str(self.folder / f"{file_stem(loop)}.wav")
        path, _ = QFileDialog.getSaveFileName(self.parent_window, "Render to WAV", start, WAV_FILTER)
        if path:
            self._bridge.ask(
                RenderWav(_with_suffix(path, ".wav"), loop, RENDER_PASSES),
                lambda _: self._say(f"Rendered {Path(path).name}."),
                or_else=self._on_failed,
            )

    def copy_file(self) -> None:
        """Put the loop as a file on the clipboard."""
        files = files_of_loop(self._outgoing, self._day, as_parts=False, include_tempo=self.has_tempo)
        if self._written(files):
            QGuiApplication.clipboard().setMimeData(mime_of_files(self.last_paths))
            self._say(f"Copied {Path(self.last_paths[0]).name}: paste it into your DAW or a folder.")

    def reveal(self) -> None:
        """Show the folder of what was handed off last."""
        folder = Path(self.last_paths[0]).parent if self.last_paths else self.folder
        if folder.exists():
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))
        else:
            self._say(f"Nothing was handed off yet; files will go to {self.folder}.")


def _midi_files(path: Path) -> list[str]:
    if not path.is_dir():
        return [str(path)]
    return sorted(str(file) for pattern in MIDI_PATTERNS for file in path.glob(pattern))


def _with_suffix(path: str, suffix: str) -> str:
    return path if Path(path).suffix else path + suffix
