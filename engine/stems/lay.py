"""Chosen parts of files, one loop: what the window asks once the producer has seen what was found.

Where `merge` takes whole files as they are, this takes single parts, from any bar on, in corrected time.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from engine.errors import RequestError
from engine.jobs.material import ChosenPart, LayStems, StemsLaid
from engine.midi import smf
from engine.midi.song import Column, Song, cut_window
from engine.music.analysis import loop_chords, loop_key
from engine.music.general_midi import Role
from engine.music.loop import MAX_BARS, MAX_TRACKS, Loop, Track
from engine.music.timing import Meter
from engine.stems.timing import retimed

_SAME_TEMPO_BPM = 0.05  # files round their tempo


def lay_stems(wish: LayStems) -> StemsLaid:
    """Lay parts on each other.

    Returns:
        One loop with its key and chords. A part that is shorter is repeated where its length divides the loop's, else
        followed by silence; one that is longer is cut.

    Raises:
        MidiFileError: A file cannot be read, or has no such part or bar.
        RequestError: There are no parts or too many, or their meters or tempi differ.
    """
    if not 1 <= len(wish.parts) <= MAX_TRACKS:
        raise RequestError(f"A loop has 1 to {MAX_TRACKS} parts, not {len(wish.parts)}.")
    meter = _one_meter(wish.parts)
    tempo_bpm = wish.tempo_bpm or _one_tempo(wish.parts)
    told: list[str] = []
    songs: dict[tuple[str, object], Song] = {}
    tracks: list[tuple[Track, int]] = []
    for chosen in wish.parts:
        key = (chosen.path, chosen.timing)
        if key not in songs:
            songs[key] = retimed(smf.read_whole(chosen.path, meter=chosen.timing.meter).song, chosen.timing)
        tracks.append(_taken(chosen, songs[key], wish.bars or MAX_BARS, told))
    bars = wish.bars or max(length for _, length in tracks)
    parts = [_fitted(track, length, bars, meter) for track, length in tracks]
    if wish.one_a_role:
        parts = _one_a_role(parts)
    loop = Loop(meter=meter, tempo_bpm=tempo_bpm, bars=bars, tracks=tuple(parts))
    return StemsLaid(replace(loop, key=loop_key(loop), chords=loop_chords(loop)), tuple(told))


def _one_meter(parts: Sequence[ChosenPart]) -> Meter:
    meters = dict.fromkeys(part.timing.meter for part in parts)
    if len(meters) > 1:
        shown = _shown(parts, [str(part.timing.meter) for part in parts])
        raise RequestError(f"The parts are in different meters: {shown}.", "Change one, or leave it out.")
    return next(iter(meters))


def _one_tempo(parts: Sequence[ChosenPart]) -> float:
    tempi = [part.timing.tempo_bpm for part in parts]
    if max(tempi) - min(tempi) > _SAME_TEMPO_BPM:
        shown = _shown(parts, [f"{tempo:g} BPM" for tempo in tempi])
        raise RequestError(f"The parts have different tempi: {shown}.", "Give the tempo to use, or leave one out.")
    return tempi[0]


def _shown(parts: Sequence[ChosenPart], values: list[str]) -> str:
    return ", ".join(dict.fromkeys(f"{Path(p.path).name} {value}" for p, value in zip(parts, values, strict=True)))


def _taken(chosen: ChosenPart, song: Song, most_bars: int, told: list[str]) -> tuple[Track, int]:
    """Return a part from its first bar on, and how many bars were there, `most_bars` at most."""
    name = Path(chosen.path).name
    if not 0 <= chosen.part < len(song.tracks):
        raise RequestError(f"{name} has no part {chosen.part + 1}.", "Read it again: the file has changed.")
    if not 0 <= chosen.first_bar < song.bars:
        raise RequestError(f"{name} has no bar {chosen.first_bar + 1}; it has {song.bars}.")
    bars = min(most_bars, song.bars - chosen.first_bar)
    alone = replace(song, notes=song.notes[song.notes[:, Column.TRACK] == chosen.part])
    window = cut_window(alone, first_bar=chosen.first_bar, bars=bars)
    told.extend(f"{name}: {sentence}" for sentence in window.dropped)
    found = song.tracks[chosen.part]
    name = "" if found.name.casefold() == chosen.role.value else found.name
    notes = window.loop.tracks[0].notes if window.loop.tracks else ()
    return Track(role=chosen.role, notes=notes, program=found.program, name=name), bars


def _fitted(track: Track, bars: int, wanted: int, meter: Meter) -> Track:
    """Return a part of `bars` bars repeated if that fills `wanted` bars."""
    if bars >= wanted or wanted % bars:
        return track
    length = bars * meter.ticks_per_bar
    copies = range(0, wanted * meter.ticks_per_bar, length)
    return replace(track, notes=tuple(replace(n, onset=n.onset + start) for start in copies for n in track.notes))


def _one_a_role(tracks: Sequence[Track]) -> list[Track]:
    """Return one part a role: the first's name and sound, everyone's notes."""
    merged: dict[Role, Track] = {}
    for track in tracks:
        first = merged.get(track.role)
        merged[track.role] = first.with_notes([*first.notes, *track.notes]) if first else track
    return list(merged.values())
