"""What MIDI files hold, told before anything is taken of them: parts, time, key, chords."""

from collections.abc import Generator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from engine.errors import MidiFileError
from engine.jobs.material import FilesDescribed, FoundFile, FoundPart, FoundTiming, ReadingProgress, TimingSource
from engine.midi import smf
from engine.midi.folders import midi_files
from engine.midi.roles import ToldRole, told_roles
from engine.midi.song import Column, Song
from engine.music.analysis import chord_symbols, pitch_class_weights, recognise_chords, recognise_key
from engine.music.heard import HeardNote
from engine.music.loop import COMMON_TIME
from engine.music.played import PlayedNotes
from engine.music.timing import seconds_from_ticks
from engine.stems.timing import found_timing, played_notes, retimed

_MOST_DRAWN, _MOST_DRAWN_IN_ALL = 4000, 100_000  # notes of a part's picture, and of all in one answer


def describe_steps(paths: Sequence[str]) -> Generator[ReadingProgress, None, FilesDescribed]:
    """Look at files and folders, one file a step.

    Returns:
        One entry a file, and one with a `problem` for each that cannot be read.
    """
    files, problems = midi_files(paths)
    found: list[FoundFile] = []
    room = _MOST_DRAWN_IN_ALL
    for number, path in enumerate(files):
        yield ReadingProgress(number, len(files))
        found.append(described(path, most_drawn=room))
        room -= sum(len(part.drawn) for part in found[-1].parts)
    found += [FoundFile(path="", problem=str(problem)) for problem in problems]
    return FilesDescribed(tuple(found))


def described(path: Path, *, most_drawn: int = _MOST_DRAWN_IN_ALL) -> FoundFile:
    """Look at one file; what is wrong with it is told in `problem`, and its parts share the notes to be drawn."""
    try:
        return _described(path, most_drawn)
    except MidiFileError as error:
        return FoundFile(str(path), problem=str(error))


def _described(path: Path, most_drawn: int) -> FoundFile:
    whole = smf.read_whole(path)
    if not len(whole.song.notes):
        return FoundFile(str(path), problem=f"{path.name} holds no notes. Export it again, or leave it out.")
    timing = found_timing(whole.song, states_meter=whole.states_meter)
    has_one_meter = len(whole.song.meters) == 1
    counted = whole if has_one_meter else smf.read_whole(path, meter=timing.meter)  # as it is laid
    song = retimed(counted.song, timing)
    told = whole.dropped
    if timing.meter_source is TimingSource.NOTES and timing.meter != COMMON_TIME:
        told = (*told, f"{path.name} names no meter; {timing.meter} was told from its notes.")
    steady = replace(whole.song, tempos=whole.song.tempos[:1]) if timing.source is TimingSource.FILE else whole.song
    notes = played_notes(steady)
    pitched = song.notes[~song.is_drums]
    onsets, durations, pitches = (pitched[:, c] for c in (Column.ONSET, Column.DURATION, Column.PITCH))
    chords = recognise_chords(onsets=onsets, durations=durations, pitches=pitches, bar_starts=song.bar_starts)
    roles = told_roles(whole.song)
    most = min(_MOST_DRAWN, most_drawn // len(roles))
    return FoundFile(
        path=str(path),
        parts=tuple(_part(whole.song, song, notes, index, told, most) for index, told in enumerate(roles)),
        bars=song.bars,
        timing=timing,
        seconds=_length(notes, song, timing),
        last_onset=int(whole.song.notes[:, Column.ONSET].max()),
        last_onset_seconds=float(played_notes(whole.song).onset.max()),
        key=recognise_key(pitch_class_weights(pitches, durations)),
        chords=chord_symbols(chords) if len(pitched) else (),
        told=told,
    )


def _part(whole: Song, song: Song, played: PlayedNotes, index: int, told: ToldRole, most: int) -> FoundPart:
    """Describe a part of a file as it was read, as it was laid on the grid, and in seconds."""
    track = whole.tracks[index]
    is_mine = whole.notes[:, Column.TRACK] == index
    notes, laid = whole.notes[is_mine], song.notes[song.notes[:, Column.TRACK] == index]
    bar = np.searchsorted(song.bar_starts, laid[:, Column.ONSET], side="right") - 1
    bar_notes = np.bincount(np.maximum(bar, 0), minlength=song.bars)
    pitches = notes[:, Column.PITCH]
    return FoundPart(
        role=told.role,
        role_source=told.source,
        name=track.name,
        program=track.program,
        notes=len(notes),
        bars=int(np.count_nonzero(bar_notes)),
        lowest=int(pitches.min()),
        highest=int(pitches.max()),
        bar_notes=tuple(bar_notes.tolist()),
        drawn=_drawn(played, np.flatnonzero(is_mine), most),
    )


def _length(notes: PlayedNotes, song: Song, timing: FoundTiming) -> float:
    """Return where the last note or, of a file that keeps its own time, the last bar ends."""
    end = float((notes.onset + notes.duration).max())
    bars = seconds_from_ticks(int(song.bar_starts[-1]), timing.tempo_bpm)
    return max(end, bars) if timing.source is TimingSource.FILE else end


def _drawn(played: PlayedNotes, rows: npt.NDArray[np.int64], most: int) -> tuple[HeardNote, ...]:
    some = rows[:: max(1, -(-len(rows) // most))] if most else rows[:0]
    columns = (
        played.onset[some],
        played.pitch[some],
        played.onset[some] + played.duration[some],
        played.velocity[some],
    )
    return tuple(HeardNote(*row) for row in zip(*(column.tolist() for column in columns), strict=True))
