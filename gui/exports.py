"""Files that go out: by drag, by clipboard, by dialog. The desk writes; this object knows where to and what then."""

import logging
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import date
from pathlib import Path

from PySide6.QtCore import QEventLoop, QObject, QPoint, Qt, QTimer, QUrl
from PySide6.QtGui import QDesktopServices, QDrag, QGuiApplication
from PySide6.QtWidgets import QFileDialog, QWidget

from engine.jobs.files import FilesWritten, FileToWrite, WriteFiles
from engine.messages import Failed, Take
from engine.music.loop import Loop
from engine.music.part_groove import PartGroove
from engine.resources import loops_folder
from gui.engine_bridge import EngineBridge
from gui.hand_off import (
    HandOff,
    HandOffAs,
    HandOffOptions,
    bar_range,
    chip_text,
    day_folder,
    file_stem,
    hand_off,
    mime_of_files,
    outgoing,
    outgoing_text,
)
from gui.panels.drag_chip import drag_chip
from gui.piano_roll.state import RollState

logger = logging.getLogger(__name__)

MIDI_FILTER = "MIDI files (*.mid)"
PROJECT_FILTER = "DAWproject (*.dawproject)"
WRITE_TIMEOUT_MS = 3000
CHIP_BESIDE_POINTER = QPoint(-12, -8)


