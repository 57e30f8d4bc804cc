"""A crossed speaker beside Stop, while nothing can be heard."""

from PySide6.QtCore import QPointF, QSize, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QToolButton, QWidget

ICON_PX = 18


class SilentMark(QToolButton):
    """Shown only while there is silence; its tooltip says why and what to do, a click says it in the banner."""

    explanation_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("kind", "warning")
        self.clicked.connect(self.explanation_wanted)
        self.show_silence("")

    def show_silence(self, text: str) -> None:
        """Say why nothing can be heard; "" when something can."""
        self.setToolTip(text)
        self.setAccessibleName(text or "No sound")
        self.setVisible(bool(text))

    def sizeHint(self) -> QSize:
        return QSize(ICON_PX + 12, super().sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.translate((self.width() - ICON_PX) / 2, (self.height() - ICON_PX) / 2)
        colour = self.palette().buttonText().color()
        painter.setPen(QPen(colour, 1.6))
        painter.setBrush(colour)
        corners = ((1, 6), (4, 6), (9, 2), (9, 16), (4, 12), (1, 12))
        painter.drawPolygon(QPolygonF([QPointF(x, y) for x, y in corners]))
        painter.drawLine(QPointF(11.5, 6), QPointF(17, 12))
        painter.drawLine(QPointF(17, 6), QPointF(11.5, 12))
