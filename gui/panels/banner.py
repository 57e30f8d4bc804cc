"""One sentence and ways on, over the roll."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QWidget

Choice = tuple[str, Callable[[], None]]
READING_MS = 2000


class Banner(QFrame):
    """Says something that stays until it is closed, answered or replaced."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("kind", "banner")
        self._text = QLabel()
        self._text.setWordWrap(True)
        self._choices: list[QPushButton] = []
        self._reading = QTimer(self, interval=READING_MS, singleShot=True)
        close = QPushButton("Close")
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(12, 6, 8, 6)
        self._row.addWidget(self._text, 1)
        self._row.addWidget(close)
        close.clicked.connect(self.hide)
        self.hide()

    @property
    def text(self) -> str:
        return self._text.text()

    @property
    def choices(self) -> tuple[QPushButton, ...]:
        """The buttons for what can be done about it."""
        return tuple(self._choices)

    def say(self, text: str, *, choices: Sequence[Choice] = ()) -> None:
        """Show a sentence, with a button for each thing that can be done: its text, and what it does."""
        self._text.setText(text)
        for button in self._choices:
            self._row.removeWidget(button)
            button.deleteLater()
        self._choices = [self._button(*choice) for choice in choices]
        self._reading.start()
        self.show()

    def settle(self) -> None:
        """Go when something else has succeeded since, unless there was no time to read it or it is to be answered."""
        if not self._choices and not self._reading.isActive():
            self.hide()

    def _button(self, text: str, slot: Callable[[], None]) -> QPushButton:
        button = QPushButton(text)
        button.clicked.connect(self.hide)
        button.clicked.connect(lambda *_: slot())
        self._row.insertWidget(self._row.count() - 1, button)
        return button
