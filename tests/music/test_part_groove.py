"""Grooves laid over parts: heard, and never in the way of what was written."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.music.general_midi import Role
from engine.music.groove import Groove, groove_of
from engine.music.loop import Loop, Note, Track
from engine.music.part_groove import AS_WRITTEN, PartGroove, with_part_grooves

LENGTH = 1920
TEMPLATES = st.builds(
    lambda offsets: Groove(120, tuple(offsets), (0.8,) * 16), st.lists(st.integers(-60, 60), min_size=16, max_size=16)
)
GROOVES = st.builds(
    PartGroove,
    st.integers(50, 75),
    st.booleans(),
    late_ms=st.integers(-50, 50),
    human_percent=st.integers(0, 100),
    template=st.none() | TEMPLATES,
    template_percent=st.integers(0, 100),
)
NOTES = st.lists(
    st.builds(
        lambda onset, pitch, duration: Note(onset, pitch, min(duration, LENGTH - onset)),
        st.integers(0, LENGTH - 1),
        st.integers(58, 60),
        st.integers(1, 600),
    ),
    max_size=40,
)


def a_loop(*onsets: int, tempo_bpm: float = 120.0) -> Loop:
    return Loop(bars=1, tempo_bpm=tempo_bpm, tracks=(Track(Role.KEYS, tuple(Note(o, 60, 60) for o in onsets)),))


@given(NOTES, GROOVES)
def test_no_note_is_lost_and_none_leaves_the_loop(notes: list[Note], groove: PartGroove) -> None:
    loop = Loop(bars=1, tracks=(Track(Role.BASS).with_notes(notes),))
    played = with_part_grooves(loop, [groove])
    assert Counter(n.pitch for n in played.tracks[0].notes) == Counter(n.pitch for n in loop.tracks[0].notes)
    assert played == with_part_grooves(loop, [groove]), "the same each time"


def test_without_a_groove_the_loop_is_the_same_value() -> None:
    loop = a_loop(0, 120, 240)
    assert with_part_grooves(loop, [AS_WRITTEN]).tracks[0] is loop.tracks[0]


@pytest.mark.parametrize(
    ("percent", "swings_eighths", "onsets"),
    [(50, False, (0, 120, 240, 360)), (67, False, (0, 161, 240, 401)), (75, True, (0, 180, 360, 420))],
)
def test_swing_places_the_second_of_two_as_drum_machines_do(
    percent: int, swings_eighths: bool, onsets: tuple[int, ...]
) -> None:
    played = with_part_grooves(a_loop(0, 120, 240, 360), [PartGroove(percent, swings_eighths)])
    assert tuple(note.onset for note in played.tracks[0].notes) == onsets


@pytest.mark.parametrize(("tempo_bpm", "ticks"), [(120.0, 19), (60.0, 10)])
def test_a_push_is_in_milliseconds_whatever_the_tempo(tempo_bpm: float, ticks: int) -> None:
    loop = a_loop(480, tempo_bpm=tempo_bpm)
    assert with_part_grooves(loop, [PartGroove(late_ms=20)]).tracks[0].notes[0].onset == 480 + ticks
    assert with_part_grooves(loop, [PartGroove(late_ms=-20)]).tracks[0].notes[0].onset == 480 - ticks


def test_a_human_hand_errs_a_little_both_ways() -> None:
    loop = Loop(bars=4, tracks=(Track(Role.KEYS, tuple(Note(o, 60, 60) for o in range(480, 7200, 120))),))
    played = with_part_grooves(loop, [PartGroove(human_percent=100)]).tracks[0].notes
    errors = [new.onset - old.onset for new, old in zip(played, loop.tracks[0].notes, strict=True)]
    assert min(errors) < -5 < 5 < max(errors)
    assert max(map(abs, errors)) < 60
    assert len({note.velocity for note in played}) > 10


def test_a_bar_cut_out_errs_as_it_does_in_its_loop() -> None:
    groove = PartGroove(human_percent=80)
    loop = Loop(bars=2, tracks=(Track(Role.KEYS, tuple(Note(o, 60, 60) for o in range(240, 3840, 480))),))
    bar = Loop(bars=1, tracks=(Track(Role.KEYS, tuple(Note(o, 60, 60) for o in range(240, 1920, 480))),))
    whole = with_part_grooves(loop, [groove]).tracks[0].notes[4:]
    cut = with_part_grooves(bar, [groove], start=1920).tracks[0].notes
    assert [n.onset - 1920 for n in whole] == [n.onset for n in cut]
    assert [n.velocity for n in whole] == [n.velocity for n in cut]


def test_values_out_of_range_are_refused() -> None:
    with pytest.raises(ValueError, match="swing of 80"):
        PartGroove(80)
    with pytest.raises(ValueError, match="out of range"):
        PartGroove(late_ms=51)


def test_a_part_plays_like_another() -> None:
    drums = Track(
        Role.DRUMS, tuple(Note(i * 120 + (25 if i % 2 else 0), 42, 60, 100 if i % 4 else 120) for i in range(16))
    )
    template = groove_of(drums.notes, ticks_per_bar=LENGTH)
    played = with_part_grooves(a_loop(0, 120, 250, 480), [PartGroove(template=template)])
    assert [note.onset for note in played.tracks[0].notes] == [0, 145, 240, 480]
    assert played.tracks[0].notes[0].velocity > played.tracks[0].notes[1].velocity
    halfway = with_part_grooves(a_loop(0, 120), [PartGroove(template=template, template_percent=50)])
    assert halfway.tracks[0].notes[1].onset in (132, 133)
    assert PartGroove(template=template, template_percent=0).is_plain


def test_a_groove_is_taken_in_any_meter() -> None:
    assert groove_of([Note(0, 42, 60)], ticks_per_bar=420).unit == 60
