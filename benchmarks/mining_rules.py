"""Two published rules for finding loops, as their papers and code describe them, to compare ours with.

`loops_by_lag` (S0): bars as vectors, z-scored over the song; the bar-to-bar Pearson matrix turned into time and lag, a
running mean over time; at each bar the lag of the second largest value is a loop's length if it is a multiple of 4.
`loops_by_equal_sets` (S2, hard): repeated runs of equal note sets in the correlative matrix of Hsu, Liu and Chen
(2001), five sets or more, from a bar line, 4 to 32 beats long, half a set a beat. `loops_by_likeness` (S2, soft): a
weighted likeness of neighbouring stretches. Both of S2 look at one part at a time; what any part shows counts.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from engine.mining.loops import SongBars
from engine.music.timing import PPQ

Found = set[tuple[int, int]]  # first bar, bars
IntArray = npt.NDArray[np.int32]

_RUNNING_MEAN_BARS = 4
_MIN_SETS, _MIN_BEATS, _MAX_BEATS, _SETS_A_BEAT = 5, 4, 32, 0.5
_SOFT_THRESHOLD, _SOFT_DRUM_THRESHOLD = 0.3, 0.1
_SOFT_BARS = (1, 2, 3, 4, 6, 8, 12, 16)


def loops_by_lag(song: SongBars, _: IntArray) -> Found:
    bars = len(song.bar_starts) - 1
    bar, place = _places(song)
    key = (song.track.astype(np.int64) * 128 + song.pitch) * 1024 + place
    _, token = np.unique(key, return_inverse=True)
    vectors = np.zeros((bars, int(token.max()) + 1))
    vectors[bar, token] = 1
    vectors = (vectors - vectors.mean(axis=0)) / (vectors.std(axis=0) + 1e-9)
    with np.errstate(invalid="ignore", divide="ignore"):
        likeness = np.nan_to_num(np.corrcoef(vectors))
    found: Found = set()
    lagged = np.full((bars, bars), -1.0)
    for lag in range(bars):
        row = np.diagonal(likeness, lag)
        width = min(_RUNNING_MEAN_BARS, len(row))
        lagged[lag, : len(row) - width + 1] = np.convolve(row, np.ones(width) / width, mode="valid")
    for start in range(bars - 1):
        lag = int(np.argsort(-lagged[:, start], kind="stable")[1])
        if lag and lag % 4 == 0 and start + 2 * lag <= bars:
            found.add((start, lag))
    return found


def loops_by_equal_sets(song: SongBars, _: IntArray) -> Found:
    found: Found = set()
    for part in np.unique(song.track):
        mine = song.track == part
        found |= set(_equal_runs(song.onset[mine], song.pitch[mine], song.duration[mine], song.bar_starts))
    return found


def _equal_runs(onset: IntArray, pitch: IntArray, duration: IntArray, starts: IntArray) -> Iterator[tuple[int, int]]:
    moments = np.unique(onset)
    sets = [
        tuple(sorted(zip(pitch[onset == moment].tolist(), duration[onset == moment].tolist(), strict=True)))
        for moment in moments
    ]
    names = {each: number for number, each in enumerate(dict.fromkeys(sets))}
    symbols = np.array([names[each] for each in sets])
    step = np.append(np.diff(moments), 0)  # equal sets must also be equally far from the next
    bar_of = {int(tick): bar for bar, tick in enumerate(starts.tolist())}
    for first in range(len(symbols)):
        bar = bar_of.get(int(moments[first]))
        if bar is None:
            continue
        beats = (moments - moments[first]) / PPQ
        for second in np.flatnonzero((symbols == symbols[first]) & (beats >= _MIN_BEATS) & (beats <= _MAX_BEATS)):
            count = second - first
            again = slice(second, min(second + count, len(symbols)))
            if again.stop - second < count or count < _MIN_SETS or count < _SETS_A_BEAT * beats[second]:
                continue
            inner = slice(0, count - 1)
            equal = (symbols[first:second] == symbols[again]).all()
            timed = (step[first:second][inner] == step[again][inner]).all()
            end = bar_of.get(int(moments[second]))
            if equal and timed and end is not None:
                yield bar, end - bar


def loops_by_likeness(song: SongBars, velocity: IntArray) -> Found:
    found: Found = set()
    bars = len(song.bar_starts) - 1
    bar, place = _places(song)
    for part in np.unique(song.track):
        mine = song.track == part
        least = _SOFT_THRESHOLD if song.rings[mine].any() else _SOFT_DRUM_THRESHOLD
        table = (bar[mine], place[mine], song.pitch[mine], velocity[mine])
        for length in _SOFT_BARS:
            for start in range(bars - 2 * length + 1):
                if _soft_likeness(table, start, length) >= least:
                    found.add((start, length))
    return found


def _soft_likeness(table: tuple[IntArray, ...], start: int, length: int) -> float:
    bar, place, pitch, velocity = table
    low, middle, high = np.searchsorted(bar, (start, start + length, start + 2 * length))
    if low == middle or middle == high:
        return 0.0
    halves = (slice(low, middle), slice(middle, high))
    pitches = [set(pitch[half].tolist()) for half in halves]
    places = [set(((bar[half] - bar[half][0]) * 1024 + place[half]).tolist()) for half in halves]
    loud = [float(velocity[half].mean()) for half in halves]
    return 0.5 * _jaccard(*pitches) + 0.3 * (1 - abs(loud[0] - loud[1]) / 127) + 0.2 * _jaccard(*places)


def _jaccard(one: set[int], other: set[int]) -> float:
    return len(one & other) / len(one | other)


def _places(song: SongBars) -> tuple[IntArray, IntArray]:
    """Return the bar and the 16th of each note."""
    bar = np.searchsorted(song.bar_starts, song.onset, side="right").astype(np.int32) - 1
    return bar, (song.onset - song.bar_starts[bar] + PPQ // 8) // (PPQ // 4)
