"""Mouse gestures in a pane: what a press begins, what moving shows, what release does.

Each gesture is a small object with `move` and `release`. Only `release` commits; until then the shared state
shows a preview. Which press begins which gesture is decided by the mouse habits, see `habits.py`.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QPointF, QRectF, Qt

from engine.music.loop import Note
from gui.piano_roll.gestures import Edited, deleted, drawn, moved, resized
from gui.piano_roll.habits import Intent, PressedOn, erases_on_click, intent_of
from gui.piano_roll.hit_test import Hit, Zone, notes_in_box
from gui.piano_roll.selection import NOTHING, NoteRef
from gui.piano_roll.transform import Snap

if TYPE_CHECKING:
    from gui.piano_roll.widget import RollPane

DRAG_PX = 4.0
DRAWN_VELOCITY = 96
_NO_MODIFIER = Qt.KeyboardModifier.NoModifier


@dataclass(frozen=True, slots=True)
class Press:
    """How a gesture begins."""

    position: QPointF
    modifiers: Qt.KeyboardModifier = _NO_MODIFIER
    is_right: bool = False
    is_double: bool = False


class Gesture(Protocol):
    """A gesture under way."""

    def move(self, position: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        """Follow the pointer."""
        ...

    def release(self, position: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        """End, and commit what it made."""
        ...


def begin_gesture(pane: "RollPane", press: Press) -> Gesture | None:
    """Return the gesture that a press begins, or None when the press was all there was to it."""
    hit, state = pane.hit(press.position), pane.state
    pressed = PressedOn(
        zone=hit.zone if hit is not None else None,
        modifiers=press.modifiers,
        is_right=press.is_right,
        is_double=press.is_double,
        is_drums=pane.is_drums,
        is_drawing=state.view.is_drawing,
    )
    intent = intent_of(state.view.mouse, pressed)
    if intent is Intent.ERASE:
        return EraseGesture(pane, press.position)
    if intent is Intent.DRAW:
        return DrawGesture.begin(pane, press)
    if intent is Intent.BOX or hit is None:
        return BoxGesture(pane, press)
    _take_hold(pane, press, hit)
    if intent is Intent.RESIZE:
        return ResizeGesture(pane, press, hit)
    return MoveGesture(pane, press, hit, is_click_erasing=erases_on_click(state.view.mouse, pressed))


def _take_hold(pane: "RollPane", press: Press, hit: Hit) -> None:
    """Select the note that was pressed, bring its part to the front and let it be heard."""
    state = pane.state
    if press.modifiers & state.view.mouse.add_key:
        state.select(state.selection ^ {hit.ref})
    elif hit.ref not in state.selection:
        state.select(frozenset({hit.ref}))
    if not pane.is_drums:
        state.pen_ticks = hit.ref.note.duration
    state.bring_to_front(hit.ref.part)
    state.touch(hit.ref)


def _snap(pane: "RollPane", modifiers: Qt.KeyboardModifier) -> Snap:
    return Snap.OFF if modifiers & Qt.KeyboardModifier.AltModifier else pane.state.view.snap


def _is_drag(a: QPointF, b: QPointF) -> bool:
    return abs(a.x() - b.x()) >= DRAG_PX or abs(a.y() - b.y()) >= DRAG_PX


class MoveGesture:
    """Moves the selected notes; the note that was taken hold of meets the grid, the others keep their distance."""

    def __init__(self, pane: "RollPane", press: Press, hit: Hit, *, is_click_erasing: bool) -> None:
        self._pane, self._press, self._hit = pane, press, hit
        self._is_click_erasing = is_click_erasing
        self._is_dragging = False
        self._heard = hit.ref.note.pitch
        self._edited: Edited | None = None

    def move(self, position: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        self._is_dragging = self._is_dragging or _is_drag(position, self._press.position)
        if not self._is_dragging:
            return
        pane, state, note = self._pane, self._pane.state, self._hit.ref.note
        ticks = (position.x() - self._press.position.x()) / state.view.time.px_per_tick
        snap = _snap(pane, modifiers)
        # Whole grid steps from where the note lies, so that a note played off the grid keeps its feel.
        moved_ticks = round(ticks / snap.ticks) * snap.ticks
        rows_down = pane.axis.row_of(position.y()) - pane.axis.row_of(self._press.position.y())
        self._edited = moved(
            state.loop,
            state.selection,
            ticks=moved_ticks,
            rows_down=rows_down,
            rows=pane.rows,
            copy=bool(modifiers & state.view.mouse.copy_key),
        )
        state.set_preview(self._edited)
        pitch = pane.rows.shifted(note.pitch, rows_down)
        if pitch is not None and pitch != self._heard:
            self._heard = pitch
            state.touch(NoteRef(self._hit.ref.part, Note(note.onset, pitch, note.duration, note.velocity)))

    def release(self, position: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        state = self._pane.state
        if self._edited is not None:
            is_copy = bool(modifiers & state.view.mouse.copy_key)
            state.commit("Copy notes" if is_copy else "Move notes", self._edited)
        elif self._is_click_erasing and len(state.selection) <= 1:
            state.commit("Remove step", deleted(state.loop, frozenset({self._hit.ref})))


class ResizeGesture:
    """Moves the start or the end of the selected notes."""

    def __init__(self, pane: "RollPane", press: Press, hit: Hit) -> None:
        self._pane, self._press, self._hit = pane, press, hit
        self._edited: Edited | None = None

    def move(self, position: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        pane, state, note = self._pane, self._pane.state, self._hit.ref.note
        snap = _snap(pane, modifiers)
        delta = (position.x() - self._press.position.x()) / state.view.time.px_per_tick
        edge = note.onset if self._hit.zone is Zone.START else note.end
        ticks = snap.nearest(edge + delta) - edge
        if self._hit.zone is Zone.START:
            self._edited = resized(state.loop, state.selection, start_ticks=ticks)
        else:
            self._edited = resized(state.loop, state.selection, end_ticks=ticks)
        state.set_preview(self._edited)

    def release(self, position: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        if self._edited is not None:
            state = self._pane.state
            state.commit("Change length", self._edited)
            state.pen_ticks = max(ref.note.duration for ref in self._edited.selection)


class DrawGesture:
    """Draws one note; dragging right makes it longer."""

    def __init__(self, pane: "RollPane", part: int, note: Note) -> None:
        self._pane, self._part, self._note = pane, part, note
        self._edited = drawn(pane.state.loop, part, note)
        pane.state.set_preview(self._edited)
        pane.state.touch(NoteRef(part, note))

    @classmethod
    def begin(cls, pane: "RollPane", press: Press) -> "Gesture | None":
        """Draw into the front part if it lives in this pane, else into the pane's first part."""
        state = pane.state
        parts = [i for i, track in enumerate(state.loop.tracks) if track.is_drums == pane.is_drums]
        tick, row = pane.place(press.position)
        pitch = pane.rows.pitch_of(row)
        if not parts or pitch is None or tick >= state.loop.length:
            return None
        part = state.view.front if state.view.front in parts else parts[0]
        state.bring_to_front(part)
        snap = _snap(pane, press.modifiers)
        # A drum is a mark: it goes to the line next to the pointer. A note fills the cell under it.
        onset = snap.nearest(tick - state.view.snap.ticks / 3) if pane.is_drums else snap.before(tick)
        onset = min(onset, state.loop.length - 1)
        length = state.view.snap.ticks if state.view.snap is not Snap.OFF else Snap.SIXTEENTH.ticks
        if state.view.mouse.remembers_length and not pane.is_drums:
            length = state.pen_ticks or length
        return cls(pane, part, Note(onset, pitch, min(length, state.loop.length - onset), DRAWN_VELOCITY))

    def move(self, position: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        if self._pane.is_drums:
            return
        state = self._pane.state
        snap = _snap(self._pane, modifiers)
        end = max(snap.nearest(state.view.time.tick_of(position.x())), self._note.end)
        note = Note(self._note.onset, self._note.pitch, end - self._note.onset, self._note.velocity)
        self._edited = drawn(state.loop, self._part, note)
        state.set_preview(self._edited)

    def release(self, position: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        self._pane.state.commit("Add step" if self._pane.is_drums else "Draw note", self._edited)


class EraseGesture:
    """Deletes the note under the pointer, and those that a drag passes, as one step."""

    def __init__(self, pane: "RollPane", position: QPointF) -> None:
        self._pane = pane
        self._found: set[NoteRef] = set()
        self._last = position
        self.move(position, _NO_MODIFIER)

    def move(self, position: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        way = position - self._last
        steps = max(1, round(max(abs(way.x()), abs(way.y())) / DRAG_PX))
        for step in range(1, steps + 1):
            hit = self._pane.hit(self._last + way * (step / steps))
            if hit is not None:
                self._found.add(hit.ref)
        self._last = position
        if self._found:
            self._pane.state.set_preview(deleted(self._pane.state.loop, frozenset(self._found)))

    def release(self, position: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        state = self._pane.state
        if self._found:
            name = "Delete notes" if len(self._found) > 1 else "Delete note"
            state.commit(name, deleted(state.loop, frozenset(self._found)))


class BoxGesture:
    """Draws a box and selects the notes that it touches: those of the part in front, with Alt of all parts.

    Where the part in front is not in this pane, all parts of the pane count. A mere click selects nothing.
    """

    def __init__(self, pane: "RollPane", press: Press) -> None:
        self._pane, self._from, self._modifiers = pane, press.position, press.modifiers
        is_adding = press.modifiers & Qt.KeyboardModifier.ShiftModifier  # with both habits
        self._kept = pane.state.selection if is_adding else NOTHING
        pane.state.select(self._kept)

    def move(self, position: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        pane = self._pane
        pane.box = QRectF(self._from, position).normalized()
        start, first_row = pane.place(pane.box.topLeft())
        end, last_row = pane.place(pane.box.bottomRight())
        front = tuple(table for table in pane.tables if table.part == pane.state.view.front)
        takes_all = (self._modifiers | modifiers) & Qt.KeyboardModifier.AltModifier
        tables = pane.tables if takes_all else front or pane.tables
        found = notes_in_box(tables, start_tick=start, end_tick=end, first_row=first_row, last_row=last_row)
        pane.state.select(self._kept | found)
        pane.update()

    def release(self, position: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        self._pane.box, was_dragged = None, self._pane.box is not None
        self._pane.update()
        if was_dragged and not self._pane.state.selection:
            self._pane.boxed_nothing.emit()
        parts = {ref.part for ref in self._pane.state.selection}
        if len(parts) == 1:
            self._pane.state.bring_to_front(*parts)
