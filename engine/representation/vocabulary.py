"""The one table of fields, ranges and ids that the model sees; versioned, hashed, printable.

Music becomes *rows*, one a note. A row is `ROW_WIDTH` small integers, one a column of `COLUMNS`:

* **given** columns say where the row stands (part, role, program, bar, chord …); they are never sampled;
* **sampled** columns say what the note is. Ids in columns are 1-based, 0 means "does not apply".

A *cell* is one bar of one part. It is opened by a START row that carries the given columns; its notes
follow, ordered by position, then pitch. The model's answer to a row is either NOTE with the fields of
the cell's next note, or END; after END the next cell's START row is fed. "End" is thus an output that
is never an input, and the whole frame of a request is known before its first note is.

`python -m engine.representation.vocabulary` prints the table. Changing it changes `VERSION`.
"""

import hashlib
from enum import IntEnum
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from engine.music.general_midi import ROLES
from engine.music.harmony import ChordQuality
from engine.music.loop import MAX_BARS, MAX_TRACKS
from engine.music.timing import MAX_QUARTERS_PER_BAR, STEPS_PER_QUARTER, TICKS_PER_STEP

VERSION = 1

Rows = npt.NDArray[np.int16]  # int16 [N, ROW_WIDTH]


class RowType(IntEnum):
    """What a row is."""

    PAD = 0
    CONTROL = 1
    START = 2
    NOTE = 3


class RowState(IntEnum):
    """What a row is for."""

    NONE = 0
    CONTEXT = 1  # given music, in the prompt
    TARGET = 2  # what is being written
    LOCKED = 3  # a note of a target cell that is given beforehand and will have to come


class Kind(IntEnum):
    """The first sampled field: does the cell go on?"""

    NOTE = 0
    END = 1


class Field(IntEnum):
    """The sampled fields, in the order in which one is sampled after the other."""

    KIND = 0
    POSITION = 1
    PITCH = 2
    DURATION = 3
    VELOCITY = 4
    MICRO = 5


POSITIONS = MAX_QUARTERS_PER_BAR * STEPS_PER_QUARTER
PITCHES = 128
DRUM_OFFSET = PITCHES  # drums have their own half of the pitch field
VELOCITY_STEP = 4
VELOCITIES = 128 // VELOCITY_STEP
# Microtiming: ticks from the grid step, to be added to it.
MICRO_TICKS = (-8, -4, 0, 4, 8)
MICRO_ON_GRID = MICRO_TICKS.index(0)


