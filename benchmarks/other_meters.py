"""Music in other meters, made of 4/4: songs in them are rare, so that the meter's judge is fitted on these as well.

Eighths of each bar are left out or played twice: a bar without its last quarter is one of 3/4, one whose off-beats are
doubled is two of 6/8.
"""

from dataclasses import replace

import numpy as np

from benchmarks.timing_detection import TimedSong
from engine.music.played import PlayedNotes
from engine.music.timing import Meter

EIGHTHS = 8  # of a bar of 4/4
_EARLY_EIGHTHS = 0.12
# The eighths of a 4/4 bar that become bars of a meter, bar by bar.
PLANS: dict[Meter, tuple[tuple[tuple[int, ...], ...], ...]] = {
    Meter(3, 4): (((0, 1, 2, 3, 4, 5),), ((0, 1, 2, 3, 6, 7),), ((0, 1, 4, 5, 6, 7),), ((0, 1, 2, 3, 2, 3),)),
    Meter(6, 8): (((0, 1, 1, 2, 3, 3), (4, 5, 5, 6, 7, 7)), ((0, 1, 2, 4, 5, 6),), ((0, 1, 3, 4, 5, 7),)),
    Meter(5, 4): (((0, 1, 2, 3, 4, 5, 6, 7, 6, 7),), ((0, 1, 2, 3, 4, 5, 4, 5, 6, 7),)),
    Meter(7, 8): (((0, 1, 2, 3, 4, 5, 6),), ((0, 1, 2, 3, 4, 6, 7),)),
}


def in_meter(timed: TimedSong, meter: Meter, rng: np.random.Generator) -> TimedSong:
    """Return a song of 4/4 remade in another meter; what it was before its first bar line is left out."""
    plans = PLANS[meter]
    bars = plans[int(rng.integers(len(plans)))]
    eighth = 30 / timed.bpm
    notes, first = timed.notes, float(timed.bar_lines[0])
    place = (notes.onset - first) / eighth
    number = np.floor(place + _EARLY_EIGHTHS).astype(np.int64)
    within = place - number
    bar, source = np.divmod(number, EIGHTHS)
    length = sum(map(len, bars))
    onset: list[np.ndarray] = []
    taken: list[np.ndarray] = []
    for goal, wanted in enumerate(eighth for part in bars for eighth in part):
        rows = np.flatnonzero((source == wanted) & (number >= 0))
        taken.append(rows)
        onset.append(bar[rows] * length + goal + within[rows])
    rows, begin = np.concatenate(taken), np.concatenate(onset)
    order = np.argsort(begin, kind="stable")
    rows, begin = rows[order], begin[order]
    bar_eighths = len(bars[0])
    left = bar_eighths - np.mod(begin + _EARLY_EIGHTHS, bar_eighths)
    duration = np.minimum(notes.duration[rows], left * eighth)
    played = PlayedNotes(begin * eighth + 1, duration, notes.pitch[rows], notes.velocity[rows], notes.is_drum[rows])
    count = int(begin.max(initial=0) // bar_eighths) + 2
    return replace(timed, notes=played, meter=meter, bar_lines=np.arange(count) * bar_eighths * eighth + 1)
