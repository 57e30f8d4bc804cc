"""Runs of notes as numbers: what two pieces share when they share a phrase, in whatever key.

A part is read twice. Its *line* is the highest note of each onset; its *notes* are all of them in their order, a chord
from below. Each becomes steps: how many semitones to the next note, how many 16ths until it. A *phrase* is
`LINE_NOTES` or `ALL_NOTES` notes in a row, hence one step fewer; hashed, it is 64 bits that say nothing but "the same
again". Two readings find a copy of which notes were changed: what breaks one often leaves the other. Of the second,
one phrase in `KEPT_OF_ALL` is looked at, chosen by its hash, so that everybody chooses the same.
Drums have no phrases: their patterns belong to everybody.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.representation.sheet import Sheet
from engine.representation.vocabulary import DRUM_OFFSET

LINE_NOTES, ALL_NOTES = 5, 6
KEPT_OF_ALL = 4
LONGEST_STEP = 32  # 16ths; longer ones count as this
_STEPS_A_SIXTEENTH = 6
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_VARIETY = 3  # different steps that a phrase has at least: repeated notes and plain scales are no one's

IntArray = npt.NDArray[np.int64]
HashArray = npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Phrases:
    """All phrases of a piece that are looked at.

    Attributes:
        hashes: uint64 [N].
        part: int64 [N], index of the part.
        first: int64 [N], which note of the line, or of all notes of the part, each begins with.
        is_line: bool [N], which are of the line.
    """

    hashes: HashArray
    part: IntArray
    first: IntArray
    is_line: npt.NDArray[np.bool_]


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
    is_top = np.ones(len(parts), np.bool_)
    is_top[:-1] = (parts[1:] != parts[:-1]) | (onset[1:] != onset[:-1])
    line = _runs(parts[is_top], onset[is_top], height[is_top], LINE_NOTES)
    every = _runs(parts, onset, height, ALL_NOTES)
    kept = every[0] % np.uint64(KEPT_OF_ALL) == 0
    return Phrases(
        hashes=np.concatenate([line[0], every[0][kept]]),
        part=np.concatenate([line[1], every[1][kept]]),
        first=np.concatenate([line[2], every[2][kept]]),
        is_line=np.arange(len(line[0]) + int(kept.sum())) < len(line[0]),
    )


def _runs(parts: IntArray, onset: IntArray, height: IntArray, notes: int) -> tuple[HashArray, IntArray, IntArray]:
    """Return hash, part and first note of every run of `notes` sorted notes that lies in one part and has variety."""
    steps = len(parts) - notes + 1
    if steps < 1:
        none = np.zeros(0, np.int64)
        return np.zeros(0, np.uint64), none, none
    starts = np.flatnonzero(np.diff(parts, prepend=-1))
    place = np.arange(len(parts)) - np.repeat(starts, np.diff(np.append(starts, len(parts))))
    code = (np.diff(height) + 128) * 64 + np.minimum(np.diff(onset), LONGEST_STEP)
    hashed = np.full(steps, notes, np.uint64)
    for index in range(notes - 1):
        hashed = _mixed(hashed ^ code[index : index + steps].astype(np.uint64))
    inside = parts[:steps] == parts[notes - 1 :]
    windows = np.lib.stride_tricks.sliding_window_view(code, notes - 1)
    kinds = 1 + (np.diff(np.sort(windows, axis=1), axis=1) != 0).sum(axis=1)
    kept = np.flatnonzero(inside & (kinds >= _VARIETY))
    return hashed[kept], parts[kept], place[kept]


def _mixed(values: HashArray) -> HashArray:
    """Spread every bit over all others (the finaliser of SplitMix64)."""
    with np.errstate(over="ignore"):
        values = (values + _MULTIPLIER) * np.uint64(0xBF58476D1CE4E5B9)
        values ^= values >> np.uint64(27)
        values *= np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))
