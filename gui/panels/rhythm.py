"""The rhythm mask of a part: steps to click, one row a bar, bars taking turns; or tapped with a key."""

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from engine.messages import ControlReport
from engine.music.timing import Meter
from gui.panels.own_keys import OwnKeys
from gui.piano_roll.state import RollState
from gui.rhythm_pattern import MAX_ROWS, Pattern, StepGrid
from gui.theme import FOCUS_PX, mixed

ROW_PX, GAP_PX = 20, 2
AUTO = "auto"


class StepRows(QWidget):
    """Steps to click or to walk with the arrow keys; Space turns one over.

    Args:
        state: Theme, and whose colour.
    """

    pattern_edited = Signal(object)  # Pattern

    def __init__(self, state: RollState) -> None:
        super().__init__()
        self.state = state
        self.pattern = Pattern()
        self.meter = Meter()
        self._cursor = (0, 0)
        self._is_painting_on: bool | None = None
        OwnKeys(self)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName("Steps of the rhythm")
        self.setToolTip("Click steps: notes may begin only there. Rows are bars that take turns.")

    def show_pattern(self, pattern: Pattern, meter: Meter) -> None:
        self.pattern, self.meter = pattern, meter
        rows = max(1, len(pattern.rows))
        self._cursor = (min(self._cursor[0], rows - 1), min(self._cursor[1], max(0, self._steps - 1)))
        self.setFixedHeight(rows * ROW_PX)
        self._describe()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(260, ROW_PX)

    @property
    def _steps(self) -> int:
        return self.pattern.grid.steps_of(self.meter)

    def _place(self, row: int, step: int) -> QRectF:
        width = self.width() / max(1, self._steps)
        return QRectF(step * width, row * ROW_PX, width - GAP_PX, ROW_PX - GAP_PX)

    def step_at(self, x_px: float, y_px: float) -> tuple[int, int]:
        """Return the row and the step at a place."""
        rows = max(1, len(self.pattern.rows))
        step = int(x_px / self.width() * self._steps)
        return min(max(0, int(y_px // ROW_PX)), rows - 1), min(max(0, step), self._steps - 1)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        theme, loop = self.state.theme, self.state.loop
        front = self.state.view.front
        color = theme.part(loop.tracks[front]) if front < len(loop.tracks) else QColor(theme.accent)
        rows = self.pattern.rows or ((False,) * self._steps,)
        beat = max(1, self.meter.ticks_per_beat // (20 * self.pattern.grid.value))
        for row, steps in enumerate(rows):
            for step, is_on in enumerate(steps):
                ground = QColor(theme.raised if step % beat == 0 else theme.row_off)
                painter.setBrush(color if is_on else mixed(ground, QColor(theme.line), 0.35))
                has_cursor = self.hasFocus() and self._cursor == (row, step)
                painter.setPen(QPen(QColor(theme.focus), FOCUS_PX) if has_cursor else Qt.PenStyle.NoPen)
                painter.drawRoundedRect(self._place(row, step), 2, 2)
        if not self.pattern.rows:
            painter.setPen(QColor(theme.muted))
            font = QFont(painter.font())
            font.setPixelSize(11)
            painter.setFont(font)
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, "anywhere: click a step, or tap T")

    def _set(self, row: int, step: int, is_on: bool | None) -> None:
        pattern = self.pattern if self.pattern.rows else self.pattern.with_row_count(1, self.meter)
        self._cursor = (row, step)
        pattern = pattern.toggled(row, step, is_on=is_on)
        if pattern != self.pattern:
            self.pattern_edited.emit(pattern)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton and self._steps:
            row, step = self.step_at(event.position().x(), event.position().y())
            self._is_painting_on = not (self.pattern.rows and self.pattern.rows[row][step])
            self._set(row, step, self._is_painting_on)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._is_painting_on is not None and event.buttons() & Qt.MouseButton.LeftButton and self._steps:
            self._set(*self.step_at(event.position().x(), event.position().y()), self._is_painting_on)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._is_painting_on = None

    def keyPressEvent(self, event: QKeyEvent) -> None:
        row, step = self._cursor
        moves = {
            Qt.Key.Key_Left: (0, -1),
            Qt.Key.Key_Right: (0, 1),
            Qt.Key.Key_Up: (-1, 0),
            Qt.Key.Key_Down: (1, 0),
        }
        key = Qt.Key(event.key())
        if key in moves:
            down, right = moves[key]
            rows = max(1, len(self.pattern.rows))
            self._cursor = ((row + down) % rows, (step + right) % max(1, self._steps))
            self._describe()
            self.update()
        elif key == Qt.Key.Key_Space and self._steps:
            self._set(row, step, None)
        else:
            super().keyPressEvent(event)

    def _describe(self) -> None:
        row, step = self._cursor
        is_on = bool(self.pattern.rows) and self.pattern.rows[row][step]
        self.setAccessibleDescription(f"Bar {row + 1}, step {step + 1}, {'on' if is_on else 'off'}")


class RhythmEditor(QWidget):
    """Draws and shows a rhythm mask.

    Args:
        state: Theme, and which part is in front.
    """

    rhythm_edited = Signal(str)  # as in `PartRequest.rhythm`; "" is auto
    tap_wanted = Signal()

    def __init__(self, state: RollState) -> None:
        super().__init__()
        self._text = ""
        self.grid = QComboBox()
        self.grid.addItems([grid.label for grid in StepGrid])
        self.grid.setAccessibleName("Grid of the rhythm")
        self.grid.setToolTip("Grid of the rhythm")
        self.fewer, self.more = _button("−", "A bar fewer"), _button("+", "A bar more, taking turns")
        self.tap = _button("Tap   T", "Tap a rhythm with T while the loop plays")
        self.auto = _button(AUTO, "Click to let notes begin anywhere again")
        self.got = QLabel()
        self.got.setProperty("kind", "muted")
        self.steps = StepRows(state)
        head = QHBoxLayout()
        head.setSpacing(4)
        head.addWidget(self.grid)
        head.addStretch(1)
        head.addWidget(self.auto)
        foot = QHBoxLayout()
        foot.setSpacing(4)
        caption = QLabel("Bars")
        caption.setProperty("kind", "muted")
        for widget in (caption, self.fewer, self.more):
            foot.addWidget(widget)
        foot.addStretch(1)
        foot.addWidget(self.tap)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(head)
        layout.addWidget(self.steps)
        layout.addLayout(foot)
        layout.addWidget(self.got)
        self.got.hide()
        self.grid.activated.connect(self._on_grid)
        self.fewer.clicked.connect(lambda: self._on_rows(-1))
        self.more.clicked.connect(lambda: self._on_rows(1))
        self.tap.clicked.connect(self.tap_wanted)
        self.auto.clicked.connect(lambda: self.rhythm_edited.emit(""))
        self.steps.pattern_edited.connect(self._edit)

    @property
    def pattern(self) -> Pattern:
        return self.steps.pattern

    def show_rhythm(self, text: str, meter: Meter) -> None:
        """Show a mask; one that does not fit the meter is said to."""
        grid = self.pattern.grid if self.pattern.grid.steps_of(meter) else StepGrid.SIXTEENTH
        try:
            pattern = Pattern.of_text(text, meter, grid)
            problem = ""
        except ValueError as error:
            pattern, problem = Pattern(grid), f"“{text}”: {error}"
        self._text = text
        self.steps.show_pattern(pattern, meter)
        self.grid.setCurrentIndex(list(StepGrid).index(pattern.grid))
        self.auto.setEnabled(bool(text))
        self.fewer.setEnabled(len(pattern.rows) > 1)
        self.more.setEnabled(0 < len(pattern.rows) < MAX_ROWS)
        self.got.setText(problem)
        self.got.setVisible(bool(problem))

    def show_report(self, report: ControlReport | None) -> None:
        """Show how much of a take begins on the steps."""
        if report is not None:
            self.got.setText(f"got {report.got:.0%} on the steps {'✓' if report.is_met else '≠'}")
        self.got.setVisible(report is not None)

    def _edit(self, pattern: Pattern) -> None:
        self.steps.show_pattern(pattern, self.steps.meter)
        self.rhythm_edited.emit(pattern.text)

    def _on_grid(self, index: int) -> None:
        grid, meter = list(StepGrid)[index], self.steps.meter
        if not grid.steps_of(meter):
            self.got.setText(f"{grid.label} does not fill a bar of {meter}")
            self.got.show()
            self.grid.setCurrentIndex(list(StepGrid).index(self.pattern.grid))
            return
        self._edit(self.pattern.with_grid(grid, meter))

    def _on_rows(self, by: int) -> None:
        self._edit(self.pattern.with_row_count(len(self.pattern.rows) + by, self.steps.meter))


def _button(text: str, tip: str) -> QToolButton:
    button = QToolButton()
    button.setText(text)
    button.setToolTip(tip)
    button.setAccessibleName(tip)
    button.setProperty("kind", "flat")
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return button
