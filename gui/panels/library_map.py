"""The map of the library: every take a mark of what was written in it, those that sound alike near each other.

The pointer shows a take in small, a click lets it be heard.
"""

import math

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from engine.jobs.library import LoadLoops, LoopsLoaded
from engine.jobs.similar import DescribeTake, LibraryMapped, MapLibrary, TakeDescribed
from engine.music.general_midi import Role
from gui.engine_bridge import EngineBridge
from gui.panels.library_table import picture_of
from gui.theme import RADIUS_PX, ROLE_GLYPHS, Theme, paint_focus

MARGIN_PX, REACH_PX, MARK_PX, CHOSEN_PX = 24, 14, 14, 8
PICTURE = QSize(220, 64)
SEVERAL = "✚"  # more parts than one were written


class MapView(QWidget):
    """The points. Arrow keys go to the nearest point on that side.

    Args:
        theme: Colours.
    """

    point_chosen = Signal(int)  # row in the library
    point_used = Signal(int)
    picture_wanted = Signal(int)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._mapped = LibraryMapped((), (), (), (), 0)
        self._marks: dict[str, QPixmap] = {}
        self._picture: QPixmap | None = None
        self.chosen = 0
        self.pointed = 0  # the take under the pointer
        self.setMouseTracking(True)
        self.setMinimumSize(480, 360)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Map of the library")
        self.setAccessibleDescription("Arrow keys go from take to take, Return brings the take back.")

    def show_map(self, mapped: LibraryMapped) -> None:
        """Show other points; the chosen take stays chosen if it is among them."""
        self._mapped = mapped
        self.chosen = self.chosen if self.chosen in mapped.ids else 0
        self.pointed = self.pointed if self.pointed in mapped.ids else 0
        self._marks = {kind: self._mark(kind) for kind in set(map(kind_of, mapped.written))}
        self.update()

    def _mark(self, kind: str) -> QPixmap:
        """Return what stands for a take in which a part was written: its shape in its colour."""
        mark = QPixmap(MARK_PX, MARK_PX)
        mark.fill(Qt.GlobalColor.transparent)
        painter = QPainter(mark)
        font = QFont(painter.font())
        font.setPixelSize(MARK_PX - 2)
        painter.setFont(font)
        painter.setPen(mark_colour(kind, self._theme))
        painter.drawText(mark.rect(), Qt.AlignmentFlag.AlignCenter, mark_glyph(kind))
        painter.end()
        return mark

    def show_picture(self, id: int, picture: QPixmap) -> None:
        """Show the take under the pointer in small."""
        if id == self.pointed:
            self._picture = picture
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
        painter.fillRect(self.rect(), QColor(self._theme.panel))
        middle = QPointF(MARK_PX / 2, MARK_PX / 2)
        for index, written in enumerate(self._mapped.written):
            painter.drawPixmap(self.place(index) - middle, self._marks[kind_of(written)])
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for id, width in ((self.chosen, 2.0), (self.pointed, 1.0)):
            if id:
                painter.setPen(QPen(QColor(self._theme.text), width))
                painter.drawEllipse(self.place(self._mapped.ids.index(id)), CHOSEN_PX, CHOSEN_PX)
        if not self._mapped.ids:
            painter.setPen(QColor(self._theme.muted))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, "No takes yet")
        if self.hasFocus():
            paint_focus(painter, self.rect(), QColor(self._theme.focus))
        if self.pointed and self._picture is not None:
            self._paint_picture(painter, self._picture)

    def _paint_picture(self, painter: QPainter, picture: QPixmap) -> None:
        """Paint the take under the pointer beside it, inside the map."""
        at = self.place(self._mapped.ids.index(self.pointed))
        frame = QRectF(at.x() + 12, at.y() + 12, PICTURE.width() + 12, PICTURE.height() + 12)
        if frame.right() > self.width():
            frame.moveRight(at.x() - 12)
        if frame.bottom() > self.height():
            frame.moveBottom(at.y() - 12)
        painter.setPen(QPen(QColor(self._theme.line), 1))
        painter.setBrush(QColor(self._theme.raised))
        painter.drawRoundedRect(frame, RADIUS_PX, RADIUS_PX)
        painter.drawPixmap(frame.topLeft() + QPointF(6, 6), picture)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._point_at(self.nearest(event.position()))

    def leaveEvent(self, event: QEvent) -> None:
        self._point_at(0)

    def _point_at(self, id: int) -> None:
        if id != self.pointed:
            self.pointed, self._picture = id, None
            self.update()
            if id:
                self.picture_wanted.emit(id)

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


def kind_of(written: str) -> str:
    """Return the part that was written in a take, "" for several or none."""
    return "" if " " in written else written


def mark_glyph(kind: str) -> str:
    """Return the shape of a kind of takes."""
    return ROLE_GLYPHS[Role(kind)] if kind else SEVERAL


def mark_colour(kind: str, theme: Theme) -> QColor:
    """Return the colour of a kind of takes."""
    return theme.role(Role(kind)) if kind else QColor(theme.text)


class MapDialog(QDialog):
    """The map, what its marks mean, and what the chosen take is.

    Args:
        bridge: The engine.
        theme: Colours.
    """

    take_chosen = Signal(int)  # row in the library: bring its loop back

    def __init__(self, bridge: EngineBridge, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bridge, self._theme = bridge, theme
        self.setWindowTitle("Map of the library")
        self.resize(860, 620)
        self.view = MapView(self._theme)
        self.legend = QLabel()
        self.legend.setTextFormat(Qt.TextFormat.RichText)
        self.told = QLabel("Takes that sound alike lie near each other. Click one to hear it.")
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
        layout.addWidget(self.legend)
        layout.addLayout(bottom)
        self.view.point_chosen.connect(self._describe)
        self.view.point_used.connect(self._use)
        self.view.picture_wanted.connect(lambda id: self._bridge.ask(LoadLoops((id,)), self._on_loops))
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
        self.legend.setText(legend_of(mapped, self._theme))
        if mapped.waiting:
            self.told.setText(f"{len(mapped.ids)} takes placed, {mapped.waiting} to go …")
            self.ask()
        elif not self.view.chosen:
            self.told.setText(
                f"{len(mapped.ids)} takes. Those that sound alike lie near each other; click one to hear it."
            )

    def _on_loops(self, loaded: LoopsLoaded) -> None:
        for id, loop in loaded.loops:
            self.view.show_picture(id, picture_of(loop, self._theme, PICTURE))

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


def legend_of(mapped: LibraryMapped, theme: Theme) -> str:
    """Return what the marks on a map mean, as rich text."""
    kinds = set(map(kind_of, mapped.written))
    order = [*(role.value for role in Role), ""]
    names = {kind: kind.capitalize() or "Several parts" for kind in kinds}
    marks = (
        f'<span style="color: {mark_colour(kind, theme).name()}">{mark_glyph(kind)}</span>&nbsp;{names[kind]}'
        for kind in sorted(kinds, key=order.index)
    )
    return "Written: &nbsp; " + " &nbsp; ".join(marks) if kinds else ""
