"""What the judge says: an encoder trained apart from everything that ships, which ranks no take and guides no search.

It gives loops as points, for density, coverage, precision, recall and FID.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from engine.representation.sheet import Sheet
from engine.similarity.bar_encoder import BarEncoder

FloatArray = npt.NDArray[np.float64]
JUDGE = Path(__file__).with_name("judge_encoder")
COMPONENTS = 32


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
