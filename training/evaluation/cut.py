"""How right a loop is cut: a ruler fitted to tell loops that begin at a bar line from the same loops begun beats late.

What it looks at is where in the bar things happen: onsets of each kind of drum, of the bass and of all else; what
sounds on from before; where the harmony turns, over the bar's eight places and over the seam itself. The ruler is a
line through these numbers (`cut_scale.json`), fitted on the train split by

    python -m training.evaluation.cut --data PACKED

which also prints how often it is right about loops of the valid and test splits.
"""

import argparse
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from engine.music.general_midi import Role
from engine.representation.sheet import DURATION_TABLE, Sheet
from engine.representation.vocabulary import DRUM_OFFSET
from training.dataset import SongPool
from training.evaluation.damage import begun_late
from training.evaluation.material import real_loops

logger = logging.getLogger(__name__)

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
SCALE = Path(__file__).with_name("cut_scale.json")
VERSION = 1
PLACES, CELLS = 16, 8  # of a bar, for onsets and for what sounds
LATE_BEATS = (1, 2, 3)
STRENGTH = 100.0  # of the penalty on weights
_KIT = ((35, 36), (37, 38, 39, 40), (42, 44, 80), (46, 81), (49, 52, 55, 57), (51, 53, 59), (41, 43, 45, 47, 48, 50))
_WINDOWS = (1, 4)  # cells before and after a place that are compared


def cut_features(sheet: Sheet) -> FloatArray:
    """Return where in its bars the things of a loop happen, float64 [406]."""
    notes = sheet.notes
    roles = np.array([role is Role.BASS for role in sheet.roles] or [False])
    drums = notes.pitch >= DRUM_OFFSET
    bass = ~drums & (roles[notes.track] if len(notes) else np.zeros(0, np.bool_))
    other = ~drums & ~bass
    key = notes.pitch - DRUM_OFFSET
    kit = [drums & np.isin(key, keys) for keys in _KIT]
    rest = drums & ~np.isin(key, [key for keys in _KIT for key in keys])
    parts = [_onsets(sheet, group) for group in (*kit, rest, bass, other)]
    sounding = _Sounding(sheet)
    parts += [sounding.held(group) for group in (bass, other)]
    parts += [sounding.turns(group) for group in (bass, other, ~drums)]
    return np.concatenate(parts)


