"""Edits of selected notes as pure functions: loop and selection in, loop and selection out.

Nothing leaves the loop: a group of notes that is moved stops as one at the beginning, the end, the top and the
bottom, so that its shape stays. Notes of one pitch that come to overlap are cut as `without_overlaps` does.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from engine.music.loop import Loop, Note
from gui.piano_roll.selection import NOTHING, NoteRef, Selection, notes_by_part
from gui.piano_roll.transform import RowMap

SHORTEST_TICKS = 20
FLAM_TICKS = 30  # how much earlier a flam's grace note comes
FLAM_SHARE = 0.6  # how loud it is, of the main note


@dataclass(frozen=True, slots=True)
class Edited:
    """The loop after an edit, and what is selected then."""

    loop: Loop
    selection: Selection


def replaced(loop: Loop, selection: Selection, change: Callable[[Note], Note | None], *, keep: bool = False) -> Edited:
    """Put `change(note)` in each selected note's place (None deletes; `keep` leaves the original as well).

    Edited notes win over others of their pitch that they fall on: what is moved is what is meant.
    """
    chosen: set[NoteRef] = set()
    for part, notes in notes_by_part(selection).items():
        track = loop.tracks[part]
        changed = {new for note in notes if (new := change(note)) is not None}
        rest = [note for note in track.notes if keep or note not in notes]
        taken = {(note.onset, note.pitch) for note in changed}
        rest = [note for note in rest if (note.onset, note.pitch) not in taken]
        track = track.with_notes([*rest, *changed])
        loop = loop.with_track(part, track)
        chosen |= {NoteRef(part, note) for note in track.notes if (note.onset, note.pitch) in taken}
    return Edited(loop, frozenset(chosen))


def moved(
    loop: Loop, selection: Selection, *, ticks: int = 0, rows_down: int = 0, rows: RowMap, copy: bool = False
) -> Edited:
    """Move notes in time and by rows (a row is a semitone, a scale step when folded, or a drum lane).

    Args:
        loop, selection: What is there.
        ticks: To the right.
        rows_down: Down.
        rows: The rows on which the notes lie.
        copy: Whether the originals stay.
    """
    if not selection:
        return Edited(loop, selection)
    notes = [ref.note for ref in selection]
    ticks = min(max(ticks, -min(n.onset for n in notes)), loop.length - max(n.end for n in notes))
    places = [row for n in notes if (row := rows.row_of(n.pitch)) is not None]
    if places:
        rows_down = min(max(rows_down, -min(places)), len(rows.pitches) - 1 - max(places))

    def shift(note: Note) -> Note:
        pitch = rows.shifted(note.pitch, rows_down)
        return replace(note, onset=note.onset + ticks, pitch=note.pitch if pitch is None else pitch)

    if copy and not ticks and not rows_down:
        return Edited(loop, selection)
    return replaced(loop, selection, shift, keep=copy)


def resized(loop: Loop, selection: Selection, *, start_ticks: int = 0, end_ticks: int = 0) -> Edited:
    """Move the starts or the ends of notes; no note gets shorter than `SHORTEST_TICKS` or leaves the loop."""

    def change(note: Note) -> Note:
        shortest = min(SHORTEST_TICKS, note.duration)
        onset = min(max(0, note.onset + start_ticks), note.end - shortest)
        end = max(min(loop.length, note.end + end_ticks), onset + shortest)
        return replace(note, onset=onset, duration=end - onset)

    return replaced(loop, selection, change)


def drawn(loop: Loop, part: int, note: Note) -> Edited:
    """Add a note to a part, cut at the loop's end; another of its pitch and onset gives way."""
    note = replace(note, duration=max(1, min(note.duration, loop.length - note.onset)))
    track = loop.tracks[part]
    others = [n for n in track.notes if (n.onset, n.pitch) != (note.onset, note.pitch)]
    track = track.with_notes([*others, note])
    made = next(n for n in track.notes if (n.onset, n.pitch) == (note.onset, note.pitch))
    return Edited(loop.with_track(part, track), frozenset({NoteRef(part, made)}))


def deleted(loop: Loop, selection: Selection) -> Edited:
    """Remove the selected notes."""
    return Edited(replaced(loop, selection, lambda note: None).loop, NOTHING)


def with_velocity(loop: Loop, selection: Selection, velocity: Callable[[Note], int]) -> Edited:
    """Set each selected note's velocity, clamped to 1 … 127."""
    return replaced(loop, selection, lambda n: replace(n, velocity=min(127, max(1, velocity(n)))))


