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


def shortest_run(alike: BoolArray, period: int, accidents: float) -> int:
    """Return how many pairs of like bars in a row are no accident.

    Args:
        alike: Which bars are like which, [bars, bars], no bar like itself.
        period: Distance of the pairs, in bars.
        accidents: How many such runs shuffled bars may show, on average.

    Returns:
        The run's length; more than there are pairs if no run can be believed.
    """
    bars = len(alike)
    others = alike.sum(axis=1)  # bars that are like each
    if period == 1 and others.mean() >= _ONE_BAR_SHARE * (bars - 1):
        return 1  # one bar from beginning to end: no order could be told from another
    most_links = -(-bars // period) + 1
    chains = np.empty(most_links + 1)  # log of the chance that a bar and m later ones of its chain are all alike
    chance_of_bar = np.ones(bars)
    for links in range(most_links + 1):
        chains[links] = np.log(max(float(chance_of_bar.mean()), 1e-300))
        chance_of_bar *= np.maximum(others - links, 0) / max(bars - 1 - links, 1)
    runs = np.arange(1, max(bars - period, 0) + 1)
    links, longer = np.divmod(runs, period)
    chance = longer * chains[np.minimum(links + 1, most_links)] + (period - longer) * chains[links]
    places = np.maximum(bars - period - runs + 1, 1)
    rare = np.flatnonzero(np.log(places) + chance <= np.log(accidents))
    return int(runs[rare[0]]) if len(rare) else bars


def run_lengths(alike: BoolArray, period: int) -> npt.NDArray[np.int64]:
    """Return for every start the length of the run of like pairs that a loop there rests on.

    Args:
        alike: Which bars are like the one `period` bars later, [bars − period].
        period: In bars.

    Returns:
        [bars − 2 · period + 1]: like pairs within the loop, and those that join on either side without a gap.
    """
    count = len(alike)
    starts = np.arange(count - period + 1)
    breaks = np.flatnonzero(~alike)
    first = np.insert(breaks, 0, -1)[np.searchsorted(breaks, starts)] + 1
    last = np.append(breaks, count)[np.searchsorted(breaks, starts + period)]
    inside = np.convolve(alike, np.ones(period, np.int64), mode="valid")
    return inside + (starts - first) + (last - starts - period)
