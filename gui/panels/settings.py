"""The settings page, made from the settings' own fields."""

from dataclasses import fields, replace
from enum import Enum
from typing import Any

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QFormLayout,
    QLabel,
    QLineEdit,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from gui.panels.number_boxes import WholeBox
from gui.settings import Settings

SMALLEST, LARGEST = QSize(640, 400), QSize(1000, 720)


class SettingsDialog(QDialog):
    """Shows and changes settings; each change holds at once.

    Args:
        settings: What holds now.
    """

    settings_changed = Signal(object)  # Settings

    def __init__(self, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.settings = settings
        self.setWindowTitle("Settings")
        page = QWidget()
        form = QFormLayout(page)
        form.setVerticalSpacing(10)
        self._helps: dict[str, QLabel] = {}
        self._help_texts = {each.name: str(each.metadata["help"]) for each in fields(settings)}
        scroll = QScrollArea()
        scroll.setProperty("kind", "panel")
        scroll.setWidgetResizable(True)
        scroll.setWidget(page)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(scroll)
        for each in fields(settings):
            if not each.metadata.get("is_on_page", True):
                continue
            widget = self._widget(each.name, getattr(settings, each.name), dict(each.metadata))
            widget.setAccessibleName(each.metadata["title"])
            widget.setToolTip(each.metadata["help"])
            field = QVBoxLayout()  # a row of its own for the help would be as high as the help is when it is narrow
            field.setSpacing(2)
            field.addWidget(widget)
            form.addRow(each.metadata["title"], field)
            if each.metadata["help"]:
                help_label = QLabel(each.metadata["help"])
                help_label.setProperty("kind", "muted")
                help_label.setWordWrap(True)
                self._helps[each.name] = help_label
                field.addWidget(help_label)
        self.resize(page.sizeHint().expandedTo(SMALLEST).boundedTo(LARGEST) + QSize(24, 8))

    def _widget(self, name: str, value: object, metadata: dict[str, Any]) -> QWidget:
        if isinstance(value, Enum):
            choices = list(type(value))
            return self._choice(name, value, choices, [choice.value for choice in choices])
        if "choices" in metadata:
            return self._choice(name, value, metadata["choices"], metadata["choices"])
        if isinstance(value, bool):
            check = QCheckBox()
            check.setChecked(value)
            check.toggled.connect(lambda on: self._change(name, on))
            return check
        if isinstance(value, int):
            spin = WholeBox()
            spin.setRange(metadata["low"], metadata["high"])
            spin.setValue(value)
            spin.setKeyboardTracking(False)
            spin.valueChanged.connect(lambda number: self._change(name, number))
            return spin
        line = QLineEdit(str(value))
        line.editingFinished.connect(lambda: self._change(name, line.text().strip()))
        return line

    def _choice(self, name: str, value: object, choices: list[Any], texts: list[str]) -> QComboBox:
        box = QComboBox()
        box.addItems(texts)
        box.setCurrentIndex(choices.index(value))
        box.activated.connect(lambda index: self._change(name, choices[index]))
        return box

    def _change(self, name: str, value: object) -> None:
        """Let a change hold, or say beneath its field why it cannot."""
        try:
            settings = replace(self.settings, **{name: value})
        except ValueError as error:
            self._helps[name].setText(f"Not used: {error}.")
            return
        if name in self._helps:
            self._helps[name].setText(self._help_texts[name])
        if settings != self.settings:
            self.settings = settings
            self.settings_changed.emit(settings)
