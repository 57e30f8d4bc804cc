"""Runs of notes as numbers: what two pieces share when they share a phrase, in whatever key.

A part's pitched notes in their order (a chord from below) become steps: how many semitones to the next note, how many
16ths until it. A *phrase* is `PHRASE_NOTES` notes in a row, hence one step fewer; hashed, it is 64 bits that say
nothing but "the same again". Drums have no phrases: their patterns belong to everybody.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.representation.sheet import Sheet
from engine.representation.vocabulary import DRUM_OFFSET

PHRASE_NOTES = 5
LONGEST_GAP = 32  # 16ths; longer ones count as this
_STEPS_A_SIXTEENTH = 6
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_VARIETY = 3  # different steps that a phrase has at least: repeated notes and plain scales are no one's

IntArray = npt.NDArray[np.int64]
HashArray = npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Phrases:
    """All phrases of a piece.

    Attributes:
        hashes: uint64 [N].
        part: int64 [N], index of the part.
        first: int64 [N], which note of the part each begins with.
    """

    hashes: HashArray
    part: IntArray
    first: IntArray


def sheet_phrases(sheet: Sheet, parts: tuple[int, ...] | None = None) -> Phrases:
    """Return the phrases of a sheet.

    Args:
        sheet: Music in canonical form.
        parts: Only of these parts; None: of all.
    """
    notes = sheet.notes
    chosen = notes.pitch < DRUM_OFFSET
    if parts is not None:
        chosen &= np.isin(notes.track, parts)
    notes = notes.take(chosen)
    step = notes.bar.astype(np.int64) * sheet.meter.steps_per_bar + notes.position
    return phrases(
        part=notes.track, sixteenth=(step + _STEPS_A_SIXTEENTH // 2) // _STEPS_A_SIXTEENTH, pitch=notes.pitch
    )


def phrases(*, part: npt.ArrayLike, sixteenth: npt.ArrayLike, pitch: npt.ArrayLike) -> Phrases:
    """Return the phrases of pitched notes given as columns, in any order.

    Args:
        part: Index of each note's part, [N].
        sixteenth: Its onset in 16ths.
        pitch: MIDI pitch.
    """
    columns = [np.asarray(column, np.int64) for column in (part, sixteenth, pitch)]
    order = np.lexsort((columns[2], columns[1], columns[0]))
    parts, onset, height = (column[order] for column in columns)
    starts = np.flatnonzero(np.diff(parts, prepend=-1))
    place = np.arange(len(parts)) - np.repeat(starts, np.diff(np.append(starts, len(parts))))
    steps = len(parts) - PHRASE_NOTES + 1
    if steps < 1:
        none = np.zeros(0, np.int64)
        return Phrases(np.zeros(0, np.uint64), none, none)
    code = (np.diff(height) + 128) * 64 + np.minimum(np.diff(onset), LONGEST_GAP)
    hashed = np.zeros(steps, np.uint64)
    for index in range(PHRASE_NOTES - 1):
        hashed = _mixed(hashed ^ code[index : index + steps].astype(np.uint64))
    inside = parts[:steps] == parts[PHRASE_NOTES - 1 :]
    windows = np.lib.stride_tricks.sliding_window_view(code, PHRASE_NOTES - 1)
    kinds = 1 + (np.diff(np.sort(windows, axis=1), axis=1) != 0).sum(axis=1)
    kept = np.flatnonzero(inside & (kinds >= _VARIETY))
    return Phrases(hashed[kept], parts[kept], place[kept])


def _mixed(values: HashArray) -> HashArray:
    """Spread every bit over all others (the finaliser of SplitMix64)."""
    with np.errstate(over="ignore"):
        values = (values + _MULTIPLIER) * np.uint64(0xBF58476D1CE4E5B9)
        values ^= values >> np.uint64(27)
        values *= np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))
