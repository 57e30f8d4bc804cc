"""Reads the stems of a request, `--stem drums=beat.mid`, and lays them over each other as one loop.

Meter, tempo and length come from the first stem that has them, unless they were asked for. A stem that is shorter
than the loop is played again until the loop is full, as a DAW would loop it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from engine.cli.part_options import parse_role
from engine.errors import RequestError
from engine.midi import smf
from engine.music.general_midi import Role
from engine.music.loop import MAX_BARS, Loop, Note, Track
from engine.music.timing import Meter


@dataclass(frozen=True, slots=True)
class StemOption:
    """One `--stem`: a file, and the role of what it plays; None takes every part of it in its own role."""

    role: Role | None
    path: Path


@dataclass(frozen=True, slots=True)
class Stems:
    """All stems as one loop, and what was lost in reading them, one sentence each."""

    loop: Loop
    dropped: tuple[str, ...]


def parse_stem(text: str) -> StemOption:
    """Read `ROLE=FILE`, or `FILE` alone.

    Raises:
        ValueError: The role is unknown.
    """
    role, equals, path = text.partition("=")
    if not equals or Path(text).exists():
        return StemOption(None, Path(text).expanduser())
    return StemOption(parse_role(role), Path(path).expanduser())


def read_stems(
    stems: Sequence[StemOption], *, bars: int | None = None, meter: Meter | None = None, tempo_bpm: float | None = None
) -> Stems:
    """Read stems, at least one, and lay them over each other.

    Args:
        stems: Which.
        bars: Bars of the result; None for the longest stem's.
        meter: Its meter; None for the first stem's.
        tempo_bpm: Its tempo; None for the first stem's.

    Raises:
        MidiFileError: A file cannot be read.
        RequestError: A file holds no notes.
    """
    loops: list[Loop] = []
    dropped: list[str] = []
    for stem in stems:
        read = smf.read(stem.path)
        dropped += [f"{stem.path.name}: {sentence}" for sentence in read.dropped]
        loops.append(_of_role(read.loop, stem))
    meter = meter or loops[0].meter
    lengths = [min(MAX_BARS, -(-loop.length // meter.ticks_per_bar)) for loop in loops]
    total = bars or max(lengths)
    tracks = [
        _repeated(track, period=length * meter.ticks_per_bar, until=total * meter.ticks_per_bar)
        for loop, length in zip(loops, lengths, strict=True)
        for track in loop.tracks
    ]
    tempo = tempo_bpm or loops[0].tempo_bpm
    return Stems(Loop(meter, tempo, total, tuple(tracks), name=loops[0].name), tuple(dropped))


def _of_role(loop: Loop, stem: StemOption) -> Loop:
    """Return the loop with its parts in their role: one part where a role was told."""
    tracks = [track for track in loop.tracks if track.notes]
    if not tracks:
        raise RequestError(f"{stem.path.name} holds no notes.", "Give a stem that does.")
    if stem.role is None:
        return loop.with_tracks(tracks)
    chosen = [track for track in tracks if track.role is stem.role] or tracks
    notes = [note for track in chosen for note in track.notes]
    return loop.with_tracks([replace(chosen[0], role=stem.role).with_notes(notes)])


def _repeated(track: Track, *, period: int, until: int) -> Track:
    """Return a part of `period` ticks played again until `until`, cut there."""
    notes = [
        Note(start + note.onset, note.pitch, min(note.duration, until - start - note.onset), note.velocity)
        for start in range(0, until, period)
        for note in track.notes
        if start + note.onset < until
    ]
    return track.with_notes(notes)
