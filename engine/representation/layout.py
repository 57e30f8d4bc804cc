"""From a sheet and a plan to rows: the one layout that training and generation share.

A `Plan` says, for every cell (one bar of one part), whether it is context, target or left out. The rows are

    control rows │ context cells, part by part │ locked notes of target cells │ target cells in order

so that everything known comes before everything to be written, and nothing is ever inserted earlier.
Training feeds the rows of the targets too; generation stops before them and opens one cell after the other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from engine.music.general_midi import ROLES
from engine.representation.sheet import Sheet, SheetNotes
from engine.representation.vocabulary import (
    CONTROLS,
    DRUM_OFFSET,
    FIELD_COLUMNS,
    ROW_WIDTH,
    Column,
    Field,
    Kind,
    Rows,
    RowState,
    RowType,
)

_NOTE_COLUMNS = (Column.POSITION, Column.PITCH, Column.DURATION, Column.VELOCITY, Column.MICRO)


class Use(IntEnum):
    """What a cell is used for."""

    OUT = 0  # unknown to the model
    CONTEXT = 1
    TARGET = 2


class Order(IntEnum):
    """In which order target cells are written; also the bins of the `order` control."""

    TRACK_MAJOR = 0  # part by part
    BAR_MAJOR = 1  # bar by bar, all parts: for playing while it is written


@dataclass(frozen=True, slots=True)
class Plan:
    """What is given, what is asked and what is to be written.

    Attributes:
        use: int8 [parts, bars] of `Use`.
        order: Order of the target cells.
        loop_ids: CONTROL ids of the whole loop.
        track_ids: CONTROL ids of every part.
        bar_density: int [parts, bars], BAR_DENSITY ids of target cells (0 unknown), or None.
        locked: bool [notes of the sheet], notes of target cells that are given beforehand, or None.
        slots: SLOT of every part, 1 to 16.
    """

    use: npt.NDArray[np.int8]
    slots: tuple[int, ...]
    order: Order = Order.TRACK_MAJOR
    loop_ids: tuple[int, ...] = ()
    track_ids: tuple[tuple[int, ...], ...] = ()
    bar_density: npt.NDArray[np.int16] | None = None
    locked: npt.NDArray[np.bool_] | None = None


def target_cells(plan: Plan) -> list[tuple[int, int]]:
    """Return (part, bar) of every target cell, in the order in which they are written."""
    cells = [(int(part), int(bar)) for part, bar in np.argwhere(plan.use == Use.TARGET)]
    if plan.order is Order.TRACK_MAJOR:
        return sorted(cells, key=lambda cell: (plan.slots[cell[0]], cell[1]))
    return sorted(cells, key=lambda cell: (cell[1], plan.slots[cell[0]]))


def prompt_rows(sheet: Sheet, plan: Plan) -> Rows:
    """Return the rows before the first target cell, int16 [N, ROW_WIDTH]."""
    notes = sheet.notes
    use_of_note = plan.use[notes.track, notes.bar]
    parts = sorted(range(len(sheet.roles)), key=lambda part: plan.slots[part])
    blocks = [_control_rows(sheet, plan, parts)]
    context = _cell_rows(sheet, plan, np.argwhere(plan.use == Use.CONTEXT), RowState.CONTEXT)
    context_notes = _note_rows(sheet, plan, notes.take(use_of_note == Use.CONTEXT), RowState.CONTEXT)
    blocks.append(_ordered([context, context_notes], Order.TRACK_MAJOR))
    if plan.locked is not None:
        locked = notes.take(plan.locked & (use_of_note == Use.TARGET))
        blocks.append(_ordered([_note_rows(sheet, plan, locked, RowState.LOCKED)], Order.TRACK_MAJOR))
    return np.concatenate(blocks)


def start_rows(sheet: Sheet, plan: Plan) -> Rows:
    """Return the START rows of the target cells, in writing order, int16 [cells, ROW_WIDTH]."""
    cells = np.array(target_cells(plan), dtype=np.int64).reshape(-1, 2)
    return _cell_rows(sheet, plan, cells, RowState.TARGET)


def training_rows(sheet: Sheet, plan: Plan) -> Rows:
    """Return prompt and targets as one sequence, int16 [N, ROW_WIDTH]."""
    notes = sheet.notes.take(plan.use[sheet.notes.track, sheet.notes.bar] == Use.TARGET)
    targets = [start_rows(sheet, plan), _note_rows(sheet, plan, notes, RowState.TARGET)]
    return np.concatenate([prompt_rows(sheet, plan), _ordered(targets, plan.order)])


def labels_of(rows: Rows) -> npt.NDArray[np.int16]:
    """Return what each row has to be answered with, int16 [N, 6] in `Field` order, -1 where nothing counts.

    A TARGET row is answered by the next note of its cell, or by END when the next row is not one. The
    duration of a drum hit is no decision and does not count.
    """
    labels = np.full((len(rows), len(Field)), -1, dtype=np.int16)
    target = rows[:, Column.STATE] == RowState.TARGET
    following = np.zeros_like(rows)
    following[:-1] = rows[1:]
    goes_on = target & (following[:, Column.TYPE] == RowType.NOTE) & (following[:, Column.STATE] == RowState.TARGET)
    labels[target, Field.KIND] = Kind.END
    labels[goes_on, Field.KIND] = Kind.NOTE
    for field, column in FIELD_COLUMNS.items():
        labels[goes_on, field] = following[goes_on, column] - 1
    labels[labels[:, Field.PITCH] >= DRUM_OFFSET, Field.DURATION] = -1
    return labels


def notes_of_rows(rows: Rows, part_of_slot: Mapping[int, int]) -> SheetNotes:
    """Return the notes among rows as sheet columns, sorted; parts are found by their slot."""
    notes = rows[rows[:, Column.TYPE] == RowType.NOTE].astype(np.int32)
    track = np.array([part_of_slot[slot] for slot in notes[:, Column.SLOT].tolist()], dtype=np.int32)
    columns = [track, notes[:, Column.BAR] - 1, *(notes[:, column] - 1 for column in _NOTE_COLUMNS)]
    order = np.lexsort((columns[3], columns[2], columns[1], columns[0]))
    return SheetNotes(*(column[order] for column in columns))


def note_row(start: Rows, fields: Sequence[int]) -> Rows:
    """Return the NOTE row, int16 [ROW_WIDTH], of a cell's START row and sampled ids in `Field` order."""
    row = start.copy()
    row[Column.TYPE] = RowType.NOTE
    for field, column in FIELD_COLUMNS.items():
        row[column] = fields[field] + 1
    return row


