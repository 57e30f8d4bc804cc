"""What is seen of a drag: a chip under the pointer on the way out, a frame over the window on the way in."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget


def drag_chip(text: str) -> QPixmap:
    """Return what hangs under the pointer while a loop is dragged out of the window."""
    clear = QWidget()  # around the chip's round corners
    clear.setAttribute(Qt.WidgetAttribute.WA_TranslucentBackground)
    chip = QLabel(text, clear)
    chip.setProperty("kind", "chip")
    chip.ensurePolished()
    chip.adjustSize()
    clear.resize(chip.size())
    return clear.grab()


class DropFrame(QWidget):
    """Covers a window while something that it can use is dragged over it; says what a drop would do.

    Args:
        window: What it covers.
    """

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)  # the window itself takes the drop
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setProperty("kind", "drop")
        self.text = QLabel()
        self.text.setProperty("kind", "chip")
        layout = QVBoxLayout(self)
        layout.addWidget(self.text, 0, Qt.AlignmentFlag.AlignCenter)
        self.hide()

    def show_text(self, text: str) -> None:
        """Cover the window and say what a drop would do."""
        self.text.setText(text)
        self.setGeometry(self._window.rect())
        self.raise_()
        self.show()
