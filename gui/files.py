"""Files that come in: stems and songs, by dialog or drop. The desk reads; this object puts what was read to use."""

import itertools
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog, QWidget

from engine.jobs.files import FilesRead, ReadFiles
from engine.messages import Failed
from gui import loop_edits
from gui.document import LoopDocument
from gui.engine_bridge import EngineBridge

MIDI_FILTER = "MIDI files (*.mid *.midi *.smf *.kar)"
MIDI_PATTERNS = ("*.mid", "*.midi", "*.MID")
MAX_DROPPED_FILES = 16


class Files(QObject):
    """Reads files into the document.

    Args:
        bridge: The engine.
        document: Where what is read goes.
        say: Shows a notice.
        warn: Shows a banner.
    """

    def __init__(
        self,
        bridge: EngineBridge,
        document: LoopDocument,
        *,
        say: Callable[[str], None],
        warn: Callable[[str], None],
    ) -> None:
        super().__init__()
        self._bridge, self._document = bridge, document
        self._say, self._warn = say, warn
        self.parent_window: QWidget | None = None

    def slots(self) -> dict[str, Callable[..., None]]:
        """Return what each file action does."""
        return {
            "file_open": self.open_song,
            "file_add_stems": self.add_stems,
        }

    def _on_failed(self, event: Failed) -> None:
        self._warn(f"{event.title} {event.message}".strip())

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


def _midi_files(path: Path) -> list[str]:
    if not path.is_dir():
        return [str(path)]
    return sorted(str(file) for pattern in MIDI_PATTERNS for file in path.glob(pattern))
