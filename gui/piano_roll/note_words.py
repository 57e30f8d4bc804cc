"""Notes and places in words, for tables, screen readers and the status bar."""

from fractions import Fraction

from engine.music.loop import Loop, Note
from engine.music.timing import PPQ
from gui.piano_roll.painting import pitch_name
from gui.piano_roll.selection import NoteRef
from gui.piano_roll.state import RollState
from gui.piano_roll.transform import drum_name

FINEST = 24  # parts of a beat that are told exactly; other places are told in ticks


def position_text(tick: int, loop: Loop) -> str:
    """Return a place as bar, beat and the share of the beat after it, such as "3.2 + 1/4"."""
    bar, within = divmod(tick, loop.meter.ticks_per_bar)
    beat, rest = divmod(within, loop.meter.ticks_per_beat)
    place = f"{bar + 1}.{beat + 1}"
    return f"{place} + {_share_text(rest, loop.meter.ticks_per_beat)}" if rest else place


def _share_text(ticks: int, whole: int) -> str:
    share = Fraction(ticks, whole)
    return str(share) if share.denominator <= FINEST else f"{ticks} ticks"


def length_text(ticks: int) -> str:
    """Return a length as a note value, such as "1/8", or in ticks."""
    share = Fraction(ticks, 4 * PPQ)
    return str(share) if share.denominator <= 4 * FINEST else f"{ticks} ticks"


def note_name(note: Note, *, is_drums: bool, middle_c_octave: int = 3) -> str:
    """Return a pitch's or a drum's name."""
    return drum_name(note.pitch) if is_drums else pitch_name(note.pitch, middle_c_octave)


def note_text(loop: Loop, ref: NoteRef, *, middle_c_octave: int = 3, is_locked: bool = False) -> str:
    """Return a note in one phrase: part, pitch, place, length and velocity."""
    track, note = loop.tracks[ref.part], ref.note
    name = note_name(note, is_drums=track.is_drums, middle_c_octave=middle_c_octave)
    length = "" if track.is_drums else f", {length_text(note.duration)} long"
    locked = ", locked" if is_locked else ""
    return f"{track.label}: {name} at {position_text(note.onset, loop)}{length}, velocity {note.velocity}{locked}"


def ref_text(state: RollState, ref: NoteRef) -> str:
    """Return a note of the loop that is shown in one phrase."""
    locked = state.locked[ref.part] if ref.part < len(state.locked) else frozenset()
    is_locked = (ref.note.onset, ref.note.pitch) in locked
    return note_text(state.shown_loop, ref, middle_c_octave=state.view.middle_c_octave, is_locked=is_locked)


def cursor_text(state: RollState) -> str:
    """Return what is at the cursor in one phrase: a note, or an empty place; and how much is selected."""
    track, cursor, ref = state.front_track, state.cursor, state.cursor_note
    if track is None or cursor is None:
        return ""
    if ref is not None:
        text = ref_text(state, ref)
    else:
        place = Note(cursor.tick, cursor.pitch, 1)
        name = note_name(place, is_drums=track.is_drums, middle_c_octave=state.view.middle_c_octave)
        text = f"{track.label}: {name} at {position_text(cursor.tick, state.loop)}, empty"
    if not state.selection:
        return text
    is_one = ref in state.selection
    return f"{text}{', selected' if is_one else ''}; {len(state.selection)} in all selected"
