"""Which model writes, and how much it leans on its own style."""

from dataclasses import replace

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QSlider, QVBoxLayout, QWidget

from engine.jobs.models import ModelRow
from gui.session import Session


class ModelBox(QWidget):
    """A menu of the installed models and, for one with a style, the slider from base to style.

    Args:
        session: Where the share of style is kept.
    """

    model_wanted = Signal(str)  # folder

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.menu = QComboBox()
        self.menu.setAccessibleName("Model that writes")
        self.menu.setToolTip("The models you have; Model → Train your own makes one of your files.")
        self.menu.activated.connect(lambda index: self.model_wanted.emit(self.menu.itemData(index)))
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, 100)
        self.slider.setAccessibleName("Own style, in percent")
        self.slider.setToolTip("0: the base as it was. 100: all that it learned from your files.")
        self.value = QLabel()
        self.value.setProperty("kind", "muted")
        self.value.setMinimumWidth(40)
        self.value.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.style_row = QWidget()
        row = QHBoxLayout(self.style_row)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(QLabel("Own style"))
        row.addWidget(self.slider, 1)
        row.addWidget(self.value)
        self.style_row.hide()
        choice = QHBoxLayout()
        choice.addWidget(QLabel("Model"))
        choice.addWidget(self.menu, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(choice)
        layout.addWidget(self.style_row)
        self.slider.valueChanged.connect(self._on_slid)
        session.wishes_changed.connect(self._show_share)
        self._show_share()

    def show_models(self, models: tuple[ModelRow, ...], folder: str) -> None:
        """Fill the menu and mark the model that writes."""
        self.menu.clear()
        for model in models:
            self.menu.addItem(model.name, model.folder)
            self.menu.setItemData(self.menu.count() - 1, model.folder, Qt.ItemDataRole.ToolTipRole)
        self.menu.setCurrentIndex(self.menu.findData(folder))

    def show_style(self, has_style: bool) -> None:
        """Show the slider for a model that has a style to lean on."""
        self.style_row.setVisible(has_style)

    def _on_slid(self, percent: int) -> None:
        if percent != round(self._session.wishes.style_percent):
            self._session.change_wishes(replace(self._session.wishes, style_percent=float(percent)))

    def _show_share(self) -> None:
        percent = round(self._session.wishes.style_percent)
        self.slider.setValue(percent)
        self.value.setText(f"{percent} %")
