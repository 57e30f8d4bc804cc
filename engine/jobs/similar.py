"""What the window asks about takes that sound alike."""

from dataclasses import dataclass

from engine.jobs.library import TakeRow
from engine.jobs.numbers import NO_JOB

MOST_SIMILAR, MOST_ON_MAP = 50, 5000


@dataclass(frozen=True, slots=True)
class FindSimilar:
    """Find takes like one of the library. Answered by `SimilarFound`."""

    library_id: int
    limit: int = MOST_SIMILAR
    job: int = NO_JOB


@dataclass(frozen=True, slots=True)
class MapLibrary:
    """Place takes on a map. Answered by `LibraryMapped`."""

    limit: int = MOST_ON_MAP
    job: int = NO_JOB


@dataclass(frozen=True, slots=True)
class DescribeTake:
    """Say in a few words what a take is like. Answered by `TakeDescribed`."""

    library_id: int
    job: int = NO_JOB


@dataclass(frozen=True, slots=True)
class SimilarFound:
    """Takes like another, most alike first.

    Attributes:
        rows: The takes.
        likeness: Cosine of each with the one asked about, up to 1.
        waiting: Takes that were not compared yet: ask again.
    """

    rows: tuple[TakeRow, ...]
    likeness: tuple[float, ...]
    waiting: int


@dataclass(frozen=True, slots=True)
class LibraryMapped:
    """Takes as points; what lies near each other sounds alike.

    Attributes:
        ids: Their rows.
        x, y: Their places, −1 to 1.
        written: The roles that were written in each, parted by spaces.
        waiting: Takes that have no place yet: ask again.
    """

    ids: tuple[int, ...]
    x: tuple[float, ...]
    y: tuple[float, ...]
    written: tuple[str, ...]
    waiting: int


@dataclass(frozen=True, slots=True)
class TakeDescribed:
    """What a take is like.

    Attributes:
        row: What the library shows of it.
        words: Instruments, chords, groove, feel.
    """

    row: TakeRow
    words: tuple[str, ...]
