"""Edits: whatever is done, the loop stays a loop, and what was not meant stays as it was."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.music.general_midi import Role
from engine.music.loop import Loop, Note, Track
from gui.piano_roll import gestures
from gui.piano_roll.selection import NoteRef, Selection, selected_all
from gui.piano_roll.transform import pitch_rows

LENGTH = 2 * 1920
NOTES = st.builds(
    lambda onset, pitch, duration, velocity: Note(onset, pitch, min(duration, LENGTH - onset), velocity),
    st.integers(0, LENGTH - 1),
    st.integers(0, 127),
    st.integers(1, 960),
    st.integers(1, 127),
)


@st.composite
def chosen_notes(draw: st.DrawFn) -> tuple[Loop, Selection]:
    """Return a loop of two parts and some of its notes."""
    parts = draw(st.lists(st.lists(NOTES, min_size=1, max_size=12), min_size=2, max_size=2))
    roles = (Role.KEYS, Role.LEAD)
    tracks = [Track(role).with_notes(notes) for role, notes in zip(roles, parts, strict=True)]
    loop = Loop(bars=2, tracks=tuple(tracks))
    refs = sorted(selected_all(loop, [0, 1]))
    return loop, frozenset(draw(st.lists(st.sampled_from(refs), min_size=1)))


@settings(max_examples=40)
@given(chosen_notes(), st.integers(-5000, 5000), st.integers(-130, 130), st.booleans())
def test_no_move_leaves_the_loop(given_: tuple[Loop, Selection], ticks: int, rows_down: int, copy: bool) -> None:
    loop, selection = given_
    edited = gestures.moved(loop, selection, ticks=ticks, rows_down=rows_down, rows=pitch_rows(loop), copy=copy)
    for track in edited.loop.tracks:
        assert all(note.end <= LENGTH for note in track.notes)
    for ref in edited.selection:
        assert ref.note in edited.loop.tracks[ref.part].notes


@settings(max_examples=40)
@given(chosen_notes(), st.integers(-5000, 5000), st.integers(-5000, 5000))
def test_resizing_keeps_notes_in_the_loop_and_alive(given_: tuple[Loop, Selection], start: int, end: int) -> None:
    loop, selection = given_
    edited = gestures.resized(loop, selection, start_ticks=start, end_ticks=end)
    assert all(note.end <= LENGTH and note.duration >= 1 for track in edited.loop.tracks for note in track.notes)


@settings(max_examples=40)
@given(chosen_notes(), st.integers(-127, 127))
def test_transposing_keeps_the_shape_of_a_group(given_: tuple[Loop, Selection], semitones: int) -> None:
    loop, selection = given_
    edited = gestures.transposed(loop, selection, semitones)
    before = {pitch - min(r.note.pitch for r in selection) for pitch in (r.note.pitch for r in selection)}
    after = {r.note.pitch - min(s.note.pitch for s in edited.selection) for r in edited.selection}
    assert before == after


@settings(max_examples=40)
@given(chosen_notes())
def test_deleting_removes_only_what_is_selected(given_: tuple[Loop, Selection]) -> None:
    loop, selection = given_
    edited = gestures.deleted(loop, selection)
    left = {NoteRef(part, note) for part, track in enumerate(edited.loop.tracks) for note in track.notes}
    assert left == selected_all(loop, [0, 1]) - selection


@settings(max_examples=40)
@given(chosen_notes(), st.sampled_from((0.5, 2.0)))
def test_stretching_keeps_the_beginning(given_: tuple[Loop, Selection], factor: float) -> None:
    loop, selection = given_
    edited = gestures.stretched(loop, selection, factor)
    assert min(r.note.onset for r in edited.selection) == min(r.note.onset for r in selection)


def one_note(**changes: int) -> tuple[Loop, Selection]:
    note = replace(Note(480, 60, 480, 90), **changes)
    return Loop(bars=1, tracks=(Track(Role.KEYS, (note,)),)), frozenset({NoteRef(0, note)})


def test_drag_past_loop_end_is_clamped() -> None:
    loop, selection = one_note()
    edited = gestures.moved(loop, selection, ticks=9999, rows=pitch_rows(loop))
    assert edited.loop.tracks[0].notes == (Note(1440, 60, 480, 90),)


def test_a_copy_leaves_the_original() -> None:
    loop, selection = one_note()
    edited = gestures.moved(loop, selection, ticks=480, rows=pitch_rows(loop), copy=True)
    assert [note.onset for note in edited.loop.tracks[0].notes] == [480, 960]
    assert [ref.note.onset for ref in edited.selection] == [960]


def test_a_moved_note_takes_the_place_of_one_that_begins_there() -> None:
    loop = Loop(bars=1, tracks=(Track(Role.KEYS, (Note(0, 60, 240, 50), Note(480, 60, 240, 100))),))
    moved = gestures.moved(loop, frozenset({NoteRef(0, Note(480, 60, 240, 100))}), ticks=-480, rows=pitch_rows(loop))
    assert moved.loop.tracks[0].notes == (Note(0, 60, 240, 100),)


def test_a_duplicate_follows_at_the_next_whole_unit() -> None:
    loop, selection = one_note(onset=10, duration=200)
    edited = gestures.duplicated(loop, selection, unit=480)
    assert [note.onset for note in edited.loop.tracks[0].notes] == [10, 490]


def test_legato_reaches_the_next_onset_and_the_loops_end() -> None:
    notes = (Note(0, 60, 10), Note(0, 64, 10), Note(480, 62, 10))
    loop = Loop(bars=1, tracks=(Track(Role.KEYS, notes),))
    edited = gestures.legato(loop, selected_all(loop, [0]))
    assert [note.duration for note in edited.loop.tracks[0].notes] == [480, 480, 1440]


def test_reversing_mirrors_within_the_span() -> None:
    loop = Loop(bars=1, tracks=(Track(Role.KEYS, (Note(100, 60, 50), Note(400, 62, 200))),))
    edited = gestures.reversed_in_time(loop, selected_all(loop, [0]))
    assert [(note.onset, note.pitch) for note in edited.loop.tracks[0].notes] == [(100, 62), (550, 60)]


@pytest.mark.parametrize(("asked", "got"), [(0, 1), (64, 64), (500, 127)])
def test_velocities_are_clamped(asked: int, got: int) -> None:
    loop, selection = one_note()
    edited = gestures.with_velocity(loop, selection, lambda note: asked)
    assert edited.loop.tracks[0].notes[0].velocity == got
