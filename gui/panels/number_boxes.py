"""Boxes for numbers that take whatever is typed and then say what their limits are, where Qt eats digits."""

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QKeyEvent, QValidator
from PySide6.QtWidgets import QDialog, QDoubleSpinBox, QSpinBox, QToolTip, QWidget

from gui.panels.own_keys import OwnKeys
from gui.tab_order import let_go

State = QValidator.State
ENTERING = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
TOLD_MS = 6000


class WholeBox(QSpinBox):
    """Whole numbers."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        OwnKeys(self, ENTERING)

    def validate(self, text: str, at: int) -> tuple[State, str, int]:
        """Let a number that is out of range be typed to its end."""
        number = _number(text, self)
        return (State.Intermediate, text, at) if number is not None and number % 1 == 0 else super().validate(text, at)

    def fixup(self, text: str) -> str:
        """Return what holds in place of a number that is out of range, and say why."""
        return _limited(text, self, f"{self.minimum()}", f"{self.maximum()}") or super().fixup(text)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        super().keyPressEvent(event)
        _leave_on_return(self, event)


class DecimalBox(QDoubleSpinBox):
    """Numbers with decimals."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        OwnKeys(self, ENTERING)

    def validate(self, text: str, at: int) -> tuple[State, str, int]:
        """Let a number that is out of range be typed to its end."""
        number = _number(text, self)
        return super().validate(text, at) if number is None else (State.Intermediate, text, at)

    def fixup(self, text: str) -> str:
        """Return what holds in place of a number that is out of range, and say why."""
        return _limited(text, self, f"{self.minimum():g}", f"{self.maximum():g}") or super().fixup(text)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        super().keyPressEvent(event)
        _leave_on_return(self, event)


def _leave_on_return(box: QSpinBox | QDoubleSpinBox, event: QKeyEvent) -> None:
    """Give the keys back to the window once a number is entered: the next Space plays, it does not write over it."""
    if event.key() in ENTERING and not isinstance(box.window(), QDialog):
        let_go(box)


def _number(text: str, box: QSpinBox | QDoubleSpinBox) -> float | None:
    """Return a number that is out of a box's range, or None."""
    bare = text.strip().removeprefix(box.prefix().strip()).removesuffix(box.suffix().strip()).strip()
    try:
        number = float(bare.replace(",", "."))
    except ValueError:
        return None
    is_inside = box.minimum() <= number <= box.maximum()
    return None if is_inside or number in (float("inf"), float("-inf")) or number != number else number


def _limited(text: str, box: QSpinBox | QDoubleSpinBox, low: str, high: str) -> str:
    number = _number(text, box)
    if number is None:
        return ""
    name = box.accessibleName() or "The value"
    told = f"{name}: from {low} to {high}, so {text.strip()} became {high if number > box.maximum() else low}."
    QToolTip.showText(box.mapToGlobal(QPoint(0, box.height())), told, box, box.rect(), TOLD_MS)
    return high if number > box.maximum() else low
