"""Feel: which grid a part keeps to, and how it is moved onto one.

The measure is NOMML, the *note onset median metric level* of Lee et al. (GigaMIDI, 2025): an onset's level is 2i
for the first i in 0 … 5 with the onset on the grid of 2ⁱ a quarter, else 2i + 1 for the first on the grid
of 3 · 2ⁱ in two quarters, else 12. A part's is the median. 0 quarters, 2 eighths, 4 sixteenths, 6 thirty-seconds;
odd the triplets; 12 off every grid: played by a person.

Of these, `GRID_LEVELS` exist on the model's grid of 24 steps a quarter and can be guaranteed.
"""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from engine.music.loop import Loop, Note, Track, without_overlaps
from engine.music.timing import PPQ, STEPS_PER_QUARTER, TICKS_PER_STEP

HUMAN = 12
GRID_LEVELS = (0, 1, 2, 3, 4, 5, 6, 7, 9)
FEEL_NAMES: tuple[str, ...] = (
    "quarters",
    "half triplets",
    "8ths",
    "quarter triplets",
    "16ths",
    "8th triplets",
    "32nds",
    "16th triplets",
    "64ths",
    "32nd triplets",
    "128ths",
    "64th triplets",
    "human",
)
STRAIGHT_SWING = 0.5
_DEEPEST = 5


def note_levels(onsets: npt.ArrayLike, ticks_per_quarter: int = PPQ) -> npt.NDArray[np.int32]:
    """Return the metric level, 0 to 12, of each onset.

    Args:
        onsets: Ticks from a quarter that begins a pair of quarters (such as a 4/4 bar line), [N].
        ticks_per_quarter: The unit of the onsets.
    """
    ticks = np.asarray(onsets, np.int64)
    levels = np.full(ticks.shape, HUMAN, np.int32)
    for i in range(_DEEPEST, -1, -1):
        levels[(ticks * 3 * 2**i) % (2 * ticks_per_quarter) == 0] = 2 * i + 1
    for i in range(_DEEPEST, -1, -1):
        levels[(ticks * 2**i) % ticks_per_quarter == 0] = 2 * i
    return levels


def nomml(onsets: npt.ArrayLike, ticks_per_quarter: int = PPQ) -> int:
    """Return the median level of a part's onsets, half levels floored.

    Raises:
        ValueError: There is no onset.
    """
    levels = note_levels(onsets, ticks_per_quarter)
    if not levels.size:
        raise ValueError("a part without notes has no feel")
    return int(np.floor(np.median(levels)))


def level_unit(level: int) -> int:
    """Return the spacing of a level's grid in steps.

    Raises:
        ValueError: The level is not one of `GRID_LEVELS`.
    """
    if level not in GRID_LEVELS:
        raise ValueError(f"feel {level} is no grid of {STEPS_PER_QUARTER} steps a quarter")
    i, is_triplet = divmod(level, 2)
    return 2 * STEPS_PER_QUARTER // (3 * 2**i) if is_triplet else STEPS_PER_QUARTER // 2**i


def steps_on_level(level: int, steps: int = 2 * STEPS_PER_QUARTER) -> npt.NDArray[np.bool_]:
    """Tell which steps of a bar lie on a level's grid, bool [steps].

    The pattern of the half-note triplets (level 1) comes again after two quarters, of all others after one.

    Args:
        level: One of `GRID_LEVELS`, or `HUMAN`, which allows every step.
        steps: How many, counted from the bar line.
    """
    if level == HUMAN:
        return np.ones(steps, np.bool_)
    return np.arange(steps) % level_unit(level) == 0


def quantised(
    notes: Iterable[Note],
    *,
    length: int,
    level: int = 4,
    strength: float = 1.0,
    swing: float = STRAIGHT_SWING,
) -> tuple[Note, ...]:
    """Move onsets towards a grid; durations stay, unless the next note of the pitch or the end cuts them.

    Args:
        notes: Notes of one part of a loop.
        length: Ticks of the loop. A note nearest to the loop's end goes to its beginning: it is the same place.
        level: The grid, one of `GRID_LEVELS`.
        strength: 0 leaves the notes where they are, 1 puts them on the grid.
        swing: Where the second of two grid lines stands between its neighbours: 0.5 straight, 0.667 a triplet,
            as drum machines count it; 0.5 to 0.75.

    Raises:
        ValueError: The level is no grid, or strength or swing is out of range.
    """
    if not (0.0 <= strength <= 1.0 and 0.5 <= swing <= 0.75):
        raise ValueError(f"strength {strength} or swing {swing} is out of range")
    unit = level_unit(level) * TICKS_PER_STEP
    moved = [_moved(note, unit, strength, swing, length) for note in notes]
    return without_overlaps(moved)


def _moved(note: Note, unit: int, strength: float, swing: float, length: int) -> Note:
    goal = nearest_line(note.onset, unit, swing)
    onset = round(note.onset + strength * (goal - note.onset)) % length
    return replace(note, onset=onset, duration=min(note.duration, length - onset))


def nearest_line(onset: int, unit: int, swing: float) -> int:
    """Return the line of a grid of `unit` ticks that is nearest to an onset; see `quantised` for swing."""
    pair = onset // (2 * unit) * 2 * unit
    lines = (pair, pair + round(2 * unit * swing), pair + 2 * unit)
    return min(lines, key=lambda line: abs(line - onset))


def quantised_track(
    track: Track, loop: Loop, *, level: int = 4, strength: float = 1.0, swing: float = STRAIGHT_SWING
) -> Track:
    """Return a part of `loop` with its onsets moved towards a grid; see `quantised`."""
    notes = quantised(track.notes, length=loop.length, level=level, strength=strength, swing=swing)
    return replace(track, notes=notes)
