"""The seam: a cut a beat late is worse than the right one, and the surprise is asked bar by bar."""

import numpy as np
import pytest

from engine.inference.tables import FloatArray
from engine.representation.vocabulary import Column, Field, Kind
from tests.helpers.sheets import made_loop
from training.evaluation.damage import moved, truncated
from training.evaluation.seam import ringing_share, seam_surprise, turned


class PitchCounter:
    """Finds every note as unlikely as its pitch is high: a loop's surprise can be computed by hand."""

    def score(self, rows: np.ndarray, labels: np.ndarray) -> FloatArray:
        nll = np.zeros(labels.shape, np.float32)
        nll[..., Field.PITCH] = np.where(labels[..., Field.KIND] == Kind.NOTE, labels[..., Field.PITCH], 0)
        return nll


def test_surprise_is_that_of_the_first_bar_against_the_others() -> None:
    sheet = made_loop(0)
    found = seam_surprise(PitchCounter(), sheet)  # pyright: ignore[reportArgumentType] it only scores
    pitch, bar = sheet.notes.pitch, sheet.notes.bar
    assert found is not None
    assert found.seam == pytest.approx(pitch[bar == 0].mean())
    assert found.inner == pytest.approx(pitch[bar > 0].mean())
    assert found.ratio == pytest.approx(found.seam / found.inner)


def test_a_loop_without_a_first_bar_or_of_one_bar_has_no_seam() -> None:
    assert seam_surprise(PitchCounter(), made_loop(0, bars=1)) is None  # pyright: ignore[reportArgumentType]
    assert seam_surprise(PitchCounter(), turned(truncated(made_loop(0)), 3)) is None  # pyright: ignore[reportArgumentType]


def test_turning_keeps_the_notes() -> None:
    sheet = made_loop(5)
    there = turned(sheet, 1)
    assert turned(there, 3).notes.pitch.tolist() == sheet.notes.pitch.tolist()
    assert there.notes.bar.max() == 3


def test_what_rings_to_the_end() -> None:
    sheet = made_loop(1)
    # Begun an 8th later, the last bar's end lies within the chord that was struck at the first bar's beginning.
    assert ringing_share(moved(sheet, 12)) > ringing_share(sheet)
    assert ringing_share(truncated(sheet)) == 0


def test_moved_by_whole_bars_is_turned() -> None:
    sheet = made_loop(4)
    assert moved(sheet, 96).notes.pitch.tolist() == turned(sheet, 1).notes.pitch.tolist()
    assert Column.BAR in Column
