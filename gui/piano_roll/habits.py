"""Mouse habits: what a press means to those who come from Ableton Live, and to those who come from FL Studio. Pure.

What both share: Alt ignores the grid, the middle button pans, the wheel scrolls, with Ctrl it zooms.
"""

from dataclasses import dataclass
from enum import Enum

from PySide6.QtCore import Qt

from gui.piano_roll.hit_test import Zone

_CTRL, _SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


class Intent(Enum):
    """What a press begins."""

    MOVE = "move"
    RESIZE = "resize"
    DRAW = "draw"
    BOX = "box"
    ERASE = "erase"


class MouseHabits(Enum):
    """The habits there are: the words of the setting, the key that copies, the key that adds to the selection."""

    LIVE = "Like Ableton Live"
    FL = "Like FL Studio"

    @property
    def copy_key(self) -> Qt.KeyboardModifier:
        return _CTRL if self is MouseHabits.LIVE else _SHIFT

    @property
    def add_key(self) -> Qt.KeyboardModifier:
        return _SHIFT if self is MouseHabits.LIVE else _CTRL

    @property
    def remembers_length(self) -> bool:
        """Whether a new note is as long as the one touched last."""
        return self is MouseHabits.FL

    @property
    def map(self) -> tuple[tuple[str, str], ...]:
        """What the mouse does, for the map of keys."""
        return (*(_LIVE_MAP if self is MouseHabits.LIVE else _FL_MAP), *_SHARED_MAP)

    @property
    def drawing_words(self) -> str:
        """How a note is drawn."""
        return (
            "Double-click draws a note; with B a click does." if self is MouseHabits.LIVE else "A click draws a note."
        )


_LIVE_MAP = (
    ("Click a note", "select it; drag moves, edges change its length"),
    ("Double-click", "draw a note, or delete one"),
    ("Right-click", "delete a note; drag deletes what it passes"),
    ("Click a drum lane", "set or remove a step"),
    ("Drag on empty ground", "select a box; B draws instead"),
    ("Ctrl while dragging", "copy"),
    ("Shift-click", "add to the selection"),
)
_FL_MAP = (
    ("Click on empty ground", "draw a note, as long as the last one"),
    ("Click a note", "select it; drag moves, edges change its length"),
    ("Right-click", "delete a note; drag deletes what it passes"),
    ("Ctrl-drag on empty ground", "select a box"),
    ("Shift while dragging", "copy"),
    ("Ctrl-click", "add to the selection"),
)
_SHARED_MAP = (
    ("Alt while dragging", "ignore the grid"),
    ("Wheel", "scroll; with Shift sideways"),
    ("Ctrl + wheel", "zoom in time; with Shift the rows"),
    ("Middle button", "pan"),
    ("Click a part's bars", "choose what G rewrites"),
    ("Drag on the ruler, or Shift-click", "choose bars of the part in front"),
    ("Alt while drawing a box", "select notes of all parts, not only of the one in front"),
)


@dataclass(frozen=True, slots=True)
class PressedOn:
    """Where and how the mouse was pressed.

    Attributes:
        zone: The place on the note under it, None for empty ground.
        modifiers: Keys held.
        is_right, is_double: Of the press.
        is_drums: Whether it was in the drum lanes.
        is_drawing: Whether the pencil is on.
    """

    zone: Zone | None
    modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier
    is_right: bool = False
    is_double: bool = False
    is_drums: bool = False
    is_drawing: bool = False


def intent_of(habits: MouseHabits, press: PressedOn) -> Intent:
    """Say what a press begins."""
    if press.is_right:
        return Intent.ERASE
    if press.is_double and habits is MouseHabits.LIVE:
        return Intent.DRAW if press.zone is None else Intent.ERASE
    if press.zone is not None:
        return Intent.MOVE if press.zone is Zone.BODY else Intent.RESIZE
    if habits is MouseHabits.FL:
        return Intent.BOX if press.modifiers & _CTRL else Intent.DRAW
    return Intent.DRAW if press.is_drums or press.is_drawing else Intent.BOX


def erases_on_click(habits: MouseHabits, press: PressedOn) -> bool:
    """Tell whether a click without a drag removes the note: drum steps, for those who click them on and off."""
    return habits is MouseHabits.LIVE and press.is_drums and not press.modifiers & habits.add_key
