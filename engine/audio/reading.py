"""Sound files as blocks of samples: any rate, any number of channels, any length, in bounded memory.

A file is opened once, looked at, and read in blocks of about a second. What is to be heard as notes is mixed to one
channel at `MODEL_RATE` and kept whole; that is limited to `MAX_SECONDS`, some 160 MB. Converting and cropping
keep nothing and have no limit.
"""

import os
import stat
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.audio.extra import load
from engine.errors import AudioFileError, NothingHeardError
from engine.jobs.listening import AUDIO_SUFFIXES

Samples = npt.NDArray[np.float32]  # [n], or [n, channels]

MODEL_RATE = 22_050
MAX_SECONDS = 30 * 60
MAX_CHANNELS = 64
SILENCE = 10 ** (-60 / 20)  # peaks below -60 dB of full scale are silence
_BLOCK_SECONDS = 1.0
_ADVICE = "Export it as WAV, AIFF, FLAC, OGG or MP3."


def is_audio_path(path: str | Path) -> bool:
    """Tell from its name whether a file is sound."""
    return Path(path).suffix.casefold() in AUDIO_SUFFIXES


@dataclass(frozen=True, slots=True)
class Sound:
    """A sound file in memory, as it is heard.

    Attributes:
        samples: float32 [n], the mean of all channels, at `rate`.
        rate: In Hz.
        file_rate: The file's own rate, in Hz.
        channels: The file's own channels.
    """

    samples: Samples
    rate: int
    file_rate: int
    channels: int

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.rate


def check_readable(path: Path) -> None:
    """Refuse what is no file before a library does so in its own words.

    Raises:
        AudioFileError: It is missing, a folder, a circle of links, a device, empty, or closed to this user.
    """
    try:
        info = path.stat()
    except FileNotFoundError as error:
        raise AudioFileError(f"{path.name} does not exist.", "Check the name.") from error
    except OSError as error:
        reason = "is a link that leads back to itself" if path.is_symlink() else f"cannot be read: {error.strerror}"
        raise AudioFileError(f"{path.name} {reason}.", "Name the file itself.") from error
    if stat.S_ISDIR(info.st_mode):
        raise AudioFileError(f"{path.name} is a folder, not a sound file.", "Name the files in it.")
    if not stat.S_ISREG(info.st_mode):
        raise AudioFileError(f"{path.name} is not a file.", _ADVICE)
    if not info.st_size:
        raise AudioFileError(f"{path.name} is empty.", "Export it again.")
    if not os.access(path, os.R_OK):
        raise AudioFileError(f"{path.name} may not be read by you.", "Change its permissions, or copy it.")


@contextmanager
def opened(path: Path) -> Generator[Any]:
    """Open a sound file with soundfile.

    Raises:
        AudioFileError: It is no sound file that can be read, or becomes one no longer while it is read.
        EngineError: The audio extra is missing.
    """
    check_readable(path)
    soundfile = load("soundfile")
    try:
        with path.open("rb") as raw, soundfile.SoundFile(raw) as file:  # by its content: the name may lie
            if not 1 <= file.channels <= MAX_CHANNELS or not 1_000 <= file.samplerate <= 768_000:
                raise AudioFileError(
                    f"{path.name} has {file.channels} channels at {file.samplerate} Hz, which is not sound.", _ADVICE
                )
            yield file
    except soundfile.SoundFileError as error:
        raise AudioFileError(f"{path.name} is damaged, or not a sound file that can be read.", _ADVICE) from error
    except PermissionError as error:
        raise AudioFileError(f"{path.name} may not be read by you.", "Change its permissions, or copy it.") from error


def seconds_of(path: Path) -> float:
    """Return how long a sound file is.

    Raises:
        AudioFileError: It cannot be read.
        EngineError: The audio extra is missing.
    """
    with opened(path) as file:
        return file.frames / file.samplerate


