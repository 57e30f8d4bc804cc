"""The player: patterns, a clock and commands become timed MIDI messages.

One algorithm for every clock. Messages are handed over a little ahead of their time; a command that changes what was
handed over already takes it back from there on (`cancel_from`) and goes on from the same tick. Every message keeps
with it how it is undone, so what sounds is known for any tick that has not passed. What a command itself sends at its
instant is never taken back: another at the same instant comes a tick later.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import replace

from engine.jobs.sound import Start
from engine.live.changes import Change, announcement, at_same_place
from engine.live.clock import Clock
from engine.live.handed import HandedOver, Sink
from engine.live.schedule import CHANNELS, Controls, Pattern, Voice
from engine.midi.wire import (
    ALL_NOTES_OFF,
    ALL_SOUND_OFF,
    CLOCK,
    STOP,
    TICKS_PER_CLOCK,
    TICKS_PER_SIXTEENTH,
    control,
    note_off,
    note_on,
)

LONGEST_GAP_SECONDS = 1.0
MAX_LATE_TICKS = TICKS_PER_SIXTEENTH  # onsets missed by a start from outside are made good up to here


class Player:
    """Plays patterns.

    Args:
        clock: Whose time holds.
        sink: Where messages go.
        clock_port: The port that gets MIDI clock; None for no clock.
    """

    def __init__(self, clock: Clock, sink: Sink, *, clock_port: str | None = None) -> None:
        self._clock, self._clock_port = clock, clock_port
        self._handed = HandedOver(sink)
        self._current: Change | None = None  # at `_done`, which is ahead of what is heard
        self._pending: tuple[Change, ...] = ()
        self._begun: list[Change] = []  # what is heard, and what will be
        self._sounding: dict[Voice, int] = {}  # until which tick of the song
        self._used: set[tuple[str, int]] = set()
        self._clock_phase = 0  # clocks fall on this tick and every 20th from there
        self._done = math.ceil(clock.tick_at(clock.now()))  # all before this tick is handed over

    @property
    def is_playing(self) -> bool:
        return self._current is not None or bool(self._pending)

    @property
    def is_busy(self) -> bool:
        """Whether anything is to be handed over, single notes and MIDI clock included."""
        return self.is_playing or bool(self._sounding) or self._clock_port is not None

    @property
    def clock(self) -> Clock:
        return self._clock

    @property
    def pattern(self) -> Pattern | None:
        """What is heard, or will be first; None when stopped."""
        change = self._heard() or (self._pending[-1] if self._pending else self._current)
        return None if change is None else change.pattern

    def end_after(self, passes: int) -> float:
        """Stop when the pattern that begins or plays has come round so often; return when that is, by the clock.

        Raises:
            RuntimeError: Nothing plays.
        """
        change = self._pending[-1] if self._pending else self._current
        if change is None:
            raise RuntimeError("nothing plays")
        end = change.origin + passes * change.pattern.length
        self._pending = (*self._pending, Change(end, replace(change.pattern, onsets=(), controls=()), end))
        return self._clock.seconds_at(end)

    def position(self) -> tuple[float, int, int]:
        """Return the tick, token and pass of what is heard; (-1, 0, 0) when stopped and while a count-in plays."""
        change = self._heard()
        if change is None or change.pattern.is_count_in:
            return -1.0, 0, 0
        ticks = max(0.0, self._clock.tick_at(self._clock.now()) - change.origin)
        length = change.pattern.length
        return ticks % length, change.pattern.token, int(ticks // length)

    def first_open_tick(self) -> int:
        """Return the first tick of the song that can still be decided about."""
        return self._handed.first_open_tick(self._clock)

    def origin(self) -> int | None:
        """Return the song's tick at which the first pass of what is heard began; None when stopped."""
        change = self._heard()
        return None if change is None else change.origin

    def _heard(self) -> Change | None:
        now = self._clock.tick_at(self._clock.now())
        return next((each for each in reversed(self._begun) if each.tick <= now), None)

    def advance(self, until: float) -> None:
        """Hand over all messages that are due before a time."""
        now = self._clock.now()
        passed = self._clock.tick_at(now)
        self._handed.settle(now)
        self._handed.forget_settled()
        while len(self._begun) > 1 and self._begun[1].tick <= passed:
            self._begun.pop(0)
        # After a sleep of the whole machine nobody wants to hear what was missed.
        self._done = max(self._done, math.floor(self._clock.tick_at(now - LONGEST_GAP_SECONDS)))
        self._advance_to(math.ceil(self._clock.tick_at(until)))

    def _advance_to(self, end: int) -> None:
        while self._done < end:
            stop = min(end, self._pending[0].tick) if self._pending else end
            if stop > self._done:
                self._play_until(stop)
            while self._pending and self._pending[0].tick <= self._done:
                self._exchange()

    def play(self, pattern: Pattern, *, tick: int = 0, at: int | None = None, count_in: Pattern | None = None) -> None:
        """Begin.

        Args:
            pattern: What.
            tick: Where in it.
            at: At which tick of the song; None for now. If it has just passed, what was missed begins at once.
            count_in: A pattern that is played once before; then `at` is when that begins.
        """
        now = self._cut()
        has_ended = bool(self._sounding)
        self._release(now)
        self._current, self._pending, self._begun = None, (), []
        self._clock.set_tempo(pattern.tempo_bpm, tick=now)
        announce: tuple[bytes, ...] = ()
        begin = now if at is None else at
        if self._clock_port is not None:
            tick -= tick % TICKS_PER_SIXTEENTH
            announce = announcement(tick)
            begin = self._next_clock(begin + 1)  # followers begin with the next clock
        if count_in is not None:
            first = Change(begin, count_in, begin)
            begin += count_in.length
            told = Change(begin - TICKS_PER_CLOCK // 2, count_in, first.origin, announce)
            self._pending = (first, told, Change(begin, pattern, begin - tick % pattern.length))
        else:
            self._tell(now, announce)
            self._pending = (Change(max(begin, now), pattern, begin - tick % pattern.length),)
        while self._pending and self._pending[0].tick <= now:
            self._exchange()
        has_begun = self._make_good(begin, now)
        if has_ended or has_begun or (announce and count_in is None):
            self._handed.keep(now)

    def _make_good(self, begin: int, now: int) -> bool:
        """Begin what should have begun between a start and now; tell whether there was anything."""
        if self._current is None or not 0 < now - begin <= MAX_LATE_TICKS:
            return False
        has_begun = False
        for onset in list(self._current.pattern.between(begin - self._current.origin, now - self._current.origin)):
            is_stroke = onset.length <= MAX_LATE_TICKS  # worth hearing late, however soon it would be over
            left = onset.length if is_stroke else self._current.origin + onset.tick + onset.length - now
            if left > 0:
                self._begin(now, onset.voice, onset.velocity, left)
                has_begun = True
        return has_begun

    def change(self, pattern: Pattern, start: Start) -> None:
        """Go on with another pattern: at once, or on the next beat, bar or pass; what was to come later does not."""
        if not self.is_playing or start is Start.NOW:
            self.play(pattern)
            return
        now = self._reopened()
        if self._current is None or self._current.pattern.is_count_in:  # it has not begun: it is another that begins
            last = self._pending[-1]
            self._pending = (*self._pending[:-1], last._replace(pattern=pattern))
        elif start is Start.IN_PLACE:
            self._pending = ()
            self._change_in_place(now, pattern)
        else:
            at = self._place_of(start, now)
            before = tuple(each for each in self._pending if each.tick < at)
            self._pending = (*before, at_same_place(before[-1] if before else self._current, at, pattern))

    def revise(self, revised: Callable[[Pattern], Pattern], start: Start = Start.IN_PLACE) -> None:
        """Change what plays and what is to come, such as its levels: now, or on the next beat, bar or pass.

        Args:
            revised: Gives the new pattern for an old one; the length stays.
            start: When; `NOW` is `IN_PLACE`.

        Nothing that was handed over for later waits any more when this is done, also where nothing plays.
        """
        now = self._reopened()
        if not self.is_playing:
            return
        current = self._current
        if current is None or start in (Start.NOW, Start.IN_PLACE):
            self._pending = tuple(each._replace(pattern=revised(each.pattern)) for each in self._pending)
            if current is not None:
                self._change_in_place(now, revised(current.pattern))
            return
        at = self._place_of(start, now)
        before = tuple(each for each in self._pending if each.tick < at)
        after = (each._replace(pattern=revised(each.pattern)) for each in self._pending if each.tick >= at)
        holds = before[-1] if before else current
        self._pending = (*before, Change(at, revised(holds.pattern), holds.origin), *after)

    def sound(self, voices: Iterable[tuple[Voice, Controls]], velocity: int, length: int) -> None:
        """Let single notes be heard now, whatever plays; `length` is in ticks, and controls go before each."""
        now = self._reopened()
        for voice, controls in voices:
            for port, data in controls:
                self._put(now, port, data)
            self._begin(now, voice, velocity, length)
        self._handed.keep(now)

    def stop(self) -> None:
        """End all notes, and tell every channel in use to be silent."""
        was_playing = self.is_playing
        now = self._cut()
        self._current, self._pending, self._begun = None, (), []
        self._release(now)
        if was_playing and self._clock_port is not None:
            self._put(now, self._clock_port, STOP)
        self._silence(now, sorted(self._used))
        self._used.clear()
        self._handed.keep(now)

    def panic(self, ports: Iterable[str]) -> None:
        """Stop, and silence every channel of every port."""
        self.stop()
        now = self.first_open_tick()
        self._silence(now, [(port, channel) for port in ports for channel in range(CHANNELS)])
        self._handed.keep(now)

    def follow(self, clock: Clock) -> None:
        """Let another clock's time hold; stops first."""
        self.stop()
        self._clock = clock
        self._handed.restart(clock)
        self._done = self._handed.settled

    def send_clock(self, port: str | None) -> None:
        """Send MIDI clock to another port from now on, or to none; those who follow hear where we are."""
        if port == self._clock_port:
            return
        now = self._reopened()
        if self._clock_port is not None and self.is_playing:
            self._put(now, self._clock_port, STOP)
            self._handed.keep(now)
        self._clock_port = port
        current = self._current
        if port is not None and current is not None and not current.pattern.is_count_in:
            self._clock_phase = current.origin % TICKS_PER_CLOCK
            place = (now - current.origin) % current.pattern.length
            wait = -place % TICKS_PER_SIXTEENTH or TICKS_PER_SIXTEENTH
            told = current._replace(tick=now + wait - 1, announce=announcement(place + wait))
            self._pending = tuple(sorted((told, *self._pending), key=lambda each: each.tick))

    def _cut(self) -> int:
        """Take back what is handed over beyond now; return that tick, from which on all is open."""
        now = self.first_open_tick()
        self._rewind(now)
        return now

    def _reopened(self) -> int:
        """Do the same, but lose nothing that was due before if we are late."""
        now = self.first_open_tick()
        self._advance_to(now)
        self._rewind(now)
        return now

    def _next_clock(self, tick: int) -> int:
        """Return the first tick from one on at which a MIDI clock falls."""
        return tick + (self._clock_phase - tick) % TICKS_PER_CLOCK

    def _rewind(self, tick: int) -> None:
        self._handed.take_back(tick)
        self._done = tick

    def _place_of(self, start: Start, now: int) -> int:
        """Return the next tick at which a beat, bar or pass begins."""
        assert self._current is not None
        pattern, origin = self._current.pattern, self._current.origin
        unit = {Start.NEXT_BEAT: pattern.beat, Start.NEXT_BAR: pattern.bar}.get(start, pattern.length)
        place = (now - origin) % pattern.length
        return now - place + min((place // unit + 1) * unit, pattern.length)

    def _change_in_place(self, now: int, pattern: Pattern) -> None:
        assert self._current is not None
        change = at_same_place(self._current, now, pattern)
        kept = pattern.sounding_at(now - change.origin)
        for voice in sorted(self._sounding):
            if voice in kept:
                self._sounding[voice] = now + kept[voice]
            else:
                self._end(now, voice)
        self._adopt(change)
        self._handed.keep(now)

    def _exchange(self) -> None:
        """Let the next pattern begin."""
        before = (self._current, self._pending, self._begun)

        def undo() -> None:
            self._clock.forget_from(change.tick)
            self._current, self._pending, self._begun = before

        change, *rest = self._pending
        self._handed.undo_by(change.tick, undo)
        self._pending = tuple(rest)
        self._adopt(change)

    def _adopt(self, change: Change) -> None:
        self._clock.set_tempo(change.pattern.tempo_bpm, tick=change.tick)
        self._tell(change.tick, change.announce)
        for port, data in change.pattern.controls:
            self._put(change.tick, port, data)
        self._current = change
        self._begun = [*self._begun, change]

    def _play_until(self, end: int) -> None:
        """Hand over [done, end), in order."""
        first = self._done
        clock_tick = self._next_clock(first)
        if self._current is not None:
            origin = self._current.origin
            for onset in self._current.pattern.between(first - origin, end - origin):
                tick = origin + onset.tick
                clock_tick = self._clocks_until(clock_tick, tick + 1)
                self._end_due(tick)
                self._begin(tick, onset.voice, onset.velocity, onset.length)
        self._clocks_until(clock_tick, end)
        self._end_due(end - 1)
        self._done = end

    def _clocks_until(self, tick: int, end: int) -> int:
        """Hand over the clocks of [tick, end) and what ends on the way; return the next clock's tick."""
        while self._clock_port is not None and tick < end:
            self._end_due(tick)
            self._put(tick, self._clock_port, CLOCK)
            tick += TICKS_PER_CLOCK
        return tick

    def _end_due(self, tick: int) -> None:
        """End the notes whose time is over at a tick."""
        due = [(end, voice) for voice, end in self._sounding.items() if end <= tick]
        for end, voice in sorted(due):
            self._end(end, voice)

    def _begin(self, tick: int, voice: Voice, velocity: int, length: int) -> None:
        if voice in self._sounding:
            self._end(tick, voice)
        self._put(tick, voice.port, note_on(voice.channel, voice.pitch, velocity))
        self._sounding[voice] = tick + length
        self._used.add((voice.port, voice.channel))
        self._handed.undo_by(tick, lambda: self._forget(voice))

    def _forget(self, voice: Voice) -> None:
        self._sounding.pop(voice, None)

    def _end(self, tick: int, voice: Voice) -> None:
        end = self._sounding.pop(voice)
        self._put(tick, voice.port, note_off(voice.channel, voice.pitch))
        self._handed.undo_by(tick, lambda: self._sounding.update({voice: end}))

    def _release(self, tick: int) -> None:
        for voice in sorted(self._sounding):
            self._end(tick, voice)

    def _silence(self, tick: int, channels: Iterable[tuple[str, int]]) -> None:
        for port, channel in channels:
            for number in (ALL_NOTES_OFF, ALL_SOUND_OFF):
                self._put(tick, port, control(channel, number, 0))

    def _tell(self, tick: int, announce: tuple[bytes, ...]) -> None:
        if self._clock_port is not None:
            for data in announce:
                self._put(tick, self._clock_port, data)

    def _put(self, tick: int, port: str, data: bytes) -> None:
        self._handed.put(self._clock, tick, port, data)
