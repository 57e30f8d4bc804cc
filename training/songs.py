"""Packed songs: what `prepare` writes and training reads, many songs in one file.

A shard is `magic, version, offset of the index`, then one compressed blob a song, then the index: zlib
JSON with one entry a song. Songs are decoded one by one, when they are asked for; the index alone tells
what is in a shard. Nothing in it can run code. Times are ticks at `PPQ`.

    songs = read_shard(Path("train-000.songs"))
    songs.infos[0].genre, songs[0].onset[:4]
"""

import json
import os
import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO, overload

import numpy as np
import numpy.typing as npt

from engine.errors import CorpusError
from engine.music.general_midi import ROLES, Role
from training import song_codec

VERSION = 1
SUFFIX = ".songs"
_MAGIC = b"TURNSONG"
_HEADER = struct.Struct("<8sIQ")  # magic, version, offset of the index
_BAR_ARRAYS, _TRACK_STREAMS = 11, 5
_DRUMS = ROLES.index(Role.DRUMS)

IntArray = npt.NDArray[np.int32]
FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class SongInfo:
    """What the index tells of a song without decoding it.

    Attributes:
        name: Path in the corpus, without its archive.
        source: The set it comes from, such as "gmd".
        licence: As its compiler states it.
        split: "train", "valid" or "test".
        genre: One of `training.corpus.GENRES`.
        song_group: Versions of one song share it; they never cross splits.
        weight: How often to draw it, 1.0 for a usual song; a group's songs share their group's weight.
        key: Tonic and mode ids (`engine.music.harmony.Mode` order), or (-1, -1) when unknown.
        played: Whether a track is off the grid.
        bars: Number of bars.
        notes: Number of notes.
    """

    name: str
    source: str = ""
    licence: str = ""
    split: str = "train"
    genre: str = "unknown"
    song_group: str = ""
    weight: float = 1.0
    key: tuple[int, int] = (-1, -1)
    played: bool = False
    bars: int = 0
    notes: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class PackedSong:
    """A whole song as columns.

    Attributes:
        info: Name, provenance, genre, weight, key.
        numerators: int32 [bars], 0 where a bar has no usable meter.
        denominators: int32 [bars].
        bar_starts: int32 [bars + 1], ticks; the last is the end.
        tempo_bpm: float32 [bars], quarter notes a minute, mean over the bar.
        roles: int32 [tracks], index in `ROLES`.
        programs: int32 [tracks], 0 to 127.
        track: int32 [notes], index of the track; notes are sorted by onset, then pitch.
        onset: int32 [notes], ticks.
        duration: int32 [notes], ticks; of drums, a 16th.
        pitch: int32 [notes].
        velocity: int32 [notes].
        chords: int32 [bars, 2], vocabulary ids of the chord in each half of the bar.
        loop_starts: int32 [loops], first bar of each loop found, best first.
        loop_bars: int32 [loops].
        loop_scores: float32 [loops], 0 to 1.
    """

    info: SongInfo
    numerators: IntArray
    denominators: IntArray
    bar_starts: IntArray
    tempo_bpm: FloatArray
    roles: IntArray
    programs: IntArray
    track: IntArray
    onset: IntArray
    duration: IntArray
    pitch: IntArray
    velocity: IntArray
    chords: IntArray
    loop_starts: IntArray = field(default_factory=lambda: np.zeros(0, np.int32))
    loop_bars: IntArray = field(default_factory=lambda: np.zeros(0, np.int32))
    loop_scores: FloatArray = field(default_factory=lambda: np.zeros(0, np.float32))

    @property
    def bars(self) -> int:
        return len(self.numerators)

    @property
    def is_drums(self) -> npt.NDArray[np.bool_]:
        """bool [notes]: which notes are drum hits."""
        return self.roles[self.track] == _DRUMS


