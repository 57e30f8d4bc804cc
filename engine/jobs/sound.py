"""What is heard, and where playing is."""

import itertools
from dataclasses import dataclass
from enum import Enum

from engine.music.loop import Loop, Note, Track


class Start(Enum):
    """When what is to be played is heard."""

    NOW = "now"
    IN_PLACE = "in place"  # where the old one just is: an edit
    NEXT_BEAT = "next beat"
    NEXT_BAR = "next bar"  # a take, switched in time
    NEXT_LOOP = "next loop"  # when this pass is over


@dataclass(frozen=True, slots=True)
class Play:
    """Play a loop round and round.

    Attributes:
        loop: What.
        gains: One a part, linear; () for all 1. Muted parts have 0.
        start: When; while nothing plays, `NOW` whatever is said.
        tick: Where to begin, if it begins now.
        has_count_in: Whether a bar of clicks comes before it, if it begins now.
        token: Comes back with every position, to tell which loop is heard.
    """

    loop: Loop
    gains: tuple[float, ...] = ()
    start: Start = Start.NOW
    tick: int = 0
    token: int = 0
    has_count_in: bool = False


@dataclass(frozen=True, slots=True)
class SetGains:
    """Change the parts' levels of what plays.

    Attributes:
        gains: One a part, linear; muted parts have 0.
        start: When; `NOW` and `IN_PLACE` are the same here.
    """

    gains: tuple[float, ...]
    start: Start = Start.IN_PLACE


@dataclass(frozen=True, slots=True)
class SetMetronome:
    """Turn the metronome on or off."""

    is_on: bool


@dataclass(frozen=True, slots=True)
class PlayNote:
    """Let one note be heard, as `track` sounds it."""

    track: Track
    note: Note
    tempo_bpm: float


@dataclass(frozen=True, slots=True)
class StopPlaying:
    """Be silent."""


@dataclass(frozen=True, slots=True)
class SoundState:
    """Whether anything can be heard.

    Attributes:
        is_audible: Whether there is a device.
        reason: One sentence: the device's name, or why there is silence.
    """

    is_audible: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Position:
    """Where playing is.

    Attributes:
        tick: In the loop; negative when stopped and during a count-in.
        token: Of the loop that is heard.
        passes: How often it has come round.
        tempo_bpm: The tempo that holds: the loop's, or that of the clock that is followed.
    """

    tick: float
    token: int = 0
    passes: int = 0
    tempo_bpm: float = 0.0


@dataclass(frozen=True, slots=True)
class Levels:
    """How loud the internal sound was since the last report: the furthest from 0 that its samples went.

    Attributes:
        whole: Of all together, before it is turned down for being too loud; 1 is full scale.
        parts: One a part; () where a part's level is not measured.
    """

    whole: float = 0.0
    parts: tuple[float, ...] = ()

    def louder(self, other: "Levels") -> "Levels":
        """Return the louder of both, for the whole and each part."""
        pairs = itertools.zip_longest(self.parts, other.parts, fillvalue=0.0)
        return Levels(max(self.whole, other.whole), tuple(max(pair) for pair in pairs))
