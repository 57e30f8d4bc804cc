"""What may come next, as tables: the grammar and every hard guarantee. Never sees logits.

`TakeMasks` walks the cells of one take. Before each step it writes the step's tables; after it, it takes the
drawn ids in and says which row is fed next. The rule behind all of it: *a value is legal only if every
later field of the row keeps a legal value*, and what was promised (locked notes, a note in every part) can
still be kept. When a promise cannot be kept any more it is dropped and counted (`relaxed`), so that a take always ends.

The central table is `room`, int16 [P, 128]: how many grid steps a note begun at (position, pitch) may last,
0 where none may begin. It is built when a cell is opened and worn away as notes come.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from engine.inference.tables import Tables
from engine.inference.take_plan import Anchor, Known, PartRules, TakePlan
from engine.messages import Keep
from engine.representation.layout import note_row
from engine.representation.sheet import DURATION_TABLE
from engine.representation.vocabulary import (
    DRUM_DURATION,
    DRUM_OFFSET,
    DURATION_STEPS,
    PITCHES,
    ROW_WIDTH,
    Column,
    Field,
    Kind,
    Rows,
)

MAX_NOTES_A_CELL = 96
Room = npt.NDArray[np.int16]  # int16 [P, 128]
_DRUM_STEPS = DURATION_STEPS[DRUM_DURATION]


class TakeMasks:
    """The running state of one take between steps.

    Args:
        plan: The take.
        capacity: Rows that fit into the model's memory, the prompt included.
    """

    def __init__(self, plan: TakePlan, capacity: int) -> None:
        self.plan = plan
        self.forced_ends = 0
        self.relaxed = 0
        self._cells: list[list[Rows]] = [[] for _ in plan.cells]  # NOTE rows by cell
        self._parts = {part: _PartState(rules, plan.sheet.total_steps) for part, rules in plan.rules.items()}
        promised = sum(len(inside) for rules in plan.rules.values() for inside in rules.anchors.values())
        self._spare_rows = capacity - len(plan.prompt) - len(plan.cells) - promised
        self._index = -1
        self._open_next()

    @property
    def is_done(self) -> bool:
        return self._index >= len(self.plan.cells)

    @property
    def cells_done(self) -> int:
        return min(self._index, len(self.plan.cells))

    @property
    def start(self) -> Rows:
        """The START row of the cell that is being written, int16 [ROW_WIDTH]."""
        return self.plan.starts[self._index]

    @property
    def written(self) -> list[Rows]:
        """All NOTE rows so far, in the order of writing."""
        return [row for cell in self._cells for row in cell]

    def cell_rows(self, index: int) -> list[Rows]:
        """Return the NOTE rows of one cell."""
        return self._cells[index]

    def recent_pitches(self, count: int) -> list[int]:
        """Return the pitch ids of the latest notes of the part that is being written."""
        part = self.plan.cells[self._index][0]
        rows = [
            row for cell, (other, _) in zip(self._cells, self.plan.cells, strict=True) if other == part for row in cell
        ]
        return [int(row[Column.PITCH]) - 1 for row in rows[-count:]]

    def fill(self, tables: Tables, take: int) -> None:
        """Write what is legal next into row `take` of preallocated tables."""
        rules = self._part.rules
        legal, room = self._legal()
        can_end = not self._anchors and not (self._must_sound and legal.any())
        tables.kind[take] = legal.any(), can_end or not legal.any()
        tables.drums[take] = rules.is_drums
        tables.duration[take] = True
        if rules.is_drums:
            tables.duration[take] = False
            tables.duration[take, DRUM_DURATION] = True
        tables.velocity[take] = True
        tables.micro[take] = rules.micro
        if not legal.any():
            self._forget_anchors()
            legal, room = _anything(len(legal))
            tables.duration[take] = True
        tables.position[take] = legal
        tables.limit[take] = room

    def accept(self, ids: Sequence[int]) -> Rows:
        """Take in the drawn ids in `Field` order; return the next row to feed, PAD when the take is done."""
        if ids[Field.KIND] == Kind.END:
            self._open_next()
            return np.zeros(ROW_WIDTH, dtype=np.int16) if self.is_done else self.start
        fields = list(ids)
        if self._part.rules.is_drums:
            fields[Field.DURATION] = DRUM_DURATION
        position, pitch = fields[Field.POSITION], fields[Field.PITCH] % DRUM_OFFSET
        anchor = self._matching_anchor(position, pitch)
        if anchor is not None:
            fields[Field.VELOCITY], fields[Field.MICRO] = anchor.velocity, anchor.micro
            fields[Field.DURATION] = self._anchor_duration(anchor, position, pitch)
        steps = int(DURATION_TABLE[fields[Field.DURATION]])
        if anchor is None or anchor.pitch is None:  # a locked note is known already
            self._part.write(self._base + position, pitch, steps)
        self._wear(position, pitch, steps)
        self._notes += 1
        self._spare_rows -= anchor is None and not self._keeps_pitches
        row = note_row(self.start, fields)
        self._cells[self._index].append(row)
        return row

    # -- the cell ---------------------------------------------------------------------------------------

    def _open_next(self) -> None:
        self._index += 1
        if self.is_done:
            return
        part, bar = self.plan.cells[self._index]
        self._part = self._parts[part]
        rules = self._part.rules
        steps = self.plan.sheet.meter.steps_per_bar
        self._base = bar * steps
        self._last: tuple[int, int] = (-1, -1)
        self._notes = 0
        self._allowed = rules.positions[bar].copy()
        self._anchors: list[Anchor] = list(rules.anchors.get(bar, ()))
        self._keeps_pitches = rules.keep is Keep.PITCHES
        self._is_closed = rules.keep is not Keep.NOTHING  # no notes but the anchors
        is_last = all(other != part for other, _ in self.plan.cells[self._index + 1 :])
        self._must_sound = is_last and not self._part.has_notes
        self._free_room = self._part.room(self._base, steps)
        self._room: Room = np.where(rules.pitch_table(bar), self._free_room, 0).astype(np.int16)

    def _wear(self, position: int, pitch: int, steps: int) -> None:
        """After a note only later ones, or higher ones at the same onset, can come."""
        self._last = (position, pitch)
        self._must_sound = False
        for room in (self._room, self._free_room):
            room[:position] = 0
            room[position, : pitch + 1] = 0
            if not self._part.rules.is_drums:
                room[position : position + steps, pitch] = 0

    def _legal(self) -> tuple[npt.NDArray[np.bool_], Room]:
        """Return where a note may begin, bool [P], and the room it has, int16 [P, 128]."""
        is_full = self._notes >= MAX_NOTES_A_CELL or self._spare_rows <= 0
        while self._anchors:
            found = self._legal_for_queue() if self._keeps_pitches else self._legal_before_anchor(is_full)
            if found is not None:
                return found
            self._anchors.pop(0)
            self.relaxed += 1
        if self._is_closed or is_full:
            self.forced_ends += not self._is_closed
            return np.zeros(len(self._allowed), dtype=bool), self._room
        room = self._part.within_voices(self._room, self._base)
        legal = np.logical_and(self._allowed, room.any(axis=1))
        return legal, room

    def _legal_before_anchor(self, is_full: bool) -> tuple[npt.NDArray[np.bool_], Room] | None:
        """Return what is legal while notes are still to come, or None if the next one cannot come."""
        anchor = self._anchors[0]
        at = anchor.position
        if (at, 127 if anchor.pitch is None else anchor.pitch) <= self._last:
            return None
        room = self._part.within_voices(self._room, self._base)
        if room is self._room:
            room = room.copy()
        legal = self._allowed & room.any(axis=1)
        legal[at + 1 :] = False
        legal[at] = True
        if anchor.pitch is None:
            here = [other.pitch for other in self._anchors if other.position == at]
            waiting = here.count(None)
            fixed = min((pitch for pitch in here if pitch is not None), default=PITCHES)
            open_pitches = np.flatnonzero(self._room[at, :fixed])  # new pitches come below the locked ones
            if len(open_pitches) < waiting:
                return None
            room[at] = 0
            chosen = open_pitches[: len(open_pitches) - waiting + 1]
            room[at, chosen] = self._room[at, chosen]
        else:
            alone = self._is_closed or is_full or not self._allowed[at]
            room[at, 0 if alone else anchor.pitch + 1 :] = 0
            room[at, anchor.pitch] = int(DURATION_TABLE[anchor.duration])
        if self._is_closed or is_full:
            legal[:at] = False
        return legal, room

    def _legal_for_queue(self) -> tuple[npt.NDArray[np.bool_], Room] | None:
        """Pitches are kept in their order: find where the next one may begin so that all others still fit."""
        open_steps = np.flatnonzero(self._allowed)
        pitches = [anchor.pitch or 0 for anchor in self._anchors]
        latest = _latest_places(pitches, len(open_steps))
        pitch = pitches[0]
        first = self._last[0] + (0 if pitch > self._last[1] else 1)
        room: Room = np.zeros_like(self._room)
        if latest[0] < 0:
            return None
        fits = (open_steps >= first) & (np.arange(len(open_steps)) <= latest[0])
        again = next((i for i in range(1, len(pitches)) if pitches[i] == pitch), None)
        end = len(self._allowed) if again is None else int(open_steps[latest[again]])
        places = open_steps[fits]
        if self._part.rules.is_drums:
            room[places, pitch] = self._free_room[places, pitch]
        else:
            room[places, pitch] = np.minimum(self._free_room[places, pitch], end - places)
        legal: npt.NDArray[np.bool_] = room.any(axis=1)
        return (legal, room) if legal.any() else None

    def _matching_anchor(self, position: int, pitch: int) -> Anchor | None:
        if not self._anchors:
            return None
        anchor = self._anchors[0]
        if self._keeps_pitches:
            self._anchors.pop(0)
            return None
        if position == anchor.position and anchor.pitch in (None, pitch):
            return self._anchors.pop(0)
        return None

    def _anchor_duration(self, anchor: Anchor, position: int, pitch: int) -> int:
        """Return a locked note's own duration; one whose pitch is new must not run into the next of its pitch."""
        if anchor.pitch is not None or self._part.rules.is_drums:
            return anchor.duration
        longest = int(np.searchsorted(DURATION_TABLE, max(int(self._free_room[position, pitch]), 1), side="right")) - 1
        return min(anchor.duration, longest)

    def _forget_anchors(self) -> None:
        self.relaxed += len(self._anchors)
        self._anchors.clear()


