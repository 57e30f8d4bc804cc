"""Loops as JSON: compact, complete and versioned by whoever writes the file around them.

Meters, keys and chords are written as musicians do ("7/8", "A minor", "Am"), notes as [onset, pitch, duration,
velocity] in ticks. A loop read back is equal to the one written.
"""

from typing import Any

from engine.music.general_midi import Role
from engine.music.harmony import Chord, Key
from engine.music.loop import Loop, Note, Track
from engine.music.timing import Meter

Plain = dict[str, Any]


def plain_of_loop(loop: Loop) -> Plain:
    """Return a loop as dicts, lists, numbers and strings."""
    return {
        "meter": str(loop.meter),
        "tempo_bpm": loop.tempo_bpm,
        "bars": loop.bars,
        "key": None if loop.key is None else str(loop.key),
        "chords": [" ".join(str(chord) for chord in bar) for bar in loop.chords],
        "name": loop.name,
        "tracks": [_plain_of_track(track) for track in loop.tracks],
    }


def loop_of_plain(plain: Plain) -> Loop:
    """Read what `plain_of_loop` made.

    Raises:
        ValueError: Something is missing, of the wrong kind, or makes no loop.
    """
    try:
        return Loop(
            meter=Meter.parse(plain["meter"]),
            tempo_bpm=plain["tempo_bpm"],
            bars=plain["bars"],
            key=None if plain["key"] is None else Key.parse(plain["key"]),
            chords=tuple(tuple(Chord.parse(word) for word in bar.split()) for bar in plain["chords"]),
            name=plain["name"],
            tracks=tuple(_track_of_plain(track) for track in plain["tracks"]),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"this is no loop: {error!r}") from error


def _plain_of_track(track: Track) -> Plain:
    notes = [[note.onset, note.pitch, note.duration, note.velocity] for note in track.notes]
    plain = {"role": track.role.value, "program": track.program, "name": track.name, "notes": notes}
    return {**plain, "look": track.look} if track.look else plain


def _track_of_plain(plain: Plain) -> Track:
    notes = tuple(Note(*values) for values in plain["notes"])
    return Track(Role(plain["role"]), notes, plain["program"], plain["name"], plain.get("look", 0))
