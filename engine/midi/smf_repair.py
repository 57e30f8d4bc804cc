"""Damaged and unusual MIDI files, made plain before mido sees them.

mido is exact but strict: one wrong length, one data byte above 127 or one odd meta event and it refuses the
whole file. Here the bytes are walked by a reader that expects the worst; what it understands and a loop can
use (notes, sustain, programs, tempo, meter, names, ends of tracks) is written anew as a clean type-1 file,
everything else is left behind, and what was lost is told in sentences.

Unusual: a chunk's length is believed only when another chunk or the end of the file follows it; otherwise
the chunk ends at its end-of-track event, or where the next one begins.
"""

import struct
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from engine.music.timing import MICROSECONDS_PER_MINUTE, PPQ

MAX_TRACK_TICKS = 1 << 28  # what lies later was placed there by damage
DEFAULT_MICROSECONDS = MICROSECONDS_PER_MINUTE // 120
_TRACK_NAME, _END_OF_TRACK, _TEMPO, _METER = 0x03, 0x2F, 0x51, 0x58
SUSTAIN = 64  # the controller
_DATA_BYTES = {0x8: 2, 0x9: 2, 0xA: 2, 0xB: 2, 0xC: 1, 0xD: 1, 0xE: 2}
_SYSTEM_DATA_BYTES = {0xF1: 1, 0xF2: 2, 0xF3: 1}

Event = tuple[int, bytes]  # absolute tick, and the event as it stands in a file


@dataclass(frozen=True, slots=True)
class Repaired:
    """A clean file.

    Attributes:
        data: A type-1 Standard MIDI File that mido reads without complaint.
        dropped: One sentence a kind of damage or loss.
    """

    data: bytes
    dropped: tuple[str, ...]


class NotMidiError(ValueError):
    """Raised when bytes hold no track that could be read."""


@dataclass(frozen=True, slots=True)
class _Header:
    format: int
    division: int  # as stored: ticks a quarter, or SMPTE frames with the top bit set
    end: int


def repair(data: bytes) -> Repaired:
    """Rewrite a MIDI file so that a strict reader takes it.

    Args:
        data: A file's bytes: type 0, 1 or 2, in a RIFF or with garbage around it, whole or damaged.

    Returns:
        The same music as a plain type-1 file, and what was lost.

    Raises:
        NotMidiError: There is no MIDI track in it.
    """
    notices: Counter[str] = Counter()
    header = _read_header(data, notices)
    tracks = [_read_events(data, start, stop, notices) for start, stop in _chunks(data, header.end, notices)]
    if not tracks:
        raise NotMidiError("it holds no MIDI track")
    if header.format == 2 and len(tracks) > 1:
        first = next((track for track in tracks if any(_is_note_on(event) for _, event in track)), tracks[0])
        tracks = [first]
        notices["Only the first of several independent sequences (MIDI type 2) was read."] += 1
    division = header.division
    if division & 0x8000:
        tracks, division = _from_frames(tracks, division, notices), PPQ
    elif division == 0:
        notices["The file names no time division; 480 ticks a quarter were assumed."] += 1
        division = PPQ
    return Repaired(_write(tracks, division), tuple(_sentence(text, count) for text, count in notices.items()))


def reframe(data: bytes) -> bytes:
    """Return the file with sound chunks, their contents as they are: quick, and often repair enough.

    Raises:
        NotMidiError: There is no MIDI track in it.
    """
    notices: Counter[str] = Counter()
    header = _read_header(data, notices)
    bodies = [data[start:stop] for start, stop in _chunks(data, header.end, notices)]
    chunks = (struct.pack(">4sI", b"MTrk", len(body)) + body for body in bodies)
    return _header_bytes(min(header.format, 1), len(bodies), header.division) + b"".join(chunks)


def _sentence(text: str, count: int) -> str:
    return text.replace("{count}", str(count))


def _is_note_on(event: bytes) -> bool:
    return event[0] >> 4 == 0x9 and event[2] > 0


def _read_header(data: bytes, notices: Counter[str]) -> _Header:
    start = data.find(b"MThd")
    first_track = data.find(b"MTrk")
    if start < 0 or len(data) < start + 14 or 0 <= first_track < start:
        if first_track < 0:
            raise NotMidiError("it is not a MIDI file")
        notices["The file's header was missing; 480 ticks a quarter were assumed."] += 1
        return _Header(1, PPQ, first_track)
    length, file_format, _, division = struct.unpack_from(">IHHH", data, start + 4)
    end = start + 8 + length
    if length < 6 or data[end : end + 4] != b"MTrk":
        end = start + 14
    return _Header(file_format, division, end)


def _chunks(data: bytes, position: int, notices: Counter[str]) -> Iterator[tuple[int, int]]:
    """Yield where each track's events start and must have stopped."""
    while (position := data.find(b"MTrk", position)) >= 0 and position + 8 <= len(data):
        start = position + 8
        stop = start + int.from_bytes(data[position + 4 : start])
        if not _chunk_follows(data, stop):
            following = data.find(b"MTrk", start)
            stop = following if following >= 0 else len(data)
            notices["A track's length was wrong in the file."] += 1
        yield start, stop
        position = stop


def _chunk_follows(data: bytes, position: int) -> bool:
    if position == len(data) or data[position : position + 4] == b"MTrk":
        return True
    if position == len(data) - 1 and data[position] == 0:
        return True  # RIFF pads to an even length
    name = data[position : position + 4]  # a foreign chunk: take its length as the specification says
    if len(name) < 4 or not (name.isascii() and name.isalnum()):
        return False
    return position + 8 + int.from_bytes(data[position + 4 : position + 8]) <= len(data)


