"""The canonical form of music: what of a Loop the model can see and say.

A `Sheet` holds a loop's notes as small integers: track, bar, position, pitch id, and the bins of duration,
velocity and microtiming. Building one from ticks is where music is quantised, and the only place:
`sheet.to_loop()` of `Sheet.from_loop(x)` *is* the canonical form of x, and going round again changes nothing.

What canonical means: every note stays; an onset moves by at most 2 ticks in a played part and half a grid
step in a quantised one (where microtiming is dropped); a duration in steps changes by at most one or 6 %, and
never into the next note of its pitch (a drum hit lasts a 16th at most); velocity by at most 2. Onsets in the
last half step of the loop, which would round to its end, go to its last step instead. Only notes of one
pitch that share a grid step become one, and `merged` counts them.
"""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from engine.music import analysis
from engine.music.general_midi import Role
from engine.music.harmony import NO_CHORD, Chord, ChordQuality, Key
from engine.music.loop import COMMON_TIME, Loop, Note, Track
from engine.music.timing import TICKS_PER_STEP, Meter
from engine.representation.vocabulary import (
    CHORD_UNKNOWN,
    DRUM_DURATION,
    DRUM_OFFSET,
    DURATION_STEPS,
    MICRO_ON_GRID,
    MICRO_TICKS,
    VELOCITY_STEP,
)

IntArray = npt.NDArray[np.int32]
QUALITIES = tuple(ChordQuality)
DURATION_TABLE: IntArray = np.array(DURATION_STEPS, dtype=np.int32)
# Nearest duration bin of every number of steps.
_BIN_OF_STEPS: IntArray = np.abs(np.arange(DURATION_STEPS[-1] + 1)[:, None] - DURATION_TABLE[None, :]).argmin(1)
# A part is played, not programmed, when more than this share of its onsets is over 2 ticks off the grid.
PLAYED_SHARE = 0.25


