"""From what a parser found to a `Song`: one tick scale, pedals folded, overlaps solved, bars counted.

Both readers (mido, symusic) end here, so that they can differ only in what they found. Everything is whole
arrays: a corpus passes through.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.midi.song import Column, Song, SongTrack, Table, bar_lines
from engine.music.timing import MICROSECONDS_PER_MINUTE, PPQ, Meter

MAX_TICKS = 1 << 29
MAX_PARTS = 512
PEDAL_DOWN = 64  # controller values from here on hold the pedal down
_DEFAULT_TEMPO = MICROSECONDS_PER_MINUTE // 120
_DEFAULT_METER = (4, 4)

Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class RawNotes:
    """The notes of all parts as a parser found them, in the file's own ticks; int64 [n] each, in any order.

    Attributes:
        part: Index of the part.
        onset, end: First tick, and tick of the note-off.
        pitch, velocity: As in `Note`.
    """

    part: Rows
    onset: Rows
    end: Rows
    pitch: Rows
    velocity: Rows


@dataclass(frozen=True, slots=True, eq=False)
class RawSong:
    """What a parser found in one file, in the file's own ticks.

    Attributes:
        name: The song's name, for logs.
        ticks_per_quarter: The file's time division, 1 or more.
        tracks: The parts, in the file's order; each has notes.
        notes: All their notes.
        pedals: For parts whose sustain pedal moved: int64 [m, 2], tick and value, in the file's order.
        tempos: (tick, microseconds a quarter), by tick.
        meters: (tick, numerator, denominator), by tick; what is no `Meter` falls away.
        end: The last end of track; 0 where the parser does not tell.
    """

    name: str
    ticks_per_quarter: int
    tracks: tuple[SongTrack, ...]
    notes: RawNotes
    pedals: Mapping[int, Rows]
    tempos: Sequence[tuple[int, int]]
    meters: Sequence[tuple[int, int, int]]
    end: int = 0


def assemble(raw: RawSong) -> Song:
    """Build a song.

    Raises:
        ValueError: It is too long, or has too many parts.
    """
    if len(raw.tracks) > MAX_PARTS:
        raise ValueError(f"it has more than {MAX_PARTS} parts")
    notes = _notes(raw)
    found_meters = [(0, *_DEFAULT_METER), *(row for row in raw.meters if is_meter(*row[1:]))]
    meters = _changes(found_meters, _DEFAULT_METER, raw.ticks_per_quarter)
    found_tempos = [row for row in raw.tempos if row[1] > 0] or [(0, _DEFAULT_TEMPO)]
    tempos = _changes(found_tempos, (_DEFAULT_TEMPO,), raw.ticks_per_quarter)
    tempos[0, 0] = 0  # what precedes the first tempo is meant to have it
    last_onset = int(notes[-1, Column.ONSET]) if len(notes) else 0
    note_end = int((notes[:, Column.ONSET] + notes[:, Column.DURATION]).max()) if len(notes) else 0
    end = max(note_end, int(_scaled(np.array([raw.end]), raw.ticks_per_quarter)[0]))
    return Song(
        name=raw.name,
        tracks=raw.tracks,
        notes=notes,
        tempos=tempos,
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


def _changes(found: Sequence[tuple[int, ...]], default: tuple[int, ...], ticks_per_quarter: int) -> Table:
    """Return int32 [K, 1 + values]: one row a real change.

    Of several at one tick the one least like the default stands: sequencers write the default first, and symusic
    does not keep the file's order within a tick.
    """
    table = np.array(found, dtype=np.int64)
    table[:, 0] = _scaled(table[:, 0], ticks_per_quarter)
    if len(table) > 1:
        distance = np.abs(table[:, 1:] - default).sum(axis=1)
        table = table[np.lexsort((table[:, 1], distance, table[:, 0]))]
        table = table[np.append(table[1:, 0] != table[:-1, 0], True)]
        table = table[np.append(True, (table[1:, 1:] != table[:-1, 1:]).any(axis=1))]
    return table.astype(np.int32)


def _notes(raw: RawSong) -> Table:
    """Return the table of `Song.notes`."""
    found = raw.notes
    onset, end = _scaled(found.onset, raw.ticks_per_quarter), _scaled(found.end, raw.ticks_per_quarter)
    for index, pedal in raw.pedals.items():
        if not raw.tracks[index].is_drums:
            mine = found.part == index
            end[mine] = _held(end[mine], pedal, raw.ticks_per_quarter)
    end = np.maximum(end, onset + 1)
    return _without_overlaps(RawNotes(found.part, onset, end, found.pitch, found.velocity))


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


def _without_overlaps(notes: RawNotes) -> Table:
    """Cut each note at the next onset of its pitch; of notes that start together keep the longest, loudest.

    Args:
        notes: In ticks at `PPQ`.

    Returns:
        int32 [N, 5], columns as in `Column`, sorted by onset, track, pitch.
    """
    # Who plays which key, as 16 bits: NumPy sorts those by radix. Merging the parts by time is quick as well, each
    # is nearly sorted. Both sorts are stable.
    voice = (notes.part << 7 | notes.pitch).astype(np.uint16)
    moment = notes.onset << 16 | voice
    order = np.argsort(moment, kind="stable")
    order = _without_twins(order, moment, notes)
    voice, onset, end = voice[order], notes.onset[order], notes.end[order]
    by_voice = np.argsort(voice, kind="stable")
    earlier, later = by_voice[:-1], by_voice[1:]
    limit = np.where(voice[earlier] == voice[later], onset[later], MAX_TICKS)
    end[earlier] = np.minimum(end[earlier], limit)
    columns = np.empty((len(Column), len(order)), dtype=np.int32)  # whole columns are what readers of songs ask for
    columns[Column.TRACK] = notes.part[order]
    columns[Column.ONSET] = onset
    columns[Column.DURATION] = end - onset
    columns[Column.PITCH] = notes.pitch[order]
    columns[Column.VELOCITY] = notes.velocity[order]
    return columns.T


def _without_twins(order: Rows, moment: Rows, notes: RawNotes) -> Rows:
    """Leave the shorter, then the softer out of `order` where notes of one voice start together."""
    sorted_moment = moment[order]
    is_same = sorted_moment[1:] == sorted_moment[:-1]
    if not is_same.any():
        return order
    twins = order[np.append(is_same, False) | np.append(False, is_same)]
    twins = twins[np.lexsort((-notes.velocity[twins], -notes.end[twins], moment[twins]))]
    losers = twins[1:][moment[twins[1:]] == moment[twins[:-1]]]
    is_kept = np.ones(len(order), dtype=bool)
    is_kept[losers] = False
    return order[is_kept[order]]
