"""Chords over the bars: two a bar, picked by root and kind, or typed."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from engine.music.harmony import NO_CHORD, PITCH_CLASS_NAMES, Chord, ChordQuality
from gui import loop_edits
from gui.piano_roll.state import RollState

QUALITY_WORDS = {
    ChordQuality.MAJOR: "major",
    ChordQuality.MINOR: "minor",
    ChordQuality.DOMINANT_SEVENTH: "7",
    ChordQuality.MAJOR_SEVENTH: "maj7",
    ChordQuality.MINOR_SEVENTH: "m7",
    ChordQuality.SUSPENDED: "sus",
    ChordQuality.DIMINISHED: "dim",
    ChordQuality.AUGMENTED: "aug",
}


class ChordDialog(QDialog):
    """Edits the chords of one bar after the other; each change holds at once and can be undone.

    Args:
        state: The loop; it is shown as it changes.
        bar: Where to begin.
    """

    chords_edited = Signal(object)  # Loop
    detection_wanted = Signal()

    def __init__(self, state: RollState, bar: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.state, self.bar, self.half = state, bar, 0
        self._root, self._quality = 0, ChordQuality.MAJOR
        self._is_typing = False
        self.setWindowTitle("Chords")
        self.title = QLabel()
        self.title.setProperty("kind", "title")
        self.text = QLineEdit()
        self.text.setPlaceholderText("Am  or  F G7")
        self.text.setAccessibleName("Chords of the bar, typed")
        self.problem = QLabel()
        self.problem.setProperty("kind", "warning")
        self.halves = [_choice("First half"), _choice("Second half")]
        self.roots = [_choice(name) for name in PITCH_CLASS_NAMES]
        self.qualities = {quality: _choice(word) for quality, word in QUALITY_WORDS.items()}
        self.none = QPushButton("No chord")
        self.same = QPushButton("One chord for the bar")
        self.previous, self.next = QPushButton("‹ Bar before"), QPushButton("Next bar ›")
        self.detect = QPushButton("Tell all from the notes")
        self._lay_out()
        self._connect()
        self.show_bar(bar)
        self.next.setDefault(True)  # type, Enter, type, Enter …
        self.text.setFocus()

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        top = QHBoxLayout()
        top.addWidget(self.previous)
        top.addWidget(self.title, 1, Qt.AlignmentFlag.AlignCenter)
        top.addWidget(self.next)
        layout.addLayout(top)
        layout.addWidget(self.text)
        layout.addWidget(self.problem)
        layout.addLayout(_group(self, self.halves, 2))
        layout.addLayout(_group(self, self.roots, 6))
        layout.addLayout(_group(self, list(self.qualities.values()), 4))
        bottom = QHBoxLayout()
        for button in (self.none, self.same):
            bottom.addWidget(button)
        bottom.addStretch(1)
        bottom.addWidget(self.detect)
        layout.addLayout(bottom)

    def _connect(self) -> None:
        self.text.textEdited.connect(self._on_typed)
        for half, button in enumerate(self.halves):
            button.clicked.connect(lambda *_, half=half: self.show_bar(self.bar, half))
        for root, button in enumerate(self.roots):
            button.clicked.connect(lambda *_, root=root: self._pick(root=root))
        for quality, button in self.qualities.items():
            button.clicked.connect(lambda *_, quality=quality: self._pick(quality=quality))
        self.none.clicked.connect(lambda: self._set(NO_CHORD))
        self.same.clicked.connect(lambda: self._write((self._halves()[self.half],)))
        self.previous.clicked.connect(lambda: self.show_bar(self.bar - 1))
        self.next.clicked.connect(lambda: self.show_bar(self.bar + 1))
        self.detect.clicked.connect(self.detection_wanted)
        self.state.content_changed.connect(self._on_content_changed)

    def _on_content_changed(self) -> None:
        self.show_bar(self.bar, self.half)

    def show_bar(self, bar: int, half: int = 0) -> None:
        """Show the chords of a bar; behind the last comes the first."""
        self.bar, self.half = bar % self.state.loop.bars, half
        chords = self.state.loop.chords[self.bar] if self.state.loop.chords else ()
        self.title.setText(f"BAR {self.bar + 1} OF {self.state.loop.bars}")
        if not self._is_typing:
            self.text.setText(" ".join(map(str, chords)))
            self.text.selectAll()
        self.problem.hide()
        chord = self._halves()[half]
        self.halves[half].setChecked(True)
        if chord.root is not None:
            self._root, self._quality = chord.root, chord.quality
        for root, button in enumerate(self.roots):
            button.setChecked(chord.root == root)
        for quality, button in self.qualities.items():
            button.setChecked(chord.root is not None and chord.quality is quality)

    def _halves(self) -> tuple[Chord, Chord]:
        """The chords at the bar's start and middle."""
        chords = self.state.loop.chords[self.bar] if self.state.loop.chords else (NO_CHORD,)
        return chords[0], chords[len(chords) // 2]

    def _pick(self, *, root: int | None = None, quality: ChordQuality | None = None) -> None:
        self._root = self._root if root is None else root
        self._quality = self._quality if quality is None else quality
        self._set(Chord(self._root, self._quality))

    def _set(self, chord: Chord) -> None:
        first, second = self._halves()
        if first == second and self.half == 0:
            first = second = chord  # until the halves differ, the first is the bar's
        elif self.half == 0:
            first = chord
        else:
            second = chord
        self._write((first,) if first == second else (first, second))

    def _write(self, chords: tuple[Chord, ...]) -> None:
        text = " ".join(map(str, chords))
        self.chords_edited.emit(loop_edits.with_chords_of_bar(self.state.loop, self.bar, text))

    def _on_typed(self, text: str) -> None:
        try:
            loop = loop_edits.with_chords_of_bar(self.state.loop, self.bar, text)
        except ValueError as error:
            self.problem.setText(str(error))
            self.problem.show()
            return
        self._is_typing = True
        self.chords_edited.emit(loop)
        self._is_typing = False


def _choice(text: str) -> QToolButton:
    button = QToolButton()
    button.setText(text)
    button.setCheckable(True)
    button.setMinimumWidth(64)
    return button


def _group(owner: QDialog, buttons: list[QToolButton], columns: int) -> QGridLayout:
    group = QButtonGroup(owner)
    group.setExclusive(False)
    grid = QGridLayout()
    grid.setSpacing(4)
    for index, button in enumerate(buttons):
        group.addButton(button)
        grid.addWidget(button, index // columns, index % columns)
    return grid
