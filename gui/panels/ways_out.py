"""The card of a first run: the three ways out of the window. Closed, it stays away; Help shows it again."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QBoxLayout, QFrame, QHBoxLayout, QLabel, QSizePolicy, QToolButton, QWidget

from gui.panels.loop_badge import LoopHandle
from gui.theme import SPACE_PX

_DRAG = (
    "Pull “⠿ Drag to DAW” or a part's card (left) onto a track of your DAW. "
    "It is exactly as long as the loop, drums on channel 10."
)
_PORT = (
    "While this window is open your DAW finds the MIDI port “Turnaround Out”: arm a track that listens to it, press "
    "Space, and your own instruments play the loop round and round."
)
_FILE = "Paste the file into your DAW or a folder, or save it. Every file stays in your Music folder."


class WaysOutCard(QFrame):
    """Says how a loop gets into a DAW, with a button for each way that has one."""

    closed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("kind", "panel")
        self.setAccessibleName("Three ways out: drag, port, file")
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self.handle = LoopHandle()
        self._columns: list[QBoxLayout] = []
        self._buttons: list[QHBoxLayout] = []
        self._headings: list[QLabel] = []
        self._abouts: list[QLabel] = []
        row = QHBoxLayout(self)
        row.setContentsMargins(SPACE_PX, SPACE_PX, SPACE_PX, SPACE_PX)
        row.setSpacing(3 * SPACE_PX)
        for title, text in (("1  Drag", _DRAG), ("2  Port", _PORT), ("3  File", _FILE)):
            row.addLayout(self._column(title, text), 1)
        self._buttons[0].addWidget(self.handle)
        close = QToolButton()
        close.setText("✕")
        close.setProperty("kind", "flat")
        close.setToolTip("Close. Help → Ways into your DAW shows it again.")
        close.setAccessibleName("Close the ways into your DAW")
        close.clicked.connect(self.close_card)
        row.addWidget(close, 0, Qt.AlignmentFlag.AlignTop)

    def _column(self, title: str, text: str) -> QBoxLayout:
        column = QBoxLayout(QBoxLayout.Direction.TopToBottom)
        column.setSpacing(4)
        self._columns.append(column)
        heading = QLabel(title)
        heading.setStyleSheet("font-weight: 600;")
        about = QLabel(text)
        about.setProperty("kind", "muted")
        about.setWordWrap(True)
        self._abouts.append(about)
        heading.setToolTip(text)
        self._headings.append(heading)
        buttons = QHBoxLayout()
        self._buttons.append(buttons)
        column.addWidget(heading)
        column.addWidget(about)
        column.addLayout(buttons)
        column.addStretch(1)
        return column

    def set_actions(self, drag: Sequence[QAction], port: Sequence[QAction], file: Sequence[QAction]) -> None:
        """Give each way its buttons."""
        for layout, actions in zip(self._buttons, (drag, port, file), strict=True):
            for action in actions:
                button = QToolButton()
                button.setDefaultAction(action)
                button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
                layout.addWidget(button)
            layout.addStretch(1)

    def show_briefly(self, *, is_brief: bool) -> None:
        """Take one line and leave the sentences to the tooltips, where the window is low."""
        direction = QBoxLayout.Direction.LeftToRight if is_brief else QBoxLayout.Direction.TopToBottom
        for about, column in zip(self._abouts, self._columns, strict=True):
            about.setVisible(not is_brief)
            column.setDirection(direction)

    def show_advice(self, advice: str) -> None:
        """Say what to do where no port can be made that a DAW would find; "" where one can."""
        text = advice or _PORT
        self._abouts[1].setText(text)
        self._headings[1].setToolTip(text)

    def close_card(self) -> None:
        self.hide()
        self.closed.emit()