def _control_rows(sheet: Sheet, plan: Plan, parts: list[int]) -> Rows:
    entries = [(0, 0, identity) for identity in plan.loop_ids]
    entries += [
        (plan.slots[part], 1 + ROLES.index(sheet.roles[part]), identity)
        for part in parts
        if plan.track_ids
        for identity in plan.track_ids[part]
    ]
    rows = np.zeros((len(entries), ROW_WIDTH), dtype=np.int16)
    rows[:, Column.TYPE] = RowType.CONTROL
    if entries:
        rows[:, [Column.SLOT, Column.ROLE, Column.CONTROL]] = entries
    return rows


def _cell_rows(sheet: Sheet, plan: Plan, cells: npt.NDArray[np.int64], state: RowState) -> Rows:
    rows = np.zeros((len(cells), ROW_WIDTH), dtype=np.int16)
    _fill_given(rows, sheet, plan, cells[:, 0], cells[:, 1])
    rows[:, Column.TYPE] = RowType.START
    rows[:, Column.STATE] = state
    return rows


def _note_rows(sheet: Sheet, plan: Plan, notes: SheetNotes, state: RowState) -> Rows:
    rows = np.zeros((len(notes), ROW_WIDTH), dtype=np.int16)
    _fill_given(rows, sheet, plan, notes.track, notes.bar)
    rows[:, Column.TYPE] = RowType.NOTE
    rows[:, Column.STATE] = state
    for column, values in zip(_NOTE_COLUMNS, notes.columns()[2:], strict=True):
        rows[:, column] = values + 1
    return rows


def _fill_given(
    rows: Rows, sheet: Sheet, plan: Plan, part: npt.NDArray[np.integer], bar: npt.NDArray[np.integer]
) -> None:
    roles = np.array([1 + ROLES.index(role) for role in sheet.roles], dtype=np.int16)
    programs = np.array([0 if p is None else p + 1 for p in sheet.programs], dtype=np.int16)
    rows[:, Column.SLOT] = np.array(plan.slots, dtype=np.int16)[part]
    rows[:, Column.ROLE] = roles[part]
    rows[:, Column.PROGRAM] = programs[part]
    rows[:, Column.BAR] = bar + 1
    rows[:, Column.BARS_LEFT] = sheet.bars - bar
    rows[:, Column.CHORD_A] = sheet.chords[bar, 0]
    rows[:, Column.CHORD_B] = sheet.chords[bar, 1]
    if plan.bar_density is not None:
        density = plan.bar_density[part, bar]
        rows[:, Column.BAR_DENSITY] = np.where(plan.use[part, bar] == Use.TARGET, density, 0)


def _ordered(blocks: list[Rows], order: Order) -> Rows:
    """Sort cells and their notes: a START row has position 0 and so precedes its cell's notes."""
    rows = np.concatenate(blocks)
    outer, inner = (Column.SLOT, Column.BAR) if order is Order.TRACK_MAJOR else (Column.BAR, Column.SLOT)
    keys = (rows[:, Column.PITCH], rows[:, Column.POSITION], rows[:, inner], rows[:, outer])
    return rows[np.lexsort(keys)]


def describe_rows(rows: Rows) -> list[str]:
    """Return one readable line a row: the token inspector's text."""
    return [_describe(row.tolist()) for row in rows]


def _describe(row: list[int]) -> str:
    kind = RowType(row[Column.TYPE])
    if kind is RowType.PAD:
        return "pad"
    if kind is RowType.CONTROL:
        name, value = _control_of(row[Column.CONTROL])
        where = f"part {row[Column.SLOT]}" if row[Column.SLOT] else "loop"
        return f"control   {where:7} {name}={value}"
    role = ROLES[row[Column.ROLE] - 1].value
    cell = f"part {row[Column.SLOT]} {role:7} bar {row[Column.BAR]:2} (-{row[Column.BARS_LEFT]})"
    state = RowState(row[Column.STATE]).name.lower()
    if kind is RowType.START:
        extra = f" chords {row[Column.CHORD_A]}/{row[Column.CHORD_B]} density {row[Column.BAR_DENSITY]}"
        return f"{state:8}  {cell}  start program {row[Column.PROGRAM]}{extra}"
    fields = " ".join(f"{column.name.lower()} {row[column] - 1}" for column in _NOTE_COLUMNS)
    return f"{state:8}  {cell}    {fields}"


def _control_of(identity: int) -> tuple[str, int]:
    for control in CONTROLS.values():
        if control.first <= identity < control.first + control.bins:
            return control.name, identity - control.first
    raise ValueError(f"{identity} is no control id")
