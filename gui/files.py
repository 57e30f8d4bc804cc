"""A MIDI file opened as the loop. The desk reads; what was read is told."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from engine.jobs.files import FilesRead, ReadFiles
from engine.messages import Failed
from gui import loop_edits
from gui.engine_bridge import EngineBridge

MIDI_FILTER = "MIDI files (*.mid *.midi *.smf *.kar)"


class Files(QObject):
    """Opens files.

    Args:
        bridge: The engine.
        warn: Shows a banner.
    """

    loop_opened = Signal(str, object)  # name of the file, Loop

    def __init__(self, bridge: EngineBridge, *, warn: Callable[[str], None]) -> None:
        super().__init__()
        self._bridge, self._warn = bridge, warn
        self.parent_window: QWidget | None = None

    def slots(self) -> dict[str, Callable[..., None]]:
        """Return what each action does."""
        return {"file_open": self.open_song}

    def open_song(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self.parent_window, "Open MIDI as a song", "", MIDI_FILTER)
        if path:
            self._bridge.ask(ReadFiles((path,)), self._replace, or_else=self._on_failed)

    def _on_failed(self, event: Failed) -> None:
        self._warn(f"{event.title} {event.message}".strip())

    def _replace(self, read: FilesRead) -> None:
        (file,) = read.files
        if file.loop is not None:
            self.loop_opened.emit(Path(file.path).name, loop_edits.with_stems(file.loop, (file.loop,), is_new=True))
        if file.dropped:
            self._warn(" ".join(file.dropped[:3]))