class _Cursor:
    """Walks a track's bytes; reading past the end raises IndexError."""

    def __init__(self, data: bytes, start: int, stop: int) -> None:
        self._data = data
        self.position = start
        self._stop = min(stop, len(data))

    @property
    def is_at_end(self) -> bool:
        return self.position >= self._stop

    def peek(self) -> int:
        if self.is_at_end:
            raise IndexError
        return self._data[self.position]

    def byte(self) -> int:
        value = self.peek()
        self.position += 1
        return value

    def take(self, count: int) -> bytes:
        if self.position + count > self._stop:
            raise IndexError
        self.position += count
        return self._data[self.position - count : self.position]

    def variable_length(self) -> int:
        value = 0
        for _ in range(4):
            byte = self.byte()
            value = value << 7 | byte & 0x7F
            if byte < 0x80:
                break
        return value


def _read_events(data: bytes, start: int, stop: int, notices: Counter[str]) -> list[Event]:
    """Return what is of use of one track, closed by an end of track."""
    cursor = _Cursor(data, start, stop)
    events: list[Event] = []
    tick, running = 0, 0
    try:
        while not cursor.is_at_end:
            tick += cursor.variable_length()
            if tick > MAX_TRACK_TICKS:
                tick = events[-1][0] if events else 0
                notices["What a track places hours later was left out."] += 1
                break
            status = _next_status(cursor, running, notices)
            running = status if status < 0xF0 else running  # kept through meta events, as careless writers expect
            event = _read_event(cursor, status, notices)
            if event == _END:
                break
            if event:
                events.append((tick, event))
    except IndexError:
        notices["A track breaks off in the middle; what came before was read."] += 1
    events.append((tick, _END))
    return events


_END = bytes((0xFF, _END_OF_TRACK, 0))


def _next_status(cursor: _Cursor, running: int, notices: Counter[str]) -> int:
    while cursor.peek() < 0x80:
        if running:
            return running
        cursor.byte()
        notices["Bytes that belong to no event were skipped: {count}."] += 1
    return cursor.byte()


def _read_event(cursor: _Cursor, status: int, notices: Counter[str]) -> bytes:
    """Read one event behind its status; empty when it is of no use here."""
    if status == 0xFF:
        return _read_meta(cursor, notices)
    if status in (0xF0, 0xF7):
        cursor.take(cursor.variable_length())
        return b""
    if status > 0xF0:
        cursor.take(_SYSTEM_DATA_BYTES.get(status, 0))
        return b""
    kind = status >> 4
    payload = cursor.take(_DATA_BYTES[kind])
    if max(payload) > 0x7F:
        notices["Events with impossible values were clamped: {count}."] += 1
        payload = bytes(min(byte, 0x7F) for byte in payload)
    is_useful = kind in (0x8, 0x9, 0xC) or (kind == 0xB and payload[0] == SUSTAIN)
    return bytes((status,)) + payload if is_useful else b""


def _read_meta(cursor: _Cursor, notices: Counter[str]) -> bytes:
    kind = cursor.byte()
    payload = cursor.take(cursor.variable_length())
    if kind == _END_OF_TRACK:
        return _END
    if kind == _TRACK_NAME:
        return _meta(kind, payload[:127])
    if kind == _TEMPO:
        if len(payload) >= 3 and any(payload[:3]):
            return _meta(kind, payload[:3])
        notices["A tempo that means nothing was ignored."] += 1
    elif kind == _METER:
        if len(payload) >= 2 and payload[0] and payload[1] <= 5:
            return _meta(kind, payload[:2] + bytes((24, 8)))
        notices["A time signature that means nothing was ignored."] += 1
    return b""


def _meta(kind: int, payload: bytes) -> bytes:
    return bytes((0xFF, kind, len(payload))) + payload


def _from_frames(tracks: list[list[Event]], division: int, notices: Counter[str]) -> list[list[Event]]:
    """Turn SMPTE frames, which are seconds, into ticks at the file's first tempo."""
    frames_per_second = {29: 29.97}.get(frames := 256 - (division >> 8), float(frames))
    tempi = [event for track in tracks for _, event in track if event[:2] == bytes((0xFF, _TEMPO))]
    microseconds = int.from_bytes(tempi[0][3:]) if tempi else DEFAULT_MICROSECONDS
    factor = PPQ * 1e6 / (frames_per_second * max(division & 0xFF, 1) * microseconds)
    notices[f"Times in film frames were read at {MICROSECONDS_PER_MINUTE / microseconds:g} BPM."] += 1
    return [[(min(round(tick * factor), MAX_TRACK_TICKS), event) for tick, event in track] for track in tracks]


def _write(tracks: list[list[Event]], division: int) -> bytes:
    out = bytearray(_header_bytes(1, len(tracks), division))
    for track in tracks[:0xFFFF]:
        body = bytearray()
        before = 0
        for tick, event in track:
            body += _variable_length(tick - before)
            body += event
            before = tick
        out += struct.pack(">4sI", b"MTrk", len(body)) + body
    return bytes(out)


def _header_bytes(file_format: int, tracks: int, division: int) -> bytes:
    return struct.pack(">4sIHHH", b"MThd", 6, file_format, min(tracks, 0xFFFF), division)


def _variable_length(value: int) -> bytes:
    encoded = [value & 0x7F]
    while value := value >> 7:
        encoded.append(value & 0x7F | 0x80)
    return bytes(reversed(encoded))
