"""Time and rows: what zooming and scrolling must never break."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.music.general_midi import Role
from engine.music.harmony import Key
from engine.music.loop import Loop, Note, Track
from gui.piano_roll.transform import Fold, RowAxis, Snap, TimeAxis, drum_rows, pitch_rows

AXES = st.builds(TimeAxis, st.floats(0.01, 1.0), st.floats(0.0, 20_000.0))


@given(AXES, st.floats(0.0, 60_000.0))
def test_ticks_become_pixels_and_ticks_again(axis: TimeAxis, tick: float) -> None:
    assert axis.tick_of(axis.x_of(tick)) == pytest.approx(tick, abs=1e-6)


@given(AXES, st.floats(0.3, 3.0), st.floats(92.0, 2000.0))
def test_zoom_leaves_the_tick_under_the_pointer(axis: TimeAxis, factor: float, x_px: float) -> None:
    assert axis.zoomed(factor, at_x_px=x_px).tick_of(x_px) == pytest.approx(axis.tick_of(x_px), abs=1e-6)


@given(st.floats(6.0, 32.0), st.floats(0.0, 100.0), st.floats(0.3, 3.0), st.floats(0.0, 900.0))
def test_zoom_leaves_the_row_under_the_pointer(row_px: float, top: float, factor: float, y_px: float) -> None:
    axis = RowAxis(row_px, top)
    zoomed = axis.zoomed(factor, at_y_px=y_px)
    assert y_px / zoomed.row_px + zoomed.top_row == pytest.approx(y_px / axis.row_px + axis.top_row, abs=1e-6)


@given(AXES, st.integers(1, 60_000), st.floats(200.0, 3000.0))
def test_no_emptiness_before_the_beginning(axis: TimeAxis, end: int, width: float) -> None:
    clamped = axis.clamped(end_tick=end, width_px=width)
    assert clamped.left_tick >= 0
    assert clamped.left_tick == 0 or clamped.tick_of(width) <= end + 1e-6


def test_a_fitted_axis_ends_at_the_right_edge() -> None:
    axis = TimeAxis().fitted(end_tick=8160, width_px=1000)
    assert axis.x_of(0) == axis.gutter_px
    assert axis.x_of(8160) == pytest.approx(1000)


@given(st.sampled_from(Snap), st.floats(0.0, 10_000.0))
def test_snapping_gives_lines_of_the_grid(snap: Snap, tick: float) -> None:
    assert snap.nearest(tick) % snap.ticks == 0
    assert abs(snap.nearest(tick) - tick) <= snap.ticks / 2 + 0.5
    assert snap.before(tick) <= tick


def test_folding_to_the_scale_keeps_notes_outside_it() -> None:
    track = Track(Role.KEYS, (Note(0, 61, 480),))
    loop = Loop(tracks=(track,), key=Key.parse("C major"))
    rows = pitch_rows(loop, Fold.SCALE)
    assert rows.row_of(61) is not None
    assert rows.row_of(63) is None
    assert rows.shifted(64, -1) == 65


def test_folding_to_used_notes_shows_nothing_else() -> None:
    loop = Loop(tracks=(Track(Role.KEYS, (Note(0, 61, 480), Note(0, 72, 480))),))
    assert pitch_rows(loop, Fold.USED).pitches == (72, 61)


def test_drum_lanes_hold_the_core_kit_and_what_is_used() -> None:
    loop = Loop(tracks=(Track(Role.DRUMS, (Note(0, 54, 60),)),))
    assert drum_rows(loop).pitches == (54, 49, 51, 46, 42, 39, 38, 36)
