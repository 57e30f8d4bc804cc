"""Keys and chords told from notes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.music.analysis import (
    NO_CHORD_ID,
    chord_id,
    chord_of_id,
    loop_chords,
    loop_key,
    recognise_chords,
    recognise_key,
)
from engine.music.general_midi import Role
from engine.music.harmony import NO_CHORD, SCALE_STEPS, Chord, ChordQuality, Key, Mode, parse_chords
from engine.music.loop import Loop, Note, Track, without_overlaps
from engine.representation.vocabulary import CHORD_NONE, CHORDS

_BAR = 1920


def _loop(progression: str) -> Loop:
    notes: list[Note] = []
    bars = parse_chords(progression)
    for index, bar in enumerate(bars):
        share = _BAR // len(bar)
        for position, chord in enumerate(bar):
            onset = index * _BAR + position * share
            assert chord.root is not None
            notes.append(Note(onset, 36 + chord.root, share))
            notes += [Note(onset, 60 + pitch_class, share) for pitch_class in chord.pitch_classes]
    return Loop(bars=len(bars), tracks=(Track(Role.KEYS, without_overlaps(notes)),))


@pytest.mark.parametrize("quality", ChordQuality)
@pytest.mark.parametrize("root", [0, 7])
def test_every_quality_is_told_when_held_for_a_bar(quality: ChordQuality, root: int) -> None:
    chord = Chord(root, quality)
    assert loop_chords(_loop(str(chord))) == ((chord,),)


def test_two_chords_a_bar_are_told_apart() -> None:
    assert loop_chords(_loop("Am|F|C G|Dm7 G7")) == parse_chords("Am|F|C G|Dm7 G7")


def test_silence_is_no_chord() -> None:
    assert loop_chords(Loop(bars=2)) == ((NO_CHORD,), (NO_CHORD,))
    assert loop_key(Loop()) is None


def test_drums_have_neither_key_nor_chords() -> None:
    loop = Loop(bars=1, tracks=(Track(Role.DRUMS, (Note(0, 36, 100), Note(0, 40, 100), Note(0, 43, 100))),))
    assert loop_key(loop) is None
    assert loop_chords(loop) == ((NO_CHORD,),)


def test_a_passing_note_does_not_change_the_chord() -> None:
    loop = _loop("C|C")
    passing = Note(_BAR // 2, 86, 120)
    loop = loop.with_track(0, loop.tracks[0].with_notes((*loop.tracks[0].notes, passing)))
    assert loop_chords(loop) == parse_chords("C|C")


@given(st.integers(0, 11))
def test_recognition_moves_with_transposition(semitones: int) -> None:
    loop = _loop("Am|F|C|G")
    moved = loop.transposed(semitones)
    assert loop_chords(moved) == tuple(tuple(c.transposed(semitones) for c in bar) for bar in loop_chords(loop))
    key = loop_key(loop)
    assert key is not None
    assert loop_key(moved) == key.transposed(semitones)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("C|F|G|C", "C major"),
        ("Am|Dm|Em|Am", "A minor"),
        ("Am|Dm|E|Am", "A harmonic minor"),
        ("D|D|C|D", "D mixolydian"),
    ],
)
def test_keys_of_plain_progressions(text: str, key: str) -> None:
    assert loop_key(_loop(text)) == Key.parse(key)


def test_modes_are_told_by_their_own_note() -> None:
    for mode in (Mode.MAJOR, Mode.MINOR, Mode.DORIAN, Mode.MIXOLYDIAN, Mode.LYDIAN, Mode.PHRYGIAN):
        weights = np.zeros(12)
        weights[list(SCALE_STEPS[mode])] = 1.0
        weights[[0, 7]] += [6.0, 2.0]
        assert recognise_key(weights) == Key(0, mode)


def test_ids_are_those_of_the_vocabulary() -> None:
    ids = [chord_id(Chord(root, quality)) for root in range(12) for quality in ChordQuality]
    assert ids == list(range(2, CHORDS))
    assert chord_id(NO_CHORD) == NO_CHORD_ID == CHORD_NONE
    assert all(chord_id(chord) == i for i in range(1, CHORDS) if (chord := chord_of_id(i)) is not None)
    assert chord_of_id(0) is None


def test_no_bars_give_no_chords() -> None:
    empty = np.zeros(0, np.int32)
    chords = recognise_chords(onsets=empty, durations=empty, pitches=empty, bar_starts=np.zeros(1, np.int32))
    assert chords.shape == (0, 2)
