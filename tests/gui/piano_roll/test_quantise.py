"""Quantising what is selected: how far, swung, starts or ends."""

import pytest

from engine.music.general_midi import Role
from engine.music.loop import Loop, Note, Track
from gui.piano_roll.gestures import FLAM_TICKS, flammed, rolled
from gui.piano_roll.quantise import Quantise, quantised
from gui.piano_roll.selection import NoteRef, selected_all
from gui.piano_roll.transform import Snap


def a_loop(*notes: Note, role: Role = Role.KEYS) -> Loop:
    return Loop(bars=1, tracks=(Track(role).with_notes(notes),))


@pytest.mark.parametrize(
    ("how", "onset", "end"),
    [
        (Quantise(), 120, 230),
        (Quantise(strength_percent=50), 115, 225),
        (Quantise(swing_percent=67), 161, 271),
        (Quantise(moves_ends=True), 120, 240),
        (Quantise(moves_starts=False, moves_ends=True), 110, 240),
        (Quantise(grid=Snap.EIGHTH_TRIPLET), 160, 270),
    ],
)
def test_starts_and_ends_move_as_far_as_asked(how: Quantise, onset: int, end: int) -> None:
    loop = a_loop(Note(110, 60, 110), Note(500, 62, 100))
    chosen = frozenset({NoteRef(0, loop.tracks[0].notes[0])})
    edited = quantised(loop, chosen, how=how, snap=Snap.SIXTEENTH)
    first, other = edited.loop.tracks[0].notes
    assert (first.onset, first.end) == (onset, end)
    assert other == Note(500, 62, 100), "what is not selected stays"
    assert edited.selection == {NoteRef(0, first)}


def test_a_note_just_before_the_end_goes_to_the_beginning() -> None:
    loop = a_loop(Note(1910, 60, 10))
    edited = quantised(loop, selected_all(loop, [0]), how=Quantise(), snap=Snap.QUARTER)
    assert [note.onset for note in edited.loop.tracks[0].notes] == [0]


def test_no_note_is_quantised_away() -> None:
    loop = a_loop(Note(100, 60, 30))
    how = Quantise(moves_ends=True)
    edited = quantised(loop, selected_all(loop, [0]), how=how, snap=Snap.SIXTEENTH)
    assert [(n.onset, n.duration) for n in edited.loop.tracks[0].notes] == [(120, 20)]


def test_a_flam_is_a_softer_stroke_right_before() -> None:
    loop = a_loop(Note(480, 38, 60, 100), Note(0, 38, 60, 100), role=Role.DRUMS)
    edited = flammed(loop, selected_all(loop, [0]))
    strokes = [(n.onset, n.velocity) for n in edited.loop.tracks[0].notes]
    assert strokes == [(0, 100), (480 - FLAM_TICKS, 60), (480, 100)]


def test_a_roll_doubles_the_strokes_each_time() -> None:
    loop = a_loop(Note(480, 42, 60), role=Role.DRUMS)
    once = rolled(loop, selected_all(loop, [0]), unit=120)
    assert [n.onset for n in once.loop.tracks[0].notes] == [480, 540]
    twice = rolled(once.loop, once.selection, unit=120)
    assert [n.onset for n in twice.loop.tracks[0].notes] == [480, 510, 540, 600]


def test_a_roll_divides_a_pitched_note() -> None:
    loop = a_loop(Note(0, 60, 240))
    edited = rolled(loop, selected_all(loop, [0]), unit=120)
    assert [(n.onset, n.duration) for n in edited.loop.tracks[0].notes] == [(0, 120), (120, 120)]
