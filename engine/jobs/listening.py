"""Hearing sound files as notes."""

from dataclasses import dataclass

from engine.jobs.numbers import NO_JOB
from engine.music.general_midi import Role
from engine.music.heard import HeardStem, TempoGuess
from engine.music.timing import Meter

AUDIO_SUFFIXES = frozenset({".wav", ".wave", ".aif", ".aiff", ".aifc", ".flac", ".ogg", ".oga", ".opus", ".mp3"})


@dataclass(frozen=True, slots=True)
class ListenTo:
    """Hear sound files that were played together. Answered by `Listened`, or by `Failed` if nothing can be heard here.

    Attributes:
        paths: The files, and folders of them.
        roles: What each plays, None to go by its name and sound; () for None everywhere.
        tempo_bpm: Where it is known.
        meter: Of their bars; None to tell it from the notes.
    """

    paths: tuple[str, ...]
    roles: tuple[Role | None, ...] = ()
    tempo_bpm: float | None = None
    meter: Meter | None = None
    job: int = NO_JOB


@dataclass(frozen=True, slots=True)
class StopListening:
    """Stop a `ListenTo`; what was heard so far is its answer.

    Attributes:
        listening: Its job.
    """

    listening: int


@dataclass(frozen=True, slots=True)
class ListenProgress:
    """How far one file of a `ListenTo` is.

    Attributes:
        path: Which.
        done: 0 to 1.
    """

    path: str
    done: float


@dataclass(frozen=True, slots=True)
class FileHeard:
    """One file of a `ListenTo` is done.

    Attributes:
        path: Which.
        stem: What was heard, or None.
        problem: One sentence that says why nothing was heard; "" otherwise.
    """

    path: str
    stem: HeardStem | None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Listened:
    """A `ListenTo` is over.

    Attributes:
        files: Those that were heard or could not be, in the order asked; () if no folder held any.
        tempo: Of all that was heard together; None if nothing was.
        was_stopped: Whether it ended before all were tried.
    """

    files: tuple[FileHeard, ...]
    tempo: TempoGuess | None = None
    was_stopped: bool = False
