"""Rows: what is told before what is to be written, and how notes come back out of them."""

import numpy as np
import numpy.typing as npt
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from engine.music.general_midi import Role
from engine.music.loop import Loop, Note, Track
from engine.representation.controls import exact_loop_ids
from engine.representation.layout import (
    Order,
    Plan,
    Use,
    describe_rows,
    labels_of,
    note_row,
    notes_of_rows,
    prompt_rows,
    start_rows,
    target_cells,
    training_rows,
)
from engine.representation.sheet import Sheet, SheetNotes
from engine.representation.vocabulary import COLUMN_SIZES, Column, Field, Kind, Rows, RowState, RowType
from tests.helpers.strategies import loops


@st.composite
def tasks(draw: st.DrawFn) -> tuple[Sheet, Plan]:
    """A sheet and any plan for it, with at least one target cell."""
    loop = draw(loops(max_bars=4, max_tracks=4).filter(lambda loop: loop.tracks))
    sheet = Sheet.from_loop(loop)
    parts = len(sheet.roles)
    use = draw(arrays.arrays(np.int8, (parts, sheet.bars), elements=st.sampled_from([int(u) for u in Use])))
    use[draw(st.integers(0, parts - 1)), draw(st.integers(0, sheet.bars - 1))] = Use.TARGET
    plan = Plan(
        use=use,
        slots=tuple(draw(st.permutations(range(1, parts + 1)))),
        order=draw(st.sampled_from(Order)),
        loop_ids=tuple(sorted(exact_loop_ids(sheet.meter, sheet.tempo_bpm, sheet.bars).values())),
        track_ids=tuple(draw(st.sampled_from([(), (150,), (150, 200)])) for _ in range(parts)),
        bar_density=draw(st.none() | arrays.arrays(np.int16, use.shape, elements=st.integers(0, 10))),
        locked=draw(st.none() | arrays.arrays(np.bool_, len(sheet.notes))),
    )
    return sheet, plan


def uses_of(notes: SheetNotes, plan: Plan) -> npt.NDArray[np.int8]:
    return plan.use[notes.track, notes.bar]


def same_notes(a: SheetNotes, b: SheetNotes) -> bool:
    return all(np.array_equal(x, y) for x, y in zip(a.columns(), b.columns(), strict=True))


def decoded(rows: Rows, sheet: Sheet, plan: Plan) -> SheetNotes:
    """Play the part of a perfect model: answer row after row by the labels, and collect what was answered."""
    labels = labels_of(rows)
    written: list[Rows] = []
    cell: Rows | None = None
    for row, label in zip(rows, labels, strict=True):
        if row[Column.TYPE] == RowType.START:
            cell = row
        if label[Field.KIND] == Kind.NOTE:
            assert cell is not None
            fields = label.copy()
            if fields[Field.DURATION] < 0:
                fields[Field.DURATION] = 5  # a drum's only one
            written.append(note_row(cell, fields.tolist()))
    parts = {slot: part for part, slot in enumerate(plan.slots)}
    return notes_of_rows(np.array(written, dtype=np.int16).reshape(-1, len(Column)), parts)


@given(tasks())
@settings(max_examples=50, deadline=None)
def test_answering_by_the_labels_writes_the_target_notes(task: tuple[Sheet, Plan]) -> None:
    sheet, plan = task
    targets = sheet.notes.take(uses_of(sheet.notes, plan) == Use.TARGET)
    assert same_notes(decoded(training_rows(sheet, plan), sheet, plan), targets)


@given(tasks())
@settings(max_examples=50, deadline=None)
def test_nothing_of_a_target_is_in_the_prompt_but_locked_notes(task: tuple[Sheet, Plan]) -> None:
    sheet, plan = task
    prompt = prompt_rows(sheet, plan)
    assert not (prompt[:, Column.STATE] == RowState.TARGET).any()
    parts = {slot: part for part, slot in enumerate(plan.slots)}
    use = uses_of(sheet.notes, plan)
    locked = np.zeros(len(use), dtype=np.bool_) if plan.locked is None else plan.locked
    for state, where in ((RowState.CONTEXT, use == Use.CONTEXT), (RowState.LOCKED, locked & (use == Use.TARGET))):
        given_rows = prompt[prompt[:, Column.STATE] == state]
        assert same_notes(notes_of_rows(given_rows, parts), sheet.notes.take(where))
    others = Sheet(
        sheet.meter,
        sheet.bars,
        sheet.tempo_bpm,
        sheet.roles,
        sheet.programs,
        sheet.chords,
        sheet.notes.take((use == Use.CONTEXT) | (locked & (use == Use.TARGET))),
    )
    kept = None if plan.locked is None else plan.locked[(use == Use.CONTEXT) | (locked & (use == Use.TARGET))]
    without = Plan(plan.use, plan.slots, plan.order, plan.loop_ids, plan.track_ids, plan.bar_density, kept)
    np.testing.assert_array_equal(prompt_rows(others, without), prompt)
    np.testing.assert_array_equal(start_rows(others, without), start_rows(sheet, plan))


