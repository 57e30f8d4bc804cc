"""Tempo and bar 1 are told from when notes begin."""

import numpy as np
import pytest

from engine.music.bar_lines import in_common_time
from engine.music.played import PlayedNotes
from engine.music.tempo import LOWEST_BPM, find_timing
from engine.music.timing import Meter

GROOVE = (
    (0, 36),
    (2, 42),
    (4, 38),
    (4, 42),
    (6, 42),
    (7, 36),
    (8, 36),
    (10, 42),
    (12, 38),
    (12, 42),
    (14, 42),
    (0, 42),
    (8, 42),
)


def drums(bpm: float, *, bars: int = 8, start: float = 1.0, spread: float = 0.0, seed: int = 0) -> PlayedNotes:
    """Play a rock beat; sixteenths and keys of `GROOVE`."""
    rng = np.random.default_rng(seed)
    rows = sorted((bar * 16 + step, key) for bar in range(bars) for step, key in GROOVE)
    onset = np.array([step * 15 / bpm for step, _ in rows]) + start + rng.uniform(-spread, spread, len(rows))
    order = np.argsort(onset, kind="stable")
    keys = np.array([key for _, key in rows])[order]
    loud = rng.integers(80, 110, len(rows))
    return PlayedNotes(onset[order], np.full(len(rows), 0.1), keys, loud, np.ones(len(rows), bool))


@pytest.mark.parametrize("bpm", [72.0, 97.0, 120.0, 133.5, 160.0])
@pytest.mark.parametrize("spread", [0.0, 0.012])
def test_a_beat_has_its_tempo_and_bar_one(bpm: float, spread: float) -> None:
    found = find_timing(drums(bpm, spread=spread))
    assert found.bpm == pytest.approx(bpm, rel=0.01)
    assert found.bar_one_seconds == pytest.approx(1.0, abs=0.03)


def test_a_known_tempo_is_kept_and_only_bar_one_is_sought() -> None:
    found = find_timing(drums(100.0, start=2.37), bpm=100.0)
    assert found.bpm == 100.0
    assert found.bar_one_seconds == pytest.approx(2.37, abs=0.03)


def test_other_tempi_are_offered() -> None:
    found = find_timing(drums(90.0))
    assert any(other == pytest.approx(180.0, rel=0.02) or other == pytest.approx(45.0, rel=0.02)
               or other == pytest.approx(60.0, rel=0.02) for other in found.alternatives)  # fmt: skip
    assert all(other >= LOWEST_BPM for other in found.alternatives)


def test_too_few_notes_leave_the_usual_tempo() -> None:
    few = drums(90.0, bars=1)
    three = PlayedNotes(*(getattr(few, name)[:3] for name in ("onset", "duration", "pitch", "velocity", "is_drum")))
    assert (find_timing(three).bpm, find_timing(three).confidence) == (120.0, 0.0)


def test_a_grid_that_is_kept_for_minutes_does_not_drift() -> None:
    found = find_timing(drums(123.45, bars=120, spread=0.01))
    assert found.bpm == pytest.approx(123.45, abs=0.03)


def test_bars_of_other_meters_are_seen_like_common_time() -> None:
    profile = np.zeros((2, Meter(3, 4).ticks_per_bar // 120))
    profile[0, 0], profile[1, 4] = 1.0, 1.0
    seen = in_common_time(profile)
    assert seen[0, 0] == 1.0
    assert seen[1, [4, 8, 12]].tolist() == pytest.approx([1 / 3] * 3)
