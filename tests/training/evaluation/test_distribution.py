"""Density, coverage, precision, recall, FID: small cases by hand, then best and worst."""

import numpy as np
import pytest

from training.evaluation.distribution import frechet_distance, neighbourhood, radii


def test_radii_by_hand() -> None:
    points = np.array([[0.0], [1.0], [3.0]])
    assert radii(points, 1).tolist() == [1.0, 1.0, 2.0]
    with pytest.raises(ValueError, match="3-th neighbour"):
        radii(points, 3)


def test_four_measures_by_hand() -> None:
    # Balls of the real points, k = 1: [-1, 1], [0, 2], [1, 5] without their edges.
    real = np.array([[0.0], [1.0], [3.0]])
    generated = np.array([[0.5], [4.0], [9.0]])
    found = neighbourhood(real, generated, k=1)
    assert found.density.tolist() == [2.0, 1.0, 0.0]
    assert found.precision.tolist() == [1.0, 1.0, 0.0]
    assert found.coverage.tolist() == [1.0, 1.0, 1.0]
    # Balls of the generated ones: 3.5 around 0.5 and 4, 5 around 9.
    assert found.recall.tolist() == [1.0, 1.0, 1.0]


def test_frechet_distance_by_hand() -> None:
    x = np.array([[-1.0], [1.0]])  # mean 0, variance 2
    assert frechet_distance(x, x) == pytest.approx(0, abs=1e-12)
    assert frechet_distance(x, x + 3) == pytest.approx(9)
    assert frechet_distance(x, 2 * x) == pytest.approx((np.sqrt(8) - np.sqrt(2)) ** 2)


def test_the_best_is_more_of_the_same_and_the_worst_is_far_away() -> None:
    rng = np.random.default_rng(0)
    real, same = rng.normal(size=(2, 200, 4))
    best, worst = neighbourhood(real, same), neighbourhood(real, same + 50)
    copied = neighbourhood(real, np.repeat(real[:1], 200, axis=0) + rng.normal(scale=1e-3, size=(200, 4)))
    assert best.precision.mean() > 0.9
    assert best.coverage.mean() > 0.9
    assert 0.8 < best.density.mean() < 1.2
    assert best.recall.mean() > 0.9
    assert not any(values.any() for values in (worst.density, worst.coverage, worst.precision, worst.recall))
    # One real loop again and again is precise and covers nothing.
    assert copied.precision.mean() == 1
    assert copied.coverage.mean() < 0.2
    assert frechet_distance(real, same) < frechet_distance(real, copied_points(real, rng)) < 2500


def copied_points(real: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return np.repeat(real[:1], 200, axis=0) + rng.normal(scale=1e-3, size=(200, real.shape[1]))
