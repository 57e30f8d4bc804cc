"""Where drum instruments keep their drums: General MIDI keys as the notes of other layouts.

Loops hold General MIDI keys. A `DrumMap` says which note of a layout plays each key that the layout has a place for.
A key without one is played by its nearest kin (a second crash by the first, a clap by the snare's rim); where there
is no kin either, the note is left out and told. Notes that no one has mapped are never sent: in most layouts they
would be a choke or another drum.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from engine.music.general_midi import DRUM_NAMES
from engine.music.loop import Track

# Which key stands in for one that a layout lacks; followed from key to key.
_KIN: Mapping[int, int] = {
    35: 36, 39: 40, 40: 38, 37: 38,
    41: 43, 43: 45, 45: 47, 47: 48, 50: 48,
    44: 42, 46: 42, 52: 57, 55: 57, 57: 49, 53: 51, 59: 51,
    54: 42, 56: 53, 58: 54, 60: 50, 61: 48, 62: 60, 63: 61, 64: 43, 65: 50, 66: 47, 67: 53, 68: 53,
    69: 42, 70: 42, 73: 42, 74: 42, 75: 37, 76: 37, 77: 37, 80: 53, 81: 53,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class DrumMap:
    """A layout of drums.

    Attributes:
        name: Of the instrument.
        source: Who published the layout.
        notes: The note of each General MIDI key that has a place of its own.
    """

    name: str
    source: str
    notes: Mapping[int, int] = field(hash=False)

    def note_of(self, key: int) -> int | None:
        """Return the note that plays a General MIDI key or its nearest kin; None where there is none."""
        seen: set[int] = set()
        while key not in self.notes:
            seen.add(key)
            if key not in _KIN or _KIN[key] in seen:
                return None
            key = _KIN[key]
        return self.notes[key]

    def with_own(self, own: Mapping[int, int]) -> "DrumMap":
        """Return the layout with some keys put elsewhere."""
        return replace(self, notes={**self.notes, **own}) if own else self

    def remapped(self, track: Track) -> tuple[Track, tuple[str, ...]]:
        """Return a drum part in this layout, and the names of the drums that it has no place for."""
        places = {key: self.note_of(key) for key in {note.pitch for note in track.notes}}
        moved = [replace(note, pitch=place) for note in track.notes if (place := places[note.pitch]) is not None]
        missing = tuple(DRUM_NAMES.get(key, f"Key {key}") for key, place in sorted(places.items()) if place is None)
        return track.with_notes(moved), missing


GENERAL_MIDI = DrumMap("General MIDI", "General MIDI level 1, percussion key map", {key: key for key in range(128)})

DRUM_MAPS: tuple[DrumMap, ...] = (
    GENERAL_MIDI,
    DrumMap(
        "Roland V-Drums",
        "Roland, TD-17 default factory MIDI note map; the TD-11 of the Groove MIDI Dataset agrees",
        {36: 36, 37: 37, 38: 38, 40: 40, 42: 42, 44: 44, 46: 46, 50: 48, 48: 48, 47: 45, 45: 45, 43: 43, 41: 43,
         49: 49, 57: 57, 55: 55, 52: 52, 51: 51, 53: 53, 59: 59},
    ),
    DrumMap(
        "EZdrummer / Superior Drummer",
        "Toontrack's layout: General MIDI for the kit, chokes at 50, 54, 56 and 58, hi-hat articulations from 60",
        {35: 35, 36: 36, 37: 37, 38: 38, 40: 40, 42: 42, 44: 44, 46: 46, 48: 48, 47: 47, 45: 45, 43: 43, 41: 41,
         49: 49, 57: 57, 55: 55, 52: 52, 51: 51, 53: 53, 59: 59},
    ),
    DrumMap(
        "Addictive Drums 2",
        "XLN Audio, Addictive Drums 2 keymap of 2021",
        {36: 36, 37: 42, 38: 38, 40: 37, 42: 49, 44: 48, 46: 56, 50: 71, 48: 71, 47: 69, 45: 69, 43: 67, 41: 65,
         49: 77, 57: 79, 55: 81, 52: 91, 51: 60, 53: 61, 59: 84},
    ),
    DrumMap(
        "MT Power Drum Kit 2",
        "Manda Audio, as listed by the Drum MIDI Converter (github.com/lotkey/Drum-MIDI-Converter)",
        {36: 36, 37: 37, 38: 38, 42: 42, 44: 65, 46: 46, 48: 48, 45: 45, 41: 41, 43: 41, 47: 45,
         49: 49, 57: 57, 55: 55, 52: 52, 51: 51, 53: 53},
    ),
)  # fmt: skip


def drum_map(name: str) -> DrumMap:
    """Return a map by its name; General MIDI for a name that is not known."""
    return next((each for each in DRUM_MAPS if each.name == name), GENERAL_MIDI)


def parse_own_notes(text: str) -> dict[int, int]:
    """Return own places of General MIDI keys, written as "36=24, 38=26".

    Raises:
        ValueError: One of them is not two numbers from 0 to 127 with = between.
    """
    own: dict[int, int] = {}
    for pair in text.replace(";", ",").split(","):
        if not pair.strip():
            continue
        key, _, place = (word.strip() for word in pair.partition("="))
        if not (key.isdecimal() and place.isdecimal() and int(key) <= 127 and int(place) <= 127):
            raise ValueError(f"“{pair.strip()}” is not like 36=24, a General MIDI key and the note to play it with")
        own[int(key)] = int(place)
    return own
