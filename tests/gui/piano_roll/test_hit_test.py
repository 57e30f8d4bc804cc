"""What lies under the pointer."""

import pytest

from engine.music.general_midi import Role
from engine.music.loop import Loop, Note, Track
from gui.piano_roll.hit_test import Hit, Zone, note_at, notes_in_box, part_tables
from gui.piano_roll.selection import NoteRef
from gui.piano_roll.transform import RowAxis, TimeAxis, drum_rows, pitch_rows
from tests.helpers.present import present

LONG, SHORT = Note(0, 60, 960), Note(960, 64, 30)
OVER = Note(240, 60, 240)
LOOP = Loop(
    tracks=(
        Track(Role.KEYS, (LONG, SHORT)),
        Track(Role.LEAD, (OVER,)),
        Track(Role.DRUMS, (Note(480, 36, 20),)),
    )
)
TIME, ROWS = TimeAxis(px_per_tick=0.1), pitch_rows(LOOP)
AXIS = RowAxis(10.0, 60.0)


def hit(tick: float, pitch: int, front: int = 0) -> Hit | None:
    y_px = AXIS.y_of(ROWS.rows[pitch]) + 5
    tables = part_tables(LOOP, ROWS)
    return note_at(tables, x_px=TIME.x_of(tick), y_px=y_px, time=TIME, axis=AXIS, front=front)


def test_edges_and_body_of_a_note_are_told_apart() -> None:
    assert present(hit(10, 60)).zone is Zone.START
    assert present(hit(100, 60)).zone is Zone.BODY
    assert present(hit(950, 60)).zone is Zone.END


def test_beside_a_note_there_is_nothing() -> None:
    assert hit(970, 60) is None
    assert hit(100, 61) is None


def test_the_part_in_front_is_hit_first() -> None:
    assert present(hit(300, 60, front=0)).ref == NoteRef(0, LONG)
    assert present(hit(300, 60, front=1)).ref == NoteRef(1, OVER)


def test_a_short_note_can_still_be_moved_and_made_longer() -> None:
    zones = {present(hit(tick, 64)).zone for tick in (961, 970, 989)}
    assert zones == {Zone.BODY, Zone.END}


def test_drums_are_hit_as_marks_whatever_their_length() -> None:
    rows = drum_rows(LOOP)
    tables = part_tables(LOOP, rows)
    y_px = rows.rows[36] * 10.0 + 5
    found = note_at(tables, x_px=TIME.x_of(480) + 7, y_px=y_px, time=TIME, axis=RowAxis(10.0), front=2, is_drums=True)
    assert found is not None
    assert found.zone is Zone.BODY


@pytest.mark.parametrize(
    ("start", "end", "first", "last", "count"),
    [(0, 100, 60, 60, 1), (300, 301, 60, 60, 2), (0, 2000, 60, 64, 3), (1900, 2000, 0, 127, 0)],
)
def test_a_box_takes_every_note_it_touches(start: int, end: int, first: int, last: int, count: int) -> None:
    rows = sorted((ROWS.rows[last], ROWS.rows[first])) if last != 127 else (0, 127)
    tables = part_tables(LOOP, ROWS)
    found = notes_in_box(tables, start_tick=start, end_tick=end, first_row=rows[0], last_row=rows[1])
    assert len(found) == count
