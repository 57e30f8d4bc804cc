"""How often bars in a random order would show a run of repeats as long as one that was found.

A song of few different bars, put in any order, has like bars standing at any distance here and there. So a repeat
is believed only where it lasts longer than chance would make it: r pairs of like bars at a distance of p bars are p
chains of about r / p links, and a chain of m links needs m + 1 bars that are all alike.
"""

import numpy as np
import numpy.typing as npt

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]

_ONE_BAR_SHARE = 0.9  # of the pairs of bars, from which a piece is one bar played again and again


class Accidents:
    """What chance makes of the bars of a song.

    Args:
        alike: Which bars are like which, [bars, bars], no bar like itself.
    """

    def __init__(self, alike: BoolArray) -> None:
        others = alike.sum(axis=1)  # bars that are like each
        self._bars = len(alike)
        self._is_one_bar = bool(others.mean() >= _ONE_BAR_SHARE * (self._bars - 1))
        links = np.arange(int(others.max()) + 1)  # no chain has more
        chances = np.maximum(others - links[:, None], 0) / np.maximum(self._bars - 1 - links[:, None], 1)
        means = np.cumprod(chances, axis=0).mean(axis=1)
        # Log of the chance that a bar and m later ones of its chain are all alike, m = 0 …
        self._chains = np.log(np.maximum(np.concatenate([[1.0], means]), 1e-300))

    def shortest_run(self, period: int, most: float) -> int:
        """Return how many pairs of like bars in a row are no accident.

        Args:
            period: Distance of the pairs, in bars.
            most: How many such runs shuffled bars may show, on average.

        Returns:
            The run's length; more than there are pairs if no run can be believed.
        """
        if period == 1 and self._is_one_bar:
            return 1  # one bar from beginning to end: no order could be told from another
        runs = np.arange(1, max(self._bars - period, 0) + 1)
        links, longer = np.divmod(runs, period)
        longest = len(self._chains) - 1
        chance = longer * self._chains[np.minimum(links + 1, longest)]
        chance += (period - longer) * self._chains[np.minimum(links, longest)]
        places = np.maximum(self._bars - period - runs + 1, 1)
        rare = np.flatnonzero(np.log(places) + chance <= np.log(most))
        return int(runs[rare[0]]) if len(rare) else self._bars


def run_lengths(alike: BoolArray, period: int) -> npt.NDArray[np.int64]:
    """Return for every start the length of the run of like pairs that a loop there rests on.

    Args:
        alike: Which bars are like the one `period` bars later, [bars − period].
        period: In bars.

    Returns:
        [bars − 2 · period + 1]: like pairs within the loop, and those that join it on either side without a gap.
    """
    count = len(alike)
    starts = np.arange(count - period + 1)
    breaks = np.flatnonzero(~alike)
    first = np.insert(breaks, 0, -1)[np.searchsorted(breaks, starts)] + 1
    last = np.append(breaks, count)[np.searchsorted(breaks, starts + period)]
    inside = np.convolve(alike, np.ones(period, np.int64), mode="valid")
    return inside + (starts - first) + (last - starts - period)
