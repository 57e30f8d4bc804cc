"""The loops of a song as music: from a file to loops with their key, chords, density and feel."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from engine.jobs.material import FindLoops, LoopsFound, SongLoop
from engine.midi import smf
from engine.midi.song import Column, Song, Table, cut_window, tidied
from engine.mining.loops import FoundLoop, SongBars, find_loops, find_part_loops
from engine.mining.texture import EARLY_TICKS
from engine.music.analysis import loop_chords, loop_key
from engine.music.feel import nomml
from engine.music.loop import MAX_TRACKS


def loops_of_file(wish: FindLoops) -> LoopsFound:
    """Find the loops of a song.

    Raises:
        MidiFileError: The file cannot be read.
    """
    song = smf.read_song(Path(wish.path))
    bars = song_bars(song)
    found = [_song_loop(song, loop) for loop in find_loops(bars, wish.periods)]
    if wish.per_track:
        for index, loops in find_part_loops(bars, wish.periods).items():
            name = song.tracks[index].name or song.tracks[index].role.value
            found += [_song_loop(song, loop, name) for loop in loops]
    return LoopsFound(wish.path, tuple(found), song.bars)


def song_bars(song: Song) -> SongBars:
    """Return what the detector needs of a song."""
    track, onset, duration, pitch = (
        song.notes[:, c] for c in (Column.TRACK, Column.ONSET, Column.DURATION, Column.PITCH)
    )
    return SongBars(track, onset, duration, pitch, song.bar_starts, ~song.is_drums)


def _song_loop(song: Song, found: FoundLoop, part: str = "") -> SongLoop:
    """Return the music of a loop: the parts that are played again, the others left out."""
    begin, end = song.bar_starts[[found.start_bar, found.start_bar + found.bars]].tolist()
    notes = _meant_between(song.notes[np.isin(song.notes[:, Column.TRACK], found.tracks[:MAX_TRACKS])], begin, end)
    loop = cut_window(replace(song, notes=notes), first_bar=found.start_bar, bars=found.bars).loop
    loop = replace(loop, key=loop_key(loop), chords=loop_chords(loop))
    onsets = [note.onset for track in loop.tracks for note in track.notes]
    return SongLoop(loop, found.start_bar, found.score, len(onsets) / loop.bars, nomml(onsets), part)


def _meant_between(notes: Table, begin: int, end: int) -> Table:
    """Return notes with those played a little before a loop's begin moved there, and those before its end left out."""
    onsets = notes[:, Column.ONSET]
    early = np.where((onsets >= begin - EARLY_TICKS) & (onsets < begin), begin - onsets, 0)
    notes = notes.copy()
    notes[:, Column.ONSET] += early
    notes[:, Column.DURATION] = np.maximum(notes[:, Column.DURATION] - early, 1)
    return tidied(notes[(onsets < end - EARLY_TICKS) | (onsets >= end)])
