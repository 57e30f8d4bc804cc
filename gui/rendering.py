"""Rendering the loop to WAV files: asks what, has the desk do it, shows how far it is."""

import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog

from engine.jobs.files import FilesWritten, RenderProgress, RenderWav, StopRendering
from engine.messages import Failed
from gui.engine_bridge import EngineBridge
from gui.exports import Exports
from gui.hand_off import file_stem
from gui.main_window import MainWindow
from gui.panels.render import RenderDialog
from gui.piano_roll.state import RollState
from gui.session import Session

WAV_FILTER = "WAV files (*.wav)"


class Rendering(QObject):
    """Has the loop rendered, as it is heard: with the parts' levels, muted ones left out.

    Args:
        bridge: The engine.
        state: What is shown, hence rendered.
        session: The parts' levels.
        exports: Knows folder and names.
        window: Where notices appear.
    """

    def __init__(
        self, bridge: EngineBridge, state: RollState, session: Session, exports: Exports, window: MainWindow
    ) -> None:
        super().__init__(window)
        self._bridge, self._state, self._session = bridge, state, session
        self._exports, self._window = exports, window
        self._job = 0
        self._began = 0.0
        self.dialog: RenderDialog | None = None
        bridge.render_progressed.connect(self._on_progress)

    def slots(self) -> dict[str, Callable[..., None]]:
        """Return what each action does."""
        return {"file_render": self.show}

    def show(self) -> None:
        """Ask what to render."""
        if self.dialog is None:
            self.dialog = RenderDialog(lambda: self._state.loop.seconds, self._window)
            self.dialog.start_wanted.connect(self.start)
            self.dialog.stop_wanted.connect(self.stop)
        self.dialog.show_length()
        self.dialog.show()
        self.dialog.raise_()

    def start(self) -> None:
        """Ask for a file, then render."""
        dialog, loop = self.dialog, self._state.loop
        assert dialog is not None
        proposed = str(self._exports.folder / f"{file_stem(loop, template=self._exports.options.file_name)}.wav")
        path, _ = QFileDialog.getSaveFileName(dialog, "Render to WAV", proposed, WAV_FILTER)
        if not path:
            return
        wish = RenderWav(
            path if path.endswith(".wav") else f"{path}.wav",
            self._session.played(loop),
            dialog.passes.value(),
            self._session.gains[: len(loop.tracks)],
            dialog.chosen.has_mix,
            dialog.chosen.has_stems,
            dialog.count_in.currentIndex(),
        )
        self._began = time.monotonic()
        self._job = self._bridge.ask(wish, self._on_written, or_else=self._on_failed)
        dialog.show_running(is_running=True)

    def stop(self) -> None:
        """Give up what is being rendered; nothing of it stays."""
        if self._job:
            self._bridge.tell(StopRendering(self._job))

    def _on_progress(self, job: int, progress: RenderProgress) -> None:
        if job == self._job and self.dialog is not None and progress.done > 0:
            elapsed = time.monotonic() - self._began
            self.dialog.show_progress(progress.done, elapsed / progress.done - elapsed)

    def _on_written(self, written: FilesWritten) -> None:
        self._end()
        if not written.paths:
            self._window.say("Rendering was stopped; nothing was written.")
            return
        self._exports.last_paths = written.paths
        first, *others = written.paths
        more = f" and {len(others)} more" if others else ""
        self._window.say(f"Rendered {Path(first).name}{more}. File → Reveal last file shows it.")
        if self.dialog is not None:
            self.dialog.hide()

    def _on_failed(self, event: Failed) -> None:
        self._end()
        self._window.banner.say(f"{event.title} {event.message}".strip())

    def _end(self) -> None:
        self._job = 0
        if self.dialog is not None:
            self.dialog.show_running(is_running=False)
