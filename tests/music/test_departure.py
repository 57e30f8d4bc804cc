"""How far a bar departs from the one before it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.music.departure import bar_strokes, departure
from engine.music.general_midi import Role
from engine.music.loop import Loop, Note, Track

BEAT = (0, 480, 960, 1440)


def drums(*bars: tuple[tuple[int, int], ...]) -> Loop:
    notes = tuple(Note(bar * 1920 + tick, key, 60) for bar, strokes in enumerate(bars) for tick, key in sorted(strokes))
    return Loop(bars=len(bars), tracks=(Track(Role.DRUMS, notes),))


def kicks(count: int) -> tuple[tuple[int, int], ...]:
    return tuple((tick, 36) for tick in BEAT[:count])


def test_the_same_bar_again_departs_in_nothing() -> None:
    assert departure(drums(kicks(4), kicks(4)), 0, 1) == 0


def test_a_stroke_that_only_comes_late_is_the_same_stroke() -> None:
    late = tuple((tick + 40, key) for tick, key in kicks(4))
    assert departure(drums(kicks(4), late), 0, 1) == 0


@pytest.mark.parametrize("toms", range(5))
def test_the_share_of_new_strokes_is_told(toms: int) -> None:
    fill = kicks(4 - toms) + tuple((tick, 45) for tick in BEAT[4 - toms :])
    assert departure(drums(kicks(4), fill), 0, 1) == toms / 4


def test_a_bar_that_falls_silent_departs_wholly_and_silence_after_silence_not() -> None:
    assert departure(drums(kicks(4), ()), 0, 1) == 1
    assert departure(drums((), ()), 0, 1) == 0


@given(st.sets(st.tuples(st.integers(0, 15), st.integers(35, 60)), max_size=12))
def test_strokes_of_a_bar_are_those_that_were_put_there(strokes: set[tuple[int, int]]) -> None:
    loop = drums((), tuple((slot * 120, key) for slot, key in strokes))
    assert bar_strokes(loop, 0, 1) == strokes
