"""What real loops are turned into to know what a measure says of worse ones: the floor of the report, and the tests.

Every function takes a sheet and returns one of the same parts, meter and length.
"""

from dataclasses import replace

import numpy as np

from engine.representation.sheet import DURATION_TABLE, Sheet, SheetNotes
from engine.representation.vocabulary import DRUM_OFFSET


def with_notes(sheet: Sheet, notes: SheetNotes) -> Sheet:
    """Return the sheet with other notes, put in order."""
    return replace(sheet, notes=notes.take(np.lexsort((notes.pitch, notes.position, notes.bar, notes.track))))


def shuffled_bars(sheet: Sheet, rng: np.random.Generator) -> Sheet:
    """Put the bars of each part into another order, each part for itself."""
    places = np.stack([rng.permutation(sheet.bars) for _ in sheet.roles])
    notes = sheet.notes
    return with_notes(sheet, replace(notes, bar=places[notes.track, notes.bar].astype(np.int32)))


def truncated(sheet: Sheet, bars: int = 1) -> Sheet:
    """Silence the last bars, as of a loop that was ended too early."""
    return with_notes(sheet, sheet.notes.take(sheet.notes.bar < sheet.bars - bars))


def randomised(sheet: Sheet, rng: np.random.Generator) -> Sheet:
    """Keep how many notes each part has; draw their places and their pitches within the part's range."""
    notes = sheet.notes
    bar, position, pitch = notes.bar.copy(), notes.position.copy(), notes.pitch.copy()
    for part in range(len(sheet.roles)):
        where = np.flatnonzero(notes.track == part)
        if len(where):
            bar[where] = rng.integers(sheet.bars, size=len(where))
            position[where] = rng.integers(sheet.meter.steps_per_bar, size=len(where))
            pitch[where] = rng.integers(pitch[where].min(), pitch[where].max() + 1, size=len(where))
    changed = replace(notes, bar=bar, position=position, pitch=pitch)
    keys = np.stack([changed.track, changed.bar, changed.position, changed.pitch])
    _, first = np.unique(keys, axis=1, return_index=True)
    return with_notes(sheet, changed.take(np.sort(first)))


def moved(sheet: Sheet, steps: int) -> Sheet:
    """Turn the loop by steps that are no bars: it begins `steps` later, and what was before comes last.

    Notes that would ring across the new seam end there, as a cut in the wrong place makes them.
    """
    notes, per_bar = sheet.notes, sheet.meter.steps_per_bar
    start = (notes.bar * per_bar + notes.position - steps) % sheet.total_steps
    room = sheet.total_steps - start
    duration = np.where(
        (notes.pitch < DRUM_OFFSET) & (DURATION_TABLE[notes.duration] > room),
        np.maximum(np.searchsorted(DURATION_TABLE, room, side="right") - 1, 0),
        notes.duration,
    )
    bar, position = start // per_bar, start % per_bar
    return with_notes(
        sheet,
        replace(
            notes,
            bar=bar.astype(np.int32),
            position=position.astype(np.int32),
            duration=duration.astype(np.int32),
        ),
    )


def with_changed_notes(sheet: Sheet, share: float, rng: np.random.Generator) -> Sheet:
    """Give a share of the pitched notes another pitch, 1 to 5 semitones off: a copy with its traces covered."""
    notes = sheet.notes
    pitched = np.flatnonzero(notes.pitch < DRUM_OFFSET)
    chosen = rng.permutation(pitched)[: round(share * len(pitched))]
    pitch = notes.pitch.copy()
    steps = rng.integers(1, 6, size=len(chosen)) * rng.choice((-1, 1), size=len(chosen))
    changed = pitch[chosen] + steps
    pitch[chosen] = np.where((changed < 0) | (changed >= DRUM_OFFSET), pitch[chosen] - steps, changed)
    return with_notes(sheet, replace(notes, pitch=pitch.astype(np.int32)))


def begun_late(sheet: Sheet, beats: int = 1) -> Sheet:
    """Return a loop cut `beats` beats late (of a meter with fewer, as many as fit)."""
    beat = sheet.meter.ticks_per_beat * sheet.meter.steps_per_bar // sheet.meter.ticks_per_bar
    return moved(sheet, min(beats * beat, sheet.meter.steps_per_bar - beat) or beat)
