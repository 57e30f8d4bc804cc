"""What lies under the pointer, on arrays: the same table that is painted is searched. Pure.

Parts later in the loop lie above earlier ones, and the part in front above all; hit tests ask in that order.
"""

from dataclasses import dataclass
from enum import Enum

import numpy as np
import numpy.typing as npt

from engine.music.loop import Loop, Note
from gui.piano_roll.selection import NoteRef, Selection
from gui.piano_roll.transform import RowAxis, RowMap, TimeAxis

EDGE_PX = 5.0
SMALLEST_BODY_PX = 6.0  # of a short note, the part that still moves it
DRUM_HIT_PX = 9.0  # drums have no length that matters: they are drawn and hit as marks


class Zone(Enum):
    """Which part of a note."""

    BODY = "body"
    START = "start"
    END = "end"


@dataclass(frozen=True, slots=True)
class Hit:
    """A note under the pointer."""

    ref: NoteRef
    zone: Zone


IntArray = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class PartTable:
    """One part's visible notes as columns [N], sorted by onset.

    Attributes:
        part: Index of the part.
        notes: The notes themselves, for hits.
        onset, end: Ticks.
        row: Row of each note.
        velocity: 1 to 127.
        longest: Ticks of the longest note, for culling.
        source, rows: What the table was made of.
    """

    part: int
    notes: tuple[Note, ...]
    onset: IntArray
    end: IntArray
    row: IntArray
    velocity: IntArray
    longest: int
    source: tuple[Note, ...]
    rows: RowMap

    def between(self, start_tick: float, end_tick: float) -> slice:
        """Return the rows of the table that may sound in [start, end); a few too many, never too few."""
        first = int(np.searchsorted(self.onset, start_tick - self.longest, side="left"))
        last = int(np.searchsorted(self.onset, end_tick, side="right"))
        return slice(first, last)


def part_tables(loop: Loop, rows: RowMap, before: tuple[PartTable, ...] = ()) -> tuple[PartTable, ...]:
    """Return a table for every part that belongs on these rows.

    Args:
        loop: What is shown.
        rows: The rows of a pane.
        before: The tables of the same pane until now: an edit changes one part, the others' tables stay.
    """
    known = {table.part: table for table in before}
    return tuple(
        _part_table(part, track.notes, rows, known.get(part))
        for part, track in enumerate(loop.tracks)
        if track.is_drums == rows.is_drums
    )


def _part_table(part: int, notes: tuple[Note, ...], rows: RowMap, before: PartTable | None) -> PartTable:
    if before is not None and before.source is notes and before.rows is rows:
        return before
    row_of = rows.rows
    shown = tuple(note for note in notes if note.pitch in row_of)
    onset = np.array([note.onset for note in shown], np.int32)
    duration = np.array([note.duration for note in shown], np.int32)
    row = np.array([row_of[note.pitch] for note in shown], np.int32)
    velocity = np.array([note.velocity for note in shown], np.int32)
    return PartTable(part, shown, onset, onset + duration, row, velocity, int(duration.max(initial=0)), notes, rows)


def note_at(
    tables: tuple[PartTable, ...],
    *,
    x_px: float,
    y_px: float,
    time: TimeAxis,
    axis: RowAxis,
    front: int = 0,
    is_drums: bool = False,
) -> Hit | None:
    """Return the note under a point, the part in front first, or None.

    Args:
        tables: As `part_tables` gives them.
        x_px, y_px: The point.
        time, axis: The view.
        front: Index of the part in front.
        is_drums: Whether notes are marks of a fixed width.
    """
    row = axis.row_of(y_px)
    tick = time.tick_of(x_px)
    for table in sorted(tables, key=lambda table: table.part == front, reverse=True):
        reach = DRUM_HIT_PX / time.px_per_tick if is_drums else EDGE_PX / time.px_per_tick
        where = table.between(tick - reach, tick + reach)
        end = table.onset[where] + reach if is_drums else table.end[where]
        inside = (table.row[where] == row) & (table.onset[where] <= tick) & (tick < end)
        found = np.flatnonzero(inside)
        if len(found):
            note = table.notes[where.start + int(found[-1])]
            return Hit(NoteRef(table.part, note), Zone.BODY if is_drums else _zone(note, x_px, time))
    return None


def _zone(note: Note, x_px: float, time: TimeAxis) -> Zone:
    left, right = time.x_of(note.onset), time.x_of(note.end)
    edge = min(EDGE_PX, max(0.0, (right - left - SMALLEST_BODY_PX) / 2))
    if x_px < left + edge:
        return Zone.START
    # A short note can always be made longer: its last third is an end even when it has no room for edges.
    return Zone.END if x_px >= right - max(edge, min(EDGE_PX, (right - left) / 3)) else Zone.BODY


def notes_in_box(
    tables: tuple[PartTable, ...], *, start_tick: float, end_tick: float, first_row: int, last_row: int
) -> Selection:
    """Return all notes that a box touches; rows inclusive."""
    found: set[NoteRef] = set()
    for table in tables:
        where = table.between(start_tick, end_tick)
        touched = (
            (table.end[where] > start_tick)
            & (table.onset[where] < end_tick)
            & (table.row[where] >= first_row)
            & (table.row[where] <= last_row)
        )
        found |= {NoteRef(table.part, table.notes[where.start + int(i)]) for i in np.flatnonzero(touched)}
    return frozenset(found)
