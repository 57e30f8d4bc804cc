"""One who scrolls past a control does not change it."""

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QComboBox, QSlider, QSpinBox, QWidget
from pytestqt.qtbot import QtBot

from gui.panels.wheel import let_the_wheel_scroll

Control = QComboBox | QSpinBox | QSlider


def turned(widget: QWidget) -> bool:
    """Turn the wheel over the middle of a widget; tell whether the widget kept it to itself."""
    place = QPointF(widget.rect().center())
    event = QWheelEvent(
        place,
        widget.mapToGlobal(place),
        QPoint(0, 0),
        QPoint(0, -120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(widget, event)
    return event.isAccepted()


def value_of(control: Control) -> int:
    return control.currentIndex() if isinstance(control, QComboBox) else control.value()


@pytest.mark.parametrize("kind", [QComboBox, QSpinBox, QSlider])
def test_the_wheel_turns_nothing_and_goes_on_to_what_scrolls(qtbot: QtBot, kind: type[Control]) -> None:
    control = kind()
    if isinstance(control, QComboBox):
        control.addItems(["auto", "more", "most"])
    else:
        control.setValue(50)
    qtbot.addWidget(control)
    before = value_of(control)
    assert turned(control)
    assert value_of(control) != before
    now = value_of(control)
    let_the_wheel_scroll(control)
    assert not turned(control)
    assert value_of(control) == now
