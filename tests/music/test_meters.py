"""The meter is told from what comes again bar by bar; what is not clear is 4/4."""

import numpy as np
import pytest

from engine.music.loop import COMMON_TIME
from engine.music.meters import METERS, find_meter
from engine.music.played import PlayedNotes
from engine.music.tempo import find_timing
from engine.music.timing import Meter

ROOTS = (0, 9, 5, 7)
# Eighths of the bar on which bass, kick, snare and chord fall.
PATTERNS = {
    Meter(4, 4): ((0, 4), (0, 3, 4), (2, 6), (0, 4)),
    Meter(3, 4): ((0,), (0,), (2, 4), (2, 4)),
    Meter(6, 8): ((0, 3), (0,), (3,), (0, 1, 2, 3, 4, 5)),
    Meter(5, 4): ((0, 6), (0, 5), (2, 6), (0, 6)),
    Meter(7, 8): ((0, 4), (0, 3), (2, 4), (0, 4)),
}


def music(meter: Meter, *, bpm: float = 110.0, bars: int = 16, start: float = 0.0, seed: int = 0) -> PlayedNotes:
    """Play bass, drums and chords, a chord a bar, a little unevenly."""
    rng = np.random.default_rng(seed)
    eighth, length = 30 / bpm, meter.ticks_per_bar // 240
    rows: list[tuple[float, float, int, int, bool]] = []
    bass, kick, snare, chord = PATTERNS[meter]
    for bar in range(bars):
        root = ROOTS[bar % len(ROOTS)]
        played = [(at, 36 + root, False) for at in bass] + [(at, 36, True) for at in kick]
        played += [(at, 38, True) for at in snare] + [(at, 42, True) for at in range(length)]
        played += [(at, 60 + root + step, False) for at in chord for step in (0, 4, 7)]
        for at, pitch, is_drum in played:
            onset = start + (bar * length + at) * eighth + float(rng.uniform(0, 0.012))
            rows.append((onset, eighth, pitch, int(rng.integers(80, 110)), is_drum))
    return PlayedNotes.of_rows(rows)


@pytest.mark.parametrize("meter", METERS, ids=str)
def test_a_meter_is_told_from_notes_alone(meter: Meter) -> None:
    assert find_meter(music(meter), 110.0) == meter


@pytest.mark.parametrize("meter", [COMMON_TIME, Meter(3, 4)], ids=str)
def test_tempo_meter_and_bar_one_are_told_together(meter: Meter) -> None:
    found = find_timing(music(meter, start=1.3))
    assert (found.bpm, found.meter) == (pytest.approx(110, rel=0.01), meter)
    assert found.bar_one_seconds == pytest.approx(1.3, abs=0.04)


def test_a_meter_that_is_given_is_kept() -> None:
    assert find_timing(music(Meter(3, 4)), meter=Meter(7, 8)).meter == Meter(7, 8)


def test_what_is_short_is_in_common_time() -> None:
    assert find_meter(music(Meter(3, 4), bars=4), 110.0) == COMMON_TIME


def test_nothing_is_in_common_time() -> None:
    assert find_meter(PlayedNotes.of_rows([]), 120.0) == COMMON_TIME


@pytest.mark.parametrize("seed", range(5))
def test_notes_anywhere_are_in_common_time(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = [(float(at), 0.1, int(rng.integers(40, 80)), 90, False) for at in rng.uniform(0, 40, 200)]
    assert find_meter(PlayedNotes.of_rows(rows), 120.0) == COMMON_TIME