def encode_song(song: PackedSong) -> bytes:
    """Compress the arrays of a song; its notes must be in canonical form (`song_codec`)."""
    order = np.lexsort((song.pitch, song.onset, song.track))
    counts = np.bincount(song.track, minlength=len(song.roles))
    streams: list[list[bytes]] = [[] for _ in range(_TRACK_STREAMS)]
    played = np.zeros(len(song.roles), np.int32)
    delta_sizes = np.zeros(len(song.roles), np.int32)
    for index, rows in enumerate(np.split(order, np.cumsum(counts)[:-1])):
        onsets = song.onset[rows]
        played[index] = bool(np.any(onsets % song_codec.TICKS_PER_STEP))
        deltas, micro = song_codec.onset_streams(onsets, played=bool(played[index]))
        delta_sizes[index] = len(deltas)
        streams[0].append(deltas)
        streams[1].append(micro)
        streams[2].append(song.pitch[rows].astype(np.uint8).tobytes())
        if song.roles[index] != _DRUMS:
            durations = song.duration[rows]
            streams[3].append(song_codec.duration_codes(durations, durations).astype(np.uint8).tobytes())
        streams[4].append(song_codec.velocity_codes(song.velocity[rows]).astype(np.uint8).tobytes())
    return song_codec.pack_arrays(
        [
            ("B", song.numerators),
            ("B", song.denominators),
            ("I", np.concatenate([song.bar_starts[:1], np.diff(song.bar_starts)])),
            ("H", np.round(song.tempo_bpm * 100)),
            ("B", song.chords.reshape(-1)),
            ("H", song.loop_starts),
            ("B", song.loop_bars),
            ("B", np.round(song.loop_scores * 255)),
            ("B", song.roles),
            ("B", song.programs + 128 * played),
            ("I", np.stack([counts, delta_sizes]).reshape(-1)),
            *(("B", b"".join(stream)) for stream in streams),
        ]
    )


def encoded(song: PackedSong) -> tuple[SongInfo, bytes]:
    """Return a song as a shard holds it: what the index tells of it, and its compressed arrays."""
    return replace(song.info, bars=song.bars, notes=len(song.onset)), encode_song(song)


def decode_song(info: SongInfo, blob: bytes) -> PackedSong:
    """Return the song that `encode_song` was given.

    Raises:
        CorpusError: The bytes are damaged.
    """
    arrays = song_codec.unpack_arrays(blob)
    if len(arrays) != _BAR_ARRAYS + _TRACK_STREAMS:
        raise CorpusError(f"{info.name}: the packed song is damaged.", "Run prepare again.")
    try:
        return _song_from_arrays(info, arrays)
    except (IndexError, ValueError) as error:
        raise CorpusError(f"{info.name}: the packed song is damaged.", "Run prepare again.") from error


def _song_from_arrays(info: SongInfo, arrays: list[npt.NDArray[np.unsignedinteger]]) -> PackedSong:
    numerators, denominators, lengths, tempo, chords, starts, bars, scores, roles, programs, sizes = (
        array.astype(np.int32) for array in arrays[:_BAR_ARRAYS]
    )
    deltas, micro, pitches, durations, velocities = arrays[_BAR_ARRAYS:]
    counts, delta_sizes = sizes.reshape(2, -1)
    track = np.repeat(np.arange(len(roles), dtype=np.int32), counts)
    played = programs >= 128
    onset = np.concatenate(
        [
            song_codec.onsets_from_streams(part, micro_part)
            for part, micro_part in zip(
                _parts(deltas, delta_sizes), _parts(micro, np.where(played, counts, 0)), strict=True
            )
        ]
        or [np.zeros(0, np.int32)]
    )
    duration = np.full(len(track), song_codec.DRUM_TICKS, np.int32)
    duration[roles[track] != _DRUMS] = song_codec.DURATION_TICKS[durations]
    pitch = pitches.astype(np.int32)
    order = np.lexsort((track, pitch, onset))
    return PackedSong(
        info=info,
        numerators=numerators,
        denominators=denominators,
        bar_starts=np.cumsum(lengths, dtype=np.int32),
        tempo_bpm=(tempo / 100).astype(np.float32),
        roles=roles,
        programs=programs % 128,
        track=track[order],
        onset=onset[order],
        duration=duration[order],
        pitch=pitch[order],
        velocity=song_codec.velocities_from_codes(velocities.astype(np.uint8))[order],
        chords=chords.reshape(-1, 2),
        loop_starts=starts,
        loop_bars=bars,
        loop_scores=(scores / 255).astype(np.float32),
    )


