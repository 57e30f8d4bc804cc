"""Groove: how a player leans against the grid, taken from one part and given to another.

A template says for every grid line of a bar how early or late, and how loud, its notes are on average. It is
what DAWs call a groove; ours is taken from any part, such as live drums, and laid on what is written.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from engine.music.feel import level_unit
from engine.music.loop import Note, without_overlaps
from engine.music.timing import TICKS_PER_STEP


@dataclass(frozen=True, slots=True)
class Groove:
    """What a player does on each grid line of a bar.

    Attributes:
        unit: Ticks between grid lines.
        offsets: Ticks that notes come late (early if negative), one for each line of a bar.
        accents: How much louder than the part's mean notes are, as a ratio, one for each line.
    """

    unit: int
    offsets: tuple[int, ...]
    accents: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.offsets or len(self.offsets) != len(self.accents):
            raise ValueError("a groove needs as many accents as offsets, and one at least")


def groove_of(notes: Iterable[Note], *, ticks_per_bar: int, level: int | None = None) -> Groove:
    """Take the groove of a part.

    Args:
        notes: Its notes; a line on which none falls gets no offset and no accent.
        ticks_per_bar: Of the loop's meter.
        level: The grid that they lean against, one of `engine.music.feel.GRID_LEVELS`; None for 16ths, or for 32nds
            where a bar is no whole number of 16ths.

    Raises:
        ValueError: There are no notes, or the bar is no whole number of grid units.
    """
    if level is None:
        level = 4 if ticks_per_bar % (level_unit(4) * TICKS_PER_STEP) == 0 else 6
    unit = level_unit(level) * TICKS_PER_STEP
    lines, rest = divmod(ticks_per_bar, unit)
    table = np.array([(note.onset, note.velocity) for note in notes], np.float64).reshape(-1, 2)
    if rest or not len(table):
        raise ValueError("a groove needs notes, and a bar of whole grid units")
    nearest = np.floor(table[:, 0] / unit + 0.5).astype(np.int64)
    line = nearest % lines
    count = np.maximum(np.bincount(line, minlength=lines), 1)
    late = np.bincount(line, weights=table[:, 0] - nearest * unit, minlength=lines) / count
    loud = np.bincount(line, weights=table[:, 1] / table[:, 1].mean() - 1, minlength=lines) / count + 1
    return Groove(unit, tuple(round(x) for x in late.tolist()), tuple(round(x, 3) for x in loud.tolist()))


def with_groove(
    notes: Iterable[Note], groove: Groove, *, length: int, strength: float = 1.0, accent: float = 1.0
) -> tuple[Note, ...]:
    """Lay a groove on the notes of a part.

    Args:
        notes: Their own distance to the grid is replaced as far as `strength` goes.
        groove: What to lay on them.
        length: Ticks of the loop; a note pushed before its beginning comes at the beginning.
        strength: 0 to 1, of the timing.
        accent: 0 to 1, of the loudness.

    Raises:
        ValueError: Strength or accent is out of range.
    """
    if not (0.0 <= strength <= 1.0 and 0.0 <= accent <= 1.0):
        raise ValueError(f"strength {strength} or accent {accent} is out of range")
    return without_overlaps(_grooved(note, groove, length, strength, accent) for note in notes)


def _grooved(note: Note, groove: Groove, length: int, strength: float, accent: float) -> Note:
    onset = min(max(leaned_onset(note.onset, groove, strength), 0), length - 1)
    velocity = accented_velocity(note, groove, accent)
    return replace(note, onset=onset, duration=min(note.duration, length - onset), velocity=velocity)


def leaned_onset(onset: int, groove: Groove, strength: float) -> int:
    """Return where a groove has a note begin, in ticks; below 0 where it is early on the first line."""
    nearest = (onset + groove.unit // 2) // groove.unit
    goal = nearest * groove.unit + groove.offsets[nearest % len(groove.offsets)]
    return round(onset + strength * (goal - onset))


def accented_velocity(note: Note, groove: Groove, accent: float) -> int:
    """Return how loud a groove has a note be."""
    nearest = (note.onset + groove.unit // 2) // groove.unit
    ratio = groove.accents[nearest % len(groove.accents)]
    return min(max(round(note.velocity * (1 + accent * (ratio - 1))), 1), 127)
