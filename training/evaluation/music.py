"""What is measured on loops themselves, no encoder asked: controls obeyed, stems heard, bars repeated, takes apart."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from engine.mining.loops import SongBars, find_loops
from engine.music.general_midi import Role
from engine.representation.sheet import DURATION_TABLE, Sheet
from engine.representation.vocabulary import DRUM_OFFSET
from training.evaluation.statistics import Figure, mean_figure

IntArray = npt.NDArray[np.int64]


@dataclass(slots=True)
class Obedience:
    """Asked beside got of one control, bin by bin.

    Attributes:
        name: The control.
        bins: How many it has.
        asked, got: One entry a measurement.
    """

    name: str
    bins: int
    asked: list[int] = field(default_factory=list[int])
    got: list[int] = field(default_factory=list[int])

    def add(self, asked: int, got: int) -> None:
        self.asked.append(asked)
        self.got.append(got)

    def exact(self, *, seed: int = 0) -> Figure:
        """Return the share that is met to the bin."""
        return mean_figure(np.array(self.asked) == np.array(self.got), seed=seed)

    def within_one(self, *, seed: int = 0) -> Figure:
        """Return the share that is met or missed by one bin."""
        return mean_figure(np.abs(np.array(self.asked) - np.array(self.got)) <= 1, seed=seed)

    def mean_error(self, *, seed: int = 0) -> Figure:
        """Return the mean distance in bins."""
        return mean_figure(np.abs(np.array(self.asked) - np.array(self.got)), seed=seed)

    def confusion(self) -> IntArray:
        """Return counts, int64 [asked bin, got bin]."""
        counts = np.zeros((self.bins, self.bins), np.int64)
        np.add.at(counts, (np.array(self.asked, np.int64), np.array(self.got, np.int64)), 1)
        return counts


def notes_as_set(sheet: Sheet) -> frozenset[tuple[int, ...]]:
    """Return (role, bar, 16th, pitch) of every note: what two loops have in common."""
    notes = sheet.notes
    roles = np.array([list(Role).index(role) for role in sheet.roles] + [0])[notes.track]
    columns = (roles, notes.bar, notes.position // 6, notes.pitch)
    return frozenset(zip(*(column.tolist() for column in columns), strict=True))


def likeness(one: Sheet, other: Sheet) -> float:
    """Return the Jaccard likeness of two loops' notes, 0 to 1."""
    a, b = notes_as_set(one), notes_as_set(other)
    return len(a & b) / len(a | b) if a or b else 1.0


def difference_of_takes(takes: Sequence[Sheet]) -> list[float]:
    """Return 1 − likeness of every pair of takes of one request: 0 all the same, 1 nothing in common."""
    return [1 - likeness(a, b) for i, a in enumerate(takes) for b in takes[i + 1 :]]


def is_found_as_loop(sheet: Sheet, again: Sheet) -> bool:
    """Tell whether the detector, given a loop and then `again`, finds the loop's length or one that divides it.

    Played twice, `again` is the loop itself; for the chance rate it is something else of the same length.
    """
    per_bar = sheet.meter.ticks_per_bar
    ticks = per_bar // sheet.meter.steps_per_bar
    passes = (sheet.notes, again.notes)
    track, duration, pitch = (
        np.concatenate([getattr(notes, name) for notes in passes]) for name in ("track", "duration", "pitch")
    )
    step = np.concatenate(
        [
            (notes.bar + turn * sheet.bars) * sheet.meter.steps_per_bar + notes.position
            for turn, notes in enumerate(passes)
        ]
    )
    song = SongBars(
        track=track.astype(np.int32),
        onset=(step * ticks).astype(np.int32),
        duration=(DURATION_TABLE[duration] * ticks).astype(np.int32),
        pitch=(pitch % DRUM_OFFSET).astype(np.int32),
        bar_starts=(np.arange(2 * sheet.bars + 1) * per_bar).astype(np.int32),
        rings=pitch < DRUM_OFFSET,
    )
    return any(sheet.bars % found.bars == 0 for found in find_loops(song))


def pitch_class_overlap(part: Sheet, context: Sheet) -> float | None:
    """Return how much the pitch classes of a part are those of its context, bar by bar: mean cosine.

    None where no bar has pitched notes of both.
    """
    a, b = (_bar_chroma(sheet) for sheet in (part, context))
    both = a.any(axis=1) & b.any(axis=1)
    if not both.any():
        return None
    a, b = a[both], b[both]
    return float(((a * b).sum(1) / np.sqrt((a**2).sum(1) * (b**2).sum(1))).mean())


def onset_alignment(part: Sheet, context: Sheet) -> float | None:
    """Return the share of a part's onsets that fall on a 16th where its context has one; None of an empty part."""
    if not len(part.notes):
        return None
    mine, others = _sixteenths(part), set(_sixteenths(context).tolist())
    return float(np.mean([place in others for place in mine.tolist()]))


def _sixteenths(sheet: Sheet) -> IntArray:
    step = sheet.notes.bar.astype(np.int64) * sheet.meter.steps_per_bar + sheet.notes.position
    return np.unique((step + 3) // 6)


def _bar_chroma(sheet: Sheet) -> npt.NDArray[np.float64]:
    notes = sheet.notes.take(sheet.notes.pitch < DRUM_OFFSET)
    weights = DURATION_TABLE[notes.duration].astype(np.float64)
    flat = np.bincount(notes.bar * 12 + notes.pitch % 12, weights=weights, minlength=sheet.bars * 12)
    return flat.reshape(sheet.bars, 12).astype(np.float64)
