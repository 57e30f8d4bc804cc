"""Does the tokeniser lose a note? Every 4-bar window of a corpus's valid split, to rows and back.

    python -m benchmarks.row_round_trip CORPUS --manifest manifest.csv.xz [--split valid]

Each window becomes a Sheet (canonical form), the Sheet rows of a random plan, and the rows notes again. Counted
are notes that came back different from the Sheet's (must be 0), notes that neither came back nor are
counted as merged (must be 0), and how far onsets, durations and velocities moved in the canonical form.
"""

import argparse
from collections import Counter
from pathlib import Path

import numpy as np

from benchmarks.smf_round_trip import LOOP_BARS, song_paths
from engine.errors import MidiFileError
from engine.midi import smf
from engine.midi.song import cut_window
from engine.music.loop import Loop
from engine.music.timing import TICKS_PER_STEP
from engine.representation.layout import Order, Plan, Use, notes_of_rows, training_rows
from engine.representation.sheet import Sheet


def through_rows(sheet: Sheet, rng: np.random.Generator) -> int:
    """Return how many notes came back from rows different, under a random plan that shows every cell."""
    parts = len(sheet.roles)
    use = rng.choice([Use.CONTEXT, Use.TARGET], size=(parts, sheet.bars)).astype(np.int8)
    slots = tuple(int(slot) + 1 for slot in rng.permutation(parts))
    rows = training_rows(sheet, Plan(use=use, slots=slots, order=Order(int(rng.integers(2)))))
    back = notes_of_rows(rows, {slot: part for part, slot in enumerate(slots)})
    if len(back) != len(sheet.notes):
        return abs(len(back) - len(sheet.notes))
    same = np.logical_and.reduce([a == b for a, b in zip(back.columns(), sheet.notes.columns(), strict=True)])
    return int((~same).sum())


def beyond_tolerance(loop: Loop, sheet: Sheet) -> Counter[str]:
    """Count notes whose canonical form is further off than it may be.

    Left out are notes that share their step and pitch with another (they are counted as merged), durations of
    drums (all drum hits last a 16th) and durations cut where the next note of the pitch begins.
    """
    found: Counter[str] = Counter()
    total = loop.length // TICKS_PER_STEP
    for given, canonical in zip(loop.tracks, sheet.to_loop().tracks, strict=True):
        steps = [min((note.onset + TICKS_PER_STEP // 2) // TICKS_PER_STEP, total - 1) for note in given.notes]
        shared = Counter(zip(steps, (note.pitch for note in given.notes), strict=True))
        places = {((n.onset + TICKS_PER_STEP // 2) // TICKS_PER_STEP, n.pitch): n for n in canonical.notes}
        for step, note in zip(steps, given.notes, strict=True):
            other = places.get((step, note.pitch))
            if other is None:
                found["missing"] += 1
            elif shared[step, note.pitch] == 1:
                # A note nearest to the loop's end has no step of its own and goes to the last one.
                found["onset"] += abs(other.onset - note.onset) > TICKS_PER_STEP // 2 and step < total - 1
                found["velocity"] += abs(other.velocity - note.velocity) > 2
                is_cut = other.duration < note.duration and (other.end // TICKS_PER_STEP, note.pitch) in places
                change = abs(other.duration - note.duration)
                is_far = change > max(1.5 * TICKS_PER_STEP, 0.06 * note.duration + TICKS_PER_STEP / 2)
                found["duration"] += not given.is_drums and not is_cut and is_far
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--manifest", type=Path)
    parser.add_argument("--split", default="valid")
    options = parser.parse_args()
    rng = np.random.default_rng(1)
    totals: Counter[str] = Counter()
    for path in song_paths(options.corpus, options.manifest, options.split):
        try:
            song = smf.read_song(path)
        except MidiFileError:
            totals["unreadable songs"] += 1
            continue
        totals["songs"] += 1
        for first_bar in range(0, song.bars - LOOP_BARS + 1, LOOP_BARS):
            if not song.is_regular(first_bar, LOOP_BARS):
                continue
            loop = cut_window(song, first_bar=first_bar, bars=LOOP_BARS).loop
            sheet = Sheet.from_loop(loop)
            totals["windows"] += 1
            totals["notes"] += loop.note_count
            totals["merged"] += sheet.merged
            totals["unaccounted"] += abs(loop.note_count - sheet.merged - len(sheet.notes))
            totals["changed by rows"] += through_rows(sheet, rng)
            totals.update({f"beyond tolerance: {k}": v for k, v in beyond_tolerance(loop, sheet).items()})
    for name, count in totals.items():
        print(f"{name:28} {count:,}")


if __name__ == "__main__":
    main()
