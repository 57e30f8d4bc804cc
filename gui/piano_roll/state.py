"""What all parts of the roll look at: the loop shown, the view on it, and what is selected.

The panes, the ruler and the velocity lane each paint from this one state and change only it, so that they
cannot disagree. It knows neither document nor engine: edits leave it as `edited`, and whoever owns the document
puts the new loop back in.
"""

from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from PySide6.QtCore import QObject, QRect, Signal
from PySide6.QtGui import QPainter

from engine.music.loop import Loop, Track
from gui.piano_roll.cursor import Cursor, note_at_cursor
from gui.piano_roll.gestures import Edited
from gui.piano_roll.habits import MouseHabits
from gui.piano_roll.selection import (
    NOTHING,
    BarSelection,
    NoteRef,
    Selection,
    bars_of_notes,
    narrowing,
    still_there,
)
from gui.piano_roll.transform import Fold, RowMap, Snap, TimeAxis, drum_rows, pitch_rows
from gui.theme import DARK, Theme


@dataclass(frozen=True, slots=True)
class RollView:
    """How the roll is looked at.

    Attributes:
        time: The horizontal axis.
        snap: The grid.
        fold: Which pitches have a row.
        is_drawing: Whether a press on empty ground draws (else it draws a box).
        front: Index of the part in front.
        middle_c_octave: 3 to 5: how pitch 60 is called.
        mouse: What a press means.
        is_still: Whether nothing glides.
    """

    time: TimeAxis = field(default_factory=TimeAxis)
    snap: Snap = Snap.SIXTEENTH
    fold: Fold = Fold.ALL
    is_drawing: bool = False
    front: int = 0
    middle_c_octave: int = 3
    mouse: MouseHabits = MouseHabits.LIVE
    is_still: bool = False

    @property
    def step_ticks(self) -> int:
        """Ticks of a grid step, a 16th without a grid."""
        return Snap.SIXTEENTH.ticks if self.snap is Snap.OFF else self.snap.ticks


class Backdrop(Protocol):
    """Something that is seen behind the notes, such as the sound that they were heard in."""

    def paint(self, painter: QPainter, scene: Any, area: QRect) -> None:
        """Paint it into an area of a pane whose `Scene` is given."""
        ...


