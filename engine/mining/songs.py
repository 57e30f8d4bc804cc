"""The loops of a song as music: from a file to loops with their key, chords, density and feel."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from engine.jobs.material import FindLoops, LoopsFound, SongLoop
from engine.midi import smf
from engine.midi.song import Column, Song, cut_window
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
    notes = song.notes[np.isin(song.notes[:, Column.TRACK], found.tracks[:MAX_TRACKS])]
    begin, end = song.bar_starts[[found.start_bar, found.start_bar + found.bars]]
    onsets = notes[:, Column.ONSET]
    # Who plays a little before the line means the bar after it: so at the loop's begin, and so at its end.
    notes[:, Column.ONSET] = np.where((onsets >= begin - EARLY_TICKS) & (onsets < begin), begin, onsets)
    notes = notes[(onsets < end - EARLY_TICKS) | (onsets >= end)]
    loop = cut_window(replace(song, notes=notes), first_bar=found.start_bar, bars=found.bars).loop
    loop = replace(loop, key=loop_key(loop), chords=loop_chords(loop))
    onsets = [note.onset for track in loop.tracks for note in track.notes]
    return SongLoop(loop, found.start_bar, found.score, len(onsets) / loop.bars, nomml(onsets), part)
