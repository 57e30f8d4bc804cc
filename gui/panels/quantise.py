"""The quantise dialog: what Q does; the roll shows the outcome before it is done."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from gui.editing import Editor
from gui.panels.number_boxes import WholeBox
from gui.piano_roll.quantise import MOST_SWING_PERCENT, STRAIGHT_PERCENT, Quantise
from gui.piano_roll.transform import Snap

GRIDS: tuple[Snap | None, ...] = (None, *(snap for snap in Snap if snap is not Snap.OFF))


class Percent(QWidget):
    """A slider and a number that are always the same.

    Args:
        name: For screen readers.
        low, high: Its range.
        suffix: The unit.
    """

    def __init__(self, name: str, low: int, high: int, suffix: str = " %") -> None:
        super().__init__()
        self.slider, self.spin = QSlider(Qt.Orientation.Horizontal), WholeBox()
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.slider, 1)
        layout.addWidget(self.spin)
        for widget in (self.slider, self.spin):
            widget.setRange(low, high)
            widget.setAccessibleName(name)
        self.spin.setSuffix(suffix)
        self.slider.valueChanged.connect(self.spin.setValue)
        self.spin.valueChanged.connect(self.slider.setValue)
        self.changed = self.spin.valueChanged

    @property
    def value(self) -> int:
        return self.spin.value()

    def show_value(self, value: int) -> None:
        """Show a value without telling anyone."""
        for widget in (self.spin, self.slider):
            widget.blockSignals(True)
            widget.setValue(value)
            widget.blockSignals(False)


class QuantiseDialog(QDialog):
    """Asks how to quantise; *Quantise* does it and `Q` repeats it.

    Args:
        editor: Does it.
    """

    def __init__(self, editor: Editor, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._editor = editor
        how = editor.quantise
        self.setWindowTitle("Quantise")
        self.setMinimumWidth(400)
        self.grid = QComboBox()
        self.grid.setAccessibleName("Grid")
        self.grid.addItems([snap.label if snap else "As the roll" for snap in GRIDS])
        self.grid.setCurrentIndex(GRIDS.index(how.grid))
        self.strength = Percent("Strength", 0, 100)
        self.strength.show_value(how.strength_percent)
        self.swing = Percent("Swing", STRAIGHT_PERCENT, MOST_SWING_PERCENT)
        self.swing.show_value(how.swing_percent)
        self.swing.setToolTip("50 is straight, 67 a triplet, as drum machines count it.")
        self.starts, self.ends = QCheckBox("Starts"), QCheckBox("Ends")
        self.starts.setChecked(how.moves_starts)
        self.ends.setChecked(how.moves_ends)
        self._lay_out()
        self.grid.currentIndexChanged.connect(self._preview)
        for each in (self.strength, self.swing):
            each.changed.connect(self._preview)
        for check in (self.starts, self.ends):
            check.toggled.connect(self._preview)
        editor.state.selection_changed.connect(self._preview)
        self.finished.connect(self._end)
        self._preview()

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.setVerticalSpacing(10)
        form.addRow("Grid", self.grid)
        form.addRow("Strength", self.strength)
        form.addRow("Swing", self.swing)
        row = QHBoxLayout()
        row.addWidget(self.starts)
        row.addWidget(self.ends)
        row.addStretch(1)
        form.addRow("Move", row)
        buttons = QDialogButtonBox()
        act = buttons.addButton("Quantise", QDialogButtonBox.ButtonRole.AcceptRole)
        act.setProperty("kind", "primary")
        buttons.addButton("Cancel", QDialogButtonBox.ButtonRole.RejectRole)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addWidget(buttons)

    @property
    def how(self) -> Quantise:
        return Quantise(
            GRIDS[self.grid.currentIndex()],
            self.strength.value,
            self.swing.value,
            self.starts.isChecked(),
            self.ends.isChecked(),
        )

    def _preview(self) -> None:
        self._editor.preview_quantise(self.how)

    def _end(self, result: int) -> None:
        self._editor.state.selection_changed.disconnect(self._preview)
        self._editor.state.set_preview(None)
        if result == QDialog.DialogCode.Accepted:
            self._editor.quantise = self.how
            self._editor.quantise_again()
        self.deleteLater()
