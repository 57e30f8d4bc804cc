"""Runs and bars of notes as numbers: what two pieces share when they share a phrase, in whatever key.

Music is read as runs three times. A part's *line* is the highest note of each onset; its *notes* are all of them in
their order, a chord from below; *together*, the notes of all parts are read as if one played them, so that bass, chords
and tune say at once what none of them says alone. Each reading becomes steps: how many semitones to the next note, how
many 16ths until it. A *phrase* is `LINE_NOTES` or `ALL_NOTES` notes in a row, hence one step fewer; hashed, it is 64
bits that say nothing but "the same again". Several readings find a copy of which notes were changed: what breaks one
often leaves the others. Of the second and third, one phrase in `KEPT_OF_ALL` and `KEPT_TOGETHER` is looked at, chosen
by its hash, so that everybody chooses the same. Drums have no runs: their patterns belong to everybody.

Four more readings are of *spans*, whose notes have a place and a height above the lowest, and no order: a part's bar;
half a bar of all parts, without the drums to it and with them; a bar with them. They tell short loops apart, which have
few runs, and those of plain notes, whose runs are no one's: what a bar does with them all at once may be someone's.
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from engine.representation.sheet import Sheet
from engine.representation.vocabulary import DRUM_OFFSET, PITCHES

LINE_NOTES, ALL_NOTES = 5, 6
KEPT_OF_ALL, KEPT_TOGETHER = 4, 2
TOGETHER = -1  # in place of a part's index
LONGEST_STEP = 32  # 16ths; longer ones count as this
_STEPS_A_SIXTEENTH = 6
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_VARIETY = 3  # different steps that a run has at least: repeated notes and plain scales are no one's
HALF_BAR = 8  # 16ths
_SPAN_NOTES = 3  # pitched notes that a span has at least

IntArray = npt.NDArray[np.int64]
HashArray = npt.NDArray[np.uint64]
_Runs = tuple[HashArray, IntArray, IntArray]  # hash, part and first note of each


class _Reading(IntEnum):
    """What phrases of one reading begin their hashes with, so that those of two never meet."""

    LINE = 1
    NOTES = 2
    TOGETHER = 3
    PART_BAR = 4
    HALF_BAR = 5
    HALF_BAR_WITH_DRUMS = 6
    BAR_WITH_DRUMS = 7


@dataclass(frozen=True, slots=True)
class Phrases:
    """All phrases of a piece that are looked at.

    Attributes:
        hashes: uint64 [N].
        part: int64 [N], index of the part, or `TOGETHER`.
        first: int64 [N], which note of the line, of the part or of all parts together each begins with; of spans, which
            span it is.
        is_line: bool [N], which are of the line.
    """

    hashes: HashArray
    part: IntArray
    first: IntArray
    is_line: npt.NDArray[np.bool_]

    def __add__(self, other: "Phrases") -> "Phrases":
        return Phrases(
            np.concatenate([self.hashes, other.hashes]),
            np.concatenate([self.part, other.part]),
            np.concatenate([self.first, other.first]),
            np.concatenate([self.is_line, other.is_line]),
        )


@dataclass(frozen=True, slots=True)
class NoteColumns:
    """Notes of a piece, in any order.

    Attributes:
        part: int64 [N], index of each note's part.
        bar: int64 [N].
        place: int64 [N], 16ths from the bar line.
        sixteenth: int64 [N], 16ths from the beginning.
        pitch: int64 [N], MIDI pitch, or key of a drum.
        is_drum: bool [N].
    """

    part: IntArray
    bar: IntArray
    place: IntArray
    sixteenth: IntArray
    pitch: IntArray
    is_drum: npt.NDArray[np.bool_]


def sheet_phrases(sheet: Sheet, parts: tuple[int, ...] | None = None) -> Phrases:
    """Return the phrases of a sheet.

    Args:
        sheet: Music in canonical form.
        parts: Only of these parts; None: of all.
    """
    notes = sheet.notes if parts is None else sheet.notes.take(np.isin(sheet.notes.track, parts))
    is_drum, bar = notes.pitch >= DRUM_OFFSET, notes.bar.astype(np.int64)
    return all_phrases(
        NoteColumns(
            part=notes.track.astype(np.int64),
            bar=bar,
            place=nearest_sixteenth(notes.position.astype(np.int64)),
            sixteenth=nearest_sixteenth(bar * sheet.meter.steps_per_bar + notes.position),
            pitch=np.where(is_drum, notes.pitch - DRUM_OFFSET, notes.pitch).astype(np.int64),
            is_drum=is_drum,
        )
    )


def nearest_sixteenth(steps: IntArray) -> IntArray:
    """Return the 16th nearest to each of places in steps."""
    return (steps + _STEPS_A_SIXTEENTH // 2) // _STEPS_A_SIXTEENTH


def all_phrases(notes: NoteColumns) -> Phrases:
    """Return the phrases of notes in all readings."""
    pitched = ~notes.is_drum
    runs = phrases(part=notes.part[pitched], sixteenth=notes.sixteenth[pitched], pitch=notes.pitch[pitched])
    bars = int(notes.bar.max(initial=0)) + 1
    halves = int(notes.place.max(initial=0)) // HALF_BAR + 1
    half, in_half = notes.bar * halves + notes.place // HALF_BAR, notes.place % HALF_BAR
    every = np.ones_like(pitched)
    return (
        runs
        + _spans(notes, notes.part * bars + notes.bar, notes.place, pitched, _Reading.PART_BAR)
        + _spans(notes, half, in_half, pitched, _Reading.HALF_BAR)
        + _spans(notes, half, in_half, every, _Reading.HALF_BAR_WITH_DRUMS)
        + _spans(notes, notes.bar, notes.place, every, _Reading.BAR_WITH_DRUMS)
    )


def phrases(*, part: npt.ArrayLike, sixteenth: npt.ArrayLike, pitch: npt.ArrayLike) -> Phrases:
    """Return the runs of pitched notes given as columns, in any order.

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
    line = _runs(parts[is_top], onset[is_top], height[is_top], LINE_NOTES, seed=_Reading.LINE)
    every = _kept(_runs(parts, onset, height, ALL_NOTES, seed=_Reading.NOTES), KEPT_OF_ALL)
    when, what = np.divmod(np.unique(onset * PITCHES + height), PITCHES)
    all_parts = np.full(len(when), TOGETHER, np.int64)
    together = _kept(_runs(all_parts, when, what, ALL_NOTES, seed=_Reading.TOGETHER), KEPT_TOGETHER)
    return Phrases(
        hashes=np.concatenate([line[0], every[0], together[0]]),
        part=np.concatenate([line[1], every[1], together[1]]),
        first=np.concatenate([line[2], every[2], together[2]]),
        is_line=np.arange(len(line[0]) + len(every[0]) + len(together[0])) < len(line[0]),
    )


