"""Beginnings stand out from what is around them, however short the sound."""

import numpy as np
import pytest

from engine.audio.onsets import HOP, envelope_peaks, onset_envelope
from engine.audio.reading import MODEL_RATE

SHORTEST_READ = 0.05  # seconds


def test_peaks_are_the_loudest_frames_around() -> None:
    envelope = np.zeros(200, np.float32)
    envelope[[20, 23, 90, 199]] = 0.9, 0.4, 0.5, 0.8
    assert envelope_peaks(envelope, least=0.1).tolist() == [20, 90, 199]


@pytest.mark.parametrize("frames", [1, 9, 30, 31])
def test_a_sound_of_few_frames_has_its_peaks(frames: int) -> None:
    envelope = np.zeros(frames, np.float32)
    envelope[frames // 2] = 1.0
    assert envelope_peaks(envelope, least=0.1).tolist() == [frames // 2]


def test_a_one_shot_begins_once() -> None:
    rng = np.random.default_rng(0)
    samples = np.zeros(round(SHORTEST_READ * 2 * MODEL_RATE), np.float32)
    samples[4 * HOP :] = rng.normal(0, 0.3, len(samples) - 4 * HOP)
    (frame,) = envelope_peaks(onset_envelope(samples), least=0.3)
    assert abs(frame - 4) <= 4
