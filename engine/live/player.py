"""The player: patterns, a clock and commands become timed MIDI messages.

One algorithm for every clock. Messages are handed over a little ahead of their time; a command that changes what was
handed over already takes it back from there on (`cancel_from`) and goes on from the same tick. Every message keeps
with it how it is undone, so what sounds is known for any tick that has not passed.
"""

import math
from collections.abc import Callable, Iterable
from typing import NamedTuple, Protocol

from engine.jobs.sound import Start
from engine.live.clock import Clock
from engine.live.schedule import CHANNELS, Pattern, Voice
from engine.music.timing import PPQ

TICKS_PER_CLOCK = PPQ // 24
NOTE_ON, NOTE_OFF, CONTROL = 0x90, 0x80, 0xB0
ALL_SOUND_OFF, ALL_NOTES_OFF = 120, 123
CLOCK, START, CONTINUE, STOP = b"\xf8", b"\xfa", b"\xfb", b"\xfc"


class TimedMessage(NamedTuple):
    """A MIDI message, its port and when it is due, in the clock's seconds."""

    seconds: float
    port: str
    data: bytes


class Sink(Protocol):
    """Takes messages ahead of time."""

    @property
    def margin_seconds(self) -> float:
        """How long before its time a message cannot be taken back any more."""
        ...

    def put(self, message: TimedMessage) -> None:
        """Take a message; times never go back but after `cancel_from`."""
        ...

    def cancel_from(self, seconds: float) -> None:
        """Forget all messages that are due then or later."""
        ...


