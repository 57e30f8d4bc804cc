"""Notes in seconds become ticks by one multiplication: nothing drifts, and there and back is the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.music.heard import HeardNote, TempoGuess, notes_in_seconds, notes_in_ticks
from engine.music.loop import Note, without_overlaps

TEMPI = st.builds(TempoGuess, st.floats(20, 400), st.floats(0, 60), st.just(1.0))
NOTES = st.lists(st.builds(Note, st.integers(0, 2_000_000), st.integers(30, 40), st.integers(10, 4000)), max_size=40)


@pytest.mark.parametrize("bpm", [97.0, 120.0, 133.33, 174.5])
def test_a_click_of_half_an_hour_does_not_drift(bpm: float) -> None:
    beats = int(bpm * 30)
    click = [HeardNote(0.37 + i * 60 / bpm, 37, 0.37 + i * 60 / bpm + 0.03) for i in range(beats)]
    assert [note.onset for note in notes_in_ticks(click, TempoGuess(bpm, 0.37, 1.0))] == [480 * i for i in range(beats)]


@given(NOTES, TEMPI)
def test_ticks_become_seconds_and_the_same_ticks_again(notes: list[Note], tempo: TempoGuess) -> None:
    placed = without_overlaps(notes)
    again = notes_in_ticks(notes_in_seconds(placed, tempo), tempo)
    assert [(note.onset, note.pitch) for note in again] == [(note.onset, note.pitch) for note in placed]
    assert all(a.duration == max(b.duration, 10) or b.duration < 10 for a, b in zip(again, placed, strict=True))


def test_what_is_a_little_early_on_the_one_is_on_the_one_and_what_is_before_is_left_out() -> None:
    notes = [HeardNote(0.4, 40, 0.5), HeardNote(0.98, 41, 1.2), HeardNote(1.5, 42, 1.501)]
    assert notes_in_ticks(notes, TempoGuess(120.0, 1.0, 1.0)) == (Note(0, 41, 192), Note(480, 42, 10))
