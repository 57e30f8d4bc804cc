"""Notes in seconds, as they were heard or played, and what puts them on a grid: a tempo and the place of bar 1.

Notes stay in seconds until tempo and bar 1 are settled, for either may be corrected; each then becomes a tick by one
multiplication from bar 1, so that nothing adds up to a drift. What lies between the grid's lines stays there: it is
how it was played.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from engine.music.general_midi import Role
from engine.music.harmony import Key
from engine.music.loop import COMMON_TIME, Note, without_overlaps
from engine.music.played import PlayedNotes
from engine.music.timing import Meter, seconds_from_ticks, ticks_from_seconds

SHORTEST_TICKS = 10
_EARLY_TICKS = 30  # a note that is played a little early on the one is on the one


@dataclass(frozen=True, slots=True, order=True)
class HeardNote:
    """A note in seconds from the sound's first sample; velocity 1 to 127, confidence 0 to 1."""

    onset_seconds: float
    pitch: int
    end_seconds: float
    velocity: int = 96
    confidence: float = 1.0


@dataclass(frozen=True, slots=True)
class TempoGuess:
    """What was found, all of it correctable.

    Attributes:
        bpm: Quarter notes a minute.
        bar_one_seconds: When the first bar begins; below 0 where the sound or the file begins within it.
        confidence: 0 to 1: how well onsets fall on the sixteenths.
        alternatives: Other tempi, the likelier first.
        meter: Of the bars.
    """

    bpm: float
    bar_one_seconds: float
    confidence: float
    alternatives: tuple[float, ...] = ()
    meter: Meter = COMMON_TIME

    def scaled(self, factor: float) -> "TempoGuess":
        """Return it twice or half as fast, begun at the same moment."""
        others = tuple(sorted({self.bpm, *self.alternatives} - {self.bpm * factor}))
        return replace(self, bpm=self.bpm * factor, alternatives=others)


@dataclass(frozen=True, slots=True, eq=False)
class HeardStem:
    """What was heard in one sound file.

    Attributes:
        name: Of the file.
        role: What it plays, as told or guessed.
        notes: In seconds from the file's start, sorted.
        seconds: Length of the sound.
        tempo: Found or told.
        key: None for drums, or if nothing tells.
        peaks: float32 [n, 2], lowest and highest sample of equal stretches of it: its picture.
        strokes: Drums heard beside the notes where nobody told what the sound is: it may be a whole mix. They tell its
            time only.
        begins_amid: Whether its first sample is amid something that sounds, as where it was cut out of more.
    """

    name: str
    role: Role
    notes: tuple[HeardNote, ...]
    seconds: float
    tempo: TempoGuess
    key: Key | None
    peaks: npt.NDArray[np.float32]
    strokes: tuple[HeardNote, ...] = ()
    begins_amid: bool = False


def notes_in_ticks(notes: Iterable[HeardNote], tempo: TempoGuess) -> tuple[Note, ...]:
    """Return notes as ticks from bar 1, sorted; those that begin before it are left out."""
    placed: list[Note] = []
    for note in notes:
        onset = round(ticks_from_seconds(note.onset_seconds - tempo.bar_one_seconds, tempo.bpm))
        end = round(ticks_from_seconds(note.end_seconds - tempo.bar_one_seconds, tempo.bpm))
        if -_EARLY_TICKS <= onset < 0:
            onset = 0
        if onset >= 0:
            placed.append(Note(onset, note.pitch, max(end - onset, SHORTEST_TICKS), note.velocity))
    return without_overlaps(placed)


def notes_in_seconds(notes: Iterable[Note], tempo: TempoGuess) -> tuple[HeardNote, ...]:
    """Return notes in ticks from bar 1 as seconds; `notes_in_ticks` gives back the same ticks."""

    def seconds(tick: int) -> float:
        return tempo.bar_one_seconds + seconds_from_ticks(tick, tempo.bpm)

    return tuple(sorted(HeardNote(seconds(n.onset), n.pitch, seconds(n.end), n.velocity) for n in notes))


def played(parts: Sequence[tuple[Sequence[HeardNote], bool]]) -> PlayedNotes:
    """Return notes that were heard together as their tempo is told from them.

    Args:
        parts: Notes, and whether they are those of drums.
    """
    return PlayedNotes.of_rows(
        (note.onset_seconds, note.end_seconds - note.onset_seconds, note.pitch, note.velocity, is_drums)
        for notes, is_drums in parts
        for note in notes
    )