def _parts(stream: npt.NDArray[np.unsignedinteger], sizes: IntArray) -> list[npt.NDArray[np.uint8]]:
    return np.split(stream.astype(np.uint8), np.cumsum(sizes)[:-1]) if len(sizes) else []


class ShardWriter:
    """Writes songs to a temporary file, which takes its name when the writer is left without error."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.notes: dict[str, Any] = {}  # whatever else the index should tell
        self._temporary = path.with_name(path.name + ".part")
        self._entries: list[dict[str, Any]] = []
        self._file: BinaryIO | None = None

    def __enter__(self) -> "ShardWriter":
        self._file = self._temporary.open("wb")
        self._file.write(_HEADER.pack(_MAGIC, VERSION, 0))
        return self

    def add(self, song: PackedSong) -> None:
        """Append a song."""
        self.add_encoded(*encoded(song))

    def add_encoded(self, info: SongInfo, blob: bytes) -> None:
        """Append a song that another shard holds, as it is."""
        assert self._file is not None
        self._entries.append(asdict(info) | {"offset": self._file.tell(), "size": len(blob)})
        self._file.write(blob)

    @property
    def size(self) -> int:
        """Bytes written so far, the index left out."""
        assert self._file is not None
        return self._file.tell()

    def __exit__(self, kind: object, *_: object) -> None:
        assert self._file is not None
        with self._file as file:
            offset = file.tell()
            index = json.dumps({"songs": self._entries, "notes": self.notes}, ensure_ascii=False)
            file.write(zlib.compress(index.encode(), 9))
            file.seek(0)
            file.write(_HEADER.pack(_MAGIC, VERSION, offset))
            file.flush()
            os.fsync(file.fileno())
        if kind is None:
            self._temporary.replace(self.path)
        else:
            self._temporary.unlink()


class Shard(Sequence[PackedSong]):
    """A shard opened for reading; the compressed songs are kept in memory, decoded when asked for."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            data = path.read_bytes()
            magic, version, offset = _HEADER.unpack_from(data)
            if magic != _MAGIC or version != VERSION:
                raise CorpusError(f"{path.name} is no shard of version {VERSION}.", "Run prepare again.")
            index = json.loads(zlib.decompress(data[offset:]))
            self.notes: dict[str, Any] = index["notes"]
            self.blobs = tuple(data[entry["offset"] : entry["offset"] + entry["size"]] for entry in index["songs"])
            self.infos = tuple(_info(entry) for entry in index["songs"])
        except (OSError, struct.error, zlib.error, ValueError, KeyError, TypeError) as error:
            raise CorpusError(f"{path.name} cannot be read.", "Run prepare again.") from error

    def __len__(self) -> int:
        return len(self.infos)

    @overload
    def __getitem__(self, index: int) -> PackedSong: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[PackedSong]: ...
    def __getitem__(self, index: int | slice) -> PackedSong | Sequence[PackedSong]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        return decode_song(self.infos[index], self.blobs[index])

    def __iter__(self) -> Iterator[PackedSong]:
        for info, blob in zip(self.infos, self.blobs, strict=True):
            yield decode_song(info, blob)


def _info(entry: dict[str, Any]) -> SongInfo:
    values: dict[str, Any] = {name: value for name, value in entry.items() if name not in ("offset", "size")}
    values["key"] = tuple(values["key"])
    return SongInfo(**values)


def write_shard(path: Path, songs: Iterable[PackedSong]) -> int:
    """Write songs to one file and return its size in bytes."""
    with ShardWriter(path) as writer:
        for song in songs:
            writer.add(song)
    return path.stat().st_size


def read_shard(path: Path) -> Shard:
    """Open a shard: a sequence of songs, decoded one by one.

    Raises:
        CorpusError: The file is missing, damaged or of another version.
    """
    return Shard(path)


def find_shards(folder: Path, split: str) -> tuple[Path, ...]:
    """Return the shards of "train", "valid" or "test" in a folder that `prepare` wrote."""
    return tuple(sorted(folder.glob(f"{split}-*{SUFFIX}")))
