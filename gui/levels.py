"""What a level meter shows: a peak in dB that falls, and whether it was ever too loud. Pure."""

import math
from dataclasses import dataclass, replace

FLOOR_DB = -48.0  # nothing below is shown
FALL_DB_A_SECOND = 24.0
FULL_SCALE = 1.0


@dataclass(frozen=True, slots=True)
class Level:
    """One meter's state.

    Attributes:
        db: The peak that is shown, from `FLOOR_DB` to 0, full scale.
        is_clipped: Whether it was above full scale since somebody cleared the mark.
    """

    db: float = FLOOR_DB
    is_clipped: bool = False

    @property
    def share(self) -> float:
        """How full the meter is, 0 to 1."""
        return 1.0 - self.db / FLOOR_DB

    def fallen(self, seconds: float) -> "Level":
        """Return the level after so long a silence."""
        return replace(self, db=max(FLOOR_DB, self.db - seconds * FALL_DB_A_SECOND))

    def emptied(self) -> "Level":
        """Return the level at its floor; the mark stays."""
        return replace(self, db=FLOOR_DB)

    def heard(self, peak: float) -> "Level":
        """Return the level once a peak was heard; 1 is full scale."""
        db = min(0.0, 20 * math.log10(peak)) if peak > 0 else FLOOR_DB
        return Level(max(self.db, db), self.is_clipped or peak > FULL_SCALE)

    def cleared(self) -> "Level":
        """Return the level without its mark."""
        return replace(self, is_clipped=False)
