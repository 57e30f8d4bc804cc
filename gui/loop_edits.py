"""Edits of the loop as a whole: bars, meter, key, chords, parts. Pure; notes that fall out are cut."""

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

from engine.music.analysis import loop_chords
from engine.music.general_midi import DEFAULT_PROGRAMS, Role
from engine.music.harmony import Chord, Key
from engine.music.loop import MAX_BARS, MAX_TRACKS, Loop, Note, Track
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


def with_detected_chords(loop: Loop) -> Loop | None:
    """Return the loop with the chords that its notes have, or None when no pitched part has any."""
    if not any(track.notes and not track.is_drums for track in loop.tracks):
        return None
    return replace(loop, chords=loop_chords(loop))


def half_time(loop: Loop) -> Loop:
    """Return the loop at half its pace and the same tempo: twice as long, or its first half where there is no room."""
    bars = min(2 * loop.bars, MAX_BARS)
    length = bars * loop.meter.ticks_per_bar
    tracks = tuple(_cut(_paced(track, 2.0), length) for track in loop.tracks)
    chords = tuple(_half(loop.chords[bar // 2], bar % 2) for bar in range(bars)) if loop.chords else ()
    return replace(loop, bars=bars, tracks=tracks, chords=chords)


def double_time(loop: Loop) -> Loop:
    """Return the loop at twice its pace and the same tempo: half as long; an odd number of bars is played twice."""
    if loop.bars % 2:
        loop = repeated(loop, 2) if 2 * loop.bars <= MAX_BARS else with_shape(loop, bars=loop.bars - 1)
    tracks = tuple(_paced(track, 0.5) for track in loop.tracks)
    chords = tuple(_joined(*loop.chords[bar : bar + 2]) for bar in range(0, loop.bars, 2)) if loop.chords else ()
    return replace(loop, bars=loop.bars // 2, tracks=tracks, chords=chords)


def repeated(loop: Loop, passes: int) -> Loop:
    """Return the loop several times in a row, as one.

    Raises:
        ValueError: It would be longer than a loop can be.
    """
    if passes * loop.bars > MAX_BARS:
        raise ValueError(f"{passes} passes of {loop.bars} bars are more than {MAX_BARS} bars")
    tracks = tuple(
        replace(
            track,
            notes=tuple(replace(n, onset=n.onset + p * loop.length) for p in range(passes) for n in track.notes),
        )
        for track in loop.tracks
    )
    return replace(loop, bars=passes * loop.bars, tracks=tracks, chords=loop.chords * passes)


def _paced(track: Track, factor: float) -> Track:
    """Return a part with all times multiplied."""
    return track.with_notes(
        replace(n, onset=round(n.onset * factor), duration=max(1, round(n.duration * factor))) for n in track.notes
    )


def _half(chords: tuple[Chord, ...], half: int) -> tuple[Chord, ...]:
    """Return the chords of one half of a bar."""
    if len(chords) % 2:
        return chords if len(chords) == 1 else tuple(chords[i // 2] for i in range(2 * len(chords)))[half::2]
    middle = len(chords) // 2
    return chords[middle:] if half else chords[:middle]


def _joined(first: tuple[Chord, ...], second: tuple[Chord, ...]) -> tuple[Chord, ...]:
    """Return the chords of two bars as those of one: equal shares, one where nothing changes."""
    count = math.lcm(len(first), len(second))
    chords = tuple(bar[i * len(bar) // count] for bar in (first, second) for i in range(count))
    return chords[:1] if len(set(chords)) == 1 else chords


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


def with_notes_split_off(loop: Loop, part: int, notes: Iterable[Note]) -> Loop:
    """Return the loop with some of a part's notes in a part of their own, the last, that sounds and looks the same.

    Raises:
        ValueError: Nothing or everything would be split off, or there are as many parts as a loop can have.
    """
    track, chosen = loop.tracks[part], set(notes)
    if not chosen or chosen >= set(track.notes):
        raise ValueError("Nothing would be left of one of the two parts.")
    if len(loop.tracks) >= MAX_TRACKS:
        raise ValueError(f"A loop has at most {MAX_TRACKS} parts.")
    labels = {each.label for each in loop.tracks}
    name = next(name for n in itertools.count(2) if (name := f"{track.label} {n}") not in labels)
    left = replace(track, notes=tuple(note for note in track.notes if note not in chosen))
    new = replace(track, notes=tuple(note for note in track.notes if note in chosen), name=name)
    return loop.with_tracks((*loop.with_track(part, left).tracks, new))


def with_parts_merged(loop: Loop, part: int, other: int) -> Loop:
    """Return the loop with another part's notes in a part, and without the other; where both play a pitch, one does.

    Raises:
        ValueError: One of them is drums and the other is not.
    """
    into, track = loop.tracks[part], loop.tracks[other]
    if into.is_drums != track.is_drums:
        raise ValueError("Drums and pitched parts cannot be one part.")
    return without_part(loop.with_track(part, into.with_notes([*into.notes, *track.notes])), other)


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
        return base.with_tracks(told_apart(tracks[:MAX_TRACKS]))
    bars = min(MAX_BARS, max([loop.bars, *(stem.bars for stem in stems)]))
    wide = with_shape(loop, bars=bars)
    room = MAX_TRACKS - len(loop.tracks)
    cut = [_cut(track, wide.length) for track in tracks[:room]]
    return wide.with_tracks((*wide.tracks, *told_apart(cut, wide.tracks)))


def told_apart(tracks: Sequence[Track], others: Sequence[Track] = ()) -> tuple[Track, ...]:
    """Return parts that came in with names of their own: a second "My riff" is "My riff 2"."""
    taken = {track.label for track in others}
    named: list[Track] = []
    for track in tracks:
        name, number = track.label, 2
        while name in taken:
            name, number = f"{track.label} {number}", number + 1
        taken.add(name)
        named.append(track if name == track.label else replace(track, name=name))
    return tuple(named)


def _cut(track: Track, length: int) -> Track:
    """Return a part without what lies behind the end."""
    notes = (replace(n, duration=min(n.duration, length - n.onset)) for n in track.notes if n.onset < length)
    return replace(track, notes=tuple(notes))
