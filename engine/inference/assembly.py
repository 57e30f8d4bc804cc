"""From written rows to a Loop: given notes exactly as they were, new ones fitted around them.

The masks keep every promise on the grid. Microtiming moves a note by less than half a step from its place,
so in ticks two notes that follow each other may touch: here the new one gives way.
"""

from collections.abc import Sequence
from dataclasses import replace
from heapq import heapify, heappop, heappush

import numpy as np

from engine.inference.take_plan import TakePlan, grid_step
from engine.messages import GenerationRequest
from engine.music.loop import Loop, Note, Track
from engine.music.timing import TICKS_PER_STEP
from engine.representation.layout import notes_of_rows
from engine.representation.vocabulary import (
    DRUM_OFFSET,
    DURATION_STEPS,
    MICRO_TICKS,
    ROW_WIDTH,
    VELOCITY_STEP,
    Column,
    Rows,
)


def assembled(
    request: GenerationRequest, plan: TakePlan, new_rows: Sequence[Rows], *, missing: Sequence[tuple[int, int]] = ()
) -> Loop:
    """Return the canvas with a take's new notes in it, in place of those that were to be rewritten.

    Args:
        request: What was asked.
        plan: The take's plan.
        new_rows: NOTE rows of the bars that were written.
        missing: (part, bar) of those that were not: there the canvas's own notes stay.
    """
    canvas, sheet = request.canvas, plan.sheet
    rows = np.array(new_rows, dtype=np.int16).reshape(-1, ROW_WIDTH)
    part_of_slot = {slot: part for part, slot in enumerate(plan.plan.slots)}
    new = replace(sheet, notes=notes_of_rows(rows, part_of_slot)).to_loop()
    tracks = list(canvas.tracks)
    for part, kept in plan.kept.items():
        voices = plan.rules[part].max_polyphony
        kept |= _notes_in_bars(canvas, part, {bar for other, bar in missing if other == part})
        tracks[part] = _joined(tracks[part], kept, new.tracks[part].notes, voices)
    return canvas.with_tracks(tracks)


def _notes_in_bars(canvas: Loop, part: int, bars: set[int]) -> frozenset[int]:
    """Return the indices of a part's notes that begin in some bars."""
    steps, notes = canvas.meter.steps_per_bar, canvas.tracks[part].notes
    return frozenset(i for i, note in enumerate(notes) if grid_step(note.onset, canvas) // steps in bars)


def bar_notes(request: GenerationRequest, plan: TakePlan, cell: int, new_rows: Sequence[Rows]) -> tuple[Note, ...]:
    """Return the notes of a written cell, kept ones included, before neighbouring notes are fitted to each other."""
    canvas = request.canvas
    part, bar = plan.cells[cell]
    steps = canvas.meter.steps_per_bar
    kept = (canvas.tracks[part].notes[index] for index in plan.kept[part])
    given = [note for note in kept if grid_step(note.onset, canvas) // steps == bar]
    return tuple(sorted([*given, *(_note_of_row(row, bar * steps, canvas.length) for row in new_rows)]))


def _note_of_row(row: Rows, base: int, length: int) -> Note:
    step = base + int(row[Column.POSITION]) - 1
    onset = max(0, step * TICKS_PER_STEP + MICRO_TICKS[int(row[Column.MICRO]) - 1])
    duration = min(DURATION_STEPS[int(row[Column.DURATION]) - 1] * TICKS_PER_STEP, length - onset)
    velocity = (int(row[Column.VELOCITY]) - 1) * VELOCITY_STEP + VELOCITY_STEP // 2
    return Note(onset, (int(row[Column.PITCH]) - 1) % DRUM_OFFSET, duration, velocity)


def _joined(track: Track, kept: frozenset[int], new: Sequence[Note], voices: int | None) -> Track:
    given = [track.notes[index] for index in sorted(kept)]
    fitted = [around for note in new if (around := _around(note, given)) is not None]
    if voices is not None:
        fitted = _within_voices(given, fitted, voices)
    return track.with_notes([*given, *fitted])


def _around(note: Note, given: Sequence[Note]) -> Note | None:
    """Return what of a new note is clear of given notes of its pitch."""
    start, end = note.onset, note.end
    for other in given:
        if other.pitch == note.pitch and other.onset < end and start < other.end:
            start, end = (other.end, end) if other.onset <= start else (start, other.onset)
    return replace(note, onset=start, duration=end - start) if end > start else None


def _within_voices(given: Sequence[Note], new: Sequence[Note], voices: int) -> list[Note]:
    """Cut or delay new notes by the few ticks by which more than `voices` notes would sound at once."""
    waiting = [*((note, False) for note in given), *((note, True) for note in new)]
    heapify(waiting)
    done: list[Note] = []
    is_new: list[bool] = []
    sounding: list[int] = []
    while waiting:
        note, may_give_way = heappop(waiting)
        sounding = [i for i in sounding if done[i].end > note.onset]
        can_be_cut = sorted((done[i].end, i) for i in sounding if is_new[i] and done[i].onset < note.onset)
        for _, i in can_be_cut[: max(0, len(sounding) + 1 - voices)]:
            done[i] = replace(done[i], duration=note.onset - done[i].onset)
            sounding.remove(i)
        over = len(sounding) + 1 - voices
        if over > 0 and may_give_way:
            ends = sorted(done[i].end for i in sounding if not is_new[i])
            if over <= len(ends):  # it comes a little before its step, where a given note rings on
                onset = ends[over - 1]
                heappush(waiting, (replace(note, onset=onset, duration=max(1, note.end - onset)), True))
                continue
        sounding.append(len(done))
        done.append(note)
        is_new.append(may_give_way)
    return [note for note, may_give_way in zip(done, is_new, strict=True) if may_give_way]
