"""From a song as read to the song that training keeps: parts, bars, tempo, canonical notes.

Reading is `engine.midi.smf_read`'s. What is decided here: that all drum parts are one, which part is the bass if
none says so, which parts are the same part twice, whether a constant shift puts the song on the grid or
on its bar lines, and which parts were played by a person (their microtiming is kept) and which were
written (they go onto the grid).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from engine.errors import CorpusError
from engine.midi.song import Column, Song, SongTrack, bar_lines
from engine.music.general_midi import ROLES, Role
from engine.music.timing import MAX_TEMPO_BPM, MIN_TEMPO_BPM, PPQ, TICKS_PER_STEP
from training import song_codec
from training.songs import FloatArray, IntArray, PackedSong, SongInfo

MAX_PACKED_BARS = 1200
MAX_PARTS = 32
_SIXTEENTH, _EIGHTH_TRIPLET = PPQ // 4, PPQ // 6
_TENT_TICKS = 10  # an onset this far from a grid line counts for nothing
_ON_GRID_SHARE = 0.9
_NEARLY_ON = 2  # ticks
_LATEST_TICK = 1 << 30
_KICKS, _CRASHES = (35, 36), (49, 57)
_CLEARLY_FIRST = 1.3  # with this, 97 % of songs known to be right are told to be right
_LOW = 52  # where a bass line lies, if no part is called bass


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """One part's notes in canonical form, int32 [n] each, by onset, then pitch."""

    track: SongTrack
    onset: IntArray
    duration: IntArray
    pitch: IntArray
    velocity: IntArray


def with_notes(song: Song, notes: IntArray) -> Song:
    """Return the song with another table of notes, sorted, and as many bars as they need."""
    notes = notes[np.lexsort((notes[:, Column.PITCH], notes[:, Column.TRACK], notes[:, Column.ONSET]))]
    last = int(notes[-1, Column.ONSET]) if len(notes) else 0
    end = int((notes[:, Column.ONSET] + notes[:, Column.DURATION]).max()) if len(notes) else 0
    return replace(song, notes=notes, bar_starts=bar_lines(song.meters, last, end))


def shifted(song: Song, ticks: int) -> Song:
    """Return the song with its notes moved against its bar lines; none may start before 0."""
    if not ticks:
        return song
    notes = song.notes.copy()
    notes[:, Column.ONSET] = np.maximum(notes[:, Column.ONSET] + ticks, 0)
    return with_notes(song, notes)


