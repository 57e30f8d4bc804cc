"""Edits of the whole loop: half and double time, passes, chords."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.music.general_midi import Role
from engine.music.harmony import parse_chords
from engine.music.loop import Loop, Note, Track
from gui import loop_edits

KEYS = Track(Role.KEYS, (Note(0, 60, 480), Note(960, 64, 240), Note(2880, 67, 960)))
LOOP = Loop(bars=2, tracks=(KEYS,), chords=parse_chords("Am F|G"))


def test_half_time_is_twice_as_long_with_everything_at_half_its_pace() -> None:
    half = loop_edits.half_time(LOOP)
    assert half.bars == 4
    assert [(n.onset, n.duration) for n in half.tracks[0].notes] == [(0, 960), (1920, 480), (5760, 1920)]
    assert half.chords == parse_chords("Am|F|G|G")


@given(st.integers(1, 8), st.lists(st.tuples(st.integers(0, 400), st.integers(1, 60), st.integers(40, 44)), max_size=9))
def test_double_time_undoes_half_time(bars: int, notes: list[tuple[int, int, int]]) -> None:
    length = bars * 1920
    made = [Note(20 * at % length, pitch, min(20 * lasts, length - 20 * at % length)) for at, lasts, pitch in notes]
    loop = Loop(bars=bars, tracks=(Track(Role.KEYS).with_notes(made),))
    assert loop_edits.double_time(loop_edits.half_time(loop)) == loop


def test_double_time_plays_an_odd_number_of_bars_twice() -> None:
    loop = Loop(bars=3, tracks=(KEYS,), chords=parse_chords("Am|F|G"))
    double = loop_edits.double_time(loop)
    assert double.bars == 3
    assert [n.onset for n in double.tracks[0].notes] == [0, 480, 1440, 2880, 3360, 4320]
    assert double.chords == parse_chords("Am F|G Am|F G")


def test_half_time_of_a_long_loop_keeps_its_first_half() -> None:
    long = loop_edits.repeated(LOOP, 8)
    assert loop_edits.half_time(long).bars == 16


def test_passes_are_counted_before_they_are_made() -> None:
    assert loop_edits.repeated(LOOP, 3).chords == LOOP.chords * 3
    with pytest.raises(ValueError, match="9 passes of 2 bars are more than 16 bars"):
        loop_edits.repeated(LOOP, 9)


def test_chords_are_told_from_the_notes() -> None:
    triad = tuple(Note(0, pitch, 1920) for pitch in (57, 60, 64))
    loop = Loop(bars=1, tracks=(Track(Role.KEYS, triad),))
    detected = loop_edits.with_detected_chords(loop)
    assert detected is not None
    assert detected.chords == parse_chords("Am")
    assert loop_edits.with_detected_chords(Loop(bars=1, tracks=(Track(Role.DRUMS, (Note(0, 36, 60),)),))) is None


def test_parts_that_come_in_under_one_name_are_numbered() -> None:
    riff = Track(Role.KEYS, (Note(0, 60, 480),), name="My riff")
    loop = loop_edits.with_stems(Loop(bars=1, tracks=(riff,)), (Loop(bars=1, tracks=(riff, riff)),), is_new=False)
    assert [track.label for track in loop.tracks] == ["My riff", "My riff 2", "My riff 3"]
    assert [track.label for track in loop_edits.told_apart([riff, replace(riff, name="My riff 2"), riff])] == [
        "My riff",
        "My riff 2",
        "My riff 3",
    ]
