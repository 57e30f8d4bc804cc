"""MIDI learn: a list of all that can be moved. Choose one, move a controller, and it is learned."""

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from gui.knobs import Knob
from gui.live_settings import Learned
from gui.theme import SPACE_PX

SIZE_PX = (560, 640)
TITLE_WIDTH_PX = 330
HINT = "Choose a row, then move a knob or press a pad: it is learned."


def controller_text(learned: Learned) -> str:
    """Return a controller in words."""
    return f"CC {learned.control}, channel {learned.channel + 1}"


class LearnDialog(QDialog):
    """Shows what each controller moves.

    Args:
        knobs: All that can be moved.
    """

    forget_wanted = Signal(str)  # id of a knob
    forget_all_wanted = Signal()

    def __init__(self, knobs: Sequence[Knob], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("MIDI learn")
        self.resize(*SIZE_PX)
        self._titles = {knob.id: knob.title for knob in knobs}
        self._items: dict[str, QTreeWidgetItem] = {}
        self._groups: dict[str, QTreeWidgetItem] = {}  # by title
        self._group_of = {knob.id: knob.group for knob in knobs}
        self.filter = QLineEdit()
        self.filter.setPlaceholderText("Find, such as “density” or “scene”")
        self.filter.setAccessibleName("Find")
        self.tree = QTreeWidget()
        self.tree.setHeaderLabels(["What", "Controller"])
        self.tree.setColumnWidth(0, TITLE_WIDTH_PX)
        self.tree.setAccessibleName("What controllers can move")
        self.hint = QLabel(HINT)
        self.hint.setProperty("kind", "muted")
        self.hint.setWordWrap(True)
        self.forget = QPushButton("Forget")
        self.forget_all = QPushButton("Forget all")
        self._fill(knobs)
        self._lay_out()
        self.filter.textChanged.connect(self._find)
        self.tree.currentItemChanged.connect(lambda *_: self._show_hint())
        self.forget.clicked.connect(lambda: self.forget_wanted.emit(self.wanted))
        self.forget_all.clicked.connect(self.forget_all_wanted)
        self._show_hint()

    def _fill(self, knobs: Sequence[Knob]) -> None:
        for knob in knobs:
            if knob.group not in self._groups:
                self._groups[knob.group] = QTreeWidgetItem(self.tree, [knob.group])
            self._items[knob.id] = QTreeWidgetItem(self._groups[knob.group], [knob.title, ""])
        self.tree.collapseAll()

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        for button in (self.forget, self.forget_all):
            button.setAutoDefault(False)
            buttons.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 12, 12, 12)
        layout.setSpacing(SPACE_PX)
        layout.addWidget(self.filter)
        layout.addWidget(self.tree, 1)
        layout.addWidget(self.hint)
        layout.addLayout(buttons)

    @property
    def wanted(self) -> str:
        """The id of what is chosen, "" if nothing is."""
        current = self.tree.currentItem()
        return next((id for id, item in self._items.items() if item is current), "")

    def choose(self, id: str) -> None:
        """Choose what is to be learned."""
        self.tree.setCurrentItem(self._items[id])

    def show_learned(self, learned: tuple[Learned, ...]) -> None:
        """Show which controller moves what."""
        texts = {each.target: controller_text(each) for each in learned}
        for id, item in self._items.items():
            item.setText(1, texts.get(id, ""))
            if id in texts:
                self._groups[self._group_of[id]].setExpanded(True)
        self.forget_all.setEnabled(bool(learned))
        self._show_hint()

    def _show_hint(self) -> None:
        wanted = self.wanted
        self.hint.setText(f"Move a knob or press a pad: it moves “{self._titles[wanted]}” then." if wanted else HINT)
        self.forget.setEnabled(bool(wanted) and bool(self._items[wanted].text(1)))

    def _find(self, text: str) -> None:
        """Show only what has all the words in it."""
        words = text.casefold().split()
        for id, item in self._items.items():
            group = self._group_of[id]
            where = f"{group} {item.text(0)} {item.text(1)}".casefold()
            item.setHidden(not all(word in where for word in words))
            if words and not item.isHidden():
                self._groups[group].setExpanded(True)
        shown = {self._group_of[id] for id, item in self._items.items() if not item.isHidden()}
        for title, group in self._groups.items():
            group.setHidden(title not in shown)