def duplicated(loop: Loop, selection: Selection, *, unit: int) -> Edited:
    """Repeat the selection right after itself, its span rounded up to `unit` ticks; what has no room is left out."""
    if not selection:
        return Edited(loop, selection)
    notes = [ref.note for ref in selection]
    start = min(n.onset for n in notes) // unit * unit
    span = -(-(max(n.end for n in notes) - start) // unit) * unit
    return pasted(loop, [(ref.part, replace(ref.note, onset=ref.note.onset + span)) for ref in selection])


def pasted(loop: Loop, notes: Iterable[tuple[int, Note]]) -> Edited:
    """Add (part, note) pairs; those after the end are left out, those across it are cut."""
    chosen: set[NoteRef] = set()
    for part, note in sorted(notes):
        if part < len(loop.tracks) and note.onset < loop.length:
            edited = drawn(loop, part, note)
            loop = edited.loop
            chosen |= edited.selection
    return Edited(loop, frozenset(chosen))


def transposed(loop: Loop, selection: Selection, semitones: int, *, lanes: RowMap | None = None) -> Edited:
    """Move pitched notes by semitones, as a group within 0 … 127, and drums by as many of their lanes, if given."""
    pitched = frozenset(ref for ref in selection if not loop.tracks[ref.part].is_drums)
    if lanes is not None and (drums := selection - pitched):
        edited = moved(loop, drums, rows_down=-semitones, rows=lanes)
        loop, selection = edited.loop, edited.selection | pitched
    if not pitched:
        return Edited(loop, selection)
    low, high = min(r.note.pitch for r in pitched), max(r.note.pitch for r in pitched)
    semitones = min(max(semitones, -low), 127 - high)
    edited = replaced(loop, pitched, lambda n: replace(n, pitch=n.pitch + semitones))
    return Edited(edited.loop, edited.selection | (selection - pitched))


def legato(loop: Loop, selection: Selection) -> Edited:
    """Lengthen each note to the next later onset of the selection in its part, the last to the loop's end."""

    chosen: Selection = NOTHING
    for part, notes in notes_by_part(selection).items():
        onsets = sorted({note.onset for note in notes})
        following = dict(zip(onsets, [*onsets[1:], loop.length], strict=True))
        refs = frozenset(NoteRef(part, note) for note in notes)
        loop, new = _lengthened(loop, refs, following)
        chosen |= new
    return Edited(loop, chosen)


def _lengthened(loop: Loop, refs: Selection, ends: dict[int, int]) -> tuple[Loop, Selection]:
    edited = replaced(loop, refs, lambda note: replace(note, duration=ends[note.onset] - note.onset))
    return edited.loop, edited.selection


def reversed_in_time(loop: Loop, selection: Selection) -> Edited:
    """Mirror the selection in time within its own span."""
    if not selection:
        return Edited(loop, selection)
    start = min(ref.note.onset for ref in selection)
    end = max(ref.note.end for ref in selection)
    return replaced(loop, selection, lambda n: replace(n, onset=start + end - n.end))


def stretched(loop: Loop, selection: Selection, factor: float) -> Edited:
    """Spread the selection out from its beginning (2 is half speed, 0.5 double); what passes the end is left out."""
    if not selection:
        return Edited(loop, selection)
    start = min(ref.note.onset for ref in selection)

    def change(note: Note) -> Note | None:
        onset = start + round((note.onset - start) * factor)
        if onset >= loop.length:
            return None
        return replace(note, onset=onset, duration=max(1, min(round(note.duration * factor), loop.length - onset)))

    return replaced(loop, selection, change)


def flammed(loop: Loop, selection: Selection) -> Edited:
    """Put a softer grace note right before each selected note; one at the very beginning has no room for it."""

    chosen: Selection = NOTHING
    for ref in sorted(selection):
        note = ref.note
        if note.onset < FLAM_TICKS:
            continue
        softer = max(1, round(note.velocity * FLAM_SHARE))
        loop = drawn(loop, ref.part, Note(note.onset - FLAM_TICKS, note.pitch, FLAM_TICKS, softer)).loop
        chosen |= {ref}
    return Edited(loop, chosen or selection)


def rolled(loop: Loop, selection: Selection, *, unit: int) -> Edited:
    """Strike each selected note twice in its time; again for four, eight and so on.

    Args:
        loop, selection: What is there.
        unit: Ticks of a drum's time: its written length means nothing.
    """
    chosen: set[NoteRef] = set()
    spans = _drum_spans(loop, selection, unit)
    for ref in sorted(selection):
        note, span = ref.note, spans.get(ref, ref.note.duration)
        half = span // 2
        if half < SHORTEST_TICKS:
            chosen.add(ref)
            continue
        for stroke in (replace(note, duration=half), replace(note, onset=note.onset + half, duration=span - half)):
            if stroke.onset < loop.length:
                edited = drawn(loop, ref.part, stroke)
                loop = edited.loop
                chosen |= edited.selection
    return Edited(loop, frozenset(chosen))


def _drum_spans(loop: Loop, selection: Selection, unit: int) -> dict[NoteRef, int]:
    """Return each selected drum's time: to the next selected stroke of that drum, a grid step at most."""
    spans: dict[NoteRef, int] = {}
    following: dict[tuple[int, int], int] = {}
    for ref in sorted(selection, key=lambda ref: ref.note.onset, reverse=True):
        if loop.tracks[ref.part].is_drums:
            place = (ref.part, ref.note.pitch)
            room = following.get(place, loop.length) - ref.note.onset
            spans[ref] = min(unit, room)
            following[place] = ref.note.onset
    return spans
