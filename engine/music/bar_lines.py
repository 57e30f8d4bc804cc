"""Where bars begin, told from what falls on their sixteenths.

A stretch of eight bars is turned to each of its sixteenths in turn; a small network judges each turn. Songs have bars
that are half as long, or a beat longer, so that stretches need not agree: the likeliest turn at the beginning is that
of a hidden Markov model whose turn seldom changes from one stretch to the next.
"""

import numpy as np

from engine.music.judging import judged
from engine.music.played import FloatArray
from engine.music.slots import SLOTS, Slots
from engine.music.timing import PPQ, Meter

WINDOW_BARS = 8
_COMMON = 4 * SLOTS
_WEIGHT = 0.7  # of what a stretch says: its notes are not independent
_CHANGED = 0.03  # likelihood that bars are counted otherwise in the next stretch


def slots_a_bar(meter: Meter) -> int:
    return max(meter.ticks_per_bar * SLOTS // PPQ, 1)


def likely_turns(slots: Slots, meter: Meter, *, prior: FloatArray | None = None) -> FloatArray:
    """Return how likely each sixteenth of the first bar is where a bar begins, [sixteenths a bar].

    Args:
        slots: The music.
        meter: Of its bars.
        prior: What is known beforehand, in nats, [sixteenths a bar].
    """
    scores = judged("bar", turned(bar_profiles(slots, meter))) * _WEIGHT
    scores -= scores.max(axis=1, keepdims=True)
    likely = np.exp(scores)
    count = likely.shape[1]
    later = np.ones(count)
    for here in likely[:0:-1]:
        later = (1 - _CHANGED) * here * later + _CHANGED * (here * later).mean()
        later /= later.max()
    first = likely[0] * later * np.exp(0.0 if prior is None else prior)
    return first / first.sum()


def bar_profiles(slots: Slots, meter: Meter) -> FloatArray:
    """Return what falls on each sixteenth of a bar, and what falls there in few bars only, [windows, rows, slots]."""
    count = slots_a_bar(meter)
    return np.concatenate([slots.bars(count, WINDOW_BARS), slots.departures(count, WINDOW_BARS)], axis=1)


def turned(profiles: FloatArray) -> FloatArray:
    """Return profiles [windows, rows, slots] begun at each of their slots, [windows, slots, features]."""
    count = profiles.shape[2]
    turns = [in_common_time(np.roll(profiles, -turn, axis=2)).reshape(len(profiles), -1) for turn in range(count)]
    return np.stack(turns, axis=1)


def in_common_time(profiles: FloatArray) -> FloatArray:
    """Return profiles of bars, [..., rows, slots], as if they were bars of 4/4, [..., rows, 16].

    A bar of another length has its first sixteenth; its other quarters, eighths and sixteenths stand for those of
    their kind, on average.
    """
    slots = profiles.shape[-1]
    if slots == _COMMON:
        return profiles
    kinds = np.array([0 if at % 4 == 0 else 1 if at % 2 == 0 else 2 for at in range(max(slots, _COMMON))])
    result = np.zeros((*profiles.shape[:-1], _COMMON))
    result[..., 0] = profiles[..., 0]
    for kind in range(3):
        theirs, ours = np.flatnonzero(kinds[1:slots] == kind) + 1, np.flatnonzero(kinds[1:_COMMON] == kind) + 1
        if len(theirs):
            result[..., ours] = profiles[..., theirs].sum(axis=-1, keepdims=True) / len(ours)
    return result
