"""The seam as a model hears it, with models whose taste is known."""

import numpy as np
import numpy.typing as npt
import pytest

from engine.inference.ranking import rank_seams
from engine.inference.tables import FloatArray
from engine.music.general_midi import Role
from engine.music.loop import Loop, Note, Track
from engine.representation.vocabulary import Field, Rows
from tests.helpers.stubborn_model import StubbornModel


class AfraidOfHeights(StubbornModel):
    """Finds a note the less likely the higher it is: one nat a semitone."""

    def score(self, rows: Rows, labels: npt.NDArray[np.int64]) -> FloatArray:
        return np.where(np.arange(len(Field)) == Field.PITCH, np.maximum(labels, 0), 0).astype(np.float32)


def bass(*pitches_of_bars: tuple[int, ...]) -> Loop:
    notes = tuple(
        Note(1920 * bar + 480 * beat, pitch, 240)
        for bar, pitches in enumerate(pitches_of_bars)
        for beat, pitch in enumerate(pitches)
    )
    return Loop(bars=len(pitches_of_bars), tracks=(Track(Role.BASS, notes),))


def test_a_loop_of_equal_bars_joins_as_it_goes_on() -> None:
    assert rank_seams(AfraidOfHeights(), [bass((40, 43), (40, 43), (40, 43))]) == [0.0]


def test_a_first_bar_that_surprises_after_the_last_is_a_stumble() -> None:
    loop = bass((46, 46), (40, 40), (40, 40), (40, 40))
    assert rank_seams(AfraidOfHeights(), [loop]) == [pytest.approx(-6.0)]


def test_the_seam_counts_a_note_not_a_bar() -> None:
    loop = bass((40, 40, 40, 40), (40,), (40,))
    assert rank_seams(AfraidOfHeights(), [loop]) == [pytest.approx(0.0)]


def test_there_is_no_seam_of_one_bar_or_an_empty_first_one() -> None:
    assert rank_seams(StubbornModel(), [bass((40,)), bass((), (40,)), bass((40,), ())]) == [None, None, None]
