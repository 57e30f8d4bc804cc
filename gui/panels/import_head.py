"""The head of the import panel: tempo, meter, key and the bars that are taken, all as found and correctable."""

import time
from collections.abc import Callable

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from engine.music.harmony import PITCH_CLASS_NAMES, Key, Mode
from engine.music.loop import MAX_BARS
from engine.music.timing import MAX_TEMPO_BPM, MIN_TEMPO_BPM, Meter
from gui.material import Material
from gui.panels.number_boxes import DecimalBox, WholeBox
from gui.panels.transport import METERS, NO_KEY

FEWEST_TAPS = 4
FORGET_SECONDS = 2.5
MOST_SECONDS = 36_000.0


class Taps:
    """Tells a tempo from presses in time.

    Args:
        clock: Seconds; a test passes its own.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._times: list[float] = []

    def tap(self) -> float | None:
        """Count a press; return the tempo in BPM once there are enough, None before."""
        now = self._clock()
        if self._times and now - self._times[-1] > FORGET_SECONDS:
            self._times.clear()
        self._times.append(now)
        if len(self._times) < FEWEST_TAPS:
            return None
        tempo = 60 * (len(self._times) - 1) / max(self._times[-1] - self._times[0], 1e-3)
        return min(max(round(tempo, 1), MIN_TEMPO_BPM), MAX_TEMPO_BPM)


def _row(*items: QWidget | str | int) -> QHBoxLayout:
    """Return widgets, captions and gaps in pixels side by side."""
    row = QHBoxLayout()
    row.setSpacing(6)
    for item in items:
        if isinstance(item, int):
            row.addSpacing(item)
        elif isinstance(item, str):
            label = QLabel(item)
            label.setProperty("kind", "muted")
            row.addWidget(label)
        else:
            row.addWidget(item)
    row.addStretch(1)
    return row


class ImportHead(QWidget):
    """Shows and changes what holds for all parts."""

    tempo_set = Signal(float)
    scaled = Signal(float)
    meter_set = Signal(object)  # Meter
    key_set = Signal(object)  # Key or None
    window_set = Signal(int, int)  # first bar from 0, bars
    bar_one_set = Signal(float)  # seconds from the beginning of the file in front

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.tempo = DecimalBox()
        self.tempo.setRange(MIN_TEMPO_BPM, MAX_TEMPO_BPM)
        self.tempo.setDecimals(2)
        self.tempo.setFixedWidth(76)
        self.tempo.setKeyboardTracking(False)
        self.half, self.double, self.tap = QPushButton("÷2"), QPushButton("×2"), QPushButton("Tap")
        self.meter = QComboBox()
        self.meter.addItems(METERS)
        self.tonic, self.mode = QComboBox(), QComboBox()
        self.tonic.addItems([NO_KEY, *PITCH_CLASS_NAMES])
        self.mode.addItems([mode.value for mode in Mode])
        self.first, self.bars = WholeBox(), WholeBox()
        for box in (self.first, self.bars):
            box.setFixedWidth(58)
            box.setKeyboardTracking(False)
        self.bar_one = DecimalBox()
        self.bar_one.setDecimals(3)
        self.bar_one.setSingleStep(0.01)
        self.bar_one.setRange(-MOST_SECONDS, MOST_SECONDS)
        self.bar_one.setKeyboardTracking(False)
        self.bar_one.setFixedWidth(80)
        self.first.setRange(1, 9999)
        self.bars.setRange(1, MAX_BARS)
        self._taps = Taps()
        self._name_widgets()
        self._lay_out()
        self._connect()

    def _name_widgets(self) -> None:
        for widget, name, tip in (
            (self.tempo, "Tempo in BPM", "As found; type another."),
            (self.half, "Half the tempo", "The same moments, half as many beats."),
            (self.double, "Twice the tempo", "The same moments, twice as many beats."),
            (self.tap, "Tap the tempo", "Press it in time, four times or more."),
            (self.meter, "Meter", "Of the bars."),
            (self.tonic, "Tonic", "Of the key."),
            (self.mode, "Mode", "Of the key."),
            (self.first, "First bar that is taken", "The first bar that is taken."),
            (self.bars, "Number of bars that are taken", "How many bars are taken."),
            (self.bar_one, "Bar 1 in seconds", "Where bar 1 begins in the file of the row in front."),
        ):
            widget.setAccessibleName(name)
            widget.setToolTip(tip)

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addLayout(
            _row(
                "BPM", self.tempo, self.half, self.double, self.tap, 10, "Meter", self.meter, 10, "Key", self.tonic,
                self.mode,
            )
        )  # fmt: skip
        layout.addLayout(
            _row("From bar", self.first, "take", self.bars, "bars", 10, "Bar 1 at", self.bar_one, "seconds")
        )

    def _connect(self) -> None:
        self.tempo.valueChanged.connect(self.tempo_set)
        self.half.clicked.connect(lambda: self.scaled.emit(0.5))
        self.double.clicked.connect(lambda: self.scaled.emit(2.0))
        self.tap.pressed.connect(self._on_tap)
        self.meter.textActivated.connect(lambda text: self.meter_set.emit(Meter.parse(text)))
        for box in (self.tonic, self.mode):
            box.activated.connect(self._on_key)
        for box in (self.first, self.bars):
            box.valueChanged.connect(lambda *_: self.window_set.emit(self.first.value() - 1, self.bars.value()))
        self.bar_one.valueChanged.connect(self.bar_one_set)

    def _on_tap(self) -> None:
        tempo = self._taps.tap()
        if tempo is not None:
            self.tempo_set.emit(tempo)

    def _on_key(self) -> None:
        tonic = self.tonic.currentIndex() - 1
        self.key_set.emit(None if tonic < 0 else Key(tonic, list(Mode)[self.mode.currentIndex()]))

    def show_material(self, material: Material) -> None:
        """Show what was found or set."""
        blockers = [QSignalBlocker(w) for w in (self.tempo, self.meter, self.first, self.bars)]
        self.tempo.setValue(material.tempo)
        if self.meter.findText(str(material.meter)) < 0:
            self.meter.addItem(str(material.meter))
        self.meter.setCurrentText(str(material.meter))
        self.first.setMaximum(max(material.longest, 1))
        self.first.setValue(material.first_bar + 1)
        self.bars.setValue(material.bars)
        del blockers

    def show_key(self, key: Key | None) -> None:
        """Show the key of what is taken."""
        self.tonic.setCurrentIndex(0 if key is None else key.tonic + 1)
        if key is not None:
            self.mode.setCurrentIndex(list(Mode).index(key.mode))
        self.mode.setEnabled(key is not None)

    def show_bar_one(self, seconds: float) -> None:
        """Show where bar 1 is in the file of the row in front."""
        blocker = QSignalBlocker(self.bar_one)
        self.bar_one.setValue(seconds)
        del blocker
