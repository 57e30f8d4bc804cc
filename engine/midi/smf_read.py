"""Reads Standard MIDI Files: loops with mido, corpora with symusic.

`read` is for the files of a producer: it repairs what it can, keeps the exact length (the end of track, not
the last note), and says what it left out. `read_song` is for corpora: no repair unless symusic refuses.

A part is what one track of the file plays on one channel; in corpora, also with one program, because old
files change the instrument of a channel in the middle.
"""

import io
from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import mido
import numpy as np

from engine.errors import MidiFileError
from engine.midi.roles import role_of_part
from engine.midi.smf_repair import SUSTAIN, Repaired, repair
from engine.midi.smf_symusic import ascii_name
from engine.midi.smf_symusic import collect as collect_symusic
from engine.midi.song import Song, SongTrack, cut_window
from engine.midi.song_assembly import RawNotes, RawSong, assemble, is_meter
from engine.music.general_midi import DRUM_CHANNEL
from engine.music.loop import MAX_BARS, Loop, Track
from engine.music.timing import Meter

MAX_FILE_BYTES = 4 << 20


@dataclass(frozen=True, slots=True)
class ReadResult:
    """A loop out of a file.

    Attributes:
        loop: What was read.
        dropped: One sentence a kind of loss or repair, for people; empty for a plain file.
        states_tempo, states_meter: Whether the file says so, or 120 BPM and 4/4 were assumed.
    """

    loop: Loop
    dropped: tuple[str, ...] = ()
    states_tempo: bool = True
    states_meter: bool = True


@dataclass(frozen=True, slots=True)
class WholeFile:
    """A producer's file, all of it.

    Attributes:
        song: Its notes and bar lines.
        name: What it calls itself, may be empty.
        dropped: One sentence a kind of loss or repair.
        states_tempo, states_meter: Whether the file says so, or 120 BPM and 4/4 were assumed.
    """

    song: Song
    name: str
    dropped: tuple[str, ...]
    states_tempo: bool
    states_meter: bool


def read(path: str | Path, *, first_bar: int = 0, bars: int | None = None, meter: Meter | None = None) -> ReadResult:
    """Read a loop from a MIDI file, leniently.

    Args:
        path: A file of any SMF type, whole or damaged.
        first_bar: Index of the first bar to keep, 0 for the file's first.
        bars: How many bars to keep, at most 16; a shorter file is padded with silence. None for as many as there are
            of the first bar's meter.
        meter: Count bars in this meter whatever the file says.

    Returns:
        The loop, and what was lost on the way. Its length is the file's end of track or last note, whichever is
        later, rounded to bars.

    Raises:
        MidiFileError: The file cannot be read, is no MIDI file, or has no such bar.
    """
    return cut_loop(read_whole(path, meter=meter), Path(path).name, first_bar=first_bar, bars=bars)


def cut_loop(whole: WholeFile, file_name: str, *, first_bar: int = 0, bars: int | None = None) -> ReadResult:
    """Cut a loop out of a file that was read; see `read`.

    Raises:
        MidiFileError: It has no such bar.
    """
    try:
        window = cut_window(whole.song, first_bar=first_bar, bars=bars)
    except ValueError as error:
        raise _unreadable(file_name, error) from error
    tracks = (replace(track, name=_own_name(track)) for track in window.loop.tracks)
    loop = replace(window.loop, tracks=tuple(tracks), name=whole.name)
    said = (*whole.dropped, *window.dropped)
    return ReadResult(loop, said, states_tempo=whole.states_tempo, states_meter=whole.states_meter)


def read_whole(path: str | Path, *, meter: Meter | None = None) -> WholeFile:
    """Read all of a producer's file, leniently: a part is what one track plays on one channel.

    Args:
        path: A file of any SMF type, whole or damaged.
        meter: Count bars in this meter whatever the file says.

    Raises:
        MidiFileError: The file cannot be read or is no MIDI file.
    """
    path = Path(path)
    try:
        repaired = repair(_bytes_of(path))
        file = _parse(repaired)
        raw, dropped = _collect(file, str(path), by_program=False)
        if meter is not None:
            raw = replace(raw, meters=[(0, meter.numerator, meter.denominator)])
        song = assemble(raw)
        if meter is None and song.bars > MAX_BARS and all(numerator == 1 for _, numerator, _ in raw.meters):
            raw = replace(raw, meters=[])  # so write programs that know of no meter; a loop in 1/4 is never so long
            song = assemble(raw)
    except ValueError as error:
        raise _unreadable(path.name, error) from error
    said = (*repaired.dropped, *dropped)
    return WholeFile(song, _sequence_name(file), said, states_tempo=bool(raw.tempos), states_meter=bool(raw.meters))


