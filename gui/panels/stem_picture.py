"""The picture of a part that came in: its notes over its bars, those of a sound over its wave.

Over it lie the bars that are taken and the place of bar 1, both to be dragged.
"""

from PySide6.QtCore import QLineF, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QApplication, QSizePolicy, QWidget

from engine.music.general_midi import Role
from engine.music.heard import HeardNote
from engine.music.timing import seconds_from_ticks
from gui.material_row import StemRow
from gui.panels.own_keys import OwnKeys
from gui.panels.wave import SHARE_OF_COLOR, paint_wave
from gui.theme import Theme, mixed

HEIGHT_PX = 52
FLAG_PX = 9.0
GRIP_PX = 7.0
LEAST_BAR_PX = 7.0
NUDGE_SECONDS = 0.01


class StemPicture(QWidget):
    """Paints one part.

    Args:
        row: The part.
        first_bar, bars: What is taken.
        theme: Colours.
    """

    bar_one_moved = Signal(float, bool)  # seconds from the sound's start, whether of this part alone
    window_moved = Signal(int)  # first bar

    def __init__(self, row: StemRow, first_bar: int, bars: int, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._drag = ""
        self._grabbed_bars = 0.0
        self._grabbed_px = 0.0
        self._bar_one: float | None = None  # while it is dragged
        self._dragged_start: int | None = None  # likewise, the first bar of the frame
        self.setMinimumHeight(HEIGHT_PX)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        OwnKeys(self, (Qt.Key.Key_Left, Qt.Key.Key_Right))
        self.show_row(row, first_bar, bars)

    def sizeHint(self) -> QSize:
        return QSize(420, HEIGHT_PX)

    def show_row(self, row: StemRow, first_bar: int, bars: int) -> None:
        """Show the part as it is now."""
        self.row, self.first_bar, self.bars = row, first_bar, bars
        start = self._window_start
        where = f"bars {start + 1} to {min(start + bars, row.bars)} of {row.bars} are taken"
        self.setAccessibleName(f"{row.name}: bar 1 at {row.timing.bar_one_seconds:.2f} seconds, {where}")
        self.setToolTip(
            "Drag the flag to where bar 1 is (Alt: in this file alone); drag the frame to the bars to take. "
            "Keys: left and right move bar 1, with Shift the frame."
        )
        self.update()

    @property
    def _window_start(self) -> int:
        return self.first_bar % max(self.row.bars, 1) if self._dragged_start is None else self._dragged_start

    @property
    def _bar_seconds(self) -> float:
        timing = self.row.timing
        return seconds_from_ticks(timing.meter.ticks_per_bar, timing.tempo_bpm)

    @property
    def bar_one_seconds(self) -> float:
        """Where the flag stands."""
        return self.row.timing.bar_one_seconds if self._bar_one is None else self._bar_one

    @property
    def _span(self) -> tuple[float, float]:
        """The seconds at the left edge, and how many the picture shows; they stay while the flag is dragged."""
        if self.row.stem is not None:
            return 0.0, max(self.row.stem.seconds, 1e-6)
        begin = min(0.0, self.row.timing.bar_one_seconds)
        return begin, (self.row.seconds or self.row.bars * self._bar_seconds) - begin

    def x_of(self, seconds: float) -> float:
        """Return the pixel of a moment of the file."""
        begin, length = self._span
        return (seconds - begin) / length * self.width()

    def x_of_bar(self, bar: float) -> float:
        """Return the pixel of a bar line, 0 for bar 1."""
        return self.x_of(self.bar_one_seconds + bar * self._bar_seconds)

    def _bar_at(self, x_px: float) -> float:
        origin = self.x_of_bar(0)
        return (x_px - origin) / max(self.x_of_bar(1) - origin, 1e-6)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, theme = QPainter(self), self._theme
        painter.fillRect(self.rect(), QColor(theme.row_off))
        left, right = self.x_of_bar(self._window_start), self.x_of_bar(self._window_start + self.bars)
        frame = QRectF(left, 0.5, min(right, self.width() - 1.0) - left, self.height() - 1)
        painter.fillRect(frame, mixed(QColor(theme.row), QColor(theme.accent), 0.16))
        self._paint_bar_lines(painter)
        if self.row.stem is None:
            self._paint_notes(painter, self.row.drawn, theme.role(self.row.role))
        else:
            self._paint_wave(painter)
            self._paint_notes(painter, self.row.stem.notes, QColor(theme.text))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(theme.accent), 2 if self.hasFocus() else 1))
        painter.drawRect(frame)
        self._paint_flag(painter)

    def _paint_bar_lines(self, painter: QPainter) -> None:
        bar_px = self.x_of_bar(1) - self.x_of_bar(0)
        step = next((n for n in (1, 2, 4, 8, 16, 32, 64) if n * bar_px >= LEAST_BAR_PX), 128)
        painter.setPen(QPen(QColor(self._theme.beat_line), 1))
        places = (round(self.x_of_bar(bar)) + 0.5 for bar in range(0, self.row.bars + 1, step))
        painter.drawLines([QLineF(x, 0, x, self.height()) for x in places])

    def _paint_wave(self, painter: QPainter) -> None:
        assert self.row.stem is not None
        color = mixed(QColor(self._theme.row_off), self._theme.role(self.row.role), SHARE_OF_COLOR)
        paint_wave(painter, self.row.stem, 0.0, self.row.stem.seconds, self.rect(), color)

    def _paint_notes(self, painter: QPainter, notes: tuple[HeardNote, ...], color: QColor) -> None:
        pitches = sorted({note.pitch for note in notes})
        if not pitches:
            return
        is_drums = self.row.role is Role.DRUMS
        rows = {pitch: at if is_drums else pitch - pitches[0] for at, pitch in enumerate(pitches)}
        row_px = min((self.height() - 10) / (max(rows.values()) + 1), 5.0)
        bottom = self.height() / 2 + row_px * (max(rows.values()) + 1) / 2
        scale = self.width() / self._span[1]
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
        painter.drawRects(
            [
                QRectF(
                    self.x_of(note.onset_seconds),
                    bottom - (rows[note.pitch] + 1) * row_px,
                    max(1.5, (note.end_seconds - note.onset_seconds) * scale - 0.5),
                    max(1.5, row_px - 0.5),
                )
                for note in notes
            ]
        )

    def _paint_flag(self, painter: QPainter) -> None:
        x = self.x_of_bar(0)
        color = QColor(self._theme.warning)
        painter.setPen(QPen(color, 2))
        painter.drawLine(QLineF(x, 0, x, self.height()))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
        painter.drawPolygon(QPolygonF([QPointF(x, 0), QPointF(x + FLAG_PX, FLAG_PX / 2), QPointF(x, FLAG_PX)]))

    def _is_on_flag(self, x_px: float) -> bool:
        flag = self.x_of_bar(0)
        return flag - GRIP_PX <= x_px <= flag + GRIP_PX

    def mousePressEvent(self, event: QMouseEvent) -> None:
        x = event.position().x()
        if event.button() is not Qt.MouseButton.LeftButton:
            return
        if self._is_on_flag(x):
            self._drag, self._grabbed_px = "flag", x
            return
        self._drag = "frame"
        bar = self._bar_at(x)
        is_inside = self._window_start <= bar < self._window_start + self.bars
        self._grabbed_bars = bar - self._window_start if is_inside else min(self.bars / 2, bar)
        self._move_frame(bar)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        x = event.position().x()
        if self._drag == "flag":
            self._drag_flag(x - self._grabbed_px)
        elif self._drag == "frame":
            self._move_frame(self._bar_at(x))
        else:
            on_flag = self._is_on_flag(x)
            self.setCursor(Qt.CursorShape.SizeHorCursor if on_flag else Qt.CursorShape.PointingHandCursor)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._drag = ""
        if self._bar_one is not None:
            seconds, self._bar_one = self._bar_one, None
            self.bar_one_moved.emit(seconds, bool(event.modifiers() & Qt.KeyboardModifier.AltModifier))
        if self._dragged_start is not None:
            start, self._dragged_start = self._dragged_start, None
            if start != self._window_start:
                self.window_moved.emit(start)

    def _drag_flag(self, moved_px: float) -> None:
        """Move bar 1 as far as the hand did, once that is more than a click's tremor."""
        if self._bar_one is None and abs(moved_px) < QApplication.startDragDistance():
            return
        begin, length = self._span
        moved = self.row.timing.bar_one_seconds + moved_px / max(self.width(), 1) * length
        self._bar_one = min(max(moved, begin), begin + length - 0.05)
        self.update()

    def _move_frame(self, bar: float) -> None:
        self._dragged_start = min(max(0, round(bar - self._grabbed_bars)), max(self.row.bars - 1, 0))
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
        elif not event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            is_alone = bool(event.modifiers() & Qt.KeyboardModifier.AltModifier)
            now = self.row.timing.bar_one_seconds
            moved = now + step * NUDGE_SECONDS
            self.bar_one_moved.emit(max(min(now, 0.0), moved) if self.row.is_sound else moved, is_alone)
        else:
            self.window_moved.emit(max(0, self._window_start + step))
