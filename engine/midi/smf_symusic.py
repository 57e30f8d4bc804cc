"""What symusic finds in a file: the fast half of `smf_read`, thousands of songs a second."""

import numpy as np
from numpy.typing import NDArray
from symusic.core import ScoreTick, TrackTick

from engine.midi.roles import role_of_part
from engine.midi.smf_repair import SUSTAIN, NotMidiError, reframe, repair
from engine.midi.song import SongTrack
from engine.midi.song_assembly import RawNotes, RawSong, Rows


def ascii_name(raw: bytes) -> str:
    """Return a track's name as both readers of corpora have it."""
    text = raw.decode("ascii", "ignore")
    return (text if text.isprintable() else "".join(filter(str.isprintable, text))).strip()


def collect(data: bytes, name: str) -> RawSong:
    """Return what is in a file's bytes; a part is what one track plays on one channel with one program.

    Raises:
        NotMidiError: Nothing can be read.
    """
    return _collected(_score(data), name)


def _score(data: bytes) -> ScoreTick:
    if _has_plain_header(data):
        try:
            return ScoreTick.from_midi(data if _has_sound_chunks(data) else reframe(data))
        except (RuntimeError, ValueError, IndexError):
            pass  # not sound within: read below what can be read
    try:
        return ScoreTick.from_midi(repair(data).data)
    except (RuntimeError, IndexError) as error:
        raise NotMidiError(str(error)) from error


def _has_plain_header(data: bytes) -> bool:
    """Tell whether this is a type 0 or 1 file with ticks a quarter."""
    is_plain = len(data) > 14 and data[:9] == b"MThd\0\0\0\6\0" and data[9] < 2
    return is_plain and 0 < int.from_bytes(data[12:14]) < 0x8000


def _has_sound_chunks(data: bytes) -> bool:
    """Tell whether tracks follow each other to the end; symusic stops without a word where they do not."""
    position = 14
    while data[position : position + 4] == b"MTrk":
        position += 8 + int.from_bytes(data[position + 4 : position + 8])
    return position == len(data)


def _collected(score: ScoreTick, name: str) -> RawSong:
    tracks: list[SongTrack] = []
    columns: list[dict[str, NDArray[np.int32]]] = []
    pedals: dict[int, Rows] = {}
    for track in score.tracks:
        if not len(track.notes):
            continue
        program = int(track.program)
        part_name = ascii_name(track.name.encode("ascii", "ignore"))
        role, source = role_of_part(is_drums=track.is_drum, program=program, name=part_name, trust_name=False)
        if len(pedal := _pedal(track)):
            pedals[len(tracks)] = pedal
        tracks.append(SongTrack(role, program, part_name, source))
        columns.append(track.notes.numpy())
    tempos = score.tempos.numpy()
    meters = score.time_signatures.numpy()
    return RawSong(
        name=name,
        ticks_per_quarter=int(score.ticks_per_quarter),
        tracks=tuple(tracks),
        notes=_joined(columns),
        pedals=pedals,
        tempos=list(zip(tempos["time"].tolist(), tempos["mspq"].tolist(), strict=True)),
        meters=list(zip(*(meters[key].tolist() for key in ("time", "numerator", "denominator")), strict=True)),
    )


def _joined(columns: list[dict[str, NDArray[np.int32]]]) -> RawNotes:
    def column(key: str) -> Rows:
        found = [track[key] for track in columns] or [np.zeros(0, dtype=np.int32)]
        return np.concatenate(found).astype(np.int64)

    part = np.repeat(np.arange(len(columns)), [len(track["time"]) for track in columns])
    onset = column("time")
    return RawNotes(part, onset, onset + column("duration"), column("pitch"), column("velocity"))


def _pedal(track: TrackTick) -> Rows:
    """Return the sustain pedal from the controllers: symusic's own pedals begin at 0 on channels other than 1."""
    nothing: Rows = np.zeros((0, 2), dtype=np.int64)
    if not len(track.controls):
        return nothing
    controls = track.controls.numpy()
    is_pedal = controls["number"] == SUSTAIN
    if not is_pedal.any():
        return nothing
    return np.stack([controls["time"][is_pedal], controls["value"][is_pedal]], axis=1).astype(np.int64)
