"""Edits of the loop as a whole: bars, meter, key, chords, parts. Pure; notes that fall out are cut."""

from dataclasses import replace

from engine.music.general_midi import DEFAULT_PROGRAMS, Role
from engine.music.harmony import Chord, Key
from engine.music.loop import MAX_BARS, MAX_TRACKS, Loop, Track
from engine.music.timing import Meter

FIRST_ROLES = (Role.DRUMS, Role.BASS, Role.KEYS)


def empty_loop() -> Loop:
    """Return four empty bars of drums, bass and keys."""
    return Loop(bars=4, tracks=tuple(new_track(role) for role in FIRST_ROLES))


def new_track(role: Role) -> Track:
    """Return an empty part with its role's usual sound."""
    return Track(role, program=DEFAULT_PROGRAMS[role])


def with_shape(loop: Loop, *, bars: int | None = None, meter: Meter | None = None) -> Loop:
    """Return the loop with another length or meter; notes keep their ticks, what lies behind the end is cut.

    Chords of new bars repeat those there are.
    """
    meter = meter or loop.meter
    bars = loop.bars if bars is None else bars
    length = bars * meter.ticks_per_bar
    tracks = tuple(_cut(track, length) for track in loop.tracks)
    chords = tuple(loop.chords[bar % len(loop.chords)] for bar in range(bars)) if loop.chords else ()
    return replace(loop, bars=bars, meter=meter, tracks=tracks, chords=chords)


def with_key(loop: Loop, key: Key | None) -> Loop:
    return replace(loop, key=key)


def with_chords_of_bar(loop: Loop, bar: int, text: str) -> Loop:
    """Return the loop with one bar's chords as typed, such as "Am F"; "" means no chord.

    Raises:
        ValueError: A word is no chord.
    """
    chords = tuple(Chord.parse(word) for word in text.split()) or (Chord(None),)
    bars = list(loop.chords or ((Chord(None),),) * loop.bars)
    bars[bar] = chords
    return replace(loop, chords=() if all(c == (Chord(None),) for c in bars) else tuple(bars))


def with_part(loop: Loop, role: Role) -> Loop:
    """Return the loop with an empty part more.

    Raises:
        ValueError: There are as many parts as a loop can have.
    """
    if len(loop.tracks) >= MAX_TRACKS:
        raise ValueError(f"a loop has at most {MAX_TRACKS} parts")
    return loop.with_tracks((*loop.tracks, new_track(role)))


def without_part(loop: Loop, part: int) -> Loop:
    return loop.with_tracks(track for index, track in enumerate(loop.tracks) if index != part)


def with_stems(loop: Loop, stems: tuple[Loop, ...], *, is_new: bool) -> Loop:
    """Return the loop with other loops' parts added.

    Args:
        loop: What is there.
        stems: What was read; empty parts are left out.
        is_new: Whether `loop` holds nothing worth keeping: then length, meter, tempo and key are the stems'.
    """
    tracks = tuple(track for stem in stems for track in stem.tracks if track.notes)
    if is_new and stems:
        first = stems[0]
        bars = min(MAX_BARS, max(stem.bars for stem in stems))
        key = next((stem.key for stem in stems if stem.key is not None), None)
        base = Loop(meter=first.meter, tempo_bpm=first.tempo_bpm, bars=bars, key=key, name=first.name)
        return base.with_tracks(tracks[:MAX_TRACKS])
    bars = min(MAX_BARS, max([loop.bars, *(stem.bars for stem in stems)]))
    wide = with_shape(loop, bars=bars)
    room = MAX_TRACKS - len(loop.tracks)
    cut = [_cut(track, wide.length) for track in tracks[:room]]
    return wide.with_tracks((*wide.tracks, *cut))


def _cut(track: Track, length: int) -> Track:
    """Return a part without what lies behind the end."""
    notes = (replace(n, duration=min(n.duration, length - n.onset)) for n in track.notes if n.onset < length)
    return replace(track, notes=tuple(notes))
