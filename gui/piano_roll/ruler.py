"""The ruler above the roll: bars, beats and chords; a click sets where playing begins, a drag chooses bars."""

from PySide6.QtCore import QLineF, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QApplication, QWidget

from gui.piano_roll.state import RollState

HEIGHT_PX = 44
CHORD_HEIGHT_PX = 22
MIN_BEAT_LABEL_PX = 34


class Ruler(QWidget):
    """Bar numbers, beats and the chord row.

    Args:
        state: What is shown.
    """

    tick_chosen = Signal(int)
    chords_wanted = Signal(int)  # bar whose chords shall be edited

    def __init__(self, state: RollState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.state = state
        self.setFixedHeight(HEIGHT_PX)
        self.setAccessibleName("Bars and chords")
        self.setToolTip(
            "Click to play from here. Drag, or hold Shift, to choose bars of the part in front, which G then rewrites. "
            "Double-click a chord to change it."
        )
        self._pressed_at: QPointF | None = None
        self._is_choosing = False
        for signal in (state.content_changed, state.view_changed):
            signal.connect(self.update)
        state.playhead_shown.connect(lambda *_: self.update())

    def sizeHint(self) -> QSize:
        return QSize(800, HEIGHT_PX)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        theme, time, loop = self.state.theme, self.state.view.time, self.state.loop
        painter.fillRect(self.rect(), QColor(theme.panel))
        painter.setPen(QColor(theme.muted))
        small = QFont(painter.font())
        small.setPixelSize(11)
        painter.setFont(small)
        left = QRectF(10, 0, time.gutter_px - 12, CHORD_HEIGHT_PX)
        painter.drawText(left, Qt.AlignmentFlag.AlignVCenter, "Bar")
        painter.drawText(left.translated(0, CHORD_HEIGHT_PX), Qt.AlignmentFlag.AlignVCenter, "Chords")
        painter.setClipRect(QRectF(time.gutter_px, 0, self.width(), HEIGHT_PX))
        for bar in range(loop.bars):
            self._paint_bar(painter, bar)
        self._paint_end(painter)
        if self.state.shown_playhead_tick >= 0:
            x = time.x_of(self.state.shown_playhead_tick)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(theme.playhead))
            painter.drawRect(QRectF(x - 1, 0, 2, HEIGHT_PX))

    def _paint_bar(self, painter: QPainter, bar: int) -> None:
        theme, time, loop = self.state.theme, self.state.view.time, self.state.loop
        meter = loop.meter
        start = bar * meter.ticks_per_bar
        x, width = time.x_of(start), meter.ticks_per_bar * time.px_per_tick
        painter.setPen(QPen(QColor(theme.bar_line), 1))
        painter.drawLine(QLineF(round(x) + 0.5, 4, round(x) + 0.5, HEIGHT_PX))
        painter.setPen(QColor(theme.text))
        painter.drawText(QRectF(x + 6, 0, width, CHORD_HEIGHT_PX), Qt.AlignmentFlag.AlignVCenter, str(bar + 1))
        beat_px = meter.ticks_per_beat * time.px_per_tick
        if beat_px >= MIN_BEAT_LABEL_PX:
            painter.setPen(QColor(theme.muted))
            for beat in range(1, -(-meter.ticks_per_bar // meter.ticks_per_beat)):
                place = QRectF(x + beat * beat_px + 4, 0, beat_px, CHORD_HEIGHT_PX)
                painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, f"{bar + 1}.{beat + 1}")
        self._paint_chords(painter, bar, QRectF(x, CHORD_HEIGHT_PX, width, CHORD_HEIGHT_PX))

    def _paint_chords(self, painter: QPainter, bar: int, place: QRectF) -> None:
        theme = self.state.theme
        chords = self.state.loop.chords[bar] if self.state.loop.chords else ()
        for i, chord in enumerate(chords):
            share = place.width() / len(chords)
            box = QRectF(place.left() + i * share + 1.5, place.top() + 1, share - 3, place.height() - 3)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(theme.raised))
            painter.drawRoundedRect(box, 4, 4)
            painter.setPen(QColor(theme.text))
            painter.drawText(box.adjusted(6, 0, -2, 0), Qt.AlignmentFlag.AlignVCenter, str(chord))

    def _paint_end(self, painter: QPainter) -> None:
        theme, loop = self.state.theme, self.state.loop
        x = self.state.view.time.x_of(loop.length)
        painter.setPen(QPen(QColor(theme.accent), 2))
        painter.drawLine(QLineF(x, 0, x, HEIGHT_PX))
        painter.setPen(QColor(theme.muted))
        painter.drawText(QRectF(x + 6, 0, 80, CHORD_HEIGHT_PX), Qt.AlignmentFlag.AlignVCenter, "↺ 1")

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.position().y() < CHORD_HEIGHT_PX and event.button() is Qt.MouseButton.LeftButton:
            self._pressed_at = event.position()
            if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
                self._choose_bars(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        pressed = self._pressed_at
        if pressed is not None and abs(event.position().x() - pressed.x()) >= QApplication.startDragDistance():
            self._choose_bars(event.position())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        pressed, self._pressed_at = self._pressed_at, None
        is_choosing, self._is_choosing = self._is_choosing, False
        if pressed is not None and not is_choosing and self.rect().contains(event.position().toPoint()):
            tick = self.state.view.time.tick_of(pressed.x())
            if 0 <= tick < self.state.loop.length:
                self.tick_chosen.emit(self.state.view.snap.before(tick))

    def _choose_bars(self, position: QPointF) -> None:
        """Choose the bars of the part in front between the press and a position."""
        assert self._pressed_at is not None
        self._is_choosing = True
        loop, front = self.state.loop, self.state.view.front
        ticks = (self.state.view.time.tick_of(place.x()) for place in (self._pressed_at, position))
        first, last = (min(max(0, int(tick // loop.meter.ticks_per_bar)), loop.bars - 1) for tick in ticks)
        if front < len(loop.tracks):
            self.state.select_bars(self.state.bars.with_range(front, first, last))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        tick = self.state.view.time.tick_of(event.position().x())
        if 0 <= tick < self.state.loop.length:
            self.chords_wanted.emit(int(tick // self.state.loop.meter.ticks_per_bar))
