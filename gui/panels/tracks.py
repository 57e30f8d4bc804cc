"""The parts, one card each: name, level, mute and solo, bars, and what generating does with it.

A card is also the part's drag handle: pulled out of the window it becomes a MIDI file.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from PySide6.QtCore import QPoint, QPointF, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QMouseEvent
from PySide6.QtWidgets import (
    QApplication,
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QLabel,
    QMenu,
    QScrollArea,
    QSlider,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from engine.messages import PartUse
from engine.music.general_midi import ROLES
from engine.music.loop import Track
from gui.levels import Level
from gui.panels.bar_strip import BarStrip
from gui.panels.elided_label import ElidedLabel
from gui.panels.groove import groove_text
from gui.panels.level_meter import LevelMeter
from gui.panels.own_keys import OwnKeys
from gui.piano_roll.state import RollState
from gui.session import PartSettings, Session
from gui.theme import ROLE_GLYPHS, SPACE_PX, glyph_of

PANEL_WIDTH_PX = 244
WRITTEN_PX = 17
_USE_HELP = {
    PartUse.CONTEXT: "Stays as it is; new parts are written to fit it.",
    PartUse.REPLACE: "G writes it anew.",
    PartUse.IGNORE: "Stays, but is not shown to the model.",
}


def _small_button(text: str, tip: str) -> QToolButton:
    button = QToolButton()
    button.setText(text)
    button.setProperty("kind", "small")
    button.setCheckable(True)
    button.setToolTip(tip)
    button.setAccessibleName(tip)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return button


class TrackCard(QFrame):
    """One part.

    Args:
        state: Loop, selection and which part is in front.
        session: Its settings.
        part: Index of the part.
    """

    drag_started = Signal(int, bool)  # part, whether drums are to be one file a drum piece
    rename_wanted = Signal()  # of the part in front, as a press has brought it there
    menu_wanted = Signal(QPoint)  # of the part in front

    def __init__(self, state: RollState, session: Session, part: int) -> None:
        super().__init__()
        self.state, self.session, self.part = state, session, part
        self._pressed_at: QPointF | None = None
        self.setProperty("kind", "card")
        split = " Ctrl: one file a drum piece." if self.track.is_drums else ""
        self.setToolTip(f"Drag this card into your DAW.{split} Right-click for name, sound, colour, split and merge.")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACE_PX, 6, SPACE_PX, 7)
        layout.setSpacing(5)
        layout.addLayout(self._head())
        self.strip = BarStrip(state, part)
        self.level = LevelMeter(state, part)
        layout.addWidget(self.strip)
        layout.addWidget(self.level)
        layout.addLayout(self._foot())
        self.show_settings()
        self.show_front()

    @property
    def track(self) -> Track:
        return self.state.loop.tracks[self.part]

    def _head(self) -> QHBoxLayout:
        head = QHBoxLayout()
        head.setSpacing(6)
        color = self.state.theme.part(self.track).name()
        glyph = QLabel(glyph_of(self.track))
        glyph.setStyleSheet(f"color: {color}; font-size: 14px;")
        self.name = ElidedLabel()
        self.name.setStyleSheet("font-weight: 600;")
        self.name.setText(self.track.label)
        self.written = QLabel("G")
        self.written.setProperty("kind", "written")
        self.written.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.written.setFixedSize(WRITTEN_PX, WRITTEN_PX)
        self.groove = QLabel("∿")
        self.groove.setStyleSheet(f"color: {color};")
        self.volume = QSlider(Qt.Orientation.Horizontal)
        self.volume.setRange(0, 100)
        self.volume.setFixedWidth(58)
        self.volume.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.volume.setToolTip("Volume")
        self.volume.setAccessibleName(f"Volume of {self.track.label}")
        self.volume.valueChanged.connect(lambda value: self._change(lambda s: replace(s, volume=value / 100)))
        self.mute = _small_button("M", f"Mute {self.track.label}")
        self.mute.setObjectName("mute")
        self.mute.toggled.connect(lambda on: self._change(lambda s: replace(s, is_muted=on)))
        self.solo = _small_button("S", f"Solo {self.track.label}")
        self.solo.setObjectName("solo")
        self.solo.toggled.connect(lambda on: self._change(lambda s: replace(s, is_soloed=on)))
        head.addWidget(glyph)
        head.addWidget(self.name, 1)
        head.addWidget(self.groove)
        head.addWidget(self.written)
        for widget in (self.volume, self.mute, self.solo):
            head.addWidget(widget)
        return head

    def _foot(self) -> QHBoxLayout:
        foot = QHBoxLayout()
        foot.setSpacing(2)
        self.uses = QButtonGroup(self)
        self.use_buttons: dict[PartUse, QToolButton] = {}
        for use in PartUse:
            button = _small_button(use.value.capitalize(), f"{use.value.capitalize()}: {_USE_HELP[use]}")
            button.setAccessibleName(f"{use.value.capitalize()} {self.track.label}")
            self.uses.addButton(button)
            OwnKeys(button)  # Tab comes to the one that is chosen, arrows go on to the others
            self.use_buttons[use] = button
            button.clicked.connect(lambda *_, use=use: self._change(lambda s: replace(s, use=use)))
            foot.addWidget(button, 1)
        return foot

    def _change(self, change: Callable[[PartSettings], PartSettings]) -> None:
        if self.part < len(self.session.parts):
            self.session.change_part(self.part, change)

    def show_settings(self) -> None:
        """Show what the session says."""
        settings = self.session.parts[self.part]
        for widget, value in ((self.mute, settings.is_muted), (self.solo, settings.is_soloed)):
            widget.blockSignals(True)
            widget.setChecked(value)
            widget.blockSignals(False)
        self.volume.blockSignals(True)
        self.volume.setValue(round(settings.volume * 100))
        self.volume.blockSignals(False)
        self.strip.show_heard(is_heard=self.session.gains[self.part] > 0)
        self.use_buttons[settings.use].setChecked(True)
        groove = groove_text(settings.groove)
        self.groove.setVisible(bool(groove))
        self.groove.setToolTip(f"Groove: {groove}")
        self.groove.setAccessibleName(f"Groove of {self.track.label}: {groove}")

    def show_written(self, text: str) -> None:
        """Mark the part as one that G writes; `text` is what the button says then, "" for none."""
        self.written.setVisible(bool(text))
        self.written.setToolTip(f"G: {text}")
        self.written.setAccessibleName(f"G writes {self.track.label}" if text else "")

    def show_front(self) -> None:
        is_front = self.state.view.front == self.part
        if self.property("front") != is_front:
            self.setProperty("front", is_front)
            self.style().unpolish(self)
            self.style().polish(self)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton:
            self._pressed_at = event.position()
            self.state.bring_to_front(self.part)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._pressed_at is None:
            return
        if (event.position() - self._pressed_at).manhattanLength() >= QApplication.startDragDistance():
            self._pressed_at = None
            self.drag_started.emit(self.part, bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._pressed_at = None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.rename_wanted.emit()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self.state.bring_to_front(self.part)
        self.menu_wanted.emit(event.globalPos())


class TracksPanel(QFrame):
    """All parts, and a way to add one.

    Args:
        state, session: See `TrackCard`.
    """

    drag_started = Signal(int, bool)
    rename_wanted = Signal()
    menu_wanted = Signal(QPoint)
    part_wanted = Signal(object)  # Role
    level_cleared = Signal(int)  # part

    def __init__(self, state: RollState, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.state, self.session = state, session
        self.cards: list[TrackCard] = []
        self._written: tuple[tuple[int, ...], str] = ((), "")
        self._levels: Sequence[Level] = ()
        self._has_meters = True
        self.setProperty("kind", "panel")
        self.setFixedWidth(PANEL_WIDTH_PX)
        self._list = QWidget()
        self._cards = QVBoxLayout(self._list)
        self._cards.setContentsMargins(SPACE_PX, SPACE_PX, SPACE_PX, SPACE_PX)
        self._cards.setSpacing(SPACE_PX)
        scroll = QScrollArea()
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setProperty("kind", "panel")
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(self._list)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(scroll)
        self._add = self._add_button()
        self._shape: tuple[object, ...] = ()
        state.content_changed.connect(self._on_content_changed)
        state.view_changed.connect(self._on_view_changed)
        session.parts_changed.connect(self._on_settings_changed)
        self.rebuild()

    def _add_button(self) -> QToolButton:
        button = QToolButton()
        button.setText("+  Add a part")
        button.setProperty("kind", "flat")
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        button.setToolTip("Add an empty part; G writes it to fit the others.")
        menu = QMenu(button)
        for role in ROLES:
            action = menu.addAction(f"{ROLE_GLYPHS[role]}  {role.value.capitalize()}")
            action.triggered.connect(lambda *_, role=role: self.part_wanted.emit(role))
        button.setMenu(menu)
        return button

    def show_add_menu(self) -> None:
        self._add.showMenu()

    def rebuild(self) -> None:
        """Make the cards anew."""
        while (item := self._cards.takeAt(0)) is not None:
            if (widget := item.widget()) is not None and widget is not self._add:
                widget.hide()
                widget.deleteLater()
        self.cards = []
        for part in range(len(self.state.loop.tracks)):
            card = TrackCard(self.state, self.session, part)
            card.drag_started.connect(self.drag_started)
            card.rename_wanted.connect(self.rename_wanted)
            card.menu_wanted.connect(self.menu_wanted)
            card.level.clicked.connect(lambda *_, part=part: self.level_cleared.emit(part))
            self.cards.append(card)
            self._cards.addWidget(card)
        self._cards.addWidget(self._add)
        self._cards.addStretch(1)
        self._shape = self._current_shape()
        self.show_written(*self._written)
        self.show_levels(self._levels)
        self.show_meters(has_meters=self._has_meters)

    def show_levels(self, levels: Sequence[Level]) -> None:
        """Show how loud each part is."""
        self._levels = levels
        for card, level in zip(self.cards, levels, strict=False):  # a card may be about to go
            card.level.show_level(level)

    def show_meters(self, *, has_meters: bool) -> None:
        """Have level meters or not."""
        self._has_meters = has_meters
        for card in self.cards:
            card.level.setVisible(has_meters)

    def show_written(self, parts: tuple[int, ...], text: str) -> None:
        """Mark the parts that G writes; `text` is what the button says."""
        self._written = (parts, text)
        for card in self.cards:
            card.show_written(text if card.part in parts else "")

    def _current_shape(self) -> tuple[object, ...]:
        tracks = self.state.loop.tracks
        return (self.state.theme, *((track.role, track.label, track.look) for track in tracks))

    def _on_content_changed(self) -> None:
        if self._current_shape() != self._shape and len(self.session.parts) == len(self.state.loop.tracks):
            self.rebuild()
        for card in self.cards:
            card.strip.update()

    def _on_view_changed(self) -> None:
        for card in self.cards:
            card.show_front()

    def _on_settings_changed(self) -> None:
        if len(self.session.parts) != len(self.cards):
            return
        for card in self.cards:
            card.show_settings()