class Exports(QObject):
    """Hands loops off.

    Args:
        bridge: The engine.
        state: What is shown, hence written.
        say: Shows a notice.
        warn: Shows a banner, with buttons if it is given `choices`.
    """

    def __init__(
        self, bridge: EngineBridge, state: RollState, *, say: Callable[[str], None], warn: Callable[..., None]
    ) -> None:
        super().__init__()
        self._bridge, self._state = bridge, state
        self._say, self._warn = say, warn
        self._seeds: dict[Loop, str] = {}
        self.parent_window: QWidget | None = None
        self.options = HandOffOptions()
        self.folder = loops_folder()
        self.last_paths: tuple[str, ...] = ()
        self._gone: set[str] = set()  # files that a host took
        self.grooves: Callable[[], tuple[PartGroove, ...]] = tuple  # laid over the parts of what leaves

    def slots(self) -> dict[str, Callable[..., None]]:
        """Return what each action does."""
        return {
            "file_save_as": self.save_as,
            "file_save_parts": self.save_parts,
            "file_save_project": self.save_project,
            "file_copy": self.copy_file,
            "file_reveal": self.reveal,
        }

    def remember_seed(self, loop: Loop, seed: str) -> None:
        """Let files of a loop tell the seed that it was written with."""
        self._seeds[loop] = seed

    @property
    def _outgoing(self) -> Loop:
        bars = bar_range(self._state.bars)
        return outgoing(self._state.loop, self._state.meant, bars, self.grooves())

    @property
    def outgoing_text(self) -> str:
        """What a drag of the loop would carry now, in words."""
        return outgoing_text(self._state.loop, self._state.meant, bar_range(self._state.bars))

    @property
    def _day(self) -> Path:
        return day_folder(self.folder, date.today())

    def _hand_off(
        self,
        loop: Loop,
        form: HandOffAs,
        folder: Path,
        *,
        of: Loop | None = None,
        is_part: bool = False,
        gone: Collection[str] | None = None,
    ) -> HandOff:
        """Say what to write for what leaves of a loop (`of`, else the one that is shown); see `hand_off`."""
        seed = self._seeds.get(of or self._state.loop, "")
        options = replace(self.options, form=form)
        return hand_off(loop, folder, options, is_part=is_part, seed=seed, gone=gone)

    def drag_loop(self, form: HandOffAs | None = None) -> None:
        """Drag the loop, or what is selected of it, out of the window.

        Args:
            form: The files that it becomes; None for what the settings say.
        """
        self._drag(self._outgoing, form or self.options.form)

    def drag_take(self, take: Take, form: HandOffAs | None = None) -> None:
        """Drag a take out of the window, whole, as the loop would be."""
        self.remember_seed(take.loop, f"{take.seed}-{take.number + 1}")
        self._drag(outgoing(take.loop, grooves=self.grooves()), form or self.options.form, of=take.loop)

    def drag_part(self, part: int, is_split: bool = False) -> None:
        """Drag one part out of the window, or those of its bars that are selected.

        Args:
            part: Which.
            is_split: Whether drums become one file a drum piece, whatever the settings say.
        """
        if part >= len(self._state.loop.tracks):
            return
        loop = self._state.loop
        bars, grooves = bar_range(self._state.bars, part), self.grooves()[part : part + 1]
        loop = outgoing(loop.with_tracks([loop.tracks[part]]), bars=bars, grooves=grooves)
        is_split = is_split or self.options.form is HandOffAs.PIECES
        self._drag(loop, HandOffAs.PIECES if is_split else HandOffAs.FILE, is_part=True)

    def _drag(self, loop: Loop, form: HandOffAs, *, of: Loop | None = None, is_part: bool = False) -> None:
        """Write, then drag: the event loop runs while the desk writes, and the drag needs the button still down."""
        wanted = self._hand_off(loop, form, self._day, of=of, is_part=is_part, gone=self._gone)
        if not self._written(wanted):
            return
        if not QGuiApplication.mouseButtons() & Qt.MouseButton.LeftButton:
            return
        drag = QDrag(self.parent_window or self)
        drag.setMimeData(mime_of_files(self.last_paths))
        chip = drag_chip(chip_text(loop, len(self.last_paths), is_part=is_part))
        drag.setPixmap(chip)
        drag.setHotSpot(CHIP_BESIDE_POINTER)
        # Copy only: a move would let the host delete our file.
        taken = drag.exec(Qt.DropAction.CopyAction, Qt.DropAction.CopyAction)
        logger.info("drag of %d file(s): %s", len(self.last_paths), taken.name)
        if taken is Qt.DropAction.CopyAction:
            self._gone.update(self.last_paths)
            self._tell("Handed off", wanted)
        else:
            self._say("Nothing took the drop. File → Copy file and paste, or Reveal last file and drop it from there.")

    def _tell(self, done: str, wanted: HandOff) -> None:
        """Say what was done, and what had to be left out."""
        names = [Path(path).name for path in self.last_paths]
        what = names[0] if len(names) == 1 else f"{len(names)} files"
        left_out = (
            f" {self.options.drums.name} has no place for: {', '.join(wanted.missing)}." if wanted.missing else ""
        )
        self._say(f"{done} {what}.{left_out}")

    def _written(self, wanted: HandOff) -> bool:
        """Write files and wait for them while the window lives on; tells whether they are there."""
        if not wanted.files:
            self._say("There is nothing to hand off yet." if not wanted.missing else "None of these drums has a place.")
            return False
        loop = QEventLoop()
        done: list[FilesWritten] = []

        def finish(written: FilesWritten) -> None:
            done.append(written)
            loop.quit()

        def give_up(failure: Failed) -> None:
            self._warn(f"{failure.title} {failure.message}".strip())
            loop.quit()

        job = self._bridge.ask(WriteFiles(wanted.files), finish, or_else=give_up)
        QTimer.singleShot(WRITE_TIMEOUT_MS, loop.quit)
        loop.exec()
        self._bridge.forget(job)
        if done:
            self.last_paths = done[0].paths
        return bool(done)

    def save_as(self) -> None:
        self._save_one("Save loop as MIDI", HandOffAs.FILE, MIDI_FILTER)

    def save_project(self) -> None:
        """Save all as one project that Bitwig Studio, Studio One and Cubase open."""
        self._save_one("Save as DAWproject", HandOffAs.PROJECT, PROJECT_FILTER)

    def _save_one(self, title: str, form: HandOffAs, filter: str) -> None:
        wanted = self._hand_off(self._outgoing, form, self.folder)
        start = wanted.files[0].path if wanted.files else str(self.folder / file_stem(self._state.loop))
        path, _ = QFileDialog.getSaveFileName(self.parent_window, title, start, filter)
        if not path:
            return
        suffix = Path(start).suffix
        path = path if path.endswith(suffix) else path + suffix
        files = tuple(FileToWrite(path, file.loop, include_tempo=file.include_tempo) for file in wanted.files)
        if self._written(replace(wanted, files=files)):
            self._tell("Saved", wanted)

    def save_parts(self) -> None:
        folder = QFileDialog.getExistingDirectory(self.parent_window, "Folder for one file a part", str(self.folder))
        if folder:
            form = HandOffAs.PIECES if self.options.form is HandOffAs.PIECES else HandOffAs.PARTS
            wanted = self._hand_off(self._outgoing, form, Path(folder))
            if self._written(wanted):
                self._tell("Saved", wanted)

    def copy_file(self) -> None:
        """Put the loop as files on the clipboard."""
        wanted = self._hand_off(self._outgoing, self.options.form, self._day, gone=())
        if self._written(wanted):
            QGuiApplication.clipboard().setMimeData(mime_of_files(self.last_paths))
            self._tell("Copied, to be pasted in your DAW or a folder:", wanted)

    def reveal(self) -> None:
        """Show the folder of what was handed off last, and its path, as there may be no file manager."""
        folder = Path(self.last_paths[0]).parent if self.last_paths else self.folder
        if not folder.exists():
            self._say(f"Nothing was handed off yet; files will go to {self.folder}.")
            return
        path = self.last_paths[0] if self.last_paths else str(folder)
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))
        self._warn(
            f"{'The last file is' if self.last_paths else 'Files go to'} {path}",
            choices=(("Copy path", lambda: QGuiApplication.clipboard().setText(path)),),
        )
