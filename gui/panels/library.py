"""The library: all takes ever written, searched by words and marks; a double click brings one back."""

from datetime import datetime

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from engine.jobs.library import FindTakes, MarkTake, Query, TakeRow, TakesFound
from gui.engine_bridge import EngineBridge

TYPING_MS = 150
HEADINGS = ("♥", "When", "Loop", "Written", "Key", "BPM", "Meter", "Bars", "Notes", "Rating", "Seed", "Model")
Index = QModelIndex | QPersistentModelIndex


class TakesModel(QAbstractTableModel):
    """Rows of the library for a table."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: tuple[TakeRow, ...] = ()

    def show_rows(self, rows: tuple[TakeRow, ...]) -> None:
        self.beginResetModel()
        self.rows = rows
        self.endResetModel()

    def rowCount(self, parent: Index | None = None) -> int:
        return len(self.rows)

    def columnCount(self, parent: Index | None = None) -> int:
        return len(HEADINGS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if role == Qt.ItemDataRole.DisplayRole and orientation is Qt.Orientation.Horizontal:
            return HEADINGS[section]
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        return row_texts(self.rows[index.row()])[index.column()]


def row_texts(row: TakeRow) -> tuple[str, ...]:
    """Return a take's cells, in the order of `HEADINGS`."""
    return (
        "♥" if row.is_favourite else "",
        datetime.fromtimestamp(row.created).strftime("%Y-%m-%d %H:%M"),
        row.name or "Untitled",
        row.written.replace(" ", ", ") or row.roles.replace(" ", ", "),
        row.key,
        f"{row.tempo_bpm:g}",
        row.meter,
        str(row.bars),
        str(row.notes),
        "★" * row.rating,
        f"{row.seed} · {row.number + 1}",
        row.model,
    )


class LibraryDialog(QDialog):
    """Search and bring back.

    Args:
        bridge: The engine.
    """

    take_chosen = Signal(int)  # row in the library: bring its loop back
    reroll_wanted = Signal(int)  # make it again from its recipe

    def __init__(self, bridge: EngineBridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._job = 0
        self.setWindowTitle("Library of takes")
        self.resize(1040, 560)
        self.text = QLineEdit()
        self.text.setPlaceholderText("Search name, key, part, genre, meter …")
        self.text.setAccessibleName("Search the library")
        self.favourites = QCheckBox("Favourites only")
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
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(2, QHeaderView.ResizeMode.Stretch)
        self._typing = QTimer(self, interval=TYPING_MS, singleShot=True)
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        self.use = QPushButton("Bring back")
        self.use.setProperty("kind", "primary")
        self.reroll = QPushButton("Write again")
        self.reroll.setToolTip("Write the same request again: the same seed gives the same takes.")
        self.mark = QPushButton("♥  Favourite")
        top = QHBoxLayout()
        top.addWidget(self.text, 1)
        top.addWidget(self.favourites)
        top.addWidget(self.count)
        bottom = QHBoxLayout()
        bottom.addWidget(self.mark)
        bottom.addStretch(1)
        bottom.addWidget(self.reroll)
        bottom.addWidget(self.use)
        layout = QVBoxLayout(self)
        layout.addLayout(top)
        layout.addWidget(self.table, 1)
        layout.addLayout(bottom)

    def _connect(self) -> None:
        self.text.textChanged.connect(lambda *_: self._typing.start())
        self._typing.timeout.connect(self.search)
        self.favourites.toggled.connect(lambda *_: self.search())
        self.table.doubleClicked.connect(lambda *_: self._choose(self.take_chosen))
        self.use.clicked.connect(lambda *_: self._choose(self.take_chosen))
        self.reroll.clicked.connect(lambda *_: self._choose(self.reroll_wanted))
        self.mark.clicked.connect(self._toggle_mark)

    def search(self) -> None:
        """Ask for what matches."""
        query = Query(text=self.text.text(), only_favourites=self.favourites.isChecked())
        self._bridge.forget(self._job)
        self._job = self._bridge.ask(FindTakes(query), self._on_found)

    def _on_found(self, found: TakesFound) -> None:
        self.model.show_rows(found.rows)
        self.count.setText(f"{len(found.rows)} of {found.total} takes")
        if found.rows:
            self.table.selectRow(0)

    @property
    def chosen(self) -> TakeRow | None:
        index = self.table.currentIndex().row()
        return self.model.rows[index] if 0 <= index < len(self.model.rows) else None

    def _choose(self, signal: object) -> None:
        row = self.chosen
        if row is not None:
            signal.emit(row.id)  # pyright: ignore[reportAttributeAccessIssue] one of the two signals above
            self.accept()

    def _toggle_mark(self) -> None:
        row = self.chosen
        if row is not None:
            self._bridge.tell(MarkTake(row.id, is_favourite=not row.is_favourite))
            self.search()

    def showEvent(self, event: object) -> None:
        super().showEvent(event)  # pyright: ignore[reportArgumentType] Qt's own event
        self.text.setFocus()
        self.search()