class Player:
    """Plays patterns.

    Args:
        clock: Whose time holds.
        sink: Where messages go.
        clock_port: The port that gets MIDI clock; None for no clock.
    """

    def __init__(self, clock: Clock, sink: Sink, *, clock_port: str | None = None) -> None:
        self._clock, self._sink, self._clock_port = clock, sink, clock_port
        self._pattern: Pattern | None = None
        self._origin = 0  # the song's tick at which the pattern's first pass began
        self._next: tuple[int, Pattern, int] | None = None  # at a tick, a pattern, its origin
        self._sounding: dict[Voice, int] = {}  # until which tick of the song
        self._used: set[tuple[str, int]] = set()
        self._done = math.ceil(clock.tick_at(clock.now()))  # all before this tick is handed over
        self._undo: list[tuple[int, Callable[[], None]]] = []

    @property
    def is_playing(self) -> bool:
        return self._pattern is not None

    def end_of_pass(self, passes: int) -> float:
        """Return the song's tick at which the pattern that begins or plays has come round so often.

        Raises:
            RuntimeError: Nothing plays.
        """
        if self._next is not None:
            _, pattern, origin = self._next
            return origin + passes * pattern.length
        if self._pattern is None:
            raise RuntimeError("nothing plays")
        return self._origin + passes * self._pattern.length

    def position(self) -> tuple[float, int, int]:
        """Return the pattern's tick, its token and its pass; (-1, 0, 0) when stopped."""
        if self._pattern is None:
            return -1.0, 0, 0
        ticks = max(0.0, self._clock.tick_at(self._clock.now()) - self._origin)
        return ticks % self._pattern.length, self._pattern.token, int(ticks // self._pattern.length)

    def advance(self, until: float) -> None:
        """Hand over all messages that are due before a time."""
        passed = self._clock.tick_at(self._clock.now())
        self._undo = [entry for entry in self._undo if entry[0] >= passed]
        end = math.ceil(self._clock.tick_at(until))
        while self._done < end:
            stop = min(end, self._next[0]) if self._next else end
            if stop > self._done:
                self._play_until(stop)
            if self._next and self._next[0] <= self._done:
                self._exchange()

    def play(self, pattern: Pattern, *, tick: int = 0) -> None:
        """Begin now, at a tick of the pattern."""
        now = self._cut()
        self._release(now)
        self._clock.set_tempo(pattern.tempo_bpm, tick=now)
        if self._clock_port is not None:
            self._put(now, self._clock_port, START if tick == 0 else CONTINUE)
            begin = -(-(now + 1) // TICKS_PER_CLOCK) * TICKS_PER_CLOCK  # followers begin with the next clock
        else:
            begin = now
        self._pattern, self._origin, self._next = None, 0, (begin, pattern, begin - tick % pattern.length)
        if begin == now:
            self._exchange()

    def change(self, pattern: Pattern, start: Start) -> None:
        """Go on with another pattern: at once, or on the next beat, bar or pass."""
        current = self._pattern
        if current is None or start is Start.NOW:
            self.play(pattern)
            return
        now = self._now_tick()
        if start is Start.IN_PLACE:
            self._cut()
            current = self._pattern or current
            self._change_in_place(now, current, pattern)
            return
        unit = {Start.NEXT_BEAT: current.beat, Start.NEXT_BAR: current.bar}.get(start, current.length)
        place = (now - self._origin) % current.length
        at = now - place + min((place // unit + 1) * unit, current.length)
        if at < self._done:
            self._rewind(at)
        origin = at - (at - self._origin) % current.length % pattern.length
        self._next = (at, pattern, origin)

    def _change_in_place(self, now: int, current: Pattern, pattern: Pattern) -> None:
        place = (now - self._origin) % current.length % pattern.length
        kept = pattern.sounding_at(place)
        for voice in sorted(self._sounding):
            if voice in kept:
                self._sounding[voice] = now + kept[voice]
            else:
                self._end(now, voice)
        self._clock.set_tempo(pattern.tempo_bpm, tick=now)
        self._pattern, self._origin, self._next = pattern, now - place, None

    def stop(self) -> None:
        """End all notes, and tell every channel in use to be silent."""
        now = self._cut()
        was_playing = self._pattern is not None
        self._pattern = self._next = None
        self._release(now)
        if was_playing and self._clock_port is not None:
            self._put(now, self._clock_port, STOP)
        self._silence(now, sorted(self._used))
        self._used.clear()

    def panic(self, ports: Iterable[str]) -> None:
        """Stop, and silence every channel of every port."""
        self.stop()
        self._silence(self._now_tick(), [(port, channel) for port in ports for channel in range(CHANNELS)])

    def _now_tick(self) -> int:
        """Return the first tick that can still be decided about."""
        return math.ceil(self._clock.tick_at(self._clock.now() + self._sink.margin_seconds) - 1e-6)

    def _cut(self) -> int:
        """Take back what is handed over beyond now; return that tick, from which on all is open."""
        now = self._now_tick()
        self._rewind(now)
        return now

    def _rewind(self, tick: int) -> None:
        self._sink.cancel_from(self._clock.seconds_at(tick) - 1e-9)
        while self._undo and self._undo[-1][0] >= tick:
            self._undo.pop()[1]()
        self._done = tick

    def _exchange(self) -> None:
        """Let the next pattern begin."""
        assert self._next is not None
        tick, pattern, origin = self._next
        before = (self._pattern, self._origin, self._next)

        def undo() -> None:
            self._clock.forget_from(tick)
            self._pattern, self._origin, self._next = before

        self._undo.append((tick, undo))
        self._clock.set_tempo(pattern.tempo_bpm, tick=tick)
        self._pattern, self._origin, self._next = pattern, origin, None

    def _play_until(self, end: int) -> None:
        """Hand over [done, end), in order."""
        first = self._done
        events: list[tuple[int, int, Callable[[], None]]] = []
        if self._clock_port is not None:
            begin = -(-first // TICKS_PER_CLOCK) * TICKS_PER_CLOCK
            port = self._clock_port
            events += [
                (tick, 0, lambda tick=tick: self._put(tick, port, CLOCK)) for tick in range(begin, end, TICKS_PER_CLOCK)
            ]
        if self._pattern is not None:
            for onset in self._pattern.between(first - self._origin, end - self._origin):
                tick = self._origin + onset.tick
                events.append(
                    (
                        tick,
                        1,
                        lambda tick=tick, onset=onset: self._begin(tick, onset.voice, onset.velocity, onset.length),
                    )
                )
        for tick, _, do in sorted(events, key=lambda event: event[:2]):
            self._end_due(tick)
            do()
        self._end_due(end - 1)
        self._done = end

    def _end_due(self, tick: int) -> None:
        """End the notes whose time is over at a tick."""
        for end, voice in sorted((end, voice) for voice, end in self._sounding.items() if end <= tick):
            self._end(end, voice)

    def _begin(self, tick: int, voice: Voice, velocity: int, length: int) -> None:
        if voice in self._sounding:
            self._end(tick, voice)
        self._put(tick, voice.port, bytes((NOTE_ON | voice.channel, voice.pitch, velocity)))
        self._sounding[voice] = tick + length
        self._used.add((voice.port, voice.channel))

        def undo() -> None:
            self._sounding.pop(voice, None)

        self._undo.append((tick, undo))

    def _end(self, tick: int, voice: Voice) -> None:
        end = self._sounding.pop(voice)
        self._put(tick, voice.port, bytes((NOTE_OFF | voice.channel, voice.pitch, 0)))
        self._undo.append((tick, lambda: self._sounding.update({voice: end})))

    def _release(self, tick: int) -> None:
        for voice in sorted(self._sounding):
            self._end(tick, voice)

    def _silence(self, tick: int, channels: Iterable[tuple[str, int]]) -> None:
        for port, channel in channels:
            for control in (ALL_NOTES_OFF, ALL_SOUND_OFF):
                self._put(tick, port, bytes((CONTROL | channel, control, 0)))

    def _put(self, tick: int, port: str, data: bytes) -> None:
        self._sink.put(TimedMessage(self._clock.seconds_at(tick), port, data))
