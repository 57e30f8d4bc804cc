"""Cutting and converting sound files, in bounded memory whatever their length.

Three ways to cut: not at all; into stretches of one length, what is left at the end being a shorter one; and at the
positions that a file lists.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from engine.audio.extra import load
from engine.audio.reading import blocks, opened, resampled, seconds_of
from engine.errors import AudioFileError

SOUND_FORMATS = ("wav", "aiff", "flac", "ogg", "mp3")
SHORTEST_SECONDS = 0.05
MAX_PIECES = 9999
_WITH_BITS = ("WAV", "AIFF", "FLAC")


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a sound file.

    Attributes:
        start_seconds: From the file's beginning.
        end_seconds: None for the file's end.
        name: What is added to the file's name, "" for nothing.
    """

    start_seconds: float = 0.0
    end_seconds: float | None = None
    name: str = ""


WHOLE = Piece()


@dataclass(frozen=True, slots=True)
class Crop:
    """How files are cut.

    Attributes:
        every_seconds: Length of the stretches; None for no such cutting.
        positions: The pieces that are wanted of every file; () for all of it.
    """

    every_seconds: float | None = None
    positions: tuple[Piece, ...] = ()

    @property
    def is_none(self) -> bool:
        return self.every_seconds is None and not self.positions


def parse_crop(text: str) -> Crop:
    """Read `none`, `every:30` or `positions:FILE`.

    A line of a positions file is a start and, if wanted, an end and a name: `0:30 1:02.5 chorus`. Without an end a
    piece reaches to the next line's start, the last one to the end of the sound. `#` begins a remark.

    Raises:
        ValueError: It is none of these, or the file cannot be read.
    """
    kind, _, rest = text.partition(":")
    if text == "none":
        return Crop()
    if kind == "every":
        seconds = _seconds(rest)
        if seconds is None or seconds < 1:
            raise ValueError(f'"{text}" tells no length of a second or more; write it like every:30')
        return Crop(every_seconds=seconds)
    if kind == "positions" and rest:
        return Crop(positions=_read_positions(Path(rest).expanduser()))
    raise ValueError(f'"{text}" is no way to cut; write none, every:30 or positions:FILE')


def pieces_of(crop: Crop, path: Path) -> tuple[Piece, ...]:
    """Return the pieces of one file, in time.

    Raises:
        AudioFileError: It cannot be read, ends before a position, or would become too many pieces.
    """
    if crop.is_none:
        return (WHOLE,)
    length = seconds_of(path)
    if crop.every_seconds is None:
        for piece in crop.positions:
            if piece.start_seconds >= length:
                raise AudioFileError(
                    f"{path.name} ends after {length:.2f} s, before the position {piece.start_seconds:g} s.",
                    "Give this file a list of its own.",
                )
        return crop.positions
    count = max(1, int(-(-(length - SHORTEST_SECONDS) // crop.every_seconds)))
    if count > MAX_PIECES:
        raise AudioFileError(f"{path.name} would become {count} pieces.", f"At most {MAX_PIECES} are written.")
    digits = max(3, len(str(count)))
    every = crop.every_seconds
    return tuple(Piece(i * every, min((i + 1) * every, length), f"{i + 1:0{digits}}") for i in range(count))


def write_piece(path: Path, piece: Piece, goal: Path, *, rate: int | None = None, is_mono: bool = False) -> None:
    """Write a piece of a sound file as a file of its own; it appears whole or not at all.

    Args:
        path: The sound file.
        piece: What of it.
        goal: Where to; its suffix is one of `SOUND_FORMATS`.
        rate: In Hz; None for the file's own.
        is_mono: Whether all channels are mixed to one.

    Raises:
        AudioFileError: The file cannot be read, or the piece cannot be written in this form.
    """
    temporary = goal.with_name(f".{goal.name}.{os.getpid()}.part")
    try:
        with opened(path) as file:
            channels, to_rate = (1 if is_mono else file.channels), rate or file.samplerate
            parts = blocks(file, piece.start_seconds, piece.end_seconds)
            mixed = (part.mean(axis=1, keepdims=True) for part in parts) if is_mono else parts
            with temporary.open("wb") as raw, _writing(raw, goal, to_rate, channels) as out:
                for part in resampled(mixed, channels, file.samplerate, to_rate):
                    out.write(part)
        temporary.replace(goal)
    except OSError as error:
        raise AudioFileError(f"{goal.name} cannot be written: {error.strerror or error}.") from error
    finally:
        temporary.unlink(missing_ok=True)


def _writing(raw: BinaryIO, goal: Path, rate: int, channels: int) -> Any:
    """Return soundfile's writer of a new file; 24 bits where the form has bits."""
    soundfile = load("soundfile")
    kind = goal.suffix[1:].upper()
    subtype = "PCM_24" if kind in _WITH_BITS else None
    try:
        return soundfile.SoundFile(raw, "w", rate, channels, subtype=subtype, format=kind)
    except (soundfile.SoundFileError, ValueError) as error:
        shown = f"{channels} channels at {rate} Hz"
        raise AudioFileError(
            f"{goal.name} cannot hold {shown}.", "Choose WAV, or --mono, or another --rate."
        ) from error


def _read_positions(path: Path) -> tuple[Piece, ...]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise ValueError(f"the positions {path} cannot be read: {reason}") from error
    found: list[Piece] = []
    for number, line in enumerate(lines, 1):
        words = line.partition("#")[0].split(maxsplit=2)
        if not words:
            continue
        start, end = _seconds(words[0]), _seconds(words[1]) if len(words) > 1 else None
        name = " ".join(words[1 if end is None else 2 :])
        if start is None or (end is not None and end - start < SHORTEST_SECONDS):
            raise ValueError(
                f'{path.name}, line {number}: "{line.strip()}" is no start and end; write 0:30 1:02.5 name'
            )
        found.append(Piece(start, end, _safe(name) or f"{len(found) + 1:03}"))
    if not found:
        raise ValueError(f"the positions {path} hold no line such as 0:30 1:02.5 name")
    return _with_ends(found)


def _with_ends(pieces: list[Piece]) -> tuple[Piece, ...]:
    """Let pieces without an end reach to the next one's start, and give each a name of its own."""
    following = [piece.start_seconds for piece in pieces[1:]] + [None]
    names: list[str] = []
    for piece in pieces:
        count = sum(name == piece.name or name.startswith(f"{piece.name} (") for name in names)
        names.append(f"{piece.name} ({count + 1})" if count else piece.name)
    return tuple(
        Piece(p.start_seconds, p.end_seconds if p.end_seconds is not None else after, name)
        for p, after, name in zip(pieces, following, names, strict=True)
    )


def _seconds(text: str) -> float | None:
    """Read 90, 90.5, 1:30 or 1:01:30.5; None if it is none of these."""
    total = 0.0
    for number in text.split(":"):
        if not number.replace(".", "", 1).isdecimal():
            return None
        total = total * 60 + float(number)
    return total


def _safe(name: str) -> str:
    """Return a name that every file system takes."""
    return "".join(letter if letter.isalnum() or letter in " -_()" else "-" for letter in name).strip()[:60]
