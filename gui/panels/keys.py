"""The map of all keys, made from the action table."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QDialog, QGridLayout, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from gui.actions import ACTIONS, MENUS, shown_keys
from gui.piano_roll.habits import MouseHabits

MOST_COLUMNS, COLUMN_PX = 3, 400
HEIGHT_PX, SCROLL_BAR_PX = 720, 48


class KeysDialog(QDialog):
    """All actions that have keys, by menu, and what the mouse does.

    Args:
        mouse: The habits that hold.
    """

    def __init__(self, mouse: MouseHabits, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Shortcuts")
        content = QWidget()
        columns = QHBoxLayout(content)
        columns.setSpacing(32)
        count = min(MOST_COLUMNS, max(1, self.screen().availableSize().width() // COLUMN_PX))
        stacks = [QVBoxLayout() for _ in range(count)]
        for stack in stacks:
            columns.addLayout(stack, 1)
        heights = [0] * count
        for title, rows in (*_menus(), ("Mouse", mouse.map)):
            column = heights.index(min(heights))
            heights[column] += len(rows) + 2
            stacks[column].addWidget(_group(title, rows))
        for stack in stacks:
            stack.addStretch(1)
        scroll = QScrollArea()
        scroll.setProperty("kind", "panel")
        scroll.setWidgetResizable(True)
        scroll.setWidget(content)
        layout = QVBoxLayout(self)
        layout.addWidget(scroll)
        wanted = QSize(content.sizeHint().width() + SCROLL_BAR_PX, HEIGHT_PX)
        self.resize(wanted.boundedTo(self.screen().availableSize()))


def _menus() -> list[tuple[str, tuple[tuple[str, str], ...]]]:
    return [
        (menu, tuple((spec.text, shown_keys(spec)) for spec in ACTIONS if spec.menu == menu and spec.shortcuts))
        for menu in MENUS
    ]


def _group(title: str, rows: tuple[tuple[str, str], ...]) -> QWidget:
    group = QWidget()
    grid = QGridLayout(group)
    grid.setContentsMargins(0, 0, 0, 16)
    grid.setVerticalSpacing(3)
    heading = QLabel(title.upper())
    heading.setProperty("kind", "title")
    grid.addWidget(heading, 0, 0, 1, 2)
    for row, (text, keys) in enumerate(rows, start=1):
        grid.addWidget(QLabel(text), row, 0)
        label = QLabel(keys)
        label.setProperty("kind", "muted")
        label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        label.setWordWrap(title == "Mouse")
        grid.addWidget(label, row, 1)
    return group
