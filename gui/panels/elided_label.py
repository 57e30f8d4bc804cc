"""A line of text that takes the room there is: what does not fit ends in "…", and the tooltip has all of it."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy


class ElidedLabel(QLabel):
    """A label that never asks for more width than its layout has."""

    def __init__(self) -> None:
        super().__init__()
        self.whole = self._help = ""
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def setText(self, text: str, help: str = "") -> None:
        """Show a text; `help` is added to the tooltip."""
        self.whole, self._help = text, help
        self.setAccessibleName(text)
        self._fit()

    def clear(self) -> None:
        self.setText("")

    def minimumSizeHint(self) -> QSize:
        return QSize(0, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        shown = self.fontMetrics().elidedText(self.whole, Qt.TextElideMode.ElideRight, self.contentsRect().width())
        super().setText(shown)
        self.setToolTip("\n".join(filter(None, (self.whole if shown != self.whole else "", self._help))))
