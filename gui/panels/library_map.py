"""The map of the library: every take a point, those that sound alike near each other; click one to see what it is."""

import math

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from engine.jobs.similar import DescribeTake, LibraryMapped, MapLibrary, TakeDescribed
from gui.engine_bridge import EngineBridge
from gui.theme import paint_focus

MARGIN_PX, POINT_PX, REACH_PX = 24, 3.5, 14


class MapView(QWidget):
    """The points. Arrow keys go to the nearest point on that side."""

    point_chosen = Signal(int)  # row in the library
    point_used = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._mapped = LibraryMapped((), (), (), 0)
        self.chosen = 0
        self.setMinimumSize(480, 360)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Map of the library")
        self.setAccessibleDescription("Arrow keys go from take to take, Return brings the take back.")

    def show_map(self, mapped: LibraryMapped) -> None:
        """Show other points; the chosen take stays chosen if it is among them."""
        self._mapped = mapped
        if self.chosen not in mapped.ids:
            self.chosen = 0
        self.update()

    def place(self, index: int) -> QPointF:
        """Return where a point lies, in pixels."""
        room = QRectF(self.rect()).adjusted(MARGIN_PX, MARGIN_PX, -MARGIN_PX, -MARGIN_PX)
        x, y = self._mapped.x[index], self._mapped.y[index]
        return QPointF(room.left() + (x + 1) / 2 * room.width(), room.bottom() - (y + 1) / 2 * room.height())

    def choose(self, id: int) -> None:
        if id and id != self.chosen:
            self.chosen = id
            self.update()
            self.point_chosen.emit(id)

    def nearest(self, where: QPointF) -> int:
        """Return the take nearest to a place within reach, or 0."""
        best, found = float(REACH_PX), 0
        for index, id in enumerate(self._mapped.ids):
            away = self.place(index) - where
            distance = math.hypot(away.x(), away.y())
            if distance < best:
                best, found = distance, id
        return found

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette = self.palette()
        painter.fillRect(self.rect(), palette.base())
        painter.setPen(Qt.PenStyle.NoPen)
        colour = QColor(palette.highlight().color())
        colour.setAlphaF(0.55)
        painter.setBrush(colour)
        for index in range(len(self._mapped.ids)):
            painter.drawEllipse(self.place(index), POINT_PX, POINT_PX)
        if self.chosen:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(palette.text(), 2))
            painter.drawEllipse(self.place(self._mapped.ids.index(self.chosen)), 2 * POINT_PX, 2 * POINT_PX)
        if not self._mapped.ids:
            painter.setPen(palette.placeholderText().color())
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, "No takes yet")
        if self.hasFocus():
            paint_focus(painter, self.rect(), palette.text().color())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.choose(self.nearest(event.position()))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if id := self.nearest(event.position()):
            self.point_used.emit(id)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        sides = {Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Up: (0, -1), Qt.Key.Key_Down: (0, 1)}
        if key in sides:
            self._step(*sides[key])
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.chosen:
            self.point_used.emit(self.chosen)
        else:
            super().keyPressEvent(event)

    def _step(self, right: int, down: int) -> None:
        """Choose the nearest point on one side of the chosen one."""
        if not self.chosen:
            self.choose(self._mapped.ids[0] if self._mapped.ids else 0)
            return
        here = self.place(self._mapped.ids.index(self.chosen))
        best, found = math.inf, 0
        for index, id in enumerate(self._mapped.ids):
            away = self.place(index) - here
            along = away.x() * right + away.y() * down
            across = abs(away.x() * down) + abs(away.y() * right)
            if id != self.chosen and along > 0 and along + 2 * across < best:
                best, found = along + 2 * across, id
        self.choose(found)


class MapDialog(QDialog):
    """The map, and what the chosen take is.

    Args:
        bridge: The engine.
    """

    take_chosen = Signal(int)  # row in the library: bring its loop back

    def __init__(self, bridge: EngineBridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self.setWindowTitle("Map of the library")
        self.resize(860, 620)
        self.view = MapView()
        self.told = QLabel("Takes that sound alike lie near each other. Click one to see what it is.")
        self.told.setWordWrap(True)
        self.use = QPushButton("Bring back")
        self.use.setProperty("kind", "primary")
        self.use.setAutoDefault(False)
        self.use.setEnabled(False)
        bottom = QHBoxLayout()
        bottom.addWidget(self.told, 1)
        bottom.addWidget(self.use)
        layout = QVBoxLayout(self)
        layout.addWidget(self.view, 1)
        layout.addLayout(bottom)
        self.view.point_chosen.connect(self._describe)
        self.view.point_used.connect(self._use)
        self.use.clicked.connect(lambda *_: self._use(self.view.chosen))
        self.ask()

    def ask(self) -> None:
        """Ask for the points, and again while takes are waiting for their place."""
        self._job = self._bridge.ask(MapLibrary(), self._on_mapped)

    def done(self, result: int) -> None:
        self._bridge.forget(self._job)
        super().done(result)

    def _on_mapped(self, mapped: LibraryMapped) -> None:
        self.view.show_map(mapped)
        if mapped.waiting:
            self.told.setText(f"{len(mapped.ids)} takes placed, {mapped.waiting} to go …")
            self.ask()
        elif not self.view.chosen:
            self.told.setText(f"{len(mapped.ids)} takes. Those that sound alike lie near each other; click one.")

    def _describe(self, id: int) -> None:
        self._bridge.ask(DescribeTake(id), self._on_described)

    def _on_described(self, described: TakeDescribed) -> None:
        row = described.row
        if row.id == self.view.chosen:
            words = "   ·   ".join(described.words)
            self.told.setText(f"{row.name or 'Untitled'}, {row.bars} bars, {row.tempo_bpm:g} BPM {row.key}\n{words}")
            self.use.setEnabled(True)

    def _use(self, id: int) -> None:
        if id:
            self.take_chosen.emit(id)
            self.accept()
