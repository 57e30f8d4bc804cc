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
    """

    path: str
    loop: Loop
    include_tempo: bool = True
    programs: bool = False


@dataclass(frozen=True, slots=True)
class WriteFiles:
    """Write files, each whole or not at all. Answered by `FilesWritten` or `Failed`."""

    files: tuple[FileToWrite, ...]
    job: int = NO_JOB


@dataclass(frozen=True, slots=True)
class RenderWav:
    """Render a loop to a WAV file. Answered by `FilesWritten` or `Failed`."""

    path: str
    loop: Loop
    passes: int = 1
    job: int = NO_JOB


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
