"""Taking a groove from one part and laying it on another."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.music.groove import Groove, groove_of, with_groove
from engine.music.loop import Note

_BAR = 1920


def _late_backbeat() -> list[Note]:
    return [
        Note(bar * _BAR + beat * 480 + (12 if beat % 2 else 0), 38, 60, 110 if beat % 2 else 90)
        for bar in range(4)
        for beat in range(4)
    ]


def test_a_groove_tells_what_is_late_and_what_is_loud() -> None:
    groove = groove_of(_late_backbeat(), ticks_per_bar=_BAR)
    assert groove.unit == 120
    assert [groove.offsets[line] for line in (0, 4, 8, 12)] == [0, 12, 0, 12]
    assert [groove.accents[line] for line in (0, 4)] == [0.9, 1.1]
    assert groove.offsets[1] == 0
    assert groove.accents[1] == 1.0


def test_a_groove_laid_on_written_notes_is_the_same_groove() -> None:
    groove = groove_of(_late_backbeat(), ticks_per_bar=_BAR)
    written = [Note(beat * 480, 60, 100, 100) for beat in range(16)]
    moved = with_groove(written, groove, length=4 * _BAR)
    assert groove_of(moved, ticks_per_bar=_BAR) == groove


def test_no_strength_leaves_everything_as_it_is() -> None:
    groove = groove_of(_late_backbeat(), ticks_per_bar=_BAR)
    written = tuple(Note(beat * 480 + 5, 60, 100, 100) for beat in range(16))
    assert with_groove(written, groove, length=4 * _BAR, strength=0.0, accent=0.0) == written


@given(st.lists(st.tuples(st.integers(0, 1919), st.integers(1, 500), st.integers(1, 127)), min_size=1, max_size=20))
def test_grooved_notes_stay_inside_the_loop(rows: list[tuple[int, int, int]]) -> None:
    notes = [
        Note(onset, 60 + index, min(length, _BAR - onset), velocity)
        for index, (onset, length, velocity) in enumerate(rows)
    ]
    groove = Groove(120, (-20,) * 16, (1.5,) * 16)
    moved = with_groove(notes, groove, length=_BAR)
    assert len(moved) == len(notes)
    assert all(note.end <= _BAR for note in moved)


def test_a_groove_needs_notes_and_whole_units() -> None:
    with pytest.raises(ValueError, match="groove needs"):
        groove_of([], ticks_per_bar=_BAR)
    with pytest.raises(ValueError, match="groove needs"):
        groove_of(_late_backbeat(), ticks_per_bar=1680, level=0)
    with pytest.raises(ValueError, match="groove needs"):
        Groove(120, (), ())
    with pytest.raises(ValueError, match="out of range"):
        with_groove(_late_backbeat(), Groove(120, (0,), (1.0,)), length=_BAR, strength=2.0)
