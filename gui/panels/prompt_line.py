"""A line to say what is wanted in words; below it, which knobs they moved."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QLineEdit, QToolButton, QVBoxLayout, QWidget

from gui.panels.own_keys import OwnKeys
from gui.tab_order import let_go


class PromptLine(QWidget):
    """Words in, and what became of them."""

    words_entered = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.text = QLineEdit()
        self.text.setPlaceholderText("busy drums, low bass, 92 bpm …")
        self.text.setAccessibleName("Say what you want in words")
        self.text.setToolTip("Words move the knobs you see: parts, busy, low, funky, 92 bpm, in A minor, 8 bars …")
        self.text.setClearButtonEnabled(True)
        OwnKeys(self.text, (Qt.Key.Key_Return, Qt.Key.Key_Enter))
        for button in self.text.findChildren(QToolButton):
            button.setAccessibleName("Clear")
        self.told = QLabel()
        self.told.setProperty("kind", "muted")
        self.told.setWordWrap(True)
        self.told.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.text)
        layout.addWidget(self.told)
        self.text.returnPressed.connect(self._on_entered)
        self.text.textEdited.connect(self._on_edited)

    def _on_entered(self) -> None:
        if self.text.text().strip():
            self.words_entered.emit(self.text.text())

    def _on_edited(self, text: str) -> None:
        if not text:
            self.told.hide()

    def show_understood(self, said: list[str], unknown: list[str]) -> None:
        """Show what was set and how it comes to be written, and which words mean nothing here."""
        lines = [" · ".join(said), "Press G to write takes so."] if said else []
        if unknown:
            lines.append(f"Not understood: {', '.join(unknown)}.")
        self.told.setText("\n".join(lines) or "Nothing to set.")
        self.told.show()
        if said:
            let_go(self.text)  # the next letter is a key of the window: G writes
