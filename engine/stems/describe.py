"""What MIDI files hold, told before anything is taken of them: parts, time, key, chords."""

from collections.abc import Generator, Sequence
from pathlib import Path

import numpy as np

from engine.errors import MidiFileError
from engine.jobs.material import FilesDescribed, FoundFile, FoundPart, ReadingProgress
from engine.midi import smf
from engine.midi.folders import midi_files
from engine.midi.roles import ToldRole, told_roles
from engine.midi.song import Column, Song
from engine.music.analysis import chord_symbols, pitch_class_weights, recognise_chords, recognise_key
from engine.stems.timing import found_timing, retimed


def describe_steps(paths: Sequence[str]) -> Generator[ReadingProgress, None, FilesDescribed]:
    """Look at files and folders, one file a step.

    Returns:
        One entry a file, and one with a `problem` for each that cannot be read.
    """
    files, problems = midi_files(paths)
    found: list[FoundFile] = []
    for number, path in enumerate(files):
        yield ReadingProgress(number, len(files))
        found.append(described(path))
    found += [FoundFile(path="", problem=str(problem)) for problem in problems]
    return FilesDescribed(tuple(found))


def described(path: Path) -> FoundFile:
    """Look at one file; what is wrong with it is told in `problem`."""
    try:
        whole = smf.read_whole(path)
    except MidiFileError as error:
        return FoundFile(str(path), problem=str(error))
    if not len(whole.song.notes):
        return FoundFile(str(path), problem=f"{path.name} holds no notes. Export it again, or leave it out.")
    timing = found_timing(whole.song)
    song = retimed(whole.song, timing)
    pitched = song.notes[~song.is_drums]
    onsets, durations, pitches = (pitched[:, c] for c in (Column.ONSET, Column.DURATION, Column.PITCH))
    chords = recognise_chords(onsets=onsets, durations=durations, pitches=pitches, bar_starts=song.bar_starts)
    return FoundFile(
        path=str(path),
        parts=tuple(_part(whole.song, index, told) for index, told in enumerate(told_roles(whole.song))),
        bars=song.bars,
        timing=timing,
        key=recognise_key(pitch_class_weights(pitches, durations)),
        chords=chord_symbols(chords) if len(pitched) else (),
        told=whole.dropped,
    )


def _part(song: Song, index: int, told: ToldRole) -> FoundPart:
    track = song.tracks[index]
    notes = song.notes[song.notes[:, Column.TRACK] == index]
    bar = np.searchsorted(song.bar_starts, notes[:, Column.ONSET], side="right") - 1
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
    )
