"""Loops of our own making, for measures: four bars of drums, bass and keys that differ from seed to seed."""

import numpy as np

from engine.music.general_midi import Role
from engine.music.timing import TICKS_PER_STEP
from engine.representation.sheet import Sheet

CHORDS = ((0, 4, 7), (9, 12, 16), (5, 9, 12), (7, 11, 14))


def made_loop(seed: int = 0, *, bars: int = 4, root: int = 48) -> Sheet:
    """Return a loop: kick, snare and hats; a bass on the chord's root; chords and a figure of their tones."""
    rng = np.random.default_rng(seed)
    columns: list[tuple[int, int, int, int, int]] = []
    rhythm = np.sort(rng.permutation(np.arange(1, 16))[:5])
    figure = rng.integers(3, size=8)
    order = rng.permutation(4)
    for bar in range(bars):
        chord = CHORDS[order[bar % 4]]
        start = bar * 96
        columns += [(0, start + 24 * beat, 6, 36 if beat % 2 == 0 else 38, 100) for beat in range(4)]
        columns += [(0, start + 12 * n, 6, 42, 70) for n in range(8)]
        columns += [(1, start + 6 * int(s), 6, root - 12 + chord[0] + int(s) % 2 * 7, 90) for s in (0, *rhythm)]
        columns += [(2, start, 44, root + tone, 70) for tone in chord]
        columns += [(3, start + 12 * n, 10, root + 24 + chord[figure[n]], 80) for n in range(8)]
    table = np.array(columns)
    ticks = TICKS_PER_STEP
    return Sheet.from_ticks(
        track=table[:, 0],
        onset=table[:, 1] * ticks,
        duration=table[:, 2] * ticks,
        pitch=table[:, 3],
        velocity=table[:, 4],
        roles=(Role.DRUMS, Role.BASS, Role.KEYS, Role.LEAD),
        programs=(0, 33, 4, 80),
        bars=bars,
    )
