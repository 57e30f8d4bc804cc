"""What chance makes of like bars is told about right."""

import numpy as np
import pytest

from engine.mining.accidents import Accidents, run_lengths


def _alike(bars: np.ndarray) -> np.ndarray:
    alike = bars[:, None] == bars
    np.fill_diagonal(alike, val=False)
    return alike


@pytest.mark.parametrize("period", [1, 2, 4])
@pytest.mark.parametrize("kinds", [2, 5, 10])
def test_shuffled_bars_show_long_runs_no_oftener_than_told(period: int, kinds: int) -> None:
    bars = np.repeat(np.arange(kinds), 40 // kinds)
    shortest = Accidents(_alike(bars)).shortest_run(period, most=0.05)
    rng = np.random.default_rng(kinds)
    seen = 0
    for _ in range(150):
        order = rng.permutation(bars)
        pairs = order[:-period] == order[period:]
        is_gapless = np.convolve(pairs, np.ones(period, int), mode="valid") == period
        seen += bool((is_gapless & (run_lengths(pairs, period) >= shortest)).any())
    assert seen <= 0.05 * 150 * 1.5


def test_runs_are_counted_over_what_joins_them_without_a_gap() -> None:
    alike = np.array([1, 1, 1, 0, 0, 1, 1, 0], bool)
    assert run_lengths(alike, 2).tolist() == [3, 3, 3, 5, 2, 2, 2]


def test_one_bar_from_beginning_to_end_is_believed() -> None:
    assert Accidents(_alike(np.zeros(12))).shortest_run(1, most=0.001) == 1
