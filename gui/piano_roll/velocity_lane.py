"""Velocities as stems under the roll; drag across them to draw."""

from bisect import bisect_left
from collections.abc import Collection
from operator import attrgetter

from PySide6.QtCore import QLine, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from engine.music.loop import Note
from gui.piano_roll.gestures import Edited, with_velocity
from gui.piano_roll.selection import NoteRef
from gui.piano_roll.state import RollState
from gui.theme import mixed

HEIGHT_PX = 64
MARGIN_PX = 6
REACH_PX = 6.0
HEAD_PX = 5  # odd: the stem is in the middle


class VelocityLane(QWidget):
    """Shows the velocities of the part in front; the pointer sets those of the notes it passes.

    With a selection only selected notes change.

    Args:
        state: What is shown.
    """

    def __init__(self, state: RollState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.state = state
        self._edited: Edited | None = None
        self._last: QPointF | None = None
        self.setFixedHeight(HEIGHT_PX)
        self.setAccessibleName("Velocity lane")
        self.setToolTip("Drag across the stems to set velocities; with a selection, only its notes change.")
        for signal in (state.content_changed, state.view_changed, state.selection_changed):
            signal.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(800, HEIGHT_PX)

    def velocity_at(self, y_px: float) -> int:
        room = HEIGHT_PX - 2 * MARGIN_PX
        return min(127, max(1, round(127 * (HEIGHT_PX - MARGIN_PX - y_px) / room)))

    def y_of(self, velocity: int) -> float:
        return HEIGHT_PX - MARGIN_PX - velocity / 127 * (HEIGHT_PX - 2 * MARGIN_PX)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        theme, time, loop = self.state.theme, self.state.view.time, self.state.shown_loop
        painter.fillRect(self.rect(), QColor(theme.row_off))
        gutter = QRectF(0, 0, time.gutter_px, HEIGHT_PX)
        painter.fillRect(gutter, QColor(theme.panel))
        painter.setPen(QColor(theme.muted))
        small = QFont(painter.font())
        small.setPixelSize(11)
        painter.setFont(small)
        painter.drawText(gutter.adjusted(10, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, "Velocity")
        painter.setClipRect(QRectF(time.gutter_px, 0, self.width(), HEIGHT_PX))
        front = self.state.view.front
        if front >= len(loop.tracks):
            return
        track = loop.tracks[front]
        color = theme.part(track)
        first, last = time.tick_of(event.rect().left() - HEAD_PX), time.tick_of(event.rect().right() + HEAD_PX)
        begin, end = (bisect_left(track.notes, tick, key=attrgetter("onset")) for tick in (first, last))
        plain, selected = track.notes[begin:end], {ref.note for ref in self.state.shown_selection if ref.part == front}
        if selected:
            plain = [note for note in plain if note not in selected]
            color = mixed(color, QColor(theme.row_off), 0.35)
        self._paint_stems(painter, plain, color)
        self._paint_stems(painter, selected, QColor(theme.selection))

    def _paint_stems(self, painter: QPainter, notes: Collection[Note], color: QColor) -> None:
        time, foot, half = self.state.view.time, HEIGHT_PX - MARGIN_PX, HEAD_PX // 2
        places = [(round(time.x_of(note.onset)) + 1, round(self.y_of(note.velocity))) for note in notes]
        painter.setPen(QPen(color, 2))
        painter.drawLines([QLine(x, foot, x, y) for x, y in places])
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
        painter.drawRects([QRect(x - half, y - half, HEAD_PX, HEAD_PX) for x, y in places])

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton:
            self._edited = Edited(self.state.loop, self.state.selection)
            self._last = event.position()
            self._sweep(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._edited is not None:
            self._sweep(event.position())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._edited is not None:
            edited, self._edited = self._edited, None
            self.state.commit("Draw velocity", edited)

    def _sweep(self, position: QPointF) -> None:
        """Set the notes between the last position and this one to the line that joins them."""
        assert self._edited is not None
        assert self._last is not None
        a, b = sorted((self._last, position), key=lambda point: point.x())
        self._last = position
        front, time = self.state.view.front, self.state.view.time
        loop, selection = self._edited.loop, self._edited.selection
        if front >= len(loop.tracks):
            return
        only = {ref.note for ref in selection if ref.part == front}
        passed = {
            note: time.x_of(note.onset)
            for note in (only or loop.tracks[front].notes)
            if a.x() - REACH_PX <= time.x_of(note.onset) <= b.x() + REACH_PX
        }
        span = max(1e-6, b.x() - a.x())

        def velocity(note: Note) -> int:
            share = min(1.0, max(0.0, (passed[note] - a.x()) / span))
            return self.velocity_at(a.y() + share * (b.y() - a.y()))

        refs = frozenset(NoteRef(front, note) for note in passed)
        edited = with_velocity(loop, refs, velocity)
        kept = (selection - refs) | (edited.selection if only else frozenset())
        self._edited = Edited(edited.loop, kept)
        self.state.set_preview(self._edited)