def _onsets(sheet: Sheet, group: BoolArray) -> FloatArray:
    """Return the share of a group's onsets at each place, and the share of bars that have one there, [2 · PLACES]."""
    bar = sheet.notes.bar[group]
    place = np.minimum(sheet.notes.position[group] * PLACES // sheet.meter.steps_per_bar, PLACES - 1)
    counts = np.bincount(place, minlength=PLACES)
    has = np.zeros((sheet.bars, PLACES), np.bool_)
    has[bar, place] = True
    return np.concatenate([counts / max(1, counts.sum()), has.mean(axis=0)])


class _Sounding:
    """What sounds in each cell, an eighth of a bar, of a loop that is played in a circle."""

    def __init__(self, sheet: Sheet) -> None:
        notes, per_bar = sheet.notes, sheet.meter.steps_per_bar
        self._bars, self._near = sheet.bars, per_bar // 32
        self._pitch_class = np.eye(12)[notes.pitch % 12]
        self._start = notes.bar * per_bar + notes.position
        self._end = self._start + DURATION_TABLE[notes.duration]
        edges = np.arange(sheet.bars * CELLS + 1) * per_bar // CELLS
        self._from, to = edges[:-1, None], edges[1:, None]
        overlap = np.minimum(self._end, to) - np.maximum(self._start, self._from)
        self._overlap = np.maximum(overlap, 0)  # steps, [cells, notes]

    def held(self, group: BoolArray) -> FloatArray:
        """Return by cell of the bar which share of its notes rang before, and whether any begins, [2 · CELLS]."""
        start, end = self._start[group], self._end[group]
        held = ((start < self._from - 1) & (end > self._from + 1)).sum(axis=1)
        begun = (np.abs(start - self._from) <= self._near).sum(axis=1)
        share = self._by_cell(held / np.maximum(1, held + begun))
        return np.concatenate([share - share.mean(), self._by_cell(begun > 0)])

    def turns(self, group: BoolArray) -> FloatArray:
        """Return for each window how new the pitch classes are by cell and over the seam, [2 · (CELLS + 1)]."""
        chroma = self._overlap[:, group] @ self._pitch_class[group]
        parts: list[FloatArray] = []
        for window in _WINDOWS:
            after = sum(np.roll(chroma, -cell, axis=0) for cell in range(window))
            before = np.roll(after, window, axis=0)
            size = np.linalg.norm(after, axis=1) * np.linalg.norm(before, axis=1)
            new = 1 - (after * before).sum(axis=1) / (size + 1e-9)
            by_cell = self._by_cell(new)
            seam = new[0] * self._bars / (new.sum() + 1e-6)
            parts += [by_cell / max(1e-6, float(by_cell.sum())), np.array([seam])]
        return np.concatenate(parts)

    def _by_cell(self, values: npt.NDArray[np.generic]) -> FloatArray:
        return values.astype(np.float64).reshape(self._bars, CELLS).mean(axis=0)


@dataclass(frozen=True, slots=True)
class CutScale:
    """The ruler.

    Attributes:
        weights: [406], of the features.
    """

    weights: FloatArray

    @classmethod
    def fit(cls, sheets: Sequence[Sheet], strength: float = STRENGTH) -> "CutScale":
        """Fit it to loops, each against itself begun one, two and three beats late.

        A logistic regression on differences of features (Bradley and Terry's model of pairs), by Newton's method.
        """
        right = np.array([cut_features(sheet) for sheet in sheets])
        late = [np.array([cut_features(begun_late(sheet, beats)) for sheet in sheets]) for beats in LATE_BEATS]
        spread = np.concatenate([right, *late]).std(axis=0) + 1e-6
        x = np.concatenate([right - of for of in late]) / spread
        weights = np.zeros(x.shape[1])
        for _ in range(25):
            wrong = 1 / (1 + np.exp(np.clip(x @ weights, -30, 30)))
            slope = strength * weights - wrong @ x
            bend = (x * (wrong * (1 - wrong))[:, None]).T @ x + strength * np.eye(len(weights))
            step = np.linalg.solve(bend, slope)
            weights -= step
            if np.abs(step).max() < 1e-4:
                break
        return cls(weights / spread)

    @classmethod
    def open(cls) -> "CutScale":
        """Return the one that belongs to the evaluation."""
        stored = json.loads(SCALE.read_text(encoding="utf-8"))
        assert stored["version"] == VERSION, f"{SCALE.name} is of another version: fit it again"
        return cls(np.array(stored["weights"]))

    def save(self, provenance: str) -> None:
        """Make it the one that belongs to the evaluation."""
        plain = {"version": VERSION, "fitted": provenance, "weights": [float(f"{w:.5g}") for w in self.weights]}
        SCALE.write_text(json.dumps(plain) + "\n", encoding="utf-8")

    def score(self, sheets: Sequence[Sheet]) -> FloatArray:
        """Return how right loops are cut, [N]: higher is righter, the difference of two cuts of a loop is log odds."""
        return np.array([cut_features(sheet) for sheet in sheets]) @ self.weights


def percentiles(values: FloatArray, among: FloatArray) -> FloatArray:
    """Return the share of `among` that is lower than each value."""
    return np.searchsorted(np.sort(among), values, side="left") / max(1, len(among))


def main() -> None:
    """Fit, keep and ask from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--loops", type=int, default=4000)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    scale = CutScale.fit([loop.sheet for loop in real_loops(SongPool(options.data, "train"), options.loops, seed=1)])
    scale.save(f"{options.loops} loops of the train split, seed 1, strength {STRENGTH:g}")
    for split in ("valid", "test"):
        sheets = [loop.sheet for loop in real_loops(SongPool(options.data, split), options.loops, seed=1)]
        right = scale.score(sheets)
        told = [(right > scale.score([begun_late(sheet, beats) for sheet in sheets])).mean() for beats in LATE_BEATS]
        shares = ", ".join(f"{share:.1%}" for share in told)
        logger.info("%s, %d loops; told from one, two, three beats late: %s", split, len(sheets), shares)


if __name__ == "__main__":
    main()