def grid_shift(song: Song) -> int:
    """Return the constant shift, in ticks, that puts most onsets on the 16th or the 8th triplet grid.

    0 is preferred unless another shift is better by a twentieth of the notes.
    """
    onsets = song.notes[:, Column.ONSET]
    shifts = np.arange(-_SIXTEENTH // 2, _SIXTEENTH // 2)
    scores = _closeness(onsets, _SIXTEENTH, shifts) + _closeness(onsets, _EIGHTH_TRIPLET, shifts) / 2
    best = int(np.lexsort((np.abs(shifts), -scores))[0])
    gain = scores[best] - scores[np.searchsorted(shifts, 0)]
    return int(shifts[best]) if gain > len(onsets) / 20 else 0


def _closeness(onsets: IntArray, unit: int, shifts: npt.NDArray[np.integer]) -> npt.NDArray[np.float64]:
    """Return how near the onsets come to a grid after each shift: a tent around every line, summed."""
    histogram = np.bincount(onsets % unit, minlength=unit)
    place = (np.arange(unit) + shifts[:, None]) % unit
    return np.maximum(1 - np.minimum(place, unit - place) / _TENT_TICKS, 0.0) @ histogram.astype(np.float64)


def seconds_at(song: Song, ticks: npt.NDArray[np.integer]) -> npt.NDArray[np.float64]:
    """Return the seconds at which ticks of a song are played."""
    marks = np.append(song.tempos[:, 0], _LATEST_TICK).astype(np.float64)
    seconds = np.concatenate([[0.0], np.cumsum(np.diff(marks) * song.tempos[:, 1] / (PPQ * 1e6))])
    return np.interp(ticks, marks, seconds)


def bar_tempos(song: Song) -> FloatArray:
    """Return the mean tempo of each bar, in BPM, [bars]."""
    seconds = np.diff(seconds_at(song, song.bar_starts))
    tempo = np.diff(song.bar_starts) / PPQ * 60 / np.maximum(seconds, 1e-9)
    return np.clip(tempo, MIN_TEMPO_BPM, MAX_TEMPO_BPM).round(2).astype(np.float32)


def pack(song: Song, info: SongInfo) -> PackedSong:
    """Bring a song into canonical form; chords, key and loops are left empty.

    Raises:
        CorpusError: Too many bars, or no notes are left.
    """
    if song.bars > MAX_PACKED_BARS:
        raise CorpusError(f"more than {MAX_PACKED_BARS:,} bars")
    parts = _distinct([_canonical(track, rows) for track, rows in _merged_parts(song)])
    if not parts:
        raise CorpusError("no notes")
    track = np.repeat(np.arange(len(parts), dtype=np.int32), [len(part.onset) for part in parts])
    onset, pitch = (np.concatenate([getattr(part, name) for part in parts]) for name in ("onset", "pitch"))
    order = np.lexsort((track, pitch, onset))
    rows = np.searchsorted(song.meters[:, 0], song.bar_starts[:-1], side="right") - 1
    return PackedSong(
        info=replace(info, played=bool(np.any(onset % TICKS_PER_STEP))),
        numerators=song.meters[rows, 1],
        denominators=song.meters[rows, 2],
        bar_starts=song.bar_starts,
        tempo_bpm=bar_tempos(song),
        roles=np.array([ROLES.index(part.track.role) for part in parts], np.int32),
        programs=np.array([part.track.program or 0 for part in parts], np.int32),
        track=track[order],
        onset=onset[order],
        duration=np.concatenate([part.duration for part in parts])[order],
        pitch=pitch[order],
        velocity=np.concatenate([part.velocity for part in parts])[order],
        chords=np.zeros((song.bars, 2), np.int32),
    )


def _merged_parts(song: Song) -> list[tuple[SongTrack, IntArray]]:
    """Return the parts with their notes: all drums as one part, and a bass, if there is a low line."""
    rows = [song.notes[song.notes[:, Column.TRACK] == index] for index in range(len(song.tracks))]
    drums = [index for index, track in enumerate(song.tracks) if track.is_drums and len(rows[index])]
    parts = [
        (track, notes) for track, notes in zip(song.tracks, rows, strict=True) if len(notes) and not track.is_drums
    ]
    if all(track.role is not Role.BASS for track, _ in parts):
        parts = _with_a_bass(parts)
    if drums:
        most = max(drums, key=lambda index: len(rows[index]))
        parts.insert(0, (song.tracks[most], np.concatenate([rows[index] for index in drums])))
    return parts


def _with_a_bass(parts: list[tuple[SongTrack, IntArray]]) -> list[tuple[SongTrack, IntArray]]:
    """Call the lowest single line the bass, if one is low enough or named so."""
    likely = [_bass_likelihood(track, notes) for track, notes in parts]
    best = int(np.argmax(likely)) if likely else 0
    if not likely or likely[best] <= 0:
        return parts
    bass = (replace(parts[best][0], role=Role.BASS), parts[best][1])
    return [*parts[:best], bass, *parts[best + 1 :]]


def _bass_likelihood(track: SongTrack, notes: IntArray) -> float:
    onsets, mean = notes[:, Column.ONSET], float(notes[:, Column.PITCH].mean())
    if len(onsets) < 16:
        return 0.0
    if "bass" in track.name.casefold() and mean < 60:
        return 200 - mean
    single = len(np.unique(onsets)) >= 0.95 * len(onsets)
    return 60 - mean if single and mean < 46 else 0.0


def _distinct(parts: Sequence[_Part]) -> list[_Part]:
    """Leave out parts that play what another plays at the same pitch: doublings made for the sound."""
    seen: set[bytes] = set()
    kept: list[_Part] = []
    for part in parts:
        content = part.onset.tobytes() + part.pitch.tobytes()
        if len(part.onset) and content not in seen and len(kept) < MAX_PARTS:
            seen.add(content)
            kept.append(part)
    return kept


def _canonical(track: SongTrack, notes: IntArray) -> _Part:
    """Round a part's notes; of notes that come to share a place one stays, and none overlaps the next."""
    found = notes[:, Column.ONSET]
    off_grid = np.abs(found - np.round(found / TICKS_PER_STEP) * TICKS_PER_STEP)
    played = float(np.mean(off_grid <= _NEARLY_ON)) < _ON_GRID_SHARE
    onset, length = song_codec.canonical_onsets(found, played=played), notes[:, Column.DURATION]
    order = np.lexsort((-notes[:, Column.VELOCITY], -length, onset, notes[:, Column.PITCH]))
    onset, pitch, length, velocity = (
        onset[order],
        notes[order, Column.PITCH],
        length[order],
        notes[order, Column.VELOCITY],
    )
    apart = _first_of_place(onset, pitch)
    onset, pitch, length, velocity = onset[apart], pitch[apart], length[apart], velocity[apart]
    room = np.where(np.diff(pitch, append=-1) == 0, np.diff(onset, append=_LATEST_TICK), _LATEST_TICK)
    duration = song_codec.DURATION_TICKS[song_codec.duration_codes(length, room)]
    if track.is_drums:
        duration = np.full(len(onset), song_codec.DRUM_TICKS, np.int32)
    codes = song_codec.velocity_codes(np.clip(velocity, 1, 127))
    velocity = song_codec.velocities_from_codes(codes.astype(np.uint8))
    by_time = np.lexsort((pitch, onset))
    return _Part(track, onset[by_time], duration[by_time], pitch[by_time], velocity[by_time])


def _first_of_place(onset: IntArray, pitch: IntArray) -> npt.NDArray[np.bool_]:
    """Tell, of notes sorted by pitch and onset, which are a step or more after the last that is kept."""
    keep = np.ones(len(onset), np.bool_)
    while True:
        kept = np.flatnonzero(keep)
        close = (np.diff(onset[kept]) < TICKS_PER_STEP) & (np.diff(pitch[kept]) == 0)
        # Of a run of close notes only those right after a kept one go in each round.
        goes = close & ~np.concatenate([[False], close[:-1]])
        if not goes.any():
            return keep
        keep[kept[1:][goes]] = False


def downbeat_shift(song: Song) -> int | None:
    """Return how far to move a song in one meter so that its bars begin where its music's do.

    Kicks, crashes, bass notes and the places where the harmony moves are counted on each beat of the bar; the
    first beat of the bar is where they meet.

    Returns:
        Ticks, 0 or more, less than a bar; None if no beat stands out or the meter changes.
    """
    if len(song.meters) > 1:
        return None
    beats = int(song.meters[0, 1])
    unit = 4 * PPQ // int(song.meters[0, 2])
    weight = downbeat_profile(song, beats, unit)
    best = int(np.argmax(weight))
    others = np.delete(weight, best)
    if len(others) and weight[best] < _CLEARLY_FIRST * others.max():
        return None
    return (beats - best) % beats * unit


def downbeat_profile(song: Song, beats: int, unit: int) -> npt.NDArray[np.float64]:
    """Return how much speaks for each beat of the bar being the first, [beats], each witness summing to 1."""
    onset, pitch = song.notes[:, Column.ONSET], song.notes[:, Column.PITCH]
    drums = np.array([track.is_drums for track in song.tracks])[song.notes[:, Column.TRACK]]
    on_beat = (onset + unit // 8) % unit <= unit // 4
    beat = (onset + unit // 8) // unit
    kicks, crashes = drums & np.isin(pitch, _KICKS), drums & np.isin(pitch, _CRASHES)
    witnesses = [
        np.bincount(beat[on_beat & kicks] % beats, minlength=beats),
        np.bincount(beat[on_beat & crashes] % beats, minlength=beats) * 1.0,
        _harmony_moves(beat[~drums], pitch[~drums], beats),
        _harmony_moves(beat[~drums & (pitch < _LOW)], pitch[~drums & (pitch < _LOW)], beats),
    ]
    weights = (1.0, 1.5, 3.0, 3.0)
    shares = [weight * w / max(float(w.sum()), 1.0) for w, weight in zip(witnesses, weights, strict=True)]
    return np.sum(shares, axis=0)


def _harmony_moves(beat: IntArray, pitch: IntArray, beats: int) -> npt.NDArray[np.float64]:
    """Return how much of the pitch classes of each beat is new against the beat before, summed by place."""
    if not len(beat):
        return np.zeros(beats)
    count = int(beat.max()) + 1
    chroma = np.bincount(beat * 12 + pitch % 12, minlength=count * 12).reshape(count, 12) > 0
    new = (chroma[1:] & ~chroma[:-1]).sum(axis=1) / np.maximum(chroma[1:].sum(axis=1), 1)
    return np.bincount(np.arange(1, count) % beats, weights=new, minlength=beats).astype(np.float64)
