"""The table of ids is a format: models are trained with it."""

from itertools import pairwise

from engine.representation.vocabulary import (
    COLUMN_SIZES,
    CONTROL_VALUES,
    CONTROLS,
    DRUM_DURATION,
    DURATION_STEPS,
    FIELD_COLUMNS,
    FIELD_SIZES,
    VERSION,
    Column,
    describe,
    vocabulary_hash,
)


def test_version_1_means_what_it_meant() -> None:
    assert (VERSION, vocabulary_hash()) == (1, "986d133236c2fe12")


def test_control_ids_are_contiguous_and_disjoint() -> None:
    ids = [identity for c in CONTROLS.values() for identity in range(c.first, c.first + c.bins)]
    assert ids == list(range(1, CONTROL_VALUES))
    assert COLUMN_SIZES[Column.CONTROL] == CONTROL_VALUES


def test_sampled_columns_hold_their_field_and_nothing() -> None:
    assert all(COLUMN_SIZES[column] == 1 + FIELD_SIZES[field] for field, column in FIELD_COLUMNS.items())


def test_durations_rise_by_a_step_or_an_eighth_up_to_sixteen_bars() -> None:
    assert DURATION_STEPS[0] == 1
    assert DURATION_STEPS[-1] == 16 * 192
    assert all(0 < b - a <= max(1, a // 8) for a, b in pairwise(DURATION_STEPS))
    assert DURATION_STEPS[DRUM_DURATION] == 6


def test_the_table_is_printable() -> None:
    assert all(name in describe() for name in CONTROLS)