def read_song(source: str | Path | bytes, *, name: str = "") -> Song:
    """Read a whole piece, fast (symusic).

    Args:
        source: A path, or a file's bytes.
        name: What to call the song; the path where it is empty.

    Returns:
        The song; a part's program is 0 where the file names none.

    Raises:
        MidiFileError: It cannot be read.
    """
    name, data = _named_bytes(source, name)
    try:
        return assemble(collect_symusic(data, name))
    except (ValueError, OverflowError) as error:
        raise _unreadable(name, error) from error


def read_song_exact(source: str | Path | bytes, *, name: str = "") -> Song:
    """Read a whole piece with mido: slow; the reference for `read_song`, which gives the same of any sound file.

    Raises:
        MidiFileError: It cannot be read.
    """
    name, data = _named_bytes(source, name)
    try:
        raw, _ = _collect(_parse(repair(data)), name, by_program=True)
        return assemble(raw)
    except ValueError as error:
        raise _unreadable(name, error) from error


def _unreadable(name: str, error: ValueError | OverflowError) -> MidiFileError:
    return MidiFileError(f"{Path(name).name or 'The MIDI file'} cannot be read: {error}.")


def _named_bytes(source: str | Path | bytes, name: str) -> tuple[str, bytes]:
    if isinstance(source, bytes):
        return name, source
    return name or str(source), _bytes_of(Path(source))


def _bytes_of(path: Path) -> bytes:
    try:
        if path.exists() and not path.is_file():  # a pipe would be waited for, without end
            kind = "a folder" if path.is_dir() else "no file but a pipe or a device"
            raise MidiFileError(f"{path.name} cannot be read: it is {kind}.")
        if path.stat().st_size > MAX_FILE_BYTES:
            raise MidiFileError(f"{path.name} cannot be read: it is too large for a MIDI file.")
        return path.read_bytes()
    except OSError as error:
        raise MidiFileError(f"{path.name} cannot be read: {error.strerror or error}.") from error


def _parse(repaired: Repaired) -> mido.MidiFile:
    return mido.MidiFile(file=io.BytesIO(repaired.data))


class _PartBuilder:
    """Gathers one part while a track is walked."""

    def __init__(self, channel: int, program: int | None) -> None:
        self.channel = channel
        self.program = program
        self.notes: list[tuple[int, int, int, int]] = []
        self.pedal: list[tuple[int, int]] = []


_Part = tuple[SongTrack, list[tuple[int, int, int, int]], list[tuple[int, int]]]  # its notes, its pedal
_Onset = tuple[_PartBuilder, int, int]  # whose note, since when, how loud


class _ChunkCollector:
    """Turns one track's messages into parts: first sounded, first ended.

    `by_program` splits a channel where its program changes, with symusic's bookkeeping: a note belongs to the program
    at its onset, and what the pedal did while there was no part yet belongs to the next part of its channel.
    """

    def __init__(self, *, by_program: bool) -> None:
        self.by_program = by_program
        self.name = b""
        self.unclosed = 0
        self._parts: dict[tuple[int, int], _PartBuilder] = {}
        self._early_pedal: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
        self._programs: dict[int, int] = {}
        self._sounding: defaultdict[tuple[int, int], deque[_Onset]] = defaultdict(deque)

    def take(self, tick: int, message: mido.Message) -> None:
        kind = message.type
        if kind == "note_on" and message.velocity:
            part = self._part(message.channel)
            self._sounding[message.channel, message.note].append((part, tick, message.velocity))
        elif kind in ("note_on", "note_off"):
            self._close(tick, message.channel, message.note)
        elif kind == "control_change" and message.control == SUSTAIN:
            part = self._parts.get(self._key(message.channel))
            (part.pedal if part else self._early_pedal[message.channel]).append((tick, message.value))
        elif kind == "program_change":
            self._change_program(message.channel, message.program)

    def finish(self, tick: int) -> list[_Part]:
        """Close what still sounds, and return the parts by channel."""
        if not self.by_program:
            for (channel, pitch), queue in self._sounding.items():
                self.unclosed += len(queue)
                for _ in range(len(queue)):
                    self._close(tick, channel, pitch)
        return [self._finished(part) for _, part in sorted(self._parts.items()) if part.notes]

    def _key(self, channel: int) -> tuple[int, int]:
        return channel, self._programs.get(channel, 0) if self.by_program else 0

    def _change_program(self, channel: int, program: int) -> None:
        if self.by_program or channel not in self._programs:
            self._programs[channel] = program

    def _part(self, channel: int) -> "_PartBuilder":
        key = self._key(channel)
        part = self._parts.get(key)
        if part is None:
            part = self._parts[key] = _PartBuilder(channel, self._programs.get(channel))
            part.pedal = self._early_pedal.pop(channel, [])
        return part

    def _close(self, tick: int, channel: int, pitch: int) -> None:
        if queue := self._sounding.get((channel, pitch)):
            part, onset, velocity = queue.popleft()
            part.notes.append((onset, tick, pitch, velocity))

    def _finished(self, part: _PartBuilder) -> _Part:
        is_drums = part.channel == DRUM_CHANNEL
        name = ascii_name(self.name) if self.by_program else _text(self.name)
        program = (part.program or 0) if self.by_program else self._programs.get(part.channel)
        role, source = role_of_part(is_drums=is_drums, program=program, name=name, trust_name=not self.by_program)
        return SongTrack(role, program, name, source), part.notes, part.pedal


