"""The bar on top: play, tempo, meter, bars and key; the grid; and the loop's own drag handle."""

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QDoubleSpinBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QWidget,
)

from engine.music.harmony import PITCH_CLASS_NAMES, Key, Mode
from engine.music.loop import MAX_BARS, Loop
from engine.music.timing import MAX_TEMPO_BPM, MIN_TEMPO_BPM
from gui.panels.loop_badge import LoopBadge
from gui.piano_roll.transform import Snap
from gui.theme import SPACE_PX

METERS = ("4/4", "3/4", "6/8", "5/4", "7/8", "2/4", "12/8", "9/8", "7/4", "5/8")
NO_KEY = "No key"


def _caption(text: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("kind", "muted")
    return label


class TransportBar(QFrame):
    """Shows and changes what belongs to the whole loop."""

    play_toggled = Signal()
    tempo_edited = Signal(float)
    bars_edited = Signal(int)
    meter_edited = Signal(str)
    key_edited = Signal(object)  # Key or None
    snap_chosen = Signal(object)  # Snap
    name_edited = Signal(str)
    generate_wanted = Signal()

    def __init__(self, loop: Loop, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("kind", "panel")
        self.play = QPushButton("▶  Play")
        self.play.setFixedWidth(92)
        self.play.setAccessibleName("Play or stop")
        self.play.setToolTip("Play / stop (Space)")
        self.name = QLineEdit()
        self.name.setFixedWidth(150)
        self.name.setPlaceholderText("Untitled loop")
        self.name.setAccessibleName("Name of the loop")
        self.tempo = QDoubleSpinBox()
        self.tempo.setRange(MIN_TEMPO_BPM, MAX_TEMPO_BPM)
        self.tempo.setDecimals(2)
        self.tempo.setFixedWidth(76)
        self.meter = QComboBox()
        self.meter.addItems(METERS)
        self.bars = QSpinBox()
        self.bars.setRange(1, MAX_BARS)
        self.bars.setFixedWidth(50)
        self.tonic = QComboBox()
        self.tonic.addItems([NO_KEY, *PITCH_CLASS_NAMES])
        self.mode = QComboBox()
        self.mode.addItems([mode.value for mode in Mode])
        self.snap = QComboBox()
        self.snap.addItems([snap.label for snap in Snap])
        self.badge = LoopBadge()
        self.generate = QPushButton("Generate")
        self.generate.setProperty("kind", "primary")
        self.generate.setToolTip("Write takes (G)")
        for box in (self.tempo, self.bars):
            box.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._lay_out()
        self._connect()
        self._name_widgets()
        self.show_loop(loop)

    def _lay_out(self) -> None:
        layout = QHBoxLayout(self)
        layout.setContentsMargins(SPACE_PX, SPACE_PX, SPACE_PX, SPACE_PX)
        layout.setSpacing(SPACE_PX)
        layout.addWidget(self.play)
        layout.addWidget(self.name)
        layout.addSpacing(SPACE_PX)
        for caption, widgets in (
            ("BPM", (self.tempo,)),
            ("Meter", (self.meter,)),
            ("Bars", (self.bars,)),
            ("Key", (self.tonic, self.mode)),
            ("Grid", (self.snap,)),
        ):
            layout.addWidget(_caption(caption))
            for widget in widgets:
                layout.addWidget(widget)
        layout.addStretch(1)
        layout.addWidget(self.badge)
        layout.addWidget(self.generate)

    def _connect(self) -> None:
        self.play.clicked.connect(self.play_toggled)
        self.tempo.valueChanged.connect(self.tempo_edited)
        self.bars.valueChanged.connect(self.bars_edited)
        self.meter.textActivated.connect(self.meter_edited)
        self.tonic.activated.connect(lambda *_: self.key_edited.emit(self._key()))
        self.mode.activated.connect(lambda *_: self.key_edited.emit(self._key()))
        self.snap.activated.connect(lambda index: self.snap_chosen.emit(list(Snap)[index]))
        self.name.editingFinished.connect(lambda: self.name_edited.emit(self.name.text().strip()))
        self.generate.clicked.connect(self.generate_wanted)

    def _name_widgets(self) -> None:
        for widget, name in (
            (self.tempo, "Tempo in beats per minute"),
            (self.meter, "Meter"),
            (self.bars, "Number of bars"),
            (self.tonic, "Key"),
            (self.mode, "Scale"),
            (self.snap, "Grid"),
        ):
            widget.setAccessibleName(name)
            widget.setToolTip(name)

    def _key(self) -> Key | None:
        index = self.tonic.currentIndex()
        return None if index == 0 else Key(index - 1, Mode(self.mode.currentText()))

    def show_loop(self, loop: Loop) -> None:
        """Show a loop's values without telling anyone."""
        widgets = (self.tempo, self.meter, self.bars, self.tonic, self.mode, self.name)
        blockers = [QSignalBlocker(widget) for widget in widgets]
        self.tempo.setValue(loop.tempo_bpm)
        if self.meter.findText(str(loop.meter)) < 0:
            self.meter.addItem(str(loop.meter))
        self.meter.setCurrentText(str(loop.meter))
        self.bars.setValue(loop.bars)
        self.tonic.setCurrentIndex(0 if loop.key is None else loop.key.tonic + 1)
        self.mode.setEnabled(loop.key is not None)
        if loop.key is not None:
            self.mode.setCurrentText(loop.key.mode.value)
        if not self.name.hasFocus():
            self.name.setText(loop.name)
        del blockers

    def show_snap(self, snap: Snap) -> None:
        self.snap.setCurrentIndex(list(Snap).index(snap))

    def show_playing(self, is_playing: bool) -> None:
        self.play.setText("■  Stop" if is_playing else "▶  Play")

    def focus_back(self) -> None:
        """Give up the keyboard after typing, so that letters are shortcuts again."""
        if (widget := QApplication.focusWidget()) is not None and self.isAncestorOf(widget):
            widget.clearFocus()
