"""What the service and its two processes say to each other: commands out, events back; frozen and picklable.

Every command that has an answer carries a job number; events come back in a `JobEvent` with the same number
(0 for what no one asked for). Generation has its events in `messages`; here are those of files and sound, and
those about the processes themselves.
"""

from dataclasses import dataclass
from enum import Enum

from engine.messages import Failed, GenerationEvent, GenerationRequest
from engine.music.loop import Loop, Note, Track

NO_JOB = 0
MAX_FOUND = 200


class Child(Enum):
    """The two processes of the engine."""

    WORKER = "worker"  # writes takes
    DESK = "desk"  # files and sound


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
        is_favourite, rating: The producer's marks; 0 is no rating.
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
    is_favourite: bool
    rating: int


@dataclass(frozen=True, slots=True)
class Query:
    """What to look for; what is left open matches all.

    Attributes:
        text: Words, each of which must stand in name, key, roles, genre or meter.
        min_tempo_bpm, max_tempo_bpm: Limits.
        bars: Exactly.
        only_favourites: Only marked ones.
        min_rating: At least.
        before: Only takes older than this row, to page on; 0 from the newest.
        limit: At most.
    """

    text: str = ""
    min_tempo_bpm: float | None = None
    max_tempo_bpm: float | None = None
    bars: int | None = None
    only_favourites: bool = False
    min_rating: int = 0
    before: int = 0
    limit: int = MAX_FOUND


@dataclass(frozen=True, slots=True)
class KeptTake:
    """A take out of the library, with all that is needed to make it again."""

    row: TakeRow
    loop: Loop
    request: GenerationRequest


@dataclass(frozen=True, slots=True)
class Generate:
    """Write takes. Answered by generation events up to `Finished` or `Failed`."""

    job: int
    request: GenerationRequest


@dataclass(frozen=True, slots=True)
class Cancel:
    """Stop writing; what is complete stays. The job still ends with `Finished`."""

    job: int


@dataclass(frozen=True, slots=True)
class ReadFiles:
    """Read MIDI files. Answered by `FilesRead`."""

    job: int
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FileToWrite:
    """One MIDI file.

    Attributes:
        path: Where; folders are made.
        loop: What.
        part: The only part to write, or None for all.
        include_tempo: Whether the file tells its tempo.
        programs: Whether parts select their General MIDI sound.
    """

    path: str
    loop: Loop
    part: int | None = None
    include_tempo: bool = True
    programs: bool = False


@dataclass(frozen=True, slots=True)
class WriteFiles:
    """Write MIDI files, each whole or not at all. Answered by `FilesWritten` or `Failed`."""

    job: int
    files: tuple[FileToWrite, ...]


@dataclass(frozen=True, slots=True)
class RenderWav:
    """Render a loop to a WAV file. Answered by `FilesWritten` or `Failed`."""

    job: int
    path: str
    loop: Loop
    passes: int = 1


class Start(Enum):
    """When what is to be played is heard."""

    NOW = "now"
    IN_PLACE = "in place"  # where the old one just is: an edit
    NEXT_BAR = "next bar"  # a take, switched in time


@dataclass(frozen=True, slots=True)
class Play:
    """Play a loop round and round.

    Attributes:
        loop: What.
        gains: One a part, linear; () for all 1. Muted parts have 0.
        start: When; while nothing plays, `NOW` whatever is said.
        tick: Where to begin, if it begins now.
        token: Comes back with every position, to tell which loop is heard.
    """

    loop: Loop
    gains: tuple[float, ...] = ()
    start: Start = Start.NOW
    tick: int = 0
    token: int = 0


@dataclass(frozen=True, slots=True)
class SetGains:
    """Change the parts' levels of what plays."""

    gains: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class SetMetronome:
    """Turn the metronome on or off."""

    is_on: bool


@dataclass(frozen=True, slots=True)
class PlayNote:
    """Let one note be heard, as `track` sounds it."""

    track: Track
    note: Note
    tempo_bpm: float


@dataclass(frozen=True, slots=True)
class StopPlaying:
    """Be silent."""


@dataclass(frozen=True, slots=True)
class Shutdown:
    """End the process."""


@dataclass(frozen=True, slots=True)
class WorkerReady:
    """The model is loaded.

    Attributes:
        model: Its name.
        identity: What a take remembers it by.
        provider: What it runs on.
    """

    model: str
    identity: str
    provider: str


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
class FindTakes:
    """Search the library. Answered by `TakesFound`."""

    job: int
    query: Query


@dataclass(frozen=True, slots=True)
class LoadTake:
    """Get a take out of the library. Answered by `TakeLoaded` or `Failed`."""

    job: int
    library_id: int


@dataclass(frozen=True, slots=True)
class MarkTake:
    """Change a take's marks; None leaves one as it is."""

    library_id: int
    is_favourite: bool | None = None
    rating: int | None = None


@dataclass(frozen=True, slots=True)
class TakesFound:
    """What a search found, the newest first.

    Attributes:
        rows: The takes.
        total: How many the library holds in all.
    """

    rows: tuple[TakeRow, ...]
    total: int


@dataclass(frozen=True, slots=True)
class TakeLoaded:
    """A take out of the library."""

    kept: KeptTake


@dataclass(frozen=True, slots=True)
class ReadLoop:
    """One file that was read.

    Attributes:
        path: Which.
        loop: What was in it, or None.
        dropped: What was lost or repaired, one sentence each; or why nothing was read.
    """

    path: str
    loop: Loop | None
    dropped: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FilesRead:
    """All files of a job were tried."""

    files: tuple[ReadLoop, ...]


@dataclass(frozen=True, slots=True)
class FilesWritten:
    """All files of a job are there."""

    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SoundState:
    """Whether anything can be heard.

    Attributes:
        is_audible: Whether there is a device.
        reason: One sentence: the device's name, or why there is silence.
    """

    is_audible: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Position:
    """Where playing is.

    Attributes:
        tick: In the loop; negative when stopped.
        token: Of the loop that is heard.
    """

    tick: float
    token: int = 0


@dataclass(frozen=True, slots=True)
class ChildStopped:
    """A process ended by itself and was started again.

    Attributes:
        child: Which.
        lost_jobs: Jobs that it had not finished.
        is_restarted: False when it keeps dying and was given up.
    """

    child: Child
    lost_jobs: tuple[int, ...]
    is_restarted: bool = True


WorkerCommand = Generate | Cancel | Shutdown
LibraryCommand = FindTakes | LoadTake | MarkTake
SoundCommand = Play | SetGains | SetMetronome | PlayNote | StopPlaying
DeskCommand = ReadFiles | WriteFiles | RenderWav | SoundCommand | LibraryCommand | Shutdown
Answer = FilesRead | FilesWritten | TakesFound | TakeLoaded  # what ends a job of the desk, unless it is `Failed`
Event = GenerationEvent | Failed | WorkerReady | TakeKept | Answer | SoundState | Position | ChildStopped


@dataclass(frozen=True, slots=True)
class JobEvent:
    """An event and the job it belongs to."""

    job: int
    event: Event
