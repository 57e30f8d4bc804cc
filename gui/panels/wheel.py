"""The wheel scrolls; it does not turn what happens to lie under the pointer."""

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QAbstractSpinBox, QComboBox, QSlider, QWidget

_TURNING = (QComboBox, QAbstractSpinBox, QSlider)


class _WheelPasses(QObject):
    """Lets a control pass the wheel on to what it stands in."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.Wheel:
            event.ignore()
            return True
        return False


_wheel_passes = _WheelPasses()


def let_the_wheel_scroll(widget: QWidget) -> None:
    """Keep the wheel from changing the controls in a widget: one who scrolls past them would not notice."""
    for kind in _TURNING:
        for control in (widget, *widget.findChildren(kind)):
            if isinstance(control, kind):
                control.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
                control.installEventFilter(_wheel_passes)
