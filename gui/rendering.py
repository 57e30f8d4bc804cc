"""Rendering the loop to WAV files."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog

from engine.jobs.files import RenderWav
from engine.messages import Failed
from gui.engine_bridge import EngineBridge
from gui.exports import Exports
from gui.hand_off import file_stem
from gui.main_window import MainWindow
from gui.piano_roll.state import RollState

WAV_FILTER = "WAV files (*.wav)"
RENDER_PASSES = 2


class Rendering(QObject):
    """Has the loop rendered.

    Args:
        bridge: The engine.
        state: What is shown, hence rendered.
        exports: Knows the folder.
        window: Where notices appear.
    """

    def __init__(self, bridge: EngineBridge, state: RollState, exports: Exports, window: MainWindow) -> None:
        super().__init__(window)
        self._bridge, self._state, self._exports, self._window = bridge, state, exports, window

    def slots(self) -> dict[str, Callable[..., None]]:
        """Return what each action does."""
        return {"file_render": self.render}

    def render(self) -> None:
        loop = self._state.loop
        start = str(self._exports.folder / f"{file_stem(loop)}.wav")
        path, _ = QFileDialog.getSaveFileName(self._window, "Render to WAV", start, WAV_FILTER)
        if path:
            self._bridge.ask(
                RenderWav(path if Path(path).suffix else f"{path}.wav", loop, RENDER_PASSES),
                lambda _: self._window.say(f"Rendered {Path(path).name}."),
                or_else=self._on_failed,
            )

    def _on_failed(self, event: Failed) -> None:
        self._window.banner.say(f"{event.title} {event.message}".strip())