class _PartState:
    """The notes of one part so far: what sounds where."""

    def __init__(self, rules: PartRules, total_steps: int) -> None:
        self.rules = rules
        self._total = total_steps
        self._notes: list[Known] = list(rules.known)
        self._sounding = np.zeros(total_steps + 1, dtype=np.int16)
        for note in rules.known:
            self._sounding[note.start : note.end] += 1
        self.has_notes = bool(rules.anchors)

    def write(self, start: int, pitch: int, steps: int) -> None:
        self.has_notes = True
        end = min(start + steps, self._total)
        self._notes.append(Known(start, end, pitch))
        self._sounding[start:end] += 1

    def room(self, base: int, steps: int) -> Room:
        """Return int16 [P, 128]: how long a note may last before the loop ends or its pitch sounds again."""
        places = np.arange(base, base + steps, dtype=np.int16)[:, None]
        if self.rules.is_drums:
            room = np.full((steps, PITCHES), _DRUM_STEPS, dtype=np.int16)
            for note in self._notes:
                if base <= note.start < base + steps:
                    room[note.start - base, note.pitch] = 0
            return room
        room = np.broadcast_to(self._total - places, (steps, PITCHES)).astype(np.int16)
        for note in self._notes:
            if note.end <= base:
                continue
            first, last = max(note.start - base, 0), note.end - base
            before = room[:first, note.pitch]
            np.minimum(before, note.start - places[:first, 0], out=before)
            room[first:last, note.pitch] = 0
        return room

    def within_voices(self, room: Room, base: int) -> Room:
        """Return `room` shortened to where another voice may sound; the same array if voices are open."""
        limit = self.rules.max_polyphony
        if limit is None:
            return room
        full = np.flatnonzero(self._sounding[base : self._total] >= limit)
        places = np.arange(len(room))
        following = np.append(full, self._total - base)[np.searchsorted(full, places)]
        return np.minimum(room, (following - places).astype(np.int16)[:, None])


def _latest_places(pitches: list[int], places: int) -> list[int]:
    """Return, for each pitch of a queue, the last place that leaves room for all after it (-1: none).

    Notes that share an onset ascend, so only a pitch that does not rise needs a place of its own.
    """
    latest = [places - 1] * len(pitches)
    for i in range(len(pitches) - 2, -1, -1):
        latest[i] = latest[i + 1] - (0 if pitches[i + 1] > pitches[i] else 1)
    return latest


def _anything(steps: int) -> tuple[npt.NDArray[np.bool_], Room]:
    """Return tables for a step whose only legal answer is END: its other fields are drawn but mean nothing."""
    return np.ones(steps, dtype=bool), np.ones((steps, PITCHES), dtype=np.int16)
