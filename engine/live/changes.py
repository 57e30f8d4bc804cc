"""Changes of what plays: a pattern, and from which tick of the song on."""

from typing import NamedTuple

from engine.live.schedule import Pattern
from engine.midi.wire import CONTINUE, START, TICKS_PER_SIXTEENTH, song_position


class Change(NamedTuple):
    """A pattern, and from where on it plays.

    Attributes:
        tick: Of the song.
        pattern: What.
        origin: The song's tick of the pattern's first pass.
        announce: What tells the followers of our MIDI clock of it.
    """

    tick: int
    pattern: Pattern
    origin: int
    announce: tuple[bytes, ...] = ()


def at_same_place(before: Change, tick: int, pattern: Pattern) -> Change:
    """Return the change from one pattern to another at a tick: the musical place stays."""
    place = (tick - before.origin) % before.pattern.length % pattern.length
    return Change(tick, pattern, tick - place)


def announcement(tick: int) -> tuple[bytes, ...]:
    """Return what tells followers to begin at a tick of the song."""
    if tick == 0:
        return (START,)
    return song_position(tick // TICKS_PER_SIXTEENTH), CONTINUE
