"""Density bar by bar, drawn as a curve: a column a bar, open until it is drawn."""

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QContextMenuEvent, QFont, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from engine.messages import ControlReport
from engine.music.general_midi import Role
from engine.music.timing import Meter
from engine.representation.controls import DENSITY_LABELS, density_bin, density_of_bin
from gui.panels.own_keys import DELETING, WALKING, OwnKeys
from gui.piano_roll.state import RollState
from gui.theme import FOCUS_PX, mixed

HEIGHT_PX = 64
LEVELS = len(DENSITY_LABELS)
WHOLE_TICKS = 1920
Densities = tuple[float | None, ...]


def level_of(notes: float, role: Role, meter: Meter) -> int:
    """Return 0 to 9: how busy so many notes in a bar are for a role."""
    return density_bin(notes * WHOLE_TICKS / meter.ticks_per_bar, role)


def notes_of(level: int, role: Role, meter: Meter) -> float:
    """Return the notes in a bar of a level, to a tenth."""
    return round(density_of_bin(level, role) * meter.ticks_per_bar / WHOLE_TICKS, 1)


def drawn(densities: Densities, bars: int, bar: int, notes: float | None) -> Densities:
    """Return the curve with one bar drawn or (None) opened; () when no bar is drawn any more."""
    values = [*densities[:bars], *(None,) * (bars - len(densities))]
    values[bar] = notes
    return tuple(values) if any(value is not None for value in values) else ()


class BarCurve(QWidget):
    """Draw with the mouse; a right click opens a bar again; arrow keys and Delete do the same.

    Args:
        state: Theme, loop and part in front.
    """

    densities_edited = Signal(object)  # Densities

    def __init__(self, state: RollState) -> None:
        super().__init__()
        self.state = state
        self.densities: Densities = ()
        self._got: dict[int, ControlReport] = {}
        self._cursor = 0
        self.setFixedHeight(HEIGHT_PX)
        OwnKeys(self, (*WALKING, *DELETING))
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName("Density bar by bar")
        self.setToolTip("Draw how busy each bar is. Right-click a bar to leave it open again.")

    def sizeHint(self) -> QSize:
        return QSize(260, HEIGHT_PX)

    @property
    def _role(self) -> Role:
        return self.state.loop.tracks[self.state.view.front].role

    def show_densities(self, densities: Densities) -> None:
        self.densities = densities
        self._cursor = min(self._cursor, self.state.loop.bars - 1)
        self._describe()
        self.update()

    def show_reports(self, reports: dict[int, ControlReport]) -> None:
        """Show what a take got in each bar."""
        self._got = reports
        self.update()

    def _level(self, bar: int) -> int | None:
        notes = self.densities[bar] if bar < len(self.densities) else None
        return None if notes is None else level_of(notes, self._role, self.state.loop.meter)

    def paintEvent(self, event: QPaintEvent) -> None:
        loop, theme, front = self.state.loop, self.state.theme, self.state.view.front
        if front >= len(loop.tracks):
            return
        painter = QPainter(self)
        color = theme.part(loop.tracks[front])
        width, room = self.width() / loop.bars, HEIGHT_PX - 2
        font = QFont(painter.font())
        font.setPixelSize(10)
        painter.setFont(font)
        for bar in range(loop.bars):
            place = QRectF(bar * width, 1, width - 2, room)
            painter.fillRect(place, mixed(QColor(theme.panel), QColor(theme.row_off), 0.7))
            level = self._level(bar)
            if level is None:
                painter.setPen(QColor(theme.muted))
                painter.drawText(place, Qt.AlignmentFlag.AlignCenter, "auto" if width > 30 else "·")
            else:
                top = place.bottom() - (level + 1) * room / LEVELS
                painter.fillRect(QRectF(place.left(), top, place.width(), place.bottom() - top), color)
            if bar in self._got:
                got = level_of(self._got[bar].got, self._role, loop.meter)
                y = place.bottom() - (got + 0.5) * room / LEVELS
                painter.fillRect(QRectF(place.left(), y - 1, place.width(), 3), QColor(theme.text))
            if self.hasFocus() and bar == self._cursor:
                painter.setPen(QPen(QColor(theme.focus), FOCUS_PX))
                painter.drawRect(place.adjusted(0.5, 0.5, -0.5, -0.5))

    def _draw(self, event: QMouseEvent) -> None:
        loop = self.state.loop
        bar = min(max(0, int(event.position().x() / self.width() * loop.bars)), loop.bars - 1)
        level = min(max(0, int((1 - event.position().y() / HEIGHT_PX) * LEVELS)), LEVELS - 1)
        self._set(bar, level)

    def _set(self, bar: int, level: int | None) -> None:
        loop = self.state.loop
        notes = None if level is None else notes_of(level, self._role, loop.meter)
        self._cursor = bar
        densities = drawn(self.densities, loop.bars, bar, notes)
        if densities != self.densities:
            self.densities_edited.emit(densities)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton:
            self._draw(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._draw(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        bars = self.state.loop.bars
        self._set(min(max(0, int(event.pos().x() / self.width() * bars)), bars - 1), None)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        bars, key, level = self.state.loop.bars, Qt.Key(event.key()), self._level(self._cursor)
        if key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            self._cursor = (self._cursor + (1 if key == Qt.Key.Key_Right else -1)) % bars
            self._describe()
            self.update()
        elif key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            by = 1 if key == Qt.Key.Key_Up else -1
            self._set(self._cursor, min(max(0, (LEVELS // 2 if level is None else level) + by), LEVELS - 1))
        elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self._set(self._cursor, None)
        else:
            super().keyPressEvent(event)

    def _describe(self) -> None:
        level = self._level(self._cursor) if self.state.view.front < len(self.state.loop.tracks) else None
        word = "auto" if level is None else DENSITY_LABELS[level]
        self.setAccessibleDescription(f"Bar {self._cursor + 1}: {word}")


def curve_note(densities: Densities) -> str:
    """Return what a heading says of a curve."""
    count = sum(value is not None for value in densities)
    return f"{count} bar{'s' if count != 1 else ''} drawn" if count else ""
