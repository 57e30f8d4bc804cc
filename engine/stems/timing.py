"""The time of a producer's file: what its notes say of tempo and bar 1, and its notes laid on another grid."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from engine.jobs.material import FoundTiming, TimingSource
from engine.midi.song import Column, Song, Table, bar_lines
from engine.music.timing import MICROSECONDS_PER_MINUTE, PPQ, microseconds_per_quarter

Ticks = npt.NDArray[np.int64]


def retimed(song: Song, timing: FoundTiming) -> Song:
    """Return a song laid on the grid that `timing` tells: the same moments, other ticks and bar lines.

    Args:
        song: As it was read.
        timing: Whose source is the file gives the song as it is. Notes before its bar 1 are left out.
    """
    if timing.source is TimingSource.FILE:
        return song
    begin = round(timing.bar_one_seconds * 1e6)
    notes = song.notes.astype(np.int64)
    starts = microseconds(song.tempos, notes[:, Column.ONSET]) - begin
    ends = microseconds(song.tempos, notes[:, Column.ONSET] + notes[:, Column.DURATION]) - begin
    onset, end = (
        np.rint(times * (PPQ * timing.tempo_bpm / MICROSECONDS_PER_MINUTE)).astype(np.int64) for times in (starts, ends)
    )
    notes[:, Column.ONSET] = onset
    notes[:, Column.DURATION] = np.maximum(end - onset, 1)
    kept = notes[onset >= -_EARLY_TICKS].astype(np.int32)
    kept[:, Column.ONSET] = np.maximum(kept[:, Column.ONSET], 0)
    meters = np.array([[0, timing.meter.numerator, timing.meter.denominator]], np.int32)
    last = int(kept[:, Column.ONSET].max(initial=0))
    lines = bar_lines(meters, last, last + 1)
    tempos = np.array([[0, microseconds_per_quarter(timing.tempo_bpm)]], np.int32)
    return replace(song, notes=kept, tempos=tempos, meters=meters, bar_starts=lines)


_EARLY_TICKS = PPQ // 8  # what is played this much before bar 1 was meant for it


def microseconds(tempos: Table, ticks: Ticks) -> Ticks:
    """Return the moments of ticks in microseconds, int64, by a song's tempo map."""
    starts = tempos[:, 0].astype(np.int64)
    a_quarter = tempos[:, 1].astype(np.int64)
    passed = np.concatenate([[0], np.cumsum(np.diff(starts) * a_quarter[:-1])])
    row = np.maximum(np.searchsorted(starts, ticks, side="right") - 1, 0)
    return (passed[row] + (ticks - starts[row]) * a_quarter[row]) // PPQ
