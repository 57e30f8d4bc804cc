"""Clocks: what says when a tick of the song falls.

A song's ticks are counted on without end while the tempo changes; a loop's ticks are counted from where it was begun.
"""

import time
from collections.abc import Callable
from typing import NamedTuple, Protocol

from engine.music.timing import seconds_from_ticks, ticks_from_seconds


class Clock(Protocol):
    """Maps seconds to ticks of the song and back."""

    @property
    def tempo_bpm(self) -> float:
        """The tempo that holds."""
        ...

    def now(self) -> float:
        """Return the time in seconds, from any beginning; it never goes back."""
        ...

    def tick_at(self, seconds: float) -> float:
        """Return the song's tick at a time, not rounded."""
        ...

    def seconds_at(self, tick: float) -> float:
        """Return the time at which a tick of the song falls."""
        ...

    def set_tempo(self, tempo_bpm: float, *, tick: float) -> None:
        """Let a tempo hold from a tick on, and no later change; a clock that follows another takes no notice."""
        ...

    def forget_from(self, tick: float) -> None:
        """Take back the changes of tempo from a tick on: what would have brought them does not come."""
        ...


class _Stretch(NamedTuple):
    """A tempo, from where it holds."""

    tick: float
    seconds: float
    tempo_bpm: float


class SystemClock:
    """A clock with a tempo of its own; every time is computed from the change of tempo before it, so nothing adds up.

    Args:
        tempo_bpm: Quarter notes a minute.
        now: The time in seconds; JACK's, where notes go to JACK.
    """

    def __init__(self, tempo_bpm: float = 120.0, now: Callable[[], float] = time.perf_counter) -> None:
        self._now = now
        self._stretches = [_Stretch(0.0, now(), tempo_bpm)]

    @property
    def tempo_bpm(self) -> float:
        """See `Clock.tempo_bpm`."""
        return self._stretches[-1].tempo_bpm

    def now(self) -> float:
        """See `Clock.now`."""
        return self._now()

    def tick_at(self, seconds: float) -> float:
        """See `Clock.tick_at`."""
        stretch = self._last(lambda each: each.seconds <= seconds)
        return stretch.tick + ticks_from_seconds(seconds - stretch.seconds, stretch.tempo_bpm)

    def seconds_at(self, tick: float) -> float:
        """See `Clock.seconds_at`."""
        stretch = self._last(lambda each: each.tick <= tick)
        return stretch.seconds + seconds_from_ticks(tick - stretch.tick, stretch.tempo_bpm)

    def set_tempo(self, tempo_bpm: float, *, tick: float) -> None:
        """See `Clock.set_tempo`."""
        self.forget_from(tick)
        if tempo_bpm == self.tempo_bpm:
            return
        now = self._now()
        passed = [each for each in self._stretches if each.seconds <= now]
        self._stretches = [
            *passed[-1:],
            *self._stretches[len(passed) :],
            _Stretch(tick, self.seconds_at(tick), tempo_bpm),
        ]

    def forget_from(self, tick: float) -> None:
        """See `Clock.forget_from`."""
        while len(self._stretches) > 1 and self._stretches[-1].tick >= tick:
            self._stretches.pop()

    def _last(self, holds: Callable[[_Stretch], bool]) -> _Stretch:
        return next((each for each in reversed(self._stretches) if holds(each)), self._stretches[0])


class ManualClock(SystemClock):
    """A clock that stands still until it is moved; for tests and for playing faster than time."""

    def __init__(self, tempo_bpm: float = 120.0) -> None:
        self.seconds = 0.0
        super().__init__(tempo_bpm, lambda: self.seconds)
