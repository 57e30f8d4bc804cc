"""The settings page, made from the settings' own fields."""

from dataclasses import fields, replace
from enum import Enum
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QDialog, QFormLayout, QLabel, QLineEdit, QSpinBox, QWidget

from gui.settings import Settings


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
        self.setMinimumWidth(520)
        form = QFormLayout(self)
        form.setVerticalSpacing(10)
        for each in fields(settings):
            widget = self._widget(each.name, getattr(settings, each.name), dict(each.metadata))
            widget.setAccessibleName(each.metadata["title"])
            widget.setToolTip(each.metadata["help"])
            form.addRow(each.metadata["title"], widget)
            if each.metadata["help"]:
                help_label = QLabel(each.metadata["help"])
                help_label.setProperty("kind", "muted")
                form.addRow("", help_label)

    def _widget(self, name: str, value: object, metadata: dict[str, Any]) -> QWidget:
        if isinstance(value, Enum):
            choices = list(type(value))
            box = QComboBox()
            box.addItems([choice.value for choice in choices])
            box.setCurrentIndex(choices.index(value))
            box.activated.connect(lambda index: self._change(name, choices[index]))
            return box
        if isinstance(value, bool):
            check = QCheckBox()
            check.setChecked(value)
            check.toggled.connect(lambda on: self._change(name, on))
            return check
        if isinstance(value, int):
            spin = QSpinBox()
            spin.setRange(metadata["low"], metadata["high"])
            spin.setValue(value)
            spin.setKeyboardTracking(False)
            spin.valueChanged.connect(lambda number: self._change(name, number))
            return spin
        line = QLineEdit(str(value))
        line.editingFinished.connect(lambda: self._change(name, line.text().strip()))
        return line

    def _change(self, name: str, value: object) -> None:
        self.settings = replace(self.settings, **{name: value})
        self.settings_changed.emit(self.settings)
