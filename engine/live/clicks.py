"""The metronome: a click a beat, higher at bar lines."""

import numpy as np

from engine.live.synth import Audio, sample_of_tick
from engine.music.timing import Meter

CLICK_SECONDS = 0.03
CLICK_LEVEL = 0.3
BEAT_HZ, BAR_HZ = 1200.0, 1800.0


def click(is_bar: bool, sample_rate: int) -> Audio:
    """Return one click, float32 [n, 2]."""
    time = np.arange(int(CLICK_SECONDS * sample_rate), dtype=np.float32) / np.float32(sample_rate)
    frequency = BAR_HZ if is_bar else BEAT_HZ
    sound = CLICK_LEVEL * np.exp(-120.0 * time) * np.sin(2 * np.pi * frequency * time)
    return np.repeat(sound[:, None], 2, axis=1).astype(np.float32)


def clicks(meter: Meter, tempo_bpm: float, bars: int, sample_rate: int) -> Audio:
    """Return bars of clicks, float32 [n, 2], n being exactly as long as the bars."""
    audio = np.zeros((sample_of_tick(bars * meter.ticks_per_bar, tempo_bpm, sample_rate), 2), dtype=np.float32)
    for bar_tick in range(0, bars * meter.ticks_per_bar, meter.ticks_per_bar):
        for tick in range(bar_tick, bar_tick + meter.ticks_per_bar, meter.ticks_per_beat):
            sound = click(tick == bar_tick, sample_rate)
            start = sample_of_tick(tick, tempo_bpm, sample_rate)
            end = min(len(audio), start + len(sound))
            audio[start:end] += sound[: end - start]
    return audio
