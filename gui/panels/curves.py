"""The two curves of a training: own files that were kept aside, and what the base writes."""

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

HEIGHT_PX = 220
MARGIN_PX = 54
_TICKS = 4
_FAINT = 0.3  # lines of the grid, beside the line of no change


class CurvesView(QWidget):
    """Draws validations: steps to the right, bits a note upwards, each curve against its own beginning."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMinimumHeight(HEIGHT_PX)
        self.points: list[tuple[int, float, float | None]] = []
        self._describe()

    def clear(self) -> None:
        """Begin anew."""
        self.points = []
        self._describe()

    def add(self, step: int, own: float, base: float | None) -> None:
        """Add a validation, in place of what was drawn from its step on."""
        self.points = [*(p for p in self.points if p[0] < step), (step, own, base)]
        self._describe()

    def _describe(self) -> None:
        text = "No validation yet."
        if self.points:
            step, own, base = self.points[-1]
            text = f"Step {step}: your files {change_text(self.points[0][1], own)}"
            if base is not None and self.points[0][2] is not None:
                text += f", the base's own loops {change_text(self.points[0][2], base)}"
        self.setAccessibleName("Curves of the training")
        self.setAccessibleDescription(text)
        self.setToolTip(text)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette = self.palette()
        muted = palette.color(QPalette.ColorGroup.Disabled, QPalette.ColorRole.Text)
        frame = QRectF(MARGIN_PX, 10, self.width() - MARGIN_PX - 12, self.height() - 34)
        shares = [self._shares(index) for index in (1, 2)]
        values = [value for curve in shares for _, value in curve] or [0.0]
        low, high = min(*values, -0.05), max(*values, 0.05)
        last = max((step for step, *_ in self.points), default=1) or 1

        def place(step: float, value: float) -> QPointF:
            y = frame.bottom() - (value - low) / (high - low) * frame.height()
            return QPointF(frame.left() + step / last * frame.width(), y)

        faint = QColor(muted)
        faint.setAlphaF(_FAINT)
        for index in range(_TICKS + 1):
            value = low + (high - low) * index / _TICKS
            at = place(0, value)
            painter.setPen(muted)
            painter.drawText(QRectF(0, at.y() - 8, MARGIN_PX - 6, 16), Qt.AlignmentFlag.AlignRight, f"{value:+.1%}")
            painter.setPen(faint)
            painter.drawLine(at, place(last, value))
        painter.setPen(QPen(muted, 1.5))
        painter.drawLine(place(0, 0), place(last, 0))
        line = QRectF(frame.left(), frame.bottom() + 6, frame.width(), 16)
        painter.drawText(line, Qt.AlignmentFlag.AlignRight, f"step {last}" if len(self.points) > 1 else "")
        styles = ((palette.color(QPalette.ColorRole.Highlight), Qt.PenStyle.SolidLine), (muted, Qt.PenStyle.DashLine))
        for curve, (color, style) in zip(shares, styles, strict=True):
            self._draw(painter, [place(*point) for point in curve], color, style)

    def _shares(self, index: int) -> list[tuple[int, float]]:
        """Return a curve as shares of its beginning: -0.1 is 10 % fewer bits a note."""
        known = [(point[0], value) for point in self.points if (value := point[index]) is not None]
        return [(step, value / known[0][1] - 1) for step, value in known]

    def _draw(self, painter: QPainter, points: list[QPointF], color: QColor, style: Qt.PenStyle) -> None:
        painter.setPen(QPen(color, 2, style))
        painter.drawPolyline(QPolygonF(points))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
        for point in points:
            painter.drawEllipse(point, 3, 3)
        painter.setBrush(Qt.BrushStyle.NoBrush)


def change_text(start: float, now: float) -> str:
    """Return how a likelihood changed, in words: fewer bits are likelier."""
    share = now / start - 1
    if abs(share) < 0.0005:
        return "as at the beginning"
    return f"{abs(share):.1%} {'likelier' if share < 0 else 'less likely'}"
