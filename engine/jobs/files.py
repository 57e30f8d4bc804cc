"""Reading, writing and rendering files."""

from dataclasses import dataclass

from engine.jobs.numbers import NO_JOB
from engine.music.loop import Loop


@dataclass(frozen=True, slots=True)
class ReadFiles:
    """Read MIDI files. Answered by `FilesRead`."""

    paths: tuple[str, ...]
    job: int = NO_JOB


@dataclass(frozen=True, slots=True)
class FileToWrite:
    """One MIDI file, or a DAWproject if its name ends so.

    Attributes:
        path: Where; folders are made.
        loop: What.
        include_tempo: Whether the file tells its tempo.
        programs: Whether parts select their General MIDI sound.
        is_padded: Whether a silent event holds each track open to the loop's end.
        instead: Files that do as well if one of them is the same to the byte; then none is written.
    """

    path: str
    loop: Loop
    include_tempo: bool = True
    programs: bool = False
    is_padded: bool = False
    instead: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WriteFiles:
    """Write files, each whole or not at all. Answered by `FilesWritten` or `Failed`."""

    files: tuple[FileToWrite, ...]
    job: int = NO_JOB


@dataclass(frozen=True, slots=True)
class RenderWav:
    """Render a loop to WAV files. Answered by `FilesWritten`, without paths if it was stopped, or by `Failed`.

    Attributes:
        path: Of the mix; stems are named after it and their parts.
        loop: What.
        passes: How many times it is played.
        gains: One a part, linear; () for all 1. Parts with 0 are left out.
        has_mix, has_stems: Which files are wanted.
        count_in_bars: Bars of clicks before it begins.
    """

    path: str
    loop: Loop
    passes: int = 1
    gains: tuple[float, ...] = ()
    has_mix: bool = True
    has_stems: bool = False
    count_in_bars: int = 0
    job: int = NO_JOB


@dataclass(frozen=True, slots=True)
class StopRendering:
    """Stop a `RenderWav`; nothing of it is written.

    Attributes:
        rendering: Its job.
    """

    rendering: int


@dataclass(frozen=True, slots=True)
class RenderProgress:
    """How far a `RenderWav` is, 0 to 1."""

    done: float


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
