"""Intervals: hand-computed where they can be, and honest about how often they hold the truth."""

import math

import numpy as np

from training.evaluation.statistics import mean_figure, ratio_figure


def test_a_mean_of_equal_values_is_certain() -> None:
    figure = mean_figure([3.0] * 10)
    assert (figure.value, figure.low, figure.high, figure.n) == (3.0, 3.0, 3.0, 10)


def test_what_is_not_finite_is_left_out() -> None:
    assert mean_figure([1.0, math.nan, 3.0]).n == 2
    assert not mean_figure([]).is_known


def test_a_ratio_is_of_totals() -> None:
    assert ratio_figure([10.0, 2.0], [5, 1]).value == 2.0
    assert ratio_figure([9.0, 1.0], [1, 9]).value == 1.0


def test_the_same_seed_gives_the_same_interval() -> None:
    values = np.random.default_rng(0).normal(size=50)
    assert mean_figure(values, seed=4) == mean_figure(values, seed=4)
    assert mean_figure(values, seed=4) != mean_figure(values, seed=5)


def test_about_95_of_100_intervals_hold_the_truth() -> None:
    rng = np.random.default_rng(1)
    figures = [mean_figure(rng.normal(size=60), seed=i, resamples=300) for i in range(200)]
    assert 0.90 <= np.mean([f.low <= 0 <= f.high for f in figures]) <= 0.99
