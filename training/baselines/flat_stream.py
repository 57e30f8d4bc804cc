"""The same windows as a flat stream of tokens, as REMI-like models read them.

A cell begins with tokens for what has changed (part, bar, chords); a note is Position (where it differs
from the previous note's), Pitch, Duration (of pitched parts), Velocity and, off the grid, Micro. A target
cell ends with End. Exactly the notes, fields and prompts that the row model sees, and the same decisions
are counted: what the target cells hold, nothing of what is given.

In a batch of this stream `rows` is [B, T, 1], token ids from 1 (0 pads), and `labels` is [B, T, 6]: the next
token if it counts, its field, and what the grammar knows about it (see `Label`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import accumulate

import numpy as np

from engine.representation.vocabulary import (
    COLUMN_SIZES,
    DRUM_OFFSET,
    FIELD_SIZES,
    MICRO_ON_GRID,
    Column,
    Field,
    Rows,
    RowState,
    RowType,
)
from training.dataset import Batch, Labels
from training.feed import Source

# Answers come first among the tokens: what can be written.
ANSWER_FIELDS: tuple[Field, ...] = (Field.POSITION, Field.PITCH, Field.DURATION, Field.VELOCITY, Field.MICRO)
END_TOKEN = 0
_STARTS: dict[Field, int] = dict(
    zip(ANSWER_FIELDS, accumulate([1, *(FIELD_SIZES[f] for f in ANSWER_FIELDS[:-1])]), strict=True)
)
ANSWERS = 1 + sum(FIELD_SIZES[f] for f in ANSWER_FIELDS)

_HEADER: tuple[Column, ...] = (
    Column.STATE,
    Column.SLOT,
    Column.ROLE,
    Column.PROGRAM,
    Column.BAR,
    Column.BARS_LEFT,
    Column.CHORD_A,
    Column.CHORD_B,
    Column.BAR_DENSITY,
    Column.CONTROL,
)
_HEADER_STARTS: dict[Column, int] = dict(
    zip(_HEADER, accumulate([ANSWERS, *(COLUMN_SIZES[c] for c in _HEADER[:-1])]), strict=True)
)
TOKENS = ANSWERS + sum(COLUMN_SIZES[c] for c in _HEADER)
# Said anew only where it differs from the cell before.
_SAID_ON_CHANGE = tuple(c for c in _HEADER if c not in (Column.BAR, Column.CONTROL))


class State(IntEnum):
    """What came before a token, which decides what may come."""

    CELL = 0  # the cell has begun: Position or End
    POSITION = 1  # Pitch
    PITCH = 2  # Duration; of a drum, Velocity
    DURATION = 3  # Velocity
    VELOCITY = 4  # Micro, a later Position, a higher Pitch or End
    MICRO = 5  # a later Position, a higher Pitch or End


class Label(IntEnum):
    """The columns of a label."""

    TOKEN = 0  # 0-based answer, -1 where nothing counts
    FIELD = 1  # whose decision it is
    STATE = 2
    POSITION = 3  # of the previous note of the cell, -1 at its start
    PITCH = 4  # of the previous note of the onset, -1 where there is none
    IS_DRUM = 5


def answer_field(token: int) -> Field:
    """Return the field that an answer decides."""
    if token == END_TOKEN:
        return Field.KIND
    return max((f for f in ANSWER_FIELDS if _STARTS[f] <= token), key=lambda f: _STARTS[f])


def answer_range(field: Field) -> tuple[int, int]:
    """Return the first answer of a field and the one behind its last."""
    return _STARTS[field], _STARTS[field] + FIELD_SIZES[field]


@dataclass(slots=True)
class _Writer:
    """Tokens and labels under construction; a label belongs to the token before it."""

    tokens: list[int]
    labels: list[tuple[int, ...]]
    position: int = -1
    pitch: int = -1
    state: State = State.CELL

    def given(self, token: int) -> None:
        self.tokens.append(token + 1)
        self.labels.append((-1,) * len(Label))

    def answer(self, token: int, *, counts: bool, is_drum: bool) -> None:
        if counts:
            self.labels[-1] = (
                token,
                int(answer_field(token)),
                int(self.state),
                self.position,
                self.pitch if self.state in (State.VELOCITY, State.MICRO) else -1,
                int(is_drum),
            )
        self.given(token)

    def begin_cell(self) -> None:
        self.position, self.pitch, self.state = -1, -1, State.CELL

    def note(self, row: Sequence[int], *, counts: bool) -> None:
        position, pitch, duration, velocity, micro = (row[c] - 1 for c in range(Column.POSITION, Column.MICRO + 1))
        is_drum = pitch >= DRUM_OFFSET
        if position != self.position:
            self.answer(_STARTS[Field.POSITION] + position, counts=counts, is_drum=is_drum)
            self.position, self.pitch, self.state = position, -1, State.POSITION
        self.answer(_STARTS[Field.PITCH] + pitch, counts=counts, is_drum=is_drum)
        self.pitch, self.state = pitch, State.PITCH
        if not is_drum:
            self.answer(_STARTS[Field.DURATION] + duration, counts=counts, is_drum=is_drum)
            self.state = State.DURATION
        self.answer(_STARTS[Field.VELOCITY] + velocity, counts=counts, is_drum=is_drum)
        self.state = State.VELOCITY
        if micro != MICRO_ON_GRID:
            self.answer(_STARTS[Field.MICRO] + micro, counts=counts, is_drum=is_drum)
            self.state = State.MICRO


def flattened(rows: Rows) -> tuple[Rows, Labels]:
    """Return one window's tokens, int16 [T, 1], and labels, int16 [T, 6]."""
    writer = _Writer([], [])
    said: dict[Column, int] = dict.fromkeys(_HEADER, 0)
    cell = (0, 0, 0)
    for row in rows.tolist():
        here = (row[Column.STATE], row[Column.SLOT], row[Column.BAR])
        if row[Column.TYPE] != RowType.NOTE or here != cell:
            if cell[0] == RowState.TARGET:
                _end_cell(writer)
            cell = here
            writer.begin_cell()
            _say_header(writer, row, said)
        if row[Column.TYPE] == RowType.NOTE:
            writer.note(row, counts=row[Column.STATE] == RowState.TARGET)
    if cell[0] == RowState.TARGET:
        _end_cell(writer)
    return np.array(writer.tokens, np.int16)[:, None], np.array(writer.labels, np.int16)


