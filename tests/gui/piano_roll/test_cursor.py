"""The cursor's walks: it never leaves the loop or its rows, and no note is out of its reach."""

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.music.general_midi import Role
from engine.music.loop import Loop, Note, Track
from gui.piano_roll import cursor as walks
from gui.piano_roll.cursor import Cursor
from gui.piano_roll.transform import RowMap, TimeAxis, drum_rows, pitch_rows

BEAT, STEP = 480, 120
LOOP = Loop(bars=2)
ROWS = pitch_rows(LOOP)
NOTES = st.lists(
    st.builds(Note, st.integers(0, LOOP.length - 101), st.integers(0, 127), st.integers(1, 100)), max_size=12
)
CURSORS = st.builds(Cursor, st.integers(0, LOOP.length - 1), st.integers(0, 127))


@settings(max_examples=60)
@given(CURSORS, st.integers(-40, 40), st.integers(-140, 140), st.sampled_from([80, 120, 160, 480]))
def test_no_walk_leaves_the_loop(cursor: Cursor, steps: int, rows_down: int, step: int) -> None:
    for place in (
        walks.stepped(cursor, steps, step_ticks=step, length=LOOP.length),
        walks.barred(cursor, steps, LOOP),
        walks.rowed(cursor, rows_down, ROWS),
    ):
        assert 0 <= place.tick < LOOP.length
        assert 0 <= place.pitch <= 127


@settings(max_examples=60)
@given(NOTES)
def test_going_from_note_to_note_meets_all_of_them_both_ways(notes: list[Note]) -> None:
    track = Track(Role.KEYS).with_notes(notes)
    for is_back in (False, True):
        met: list[Note] = []
        place = Cursor(LOOP.length - 1 if is_back else 0, 0)
        note = walks.next_note(track, place, None, is_back=is_back)
        while note is not None:
            met.append(note)
            note = walks.next_note(track, Cursor(note.onset, note.pitch), note, is_back=is_back)
        assert met == (list(reversed(track.notes)) if is_back else list(track.notes))


@settings(max_examples=60)
@given(st.integers(0, LOOP.length - 61))
def test_walking_the_grid_meets_a_short_note_wherever_it_was_played(onset: int) -> None:
    track = Track(Role.DRUMS, (Note(onset, 38, 10),))
    places = [Cursor(tick, 38) for tick in range(0, LOOP.length, STEP)]
    assert any(walks.note_at_cursor(track, place, step_ticks=STEP) for place in places)


def test_from_between_two_lines_a_step_goes_to_the_line_beside() -> None:
    cursor = Cursor(130, 60)
    assert walks.stepped(cursor, 1, step_ticks=STEP, length=LOOP.length).tick == 240
    assert walks.stepped(cursor, -1, step_ticks=STEP, length=LOOP.length).tick == 120
    assert walks.barred(Cursor(1920 + 7, 60), -1, LOOP).tick == 1920


def test_the_note_that_begins_here_goes_before_the_one_that_sounds_on() -> None:
    track = Track(Role.KEYS, (Note(0, 60, 960), Note(1000, 60, 200)))
    assert walks.note_at_cursor(track, Cursor(480, 60), step_ticks=STEP) == track.notes[0]
    assert walks.note_at_cursor(track, Cursor(960, 60), step_ticks=STEP) == track.notes[1]
    assert walks.note_at_cursor(track, Cursor(480, 61), step_ticks=STEP) is None


def test_a_cursor_on_a_folded_row_walks_from_the_row_beside_it() -> None:
    rows = RowMap((72, 67, 60))
    assert walks.rowed(Cursor(0, 68), 1, rows).pitch == 60
    assert walks.rowed(Cursor(0, 60), 5, rows).pitch == 60


def test_coming_into_a_part_the_cursor_is_on_the_row_of_the_nearest_note() -> None:
    track = Track(Role.BASS, (Note(0, 36, 100), Note(960, 43, 100)))
    assert walks.landed(track, 700, ROWS) == Cursor(700, 43)
    assert walks.landed(Track(Role.BASS), 700, ROWS) == Cursor(700, 60)
    assert walks.landed(Track(Role.DRUMS), 0, drum_rows(LOOP)) == Cursor(0, 36), "the lowest lane is the kick"


def test_a_box_between_two_places_holds_its_corners_and_what_is_between() -> None:
    notes = (Note(0, 60, 100), Note(240, 62, 100), Note(250, 70, 100), Note(480, 64, 100), Note(600, 62, 100))
    loop = LOOP.with_tracks([Track(Role.KEYS, notes)])
    found = walks.notes_within(loop, 0, (Cursor(480, 64), Cursor(0, 60)), ROWS, step_ticks=STEP)
    assert sorted(ref.note for ref in found) == [notes[0], notes[1], notes[3]]


@given(st.floats(0, 3000), st.floats(0, 3000), st.floats(200, 2000))
def test_scrolling_to_a_span_shows_its_start(left: float, start: float, width: float) -> None:
    axis = TimeAxis(left_tick=left).showing(start, start + STEP, width_px=width)
    assert axis.gutter_px - 1e-6 <= axis.x_of(start) <= width
    assert axis.showing(start, start + STEP, width_px=width) == axis
