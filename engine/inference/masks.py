"""What may come next, as tables: the grammar and every hard guarantee. Never sees logits.

`TakeMasks` walks the cells of one take. Before each step it writes the step's tables; after it, it takes the
drawn ids in and says which row is fed next. The rule behind all of it: *a value is legal only if every
later field of the row keeps a legal value*, and what was promised (locked notes, a note in every part) can
still be kept. What is kept goes before what is asked of new notes. When a promise cannot be kept any more it
is dropped and counted (`relaxed`), so that a take always ends.

The central table is the room, int16 [P, 128] (see `part_room`). It is built when a cell is opened and worn
away as notes come: after a note only later ones, or higher ones at its onset, can come.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from engine.inference.part_room import PartRoom, Room, longest_bin, open_rows
from engine.inference.tables import Tables
from engine.inference.take_plan import Anchor, TakePlan
from engine.messages import Keep
from engine.representation.layout import note_row
from engine.representation.sheet import DURATION_TABLE
from engine.representation.vocabulary import (
    DRUM_DURATION,
    DRUM_OFFSET,
    FED_DRUM_DURATION,
    PITCHES,
    ROW_WIDTH,
    Column,
    Field,
    Kind,
    Rows,
)

MAX_NOTES_A_CELL = 96
Bools = npt.NDArray[np.bool_]


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
        self._steps = plan.sheet.meter.steps_per_bar
        self._cells: list[list[Rows]] = [[] for _ in plan.cells]  # NOTE rows by cell
        self._given: list[list[bool]] = [[] for _ in plan.cells]  # which of them were given beforehand
        self._parts = {part: PartRoom(rules, plan.sheet.total_steps) for part, rules in plan.rules.items()}
        owing = [part for part, room in self._parts.items() if room.owes_note]
        self._last_chances = {part: self._last_chance(part) for part in owing}
        self.relaxed += sum(cell is None for cell in self._last_chances.values())
        promised = sum(len(inside) for rules in plan.rules.values() for inside in rules.anchors.values())
        self._spare_rows = capacity - len(plan.prompt) - len(plan.cells) - promised - len(owing)
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
    def notes_written(self) -> int:
        """NOTE rows so far, given ones included."""
        return sum(map(len, self._cells))

    @property
    def new_rows(self) -> list[Rows]:
        """The NOTE rows so far that were not given beforehand, in the order of writing."""
        return [row for cell in range(len(self._cells)) for row in self.new_rows_of_cell(cell)]

    def new_rows_of_cell(self, index: int) -> list[Rows]:
        """Return the new NOTE rows of one cell."""
        pairs = zip(self._cells[index], self._given[index], strict=True)
        return [row for row, is_given in pairs if not is_given]

    @property
    def part(self) -> int:
        """The part that is being written; not to be asked when all is done."""
        return self.plan.cells[self._index][0]

    def recent_pitches(self, count: int) -> list[int]:
        """Return the pitch ids of the latest notes of the part that is being written."""
        cells = zip(self._cells, self.plan.cells, strict=True)
        rows = [row for cell, (other, _) in cells if other == self.part for row in cell]
        return [int(row[Column.PITCH]) - 1 for row in rows[-count:]]

    def fill(self, tables: Tables, take: int) -> None:
        """Write what is legal next into row `take` of preallocated tables."""
        rules = self._part.rules
        legal, room = self._legal()
        can_sound = bool(legal.any())
        must_sound = can_sound and (bool(self._anchors) or self._must_sound)
        tables.kind[take] = can_sound, not must_sound
        tables.drums[take] = rules.is_drums
        tables.duration[take] = True
        if rules.is_drums and can_sound:
            tables.duration[take] = False
            tables.duration[take, FED_DRUM_DURATION] = True
        tables.velocity[take] = True
        tables.micro[take] = rules.micro
        # Where END is the only answer the other fields are drawn all the same and mean nothing.
        tables.position[take] = legal if can_sound else True
        tables.limit[take] = room if can_sound else 1
        self._limit = room

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
        if anchor is not None and not self._keeps_pitches:
            fields[Field.VELOCITY], fields[Field.MICRO] = anchor.velocity, anchor.micro
            longest = longest_bin(int(self._limit[position, pitch]))
            fields[Field.DURATION] = min(anchor.duration, longest)
        if anchor is None:
            self._spare_rows -= not self._part.owes_note  # the first note's row was set aside
        is_given = anchor is not None and anchor.pitch is not None and not self._keeps_pitches
        steps = int(DURATION_TABLE[fields[Field.DURATION]])
        if not is_given:
            self._part.write(self._base + position, pitch, steps)
        self._wear(position, pitch, steps)
        row = note_row(self.start, fields)
        self._cells[self._index].append(row)
        self._given[self._index].append(is_given)
        return row

    # -- the cell ---------------------------------------------------------------------------------------

    def _open_next(self) -> None:
        self._index += 1
        if self.is_done:
            return
        part, bar = self.plan.cells[self._index]
        self._part = self._parts[part]
        rules = self._part.rules
        self._bar, self._base = bar, bar * self._steps
        self._last: tuple[int, int] = (-1, -1)
        self._allowed = rules.positions[bar]
        self._anchors: list[Anchor] = list(rules.anchors.get(bar, ()))
        self._keeps_pitches = rules.keep is Keep.PITCHES
        self._must_sound = self._part.owes_note and self._last_chances[part] == self._index
        free_room = self._part.room(self._base, self._steps)
        if self._keeps_pitches:
            self._room: Room = free_room
            self._open_queue()
        else:
            self._room = np.where(rules.pitch_table(bar), free_room, 0).astype(np.int16)

    def _last_chance(self, part: int) -> int | None:
        """Return the last cell in which a part that has to sound can do so; None if there is none."""
        cells = self.plan.cells
        of_part = [index for index in reversed(range(len(cells))) if cells[index][0] == part]
        return next((index for index in of_part if self._parts[part].can_sound(cells[index][1], self._steps)), None)

    def _wear(self, position: int, pitch: int, steps: int) -> None:
        self._last = (position, pitch)
        self._must_sound = False
        self._room[:position] = 0
        self._room[position, : pitch + 1] = 0
        if not self._part.rules.is_drums:
            self._room[position : position + steps, pitch] = 0

    def _legal(self) -> tuple[Bools, Room]:
        """Return where a note may begin, bool [P], and the room it has, int16 [P, 128]."""
        is_closed = self._part.rules.is_closed
        is_full = len(self._cells[self._index]) >= MAX_NOTES_A_CELL or (
            self._spare_rows <= 0 and not self._part.owes_note
        )
        room = self._part.within_voices(self._room, self._base)
        while self._anchors:
            found = self._legal_for_queue(room) if self._keeps_pitches else self._legal_until_anchor(room, is_full)
            if found is not None:
                return found
            self._anchors.pop(0)
            self.relaxed += 1
        legal = self._allowed & open_rows(room)
        if is_closed or is_full:
            self.forced_ends += bool(not is_closed and legal.any())
            legal = np.zeros(len(legal), dtype=np.bool_)
        return legal, room

    def _legal_until_anchor(self, open_room: Room, is_full: bool) -> tuple[Bools, Room] | None:
        """Return what is legal while notes are still to come, or None if the next one cannot come."""
        anchor = self._anchors[0]
        at = anchor.position
        room = open_room.copy()
        is_alone = self._part.rules.is_closed or is_full
        if anchor.pitch is None:
            here = [other.pitch for other in self._anchors if other.position == at]
            fixed = min((pitch for pitch in here if pitch is not None), default=PITCHES)
            open_pitches = np.flatnonzero(open_room[at, :fixed])  # new pitches come below the locked ones
            spare = len(open_pitches) - here.count(None)
            if spare < 0:
                return None
            room[at] = 0
            chosen = open_pitches[: spare + 1]
            room[at, chosen] = open_room[at, chosen]
        else:
            room[at, 0 if is_alone or not self._allowed[at] else anchor.pitch :] = 0
            room[at, anchor.pitch] = DURATION_TABLE[anchor.duration]
        legal = self._allowed & open_rows(room)
        legal[at + 1 :] = False
        legal[at] = True
        if is_alone:
            legal[:at] = False
        return legal, room

    def _matching_anchor(self, position: int, pitch: int) -> Anchor | None:
        if self._anchors:
            anchor = self._anchors[0]
            if self._keeps_pitches or (position == anchor.position and anchor.pitch in (None, pitch)):
                return self._anchors.pop(0)
        return None

    # -- a bar whose pitches stay, in their order ---------------------------------------------------------

    def _open_queue(self) -> None:
        """Find where each pitch may begin at the latest so that all others still fit behind it."""
        voices = self._part.free_voices(self._base, self._steps)
        self._queue_steps = np.flatnonzero(self._allowed & (voices > 0))
        self._queue_voices = max(1, int(voices[self._queue_steps].min(initial=PITCHES)))

    def _legal_for_queue(self, open_room: Room) -> tuple[Bools, Room] | None:
        """Return where the next pitch may begin, and how long it may last; None if it cannot come."""
        pitches = [anchor.pitch or 0 for anchor in self._anchors]
        pitch, steps = pitches[0], self._queue_steps
        latest = _latest_places(pitches, len(steps), self._queue_voices)
        if latest[0] < 0:
            return None
        first = self._last[0] + (0 if pitch > self._last[1] else 1)
        fits = (steps >= first) & (np.arange(len(steps)) <= latest[0])
        again = [i for i in range(1, len(pitches)) if pitches[i] == pitch][:1]
        again += [self._queue_voices] if self._queue_voices < len(pitches) else []
        end = min((int(steps[latest[i]]) for i in again), default=self._rings_until(pitch))
        places = steps[fits]
        room: Room = np.zeros_like(open_room)
        room[places, pitch] = open_room[places, pitch]
        if not self._part.rules.is_drums:
            room[places, pitch] = np.minimum(room[places, pitch], end - places)
        legal = open_rows(room)
        return (legal, room) if legal.any() else None

    def _rings_until(self, pitch: int) -> int:
        """Return the step from the bar's start up to which a kept pitch may sound into later bars."""
        rules = self._part.rules
        if rules.max_polyphony is not None:
            return self._steps
        later = [
            bar for bar, inside in rules.anchors.items() if bar > self._bar and any(a.pitch == pitch for a in inside)
        ]
        return (min(later, default=self.plan.sheet.bars) - self._bar) * self._steps


def _latest_places(pitches: list[int], places: int, voices: int) -> list[int]:
    """Return, for each pitch of a queue, the last place that leaves room for all after it (-1 or less: none).

    Notes that share an onset ascend, so only a pitch that does not rise needs a place of its own; and no more
    of them share one than there are voices.
    """
    latest = [places - 1] * len(pitches)
    for i in range(len(pitches) - 2, -1, -1):
        latest[i] = latest[i + 1] - (0 if pitches[i + 1] > pitches[i] else 1)
        if i + voices < len(pitches):
            latest[i] = min(latest[i], latest[i + voices] - 1)
    return latest
