"""What was played or heard, in seconds: all that tempo, bar lines and meter are told from."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

_KINDS_OF_DRUM = (
    (35, 36),  # kicks
    (37, 38, 39, 40),  # snares
    (42, 44, 46, 51, 53, 59, 22, 26),  # hats and rides
    (49, 52, 55, 57),  # crashes
    (41, 43, 45, 47, 48, 50, 58),  # toms
)
CHANNELS = 3 + len(_KINDS_OF_DRUM)
_LOW_PERCENT, _LONG = 35, 1.5


@dataclass(frozen=True, slots=True, eq=False)
class PlayedNotes:
    """Notes in seconds, by onset. A beginning in a sound is one as well: how loud it is stands for its strength.

    Attributes:
        onset: float64 [N].
        duration: float64 [N], seconds.
        pitch: int64 [N].
        velocity: int64 [N].
        is_drum: bool [N].
    """

    onset: FloatArray
    duration: FloatArray
    pitch: IntArray
    velocity: IntArray
    is_drum: BoolArray

    @classmethod
    def of_rows(cls, rows: Iterable[tuple[float, float, int, int, bool]]) -> "PlayedNotes":
        """Return notes given one by one, in the order of the fields and in any order of time."""
        onset, duration, pitch, velocity, is_drum = np.array(sorted(rows), np.float64).reshape(-1, 5).T
        return cls(onset, duration, pitch.astype(np.int64), velocity.astype(np.int64), is_drum > 0)

    def first(self, seconds: float) -> "PlayedNotes":
        """Return those that begin up to so many seconds after the first."""
        early = self.onset <= self.onset[:1] + seconds
        return PlayedNotes(
            self.onset[early], self.duration[early], self.pitch[early], self.velocity[early], self.is_drum[early]
        )

    @property
    def is_low(self) -> BoolArray:
        """Which notes are low ones of this music, [N]."""
        pitched = ~self.is_drum
        return pitched & (self.pitch <= (np.percentile(self.pitch[pitched], _LOW_PERCENT) if pitched.any() else 0))

    def channels(self) -> FloatArray:
        """Return how much each note counts among all, low and long notes and each kind of drum, [`CHANNELS`, N]."""
        loud = (self.velocity / 127.0) ** 0.5
        pitched = ~self.is_drum
        long = np.median(self.duration[pitched]) * _LONG if pitched.any() else 0
        kinds = [np.isin(self.pitch, keys) & self.is_drum for keys in _KINDS_OF_DRUM]
        return loud * np.array([np.ones(len(loud)), self.is_low, pitched & (self.duration >= long), *kinds])
