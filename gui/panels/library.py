"""The library: all takes ever written, searched by words, key, tempo, bars, part and marks; brought back."""

from dataclasses import replace
from datetime import datetime

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, QTimer, Signal
from PySide6.QtGui import QShortcut
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QComboBox,
    QDialog,
    QDoubleSpinBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QTableView,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from engine.jobs.library import MAX_FOUND, FindTakes, MarkTake, Query, TakeRow, TakesFound
from engine.jobs.similar import FindSimilar, SimilarFound
from engine.music.general_midi import ROLES
from engine.music.harmony import PITCH_CLASS_NAMES, Key, Mode
from engine.music.loop import MAX_BARS
from engine.music.timing import MAX_TEMPO_BPM
from gui.engine_bridge import EngineBridge
from gui.panels.library_map import MapDialog
from gui.panels.stars import MOST, Stars
from gui.takes import seam_word

TYPING_MS = 150
HEADINGS = ("♥", "When", "Loop", "Written", "Key", "BPM", "Meter", "Bars", "Notes", "Seam", "Rating", "Seed", "Tags")
ANY = "any"
Index = QModelIndex | QPersistentModelIndex


class TakesModel(QAbstractTableModel):
    """Rows of the library for a table; more of them come as it is scrolled."""

    more_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.rows: tuple[TakeRow, ...] = ()
        self.has_more = False

    def show_rows(self, rows: tuple[TakeRow, ...], *, has_more: bool = False) -> None:
        self.beginResetModel()
        self.rows, self.has_more = rows, has_more
        self.endResetModel()

    def add_rows(self, rows: tuple[TakeRow, ...], *, has_more: bool) -> None:
        """Show a further page."""
        if rows:
            self.beginInsertRows(QModelIndex(), len(self.rows), len(self.rows) + len(rows) - 1)
            self.rows = (*self.rows, *rows)
            self.endInsertRows()
        self.has_more = has_more

    def change_row(self, at: int, row: TakeRow) -> None:
        self.rows = (*self.rows[:at], row, *self.rows[at + 1 :])
        self.dataChanged.emit(self.index(at, 0), self.index(at, len(HEADINGS) - 1))

    def canFetchMore(self, parent: Index) -> bool:
        return self.has_more

    def fetchMore(self, parent: Index) -> None:
        self.has_more = False  # once a page
        self.more_wanted.emit()

    def rowCount(self, parent: Index | None = None) -> int:
        return len(self.rows)

    def columnCount(self, parent: Index | None = None) -> int:
        return len(HEADINGS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if role == Qt.ItemDataRole.DisplayRole and orientation is Qt.Orientation.Horizontal:
            return HEADINGS[section]
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        row = self.rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return row_texts(row)[index.column()]
        if role == Qt.ItemDataRole.ToolTipRole:
            return row.note or origin_text(row)
        return None


def row_texts(row: TakeRow) -> tuple[str, ...]:
    """Return a take's cells, in the order of `HEADINGS`."""
    written = row.written.replace(" ", ", ") or row.roles.replace(" ", ", ")
    kind = f" ({row.made})" if row.made else " (partial)" if row.missing else ""
    return (
        "♥" if row.is_favourite else "",
        datetime.fromtimestamp(row.created).strftime("%Y-%m-%d %H:%M"),
        row.name or "Untitled",
        written + kind,
        row.key,
        f"{row.tempo_bpm:g}",
        row.meter,
        str(row.bars),
        str(row.notes),
        "" if row.seam is None else seam_word(row.seam),
        "★" * row.rating,
        "" if row.made else f"{row.seed} · {row.number + 1}",
        row.tags,
    )


def origin_text(row: TakeRow) -> str:
    """Return what a take was written with."""
    if row.made:
        return f"Made by {row.made}"
    where = f" on {row.provider}, {row.threads} threads" if row.threads else ""
    return f"Written by the model {row.model}{where}"


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
        self.mode.setEnabled(False)
        self.tonic.activated.connect(lambda index: self.mode.setEnabled(index > 0))
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


def _tempo(name: str, prefix: str) -> QDoubleSpinBox:
    box = QDoubleSpinBox()
    box.setRange(0, MAX_TEMPO_BPM)
    box.setDecimals(0)
    box.setSpecialValueText(f"{prefix} …")
    box.setAccessibleName(name)
    box.setToolTip(f"{name}, in beats per minute; 0 for any")
    box.setKeyboardTracking(False)
    box.setFixedWidth(90)
    return box


class LibraryDialog(QDialog):
    """Search, bring back, write again, mark.

    Args:
        bridge: The engine.
    """

    take_chosen = Signal(int)  # row in the library: bring its loop back
    reroll_wanted = Signal(int)  # make it again from its recipe

    def __init__(self, bridge: EngineBridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._job = 0
        self._query = Query()
        self._total = 0
        self.setWindowTitle("Library of takes")
        self.resize(1160, 640)
        self.text = QLineEdit()
        self.text.setPlaceholderText("Search name, key, part, genre, meter, tags, notes …")
        self.text.setAccessibleName("Search the library")
        self.text.setClearButtonEnabled(True)
        for button in self.text.findChildren(QToolButton):
            button.setAccessibleName("Clear")
        self.filters = Filters()
        self.count = QLabel()
        self.count.setProperty("kind", "muted")
        self.model = TakesModel()
        self.table = QTableView()
        self.table.setModel(self.model)
        self.table.setAccessibleName("Takes")
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setShowGrid(False)
        self.table.setAlternatingRowColors(True)
        self.table.verticalHeader().hide()
        header = self.table.horizontalHeader()
        header.setResizeContentsPrecision(0)  # by what is seen: measuring whole pages costs half a second
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(2, QHeaderView.ResizeMode.Stretch)
        self._typing = QTimer(self, interval=TYPING_MS, singleShot=True)
        self._lay_out()
        self._connect()
        self._show_chosen()

    def _lay_out(self) -> None:
        self.use = QPushButton("Bring back")
        self.use.setProperty("kind", "primary")
        self.reroll = QPushButton("Write again")
        self.reroll.setToolTip("Write the same request again: the same seed gives the same takes.")
        self.mark = QToolButton()
        self.mark.setText("♥")
        self.mark.setAccessibleName("Favourite")
        self.stars = Stars()
        self.tags = QLineEdit()
        self.tags.setPlaceholderText("Tags")
        self.tags.setAccessibleName("Tags")
        self.tags.setFixedWidth(180)
        self.note = QLineEdit()
        self.note.setPlaceholderText("Note")
        self.note.setAccessibleName("Note")
        self.discard = QPushButton("Throw away")
        self.alike = QPushButton("More like this")
        self.alike.setToolTip("Show the takes that sound most like this one, in whatever key and however loud.")
        self.map = QPushButton("Map …")
        self.map.setToolTip("Show all takes as points; those that sound alike lie near each other.")
        top, bottom = QHBoxLayout(), QHBoxLayout()
        top.addWidget(self.text, 1)
        top.addWidget(self.count)
        top.addWidget(self.map)
        for widget in (self.mark, self.stars, self.tags):
            bottom.addWidget(widget)
        bottom.addWidget(self.note, 1)
        for widget in (self.discard, self.alike, self.reroll, self.use):
            bottom.addWidget(widget)
        layout = QVBoxLayout(self)
        layout.addLayout(top)
        layout.addWidget(self.filters)
        layout.addWidget(self.table, 1)
        layout.addLayout(bottom)

    def _connect(self) -> None:
        self.text.textChanged.connect(lambda *_: self._typing.start())
        self._typing.timeout.connect(self.search)
        self.filters.changed.connect(self.search)
        self.model.more_wanted.connect(self._fetch_more)
        self.table.doubleClicked.connect(lambda *_: self._choose(self.take_chosen))
        for button in (self.use, self.reroll, self.discard, self.alike, self.map):
            button.setAutoDefault(False)  # Return in a text field is no choice
        for key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            bring = QShortcut(key, self.table, context=Qt.ShortcutContext.WidgetShortcut)
            bring.activated.connect(lambda: self._choose(self.take_chosen))
        down = QShortcut(Qt.Key.Key_Down, self.text, context=Qt.ShortcutContext.WidgetShortcut)
        down.activated.connect(self.table.setFocus)
        self.table.selectionModel().currentRowChanged.connect(lambda *_: self._show_chosen())
        self.use.clicked.connect(lambda *_: self._choose(self.take_chosen))
        self.reroll.clicked.connect(lambda *_: self._choose(self.reroll_wanted))
        self.alike.clicked.connect(lambda *_: self._find_similar(self.chosen))
        self.map.clicked.connect(lambda *_: self._show_map())
        self.mark.clicked.connect(lambda *_: self._toggle("is_favourite"))
        self.discard.clicked.connect(lambda *_: self._toggle("is_discarded"))
        self.stars.rating_chosen.connect(self._rate)
        self.tags.editingFinished.connect(lambda: self._write("tags", self.tags.text()))
        self.note.editingFinished.connect(lambda: self._write("note", self.note.text()))

    def search(self) -> None:
        """Ask for what matches."""
        self._query = self.filters.query(self.text.text())
        self._bridge.forget(self._job)
        self._job = self._bridge.ask(FindTakes(self._query), self._on_found)

    def _on_found(self, found: TakesFound) -> None:
        self.model.show_rows(found.rows, has_more=len(found.rows) == MAX_FOUND)
        self._total = found.total
        self._show_count()
        if found.rows:
            self.table.selectRow(0)
        self._show_chosen()

    def _find_similar(self, row: TakeRow | None) -> None:
        """Ask for takes like one, and again while some were not compared yet."""
        if row is not None:
            self._bridge.forget(self._job)
            self._job = self._bridge.ask(FindSimilar(row.id), lambda found: self._on_similar(row, found))

    def _on_similar(self, row: TakeRow, found: SimilarFound) -> None:
        self.model.show_rows((row, *found.rows))
        self.table.selectRow(0)
        nearest = f", the nearest {found.likeness[0]:.0%} alike" if found.likeness else ""
        self.count.setText(f"{len(found.rows)} takes like “{row.name or 'Untitled'}”{nearest}")
        if found.waiting:
            self.count.setText(f"comparing, {found.waiting} takes to go …")
            self._find_similar(row)

    def _show_map(self) -> None:
        dialog = MapDialog(self._bridge, self)
        dialog.take_chosen.connect(self._use_of_map)
        dialog.open()

    def _use_of_map(self, id: int) -> None:
        self.take_chosen.emit(id)
        self.accept()

    def _fetch_more(self) -> None:
        query = replace(self._query, before=self.model.rows[-1].id)
        self._bridge.forget(self._job)
        self._job = self._bridge.ask(FindTakes(query), self._on_more)

    def _on_more(self, found: TakesFound) -> None:
        self.model.add_rows(found.rows, has_more=len(found.rows) == MAX_FOUND)
        self._show_count()

    def _show_count(self) -> None:
        more = "+" if self.model.has_more else ""
        self.count.setText(f"{len(self.model.rows)}{more} of {self._total} takes")

    @property
    def chosen(self) -> TakeRow | None:
        index = self.table.currentIndex().row()
        return self.model.rows[index] if 0 <= index < len(self.model.rows) else None

    def _show_chosen(self) -> None:
        row = self.chosen
        for widget in (self.use, self.reroll, self.mark, self.stars, self.tags, self.note, self.discard, self.alike):
            widget.setEnabled(row is not None)
        if row is None:
            return
        self.reroll.setEnabled(not row.made)
        self.stars.show_rating(row.rating)
        self.tags.setText(row.tags)
        self.note.setText(row.note)
        self.discard.setText("Take back" if row.is_discarded else "Throw away")

    def _choose(self, signal: object) -> None:
        row = self.chosen
        if row is not None:
            signal.emit(row.id)  # pyright: ignore[reportAttributeAccessIssue] one of the two signals above
            self.accept()

    def _toggle(self, name: str) -> None:
        row = self.chosen
        if row is not None:
            self._write(name, not getattr(row, name))

    def _rate(self, rating: int) -> None:
        row = self.chosen
        if row is not None:
            self._write("rating", 0 if row.rating == rating else rating)

    def _write(self, name: str, value: object) -> None:
        """Change a mark of the chosen take, in the library and in the table."""
        row, at = self.chosen, self.table.currentIndex().row()
        if row is None or getattr(row, name) == value:
            return
        self._bridge.tell(MarkTake(row.id, **{name: value}))  # pyright: ignore[reportArgumentType] by its name
        self.model.change_row(at, replace(row, **{name: value}))
        if name == "is_discarded":
            self.search()
        else:
            self._show_chosen()

    def showEvent(self, event: object) -> None:
        super().showEvent(event)  # pyright: ignore[reportArgumentType] Qt's own event
        self.text.setFocus()
        self.search()
