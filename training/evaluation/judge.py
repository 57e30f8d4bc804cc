"""What the judge says: an encoder trained apart from everything that ships, which ranks no take and guides no search.

It gives loops as points (for density, coverage, precision, recall and FID), and, with a linear scale fitted on loops of
the train split, how right a loop's joins are against the same loop begun a beat or more late.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from engine.representation.sheet import Sheet
from engine.similarity.encoder import BarEncoder
from training.evaluation.damage import begun_late
from training.evaluation.seam import place_profile

FloatArray = npt.NDArray[np.float64]
JUDGE = Path(__file__).with_name("judge_encoder")
COMPONENTS = 32
STRENGTH = 100.0  # of the ridge
LATE_BEATS = (1, 2, 3)


def loop_points(encoder: BarEncoder, sheets: Sequence[Sheet]) -> FloatArray:
    """Return each loop as its bars' mean and how much each bar differs from the one before it, [N, 2 · width]."""
    points: list[FloatArray] = []
    for vectors in encoder.vectors_of(sheets):
        bars = vectors.astype(np.float64)
        points.append(np.concatenate([bars.mean(0), np.abs(bars - np.roll(bars, 1, axis=0)).mean(0)]))
    return np.array(points)


@dataclass(frozen=True, slots=True)
class Space:
    """The directions in which real loops differ most, to unit variance together.

    Attributes:
        mean: [D].
        axes: [D, COMPONENTS].
    """

    mean: FloatArray
    axes: FloatArray

    @classmethod
    def of(cls, points: FloatArray) -> "Space":
        """Fit it to points."""
        mean = points.mean(0)
        _, values, vectors = np.linalg.svd(points - mean, full_matrices=False)
        scale = np.sqrt((values**2).sum() / len(points))
        return cls(mean, vectors[:COMPONENTS].T / max(float(scale), 1e-9))

    def __call__(self, points: FloatArray) -> FloatArray:
        return (points - self.mean) @ self.axes


def join_features(encoder: BarEncoder, sheets: Sequence[Sheet]) -> FloatArray:
    """Return what is known of each loop's joins: its bars, the pair across the seam, and where things happen."""
    out: list[FloatArray] = []
    for sheet, vectors in zip(sheets, encoder.vectors_of(sheets), strict=True):
        bars = vectors.astype(np.float64)
        last, first = bars[-1], bars[0]
        profile = place_profile(sheet)
        crossed = np.outer(profile, profile)[np.triu_indices(len(profile))]
        out.append(np.concatenate([bars.mean(0), last * first, np.abs(last - first), crossed]))
    return np.array(out)


@dataclass(frozen=True, slots=True)
class JoinScale:
    """A line from late to right, fitted by ridge regression.

    Attributes:
        mean, spread: Of the features.
        weights: Of the standardised features.
    """

    mean: FloatArray
    spread: FloatArray
    weights: FloatArray

    @classmethod
    def fit(cls, encoder: BarEncoder, sheets: Sequence[Sheet], strength: float = STRENGTH) -> "JoinScale":
        """Fit it to loops and to the same loops begun one, two and three beats late."""
        right = join_features(encoder, sheets)
        late = [join_features(encoder, [begun_late(sheet, beats) for sheet in sheets]) for beats in LATE_BEATS]
        x = np.concatenate([right, *late])
        y = np.concatenate([np.full(len(right), float(len(late))), -np.ones(len(right) * len(late))])
        mean, spread = x.mean(0), x.std(0) + 1e-6
        z = (x - mean) / spread
        return cls(mean, spread, np.linalg.solve(z.T @ z + strength * np.eye(z.shape[1]), z.T @ y))

    def score(self, encoder: BarEncoder, sheets: Sequence[Sheet]) -> FloatArray:
        """Return how right loops are cut, [N]; only the order means something."""
        return ((join_features(encoder, sheets) - self.mean) / self.spread) @ self.weights


def percentiles(values: FloatArray, among: FloatArray) -> FloatArray:
    """Return the share of `among` that is lower than each value."""
    return np.searchsorted(np.sort(among), values, side="left") / max(1, len(among))
