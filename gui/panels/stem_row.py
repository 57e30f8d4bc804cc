"""One part that came in, as a card: whether it is taken, what it plays, what generating does with it, its picture."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QComboBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QToolButton,
    QWidget,
)

from engine.messages import PartUse
from engine.music.general_midi import ROLES
from gui.material import Material
from gui.material_row import StemRow
from gui.panels.stem_picture import StemPicture
from gui.theme import ROLE_GLYPHS, SPACE_PX, Theme

LEFT_PX = 296
_USE_HELP = {
    PartUse.CONTEXT: "stays; new parts are written to fit it",
    PartUse.REPLACE: "is written anew",
    PartUse.IGNORE: "stays, but is not shown to the model",
}


class StemCard(QFrame):
    """Shows and changes one row of the material.

    Args:
        material: All that came in.
        index: Which row.
        theme: Colours.
    """

    taken_changed = Signal(int, bool)
    role_chosen = Signal(int, object)  # Role
    use_chosen = Signal(int, object)  # PartUse
    bar_one_moved = Signal(int, float, bool)
    window_moved = Signal(int)
    pressed = Signal(int)

    def __init__(self, material: Material, index: int, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("kind", "card")
        self.index, self._theme = index, theme
        row = material.rows[index]
        self.taken = QCheckBox()
        self.taken.setAccessibleName(f"Take {row.name}")
        self.taken.setToolTip("Whether it comes onto the canvas.")
        self.glyph = QLabel()
        self.title = QLabel()
        self.title.setStyleSheet("font-weight: 600;")
        self.facts = QLabel()
        self.facts.setProperty("kind", "muted")
        self.role = QComboBox()
        self.role.addItems([f"{ROLE_GLYPHS[role]}  {role.value.capitalize()}" for role in ROLES])
        self.role.setAccessibleName(f"What {row.name} plays")
        self.uses = QButtonGroup(self)
        self.use_buttons = {use: self._use_button(use, row) for use in PartUse}
        self.picture = StemPicture(row, material.first_bar, material.bars, theme)
        self._lay_out()
        self._connect()
        self.show_material(material, is_front=False)

    def _use_button(self, use: PartUse, row: StemRow) -> QToolButton:
        button = QToolButton()
        button.setText(use.value.capitalize())
        button.setProperty("kind", "small")
        button.setCheckable(True)
        button.setToolTip(f"{use.value.capitalize()}: {_USE_HELP[use]}.")
        button.setAccessibleName(f"{use.value.capitalize()} {row.name}")
        self.uses.addButton(button)
        return button

    def _lay_out(self) -> None:
        left = QWidget()
        left.setFixedWidth(LEFT_PX)
        head = QHBoxLayout()
        head.setSpacing(6)
        head.addWidget(self.taken)
        head.addWidget(self.glyph)
        head.addWidget(self.title, 1)
        head.addWidget(self.role)
        foot = QHBoxLayout()
        foot.setSpacing(2)
        foot.addWidget(self.facts, 1)
        foot.addSpacing(6)
        for button in self.use_buttons.values():
            foot.addWidget(button)
        grid = QGridLayout(left)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.addLayout(head, 0, 0)
        grid.addLayout(foot, 1, 0)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(SPACE_PX, 6, SPACE_PX, 6)
        layout.addWidget(left)
        layout.addWidget(self.picture, 1)

    def _connect(self) -> None:
        self.taken.toggled.connect(lambda on: self.taken_changed.emit(self.index, on))
        self.role.activated.connect(lambda at: self.role_chosen.emit(self.index, ROLES[at]))
        for use, button in self.use_buttons.items():
            button.clicked.connect(lambda *_, use=use: self.use_chosen.emit(self.index, use))
        self.picture.bar_one_moved.connect(lambda s, alone: self.bar_one_moved.emit(self.index, s, alone))
        self.picture.window_moved.connect(self.window_moved)

    def show_material(self, material: Material, *, is_front: bool) -> None:
        """Show the row as it is now."""
        row = material.rows[self.index]
        color = self._theme.role(row.role).name()
        self.glyph.setText(ROLE_GLYPHS[row.role])
        self.glyph.setStyleSheet(f"color: {color}; font-size: 14px;")
        metrics = self.title.fontMetrics()
        self.title.setText(metrics.elidedText(row.name, Qt.TextElideMode.ElideMiddle, LEFT_PX - 170))
        self.title.setToolTip(row.path)
        self.facts.setText(facts_text(row))
        self.taken.blockSignals(True)
        self.taken.setChecked(row.is_taken)
        self.taken.blockSignals(False)
        self.role.setCurrentIndex(ROLES.index(row.role))
        self.use_buttons[row.use].setChecked(True)
        for widget in (*self.use_buttons.values(), self.picture):
            widget.setEnabled(row.is_taken)
        self.picture.show_row(row, material.first_bar, material.bars)
        if self.property("front") != is_front:
            self.setProperty("front", is_front)
            self.style().unpolish(self)
            self.style().polish(self)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.pressed.emit(self.index)


def facts_text(row: StemRow) -> str:
    """Return how much there is of a part, in words."""
    bars = f"{row.bars} bar{'s' if row.bars != 1 else ''}"
    return f"{bars} · {row.notes} note{'s' if row.notes != 1 else ''}"
