"""A loop as a pattern of onsets that comes round, asked for by stretches of time.

Offs are not in a pattern: a note that sounds knows when it ends, whatever plays by then. So a loop may be exchanged at
any tick, and no note is cut or doubled by it.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from engine.jobs.live import PartRoute
from engine.music.general_midi import DRUM_CHANNEL
from engine.music.loop import Loop

CHANNELS = 16
Controls = tuple[tuple[str, bytes], ...]  # ports and messages


class Voice(NamedTuple):
    """What can sound once: a pitch on a channel of a port."""

    port: str
    channel: int
    pitch: int


class Onset(NamedTuple):
    """A note that begins; `tick` is of the pattern or of the song, as is said; `length` in ticks."""

    tick: int
    voice: Voice
    velocity: int
    length: int


@dataclass(frozen=True, slots=True)
class Pattern:
    """A loop, ready to be asked for its onsets.

    Attributes:
        onsets: Sorted by tick; of each voice at most one at a time.
        length, bar, beat: In ticks.
        tempo_bpm: Quarter notes a minute.
        token: Whose it is.
        controls: (port, message) pairs that go out where it begins, such as sounds and levels.
        is_count_in: Whether it only leads in, and is played once.
        source: What it was made of, to make it anew.
    """

    onsets: tuple[Onset, ...]
    length: int
    bar: int
    beat: int
    tempo_bpm: float
    token: int = 0
    controls: Controls = ()
    is_count_in: bool = False
    source: object = None

    def between(self, first: int, end: int) -> Iterator[Onset]:
        """Yield the onsets of [first, end), in ticks since a first pass began; any number of passes."""
        start = first - first % self.length
        index = bisect_left(self.onsets, (first - start,))
        while self.onsets:
            for onset in self.onsets[index:]:
                if start + onset.tick >= end:
                    return
                yield onset._replace(tick=start + onset.tick)
            start, index = start + self.length, 0
            if start >= end:
                return

    def sounding_at(self, tick: int) -> dict[Voice, int]:
        """Return the voices that sound at a tick of the pattern, and for how many ticks more."""
        return {
            onset.voice: onset.tick + onset.length - tick
            for onset in self.onsets
            if onset.tick < tick < onset.tick + onset.length
        }


def channels_of(loop: Loop, routes: Sequence[PartRoute] = ()) -> tuple[int, ...]:
    """Return each part's channel: the one its route names, drums' index 9, or the next free one."""
    named = {route.channel for route in routes if route.channel is not None}
    free = [channel for channel in range(CHANNELS) if channel != DRUM_CHANNEL and channel not in named]
    channels: list[int] = []
    for index, track in enumerate(loop.tracks):
        wanted = routes[index].channel if index < len(routes) else None
        if wanted is not None:
            channels.append(wanted)
        elif track.is_drums:
            channels.append(DRUM_CHANNEL)
        else:
            channels.append(free.pop(0) if free else 0)
    return tuple(channels)


def pattern_of(
    loop: Loop, gains: Sequence[float] = (), routes: Sequence[PartRoute] = (), *, port: str = "", token: int = 0
) -> Pattern:
    """Return a loop as a pattern.

    A part's level scales its velocities: a controller would stay behind in the receiver's synth. A note that reaches
    the seam ends one tick before it, so that slow receivers do not swallow the onset of the next pass.

    Args:
        loop: What.
        gains: Linear, one a part; () for all 1. Parts at 0 are left out.
        routes: Where each part goes.
        port: The port of parts whose route names none.
        token: Kept in the result.
    """
    onsets: dict[tuple[int, Voice], Onset] = {}
    for index, (track, channel) in enumerate(zip(loop.tracks, channels_of(loop, routes), strict=True)):
        gain = gains[index] if index < len(gains) else 1.0
        place = (routes[index].port if index < len(routes) else "") or port
        for note in track.notes if gain > 0 else ():
            velocity = min(max(round(note.velocity * gain), 1), 127)
            end = max(note.onset + 1, min(note.end, loop.length - 1))
            onset = Onset(note.onset, Voice(place, channel, note.pitch), velocity, end - note.onset)
            known = onsets.get((note.onset, onset.voice))
            if known is None or known.length < onset.length:  # two parts may share a channel
                onsets[note.onset, onset.voice] = onset
    meter = loop.meter
    return Pattern(
        tuple(sorted(onsets.values())), loop.length, meter.ticks_per_bar, meter.ticks_per_beat, loop.tempo_bpm, token
    )