@given(tasks())
@settings(max_examples=30, deadline=None)
def test_cells_come_in_order_each_opened_by_its_start_row(task: tuple[Sheet, Plan]) -> None:
    sheet, plan = task
    rows = training_rows(sheet, plan)
    targets = rows[rows[:, Column.STATE] == RowState.TARGET]
    starts = targets[targets[:, Column.TYPE] == RowType.START]
    np.testing.assert_array_equal(starts, start_rows(sheet, plan))
    assert [(int(r[Column.SLOT]), int(r[Column.BAR])) for r in starts] == [
        (plan.slots[part], bar + 1) for part, bar in target_cells(plan)
    ]
    cell, last = (0, 0), (-1, -1)
    for row in targets.tolist():
        if row[Column.TYPE] == RowType.START:
            cell, last = (row[Column.SLOT], row[Column.BAR]), (-1, -1)
        else:
            assert (row[Column.SLOT], row[Column.BAR]) == cell
            assert last < (row[Column.POSITION], row[Column.PITCH])
            last = (row[Column.POSITION], row[Column.PITCH])
    np.testing.assert_array_equal(rows[: len(rows) - len(targets)], prompt_rows(sheet, plan))


@given(tasks())
@settings(max_examples=30, deadline=None)
def test_ids_fit_their_columns_and_every_row_can_be_read(task: tuple[Sheet, Plan]) -> None:
    rows = training_rows(*task)
    sizes = np.array([COLUMN_SIZES[column] for column in Column])
    assert rows.dtype == np.int16
    assert ((rows >= 0) & (rows < sizes)).all()
    assert len(describe_rows(rows)) == len(rows)


def two_parts() -> Sheet:
    tracks = (Track(Role.BASS, (Note(0, 40, 240), Note(1920, 43, 240))), Track(Role.DRUMS, (Note(0, 36, 60),)))
    return Sheet.from_loop(Loop(bars=2, tracks=tracks))


def test_orders_go_part_by_part_or_bar_by_bar() -> None:
    use = np.full((2, 2), Use.TARGET, dtype=np.int8)
    assert target_cells(Plan(use, (2, 1))) == [(1, 0), (1, 1), (0, 0), (0, 1)]
    assert target_cells(Plan(use, (2, 1), Order.BAR_MAJOR)) == [(1, 0), (0, 0), (1, 1), (0, 1)]


def test_an_empty_cell_is_answered_by_end_alone() -> None:
    use = np.array([[Use.CONTEXT, Use.CONTEXT], [Use.CONTEXT, Use.TARGET]], dtype=np.int8)
    rows = training_rows(two_parts(), Plan(use, (1, 2)))
    labels = labels_of(rows)
    assert labels[-1].tolist() == [Kind.END, -1, -1, -1, -1, -1]
    assert (labels[:-1] == -1).all()


def test_the_duration_of_a_drum_hit_is_no_decision() -> None:
    use = np.array([[Use.OUT, Use.OUT], [Use.TARGET, Use.OUT]], dtype=np.int8)
    labels = labels_of(training_rows(two_parts(), Plan(use, (1, 2))))
    assert labels[0].tolist() == [Kind.NOTE, 0, 128 + 36, -1, 24, 2]


def test_bar_density_is_told_of_target_cells_only() -> None:
    use = np.array([[Use.CONTEXT, Use.TARGET], [Use.CONTEXT, Use.OUT]], dtype=np.int8)
    plan = Plan(use, (1, 2), bar_density=np.full((2, 2), 7, dtype=np.int16))
    rows = training_rows(two_parts(), plan)
    is_target = rows[:, Column.STATE] == RowState.TARGET
    assert (rows[:, Column.BAR_DENSITY] == np.where(is_target, 7, 0)).all()
