"""Keys, scales and chord symbols, and how they are written.

Pitch classes are 0 (C) to 11 (B). Names are written with sharps, as most MIDI tools do; flats are read.
"""

import re
from dataclasses import dataclass, replace
from enum import StrEnum

PITCH_CLASS_NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
_LETTERS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_ACCIDENTALS = {"": 0, "#": 1, "♯": 1, "b": -1, "♭": -1}


class Mode(StrEnum):
    """A scale type; the order is fixed, it is the order of model ids."""

    MAJOR = "major"
    MINOR = "minor"
    DORIAN = "dorian"
    MIXOLYDIAN = "mixolydian"
    PHRYGIAN = "phrygian"
    LYDIAN = "lydian"
    HARMONIC_MINOR = "harmonic minor"
    MELODIC_MINOR = "melodic minor"
    MAJOR_PENTATONIC = "major pentatonic"
    MINOR_PENTATONIC = "minor pentatonic"
    BLUES = "blues"
    CHROMATIC = "chromatic"


SCALE_STEPS: dict[Mode, tuple[int, ...]] = {
    Mode.MAJOR: (0, 2, 4, 5, 7, 9, 11),
    Mode.MINOR: (0, 2, 3, 5, 7, 8, 10),
    Mode.DORIAN: (0, 2, 3, 5, 7, 9, 10),
    Mode.MIXOLYDIAN: (0, 2, 4, 5, 7, 9, 10),
    Mode.PHRYGIAN: (0, 1, 3, 5, 7, 8, 10),
    Mode.LYDIAN: (0, 2, 4, 6, 7, 9, 11),
    Mode.HARMONIC_MINOR: (0, 2, 3, 5, 7, 8, 11),
    Mode.MELODIC_MINOR: (0, 2, 3, 5, 7, 9, 11),
    Mode.MAJOR_PENTATONIC: (0, 2, 4, 7, 9),
    Mode.MINOR_PENTATONIC: (0, 3, 5, 7, 10),
    Mode.BLUES: (0, 3, 5, 6, 7, 10),
    Mode.CHROMATIC: tuple(range(12)),
}


class ChordQuality(StrEnum):
    """A chord type; the order is fixed, it is the order of model ids."""

    MAJOR = "maj"
    MINOR = "min"
    DIMINISHED = "dim"
    AUGMENTED = "aug"
    DOMINANT_SEVENTH = "7"
    MAJOR_SEVENTH = "maj7"
    MINOR_SEVENTH = "min7"
    SUSPENDED = "sus"


CHORD_STEPS: dict[ChordQuality, tuple[int, ...]] = {
    ChordQuality.MAJOR: (0, 4, 7),
    ChordQuality.MINOR: (0, 3, 7),
    ChordQuality.DIMINISHED: (0, 3, 6),
    ChordQuality.AUGMENTED: (0, 4, 8),
    ChordQuality.DOMINANT_SEVENTH: (0, 4, 7, 10),
    ChordQuality.MAJOR_SEVENTH: (0, 4, 7, 11),
    ChordQuality.MINOR_SEVENTH: (0, 3, 7, 10),
    ChordQuality.SUSPENDED: (0, 5, 7),
}

_SUFFIXES: dict[str, ChordQuality] = {
    "": ChordQuality.MAJOR,
    "M": ChordQuality.MAJOR,
    "maj": ChordQuality.MAJOR,
    "m": ChordQuality.MINOR,
    "min": ChordQuality.MINOR,
    "-": ChordQuality.MINOR,
    "dim": ChordQuality.DIMINISHED,
    "°": ChordQuality.DIMINISHED,
    "aug": ChordQuality.AUGMENTED,
    "+": ChordQuality.AUGMENTED,
    "7": ChordQuality.DOMINANT_SEVENTH,
    "dom7": ChordQuality.DOMINANT_SEVENTH,
    "maj7": ChordQuality.MAJOR_SEVENTH,
    "M7": ChordQuality.MAJOR_SEVENTH,
    "min7": ChordQuality.MINOR_SEVENTH,
    "m7": ChordQuality.MINOR_SEVENTH,
    "-7": ChordQuality.MINOR_SEVENTH,
    "sus": ChordQuality.SUSPENDED,
    "sus4": ChordQuality.SUSPENDED,
}
_WRITTEN_SUFFIXES: dict[ChordQuality, str] = {
    ChordQuality.MAJOR: "",
    ChordQuality.MINOR: "m",
    ChordQuality.DIMINISHED: "dim",
    ChordQuality.AUGMENTED: "aug",
    ChordQuality.DOMINANT_SEVENTH: "7",
    ChordQuality.MAJOR_SEVENTH: "maj7",
    ChordQuality.MINOR_SEVENTH: "m7",
    ChordQuality.SUSPENDED: "sus",
}
_NOTE_NAME = re.compile(r"\s*([A-Ga-g])([#♯b♭]?)\s*(.*?)\s*$")


