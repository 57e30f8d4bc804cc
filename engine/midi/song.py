"""A whole piece as arrays: what corpora are read into, and what loops are cut from.

A `Loop` is a small tuple of tuples, made to be edited; a song of 5,000 notes read ten thousand times over
wants arrays instead. A `Song` has the same tick (`PPQ`), one table of notes, the tempo map, the meter map
and every bar line, whatever file it came from: overlaps of one pitch are solved, the sustain pedal is folded
into durations, and bars are counted through every change of meter.

Unusual: a change of meter in the middle of a bar begins a new bar there, so that a bar may be shorter than
its meter says. Only `is_regular` stretches make loops.
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from engine.music.general_midi import ROLES, Role, RoleSource
from engine.music.loop import MAX_BARS, MAX_TRACKS, Loop, Note, Track
from engine.music.timing import MAX_TEMPO_BPM, MIN_TEMPO_BPM, PPQ, Meter, bpm_from_microseconds

MAX_SONG_BARS = 20_000
ROUNDING_TICKS = PPQ // 8  # a 32nd note: what overhangs a bar line by no more is taken for the bar line itself

Table = NDArray[np.int32]


class Column(IntEnum):
    """Columns of `Song.notes`."""

    TRACK = 0
    ONSET = 1
    DURATION = 2
    PITCH = 3
    VELOCITY = 4


@dataclass(frozen=True, slots=True)
class SongTrack:
    """What is known of one part, apart from its notes.

    Attributes:
        role: What the part does: drums from the channel, else as the program or the name tells.
        program: General MIDI program, 0 to 127; None where the file names none.
        name: As the file has it, may be empty.
        role_source: What told the role.
    """

    role: Role
    program: int | None = None
    name: str = ""
    role_source: RoleSource = RoleSource.PROGRAM

    @property
    def is_drums(self) -> bool:
        return self.role is Role.DRUMS


@dataclass(frozen=True, slots=True, eq=False)
class Song:
    """One piece of music, in ticks at `PPQ`.

    Attributes:
        name: What to call it in a log: mostly the file's path.
        tracks: One entry a part; every part has notes.
        notes: int32 [N, 5], columns as in `Column`, sorted by onset, track, pitch. No two notes of one
            track and pitch overlap; durations are 1 or more.
        tempos: int32 [K, 2]: tick, microseconds a quarter; K ≥ 1, the first at tick 0.
        meters: int32 [M, 3]: tick, numerator, denominator; M ≥ 1, the first at tick 0; each is a `Meter`.
        bar_starts: int32 [B + 1]: the tick of every bar line, the last one being the song's end.
    """

    name: str
    tracks: tuple[SongTrack, ...]
    notes: Table
    tempos: Table
    meters: Table
    bar_starts: Table

    @property
    def bars(self) -> int:
        return len(self.bar_starts) - 1

    @property
    def end(self) -> int:
        """The last bar line, in ticks."""
        return int(self.bar_starts[-1])

    @property
    def roles(self) -> NDArray[np.int8]:
        """int8 [tracks]: each part's index in `ROLES`."""
        return np.array([ROLES.index(track.role) for track in self.tracks], dtype=np.int8)

    @property
    def is_drums(self) -> NDArray[np.bool_]:
        """bool [N]: which notes are drum hits."""
        return np.array([track.is_drums for track in self.tracks], np.bool_)[self.notes[:, Column.TRACK]]

    def meter_of_bar(self, bar: int) -> Meter:
        """Return the meter of the bar with index `bar` (0 is the first)."""
        row = int(np.searchsorted(self.meters[:, 0], self.bar_starts[bar], side="right")) - 1
        return Meter(int(self.meters[row, 1]), int(self.meters[row, 2]))

    def tempo_at(self, tick: int) -> int:
        """Return the tempo at `tick`, in microseconds a quarter."""
        return int(self.tempos[max(int(np.searchsorted(self.tempos[:, 0], tick, side="right")) - 1, 0), 1])

    def is_regular(self, first_bar: int, bars: int) -> bool:
        """Tell whether `bars` bars from `first_bar` exist, share one meter, and are all as long as it says."""
        if first_bar < 0 or bars < 1 or first_bar + bars > self.bars:
            return False
        lengths = np.diff(self.bar_starts[first_bar : first_bar + bars + 1])
        meter = self.meter_of_bar(first_bar)
        inside = (self.meters[:, 0] > self.bar_starts[first_bar]) & (
            self.meters[:, 0] < self.bar_starts[first_bar + bars]
        )
        return not inside.any() and bool((lengths == meter.ticks_per_bar).all())

    def same_as(self, other: "Song") -> bool:
        """Tell whether two songs hold the same music, whatever they are called."""
        return self.tracks == other.tracks and all(
            np.array_equal(getattr(self, field), getattr(other, field))
            for field in ("notes", "tempos", "meters", "bar_starts")
        )