def _end_cell(writer: _Writer) -> None:
    writer.answer(END_TOKEN, counts=True, is_drum=writer.pitch >= DRUM_OFFSET)


def _say_header(writer: _Writer, row: Sequence[int], said: dict[Column, int]) -> None:
    for column in _HEADER:
        value = row[column]
        if column in _SAID_ON_CHANGE:
            if value != said[column]:
                writer.given(_HEADER_STARTS[column] + value)
                said[column] = value
        elif value:
            writer.given(_HEADER_STARTS[column] + value)


@dataclass(frozen=True, slots=True)
class FlatSource:
    """Another source's windows as flat streams."""

    rows: Source

    def chunk(self, number: int) -> Sequence[Batch]:
        return tuple(_flat_batch(batch) for batch in self.rows.chunk(number))


def _flat_batch(batch: Batch) -> Batch:
    lengths = (batch.rows[:, :, Column.TYPE] != RowType.PAD).sum(1)
    windows = [flattened(batch.rows[i, :n]) for i, n in enumerate(lengths) if n]
    longest = max((len(tokens) for tokens, _ in windows), default=1)
    rows = np.zeros((len(windows), longest, 1), np.int16)
    labels = np.full((len(windows), longest, len(Label)), -1, np.int16)
    for index, (tokens, its_labels) in enumerate(windows):
        rows[index, : len(tokens)] = tokens
        labels[index, : len(tokens)] = its_labels
    return Batch(rows, labels)
