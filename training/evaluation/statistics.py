"""Means with an interval: the bootstrap that all figures of the report share."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
RESAMPLES = 1000
LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure and how sure it is.

    Attributes:
        value: The estimate; nan where there was nothing to measure.
        low, high: Its 95 % confidence interval.
        n: Number of things measured.
    """

    value: float
    low: float
    high: float
    n: int

    @property
    def is_known(self) -> bool:
        return self.n > 0 and math.isfinite(self.value)


NOTHING = Figure(math.nan, math.nan, math.nan, 0)


def mean_figure(values: npt.ArrayLike, *, seed: int = 0, resamples: int = RESAMPLES) -> Figure:
    """Return a mean with its percentile bootstrap interval.

    Args:
        values: [N]; those that are not finite are left out and not counted.
        seed: Of the resampling.
        resamples: How often the N are drawn again.

    Source: Efron & Tibshirani, An Introduction to the Bootstrap (1993), chapter 13.
    """
    array = np.asarray(values, np.float64).reshape(-1)
    array = array[np.isfinite(array)]
    if not len(array):
        return NOTHING
    means = _resampled_means(array, np.random.default_rng(seed), resamples)
    low, high = np.quantile(means, ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
    return Figure(float(array.mean()), float(low), float(high), len(array))


def ratio_figure(over: npt.ArrayLike, under: npt.ArrayLike, *, seed: int = 0, resamples: int = RESAMPLES) -> Figure:
    """Return sum(over) / sum(under) with its interval, pairs drawn together: for totals such as nats a note."""
    a, b = np.asarray(over, np.float64), np.asarray(under, np.float64)
    if not len(a) or not b.sum():
        return NOTHING
    rng = np.random.default_rng(seed)
    ratios = np.empty(resamples)
    for index in range(resamples):
        drawn = rng.integers(len(a), size=len(a))
        ratios[index] = a[drawn].sum() / max(b[drawn].sum(), 1e-12)
    low, high = np.quantile(ratios, ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
    return Figure(float(a.sum() / b.sum()), float(low), float(high), len(a))


def _resampled_means(array: FloatArray, rng: np.random.Generator, resamples: int) -> FloatArray:
    at_once = max(1, 2_000_000 // len(array))
    parts: list[FloatArray] = []
    for start in range(0, resamples, at_once):
        count = min(at_once, resamples - start)
        parts.append(array[rng.integers(len(array), size=(count, len(array)))].mean(axis=1))
    return np.concatenate(parts)
