"""The ruler of cuts: best for loops that begin at a bar line, worst for those begun late, blind to what is no cut."""

import numpy as np
import pytest

from tests.helpers.sheets import made_loop
from training.augment import transposed
from training.evaluation.cut import LATE_BEATS, CutScale, cut_features, percentiles
from training.evaluation.damage import begun_late, randomised
from training.evaluation.seam import turned

LOOPS = [made_loop(seed) for seed in range(12)]


def test_real_loops_are_best_late_ones_worst() -> None:
    scale = CutScale.open()
    right = scale.score(LOOPS)
    for beats in LATE_BEATS:
        assert (right > scale.score([begun_late(sheet, beats) for sheet in LOOPS])).all()
    noise = scale.score([randomised(sheet, np.random.default_rng(0)) for sheet in LOOPS])
    assert (right > noise).all()


def test_a_loop_begun_late_is_righted_by_the_beats_that_are_missing() -> None:
    scale = CutScale.open()
    again = scale.score([begun_late(begun_late(sheet), 3) for sheet in LOOPS])
    assert again == pytest.approx(scale.score(LOOPS), abs=2)  # what was cut off stays short


def test_turning_by_bars_and_transposing_change_little() -> None:
    sheet = LOOPS[0]
    here = cut_features(sheet)
    assert cut_features(transposed(sheet, 3)) == pytest.approx(here)
    assert np.abs(cut_features(turned(sheet, 2)) - here).sum() < 2
    assert np.abs(cut_features(begun_late(sheet)) - here).sum() > 5


def test_a_ruler_learns_what_tells_cuts_apart() -> None:
    scale = CutScale.fit(LOOPS[:8], strength=1.0)
    held = LOOPS[8:]
    assert (scale.score(held) > scale.score([begun_late(sheet) for sheet in held])).all()


def test_percentiles_are_shares_of_what_is_lower() -> None:
    assert percentiles(np.array([0.0, 2.5, 9.0]), np.array([3.0, 1.0, 2.0, 4.0])).tolist() == [0, 0.5, 1]
