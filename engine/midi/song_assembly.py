"""From what a parser found to a `Song`: one tick scale, pedals folded, overlaps solved, bars counted.

Both readers (mido, symusic) end here, so that they can differ only in what they found. Everything is whole
arrays: a corpus passes through.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.midi.song import Column, Song, SongTrack, Table, bar_lines
from engine.music.timing import MICROSECONDS_PER_MINUTE, PPQ, Meter

MAX_TICKS = 1 << 29
PEDAL_DOWN = 64  # controller values from here on hold the pedal down
_DEFAULT_TEMPO = MICROSECONDS_PER_MINUTE // 120

Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class RawPart:
    """One part as a parser found it, in the file's own ticks.

    Attributes:
        track: Role, program and name.
        notes: int64 [n, 4]: onset, end, pitch, velocity, in any order.
        pedal: int64 [m, 2]: tick and value of the sustain pedal, in the file's order.
    """

    track: SongTrack
    notes: Rows
    pedal: Rows


@dataclass(frozen=True, slots=True, eq=False)
class RawSong:
    """What a parser found in one file, in the file's own ticks.

    Attributes:
        name: The song's name, for logs.
        ticks_per_quarter: The file's time division, 1 or more.
        parts: In the file's order; those without notes fall away.
        tempos: (tick, microseconds a quarter), by tick.
        meters: (tick, numerator, denominator), by tick; what is no `Meter` falls away.
        end: The last end of track; 0 where the parser does not tell.
    """

    name: str
    ticks_per_quarter: int
    parts: tuple[RawPart, ...]
    tempos: Sequence[tuple[int, int]]
    meters: Sequence[tuple[int, int, int]]
    end: int = 0


def assemble(raw: RawSong) -> Song:
    """Build a song.

    Raises:
        ValueError: It is too long to be one.
    """
    parts = [part for part in raw.parts if len(part.notes)]
    notes = _notes(parts, raw.ticks_per_quarter)
    meters = _changes([(0, 4, 4), *(row for row in raw.meters if is_meter(*row[1:]))], raw.ticks_per_quarter)
    tempos = [row for row in raw.tempos if row[1] > 0] or [(0, _DEFAULT_TEMPO)]
    tempos[0] = (0, tempos[0][1])  # what precedes the first tempo is meant to have it
    last_onset = int(notes[-1, Column.ONSET]) if len(notes) else 0
    note_end = int((notes[:, Column.ONSET] + notes[:, Column.DURATION]).max()) if len(notes) else 0
    end = max(note_end, int(_scaled(np.array([raw.end]), raw.ticks_per_quarter)[0]))
    return Song(
        name=raw.name,
        tracks=tuple(part.track for part in parts),
        notes=notes,
        tempos=_changes(tempos, raw.ticks_per_quarter),
        meters=meters,
        bar_starts=bar_lines(meters, last_onset, end),
    )


def is_meter(numerator: int, denominator: int) -> bool:
    """Tell whether a time signature found in a file is one that bars can be counted in."""
    try:
        Meter(numerator, denominator)
    except ValueError:
        return False
    return True


def _scaled(ticks: Rows, ticks_per_quarter: int) -> Rows:
    """Return file ticks in ticks at `PPQ`, halves rounded up."""
    scaled = (ticks * (2 * PPQ) + ticks_per_quarter) // (2 * ticks_per_quarter)
    if len(scaled) and int(scaled.max()) > MAX_TICKS:
        raise ValueError("it is days long")
    return scaled


def _changes(found: Sequence[tuple[int, ...]], ticks_per_quarter: int) -> Table:
    """Return int32 [K, 1 + values]: one row a real change; of several at one tick the last stands."""
    table = np.array(found, dtype=np.int64)
    table[:, 0] = _scaled(table[:, 0], ticks_per_quarter)
    if len(table) > 1:
        table = table[np.append(table[1:, 0] != table[:-1, 0], True)]
        table = table[np.append(True, (table[1:, 1:] != table[:-1, 1:]).any(axis=1))]
    return table.astype(np.int32)


def _notes(parts: Sequence[RawPart], ticks_per_quarter: int) -> Table:
    """Return the table of `Song.notes`."""
    if not parts:
        return np.zeros((0, len(Column)), dtype=np.int32)
    found = np.concatenate([part.notes for part in parts])
    track = np.repeat(np.arange(len(parts)), [len(part.notes) for part in parts])
    onset, end = _scaled(found[:, 0], ticks_per_quarter), _scaled(found[:, 1], ticks_per_quarter)
    first = 0
    for part in parts:
        last = first + len(part.notes)
        if len(part.pedal) and not part.track.is_drums:
            end[first:last] = _held(end[first:last], part.pedal, ticks_per_quarter)
        first = last
    end = np.maximum(end, onset + 1)
    return _without_overlaps(np.stack([track, onset, end, found[:, 2], found[:, 3]], axis=1))


def _held(ends: Rows, pedal: Rows, ticks_per_quarter: int) -> Rows:
    """Move note ends that fall where the pedal is down to where it comes up.

    A pedal that never comes up holds nothing: it is far more often a lost event than a chord meant to ring on.
    """
    down = np.concatenate([[False], pedal[:, 1] >= PEDAL_DOWN])
    ticks = _scaled(pedal[:, 0], ticks_per_quarter)
    presses = ticks[down[1:] & ~down[:-1]]
    lifts = ticks[~down[1:] & down[:-1]]
    presses = presses[: len(lifts)]
    if not len(lifts):
        return ends
    index = np.searchsorted(presses, ends, side="left") - 1
    lift = lifts[np.maximum(index, 0)]
    return np.where((index >= 0) & (ends < lift), lift, ends)


def _without_overlaps(rows: Rows) -> Table:
    """Cut each note at the next onset of its pitch; of notes that start together keep the longest, loudest.

    Args:
        rows: int64 [n, 5]: track, onset, end, pitch, velocity.
    """
    order = np.lexsort((-rows[:, 4], -rows[:, 2], rows[:, 1], rows[:, 3], rows[:, 0]))
    rows = rows[order]
    same_voice = (rows[1:, 0] == rows[:-1, 0]) & (rows[1:, 3] == rows[:-1, 3])
    is_first = np.append(True, ~(same_voice & (rows[1:, 1] == rows[:-1, 1])))
    rows = rows[is_first]
    same_voice = (rows[1:, 0] == rows[:-1, 0]) & (rows[1:, 3] == rows[:-1, 3])
    rows[:-1, 2] = np.where(same_voice, np.minimum(rows[:-1, 2], rows[1:, 1]), rows[:-1, 2])
    rows[:, 2] -= rows[:, 1]
    rows = rows[np.lexsort((rows[:, 3], rows[:, 0], rows[:, 1]))]
    return rows.astype(np.int32)