@dataclass(frozen=True, slots=True)
class SheetNotes:
    """Notes as parallel columns, int32 [N] each, sorted by (track, bar, position, pitch).

    Attributes:
        track: Index of the part.
        bar: From 0.
        position: Grid step within the bar, from 0.
        pitch: 0 to 127, or 128 + key for drums.
        duration: Bin of `DURATION_STEPS`.
        velocity: Bin of `VELOCITY_STEP`.
        micro: Bin of `MICRO_TICKS`.
    """

    track: IntArray
    bar: IntArray
    position: IntArray
    pitch: IntArray
    duration: IntArray
    velocity: IntArray
    micro: IntArray

    def __len__(self) -> int:
        return len(self.track)

    def take(self, where: npt.NDArray[np.integer] | npt.NDArray[np.bool_]) -> "SheetNotes":
        """Return the notes at an index array or under a boolean mask."""
        return SheetNotes(*(column[where] for column in self.columns()))

    def columns(self) -> tuple[IntArray, ...]:
        return (self.track, self.bar, self.position, self.pitch, self.duration, self.velocity, self.micro)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A loop, or a window of a song, in canonical form.

    Attributes:
        meter, bars, tempo_bpm, key: As in `Loop`.
        roles: Role of every part.
        programs: Program of every part, None when unknown.
        chords: int32 [bars, 2], chord ids at each bar's start and middle.
        notes: The notes.
        merged: Notes lost because another of the same part and pitch shares their grid step.
    """

    meter: Meter
    bars: int
    tempo_bpm: float
    roles: tuple[Role, ...]
    programs: tuple[int | None, ...]
    chords: IntArray
    notes: SheetNotes
    key: Key | None = None
    merged: int = 0
    names: tuple[str, ...] = field(default=())

    @property
    def total_steps(self) -> int:
        return self.bars * self.meter.steps_per_bar

    @classmethod
    def from_ticks(
        cls,
        *,
        track: npt.ArrayLike,
        onset: npt.ArrayLike,
        duration: npt.ArrayLike,
        pitch: npt.ArrayLike,
        velocity: npt.ArrayLike,
        roles: tuple[Role, ...],
        programs: tuple[int | None, ...],
        meter: Meter = COMMON_TIME,
        bars: int = 4,
        tempo_bpm: float = 120.0,
        chords: IntArray | None = None,
        key: Key | None = None,
        names: tuple[str, ...] = (),
    ) -> "Sheet":
        """Quantise notes given as columns of ticks from the loop's start (any order)."""
        columns = [np.asarray(c, dtype=np.int32) for c in (track, onset, duration, pitch, velocity)]
        total = bars * meter.steps_per_bar
        is_drums = np.array([role is Role.DRUMS for role in roles] + [False])
        notes, merged = _quantised(columns, is_drums=is_drums, total=total, steps_per_bar=meter.steps_per_bar)
        if chords is None:
            chords = np.full((bars, 2), CHORD_UNKNOWN, dtype=np.int32)
        return cls(meter, bars, tempo_bpm, roles, programs, chords, notes, key, merged, names)

    @classmethod
    def from_loop(cls, loop: Loop) -> "Sheet":
        """Return the canonical form of a loop."""
        flat = [
            (index, note.onset, note.duration, note.pitch, note.velocity)
            for index, track in enumerate(loop.tracks)
            for note in track.notes
        ]
        columns = np.array(flat, dtype=np.int32).reshape(-1, 5).T
        return cls.from_ticks(
            track=columns[0],
            onset=columns[1],
            duration=columns[2],
            pitch=columns[3],
            velocity=columns[4],
            roles=tuple(t.role for t in loop.tracks),
            programs=tuple(t.program for t in loop.tracks),
            meter=loop.meter,
            bars=loop.bars,
            tempo_bpm=loop.tempo_bpm,
            chords=chord_ids(loop.chords, loop.bars),
            key=loop.key,
            names=tuple(t.name for t in loop.tracks),
        )

    def to_loop(self) -> Loop:
        """Return the music as a Loop; chords at most two a bar."""
        onset, end = self.note_ticks()
        notes: list[list[Note]] = [[] for _ in self.roles]
        pitches = np.where(self.notes.pitch >= DRUM_OFFSET, self.notes.pitch - DRUM_OFFSET, self.notes.pitch)
        velocities = velocity_of_bin(self.notes.velocity)
        for index, track in enumerate(self.notes.track.tolist()):
            start = int(onset[index])
            note = Note(start, int(pitches[index]), int(end[index]) - start, int(velocities[index]))
            notes[track].append(note)
        names = self.names or ("",) * len(self.roles)
        tracks = tuple(
            Track(role, tuple(sorted(part)), program, name)
            for role, part, program, name in zip(self.roles, notes, self.programs, names, strict=True)
        )
        return Loop(self.meter, self.tempo_bpm, self.bars, tracks, self.key, chords_of_ids(self.chords))

    def note_ticks(self) -> tuple[IntArray, IntArray]:
        """Return onset and end of every note in ticks: inside the loop, clear of the next of its pitch."""
        n = self.notes
        step = n.bar * self.meter.steps_per_bar + n.position
        onset = np.maximum(0, step * TICKS_PER_STEP + np.array(MICRO_TICKS, dtype=np.int32)[n.micro])
        end = onset + DURATION_TABLE[n.duration] * TICKS_PER_STEP
        end = np.minimum(end, self.total_steps * TICKS_PER_STEP)
        order = np.lexsort((onset, n.pitch, n.track))
        following = order[1:]
        same = (n.track[following] == n.track[order[:-1]]) & (n.pitch[following] == n.pitch[order[:-1]])
        end[order[:-1][same]] = np.minimum(end[order[:-1][same]], onset[following[same]])
        return onset.astype(np.int32), end.astype(np.int32)


def velocity_of_bin(bins: npt.NDArray[np.generic]) -> IntArray:
    """Return the velocity in the middle of each bin, 2 to 126."""
    return np.asarray(bins, dtype=np.int32) * VELOCITY_STEP + VELOCITY_STEP // 2


