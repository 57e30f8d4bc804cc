"""What is to be rendered, and how far it is."""

from collections.abc import Callable
from enum import Enum
from typing import TypeVar

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from gui.panels.number_boxes import WholeBox

Widget = TypeVar("Widget", bound=QWidget)

MAX_PASSES = 64
FULL = 1000


class RenderWhat(Enum):
    """The files that a rendering makes."""

    MIX = "The mix"
    STEMS = "One file a part"
    BOTH = "The mix and one file a part"

    @property
    def has_mix(self) -> bool:
        return self is not RenderWhat.STEMS

    @property
    def has_stems(self) -> bool:
        return self is not RenderWhat.MIX


COUNT_INS = ("None", "1 bar", "2 bars")


class RenderDialog(QDialog):
    """Asks what to render; shows progress; lets it be stopped. It blocks nothing.

    Args:
        seconds: Returns how long one pass of the loop is.
    """

    start_wanted = Signal()
    stop_wanted = Signal()

    def __init__(self, seconds: Callable[[], float], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._seconds = seconds
        self.setWindowTitle("Render to WAV")
        self.setMinimumWidth(420)
        self.what = _named(QComboBox(), "What is rendered")
        self.what.addItems([what.value for what in RenderWhat])
        self.passes = _named(WholeBox(), "How many times the loop is played")
        self.passes.setRange(1, MAX_PASSES)
        self.passes.setValue(4)
        self.count_in = _named(QComboBox(), "Count-in")
        self.count_in.addItems(COUNT_INS)
        self.length = QLabel()
        self.length.setProperty("kind", "muted")
        self.progress = _named(QProgressBar(), "How much is rendered")
        self.progress.setRange(0, FULL)
        self.progress.setTextVisible(False)
        self.start = QPushButton("Render…")
        self.start.setProperty("kind", "primary")
        self.stop = QPushButton("Stop")
        self._lay_out()
        self.passes.valueChanged.connect(lambda _: self.show_length())
        self.start.clicked.connect(self.start_wanted)
        self.stop.clicked.connect(self.stop_wanted)
        self.show_running(is_running=False)

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.addRow("Files", self.what)
        form.addRow("Passes", self.passes)
        form.addRow("Count-in", self.count_in)
        form.addRow("", self.length)
        buttons = QHBoxLayout()
        buttons.addWidget(self.progress, 1)
        buttons.addStretch(1)
        buttons.addWidget(self.stop)
        buttons.addWidget(self.start)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addLayout(buttons)

    @property
    def chosen(self) -> RenderWhat:
        return list(RenderWhat)[self.what.currentIndex()]

    def show_length(self) -> None:
        """Say how long the sound will be."""
        seconds = self._seconds()
        self.length.setText(f"{self.passes.value()} × {seconds:.1f} s, then the last notes ring on.")

    def show_running(self, *, is_running: bool) -> None:
        """Show what can be done now."""
        self.progress.setValue(0)
        self.progress.setVisible(is_running)
        self.stop.setVisible(is_running)
        self.start.setEnabled(not is_running)
        for widget in (self.what, self.passes, self.count_in):
            widget.setEnabled(not is_running)
        if not is_running:
            self.show_length()

    def show_progress(self, done: float, seconds_left: float) -> None:
        self.progress.setValue(round(done * FULL))
        self.length.setText(f"{done:.0%}, about {seconds_left:.0f} s left")


def _named(widget: Widget, name: str) -> Widget:
    widget.setAccessibleName(name)
    return widget
