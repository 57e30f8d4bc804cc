"""The bar on top: play, tempo, meter, bars and key; the grid; and the loop's own drag handle."""

import itertools

from PySide6.QtCore import QEvent, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QWidget,
)

from engine.music.harmony import PITCH_CLASS_NAMES, Key, Mode
from engine.music.loop import MAX_BARS, Loop
from engine.music.timing import MAX_TEMPO_BPM, MIN_TEMPO_BPM
from gui.panels.loop_badge import LoopBadge
from gui.panels.number_boxes import DecimalBox, WholeBox
from gui.panels.silent_mark import SilentMark
from gui.panels.steady_button import SteadyButton
from gui.piano_roll.transform import Snap
from gui.tab_order import let_go
from gui.theme import SPACE_PX

METERS = ("4/4", "3/4", "6/8", "5/4", "7/8", "2/4", "12/8", "9/8", "7/4", "5/8")
NO_KEY = "No key"
PLAY, STOP = "▶  Play", "■  Stop"


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
        self.play = SteadyButton(PLAY, STOP)
        self.play.setAccessibleName("Play or stop")
        self.play.setToolTip("Play / stop (Space)")
        self.silent = SilentMark()
        self.name = QLineEdit()
        self.name.setPlaceholderText("Untitled loop")
        self.name.setAccessibleName("Name of the loop")
        self.tempo = DecimalBox()
        self.tempo.setRange(MIN_TEMPO_BPM, MAX_TEMPO_BPM)
        self.tempo.setDecimals(2)
        self.meter = QComboBox()
        self.meter.addItems(METERS)
        self.bars = WholeBox()
        self.bars.setRange(1, MAX_BARS)
        self.tonic = QComboBox()
        self.tonic.addItems([NO_KEY, *PITCH_CLASS_NAMES])
        self.mode = QComboBox()
        self.mode.addItems([mode.value for mode in Mode])
        self.snap = QComboBox()
        self.snap.addItems([snap.label for snap in Snap])
        self.badge = LoopBadge()
        self.generate = SteadyButton("Write", "Rewrite Drums, bars 1–4")
        self.generate.setProperty("kind", "primary")
        self.show_target("Write")
        for box in (self.tempo, self.bars):
            box.setAlignment(Qt.AlignmentFlag.AlignCenter)
            box.setKeyboardTracking(False)  # “16” is no loop of one bar first
        self._lay_out()
        self._connect()
        self._name_widgets()
        self._fit_fields()
        self.show_loop(loop)

    def _lay_out(self) -> None:
        layout = self._row = QHBoxLayout(self)
        layout.setContentsMargins(SPACE_PX, SPACE_PX, SPACE_PX, SPACE_PX)
        layout.setSpacing(SPACE_PX)
        layout.addWidget(self.play)
        layout.addWidget(self.silent)
        layout.addWidget(self.name)
        groups = {
            "BPM": (self.tempo,),
            "Meter": (self.meter,),
            "Bars": (self.bars,),
            "Key": (self.tonic, self.mode),
            "Grid": (self.snap,),
        }
        captions = {text: _caption(text) for text in groups}
        for text, widgets in groups.items():
            for widget in (captions[text], *widgets):
                layout.addWidget(widget)
        layout.addStretch(1)
        # What goes first where there is no room; all of it has another way, or tells by itself what it is.
        grid = (captions.pop("Grid"), self.snap)
        self._dispensable = (grid, tuple(captions.values()), (self.name,), (self.meter,), (self.tonic, self.mode))
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

    def show_target(self, text: str) -> None:
        """Say what the button writes."""
        self.generate.setText(text)
        self.generate.setToolTip(f"{text} (G)")

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

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._make_room()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.StyleChange, QEvent.Type.FontChange):
            self._fit_fields()

    def _fit_fields(self) -> None:
        """Give the fields that are typed into room for what they hold, in the writing of now."""
        for field, widest in ((self.name, "A loop with a name"), (self.tempo, "888.88"), (self.bars, "16")):
            metrics = field.fontMetrics()
            field.setFixedWidth(metrics.horizontalAdvance(widest) + 2 * metrics.height())
        self._make_room()

    def _make_room(self) -> None:
        """Hide what can be done without, until the rest fits."""
        for widget in itertools.chain(*self._dispensable):
            widget.show()
        for widgets in self._dispensable:
            if self._row.minimumSize().width() <= self.width():
                return
            for widget in widgets:
                widget.hide()

    def show_snap(self, snap: Snap) -> None:
        self.snap.setCurrentIndex(list(Snap).index(snap))

    def show_playing(self, is_playing: bool) -> None:
        self.play.setText(STOP if is_playing else PLAY)

    def focus_back(self) -> None:
        """Give up the keyboard after typing, so that letters are shortcuts again."""
        if (widget := QApplication.focusWidget()) is not None and self.isAncestorOf(widget):
            let_go(widget)
