"""One to five stars: shown, and given by a click."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QWidget

MOST = 5


class Stars(QWidget):
    """A row of stars; a click on the one that is already given takes them away."""

    rating_chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        self.buttons: list[QToolButton] = []
        for number in range(1, MOST + 1):
            button = QToolButton()
            button.setProperty("kind", "flat")
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.setAccessibleName(f"{number} star{'s' if number > 1 else ''}")
            button.setToolTip(f"{button.accessibleName()} (Alt+{number})")
            button.clicked.connect(lambda *_, number=number: self.rating_chosen.emit(number))
            layout.addWidget(button)
            self.buttons.append(button)
        self.show_rating(0)

    def show_rating(self, rating: int) -> None:
        """Show a rating, 0 to 5."""
        for number, button in enumerate(self.buttons, start=1):
            button.setText("★" if number <= rating else "☆")