def _duration_steps() -> tuple[int, ...]:
    """Build the durations: every step up to 16, then twelve to seventeen bins an octave, up to 16 bars."""
    bins = list(range(1, 17))
    octave = 16
    while octave < MAX_BARS * POSITIONS:
        bins += [octave * n // 16 for n in (18, 20, 22, 24, 27, 30, 32) if octave * n % 16 == 0]
        octave *= 2
    return tuple(sorted({b for b in bins if b <= MAX_BARS * POSITIONS} | {MAX_BARS * POSITIONS}))


DURATION_STEPS = _duration_steps()
DRUM_DURATION = DURATION_STEPS.index(STEPS_PER_QUARTER // 4)  # every drum hit lasts a 16th
FED_DRUM_DURATION = 0  # what the fields after it are told of a drum's length, which is not learned

FIELD_SIZES: dict[Field, int] = {
    Field.KIND: len(Kind),
    Field.POSITION: POSITIONS,
    Field.PITCH: 2 * PITCHES,
    Field.DURATION: len(DURATION_STEPS),
    Field.VELOCITY: VELOCITIES,
    Field.MICRO: len(MICRO_TICKS),
}
SAMPLED_SIZE = sum(FIELD_SIZES.values())


class ControlRange(NamedTuple):
    """One attribute control's ids: `first` … `first + bins - 1` in the CONTROL column."""

    name: str
    scope: str  # "loop" or "track"
    bins: int
    first: int


# Attribute controls that are rows of the prompt. How each is computed and labelled: `controls.py`.
_CONTROL_BINS: tuple[tuple[str, str, int], ...] = (
    ("meter_numerator", "loop", 32),
    ("meter_denominator", "loop", 6),
    ("tempo", "loop", 48),
    ("bars", "loop", MAX_BARS),
    ("key_tonic", "loop", 12),
    ("key_mode", "loop", 12),
    ("genre", "loop", 24),
    ("order", "loop", 2),
    ("loopable", "loop", 2),
    ("loop_count", "loop", 6),
    ("loop_length", "loop", 8),
    ("density", "track", 10),
    ("polyphony_min", "track", 6),
    ("polyphony_max", "track", 6),
    ("duration_class", "track", 6),
    ("mean_duration", "track", 16),
    ("lowest_pitch", "track", 32),
    ("highest_pitch", "track", 32),
    ("mean_pitch", "track", 32),
    ("mean_velocity", "track", 16),
    ("velocity_spread", "track", 8),
    ("repetition", "track", 10),
    ("feel", "track", 13),
)


def _control_ranges() -> dict[str, ControlRange]:
    ranges: dict[str, ControlRange] = {}
    first = 1
    for name, scope, bins in _CONTROL_BINS:
        ranges[name] = ControlRange(name, scope, bins, first)
        first += bins
    return ranges


CONTROLS = _control_ranges()
CONTROL_VALUES = 1 + sum(c.bins for c in CONTROLS.values())

CHORD_UNKNOWN, CHORD_NONE = 0, 1
CHORDS = 2 + 12 * len(ChordQuality)
BAR_DENSITIES = 10


class Column(IntEnum):
    """The columns of a row."""

    TYPE = 0
    STATE = 1
    SLOT = 2
    ROLE = 3
    PROGRAM = 4
    BAR = 5
    BARS_LEFT = 6  # 1 in the last bar
    CHORD_A = 7  # at the bar's start
    CHORD_B = 8  # at its middle
    BAR_DENSITY = 9
    CONTROL = 10
    POSITION = 11
    PITCH = 12
    DURATION = 13
    VELOCITY = 14
    MICRO = 15


ROW_WIDTH = len(Column)

# Ids a column can hold, 0 included: the sizes of the embedding tables.
COLUMN_SIZES: dict[Column, int] = {
    Column.TYPE: len(RowType),
    Column.STATE: len(RowState),
    Column.SLOT: 1 + MAX_TRACKS,
    Column.ROLE: 1 + len(ROLES),
    Column.PROGRAM: 1 + 128,
    Column.BAR: 1 + MAX_BARS,
    Column.BARS_LEFT: 1 + MAX_BARS,
    Column.CHORD_A: CHORDS,
    Column.CHORD_B: CHORDS,
    Column.BAR_DENSITY: 1 + BAR_DENSITIES,
    Column.CONTROL: CONTROL_VALUES,
    Column.POSITION: 1 + POSITIONS,
    Column.PITCH: 1 + 2 * PITCHES,
    Column.DURATION: 1 + len(DURATION_STEPS),
    Column.VELOCITY: 1 + VELOCITIES,
    Column.MICRO: 1 + len(MICRO_TICKS),
}

# The column in which a sampled field is fed back; KIND has none.
FIELD_COLUMNS: dict[Field, Column] = {
    Field.POSITION: Column.POSITION,
    Field.PITCH: Column.PITCH,
    Field.DURATION: Column.DURATION,
    Field.VELOCITY: Column.VELOCITY,
    Field.MICRO: Column.MICRO,
}


def describe() -> str:
    """Return the whole table as text: the printable form, and what `vocabulary_hash` hashes."""
    lines = [f"vocabulary {VERSION}: {STEPS_PER_QUARTER} steps a quarter, {TICKS_PER_STEP} ticks a step"]
    lines += [f"column {column.value:2} {column.name.lower():12} {COLUMN_SIZES[column]}" for column in Column]
    lines += [f"sampled {field.value} {field.name.lower():9} {FIELD_SIZES[field]}" for field in Field]
    lines += [f"types {[t.name for t in RowType]} states {[s.name for s in RowState]}"]
    lines += [f"durations (steps) {list(DURATION_STEPS)}"]
    lines += [f"micro (ticks) {list(MICRO_TICKS)} velocity step {VELOCITY_STEP}"]
    lines += [f"roles {[r.value for r in ROLES]} chord qualities {[q.value for q in ChordQuality]}"]
    lines += [f"control {c.first:3} … {c.first + c.bins - 1:3} {c.scope:5} {c.name}" for c in CONTROLS.values()]
    return "\n".join(lines)


def vocabulary_hash() -> str:
    """Return 16 hex digits that change whenever any id changes its meaning."""
    return hashlib.sha256(describe().encode()).hexdigest()[:16]


if __name__ == "__main__":
    print(describe())
    print("hash", vocabulary_hash())