@dataclass(frozen=True, slots=True)
class Window:
    """A loop cut from a song, and what the cut cost.

    Attributes:
        loop: The bars asked for, notes that ring past their end cut there.
        dropped: One sentence a kind of loss, for people; empty when nothing was lost.
    """

    loop: Loop
    dropped: tuple[str, ...] = ()


def tidied(notes: Table) -> Table:
    """Return notes that were moved as `Song.notes` has them: sorted, none twice, each cut at the next of its pitch."""
    order = np.lexsort(
        (-notes[:, Column.DURATION], notes[:, Column.ONSET], notes[:, Column.PITCH], notes[:, Column.TRACK])
    )
    voices = notes[order]
    key = (voices[:, Column.TRACK].astype(np.int64) << 7) + voices[:, Column.PITCH]
    is_first = np.append(True, (np.diff(key) != 0) | (np.diff(voices[:, Column.ONSET]) != 0))[: len(voices)]
    voices, key = voices[is_first], key[is_first]
    gaps = np.where(np.diff(key) == 0, np.diff(voices[:, Column.ONSET]), np.iinfo(np.int32).max)
    voices[:-1, Column.DURATION] = np.minimum(voices[:-1, Column.DURATION], gaps)
    return voices[np.lexsort((voices[:, Column.PITCH], voices[:, Column.TRACK], voices[:, Column.ONSET]))]


def bar_lines(meters: Table, last_onset: int, end: int) -> Table:
    """Return every bar line from tick 0 until the music is over.

    Args:
        meters: int32 [M, 3] as `Song.meters`.
        last_onset: Tick of the last note's onset; it lies before the last bar line.
        end: Tick at which everything has ended. Up to a 32nd note of it may lie behind the last bar line.

    Returns:
        int32 [B + 1], B ≥ 1.

    Raises:
        ValueError: There are more than `MAX_SONG_BARS` bars.
    """
    needed = max(last_onset + 1, end - ROUNDING_TICKS, 1)
    pieces: list[Table] = []
    length = 0
    for index, (start, numerator, denominator) in enumerate(meters.tolist()):
        if index and start >= needed:
            break
        is_last = index + 1 == len(meters) or int(meters[index + 1, 0]) >= needed
        stop = needed if is_last else int(meters[index + 1, 0])
        length = Meter(numerator, denominator).ticks_per_bar
        if (stop - start) // length + sum(map(len, pieces)) > MAX_SONG_BARS:
            raise ValueError(f"it has more than {MAX_SONG_BARS:,} bars")
        pieces.append(np.arange(start, stop, length, dtype=np.int32))
    last = int(pieces[-1][-1])
    closing = np.array([last + length], dtype=np.int32)
    return np.concatenate([*pieces, closing])


