"""Which grid a part keeps to, and moving it onto one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.music.feel import GRID_LEVELS, HUMAN, level_unit, nomml, note_levels, quantised, steps_on_level
from engine.music.loop import Note
from engine.music.timing import PPQ, TICKS_PER_STEP


def _reference_level(onset: int, tpq: int) -> int:
    for i in range(6):
        if (onset / (tpq / 2**i)).is_integer():
            return 2 * i
    for i in range(6):
        if onset * 3 * 2**i % (2 * tpq) == 0:
            return 2 * i + 1
    return 12


@given(st.integers(0, 100_000), st.sampled_from([96, 192, 384, 480, 960]))
def test_levels_follow_the_definition(onset: int, tpq: int) -> None:
    assert note_levels([onset], tpq).tolist() == [_reference_level(onset, tpq)]


@pytest.mark.parametrize(
    ("onsets", "level"),
    [
        ([0, 480, 960, 1440], 0),
        ([240, 720, 1200], 2),
        ([120, 360, 600], 4),
        ([60, 180], 6),
        ([160, 800, 1120], 3),
        ([80, 400, 560], 5),
        ([7, 13, 491, 977], HUMAN),
        ([0, 240], 1),
    ],
)
def test_nomml_is_the_floored_median(onsets: list[int], level: int) -> None:
    assert nomml(onsets) == level


def test_a_silent_part_has_no_feel() -> None:
    with pytest.raises(ValueError, match="without notes"):
        nomml([])


@pytest.mark.parametrize("level", GRID_LEVELS)
def test_every_step_on_a_level_has_a_level_of_its_kind_or_a_coarser_grid(level: int) -> None:
    steps = np.flatnonzero(steps_on_level(level, 96))
    assert len(steps) == 96 // level_unit(level)
    levels = note_levels(steps * TICKS_PER_STEP)
    assert levels.max() == level
    assert all(found % 2 == 0 or level % 2 == 1 for found in levels)


def test_levels_finer_than_the_grid_are_refused() -> None:
    for level in (8, 10, 11):
        with pytest.raises(ValueError, match="no grid"):
            steps_on_level(level)
    assert steps_on_level(HUMAN).all()


def test_full_strength_puts_every_onset_on_the_grid() -> None:
    notes = [Note(7, 60, 50), Note(133, 60, 100), Note(250, 64, 100)]
    moved = quantised(notes, length=4 * PPQ, level=4)
    assert [note.onset for note in moved] == [0, 120, 240]
    assert all(note.duration <= 100 for note in moved)


def test_half_strength_goes_half_the_way() -> None:
    assert quantised([Note(140, 60, 50)], length=4 * PPQ, strength=0.5)[0].onset == 130


def test_swing_delays_every_second_line() -> None:
    notes = [Note(onset, 60, 20) for onset in (0, 120, 240, 360)]
    assert [n.onset for n in quantised(notes, length=4 * PPQ, swing=2 / 3)] == [0, 160, 240, 400]


def test_note_before_the_loop_end_goes_to_its_beginning() -> None:
    moved = quantised([Note(4 * PPQ - 5, 60, 5)], length=4 * PPQ)
    assert [(note.onset, note.duration) for note in moved] == [(0, 5)]


@given(
    st.lists(st.tuples(st.integers(0, 1919), st.integers(30, 80), st.integers(1, 900)), max_size=30),
    st.sampled_from(GRID_LEVELS),
    st.floats(0, 1),
    st.floats(0.5, 0.75),
)
def test_quantising_keeps_notes_inside_the_loop(
    rows: list[tuple[int, int, int]], level: int, strength: float, swing: float
) -> None:
    notes = [Note(onset, pitch, min(duration, 1920 - onset)) for onset, pitch, duration in rows]
    moved = quantised(notes, length=1920, level=level, strength=strength, swing=swing)
    assert all(note.end <= 1920 for note in moved)
    assert len(moved) <= len(notes)
