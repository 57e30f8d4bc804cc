"""A level meter: a bar that fills, and at its end a mark of what was too loud, which stays until it is clicked."""

from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QWidget

from gui.levels import Level
from gui.piano_roll.state import RollState
from gui.theme import paint_focus

HEIGHT_PX, BAR_PX = 10, 4
MARK_PX = 10
GAP_PX = 3
WHOLE_WIDTH_PX = 96
WHOLE_ADVICE = "All parts together were too loud and were turned down: lower a volume."
PART_ADVICE = "This part alone was too loud: lower its volume."


class LevelMeter(QAbstractButton):
    """How loud one part is, or all together; a press clears the mark, and while there is none does nothing.

    Args:
        state: Theme, and the part's colour.
        part: Index of the part; None for all together.
    """

    def __init__(self, state: RollState, part: int | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state, self._part = state, part
        self.level = Level()
        self._name = "Level of all parts" if part is None else f"Level of {state.loop.tracks[part].label}"
        self.setAccessibleName(self._name)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setFixedHeight(HEIGHT_PX)
        if part is None:
            self.setFixedWidth(WHOLE_WIDTH_PX)
        policy = self.sizePolicy()
        policy.setRetainSizeWhenHidden(True)  # what one aims at stays where it is
        self.setSizePolicy(policy)
        self._show_mark()

    def show_level(self, level: Level) -> None:
        before, self.level = self.level, level
        if before.is_clipped != level.is_clipped:
            self._show_mark()
        if self._bar_px(before) != self._bar_px(level):
            self.update()

    def _show_mark(self) -> None:
        advice = WHOLE_ADVICE if self._part is None else PART_ADVICE
        told = f"{advice} Click to clear this mark." if self.level.is_clipped else ""
        self.setToolTip(told or self._name)
        self.setAccessibleDescription(told)
        self.setEnabled(self.level.is_clipped)
        self.update()

    def _bar_px(self, level: Level) -> int:
        return round(level.share * (self.width() - MARK_PX - GAP_PX))

    def event(self, event: QEvent) -> bool:
        if not self.isEnabled() and isinstance(event, QMouseEvent):
            event.ignore()  # the card below is dragged by it; Qt's disabled buttons would keep presses
            return False
        return super().event(event)

    def sizeHint(self) -> QSize:
        return QSize(WHOLE_WIDTH_PX, HEIGHT_PX)

    def paintEvent(self, event: QPaintEvent) -> None:
        theme, part = self._state.theme, self._part
        tracks = self._state.loop.tracks
        colour = QColor(theme.accent) if part is None or part >= len(tracks) else theme.part(tracks[part])
        painter = QPainter(self)
        top = (self.height() - BAR_PX) / 2
        whole = self.width() - MARK_PX - GAP_PX
        painter.fillRect(QRectF(0, top, whole, BAR_PX), QColor(theme.line))
        painter.fillRect(QRectF(0, top, self._bar_px(self.level), BAR_PX), colour)
        mark = QRectF(self.width() - MARK_PX, (self.height() - MARK_PX) / 2, MARK_PX, MARK_PX)
        if self.level.is_clipped:
            painter.fillRect(mark, QColor(theme.warning))
            middle = mark.center().x() - 1
            for y, height in ((1.5, 4.5), (7, 2)):
                painter.fillRect(QRectF(middle, mark.top() + y, 2, height), QColor(theme.panel))
        if self.hasFocus():
            paint_focus(painter, self.rect(), QColor(theme.focus))
