"""Files in and out: stems and songs that come in, MIDI that goes out by drag, clipboard or dialog.

The desk reads and writes; this object knows where files go and what to do once they are there. A drag begins with a
real file: Qt's drag needs it before it starts, and hosts may keep referring to it, so it lies in a lasting folder.
"""

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject

from engine.jobs import FilesRead
from engine.music.harmony import Chord, Key
from gui import loop_edits
from gui.document import LoopDocument
from gui.engine_bridge import EngineBridge
from gui.takes import TakeBoard

logger = logging.getLogger(__name__)


class Files(QObject):
    """Everything about files.

    Args:
        bridge: The engine.
        document: What is written, and where what is read goes.
        board: The takes.
        say: Shows a notice.
        warn: Shows a banner.
    """

    def __init__(
        self,
        bridge: EngineBridge,
        document: LoopDocument,
        board: TakeBoard,
        *,
        say: Callable[[str], None],
        warn: Callable[[str], None],
    ) -> None:
        super().__init__()
        self._bridge, self._document, self._board = bridge, document, board
        self._say, self._warn = say, warn
        self._reading: dict[int, Callable[[FilesRead], None]] = {}
        bridge.files_read.connect(self._on_files_read)

    def slots(self) -> dict[str, Callable[..., None]]:
        """Return what each file action does."""
        return {
            "file_open": self.open_song,
            "file_add_stems": self.add_stems,
            "file_save_as": lambda: None,
            "file_save_parts": lambda: None,
            "file_render": lambda: None,
            "file_copy": lambda: None,
            "file_reveal": lambda: None,
        }

    def drag_loop(self, as_parts: bool) -> None: ...

    def drag_part(self, part: int) -> None: ...

    def toggle_favourite(self) -> None: ...

    def open_song(self) -> None: ...

    def add_stems(self) -> None: ...

    def show_first_loop(self, paths: list[Path], *, key: Key, chords: tuple[tuple[Chord, ...], ...]) -> None:
        """Begin with some files of known harmony; nothing is asked and nothing is to be undone."""
        job = self._bridge.read_files(tuple(str(path) for path in paths))

        def show(read: FilesRead) -> None:
            loops = tuple(file.loop for file in read.files if file.loop is not None)
            if loops and not self._document.undo_stack.canUndo():
                loop = loop_edits.with_stems(self._document.loop, loops, is_new=True)
                self._document.reset(replace(loop, key=key, chords=chords))

        self._reading[job] = show

    def add_paths(self, paths: list[str]) -> None:
        """Add MIDI files as stems, or as the whole loop where there is nothing yet."""
        job = self._bridge.read_files(tuple(paths))
        self._reading[job] = self._add

    def _add(self, read: FilesRead) -> None:
        loops = tuple(file.loop for file in read.files if file.loop is not None)
        is_new = not self._document.loop.note_count
        if loops:
            self._document.edit("Add stems", loop_edits.with_stems(self._document.loop, loops, is_new=is_new))
        told = [line for file in read.files for line in file.dropped]
        if told:
            self._warn(" ".join(told[:3]))

    def _on_files_read(self, job: int, read: FilesRead) -> None:
        action = self._reading.pop(job, None)
        if action is not None:
            action(read)
