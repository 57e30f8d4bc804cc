"""A heading that opens and closes what is below it."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QToolButton, QVBoxLayout, QWidget


class Fold(QWidget):
    """Holds what most do not need at once.

    Args:
        title: Of the heading.
        content: What is below.
        is_open: Whether it begins open.
    """

    def __init__(self, title: str, content: QWidget, *, is_open: bool = False) -> None:
        super().__init__()
        self.title, self._content = title, content
        self._note = ""
        self.button = QToolButton()
        self.button.setProperty("kind", "flat")
        self.button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.button.clicked.connect(self.toggle)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addWidget(self.button, 0, Qt.AlignmentFlag.AlignLeft)
        layout.addWidget(content)
        content.setVisible(is_open)
        self._show()

    @property
    def is_open(self) -> bool:
        return not self._content.isHidden()

    def toggle(self) -> None:
        self._content.setVisible(self._content.isHidden())
        self._show()

    def show_note(self, note: str) -> None:
        """Show beside the heading what is set inside; "" for nothing."""
        if note != self._note:
            self._note = note
            self._show()

    def _show(self) -> None:
        note = f"   ·   {self._note}" if self._note else ""
        self.button.setText(f"{'▾' if self.is_open else '▸'}  {self.title}{note}")
