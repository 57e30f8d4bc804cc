"""Rhythm masks: text, steps and taps say the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.music.timing import Meter
from gui.rhythm_pattern import Pattern, StepGrid, Taps

FOUR, SEVEN = Meter(), Meter(7, 8)


@given(st.sampled_from(list(StepGrid)), st.integers(1, 4), st.data())
def test_a_drawn_pattern_comes_back_from_its_text(grid: StepGrid, bars: int, data: st.DataObject) -> None:
    steps = grid.steps_of(FOUR)
    rows = tuple(tuple(data.draw(st.lists(st.booleans(), min_size=steps, max_size=steps))) for _ in range(bars))
    pattern = Pattern(grid, rows)
    if pattern.text:
        assert Pattern.of_text(pattern.text, FOUR, grid) == pattern
    else:
        assert not any(any(row) for row in rows)


def test_a_mask_stays_on_its_grid_or_goes_to_the_coarsest_that_holds_it() -> None:
    assert Pattern.of_text("x...x...x...x...", FOUR, StepGrid.SIXTEENTH_TRIPLET).text == "x.....x.....x.....x....."
    assert Pattern.of_text("x..x..x..x..", FOUR, StepGrid.SIXTEENTH).text == "x...x...x...x..."
    assert Pattern.of_text("xx.x..x..x..", FOUR).grid is StepGrid.EIGHTH_TRIPLET


def test_a_mask_that_does_not_fit_is_told() -> None:
    with pytest.raises(ValueError, match="16 marks do not divide a bar of 7/8"):
        Pattern.of_text("x" * 16, SEVEN)


def test_a_grid_that_does_not_fill_the_bar_is_not_taken() -> None:
    assert StepGrid.QUARTER.steps_of(SEVEN) == 0
    pattern = Pattern(StepGrid.EIGHTH, ((True,) * 7,))
    assert pattern.with_grid(StepGrid.QUARTER, SEVEN) == pattern


def test_more_bars_repeat_those_there_are() -> None:
    pattern = Pattern(StepGrid.QUARTER, ((True, False, False, False),)).with_row_count(2, FOUR)
    assert pattern.toggled(1, 3).text == "x...|x..x"
    assert pattern.with_row_count(1, FOUR).text == "x..."


def test_another_grid_keeps_the_rhythm_as_near_as_it_can() -> None:
    pattern = Pattern(StepGrid.SIXTEENTH, (tuple(i in (0, 3, 8) for i in range(16)),))
    assert pattern.with_grid(StepGrid.EIGHTH, FOUR).text == "x.x.x..."


def test_taps_snap_to_the_grid_and_what_repeats_is_told_once() -> None:
    taps = Taps()
    for bar in range(4):
        for tick in (7, 478, 1433):
            taps = taps.with_tap(bar * 1920 + tick)
    assert taps.pattern(FOUR, 4, StepGrid.SIXTEENTH).text == "x...x.......x..."


def test_a_tap_just_before_the_end_is_the_first_step() -> None:
    assert Taps((1915,)).pattern(FOUR, 1, StepGrid.QUARTER).text == "x..."


def test_bars_without_taps_do_not_silence_the_part() -> None:
    assert Taps((1920, 2400)).pattern(FOUR, 4, StepGrid.QUARTER).text == "xx.."
