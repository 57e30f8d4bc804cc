"""The loops that were found in a song: a table to sort, hear, keep and take."""

from pathlib import Path

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, QSortFilterProxyModel, Qt, Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from engine.jobs.material import SongLoop
from engine.music.feel import FEEL_NAMES
from engine.music.loop import Loop
from gui.theme import Theme, glyph_of

Index = QModelIndex | QPersistentModelIndex
HEADINGS = ("Score", "Bar", "Length", "Parts", "Key", "BPM", "Notes a bar", "Chords", "Feel", "Searched in")
SCORE = 0
MAX_CHORDS = 8


class LoopsModel(QAbstractTableModel):
    """Rows of loops for a table; cells sort by their own values."""

    def __init__(self) -> None:
        super().__init__()
        self.loops: tuple[SongLoop, ...] = ()

    def show_loops(self, loops: tuple[SongLoop, ...]) -> None:
        self.beginResetModel()
        self.loops = loops
        self.endResetModel()

    def rowCount(self, parent: Index | None = None) -> int:
        return len(self.loops)

    def columnCount(self, parent: Index | None = None) -> int:
        return len(HEADINGS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if role == Qt.ItemDataRole.DisplayRole and orientation is Qt.Orientation.Horizontal:
            return HEADINGS[section]
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        found = self.loops[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return cells_of(found)[index.column()]
        if role == Qt.ItemDataRole.UserRole:
            return _sort_values(found)[index.column()]
        if role == Qt.ItemDataRole.ToolTipRole and HEADINGS[index.column()] == "Parts":
            return ", ".join(track.label for track in found.loop.tracks)
        if role == Qt.ItemDataRole.FontRole and index.column() == SCORE:
            font = QFont()
            font.setBold(True)
            return font
        return None


def cells_of(found: SongLoop) -> tuple[str, ...]:
    """Return a loop's cells as they are read."""
    loop = found.loop
    length = f"{loop.bars} bar{'s' if loop.bars > 1 else ''}"
    parts = " ".join(glyph_of(track) for track in loop.tracks)
    return (
        f"{100 * found.score:.0f}",
        f"{found.first_bar + 1}",
        length if str(loop.meter) == "4/4" else f"{length} of {loop.meter}",
        f"{parts}  {', '.join(track.label for track in loop.tracks)}",
        str(loop.key) if loop.key else "–",
        f"{loop.tempo_bpm:g}",
        f"{found.density:.1f}",
        chords_text(loop),
        FEEL_NAMES[found.feel],
        found.part or "all parts",
    )


def chords_text(loop: Loop) -> str:
    """Return the chords of a loop bar by bar, as long as they fit."""
    bars = [" ".join("–" if chord.root is None else str(chord) for chord in bar) for bar in loop.chords]
    if all(bar == "–" for bar in bars):
        return "–"
    return " | ".join(bars[:MAX_CHORDS]) + (" …" if len(bars) > MAX_CHORDS else "")


def _sort_values(found: SongLoop) -> tuple[float | str, ...]:
    loop, cells = found.loop, cells_of(found)
    values: list[float | str] = list(cells)
    values[:3] = [found.score, found.first_bar, loop.bars]
    values[3], values[5], values[6], values[8] = len(loop.tracks), loop.tempo_bpm, found.density, found.feel
    return tuple(values)


class SongLoopsPage(QWidget):
    """Lists the loops.

    Args:
        theme: Colours.
    """

    hear_toggled = Signal(bool)
    chosen = Signal(object)  # Loop, or None
    keep_wanted = Signal(object)  # SongLoop
    use_wanted = Signal(object)  # SongLoop

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.model = LoopsModel()
        self._sorted = QSortFilterProxyModel()
        self._sorted.setSourceModel(self.model)
        self._sorted.setSortRole(Qt.ItemDataRole.UserRole)
        self.heading = QLabel()
        self.table = QTableView()
        self.hear = QPushButton("▶  Hear")
        self.keep = QPushButton("Keep in the library")
        self.use = QPushButton("Use as prompt")
        self._set_up_table()
        self._lay_out()
        self.hear.toggled.connect(self._on_hear)
        self.keep.clicked.connect(lambda: self._with_current(self.keep_wanted.emit))
        self.use.clicked.connect(lambda: self._with_current(self.use_wanted.emit))
        self.table.doubleClicked.connect(lambda *_: self._with_current(self.use_wanted.emit))
        self.show_loops("", ())

    def _set_up_table(self) -> None:
        table = self.table
        table.setModel(self._sorted)
        table.setSortingEnabled(True)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.setAlternatingRowColors(True)
        table.setShowGrid(False)
        table.setWordWrap(False)
        table.verticalHeader().hide()
        table.setAccessibleName("Loops of the song")
        header = table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        header.setStretchLastSection(True)
        for column, width in enumerate((58, 48, 84, 220, 120, 56, 106, 214, 110)):
            table.setColumnWidth(column, width)
        table.selectionModel().currentRowChanged.connect(lambda *_: self._on_chosen())

    def _lay_out(self) -> None:
        self.hear.setCheckable(True)
        self.use.setProperty("kind", "primary")
        foot = QHBoxLayout()
        foot.addWidget(self.hear)
        foot.addWidget(self.keep)
        foot.addStretch(1)
        foot.addWidget(self.use)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 8, 0, 0)
        layout.addWidget(self.heading)
        layout.addWidget(self.table, 1)
        layout.addLayout(foot)

    @property
    def current(self) -> SongLoop | None:
        """The loop that is chosen."""
        index = self._sorted.mapToSource(self.table.currentIndex())
        return self.model.loops[index.row()] if index.isValid() else None

    def show_looking(self, path: str) -> None:
        """Say that loops are being looked for."""
        self.show_loops("", ())
        self.heading.setText(f"Looking for loops in {Path(path).name} …")

    def show_loops(self, path: str, loops: tuple[SongLoop, ...]) -> None:
        """Show what was found, the best first, the first chosen."""
        count = len(loops)
        name = Path(path).name
        self.heading.setText(
            f"{count} loop{'s' if count != 1 else ''} in {name}: stretches that are played again right after."
            if count
            else f"No stretch of {name} is played again right after; take bars of it under “Parts”."
        )
        self.model.show_loops(loops)
        self._sorted.sort(-1)
        self.table.horizontalHeader().setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        if loops:
            self.table.selectRow(0)
        self._on_chosen()

    def _on_chosen(self) -> None:
        found = self.current
        for button in (self.hear, self.keep, self.use):
            button.setEnabled(found is not None)
        self.chosen.emit(found.loop if found is not None else None)

    def _on_hear(self, is_on: bool) -> None:
        self.hear.setText("■  Stop" if is_on else "▶  Hear")
        self.hear_toggled.emit(is_on)

    def _with_current(self, then: object) -> None:
        if self.current is not None and callable(then):
            then(self.current)
