"""Morphs: each step a legal loop in key, the ends exactly where they were."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.music.general_midi import Role
from engine.music.harmony import Key
from engine.music.loop import Loop, Note, Track
from engine.music.morph import morph_steps, morphed
from engine.music.timing import Meter
from tests.helpers.present import present

A_MINOR = Key.parse("A minor")
SCALE = [p for p in range(45, 80) if p % 12 in A_MINOR.pitch_classes]


def tracks(draw: st.DrawFn) -> tuple[Track, ...]:
    made: list[Track] = []
    for role, pitches in ((Role.DRUMS, [36, 38, 42]), (Role.BASS, SCALE[:8]), (Role.KEYS, SCALE)):
        places = draw(st.lists(st.tuples(st.integers(0, 31), st.sampled_from(pitches)), max_size=14))
        notes = [Note(120 * at, pitch, min(240, 3840 - 120 * at), 60 + at) for at, pitch in places]
        made.append(Track(role).with_notes(notes))
    return tuple(made)


@st.composite
def loops(draw: st.DrawFn) -> Loop:
    return Loop(bars=2, tracks=tracks(draw), key=A_MINOR, tempo_bpm=draw(st.sampled_from([90.0, 100.0])))


@given(loops(), loops(), st.integers(1, 9))
def test_every_step_is_in_key_and_has_no_more_voices_than_the_ends(start: Loop, end: Loop, count: int) -> None:
    for step in morph_steps(start, end, count):
        assert step.bars == 2
        for track, a, b in zip(step.tracks, start.tracks, end.tracks, strict=True):
            onsets = {note.onset for note in (*a.notes, *b.notes)}
            assert {note.onset for note in track.notes} <= onsets
            if not track.is_drums:
                assert all(note.pitch % 12 in A_MINOR.pitch_classes for note in track.notes)
                assert most_voices(track) <= max(1, most_voices(a), most_voices(b))


@given(loops(), loops())
def test_the_ends_are_what_they_were(start: Loop, end: Loop) -> None:
    assert [t.notes for t in morphed(start, end, 0.0).tracks] == [t.notes for t in start.tracks]
    assert [t.notes for t in morphed(start, end, 1.0).tracks] == [t.notes for t in end.tracks]


def most_voices(track: Track) -> int:
    return max((sum(m.onset <= n.onset < m.end for m in track.notes) for n in track.notes), default=0)


def test_weak_places_change_before_strong_ones() -> None:
    start = Loop(
        bars=1, tracks=(Track(Role.BASS, tuple(Note(480 * i + o, 40, 60) for i in range(4) for o in (0, 120))),)
    )
    end = Loop(bars=1, tracks=(Track(Role.BASS, tuple(Note(480 * i + o, 52, 60) for i in range(4) for o in (0, 120))),))
    half = morphed(start, end, 0.5)
    assert {note.onset % 480 for note in half.tracks[0].notes if note.pitch == 52} == {120}


def test_parts_are_paired_by_role_and_others_come_and_go() -> None:
    start = Loop(bars=1, tracks=(Track(Role.LEAD, (Note(0, 72, 100), Note(960, 74, 100))),))
    end = Loop(bars=2, tracks=(Track(Role.PAD, (Note(0, 60, 1920), Note(1920, 62, 1920))),))
    step = morphed(start, end, 0.5)
    assert [(track.role, len(track.notes)) for track in step.tracks] == [(Role.LEAD, 2), (Role.PAD, 1)]
    assert step.bars == 2


def test_another_key_is_entered_half_way() -> None:
    start = Loop(bars=1, tracks=(Track(Role.KEYS, (Note(0, 61, 100),)),), key=Key.parse("C# major"))
    end = Loop(bars=1, tracks=(Track(Role.KEYS, (Note(240, 60, 100),)),), key=Key.parse("C major"))
    step = morphed(start, end, 0.5)
    assert step.key == end.key
    assert all(note.pitch % 12 in present(end.key).pitch_classes for note in step.tracks[0].notes)


def test_what_cannot_be_led_over_is_told() -> None:
    with pytest.raises(ValueError, match="one is in 4/4, the other in 7/8"):
        morphed(Loop(), Loop(meter=Meter(7, 8)), 0.5)
    with pytest.raises(ValueError, match="2 bars do not go into 3"):
        morphed(Loop(bars=2), Loop(bars=3), 0.5)
