"""The roll for screen readers: each pane is a list, each of its notes an item with a name, a place and a state.

Qt keeps what it was once given, so an item is made when it is first asked for, stands for a place in the list rather
than for a note, and lives as long as its pane.
"""

from typing import Any

from PySide6.QtCore import QObject, QRect
from PySide6.QtGui import QAccessible, QAccessibleEvent, QAccessibleInterface
from PySide6.QtWidgets import QAccessibleWidget

from gui.announcing import announce
from gui.piano_roll.hit_test import DRUM_HIT_PX
from gui.piano_roll.note_words import cursor_text, ref_text
from gui.piano_roll.selection import NoteRef
from gui.piano_roll.widget import RollPane


class AccessiblePane(QAccessibleWidget):
    """A pane as a list of notes: the parts' in their order, each part's by onset.

    Args:
        pane: Which.
    """

    def __init__(self, pane: RollPane) -> None:
        super().__init__(pane, QAccessible.Role.List, pane.accessibleName())
        self.pane = pane
        self._items: dict[int, AccessibleNote] = {}
        self.told: int | None = None  # the note that had the focus last

    def ref(self, index: int) -> NoteRef | None:
        """Return the note at a place of the list."""
        for table in self.pane.tables:
            if index < len(table.notes):
                return NoteRef(table.part, table.notes[index])
            index -= len(table.notes)
        return None

    def childCount(self) -> int:
        return sum(len(table.notes) for table in self.pane.tables)

    def child(self, index: int) -> QAccessibleInterface | None:  # pyright: ignore[reportIncompatibleMethodOverride] the stubs leave out None
        if not 0 <= index < self.childCount():
            return None
        if index not in self._items:
            self._items[index] = AccessibleNote(self, index)
        return self._items[index]

    def focusChild(self) -> QAccessibleInterface | None:  # pyright: ignore[reportIncompatibleMethodOverride] the stubs leave out None
        index = self.index_of(self.pane.state.cursor_note)
        return self if index is None else self.child(index)

    def index_of(self, ref: NoteRef | None) -> int | None:
        """Return a note's place in the list, None of one that is not in it."""
        before = 0
        for table in self.pane.tables:
            if ref is not None and table.part == ref.part:
                return before + table.notes.index(ref.note) if ref.note in table.notes else None
            before += len(table.notes)
        return None

    def text(self, kind: QAccessible.Text) -> str:
        if kind is QAccessible.Text.Value and self.pane.holds_front:
            return cursor_text(self.pane.state)
        return super().text(kind)

    def indexOfChild(self, child: QAccessibleInterface) -> int:
        return child.index if isinstance(child, AccessibleNote) else -1

    def childAt(self, x: int, y: int) -> QAccessibleInterface | None:  # pyright: ignore[reportIncompatibleMethodOverride] the stubs leave out None
        hit = self.pane.hit(self.pane.mapFromGlobal(QRect(x, y, 1, 1).topLeft()).toPointF())
        index = self.index_of(hit.ref) if hit is not None else None
        return None if index is None else self.child(index)


class AccessibleNote(QAccessibleInterface):
    """One place of the list.

    Args:
        parent: The list.
        index: The place.
    """

    def __init__(self, parent: AccessiblePane, index: int) -> None:
        super().__init__()
        self._parent, self.index = parent, index

    @property
    def _ref(self) -> NoteRef | None:
        return self._parent.ref(self.index)

    def isValid(self) -> bool:
        return self._ref is not None

    def object(self) -> QObject | None:  # pyright: ignore[reportIncompatibleMethodOverride] the stubs leave out None
        return None

    def parent(self) -> QAccessibleInterface:
        return self._parent

    def child(self, index: int) -> QAccessibleInterface | None:  # pyright: ignore[reportIncompatibleMethodOverride] the stubs leave out None
        return None

    def childAt(self, x: int, y: int) -> QAccessibleInterface | None:  # pyright: ignore[reportIncompatibleMethodOverride] the stubs leave out None
        return None

    def childCount(self) -> int:
        return 0

    def indexOfChild(self, child: QAccessibleInterface) -> int:
        return -1

    def role(self) -> QAccessible.Role:
        return QAccessible.Role.ListItem

    def setText(self, kind: QAccessible.Text, text: str) -> None:
        """Notes are renamed by moving them."""

    def text(self, kind: QAccessible.Text) -> str:
        ref, state = self._ref, self._parent.pane.state
        if ref is None or ref.part >= len(state.shown_loop.tracks):
            return ""
        if kind is QAccessible.Text.Value:
            return str(ref.note.velocity)
        return ref_text(state, ref) if kind is QAccessible.Text.Name else ""

    def state(self) -> Any:
        state, ref = QAccessible.State(), self._ref
        state.selectable = state.focusable = 1
        pane = self._parent.pane
        state.selected = int(ref is not None and ref in pane.state.shown_selection)
        state.focused = int(ref is not None and pane.hasFocus() and ref == pane.state.cursor_note)
        state.invalid = int(ref is None)
        return state

    def rect(self) -> QRect:
        ref, pane = self._ref, self._parent.pane
        row = pane.rows.row_of(ref.note.pitch) if ref is not None else None
        if ref is None or row is None:
            return QRect()
        first, last = pane.point(ref.note.onset, row), pane.point(ref.note.end, row + 1)
        if pane.is_drums:
            last.setX(first.x() + round(DRUM_HIT_PX))
        return QRect(pane.mapToGlobal(first), pane.mapToGlobal(last))


def tell_cursor(pane: RollPane) -> None:
    """Have a screen reader read what is at the cursor: the note gets its focus, an empty place is told."""
    if not QAccessible.isActive():
        return
    interface = QAccessible.queryAccessibleInterface(pane)
    if not isinstance(interface, AccessiblePane):
        return
    before, interface.told = interface.told, interface.index_of(pane.state.cursor_note)
    if interface.told is None:
        announce(pane, cursor_text(pane.state))
        return
    # A note that was changed where it is in the list keeps the focus; what is new is its name.
    kind = QAccessible.Event.NameChanged if interface.told == before else QAccessible.Event.Focus
    event = QAccessibleEvent(pane, kind)
    event.setChild(interface.told)
    QAccessible.updateAccessibility(event)


def install() -> None:
    """Let Qt describe roll panes this way, for as long as the program runs."""
    QAccessible.installFactory(_interface_of)


def _interface_of(class_name: str, subject: QObject) -> QAccessibleInterface | None:
    """Return what describes an object; None leaves it to Qt."""
    if not isinstance(subject, RollPane):
        return None
    if subject.accessible is None:
        subject.accessible = AccessiblePane(subject)
    return subject.accessible
