"""The cursor of those who work without a mouse: a place in the part in front, and the ways it walks. Pure values.

A place is a tick and a row's pitch. What lies there is the note that begins within half a grid step of it, so that
notes played off the grid are met by walking on it; else the note that sounds there.
"""

from dataclasses import dataclass, replace

from engine.music.loop import Loop, Note, Track
from gui.piano_roll.selection import NoteRef, Selection
from gui.piano_roll.transform import RowMap

FIRST_PITCH = 60  # of a part without notes


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place.

    Attributes:
        tick: Ticks from the loop's start.
        pitch: Of the row or the drum lane.
    """

    tick: int
    pitch: int


def stepped(cursor: Cursor, steps: int, *, step_ticks: int, length: int) -> Cursor:
    """Walk grid steps to the right (or left); from between two grid lines the first step is the line next to it."""
    line, rest = divmod(cursor.tick, step_ticks)
    line += steps + (1 if rest and steps < 0 else 0)
    return replace(cursor, tick=min(max(0, line), (length - 1) // step_ticks) * step_ticks)


def barred(cursor: Cursor, bars: int, loop: Loop) -> Cursor:
    """Walk to the beginning of a bar some bars on; from within a bar the first way back is its own beginning."""
    bar, rest = divmod(cursor.tick, loop.meter.ticks_per_bar)
    bar += bars + (1 if rest and bars < 0 else 0)
    return replace(cursor, tick=min(max(0, bar), loop.bars - 1) * loop.meter.ticks_per_bar)


def rowed(cursor: Cursor, rows_down: int, rows: RowMap) -> Cursor:
    """Walk rows down (or up), at most to the last; from a row that is folded away, from the row next to it."""
    row = min(max(0, nearest_row(cursor.pitch, rows) + rows_down), len(rows.pitches) - 1)
    return replace(cursor, pitch=rows.pitches[row])


def nearest_row(pitch: int, rows: RowMap) -> int:
    """Return a pitch's row, or that of the pitch nearest to it."""
    found = rows.row_of(pitch)
    return min(range(len(rows.pitches)), key=lambda r: abs(rows.pitches[r] - pitch)) if found is None else found


def note_at_cursor(track: Track, cursor: Cursor, *, step_ticks: int) -> Note | None:
    """Return the note at a place, or None."""
    of_pitch = [note for note in track.notes if note.pitch == cursor.pitch]
    near = [note for note in of_pitch if 2 * abs(note.onset - cursor.tick) <= step_ticks]
    if near:
        return min(near, key=lambda note: abs(note.onset - cursor.tick))
    return next((note for note in of_pitch if note.onset <= cursor.tick < note.end), None)


def next_note(track: Track, cursor: Cursor, current: Note | None, *, is_back: bool = False) -> Note | None:
    """Return the note after (or before) the current one, or after the place; chords are walked from below."""
    place = (current.onset, current.pitch) if current is not None else (cursor.tick, -1)
    if is_back:
        return next((note for note in reversed(track.notes) if (note.onset, note.pitch) < place), None)
    return next((note for note in track.notes if (note.onset, note.pitch) > place), None)


def landed(track: Track, tick: int, rows: RowMap) -> Cursor:
    """Return where the cursor comes down in a part: at a tick, on the row of the note that is nearest in time."""
    notes = [note for note in track.notes if rows.row_of(note.pitch) is not None]
    if notes:
        return Cursor(tick, min(notes, key=lambda note: abs(note.onset - tick)).pitch)
    return Cursor(tick, rows.pitches[-1] if rows.is_drums else rows.pitches[nearest_row(FIRST_PITCH, rows)])


def notes_within(loop: Loop, part: int, corners: tuple[Cursor, Cursor], rows: RowMap, *, step_ticks: int) -> Selection:
    """Return the notes of a part in the box between two places, both included."""
    first, last = sorted(corner.tick for corner in corners)
    top, bottom = sorted(nearest_row(corner.pitch, rows) for corner in corners)
    ends = {note_at_cursor(loop.tracks[part], corner, step_ticks=step_ticks) for corner in corners}
    return frozenset(
        NoteRef(part, note)
        for note in loop.tracks[part].notes
        if note in ends
        or (top <= nearest_row(note.pitch, rows) <= bottom and first <= note.onset < last + step_ticks // 2)
    )
