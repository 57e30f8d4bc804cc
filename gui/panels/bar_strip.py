"""A part's bars at a glance: its notes in small, one cell a bar; click or drag chooses bars to rewrite."""

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from engine.music.loop import Loop
from gui.announcing import announce
from gui.panels.own_keys import OwnKeys
from gui.piano_roll.state import RollState
from gui.theme import FOCUS_PX, Theme, mixed

HEIGHT_PX = 30
FADED = 0.35
GAP_PX = 2


def paint_notes_small(painter: QPainter, loop: Loop, part: int, *, place: QRectF, theme: Theme) -> None:
    """Paint the notes of a part into a rectangle that is the whole loop."""
    track = loop.tracks[part]
    if not track.notes:
        return
    pitches = sorted({note.pitch for note in track.notes})
    if track.is_drums:
        row_of = {pitch: row for row, pitch in enumerate(reversed(pitches))}
        rows = len(pitches)
    else:
        rows = max(12, pitches[-1] - pitches[0] + 1)
        top = (pitches[0] + pitches[-1] + rows - 1) // 2
        row_of = {pitch: top - pitch for pitch in pitches}
    row_px = place.height() / rows
    scale = place.width() / loop.length
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.part(track))
    painter.drawRects(
        [
            QRectF(
                place.left() + note.onset * scale,
                place.top() + row_of[note.pitch] * row_px,
                max(1.5, (60 if track.is_drums else note.duration) * scale - 0.5),
                max(1.5, row_px - 0.5),
            )
            for note in track.notes
        ]
    )


class BarStrip(QWidget):
    """The bars of one part.

    Args:
        state: Loop and selection.
        part: Index of the part.
    """

    def __init__(self, state: RollState, part: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.state = state
        self.part = part
        self._anchor: int | None = None
        self._cursor_bar = 0
        self._opacity = 1.0
        self.setFixedHeight(HEIGHT_PX)
        OwnKeys(self, (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Space))
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName(f"Bars of {state.loop.tracks[part].label}")
        self.setToolTip("Click a bar (drag for several, Ctrl adds), then press G: only that is rewritten.")
        state.selection_changed.connect(self.update)

    def show_heard(self, *, is_heard: bool) -> None:
        """Fade the notes of a part that is not heard; what the keyboard is on and what G rewrites is seen as ever."""
        self._opacity = 1.0 if is_heard else FADED
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(180, HEIGHT_PX)

    def bar_at(self, x_px: float) -> int:
        return min(max(0, int(x_px / self.width() * self.state.loop.bars)), self.state.loop.bars - 1)

    def paintEvent(self, event: QPaintEvent) -> None:
        loop, theme = self.state.loop, self.state.theme
        if self.part >= len(loop.tracks):
            return
        painter = QPainter(self)
        color = theme.part(loop.tracks[self.part])
        chosen = self.state.meant_bars.bars_of(self.part)
        cell = self.width() / loop.bars
        for bar in range(loop.bars):
            rect = QRectF(bar * cell + GAP_PX / 2, 0.5, cell - GAP_PX, HEIGHT_PX - 1)
            is_chosen = bar in chosen
            ground = QColor(theme.row_off)
            painter.setBrush(mixed(ground, color, 0.38) if is_chosen else ground)
            painter.setPen(QPen(color, 1.5) if is_chosen else Qt.PenStyle.NoPen)
            painter.drawRoundedRect(rect, 3, 3)
            if self.hasFocus() and bar == self._cursor_bar:
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.setPen(QPen(QColor(theme.focus), FOCUS_PX))
                painter.drawRoundedRect(rect, 3, 3)
        place = QRectF(0, 4, self.width(), HEIGHT_PX - 8)
        painter.setOpacity(self._opacity)
        paint_notes_small(painter, loop, self.part, place=place, theme=theme)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        bar = self.bar_at(event.position().x())
        bars, modifiers = self.state.bars, event.modifiers()
        self.state.bring_to_front(self.part)
        if modifiers & Qt.KeyboardModifier.ControlModifier:
            self.state.select_bars(bars.toggled(self.part, bar))
            return
        if modifiers & Qt.KeyboardModifier.ShiftModifier and self._anchor is not None:
            self.state.select_bars(bars.with_range(self.part, self._anchor, bar, extend=True))
            return
        self._anchor = bar
        if bars.cells == frozenset({(self.part, bar)}):
            self.state.select_bars(bars.toggled(self.part, bar))  # the same bar again: no bar
        else:
            self.state.select_bars(bars.with_range(self.part, bar, bar))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._anchor is not None and event.buttons() & Qt.MouseButton.LeftButton:
            bar = self.bar_at(event.position().x())
            if bar != self._anchor or len(self.state.bars.cells) > 1:
                self.state.select_bars(self.state.bars.with_range(self.part, self._anchor, bar))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        if step is not None:
            self._cursor_bar = min(max(0, self._cursor_bar + step), self.state.loop.bars - 1)
            self.update()
        elif event.key() == Qt.Key.Key_Space:
            self.state.select_bars(self.state.bars.toggled(self.part, self._cursor_bar))
        else:
            super().keyPressEvent(event)
            return
        self._describe()

    def _describe(self) -> None:
        is_chosen = self._cursor_bar in self.state.meant_bars.bars_of(self.part)
        told = f"Bar {self._cursor_bar + 1} of {self.state.loop.bars}{', chosen for G' if is_chosen else ''}"
        self.setAccessibleDescription(told)
        announce(self, told)
