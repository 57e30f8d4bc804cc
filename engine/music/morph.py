"""Ways from one loop to another in steps, each of which is a whole loop in key.

What both have in common stays and changes its length and velocity little by little. What differs is changed one
thing after the other, the weakest places in the bar first, so that the beat holds longest; a note of the one and a
note of the other that begin together are one change.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from engine.music.feel import note_levels
from engine.music.harmony import Key
from engine.music.loop import MAX_BARS, MAX_TRACKS, Loop, Note, Track

_SHUFFLE_SEED = 1  # the same two loops are always led over in the same way


@dataclass(frozen=True, slots=True)
class _Change:
    """Notes that go and notes that come, at one onset."""

    onset: int
    gone: tuple[Note, ...]
    new: tuple[Note, ...]


def morph_steps(start: Loop, end: Loop, count: int) -> tuple[Loop, ...]:
    """Return `count` loops on the way from one loop to another, both left out.

    Raises:
        ValueError: They have different meters, or no common length that a loop can have.
    """
    return tuple(morphed(start, end, (step + 1) / (count + 1)) for step in range(count))


def morphed(start: Loop, end: Loop, share: float) -> Loop:
    """Return the loop at a share of the way, 0 for `start` and 1 for `end`.

    Parts are paired by role. Key and chords change half-way, tempo step by step. Where the keys differ, notes go to
    the nearest note of the key that holds. No part has more voices than it has at either end.

    Raises:
        ValueError: See `morph_steps`.
    """
    if start.meter != end.meter:
        raise ValueError(f"one is in {start.meter}, the other in {end.meter}")
    bars = max(start.bars, end.bars)
    start, end = _tiled(start, bars), _tiled(end, bars)
    nearer, other = (start, end) if share < 0.5 else (end, start)
    key = nearer.key or other.key
    tracks = [_morphed_track(a, b, share) for a, b in _pairs(start, end)][:MAX_TRACKS]
    if start.key != end.key and key is not None and 0 < share < 1:
        tracks = [_in_key(track, key) for track in tracks]
    return replace(
        nearer,
        tempo_bpm=start.tempo_bpm + share * (end.tempo_bpm - start.tempo_bpm),
        tracks=tuple(tracks),
        key=key,
        chords=nearer.chords or other.chords,
        name=start.name,
    )


def _tiled(loop: Loop, bars: int) -> Loop:
    """Return a loop played on until it fills so many bars."""
    if loop.bars == bars:
        return loop
    if bars % loop.bars:
        raise ValueError(f"{loop.bars} bars do not go into {bars}; bring both to the same length (at most {MAX_BARS})")
    passes = bars // loop.bars
    tracks = tuple(
        replace(t, notes=tuple(replace(n, onset=n.onset + p * loop.length) for p in range(passes) for n in t.notes))
        for t in loop.tracks
    )
    return replace(loop, bars=bars, tracks=tracks, chords=loop.chords * passes)


def _pairs(start: Loop, end: Loop) -> list[tuple[Track, Track]]:
    """Pair parts by role, in order; a part without a partner comes out of silence or goes into it."""
    rest = list(end.tracks)
    pairs: list[tuple[Track, Track]] = []
    for track in start.tracks:
        partner = next((other for other in rest if other.role is track.role), None)
        if partner is not None:
            rest.remove(partner)
        pairs.append((track, partner if partner is not None else replace(track, notes=())))
    return pairs + [(replace(track, notes=()), track) for track in rest]


def _morphed_track(start: Track, end: Track, share: float) -> Track:
    ours = {(note.onset, note.pitch): note for note in start.notes}
    theirs = {(note.onset, note.pitch): note for note in end.notes}
    common = [_between(ours[at], theirs[at], share) for at in ours.keys() & theirs.keys()]
    changes = _changes(
        [note for at, note in ours.items() if at not in theirs], [note for at, note in theirs.items() if at not in ours]
    )
    done = round(share * len(changes))
    notes = common + [note for change in changes[:done] for note in change.new]
    notes += [note for change in changes[done:] for note in change.gone]
    track = (start if share < 0.5 else end).with_notes(notes)
    return track if track.is_drums else _within_voices(track, max(_voices(start.notes), _voices(end.notes)))


def _between(a: Note, b: Note, share: float) -> Note:
    return replace(
        a,
        duration=round(a.duration + share * (b.duration - a.duration)),
        velocity=round(a.velocity + share * (b.velocity - a.velocity)),
    )


def _changes(gone: Sequence[Note], new: Sequence[Note]) -> list[_Change]:
    """Return what differs, onset by onset, the weakest metric places first, those of one level in a fixed mix."""
    onsets = sorted({note.onset for note in (*gone, *new)})
    random.Random(_SHUFFLE_SEED).shuffle(onsets)
    if onsets:
        levels = dict(zip(onsets, note_levels(onsets).tolist(), strict=True))
        onsets.sort(key=lambda onset: -levels[onset])
    return [
        _Change(onset, tuple(n for n in gone if n.onset == onset), tuple(n for n in new if n.onset == onset))
        for onset in onsets
    ]


def _voices(notes: Sequence[Note]) -> int:
    """Return the most notes that sound at once, at least 1."""
    return max((sum(m.onset <= n.onset < m.end for m in notes) for n in notes), default=1)


def _within_voices(track: Track, voices: int) -> Track:
    """Cut notes where a later one needs their voice; of notes that begin together the highest stay."""
    done: list[Note] = []
    for note in sorted(track.notes, key=lambda n: (n.onset, -n.pitch)):
        sounding = [i for i, other in enumerate(done) if other.end > note.onset]
        if sum(done[i].onset == note.onset for i in sounding) >= voices:
            continue
        earlier = sorted((i for i in sounding if done[i].onset < note.onset), key=lambda i: done[i].onset)
        for i in earlier[: max(0, len(sounding) + 1 - voices)]:
            done[i] = replace(done[i], duration=note.onset - done[i].onset)
        done.append(note)
    return track.with_notes(done)


def _in_key(track: Track, key: Key) -> Track:
    if track.is_drums:
        return track
    return track.with_notes(replace(note, pitch=_nearest(note.pitch, key)) for note in track.notes)


def _nearest(pitch: int, key: Key) -> int:
    inside = [p for p in range(128) if p % 12 in key.pitch_classes]
    return min(inside, key=lambda p: (abs(p - pitch), p))
