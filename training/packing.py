"""From a MIDI file's bytes to the song that training keeps: parts, bars, tempo, canonical notes.

Reading is symusic's. What is decided here: which notes are the same note twice, which part is the bass,
where bars begin, whether a constant shift puts the song on the grid, and which parts were played by a
person (their microtiming is kept) and which were written (they go onto the grid).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import symusic

from engine.errors import CorpusError
from engine.music.general_midi import ROLES, Role, role_of_program
from engine.music.timing import MAX_QUARTERS_PER_BAR, MAX_TEMPO_BPM, MIN_TEMPO_BPM, PPQ, TICKS_PER_STEP
from training import song_codec
from training.songs import FloatArray, IntArray, PackedSong, SongInfo

MAX_SONG_BARS = 1000
MAX_PARTS = 32
_SIXTEENTH, _EIGHTH_TRIPLET = PPQ // 4, PPQ // 6
_ON_GRID_SHARE = 0.9
_LATEST_TICK = 1 << 30


@dataclass(frozen=True, slots=True)
class RawPart:
    """One part as the file has it, times in ticks at `PPQ`; int32 [notes] each."""

    name: str
    program: int
    is_drums: bool
    onset: IntArray
    duration: IntArray
    pitch: IntArray
    velocity: IntArray


@dataclass(frozen=True, slots=True)
class RawSong:
    """A file as read.

    Attributes:
        parts: One for each track, channel and program.
        meters: (tick, numerator, denominator), in order of ticks.
        tempos: (tick, BPM), in order of ticks.
    """

    parts: tuple[RawPart, ...]
    meters: tuple[tuple[int, int, int], ...]
    tempos: tuple[tuple[int, float], ...]

    @property
    def end(self) -> int:
        """The tick at which the last note ends."""
        return max((int((p.onset + p.duration).max()) for p in self.parts if len(p.onset)), default=0)


def read_raw(data: bytes) -> RawSong:
    """Read a Standard MIDI File.

    Raises:
        CorpusError: symusic cannot read it, or it holds no note.
    """
    try:
        score = symusic.Score.from_midi(data)
    except Exception as error:  # symusic raises whatever its parser does
        raise CorpusError("no readable MIDI file", str(error)) from error
    scale = PPQ / (score.ticks_per_quarter or PPQ)
    parts = tuple(_raw_part(track, scale) for track in score.tracks if len(track.notes))
    if not parts:
        raise CorpusError("no notes")
    meters = tuple(
        (round(sign.time * scale), int(sign.numerator), int(sign.denominator)) for sign in score.time_signatures
    )
    tempos = tuple((round(tempo.time * scale), float(tempo.qpm)) for tempo in score.tempos)
    return RawSong(parts, tuple(sorted(meters)), tuple(sorted(tempos)))


def _raw_part(track: Any, scale: float) -> RawPart:
    notes = track.notes.numpy()
    onset = np.round(notes["time"] * scale).astype(np.int32)
    end = np.round((notes["time"].astype(np.int64) + notes["duration"]) * scale).astype(np.int32)
    if len(track.pedals) and not track.is_drum:
        pedals = track.pedals.numpy()
        starts = np.round(pedals["time"] * scale).astype(np.int32)
        ends = np.round((pedals["time"].astype(np.int64) + pedals["duration"]) * scale).astype(np.int32)
        end = _pedalled_ends(end, starts, ends)
    return RawPart(
        name=track.name,
        program=int(track.program),
        is_drums=bool(track.is_drum),
        onset=onset,
        duration=np.maximum(end - onset, 1),
        pitch=notes["pitch"].astype(np.int32),
        velocity=notes["velocity"].astype(np.int32),
    )


def _pedalled_ends(ends: IntArray, pedal_starts: IntArray, pedal_ends: IntArray) -> IntArray:
    """Let notes that end while the sustain pedal is down sound until it is up."""
    index = np.searchsorted(pedal_starts, ends, side="right") - 1
    held = (index >= 0) & (ends < pedal_ends[np.maximum(index, 0)])
    return np.where(held, pedal_ends[np.maximum(index, 0)], ends).astype(np.int32)


def shifted(song: RawSong, ticks: int) -> RawSong:
    """Return the song with its notes moved against its bar lines; none may start before 0."""
    parts = tuple(replace(part, onset=np.maximum(part.onset + ticks, 0)) for part in song.parts)
    return replace(song, parts=parts)


def grid_shift(song: RawSong) -> int:
    """Return the constant shift, in ticks, that puts most onsets on the 16th or the 8th triplet grid.

    0 is preferred unless another shift is better by a twentieth of the notes.
    """
    onsets = np.concatenate([part.onset for part in song.parts])
    candidates = np.arange(-_SIXTEENTH // 2, _SIXTEENTH // 2, 2)
    straight = np.bincount(onsets % _SIXTEENTH, minlength=_SIXTEENTH)
    triplet = np.bincount(onsets % _EIGHTH_TRIPLET, minlength=_EIGHTH_TRIPLET)
    scores = [_closeness(straight, shift) + _closeness(triplet, shift) / 2 for shift in candidates]
    best = int(np.argmax(scores))
    gain = scores[best] - scores[int(np.searchsorted(candidates, 0))]
    return int(candidates[best]) if gain > len(onsets) / 20 else 0


def _closeness(histogram: npt.NDArray[np.int64], shift: int) -> float:
    """Sum a tent of ± 10 ticks around the shifted grid over a histogram of onsets within one grid unit."""
    size = len(histogram)
    distance = (np.arange(size) + shift) % size
    distance = np.minimum(distance, size - distance)
    return float((np.maximum(1 - distance / 10, 0) * histogram).sum())


def bar_lines(song: RawSong) -> tuple[IntArray, IntArray, IntArray]:
    """Return bar starts [bars + 1], numerators [bars] and denominators [bars].

    A new meter begins at the bar line nearest to its event. A meter too long to be kept has numerator 0.

    Raises:
        CorpusError: The song would have more than `MAX_SONG_BARS` bars.
    """
    end = song.end
    changes = [meter for meter in song.meters if meter[1] > 0 and meter[2] in (1, 2, 4, 8, 16, 32)]
    if not changes or changes[0][0] > 0:
        changes = [(0, 4, 4), *changes]
    starts, numerators, denominators = [0], list[int](), list[int]()
    current = 0
    while starts[-1] < end:
        while current + 1 < len(changes) and changes[current + 1][0] <= starts[-1] + PPQ // 2:
            current += 1
        _, numerator, denominator = changes[current]
        length = max(numerator * 4 * PPQ // denominator, PPQ // 8)
        usable = length <= MAX_QUARTERS_PER_BAR * PPQ and length % TICKS_PER_STEP == 0 and numerator <= 32
        starts.append(starts[-1] + length)
        numerators.append(numerator if usable else 0)
        denominators.append(denominator)
        if len(numerators) > MAX_SONG_BARS:
            raise CorpusError(f"more than {MAX_SONG_BARS} bars")
    return np.array(starts, np.int32), np.array(numerators, np.int32), np.array(denominators, np.int32)


def ticks_to_seconds(song: RawSong, ticks: npt.NDArray[np.integer]) -> npt.NDArray[np.float64]:
    """Return the seconds at which ticks of a song are played."""
    events = [tempo for tempo in song.tempos if tempo[1] > 0]
    if not events or events[0][0] > 0:
        events = [(0, events[0][1] if events else 120.0), *events]
    marks = np.array([tick for tick, _ in events] + [_LATEST_TICK], np.float64)
    seconds_per_tick = np.array([60 / (bpm * PPQ) for _, bpm in events])
    seconds = np.concatenate([[0.0], np.cumsum(np.diff(marks) * seconds_per_tick)])
    return np.interp(ticks, marks, seconds)


def bar_tempos(song: RawSong, bar_starts: IntArray) -> FloatArray:
    """Return the mean tempo of each bar, in BPM."""
    seconds = np.diff(ticks_to_seconds(song, bar_starts))
    tempo = np.diff(bar_starts) / PPQ * 60 / np.maximum(seconds, 1e-9)
    return np.clip(tempo, MIN_TEMPO_BPM, MAX_TEMPO_BPM).round(2).astype(np.float32)


def roles_of(parts: Sequence[RawPart]) -> list[Role]:
    """Tell what each part does: from its program; the bass also from its name, or as a low single line."""
    roles = [Role.DRUMS if part.is_drums else role_of_program(part.program) for part in parts]
    if Role.BASS in roles:
        return roles
    low = [_bass_likelihood(part) for part in parts]
    best = int(np.argmax(low))
    if low[best] > 0:
        roles[best] = Role.BASS
    return roles


def _bass_likelihood(part: RawPart) -> float:
    if part.is_drums or len(part.onset) < 16:
        return 0.0
    named = "bass" in part.name.lower()
    mean = float(part.pitch.mean())
    single = len(np.unique(part.onset)) >= 0.95 * len(part.onset)
    if named and mean < 60:
        return 200 - mean
    return 60 - mean if single and mean < 46 else 0.0


def pack(song: RawSong, info: SongInfo, roles: Sequence[Role] | None = None) -> PackedSong:
    """Bring a song into canonical form; chords, key and loops are left empty.

    Raises:
        CorpusError: Too many bars, or no notes are left.
    """
    starts, numerators, denominators = bar_lines(song)
    roles = roles if roles is not None else roles_of(song.parts)
    columns: list[tuple[IntArray, IntArray, IntArray, IntArray]] = []
    kept: list[int] = []
    seen: set[bytes] = set()
    for index, part in enumerate(song.parts):
        notes = _canonical_notes(part, is_drums=roles[index] is Role.DRUMS)
        same = notes[0].tobytes() + notes[2].tobytes()
        if len(notes[0]) and same not in seen and len(kept) < MAX_PARTS:
            seen.add(same)
            kept.append(index)
            columns.append(notes)
    if not kept:
        raise CorpusError("no notes left")
    onset, duration, pitch, velocity = (np.concatenate(column) for column in zip(*columns, strict=True))
    track = np.repeat(np.arange(len(kept), dtype=np.int32), [len(notes[0]) for notes in columns])
    order = np.lexsort((track, pitch, onset))
    return PackedSong(
        info=replace(info, played=bool(np.any(onset % TICKS_PER_STEP))),
        numerators=numerators,
        denominators=denominators,
        bar_starts=starts,
        tempo_bpm=bar_tempos(song, starts),
        roles=np.array([ROLES.index(roles[index]) for index in kept], np.int32),
        programs=np.array([song.parts[index].program for index in kept], np.int32),
        track=track[order],
        onset=onset[order],
        duration=duration[order],
        pitch=pitch[order],
        velocity=velocity[order],
        chords=np.zeros((len(numerators), 2), np.int32),
    )


def _canonical_notes(part: RawPart, *, is_drums: bool) -> tuple[IntArray, IntArray, IntArray, IntArray]:
    """Return onset, duration, pitch, velocity: rounded, without a note that starts twice, none overlapping."""
    off_grid = np.abs(part.onset - np.round(part.onset / TICKS_PER_STEP) * TICKS_PER_STEP)
    played = float(np.mean(off_grid <= 1)) < _ON_GRID_SHARE
    onset = song_codec.canonical_onsets(part.onset, played=played)
    order = np.lexsort((-part.velocity, -part.duration, onset, part.pitch))
    onset, pitch = onset[order], part.pitch[order]
    close = (np.diff(onset, prepend=-_LATEST_TICK) < TICKS_PER_STEP) & (np.diff(pitch, prepend=-1) == 0)
    order, onset, pitch = order[~close], onset[~close], pitch[~close]
    room = np.where(np.diff(pitch, append=-1) == 0, np.diff(onset, append=_LATEST_TICK), _LATEST_TICK)
    if is_drums:
        duration = np.full(len(onset), song_codec.DRUM_TICKS, np.int32)
    else:
        duration = song_codec.DURATION_TICKS[song_codec.duration_codes(part.duration[order], room)]
    velocity = song_codec.velocities_from_codes(
        song_codec.velocity_codes(np.clip(part.velocity[order], 1, 127)).astype(np.uint8)
    )
    by_time = np.lexsort((pitch, onset))
    return onset[by_time], duration[by_time], pitch[by_time], velocity[by_time]