def _collect(file: mido.MidiFile, name: str, *, by_program: bool) -> tuple[RawSong, list[str]]:
    """Return what mido found, and what was dropped of it."""
    parts: list[_Part] = []
    tempos: list[tuple[int, int]] = []
    meters: list[tuple[int, int, int]] = []
    end = unclosed = 0
    for track in file.tracks:
        collector = _ChunkCollector(by_program=by_program)
        tick = 0
        for tick, message in _timed(track):
            if not isinstance(message, mido.MetaMessage):
                collector.take(tick, message)
            elif message.type == "set_tempo":
                tempos.append((tick, message.tempo))
            elif message.type == "time_signature":
                meters.append((tick, message.numerator, message.denominator))
            elif message.type == "track_name":
                collector.name = message.name.encode("latin-1", "ignore")
        parts.extend(collector.finish(tick))
        unclosed += collector.unclosed
        end = max(end, tick)
    tempos.sort(key=lambda row: row[0])
    meters.sort(key=lambda row: row[0])
    raw = RawSong(
        name=name,
        ticks_per_quarter=file.ticks_per_beat,
        tracks=tuple(track for track, _, _ in parts),
        notes=_raw_notes(parts),
        pedals={index: np.array(pedal, dtype=np.int64) for index, (_, _, pedal) in enumerate(parts) if pedal},
        tempos=tempos,
        meters=meters,
        end=0 if by_program else end,
    )
    return raw, _losses(raw, unclosed)


def _raw_notes(parts: list[_Part]) -> RawNotes:
    rows = [(index, *note) for index, (_, notes, _) in enumerate(parts) for note in notes]
    return RawNotes(*np.array(rows, dtype=np.int64).reshape(-1, 5).T)


def _timed(track: mido.MidiTrack) -> Iterator[tuple[int, mido.Message | mido.MetaMessage]]:
    tick = 0
    for message in track:
        tick += message.time
        yield tick, message


def _losses(raw: RawSong, unclosed: int) -> list[str]:
    losses: list[str] = []
    if unclosed:
        losses.append(f"Notes that never ended ({unclosed}) were ended with their track.")
    if odd := sorted({f"{n}/{d}" for _, n, d in raw.meters if not is_meter(n, d)}):
        losses.append(f"Time signatures that cannot be counted were ignored: {', '.join(odd)}.")
    return losses


def _sequence_name(file: mido.MidiFile) -> str:
    """Return the name of the first track where it holds no notes: that names the whole file."""
    first = file.tracks[0]
    if any(message.type == "note_on" for message in first):
        return ""
    metas = [message for message in first if isinstance(message, mido.MetaMessage) and message.type == "track_name"]
    return _text(metas[-1].name.encode("latin-1", "ignore")) if metas else ""


def _own_name(track: Track) -> str:
    """Return a part's name, empty where it only repeats the role."""
    return "" if track.name.casefold() == track.role.value else track.name


def _text(raw: bytes) -> str:
    try:
        decoded = raw.decode("utf-8")
    except UnicodeDecodeError:
        decoded = raw.decode("latin-1")
    return "".join(letter for letter in decoded if letter.isprintable()).strip()
