"""What is looked for in the library, beside words: key, tempo, bars, part, rating, marks."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QLabel, QWidget

from engine.jobs.library import Query
from engine.music.general_midi import ROLES
from engine.music.harmony import PITCH_CLASS_NAMES, Key, Mode
from engine.music.loop import MAX_BARS
from engine.music.timing import MAX_TEMPO_BPM
from gui.panels.number_boxes import DecimalBox
from gui.panels.stars import MOST

ANY = "any"


class Filters(QWidget):
    """What is looked for, beside words."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.tonic = _box("Key", (ANY, *PITCH_CLASS_NAMES))
        self.mode = _box("Scale", tuple(mode.value for mode in Mode))
        self.low = _tempo("Slowest tempo", "BPM from")
        self.high = _tempo("Fastest tempo", "to")
        self.bars = _box("Bars", (ANY, *map(str, range(1, MAX_BARS + 1))))
        self.part = _box("Part that was written", (ANY, *(role.value for role in ROLES)))
        self.rating = _box("Rating, at least", (ANY, *("★" * n for n in range(1, MOST + 1))))
        self.favourites = QCheckBox("♥ only")
        self.favourites.setAccessibleName("Favourites only")
        self.discarded = QCheckBox("Thrown away")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for caption, widgets in (
            ("Key", (self.tonic, self.mode)),
            ("Tempo", (self.low, self.high)),
            ("Bars", (self.bars,)),
            ("Part", (self.part,)),
            ("Rating", (self.rating,)),
            ("", (self.favourites, self.discarded)),
        ):
            label = QLabel(caption)
            label.setProperty("kind", "muted")
            layout.addWidget(label)
            for widget in widgets:
                layout.addWidget(widget)
        layout.addStretch(1)
        self.mode.hide()  # any key has any scale
        self.tonic.activated.connect(lambda index: self.mode.setVisible(index > 0))
        for box in (self.tonic, self.mode, self.bars, self.part, self.rating):
            box.activated.connect(lambda *_: self.changed.emit())
        for box in (self.low, self.high):
            box.valueChanged.connect(lambda *_: self.changed.emit())
        for box in (self.favourites, self.discarded):
            box.toggled.connect(lambda *_: self.changed.emit())

    def query(self, text: str) -> Query:
        """Return what to ask, with words."""
        tonic, bars, part = self.tonic.currentIndex(), self.bars.currentIndex(), self.part.currentIndex()
        return Query(
            text=text,
            key=str(Key(tonic - 1, Mode(self.mode.currentText()))) if tonic else "",
            min_tempo_bpm=self.low.value() or None,
            max_tempo_bpm=self.high.value() or None,
            bars=bars or None,
            part=self.part.currentText() if part else "",
            min_rating=self.rating.currentIndex(),
            only_favourites=self.favourites.isChecked(),
            only_discarded=self.discarded.isChecked(),
        )


def _box(name: str, items: tuple[str, ...]) -> QComboBox:
    box = QComboBox()
    box.addItems(items)
    box.setAccessibleName(name)
    box.setToolTip(name)
    return box


def _tempo(name: str, prefix: str) -> DecimalBox:
    box = DecimalBox()
    box.setRange(0, MAX_TEMPO_BPM)
    box.setDecimals(0)
    box.setSpecialValueText(f"{prefix} …")
    box.setAccessibleName(name)
    box.setToolTip(f"{name}, in beats per minute; 0 for any")
    box.setKeyboardTracking(False)
    box.setFixedWidth(112)
    return box
