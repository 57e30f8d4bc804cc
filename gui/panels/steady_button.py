"""A button that keeps its width whatever it says: nothing beside it moves from under the pointer."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QPushButton, QSizePolicy, QStyle, QStyleOptionButton, QStylePainter, QWidget


class SteadyButton(QPushButton):
    """As wide as the longest of some texts; a longer one is cut, and its tooltip has the rest.

    Args:
        text: What it says first.
        widest: Texts that have to fit.
    """

    def __init__(self, text: str, *widest: str, parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self._widest = (text, *widest)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        metrics, hint = self.fontMetrics(), super().sizeHint()
        room = max(map(metrics.horizontalAdvance, self._widest)) - metrics.horizontalAdvance(self.text())
        return QSize(hint.width() + room, hint.height())

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        option = QStyleOptionButton()
        self.initStyleOption(option)
        inside = self.style().subElementRect(QStyle.SubElement.SE_PushButtonContents, option, self)
        option.text = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, inside.width())
        QStylePainter(self).drawControl(QStyle.ControlElement.CE_PushButton, option)
