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


class Child(Enum):
    """The two processes of the engine."""

    WORKER = "worker"  # writes takes
    DESK = "desk"  # files and sound


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
DeskCommand = ReadFiles | WriteFiles | RenderWav | Play | SetGains | SetMetronome | PlayNote | StopPlaying | Shutdown
Event = GenerationEvent | Failed | WorkerReady | FilesRead | FilesWritten | SoundState | Position | ChildStopped


@dataclass(frozen=True, slots=True)
class JobEvent:
    """An event and the job it belongs to."""

    job: int
    event: Event
