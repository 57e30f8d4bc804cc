"""Models beside the window: which one writes, how they come and go as files, and the training of one's own."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QDialog, QFileDialog, QTextBrowser, QVBoxLayout

from engine.jobs.files import FilesRead, FilesWritten, ReadFiles
from engine.jobs.models import ExportModel, FindModels, InstallModel, ModelRow, ModelsFound, UseModel
from engine.jobs.sound import Play, StopPlaying
from engine.jobs.writing import WorkerReady
from engine.messages import Failed
from engine.resources import models_folder, training_program
from gui.engine_bridge import EngineBridge
from gui.main_window import MainWindow
from gui.panels.training import TrainingDialog
from gui.session import Session
from gui.training_process import TrainingProcess

MODEL_FILTER = "Turnaround models (*.turnaround)"


class Models(QObject):
    """Lists models, switches between them, and opens the training.

    Args:
        bridge: The engine.
        window: Where notices and the menu of models are.
        session: Where the share of style is kept.
    """

    model_chosen = Signal(str)  # folder, once it writes

    def __init__(self, bridge: EngineBridge, window: MainWindow, session: Session) -> None:
        super().__init__(window)
        self._bridge, self._window, self._session = bridge, window, session
        self._box = window.controls.model
        self._ready: WorkerReady | None = None
        self._wanted = ""
        self.models: tuple[ModelRow, ...] = ()
        self.training: TrainingDialog | None = None
        self._box.model_wanted.connect(self.use)
        bridge.worker_ready.connect(self._on_ready)
        bridge.failed.connect(self._on_failed)
        window.closing.connect(self._on_closing)

    def slots(self) -> dict[str, Callable[..., None]]:
        """Return what each action of the menu Model does."""
        return {
            "model_train": self.train,
            "model_install": self.install,
            "model_export": self.export,
            "model_card": self.show_card,
        }

    def use(self, folder: str) -> None:
        """Write with another model from now on."""
        if self._ready is None or folder != self._ready.folder:
            self._wanted = folder
            self._bridge.tell(UseModel(folder))

    def _on_ready(self, event: WorkerReady) -> None:
        is_chosen, self._wanted = event.folder == self._wanted, ""
        self._ready = event
        self._box.show_style(event.has_style)
        self._bridge.ask(FindModels(), self._show, or_else=self._tell)
        if is_chosen:
            self._window.say(f"{event.model} writes now.")
            self.model_chosen.emit(event.folder)

    def _on_failed(self, job: int, event: Failed) -> None:
        if job == 0 and self._wanted:
            self._wanted = ""
            self._tell(event)
            self._show_menu()

    def _show(self, found: ModelsFound) -> None:
        self.models = found.models
        self._show_menu()

    def _show_menu(self) -> None:
        self._box.show_models(self.models, self._ready.folder if self._ready else "")

    def _tell(self, event: Failed) -> None:
        self._window.banner.say(f"{event.title} {event.message}".strip())

    def install(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self._window, "Install a model", "", MODEL_FILTER)
        if path:
            self._bridge.ask(InstallModel(path), self._on_installed, or_else=self._tell)

    def _on_installed(self, found: ModelsFound) -> None:
        self._show(found)
        name = next((model.name for model in found.models if model.folder == found.installed), "The model")
        self._window.banner.say(f"{name} is installed.", choices=(("Use it", lambda: self.use(found.installed)),))

    def export(self) -> None:
        if self._ready is None:
            self._window.say("No model is loaded yet.")
            return
        start = f"{self._ready.model}.turnaround"
        path, _ = QFileDialog.getSaveFileName(self._window, "Save the model as one file", start, MODEL_FILTER)
        if path:
            self._bridge.ask(ExportModel(self._ready.folder, path), self._on_exported, or_else=self._tell)

    def _on_exported(self, written: FilesWritten) -> None:
        self._window.say(f"Saved {Path(written.paths[0]).name}.")

    def show_card(self) -> None:
        folder = self._ready.folder if self._ready else ""
        row = next((model for model in self.models if model.folder == folder), None)
        if row is None:
            self._window.say("No model is loaded yet.")
            return
        dialog = QDialog(self._window)
        dialog.setWindowTitle(row.name)
        dialog.resize(720, 620)
        text = QTextBrowser()
        text.setAccessibleName("Model card")
        text.setMarkdown(row.card)
        layout = QVBoxLayout(dialog)
        layout.addWidget(text)
        dialog.show()

    def train(self) -> None:
        """Open the three screens of training."""
        if self.training is not None and self.training.process.program is None:  # it may have been installed since
            self.training.deleteLater()
            self.training = None
        if self.training is None:
            process = TrainingProcess(training_program(), models_folder(), self)
            self.training = TrainingDialog(process, self._window)
            self.training.model_made.connect(self._on_made)
            self.training.sample_wanted.connect(self._hear)
        self.training.show()
        self.training.raise_()

    def _hear(self, path: str) -> None:
        """Play a loop that the training wrote; "" is silence."""
        if not path:
            self._bridge.tell(StopPlaying())
            return

        def play(read: FilesRead) -> None:
            if (loop := read.files[0].loop) is not None:
                self._bridge.tell(Play(loop))

        self._bridge.ask(ReadFiles((path,)), play, or_else=self._tell)

    def _on_made(self, folder: str) -> None:
        self._bridge.ask(FindModels(), self._show, or_else=self._tell)
        self._window.banner.say(
            f"{Path(folder).name} is ready.", choices=(("Write with it", lambda: self.use(folder)),)
        )

    def _on_closing(self) -> None:
        if self.training is not None:
            self.training.process.leave()