def cut_window(song: Song, *, first_bar: int = 0, bars: int | None = None) -> Window:
    """Cut a loop out of a song.

    Args:
        song: Where to cut.
        first_bar: Index of the first bar, 0 for the song's first.
        bars: How many, at most 16; None for as many as there are of one meter.

    Returns:
        The loop, its parts in the song's order; parts silent in these bars are left out.

    Raises:
        ValueError: The song has no such bar.
    """
    if not 0 <= first_bar < song.bars:
        raise ValueError(f"there is no bar {first_bar + 1}; it has {song.bars}")
    meter = song.meter_of_bar(first_bar)
    regular = _regular_bars(song, first_bar, min(bars or MAX_BARS, MAX_BARS))
    dropped: list[str] = []
    if bars is None and regular < song.bars - first_bar:
        why = f"a loop has at most {MAX_BARS}" if regular == MAX_BARS else "there the meter changes"
        left_out, last = first_bar + regular + 1, song.bars
        which = f"Bar {last} was" if left_out == last else f"Bars {left_out} to {last} were"
        dropped.append(f"{which} left out: {why}.")
    start = int(song.bar_starts[first_bar])
    length = meter.ticks_per_bar * (regular if bars is None else min(bars, MAX_BARS))
    stop = min(start + length, int(song.bar_starts[first_bar + regular]))
    tracks = _tracks_between(song, start, stop, dropped)
    tempo_bpm = _one_tempo(song, start, stop, dropped)
    loop = Loop(meter=meter, tempo_bpm=tempo_bpm, bars=length // meter.ticks_per_bar, tracks=tracks)
    return Window(loop, tuple(dropped))


def _regular_bars(song: Song, first_bar: int, most: int) -> int:
    for count in range(min(most, song.bars - first_bar), 1, -1):
        if song.is_regular(first_bar, count):
            return count
    return 1


def _tracks_between(song: Song, start: int, stop: int, dropped: list[str]) -> tuple[Track, ...]:
    notes = song.notes
    onsets = notes[:, Column.ONSET]
    ends = onsets + notes[:, Column.DURATION]
    inside = notes[(onsets >= start) & (onsets < stop)]
    if rung_in := int(((onsets < start) & (ends > start)).sum()):
        dropped.append(f"Left out: {_count(rung_in, 'note')} that rang in from before the first bar.")
    counts = np.bincount(inside[:, Column.TRACK], minlength=len(song.tracks))
    kept = np.flatnonzero(counts)
    if len(kept) > MAX_TRACKS:
        kept = np.sort(kept[np.argsort(-counts[kept], kind="stable")[:MAX_TRACKS]])
        dropped.append(f"Left out: the {_count(int((counts > 0).sum()) - MAX_TRACKS, 'part')} with the fewest notes.")
    cut = int((inside[:, Column.ONSET] + inside[:, Column.DURATION] > stop).sum())
    if cut:
        dropped.append(f"Cut at the loop's end: {_count(cut, 'note')}.")
    return tuple(_track(song.tracks[index], inside[inside[:, Column.TRACK] == index], start, stop) for index in kept)


def _track(part: SongTrack, rows: Table, start: int, stop: int) -> Track:
    notes = tuple(
        Note(onset - start, pitch, min(duration, stop - onset), velocity)
        for _, onset, duration, pitch, velocity in rows.tolist()
    )
    return Track(role=part.role, notes=notes, program=part.program, name=part.name)


def _one_tempo(song: Song, start: int, stop: int, dropped: list[str]) -> float:
    microseconds = song.tempo_at(start)
    inside = song.tempos[(song.tempos[:, 0] > start) & (song.tempos[:, 0] < stop)]
    tempo_bpm = bpm_from_microseconds(microseconds)
    if (inside[:, 1] != microseconds).any():
        dropped.append(f"Changes of tempo were dropped; {tempo_bpm:g} BPM, the first, is kept.")
    clamped = min(max(tempo_bpm, MIN_TEMPO_BPM), MAX_TEMPO_BPM)
    if clamped != tempo_bpm:
        dropped.append(f"A tempo of {tempo_bpm:g} BPM was taken for {clamped:g} BPM.")
    return clamped


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
