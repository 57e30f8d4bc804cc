"""What the window and the library say to each other."""

from dataclasses import dataclass

from engine.jobs.numbers import NO_JOB
from engine.messages import GenerationRequest, Originality, Take
from engine.music.loop import Loop

MAX_FOUND = 100


@dataclass(frozen=True, slots=True)
class TakeRow:
    """What the library shows of a take; all but the music.

    Attributes:
        id: Its row.
        created: Seconds since 1970.
        name, key, tempo_bpm, meter, bars: Of the loop; key is "" when unknown.
        roles: All parts' roles, parted by spaces.
        written: The roles that were written, parted by spaces.
        genre: As asked, "" for auto.
        notes: In all parts.
        seed, number: With the recipe they make the take again.
        model, model_identity: What wrote it.
        log_likelihood, seam: See `TakeScores`.
        rating: Of the producer, 1 to 5; 0 is none.
        attempt, batch, provider, threads, build: With model and recipe they make the take again to the bit.
        made: How it came about if no model wrote it, such as "morph 2 of 4"; "" for what a model wrote.
        missing: Bars of parts that were not written before it was stopped; 0 for a whole take.
        tags, note: The producer's own words.
        is_favourite, is_discarded: The producer's marks.
        is_used: Whether it was ever made the loop.
        written_bars: For each of `written` its bars, such as "3" or "1,2", the first being 1, or "*" for all, parted by
            spaces; "" where nobody noted them.
    """

    id: int
    created: float
    name: str
    key: str
    tempo_bpm: float
    meter: str
    bars: int
    roles: str
    written: str
    genre: str
    notes: int
    seed: int
    number: int
    model: str
    model_identity: str
    log_likelihood: float
    seam: float | None
    rating: int
    attempt: int
    batch: int
    provider: str
    threads: int
    build: str
    made: str
    missing: int
    tags: str
    note: str
    is_favourite: bool
    is_discarded: bool
    is_used: bool
    written_bars: str = ""


@dataclass(frozen=True, slots=True)
class Query:
    """What to look for; what is left open matches all.

    Attributes:
        text: Words, each of which must begin a word of name, key, roles, genre, meter, tags or note.
        key: As `str(Key)` writes it; "" for any.
        min_tempo_bpm, max_tempo_bpm: Limits.
        bars: Exactly.
        part: A role that was written; "" for any.
        only_favourites: Only marked ones.
        only_discarded: Those that were thrown away, which are left out otherwise.
        min_rating: At least.
        before: Only takes older than this row, to page on; 0 from the newest.
        limit: At most.
    """

    text: str = ""
    key: str = ""
    min_tempo_bpm: float | None = None
    max_tempo_bpm: float | None = None
    bars: int | None = None
    part: str = ""
    only_favourites: bool = False
    only_discarded: bool = False
    min_rating: int = 0
    before: int = 0
    limit: int = MAX_FOUND


@dataclass(frozen=True, slots=True)
class KeptTake:
    """A take out of the library, with all that is needed to make it again; `originality` is None if nobody looked."""

    row: TakeRow
    loop: Loop
    request: GenerationRequest
    originality: Originality | None = None


@dataclass(frozen=True, slots=True)
class FindTakes:
    """Search the library. Answered by `TakesFound`."""

    query: Query
    job: int = NO_JOB


@dataclass(frozen=True, slots=True)
class LoadTake:
    """Get a take out of the library. Answered by `TakeLoaded` or `Failed`."""

    library_id: int
    job: int = NO_JOB


@dataclass(frozen=True, slots=True)
class LoadLoops:
    """Get only the music of takes, for pictures. Answered by `LoopsLoaded`."""

    library_ids: tuple[int, ...]
    job: int = NO_JOB


@dataclass(frozen=True, slots=True)
class MarkTake:
    """Change a take's marks; None leaves one as it is."""

    library_id: int
    is_favourite: bool | None = None
    rating: int | None = None
    is_discarded: bool | None = None
    is_used: bool | None = None
    tags: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class TakeKept:
    """A take is in the library; comes before the take itself, so that nothing is shown that could be lost.

    Attributes:
        number: Which of the request's takes.
        library_id: Its row.
    """

    number: int
    library_id: int


@dataclass(frozen=True, slots=True)
class TakesFound:
    """What a search found, the newest first.

    Attributes:
        rows: The takes.
        total: How many the library holds in all; of those that were thrown away, if only these were looked for.
    """

    rows: tuple[TakeRow, ...]
    total: int


@dataclass(frozen=True, slots=True)
class TakeLoaded:
    """A take out of the library."""

    kept: KeptTake


@dataclass(frozen=True, slots=True)
class LoopsLoaded:
    """The music of takes by their rows; those that are gone or damaged are left out."""

    loops: tuple[tuple[int, Loop], ...]


@dataclass(frozen=True, slots=True)
class KeepTakes:
    """Put takes that no model wrote into the library. Answered by `TakesKept` or `Failed`.

    Attributes:
        request: What they belong to.
        takes: What was made.
        made: How, such as "morph"; "" is not allowed.
    """

    request: GenerationRequest
    takes: tuple[Take, ...]
    made: str
    job: int = NO_JOB


@dataclass(frozen=True, slots=True)
class TakesKept:
    """The rows of takes that were put into the library, in their order."""

    library_ids: tuple[int, ...]
