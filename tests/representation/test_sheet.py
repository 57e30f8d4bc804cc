"""Canonical form: what may change when music is written on the grid, and that nothing else does."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.music.general_midi import Role
from engine.music.harmony import Chord, ChordQuality, Key, Mode, parse_chords
from engine.music.loop import Loop, Note, Track, without_overlaps
from engine.music.timing import Meter
from engine.representation.sheet import Sheet, chord_id, chord_ids, chord_of_id, chords_of_ids, nearest_duration_bin
from engine.representation.vocabulary import (
    CHORDS,
    DRUM_DURATION,
    DURATION_STEPS,
    FIELD_SIZES,
    MICRO_ON_GRID,
    Field,
)
from tests.helpers.strategies import loops, meters

STEP = 20  # ticks


def canonical(loop: Loop) -> Loop:
    return Sheet.from_loop(loop).to_loop()


def one_part(*notes: Note, role: Role = Role.KEYS, bars: int = 1, meter: str = "4/4") -> Loop:
    return Loop(Meter.parse(meter), bars=bars, tracks=(Track(role, tuple(sorted(notes))),))


@st.composite
def even_loops(draw: st.DrawFn) -> Loop:
    """Loops whose notes lie near a grid, as quantised and played music does."""
    meter = draw(meters())
    bars = draw(st.integers(1, 4))
    length = bars * meter.ticks_per_bar
    unit = draw(st.sampled_from((20, 60, 80, 120, 240)))
    jitter = draw(st.sampled_from((0, 2, 5, 12)))
    starts = st.tuples(st.integers(0, length // unit), st.integers(-jitter, jitter), st.integers(36, 48))
    spans = st.tuples(st.integers(1, 8 * unit), st.integers(1, 127))
    drawn = draw(st.lists(st.tuples(starts, spans), min_size=1, max_size=30))
    notes = [
        Note(onset, pitch, min(duration, length - onset), velocity)
        for (line, off, pitch), (duration, velocity) in drawn
        for onset in [min(max(line * unit + off, 0), length - 1)]
    ]
    role = draw(st.sampled_from((Role.DRUMS, Role.BASS)))
    return Loop(meter, 120.0, bars, (Track(role, without_overlaps(notes)),))


any_loops = st.one_of(loops(max_bars=4, max_tracks=3), even_loops())


@given(any_loops)
@settings(max_examples=50, deadline=None)
def test_going_round_again_changes_nothing(loop: Loop) -> None:
    once = Sheet.from_loop(loop)
    again = Sheet.from_loop(once.to_loop())
    assert again.merged == 0
    for a, b in zip(once.notes.columns(), again.notes.columns(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert again.to_loop() == once.to_loop()


@given(any_loops)
@settings(max_examples=50, deadline=None)
def test_every_note_stays_within_its_tolerances_or_is_counted(loop: Loop) -> None:
    sheet = Sheet.from_loop(loop)
    result = sheet.to_loop()
    assert loop.note_count == result.note_count + sheet.merged
    last = loop.length // STEP - 1

    def places(track: Track) -> dict[tuple[int, int], Note]:
        """The notes by step and pitch; of those that share both, the one that ends last, then the louder."""
        order = sorted(track.notes, key=lambda n: ((n.end + STEP // 2) // STEP, n.velocity))
        return {(min((n.onset + STEP // 2) // STEP, last), n.pitch): n for n in order}

    for part, track in enumerate(loop.tracks):
        is_played = bool((sheet.notes.micro[sheet.notes.track == part] != MICRO_ON_GRID).any())
        old, new = places(track), places(result.tracks[part])
        assert old.keys() == new.keys()
        for (step, pitch), note in old.items():
            got = new[step, pitch]
            assert abs(got.velocity - note.velocity) <= 2
            assert step == last or abs(got.onset - note.onset) <= (2 if is_played else STEP // 2)
            following = min((s for s, p in old if p == pitch and s > step), default=last + 1)
            steps = max(1, min((note.end + STEP // 2) // STEP, following) - step)
            if not track.is_drums:
                assert abs((got.end + STEP // 2) // STEP - step - steps) <= max(1, 0.06 * steps)


@given(any_loops)
@settings(max_examples=30, deadline=None)
def test_ids_stay_inside_their_fields_and_notes_are_sorted(loop: Loop) -> None:
    notes = Sheet.from_loop(loop).notes
    sizes = {"pitch": Field.PITCH, "duration": Field.DURATION, "velocity": Field.VELOCITY, "micro": Field.MICRO}
    for name, field in sizes.items():
        column = getattr(notes, name)
        assert ((column >= 0) & (column < FIELD_SIZES[field])).all()
    assert ((notes.position >= 0) & (notes.position < loop.meter.steps_per_bar)).all()
    assert ((notes.bar >= 0) & (notes.bar < loop.bars)).all()
    order = np.lexsort((notes.pitch, notes.position, notes.bar, notes.track))
    np.testing.assert_array_equal(order, np.arange(len(notes)))


def test_a_quantised_part_loses_its_microtiming_and_a_played_one_keeps_it() -> None:
    straight = [Note(beat * 120, 60, 100) for beat in range(7)]
    late = Note(7 * 120 + 8, 60, 100)
    assert canonical(one_part(*straight, late)).tracks[0].notes[-1].onset == 840
    played = [Note(beat * 120 + 7, 60, 100) for beat in range(8)]
    assert [n.onset % 120 for n in canonical(one_part(*played)).tracks[0].notes] == [8] * 8


def test_notes_that_share_a_step_become_the_longest_and_are_counted() -> None:
    sheet = Sheet.from_loop(one_part(Note(0, 60, 3, 100), Note(4, 60, 196, 50), Note(0, 64, 480)))
    assert sheet.merged == 1
    assert {(n.pitch, n.duration, n.velocity) for n in sheet.to_loop().tracks[0].notes} == {
        (60, 200, 50),
        (64, 480, 98),
    }


def test_a_merged_note_does_not_decide_whether_a_part_is_played() -> None:
    on_grid = [Note(240 * i, 48, 100) for i in range(5)]
    twins = [Note(1500 - 5, 60, 2), Note(1500 + 5, 60, 2)]
    loop = one_part(*on_grid, *twins)
    assert canonical(canonical(loop)) == canonical(loop)


@pytest.mark.parametrize("gap", [26, 29, 35, 53])
def test_a_note_before_the_next_of_its_pitch_fills_the_gap_within_6_percent(gap: int) -> None:
    loop = one_part(Note(0, 60, gap * STEP), Note(gap * STEP, 60, 100), bars=2)
    assert abs(canonical(loop).tracks[0].notes[0].duration - gap * STEP) <= 0.06 * gap * STEP


def test_every_duration_has_a_bin_within_a_step_or_6_percent() -> None:
    steps = np.arange(1, DURATION_STEPS[-1] + 1)
    bins = np.array([DURATION_STEPS[nearest_duration_bin(int(n))] for n in steps])
    assert (np.abs(bins - steps) <= np.maximum(1, 0.06 * steps)).all()


def test_drum_hits_last_a_16th_unless_hit_again() -> None:
    sheet = Sheet.from_loop(one_part(Note(0, 36, 1000), Note(480, 38, 10), Note(540, 38, 10), role=Role.DRUMS))
    assert set(sheet.notes.duration.tolist()) == {DRUM_DURATION}
    assert [n.duration for n in sheet.to_loop().tracks[0].notes] == [120, 60, 120]


def test_the_last_half_step_of_the_loop_goes_to_its_last_step() -> None:
    straight = [Note(beat * 120, 60, 100) for beat in range(7)]
    note = canonical(one_part(*straight, Note(1919, 64, 1))).tracks[0].notes[-1]
    assert (note.onset, note.end) == (1900, 1920)


def test_what_a_loop_is_besides_notes_goes_through() -> None:
    tracks = (Track(Role.KEYS, (), 4, "Rhodes"), Track(Role.DRUMS))
    loop = Loop(Meter(6, 8), 97.5, 2, tracks, Key(9, Mode.DORIAN), parse_chords("Am7 D7|Gmaj7"))
    assert canonical(loop) == loop


def test_every_chord_has_an_id_of_its_own() -> None:
    chords = [Chord(None), *(Chord(root, quality) for root in range(12) for quality in ChordQuality)]
    ids = [chord_id(chord) for chord in chords]
    assert sorted(ids) == list(range(1, CHORDS))
    assert [chord_of_id(identity) for identity in ids] == chords


def test_chords_are_heard_at_the_start_and_the_middle_of_a_bar() -> None:
    ids = chord_ids(parse_chords("Am|C G|C D E F"), 3)
    assert chords_of_ids(ids) == parse_chords("Am|C G|C E")
    assert chords_of_ids(chord_ids((), 2)) == ()
