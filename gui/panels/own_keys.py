"""Keys that a widget with the focus keeps for itself, though they are shortcuts of the window."""

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QWidget

WALKING = (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Space)
LEAVING = QEvent.Type.FocusOut
DELETING = (Qt.Key.Key_Delete, Qt.Key.Key_Backspace)


class OwnKeys(QObject):
    """Takes keys before the window's shortcuts do.

    Args:
        widget: Whose.
        keys: Which, without modifiers.
        until: The event after which they are the window's again; None for never.
    """

    def __init__(
        self, widget: QWidget, keys: tuple[Qt.Key, ...] = WALKING, *, until: QEvent.Type | None = None
    ) -> None:
        super().__init__(widget)
        self._keys, self._until = keys, until
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            modifiers = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
            if modifiers == Qt.KeyboardModifier.NoModifier and event.key() in self._keys:
                event.accept()
        elif event.type() is self._until:
            watched.removeEventFilter(self)
            self.deleteLater()
        return False