class RollState(QObject):
    """The roll's model.

    Args:
        loop: What to show.
        theme: Its colours.
    """

    content_changed = Signal()  # loop, preview or compared take
    view_changed = Signal()
    selection_changed = Signal()
    cursor_moved = Signal()
    playhead_moved = Signal(float, float)  # ticks before and after; negative is hidden
    playhead_shown = Signal(float, float)  # the same, as far as it is to be seen
    edited = Signal(str, object)  # name of the step, new Loop
    note_touched = Signal(object)  # NoteRef: to be heard

    def __init__(self, loop: Loop, theme: Theme = DARK, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.loop = loop
        self.preview: Edited | None = None
        self.compared: Loop | None = None
        self.backdrop: Backdrop | None = None
        self.theme = theme
        self.view = RollView()
        self.selection: Selection = NOTHING
        self.bars = BarSelection()
        self.cursor: Cursor | None = None  # None until the keyboard walks, and after the mouse was used
        self.hidden: frozenset[int] = frozenset()
        self.locked: tuple[frozenset[tuple[int, int]], ...] = ()  # (onset, pitch) of notes that stay, by part
        self.playhead_tick = self.shown_playhead_tick = -1.0
        self.pen_ticks = 0  # duration of the note touched last, 0 before any was

    @property
    def shown_loop(self) -> Loop:
        """The loop with what a gesture under way would make of it."""
        return self.preview.loop if self.preview else self.loop

    @property
    def shown_selection(self) -> Selection:
        return self.preview.selection if self.preview else self.selection

    @property
    def front_track(self) -> Track | None:
        """The part in front, None of a loop without parts."""
        front = self.view.front
        return self.loop.tracks[front] if front < len(self.loop.tracks) else None

    @property
    def cursor_note(self) -> NoteRef | None:
        """The note at the cursor."""
        track = self.front_track
        if self.cursor is None or track is None:
            return None
        note = note_at_cursor(track, self.cursor, step_ticks=self.view.step_ticks)
        return NoteRef(self.view.front, note) if note is not None else None

    @property
    def chosen(self) -> Selection:
        """What is selected, else the note at the cursor."""
        ref = self.cursor_note
        return self.selection or (frozenset({ref}) if ref is not None else NOTHING)

    @property
    def meant(self) -> Selection:
        """The selected notes, where they narrow what is rewritten and what leaves."""
        return narrowing(self.selection)

    @property
    def meant_bars(self) -> BarSelection:
        """The bars that a rewrite is narrowed to: those chosen, else those of the notes that are meant."""
        return self.bars or bars_of_notes(self.meant, self.loop)

    def rows(self, *, is_drums: bool) -> RowMap:
        """Return the rows of one of the panes."""
        return drum_rows(self.loop) if is_drums else pitch_rows(self.loop, self.view.fold)

    def set_loop(self, loop: Loop) -> None:
        """Show a loop; the selection keeps what is still there."""
        self.loop = loop
        self.preview = None
        self.bars = self.bars.within(loop)
        front = min(self.view.front, max(0, len(loop.tracks) - 1))
        if front != self.view.front:
            self.set_view(front=front)
        if self.cursor is not None and self.cursor.tick >= loop.length:
            self.set_cursor(replace(self.cursor, tick=loop.length - loop.meter.ticks_per_bar))
        self.content_changed.emit()
        self.select(still_there(loop, self.selection))

    def set_preview(self, preview: Edited | None) -> None:
        """Show what a gesture under way would do; None ends it."""
        self.preview = preview
        self.content_changed.emit()

    def set_compared(self, loop: Loop | None) -> None:
        """Show another loop as ghosts behind the notes, to compare with."""
        self.compared = loop
        self.content_changed.emit()

    def commit(self, text: str, edited: Edited) -> None:
        """Hand an edit on; its selection holds once the new loop is shown."""
        self.preview = None
        self.selection = edited.selection
        self.edited.emit(text, edited.loop)
        self.content_changed.emit()
        self.selection_changed.emit()

    def select(self, selection: Selection) -> None:
        if selection != self.selection:
            self.selection = selection
            self.selection_changed.emit()

    def set_cursor(self, cursor: Cursor | None) -> None:
        """Put the cursor somewhere, or (None) away."""
        if cursor != self.cursor:
            self.cursor = cursor
            self.cursor_moved.emit()

    def select_bars(self, bars: BarSelection) -> None:
        """Choose bars to be rewritten; selected notes are let go, so that only one of the two says what is meant."""
        if bars != self.bars:
            self.bars = bars
            if bars:
                self.selection = NOTHING
            self.selection_changed.emit()

    def set_locked(self, locked: tuple[frozenset[tuple[int, int]], ...]) -> None:
        """Mark the notes that a rewrite leaves as they are."""
        if locked != self.locked:
            self.locked = locked
            self.content_changed.emit()

    def set_view(self, **changes: Any) -> None:
        """Change fields of the view, such as `snap=Snap.OFF`."""
        view = replace(self.view, **changes)
        if view != self.view:
            self.view = view
            self.view_changed.emit()

    def set_theme(self, theme: Theme) -> None:
        self.theme = theme
        self.content_changed.emit()

    def bring_to_front(self, part: int) -> None:
        self.set_view(front=part)

    def touch(self, ref: NoteRef) -> None:
        """Say that a note wants to be heard."""
        self.note_touched.emit(ref)

    def move_playhead(self, tick: float) -> None:
        before, self.playhead_tick = self.playhead_tick, tick
        if before != tick:
            self.playhead_moved.emit(before, tick)
        shown, self.shown_playhead_tick = self.shown_playhead_tick, self._shown(tick)
        if shown != self.shown_playhead_tick:
            self.playhead_shown.emit(shown, self.shown_playhead_tick)

    def _shown(self, tick: float) -> float:
        """Return where the playhead is to be seen: with less motion it goes from beat to beat."""
        beat = self.loop.meter.ticks_per_beat
        return tick // beat * beat if self.view.is_still and tick >= 0 else tick