@dataclass(frozen=True, slots=True)
class Key:
    """A tonic (pitch class 0 to 11) and a mode."""

    tonic: int
    mode: Mode = Mode.MAJOR

    def __post_init__(self) -> None:
        if not 0 <= self.tonic <= 11:
            raise ValueError(f"tonic {self.tonic} is not a pitch class")

    def __str__(self) -> str:
        return f"{PITCH_CLASS_NAMES[self.tonic]} {self.mode.value}"

    @property
    def short_name(self) -> str:
        """A name for file names: "Am", "C", "Ddorian"."""
        suffix = {Mode.MAJOR: "", Mode.MINOR: "m"}.get(self.mode, self.mode.value.replace(" ", ""))
        return PITCH_CLASS_NAMES[self.tonic] + suffix

    @property
    def pitch_classes(self) -> frozenset[int]:
        return frozenset((self.tonic + step) % 12 for step in SCALE_STEPS[self.mode])

    def transposed(self, semitones: int) -> "Key":
        return replace(self, tonic=(self.tonic + semitones) % 12)

    @classmethod
    def parse(cls, text: str) -> "Key":
        """Read "A minor", "Am", "F# dorian" or "Bb".

        Raises:
            ValueError: The text names no tonic and mode.
        """
        tonic, rest = _split_note_name(text, "key")
        modes: dict[str, Mode] = {"": Mode.MAJOR, "m": Mode.MINOR, "maj": Mode.MAJOR, "min": Mode.MINOR}
        modes |= {mode.value: mode for mode in Mode} | {mode.value.replace(" ", ""): mode for mode in Mode}
        mode = modes.get(rest if rest == "m" else rest.lower())
        if mode is None:
            raise ValueError(f'"{text}" is not a key; modes are {", ".join(Mode)}')
        return cls(tonic, mode)


@dataclass(frozen=True, slots=True)
class Chord:
    """A root (pitch class 0 to 11) and a quality; `root` None means that no chord sounds."""

    root: int | None
    quality: ChordQuality = ChordQuality.MAJOR

    def __post_init__(self) -> None:
        if self.root is not None and not 0 <= self.root <= 11:
            raise ValueError(f"root {self.root} is not a pitch class")

    def __str__(self) -> str:
        if self.root is None:
            return "N"
        return PITCH_CLASS_NAMES[self.root] + _WRITTEN_SUFFIXES[self.quality]

    @property
    def pitch_classes(self) -> frozenset[int]:
        """The chord's tones; all twelve when no chord sounds."""
        if self.root is None:
            return frozenset(range(12))
        return frozenset((self.root + step) % 12 for step in CHORD_STEPS[self.quality])

    def transposed(self, semitones: int) -> "Chord":
        return self if self.root is None else replace(self, root=(self.root + semitones) % 12)

    @classmethod
    def parse(cls, text: str) -> "Chord":
        """Read "Am", "F#maj7", "Bb7" or "N" (no chord).

        Raises:
            ValueError: The text names no chord of the known qualities.
        """
        if text.strip() in ("N", "N.C.", "NC"):
            return cls(None)
        root, suffix = _split_note_name(text, "chord")
        quality = _SUFFIXES.get(suffix)
        if quality is None:
            raise ValueError(f'"{text}" is not a chord; write it like Am, F, G7, Cmaj7, Bdim or Dsus')
        return cls(root, quality)


NO_CHORD = Chord(None)


def parse_chords(text: str) -> tuple[tuple[Chord, ...], ...]:
    """Read a progression such as "Am|F|C G|G7": bars parted by bars, chords in a bar by spaces.

    Raises:
        ValueError: A bar is empty or holds something that is no chord.
    """
    bars = tuple(tuple(Chord.parse(word) for word in bar.split()) for bar in text.strip().strip("|").split("|"))
    if not all(bars):
        raise ValueError(f'"{text}" has an empty bar; write N where no chord sounds')
    return bars


def _split_note_name(text: str, what: str) -> tuple[int, str]:
    match = _NOTE_NAME.match(text)
    if match is None:
        raise ValueError(f'"{text}" is not a {what}; it begins with a note name, A to G')
    letter, accidental, rest = match.groups()
    return (_LETTERS[letter.upper()] + _ACCIDENTALS[accidental]) % 12, rest
