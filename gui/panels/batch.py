"""Asks how many loops to write to which folder, and shows how far it is."""

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from gui.batch import MOST, BatchProgress, left_out_text, time_text
from gui.panels.number_boxes import WholeBox

USUAL_COUNT = 100


class BatchDialog(QDialog):
    """Starts and stops a batch; may be closed while it runs.

    Args:
        folder: Where files go unless another is chosen.
    """

    start_wanted = Signal(int, str, bool)  # count, folder, whether near copies are left out
    stop_wanted = Signal()

    def __init__(self, folder: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Write many")
        self.setMinimumWidth(520)
        self.count = WholeBox()
        self.count.setRange(1, MOST)
        self.count.setValue(USUAL_COUNT)
        self.count.setAccessibleName("How many loops")
        self.folder = QLineEdit(str(folder))
        self.folder.setAccessibleName("Folder")
        self.choose = QPushButton("Choose…")
        self.distinct = QCheckBox("Leave out what is nearly the same")
        self.distinct.setChecked(True)
        self.what = QLabel()
        self.what.setProperty("kind", "muted")
        self.what.setWordWrap(True)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Progress")
        self.told = QLabel()
        self.told.setWordWrap(True)
        self.go = QPushButton("Start")
        self.go.setProperty("kind", "primary")
        self._is_running = False
        row = QHBoxLayout()
        row.addWidget(self.folder, 1)
        row.addWidget(self.choose)
        form = QFormLayout()
        form.setVerticalSpacing(10)
        form.addRow("Loops", self.count)
        form.addRow("Folder", row)
        form.addRow("", self.distinct)
        layout = QVBoxLayout(self)
        layout.addWidget(self.what)
        layout.addLayout(form)
        layout.addWidget(self.bar)
        layout.addWidget(self.told)
        foot = QHBoxLayout()
        foot.addStretch(1)
        foot.addWidget(self.go)
        layout.addLayout(foot)
        self.choose.clicked.connect(self._choose)
        self.go.clicked.connect(self._on_go)
        self.bar.hide()

    def show_request(self, what: str) -> None:
        """Say what will be written."""
        self.what.setText(f"{what} — the same as G would, each time with another seed. All are in the library too.")

    def _choose(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Folder for the loops", self.folder.text())
        if folder:
            self.folder.setText(folder)

    def _on_go(self) -> None:
        if self._is_running:
            self.stop_wanted.emit()
        else:
            self.start_wanted.emit(self.count.value(), self.folder.text(), self.distinct.isChecked())

    def show_running(self) -> None:
        """Show that it has begun."""
        self._show_state(True)
        self.bar.setRange(0, 1)  # empty, not moving to and fro: the words say what happens
        self.bar.setValue(0)
        self.bar.show()
        self.told.setText("Writing the first …")

    def show_progress(self, progress: BatchProgress) -> None:
        """Show how far it is."""
        self.bar.setRange(0, progress.wanted)
        self.bar.setValue(progress.written)
        self.told.setText(progress_text(progress))

    def show_end(self, text: str) -> None:
        """Show how it ended."""
        self._show_state(False)
        self.bar.hide()
        self.told.setText(text)

    def _show_state(self, is_running: bool) -> None:
        self._is_running = is_running
        self.go.setText("Stop" if is_running else "Start")
        for widget in (self.count, self.folder, self.choose, self.distinct):
            widget.setEnabled(not is_running)


def progress_text(progress: BatchProgress) -> str:
    """Return how far a batch is, in words."""
    text = f"{progress.written} of {progress.wanted} loops{left_out_text(progress.left_out, progress.too_like)}"
    if progress.seconds_left is not None:
        text += f"   ·   {time_text(progress.seconds_left)} left"
    return text