def blocks(file: Any, start_seconds: float = 0.0, end_seconds: float | None = None) -> Iterator[Samples]:
    """Yield float32 [n, channels] of about a second each, a stretch of an open file."""
    frames = max(1, round(file.samplerate * _BLOCK_SECONDS))
    first = min(round(start_seconds * file.samplerate), file.frames)
    left = file.frames if end_seconds is None else round(end_seconds * file.samplerate) - first
    if first:
        file.seek(first)
    while left > 0 and len(block := file.read(min(frames, left), dtype="float32", always_2d=True)):
        left -= len(block)
        yield np.nan_to_num(block, copy=False)


def resampled(parts: Iterator[Samples], channels: int, from_rate: int, to_rate: int) -> Iterator[Samples]:
    """Yield blocks at another rate; their sum is as long as the original, to the sample."""
    if from_rate == to_rate:
        yield from parts
        return
    stream = load("soxr").ResampleStream(from_rate, to_rate, channels, dtype="float32", quality="HQ")
    for part in parts:
        yield stream.resample_chunk(part)
    yield stream.resample_chunk(np.zeros((0, channels), np.float32), last=True)


def read_sound(
    path: Path,
    *,
    rate: int = MODEL_RATE,
    start_seconds: float = 0.0,
    end_seconds: float | None = None,
    progress: Callable[[float], None] | None = None,
) -> Sound:
    """Read a file, or a stretch of it, mixed to one channel.

    Args:
        path: The file.
        rate: In Hz, that is wanted.
        start_seconds: Where the stretch begins.
        end_seconds: Where it ends; None for the file's end.
        progress: Told the share that is read; may raise to stop.

    Raises:
        AudioFileError: It cannot be read, holds next to no samples, is silent, or longer than `MAX_SECONDS`.
        EngineError: The audio extra is missing.
    """
    with opened(path) as file:
        file_seconds = file.frames / file.samplerate
        seconds = min(end_seconds if end_seconds is not None else file_seconds, file_seconds) - start_seconds
        if seconds > MAX_SECONDS:
            raise AudioFileError(
                f"{path.name} is {_length(seconds)} long; up to {MAX_SECONDS // 60} minutes can be heard as notes.",
                "Cut it into shorter files first; `turnaround transcribe --crop every:300` does.",
            )
        mono = _mixed(blocks(file, start_seconds, end_seconds), seconds * file.samplerate, progress)
        samples = np.concatenate([np.zeros((0, 1), np.float32), *resampled(mono, 1, file.samplerate, rate)])[:, 0]
        file_rate, channels = file.samplerate, file.channels
    if len(samples) < rate // 20:
        raise AudioFileError(
            f"{path.name} holds less than a twentieth of a second of sound.", "Export it again, whole."
        )
    if float(np.abs(samples).max()) < SILENCE:
        raise NothingHeardError(f"{path.name} is silent.", "Check that the right track was exported.")
    return Sound(samples, rate, file_rate, channels)


def _mixed(parts: Iterator[Samples], frames: float, progress: Callable[[float], None] | None) -> Iterator[Samples]:
    """Yield float32 [n, 1], the mean of the channels of blocks that make `frames` frames."""
    done = 0
    for part in parts:
        done += len(part)
        if progress is not None:
            progress(min(done / max(frames, 1.0), 1.0))
        yield part.mean(axis=1, keepdims=True)


def _length(seconds: float) -> str:
    return f"{seconds / 3600:.1f} hours" if seconds >= 5400 else f"{seconds / 60:.0f} minutes"


def peaks(samples: Samples, count: int) -> npt.NDArray[np.float32]:
    """Return the picture of a sound: float32 [count, 2], lowest and highest sample of equal stretches of it."""
    edges = np.linspace(0, len(samples), count + 1).astype(np.int64)[:-1]
    if len(samples) < count:
        edges = np.minimum(edges, max(len(samples) - 1, 0))
    return np.stack([np.minimum.reduceat(samples, edges), np.maximum.reduceat(samples, edges)], axis=1)
