"""What comes in on the input: notes are kept, so that the last bars can be asked for; controllers are told."""

from collections import deque
from dataclasses import dataclass

from engine.jobs.live import ControlMoved
from engine.midi.wire import CONTROL, NOTE_OFF, NOTE_ON
from engine.music.loop import Loop, Note, without_overlaps

KEPT_NOTES = 8192


@dataclass(slots=True)
class _Played:
    """A note that was played in; `end` is None while the key is down. Ticks are of the song."""

    onset: float
    pitch: int
    velocity: int
    end: float | None = None


class PlayIn:
    """Keeps the latest notes, and what controllers moved."""

    def __init__(self) -> None:
        self._notes: deque[_Played] = deque(maxlen=KEPT_NOTES)
        self._down: dict[tuple[int, int], _Played] = {}
        self._moved: dict[tuple[int, int], int] = {}

    def hear(self, tick: float, data: bytes) -> None:
        """Take a message that came in at a tick of the song."""
        kind, channel = data[0] & 0xF0, data[0] & 15
        if kind == NOTE_ON and data[2]:
            self._release(channel, data[1], tick)
            note = _Played(tick, data[1], data[2])
            self._notes.append(note)
            self._down[channel, data[1]] = note
        elif kind in (NOTE_ON, NOTE_OFF):
            self._release(channel, data[1], tick)
        elif kind == CONTROL:
            self._moved[channel, data[1]] = data[2]

    def _release(self, channel: int, pitch: int, tick: float) -> None:
        note = self._down.pop((channel, pitch), None)
        if note is not None:
            note.end = tick

    def moved(self) -> list[ControlMoved]:
        """Return the controllers that moved since this was last asked, each with its latest value."""
        found = [ControlMoved(channel, control, value) for (channel, control), value in self._moved.items()]
        self._moved.clear()
        return found

    def forget(self) -> None:
        """Forget all notes: ticks are counted anew."""
        self._notes.clear()
        self._down.clear()

    def captured(self, now: float, bars: int, loop: Loop, origin: int | None) -> tuple[Note, ...]:
        """Return what was played in the last bars, in ticks of a loop.

        Bars are counted back from the last bar line; one that ends within a beat counts as over.

        Args:
            now: The song's tick.
            bars: How many; at most the loop's.
            loop: In whose time.
            origin: The song's tick of its first pass; None while it does not play: then the first note begins bar 1.
        """
        bar, beat = loop.meter.ticks_per_bar, loop.meter.ticks_per_beat
        length = min(bars, loop.bars) * bar
        if origin is None:
            played = [note for note in self._notes if note.onset >= now - length]
            start = played[0].onset if played else now
            origin = round(start)
        else:
            end = origin + (now + beat - origin) // bar * bar
            start = end - length
            played = [note for note in self._notes if start <= note.onset < end]
        notes: list[Note] = []
        for note in played:
            onset = round(note.onset - origin) % loop.length
            duration = round((now if note.end is None else note.end) - note.onset)
            notes.append(Note(onset, note.pitch, min(max(duration, 1), loop.length - onset), note.velocity))
        return without_overlaps(notes)
