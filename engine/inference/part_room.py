"""Where one part may still sound: its given and its written notes, on the grid of the whole loop.

*Room* is how many steps a note begun at a position and pitch may last: until the loop ends, its pitch sounds
again, or (with a limit on voices) all voices are taken; 0 where none may begin.
"""

import numpy as np
import numpy.typing as npt

from engine.inference.take_plan import PartRules
from engine.representation.sheet import DURATION_TABLE, nearest_duration_bin
from engine.representation.vocabulary import DRUM_DURATION, DURATION_STEPS, PITCHES

Room = npt.NDArray[np.int16]  # int16 [P, 128]
Bools = npt.NDArray[np.bool_]
_DRUM_STEPS = DURATION_STEPS[DRUM_DURATION]
# A gap may be filled by the bin nearest to it, even one a step or two longer: notes are cut where they have to end.
_REACH: npt.NDArray[np.int16] = np.array(
    [0, *(max(n, DURATION_STEPS[nearest_duration_bin(n)]) for n in range(1, DURATION_STEPS[-1] + 1))], dtype=np.int16
)


class PartRoom:
    """What sounds where in one part.

    Args:
        rules: What may be written into the part.
        total_steps: Grid steps of the loop.
    """

    def __init__(self, rules: PartRules, total_steps: int) -> None:
        self.rules = rules
        self.owes_note = not rules.anchors
        self._total = total_steps
        self._notes = [(note.start, note.end, note.pitch) for note in rules.known]
        self._places = np.arange(total_steps + 1, dtype=np.int16)
        self._sounding = np.zeros(total_steps + 1, dtype=np.int16)
        for start, end, _ in self._notes:
            self._sounding[start:end] += 1

    def write(self, start: int, pitch: int, steps: int) -> None:
        """Add a new note, in steps of the loop."""
        self.owes_note = False
        end = min(start + steps, self._total)
        self._notes.append((start, end, pitch))
        self._sounding[start:end] += 1

    def room(self, base: int, steps: int) -> Room:
        """Return int16 [P, 128]: how long a note may last before the loop ends or its pitch sounds again.

        Args:
            base: First grid step of the bar.
            steps: Grid steps of the bar, P.
        """
        columns = np.array(self._notes, dtype=np.int64).reshape(-1, 3)
        start, end, pitch = columns.T
        is_drums = self.rules.is_drums
        places = np.arange(base, base + steps, dtype=np.int64)
        if is_drums:
            room = np.full((steps, PITCHES), _DRUM_STEPS, dtype=np.int64)
        else:
            until = np.full(PITCHES, self._total, dtype=np.int64)
            is_later = start >= base + steps
            np.minimum.at(until, pitch[is_later], start[is_later])
            room = until[None, :] - places[:, None]
        for first, last, key in (columns[(start < base + steps) & (end > base)] - (base, base, 0)).tolist():
            if not is_drums and first > 0:
                room[:first, key] = np.minimum(room[:first, key], base + first - places[:first])
            room[max(first, 0) : last, key] = 0
        return _REACH[room]

    def within_voices(self, room: Room, base: int) -> Room:
        """Return `room` shortened to where another voice may sound; the same array if voices are open."""
        if self.rules.max_polyphony is None:
            return room
        is_full = self._sounding[base:] >= self.rules.max_polyphony
        is_full[-1] = True  # the loop's end
        places = self._places[: len(is_full)]
        following = np.minimum.accumulate(np.where(is_full, places, self._total)[::-1])[::-1]
        return np.minimum(room, (following - places)[: len(room), None])

    def can_sound(self, bar: int, steps: int) -> bool:
        """Tell whether any note may begin in a bar."""
        room: Room = np.where(self.rules.pitch_table(bar), self.room(bar * steps, steps), 0).astype(np.int16)
        return bool((open_rows(self.within_voices(room, bar * steps)) & self.rules.positions[bar]).any())

    def free_voices(self, base: int, steps: int) -> npt.NDArray[np.int64]:
        """Return how many voices are free at each step of a bar, int64 [P]; many where voices are open."""
        limit = PITCHES if self.rules.max_polyphony is None else self.rules.max_polyphony
        return limit - self._sounding[base : base + steps].astype(np.int64)


def open_rows(room: Room) -> Bools:
    """Tell which positions have a legal pitch, bool [P]."""
    return np.asarray(room.any(axis=1))


def longest_bin(steps: int) -> int:
    """Return the longest duration bin within a number of steps, 1 or more."""
    return int(np.searchsorted(DURATION_TABLE, max(steps, 1), side="right")) - 1
