"""The time of a producer's file: what its notes say of tempo and bar 1, and its notes laid on another grid."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from engine.errors import MidiFileError
from engine.jobs.material import FoundTiming, TimingSource
from engine.midi.song import Column, Song, Table, bar_lines, tidied
from engine.midi.song_assembly import MAX_TICKS
from engine.music.meters import find_meter
from engine.music.played import PlayedNotes
from engine.music.tempo import find_timing
from engine.music.timing import (
    MAX_TEMPO_BPM,
    MICROSECONDS_PER_MINUTE,
    MIN_TEMPO_BPM,
    PPQ,
    Meter,
    bpm_from_microseconds,
    microseconds_per_quarter,
)

Ticks = npt.NDArray[np.int64]

_FEWEST_ONSETS = 8
_ON_GRID = 0.25  # 1 where all onsets are on the grid, about 1 / √n where n fall anywhere
_SURE, _BETTER = 0.3, 0.1
_BEST_OF_MANY = 2.2  # as _ON_GRID, where the best of all tempi is sought: 19 of 20 at random stay below
_EARLY_TICKS = PPQ // 8  # what is played this much before bar 1 was meant for it


def found_timing(song: Song, *, states_meter: bool = True, tempo_bpm: float | None = None) -> FoundTiming:
    """Tell the tempo, meter and bar 1 of a file.

    Args:
        song: As it was read.
        states_meter: Whether its meter is the file's, or was assumed.
        tempo_bpm: The tempo at which it was played, where that is known; a file that keeps to its own grid needs none.

    The file is believed where its notes keep to its grid, as those of a DAW do whether or not a tempo is told. Where
    they keep to its tempo but beside its lines, bar 1 is told from the notes; else all of it is. A meter that the
    file does not name is told from the notes in any case.
    """
    own_bpm = bpm_from_microseconds(song.tempo_at(0))
    file_bpm = min(max(own_bpm, MIN_TEMPO_BPM), MAX_TEMPO_BPM)
    of_file = FoundTiming(file_bpm, meter=song.meter_of_bar(0), alternatives=_octaves(file_bpm))
    if not states_meter:
        steady = replace(song, tempos=song.tempos[:1])
        of_file = of_file.with_meter(find_meter(played_notes(steady), own_bpm), TimingSource.NOTES)
    onsets = np.unique(song.notes[:, Column.ONSET])
    if len(onsets) < _FEWEST_ONSETS:
        return of_file
    kept, on_lines = _grid_fit(onsets)
    enough = max(_ON_GRID, 2 / len(onsets) ** 0.5)
    if on_lines >= enough:
        return replace(of_file, confidence=round(on_lines, 3))
    keeps_tempo = len(song.tempos) == 1 and file_bpm == own_bpm and kept >= enough
    known_bpm = tempo_bpm or (file_bpm if keeps_tempo else None)
    guess = find_timing(played_notes(song), meter=of_file.meter if states_meter else None, bpm=known_bpm)
    if known_bpm is None and guess.confidence < max(_SURE, _BEST_OF_MANY / len(onsets) ** 0.5, on_lines + _BETTER):
        return replace(of_file, confidence=round(max(on_lines, 0.0), 3), alternatives=(guess.bpm, *guess.alternatives))
    return FoundTiming(
        tempo_bpm=guess.bpm,
        bar_one_seconds=guess.bar_one_seconds,
        meter=guess.meter,
        source=TimingSource.NOTES,
        meter_source=of_file.meter_source,
        confidence=guess.confidence,
        alternatives=tuple(dict.fromkeys((*guess.alternatives, *_octaves(guess.bpm)))),
    )


def _grid_fit(onsets: Table) -> tuple[float, float]:
    """Return how well onsets keep a distance to sixteenths or eighth triplets, and how well they are on them."""
    turns = [np.exp(2j * np.pi * onsets * lines / PPQ).mean() for lines in (4, 3)]
    return max(abs(complex(turn)) for turn in turns), max(float(turn.real) for turn in turns)


def _octaves(tempo_bpm: float) -> tuple[float, ...]:
    return tuple(round(bpm, 2) for bpm in (tempo_bpm * 2, tempo_bpm / 2) if MIN_TEMPO_BPM <= bpm <= MAX_TEMPO_BPM)


def retimed(song: Song, timing: FoundTiming) -> Song:
    """Return a song laid on the grid that `timing` tells: the same moments, other ticks and bar lines.

    Args:
        song: As it was read.
        timing: Whose source is the file gives the notes as they are. Notes before its bar 1 are left out.

    Raises:
        MidiFileError: It has too many bars on this grid.
    """
    if timing.source is TimingSource.FILE:
        return song if timing.meter_source is TimingSource.FILE else _in_meter(song, timing.meter)
    begin = round(timing.bar_one_seconds * 1e6)
    notes = song.notes.astype(np.int64)
    starts = microseconds(song.tempos, notes[:, Column.ONSET]) - begin
    ends = microseconds(song.tempos, notes[:, Column.ONSET] + notes[:, Column.DURATION]) - begin
    a_microsecond = PPQ * timing.tempo_bpm / MICROSECONDS_PER_MINUTE
    onset, end = (
        np.rint(np.clip(times * a_microsecond, -MAX_TICKS, MAX_TICKS)).astype(np.int64) for times in (starts, ends)
    )
    notes[:, Column.ONSET] = np.where(onset >= -_EARLY_TICKS, np.maximum(onset, 0), onset)
    notes[:, Column.DURATION] = np.maximum(end - notes[:, Column.ONSET], 1)
    kept = tidied(notes[notes[:, Column.ONSET] >= 0].astype(np.int32))
    tempos = np.array([[0, microseconds_per_quarter(timing.tempo_bpm)]], np.int32)
    return _in_meter(replace(song, notes=kept, tempos=tempos), timing.meter)


def _in_meter(song: Song, meter: Meter) -> Song:
    """Return a song whose bars are counted in one meter from its first tick on."""
    meters = np.array([[0, meter.numerator, meter.denominator]], np.int32)
    last = int(song.notes[:, Column.ONSET].max(initial=0))
    try:
        return replace(song, meters=meters, bar_starts=bar_lines(meters, last, last + 1))
    except ValueError as error:
        raise MidiFileError(f"{Path(song.name).name} cannot be counted in bars of {meter}: {error}.") from error


def played_notes(song: Song) -> PlayedNotes:
    """Return a song's notes in seconds from where its file begins."""
    onset = song.notes[:, Column.ONSET].astype(np.int64)
    starts = microseconds(song.tempos, onset)
    ends = microseconds(song.tempos, onset + song.notes[:, Column.DURATION])
    pitch, velocity = (song.notes[:, column].astype(np.int64) for column in (Column.PITCH, Column.VELOCITY))
    return PlayedNotes(starts / 1e6, (ends - starts) / 1e6, pitch, velocity, song.is_drums)


def microseconds(tempos: Table, ticks: Ticks) -> Ticks:
    """Return the moments of ticks in microseconds, int64, by a song's tempo map."""
    starts = tempos[:, 0].astype(np.int64)
    a_quarter = tempos[:, 1].astype(np.int64)
    passed = np.concatenate([[0], np.cumsum(np.diff(starts) * a_quarter[:-1])])
    row = np.maximum(np.searchsorted(starts, ticks, side="right") - 1, 0)
    return (passed[row] + (ticks - starts[row]) * a_quarter[row]) // PPQ
