"""The action that writes many loops, between its dialog and the batch itself."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject

from engine.messages import GenerationRequest
from gui.batch import Batch, BatchProgress
from gui.engine_bridge import EngineBridge
from gui.main_window import MainWindow
from gui.panels.batch import BatchDialog, progress_text


class Batches(QObject):
    """Opens the dialog and starts what it asks.

    Args:
        window, bridge: See their classes.
        request: What `G` would ask now, or None when nothing could be written.
        what: What the Write button says.
        folder: Where files go unless another folder is chosen.
        offers_likenesses: Whether loops too like a known song may be written.
    """

    def __init__(
        self,
        window: MainWindow,
        bridge: EngineBridge,
        *,
        request: Callable[[], GenerationRequest | None],
        what: Callable[[], str],
        folder: Callable[[], Path],
        offers_likenesses: Callable[[], bool],
    ) -> None:
        super().__init__(window)
        self._window, self._request, self._what, self._folder = window, request, what, folder
        self._offers_likenesses = offers_likenesses
        self.batch = Batch(bridge, self)
        self.dialog: BatchDialog | None = None
        self.batch.progressed.connect(self._on_progressed)
        self.batch.ended.connect(self._on_ended)

    def slots(self) -> dict[str, Callable[..., None]]:
        """Return what each action does."""
        return {"take_batch": self.show}

    def show(self) -> None:
        """Open the dialog, on what it was last used for."""
        if self.dialog is None:
            self.dialog = BatchDialog(self._folder() / "Batch", self._window)
            self.dialog.start_wanted.connect(self._start)
            self.dialog.stop_wanted.connect(self.batch.stop)
        if not self.batch.is_running:
            self.dialog.show_request(self._what())
        self.dialog.show()
        self.dialog.raise_()

    def _start(self, count: int, folder: str, is_deduplicated: bool) -> None:
        request = self._request()
        if request is None:
            self._on_ended("There is no part to write.")
            return
        if self.dialog is not None:
            self.dialog.show_running()
        self.batch.start(
            request,
            count,
            Path(folder).expanduser(),
            is_deduplicated=is_deduplicated,
            offers_likenesses=self._offers_likenesses(),
        )

    def _on_progressed(self, progress: BatchProgress) -> None:
        if self.dialog is not None:
            self.dialog.show_progress(progress)
        if self.dialog is None or not self.dialog.isVisible():
            self._window.say(progress_text(progress))

    def _on_ended(self, text: str) -> None:
        if self.dialog is not None:
            self.dialog.show_end(text)
        if self.dialog is None or not self.dialog.isVisible():
            self._window.banner.say(text)
