"""How generated loops lie among real ones, in the space of an encoder the generator never saw.

Density and coverage (Naeem et al., *Reliable Fidelity and Diversity Metrics*, 2020), precision and recall (Kynkäänniemi
et al. 2019) and FID (Heusel et al. 2017). The first four are means over items, and are returned item by item, so that
a bootstrap over items gives their intervals. Ours, because the package that has them (`prdc`) has stood still since
2020 and would bring scikit-learn along; the tests compute small cases by hand.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from training.evaluation.statistics import Figure

FloatArray = npt.NDArray[np.float64]
NEIGHBOURS = 5


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """The four measures, item by item; each measure is a mean.

    Attributes:
        density: [M], real balls that hold a generated loop, over k; its mean may exceed 1.
        coverage: [N], whether a real loop's ball holds a generated one.
        precision: [M], whether a generated loop lies in any real ball.
        recall: [N], whether a real loop lies in any generated ball.
    """

    density: FloatArray
    coverage: FloatArray
    precision: FloatArray
    recall: FloatArray


def distances(a: FloatArray, b: FloatArray) -> FloatArray:
    """Return Euclidean distances, float64 [len(a), len(b)]."""
    squares = (a**2).sum(1)[:, None] + (b**2).sum(1)[None] - 2 * a @ b.T
    return np.sqrt(np.maximum(squares, 0))


def radii(points: FloatArray, k: int = NEIGHBOURS) -> FloatArray:
    """Return each point's distance to its k-th nearest other point, [N].

    Raises:
        ValueError: There are not more than k points.
    """
    if len(points) <= k:
        raise ValueError(f"{len(points)} points have no {k}-th neighbour each")
    return np.partition(distances(points, points), k, axis=1)[:, k]


def neighbourhood(real: npt.ArrayLike, generated: npt.ArrayLike, k: int = NEIGHBOURS) -> Neighbourhood:
    """Measure generated points against real ones.

    Args:
        real: [N, D], N > k.
        generated: [M, D], M > k.
        k: Neighbours that make a ball.
    """
    x, y = np.asarray(real, np.float64), np.asarray(generated, np.float64)
    between = distances(x, y)
    in_real_ball = between < radii(x, k)[:, None]
    in_generated_ball = between < radii(y, k)[None]
    held, holding = in_real_ball.sum(axis=0), in_real_ball.sum(axis=1)
    return Neighbourhood(
        density=held / k,
        coverage=np.minimum(holding, 1.0),
        precision=np.minimum(held, 1.0),
        recall=np.minimum(in_generated_ball.sum(axis=1), 1.0),
    )


def frechet_distance(real: npt.ArrayLike, generated: npt.ArrayLike) -> float:
    """Return |μ₁ − μ₂|² + tr(Σ₁ + Σ₂ − 2(Σ₁Σ₂)^½) of two sets of points [N, D] and [M, D]."""
    x, y = np.asarray(real, np.float64), np.asarray(generated, np.float64)
    difference = x.mean(0) - y.mean(0)
    one, other = np.atleast_2d(np.cov(x, rowvar=False)), np.atleast_2d(np.cov(y, rowvar=False))
    # (Σ₁Σ₂)^½ has the trace of (Σ₁^½ Σ₂ Σ₁^½)^½, which is symmetric: no complex roots.
    values, vectors = np.linalg.eigh(one)
    root = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    cross = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ other @ root), 0)).sum()
    return float(difference @ difference + np.trace(one) + np.trace(other) - 2 * cross)


def frechet_figure(real: npt.ArrayLike, generated: npt.ArrayLike, *, seed: int = 0, resamples: int = 100) -> Figure:
    """Return the Fréchet distance with the interval of resampled generated points.

    It depends on the number of points: compare only what has the same number, as the reference rows have.
    """
    x, y = np.asarray(real, np.float64), np.asarray(generated, np.float64)
    rng = np.random.default_rng(seed)
    value = frechet_distance(x, y)
    again = [frechet_distance(x, y[rng.integers(len(y), size=len(y))]) for _ in range(resamples)]
    # Drawing with replacement makes the distance larger on average; only the spread around it is of use.
    spread = np.quantile(np.array(again) - np.mean(again), (0.025, 0.975))
    return Figure(value, max(0.0, value + float(spread[0])), value + float(spread[1]), len(y))
