"""The loop as something to take hold of, and a menu of how it leaves."""

from dataclasses import replace
from typing import cast

from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtGui import QAction, QActionGroup, QMouseEvent
from PySide6.QtWidgets import QApplication, QFrame, QHBoxLayout, QLabel, QMenu, QToolButton, QWidget

from engine.music.drum_maps import DRUM_MAPS
from gui.hand_off import HandOffAs
from gui.settings import Settings

_CTRL, _SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
_HELP = "Drag it into your DAW. Ctrl: one file a part. Ctrl+Shift: of drums, one a drum piece."


class LoopHandle(QFrame):
    """Dragged out of the window it becomes files; its text says what of the loop would leave."""

    drag_started = Signal(object)  # HandOffAs, or None for what the settings say

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("kind", "card")
        self.setCursor(Qt.CursorShape.OpenHandCursor)
        self.setAccessibleName("Drag the whole loop into your DAW")
        self.setToolTip(_HELP)
        self._text = QLabel("Drag to DAW")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(10, 4, 10, 4)
        layout.addWidget(QLabel("⠿"))
        layout.addWidget(self._text)
        self._pressed_at: QPointF | None = None

    def show_text(self, text: str) -> None:
        """Say what would leave."""
        self._text.setText(text)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton:
            self._pressed_at = event.position()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._pressed_at is None:
            return
        if (event.position() - self._pressed_at).manhattanLength() >= QApplication.startDragDistance():
            self._pressed_at = None
            self.drag_started.emit(form_of(event.modifiers()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._pressed_at = None


class LoopBadge(LoopHandle):
    """The handle with a menu of how the loop leaves."""

    settings_changed = Signal(object)  # Settings

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._options = QToolButton()
        self._options.setText("▾")
        self._options.setProperty("kind", "flat")
        self._options.setCursor(Qt.CursorShape.ArrowCursor)
        self._options.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._options.setAccessibleName("How the loop is handed off")
        self._options.setToolTip("How the loop is handed off (Ctrl+H)")
        self._menu = QMenu(self._options)
        self._options.setMenu(self._menu)
        layout = cast("QHBoxLayout", self.layout())
        layout.setContentsMargins(10, 4, 4, 4)
        layout.addWidget(self._options)

    def show_settings(self, settings: Settings, more: list[QAction]) -> None:
        """Show how the loop leaves now, and further ways out beneath."""

        def change(field: str, value: object) -> None:
            self.settings_changed.emit(replace(settings, **{field: value}))

        self._menu.clear()
        for title, field, choices in (
            ("Drag and copy as", "hand_off_as", [(form.value, form) for form in HandOffAs]),
            ("Drum notes for", "drum_map", [(each.name, each.name) for each in DRUM_MAPS]),
        ):
            self._menu.addAction(title).setEnabled(False)
            group = QActionGroup(self._menu)
            for text, value in choices:
                action = group.addAction(text)
                action.setCheckable(True)
                action.setChecked(value == getattr(settings, field))
                action.triggered.connect(lambda *_, field=field, value=value: change(field, value))
                self._menu.addAction(action)
            self._menu.addSeparator()
        tempo = self._menu.addAction("Files tell their tempo")
        tempo.setCheckable(True)
        tempo.setChecked(settings.has_tempo)
        tempo.toggled.connect(lambda on: change("has_tempo", on))
        self._menu.addSeparator()
        self._menu.addActions(more)

    def show_menu(self) -> None:
        self._options.showMenu()


def form_of(modifiers: Qt.KeyboardModifier) -> HandOffAs | None:
    """Return the files that keys held down ask for."""
    if not modifiers & _CTRL:
        return None
    return HandOffAs.PIECES if modifiers & _SHIFT else HandOffAs.PARTS
