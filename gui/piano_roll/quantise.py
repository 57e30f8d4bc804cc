"""Quantising the selection: how, as a value, and the edit. Pure."""

from dataclasses import dataclass, replace

from engine.music.feel import nearest_line
from engine.music.loop import Loop, Note
from gui.piano_roll.gestures import SHORTEST_TICKS, Edited, replaced
from gui.piano_roll.selection import Selection
from gui.piano_roll.transform import Snap

STRAIGHT_PERCENT, MOST_SWING_PERCENT = 50, 75


@dataclass(frozen=True, slots=True)
class Quantise:
    """How notes are moved to the grid.

    Attributes:
        grid: Which; None is the one that the roll shows.
        strength_percent: How much of the way.
        swing_percent: Where the second of two grid lines stands between its neighbours: 50 straight, 67 a triplet.
        moves_starts, moves_ends: What of the notes is moved.
    """

    grid: Snap | None = None
    strength_percent: int = 100
    swing_percent: int = STRAIGHT_PERCENT
    moves_starts: bool = True
    moves_ends: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.strength_percent <= 100:
            raise ValueError(f"a strength of {self.strength_percent} % is outside 0 to 100")
        if not STRAIGHT_PERCENT <= self.swing_percent <= MOST_SWING_PERCENT:
            raise ValueError(f"a swing of {self.swing_percent} % is outside 50 to 75")


def quantised(loop: Loop, selection: Selection, *, how: Quantise, snap: Snap) -> Edited:
    """Move the starts and the ends of the selected notes towards a grid; the others stay.

    A note nearest to the loop's end goes to its beginning: it is the same place. No note gets shorter than
    `SHORTEST_TICKS`, unless it was.

    Args:
        loop, selection: What is there.
        how: See `Quantise`.
        snap: The roll's grid; sixteenths where it is off.
    """
    grid = how.grid or snap
    unit = Snap.SIXTEENTH.ticks if grid is Snap.OFF else grid.ticks

    def towards(tick: int) -> int:
        line = nearest_line(tick, unit, how.swing_percent / 100)
        return round(tick + how.strength_percent / 100 * (line - tick))

    def change(note: Note) -> Note:
        onset = towards(note.onset) if how.moves_starts else note.onset
        end = towards(note.end) if how.moves_ends else onset + note.duration
        end = max(end, onset + min(SHORTEST_TICKS, note.duration))
        duration, onset = end - onset, onset % loop.length
        return replace(note, onset=onset, duration=min(duration, loop.length - onset))

    return replaced(loop, selection, change)