def _kept(runs: _Runs, one_in: int) -> _Runs:
    kept = runs[0] % np.uint64(one_in) == 0
    return runs[0][kept], runs[1][kept], runs[2][kept]


def _runs(parts: IntArray, onset: IntArray, height: IntArray, notes: int, *, seed: int) -> _Runs:
    """Return hash, part and first note of every run of `notes` sorted notes that lies in one part and has variety."""
    steps = len(parts) - notes + 1
    if steps < 1:
        none = np.zeros(0, np.int64)
        return np.zeros(0, np.uint64), none, none
    starts = np.flatnonzero(np.diff(parts, prepend=parts[0] - 1))
    place = np.arange(len(parts)) - np.repeat(starts, np.diff(np.append(starts, len(parts))))
    code = (np.diff(height) + 128) * 64 + np.minimum(np.diff(onset), LONGEST_STEP)
    hashed = np.full(steps, seed, np.uint64)
    inside = parts[:steps] == parts[notes - 1 :]
    window = [code[index : index + steps] for index in range(notes - 1)]
    kinds = sum(np.logical_and.reduce([step != one for one in window[:index]]) for index, step in enumerate(window))
    for step in window:
        hashed = _mixed(hashed ^ step.astype(np.uint64))
    kept = np.flatnonzero(inside & (kinds >= _VARIETY))
    return hashed[kept], parts[kept], place[kept]


def _spans(
    notes: NoteColumns, span: IntArray, place: IntArray, chosen: npt.NDArray[np.bool_], seed: _Reading
) -> Phrases:
    """Return each span's chosen notes as a set: their places, and how high they are above the lowest."""
    span, place, pitch, is_drum = span[chosen], place[chosen], notes.pitch[chosen], notes.is_drum[chosen]
    count = int(span.max(initial=-1)) + 1
    lowest = np.full(count, PITCHES)
    np.minimum.at(lowest, span[~is_drum], pitch[~is_drum])
    height = np.where(is_drum, PITCHES + pitch, pitch - lowest[span])
    note = place * 2 * PITCHES + height
    many = int(note.max(initial=0)) + 1
    of, note = np.divmod(np.unique(span * many + note), many)
    total = np.zeros(count, np.uint64)  # a sum knows no order
    np.add.at(total, of, _mixed(note.astype(np.uint64)))
    is_pitched = note % (2 * PITCHES) < PITCHES
    found = np.flatnonzero(np.bincount(of[is_pitched], minlength=count) >= _SPAN_NOTES)
    return Phrases(
        hashes=_mixed(total[found] ^ np.uint64(seed)),
        part=np.full(len(found), TOGETHER, np.int64),
        first=found,
        is_line=np.zeros(len(found), np.bool_),
    )


def _mixed(values: HashArray) -> HashArray:
    """Spread every bit over all others (the finaliser of SplitMix64)."""
    with np.errstate(over="ignore"):
        values = (values + _MULTIPLIER) * np.uint64(0xBF58476D1CE4E5B9)
        values ^= values >> np.uint64(27)
        values *= np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))