def nearest_duration_bin(steps: int) -> int:
    """Return the bin of `DURATION_STEPS` nearest to a number of steps, 1 or more."""
    return int(_BIN_OF_STEPS[min(max(steps, 1), DURATION_STEPS[-1])])


def chord_id(chord: Chord | None) -> int:
    """Return the id of a chord in the CHORD columns; None is unknown."""
    return CHORD_UNKNOWN if chord is None else analysis.chord_id(chord)


def chord_of_id(identity: int) -> Chord:
    """Return the chord of an id; unknown becomes "no chord"."""
    return analysis.chord_of_id(identity) or NO_CHORD


def chord_ids(chords: tuple[tuple[Chord, ...], ...], bars: int) -> IntArray:
    """Return int32 [bars, 2]: the chord sounding at each bar's start and at its middle."""
    ids = np.full((bars, 2), CHORD_UNKNOWN, dtype=np.int32)
    for bar, inside in enumerate(chords):
        ids[bar] = chord_id(inside[0]), chord_id(inside[len(inside) // 2])
    return ids


def chords_of_ids(ids: IntArray) -> tuple[tuple[Chord, ...], ...]:
    """Return the chords of int32 [bars, 2] ids, one a bar where both halves agree; () if all unknown."""
    if not ids.any():
        return ()
    return tuple(
        (chord_of_id(a),) if a == b or b == CHORD_UNKNOWN else (chord_of_id(a), chord_of_id(b)) for a, b in ids.tolist()
    )


def played_tracks(track: IntArray, offset: IntArray, tracks: int) -> npt.NDArray[np.bool_]:
    """Tell which parts are played off the grid, from each note's distance to its step in ticks."""
    counts = np.bincount(track, minlength=tracks)
    off_grid = np.bincount(track, weights=np.abs(offset) > 2, minlength=tracks)
    return off_grid > PLAYED_SHARE * np.maximum(counts, 1)


def _quantised(
    columns: list[IntArray], *, is_drums: npt.NDArray[np.bool_], total: int, steps_per_bar: int
) -> tuple[SheetNotes, int]:
    track, onset, duration, pitch, velocity = columns
    step = np.minimum((onset + TICKS_PER_STEP // 2) // TICKS_PER_STEP, total - 1)
    end = (onset + duration + TICKS_PER_STEP // 2) // TICKS_PER_STEP
    order = np.lexsort((-velocity, -end, step, pitch, track))
    places = np.stack([track, pitch, step])[:, order]
    same_place = np.zeros(len(order), dtype=np.bool_)
    same_place[1:] = (places[:, 1:] == places[:, :-1]).all(axis=0)
    order = order[~same_place]
    track, step, pitch, end = track[order], step[order], pitch[order], end[order]
    onset, velocity = onset[order], velocity[order]

    # Only notes that stay decide whether the part is played: going round again must not decide otherwise.
    offset = np.clip(onset - step * TICKS_PER_STEP, -TICKS_PER_STEP // 2, TICKS_PER_STEP // 2 - 1)
    played = played_tracks(track, offset, len(is_drums))
    micro = np.where(played[track], (offset + TICKS_PER_STEP // 2) // 4, MICRO_ON_GRID)
    limit = np.full(len(track), total, dtype=np.int32)
    same_pitch = (track[1:] == track[:-1]) & (pitch[1:] == pitch[:-1])
    limit[:-1][same_pitch] = step[1:][same_pitch]
    # The nearest bin may be a little longer than the gap: `note_ticks` cuts notes where they have to end.
    bins = _BIN_OF_STEPS[np.clip(np.minimum(end, limit) - step, 1, DURATION_STEPS[-1])]
    drums = is_drums[track]
    bins = np.where(drums, DRUM_DURATION, bins)
    bar, position = step // steps_per_bar, step % steps_per_bar
    order = np.lexsort((pitch, step, track))
    notes = (track, bar, position, pitch + DRUM_OFFSET * drums, bins, np.clip(velocity, 1, 127) // VELOCITY_STEP, micro)
    return SheetNotes(*(column[order].astype(np.int32) for column in notes)), int(same_place.sum())
