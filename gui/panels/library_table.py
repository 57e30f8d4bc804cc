"""The library's table: a row a take, with its notes in small, which are asked for when they are seen."""

from collections.abc import Sequence
from datetime import datetime

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QFont, QPainter, QPixmap
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QStyledItemDelegate, QStyleOptionViewItem, QTableView

from engine.jobs.library import TakeRow
from engine.music.loop import Loop
from gui.panels.bar_strip import paint_notes_small
from gui.requests import bars_text
from gui.takes import seam_word
from gui.theme import Theme

HEADINGS = (
    "", "♥", "Used", "Music", "When", "Loop", "Written", "Key", "BPM", "Meter", "Bars", "Notes", "Seam", "Rating",
    "Tags",
)  # fmt: skip
SOUNDS, MUSIC, LOOP = 0, HEADINGS.index("Music"), HEADINGS.index("Loop")
MUSIC_PX, LOOP_PX, ROW_PX = 180, 150, 34
ROW_PICTURE = QSize(2 * MUSIC_PX, ROW_PX - 4)
GATHER_MS = 30  # pictures that come into view within this are asked for at once
MOST_PICTURES = 2000  # kept in memory
Index = QModelIndex | QPersistentModelIndex


class TakesModel(QAbstractTableModel):
    """Rows of the library for a table; more of them come as it is scrolled."""

    more_wanted = Signal()
    loops_wanted = Signal(tuple)  # rows of the library whose pictures are to be seen

    def __init__(self) -> None:
        super().__init__()
        self.rows: tuple[TakeRow, ...] = ()
        self.has_more = False
        self._heard = 0  # row of the library
        self._pictures: dict[int, QPixmap] = {}
        self._wanted: dict[int, None] = {}
        self._gathering = QTimer(self, interval=GATHER_MS, singleShot=True)
        self._gathering.timeout.connect(self._ask)

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

    def show_heard(self, id: int) -> None:
        """Mark the row of the library that sounds; 0 for none."""
        changed = {self._heard, id} if id != self._heard else set[int]()
        self._heard = id
        for at, row in enumerate(self.rows):
            if row.id in changed:
                self.dataChanged.emit(self.index(at, 0), self.index(at, len(HEADINGS) - 1))

    def picture(self, id: int) -> QPixmap | None:
        """Return a take's picture; one that is not there yet is asked for."""
        if id not in self._pictures:
            self._wanted[id] = None
            if not self._gathering.isActive():
                self._gathering.start()
        return self._pictures.get(id)

    def _ask(self) -> None:
        ids, self._wanted = tuple(self._wanted), {}
        if ids:
            self.loops_wanted.emit(ids)

    def show_pictures(self, pictures: Sequence[tuple[int, QPixmap]]) -> None:
        """Take pictures over; the oldest are forgotten when there are very many."""
        self._pictures.update(pictures)
        for id in list(self._pictures)[: max(0, len(self._pictures) - MOST_PICTURES)]:
            del self._pictures[id]
        if self.rows:
            self.dataChanged.emit(self.index(0, MUSIC), self.index(len(self.rows) - 1, MUSIC))

    def forget_pictures(self) -> None:
        """Have them painted anew, in other colours or sizes."""
        self._pictures.clear()

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
        is_heard = row.id == self._heard
        if role == Qt.ItemDataRole.DisplayRole:
            return "▶" if is_heard and index.column() == SOUNDS else row_texts(row)[index.column()]
        if role == Qt.ItemDataRole.AccessibleTextRole and index.column() == SOUNDS:
            return "Sounds now" if is_heard else ""
        if role == Qt.ItemDataRole.FontRole and is_heard:
            font = QFont()
            font.setBold(True)
            return font
        if role == Qt.ItemDataRole.ToolTipRole:
            return row.note or origin_text(row)
        return None


def row_texts(row: TakeRow) -> tuple[str, ...]:
    """Return a take's cells, in the order of `HEADINGS`."""
    kind = f" ({row.made})" if row.made else " (partial)" if row.missing else ""
    return (
        "",
        "♥" if row.is_favourite else "",
        "✓" if row.is_used else "",
        "",
        datetime.fromtimestamp(row.created).strftime("%Y-%m-%d %H:%M"),
        row.name or "Untitled",
        written_text(row) + kind,
        row.key,
        f"{row.tempo_bpm:g}",
        row.meter,
        str(row.bars),
        str(row.notes),
        "" if row.seam is None else seam_word(row.seam),
        "★" * row.rating,
        row.tags,
    )


def written_text(row: TakeRow) -> str:
    """Return which parts were written, and which of their bars if not all; of what nobody wrote, all parts."""
    parts = (row.written or row.roles).replace(" ", ", ")
    spans = {() if bars == "*" else tuple(int(bar) - 1 for bar in bars.split(",")) for bars in row.written_bars.split()}
    return parts + (bars_text(spans) if any(spans) else "")


def origin_text(row: TakeRow) -> str:
    """Return what a take was written with."""
    if row.made:
        return f"Made by {row.made}"
    where = f" on {row.provider}, {row.threads} threads" if row.threads else ""
    return f"Take {row.number + 1} of seed {row.seed}, written by the model {row.model}{where}"


class MusicDelegate(QStyledItemDelegate):
    """Paints a take's notes in its cell."""

    def __init__(self, model: TakesModel) -> None:
        super().__init__()
        self._model = model

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        super().paint(painter, option, index)
        picture = self._model.picture(self._model.rows[index.row()].id)
        if picture is not None:
            place = option.rect.adjusted(4, 2, -4, -2)
            painter.drawPixmap(place, picture)


class TakesTable(QTableView):
    """The table itself: one row at a time is chosen."""

    def __init__(self, model: TakesModel) -> None:
        super().__init__()
        self.setModel(model)
        self._music = MusicDelegate(model)
        self.setItemDelegateForColumn(MUSIC, self._music)
        self.setAccessibleName("Takes")
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setAlternatingRowColors(True)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(ROW_PX)
        header = self.horizontalHeader()
        header.setResizeContentsPrecision(0)  # by what is seen: measuring whole pages costs half a second
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(MUSIC, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(LOOP, QHeaderView.ResizeMode.Interactive)
        header.setMinimumSectionSize(24)
        self.setColumnWidth(LOOP, LOOP_PX)


def picture_of(loop: Loop, theme: Theme, size: QSize = ROW_PICTURE) -> QPixmap:
    """Return a loop in small, a lane a part."""
    picture = QPixmap(size)
    picture.fill(QColor(theme.row_off))  # the chosen row has a colour of its own, in which some parts would drown
    painter = QPainter(picture)
    lane_px = size.height() / max(1, len(loop.tracks))
    for part in range(len(loop.tracks)):
        place = QRectF(2, part * lane_px + 1, size.width() - 4, lane_px - 2)
        paint_notes_small(painter, loop, part, place=place, theme=theme)
    painter.end()
    return picture
