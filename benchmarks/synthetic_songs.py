"""Songs with known loops, made from a seed: drums, bass, keys, guitar and, if wanted, a voice that never repeats.

A song is: bars that do not repeat, a loop, bars that do not repeat, another loop, bars that do not repeat. The drums
of a loop keep one pattern with a fill at its end, as drummers do; bass and chords change from bar to bar.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.mining.loops import SongBars
from engine.music.timing import PPQ, Meter, ticks_from_seconds

DRUMS, BASS, KEYS, GUITAR, VOICE = range(5)
STRAIGHT, SWUNG, PLAYED = FEELS = ("straight", "swung", "played")
SPREAD_SECONDS = 0.015

Rows = list[tuple[int, int, int, int, int]]  # part, 16th of the bar, length in 16ths, pitch, velocity
IntArray = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Condition:
    """What a song is like; periods in bars."""

    period: int
    meter: Meter
    feel: str
    has_voice: bool


@dataclass(frozen=True, slots=True)
class KnownLoop:
    """A loop that was written: its first bar, the bar after its last pass, its length."""

    start_bar: int
    end_bar: int
    bars: int


@dataclass(frozen=True, slots=True)
class KnownSong:
    """A song and the loops in it; `velocity` is one a note of `bars`."""

    song: SongBars
    velocity: IntArray
    loops: tuple[KnownLoop, ...]


def known_song(condition: Condition, seed: int) -> KnownSong:
    """Write a song in which two loops of the condition's period are played."""
    rng = np.random.default_rng([seed, condition.period, condition.meter.numerator, FEELS.index(condition.feel)])
    steps = condition.meter.ticks_per_bar * 4 // PPQ
    bars: list[Rows] = []
    loops: list[KnownLoop] = []
    for _ in range(2):
        bars += [_bar(rng, steps, _drums(rng, steps)) for _ in range(rng.integers(3, 7))]
        passes = int(rng.integers(6, 10)) if condition.period == 1 else int(rng.integers(2, 5))
        if condition.period == 2:
            passes += 1
        loops.append(KnownLoop(len(bars), len(bars) + passes * condition.period, condition.period))
        bars += _loop(rng, steps, condition.period) * passes
    bars += [_bar(rng, steps, _drums(rng, steps)) for _ in range(rng.integers(3, 7))]
    if condition.has_voice:
        bars = [bar + _voice(rng, steps) for bar in bars]
    return KnownSong(*_performed(rng, bars, condition), tuple(loops))


def one_part_song(condition: Condition, seed: int) -> tuple[KnownSong, int]:
    """Write a song of which only one part goes round; return it and the part."""
    known = known_song(condition, seed)
    rng = np.random.default_rng([seed, 7])
    part = int(rng.choice([DRUMS, BASS, KEYS]))
    steps = condition.meter.ticks_per_bar * 4 // PPQ
    count = len(known.song.bar_starts) - 1
    others, loud = _performed(rng, [_bar(rng, steps, _drums(rng, steps)) for _ in range(count)], condition)
    mine, theirs = known.song.track == part, others.track != part

    def both(name: str) -> Any:
        return np.concatenate([getattr(known.song, name)[mine], getattr(others, name)[theirs]])

    song = SongBars(both("track"), both("onset"), both("duration"), both("pitch"), known.song.bar_starts, both("rings"))
    return KnownSong(song, np.concatenate([known.velocity[mine], loud[theirs]]), known.loops), part


def _loop(rng: np.random.Generator, steps: int, period: int) -> list[Rows]:
    groove = _drums(rng, steps)
    bars = [_bar(rng, steps, groove) for _ in range(period - 1)]
    return [*bars, _bar(rng, steps, [*groove, *_fill(rng, steps)])]


def _drums(rng: np.random.Generator, steps: int) -> Rows:
    hats: Rows = [(DRUMS, step, 1, 42, 80) for step in range(0, steps, 2)]
    kicks: Rows = [(DRUMS, int(step), 1, 36, 110) for step in rng.choice(steps, 3, replace=False)]
    snares: Rows = [(DRUMS, int(step), 1, 38, 100) for step in rng.choice(steps, 2, replace=False)]
    return hats + kicks + snares


def _fill(rng: np.random.Generator, steps: int) -> Rows:
    return [(DRUMS, step, 1, int(rng.choice([41, 45, 48])), 100) for step in range(steps - 3, steps)]


def _bar(rng: np.random.Generator, steps: int, drums: Rows) -> Rows:
    """Write a bar of a random chord of C major over the given drums."""
    root = int(rng.choice([0, 2, 4, 5, 7, 9]))
    triad = [(root + step) % 12 for step in (0, 4 if root in (0, 5, 7) else 3, 7)]
    bass_steps = sorted(rng.choice(steps, rng.integers(3, 6), replace=False).tolist())
    bass: Rows = [(BASS, step, 2, 36 + int(rng.choice([root, triad[2], root])), 90) for step in bass_steps]
    stabs = sorted(rng.choice(np.arange(0, steps, 2), 2, replace=False).tolist())
    keys: Rows = [(KEYS, step, 2, 60 + pitch, 80) for step in stabs for pitch in triad]
    picks = sorted(rng.choice(steps, rng.integers(4, 8), replace=False).tolist())
    guitar: Rows = [(GUITAR, step, 1, 48 + int(rng.choice(triad)), 75) for step in picks]
    return [*drums, *bass, *keys, *guitar]


def _voice(rng: np.random.Generator, steps: int) -> Rows:
    places = sorted(rng.choice(steps, rng.integers(3, 8), replace=False).tolist())
    return [(VOICE, step, 2, int(rng.integers(60, 80)), 100) for step in places]


def _performed(rng: np.random.Generator, bars: list[Rows], condition: Condition) -> tuple[SongBars, IntArray]:
    """Return the bars as a song in the condition's feel, and its velocities."""
    length = condition.meter.ticks_per_bar
    table = np.array([(*row, bar) for bar, rows in enumerate(bars) for row in rows])
    part, step, size, pitch, velocity, bar = table.T
    onset = (step * PPQ // 4).astype(np.float64)
    duration = np.minimum(size * PPQ // 4, length - step * PPQ // 4).astype(np.float64) - 20
    if condition.feel == SWUNG:
        swing = rng.uniform(0.56, 0.68)
        quarter, within = np.divmod(onset, PPQ)
        half = PPQ / 2
        late = within >= half
        bent = np.where(late, swing * PPQ + (within - half) * (1 - swing) * 2, within * swing * 2)
        onset = np.where(quarter * PPQ + PPQ <= length, quarter * PPQ + bent, onset)
    onset += bar * length
    if condition.feel == PLAYED:
        spread = ticks_from_seconds(SPREAD_SECONDS, float(rng.uniform(80, 170)))
        onset += rng.uniform(-spread, spread, len(onset))
        duration *= rng.uniform(0.7, 1.0, len(onset))
        velocity = velocity + rng.integers(-15, 16, len(velocity))
    starts = np.arange(len(bars) + 1) * length
    columns = (part, np.maximum(np.rint(onset), 0), np.maximum(np.rint(duration), 1), pitch, starts)
    return SongBars(*(c.astype(np.int32) for c in columns), rings=part != DRUMS), velocity.astype(np.int32)
