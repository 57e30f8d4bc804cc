"""A clock that follows the MIDI clock of others: their tempo and their bar lines, without their jitter."""

import math
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from engine.midi.wire import CLOCK, CONTINUE, SONG_POSITION, START, STOP, TICKS_PER_CLOCK, TICKS_PER_SIXTEENTH
from engine.music.timing import PPQ

FEWEST_PULSES = 6  # before that the tempo is the one of before
STEADY_PULSES = 24  # a straight line through so many; then
RAMP_PULSES = 48  # a parabola through so many, which follows a changing tempo without lagging behind
GAP_PULSES = 4.0  # a pause of so many pulses is no change of tempo
LOST_SECONDS = 0.5
FASTEST_BPM, SLOWEST_BPM = 400.0, 20.0


class Moved(NamedTuple):
    """Playing begins or stops elsewhere.

    Attributes:
        is_playing: Which of the two.
        at: The song's tick at which it begins.
        place: Where it begins there, in ticks from the beginning of the others' song.
    """

    is_playing: bool
    at: int = 0
    place: int = 0


class FollowedClock:
    """See `Clock`. Pulses of others are ticks of the song: a pulse is `TICKS_PER_CLOCK`.

    Between pulses and after the last time goes on in a straight line, so that it runs free when they stop.

    Args:
        now: The time in seconds.
        tempo_bpm: Until the others' is known.
    """

    def __init__(self, now: Callable[[], float], tempo_bpm: float = 120.0) -> None:
        self._now = now
        self._seconds, self._tick = now(), 0.0  # a point of the line
        self._tick_seconds = _tick_seconds(tempo_bpm)
        self._pulses: deque[float] = deque(maxlen=RAMP_PULSES)  # of the last without a gap
        self._last_tick = 0
        self._next_tick: int | None = None  # of the next, where that is agreed

    @property
    def tempo_bpm(self) -> float:
        """See `Clock.tempo_bpm`."""
        return 60.0 / (PPQ * self._tick_seconds)

    @property
    def is_lost(self) -> bool:
        """Whether no pulse has come for so long that time runs free."""
        return not self._pulses or self._now() - self._pulses[-1] > LOST_SECONDS

    @property
    def last_pulse(self) -> int:
        """The tick of the last pulse."""
        return self._last_tick

    def now(self) -> float:
        """See `Clock.now`."""
        return self._now()

    def tick_at(self, seconds: float) -> float:
        """See `Clock.tick_at`."""
        return self._tick + (seconds - self._seconds) / self._tick_seconds

    def seconds_at(self, tick: float) -> float:
        """See `Clock.seconds_at`."""
        return self._seconds + (tick - self._tick) * self._tick_seconds

    def set_tempo(self, tempo_bpm: float, *, tick: float) -> None:
        """Take a tempo as long as the others' is not known; see `Clock.set_tempo`."""
        if not self._pulses:
            self._bend(self._now(), self.tick_at(self._now()), _tick_seconds(tempo_bpm))

    def forget_from(self, tick: float) -> None:
        """Nothing was promised; see `Clock.forget_from`."""

    def next_pulse(self, seconds: float) -> int:
        """Return the tick of the next pulse after a time, and have it be that."""
        if self._pulses and seconds - self._pulses[-1] < GAP_PULSES * self._pulse_seconds:
            self._next_tick = self._last_tick + TICKS_PER_CLOCK
        else:
            self._next_tick = math.ceil(self.tick_at(seconds) / TICKS_PER_CLOCK) * TICKS_PER_CLOCK
        return self._next_tick

    @property
    def _pulse_seconds(self) -> float:
        return TICKS_PER_CLOCK * self._tick_seconds

    def pulse(self, seconds: float) -> None:
        """Hear a pulse."""
        is_gap = not self._pulses or seconds - self._pulses[-1] > GAP_PULSES * self._pulse_seconds
        if self._next_tick is not None:
            tick = self._next_tick
        elif is_gap:  # the others were silent: it is the pulse that is nearest
            tick = round(self.tick_at(seconds) / TICKS_PER_CLOCK) * TICKS_PER_CLOCK
        else:
            tick = self._last_tick + TICKS_PER_CLOCK
        if is_gap:
            self._pulses.clear()
        self._next_tick, self._last_tick = None, tick
        self._pulses.append(seconds)
        late, pulse_seconds = self._fitted()
        self._bend(seconds + late, tick, pulse_seconds / TICKS_PER_CLOCK)

    def _fitted(self) -> tuple[float, float]:
        """Return how much later than it came the last pulse was due, and the seconds from pulse to pulse."""
        count = len(self._pulses)
        if count < FEWEST_PULSES:
            expected = self._pulse_seconds
            late = sum(self._pulses) / count - self._pulses[-1] + expected * (count - 1) / 2
            return late, expected
        if count < RAMP_PULSES:
            count = min(count, STEADY_PULSES)
        last = self._pulses[-1]
        value, slope = _FITS[count] @ [each - last for each in list(self._pulses)[-count:]]
        return float(value), min(max(float(slope), _pulse_seconds(FASTEST_BPM)), _pulse_seconds(SLOWEST_BPM))

    def _bend(self, seconds: float, tick: float, tick_seconds: float) -> None:
        self._seconds, self._tick, self._tick_seconds = seconds, tick, tick_seconds


class MidiFollower:
    """Hears the clock messages of others, and says when their playing begins and stops.

    Args:
        clock: Follows them.
    """

    def __init__(self, clock: FollowedClock) -> None:
        self.clock = clock
        self._place = 0  # where they go on
        self._begun: int | None = None  # the song's tick at which their song began; None while stopped

    @property
    def origin(self) -> int | None:
        """The song's tick at which the others' song began; None while they are stopped."""
        return self._begun

    def hear(self, seconds: float, data: bytes) -> Moved | None:
        """Hear a message of any kind; return whether playing begins or stops by it."""
        if data == CLOCK:
            self.clock.pulse(seconds)
        elif data[0] == SONG_POSITION:
            self._place = (data[1] | data[2] << 7) * TICKS_PER_SIXTEENTH
            if self._begun is not None:
                return self._begin(seconds)
        elif data == START:
            self._place = 0
            return self._begin(seconds)
        elif data == CONTINUE:
            return self._begin(seconds)
        elif data == STOP and self._begun is not None:
            self._place = self.clock.last_pulse + TICKS_PER_CLOCK - self._begun
            self._begun = None
            return Moved(False)
        return None

    def _begin(self, seconds: float) -> Moved:
        at = self.clock.next_pulse(seconds)
        self._begun = at - self._place
        return Moved(True, at, self._place)


def _tick_seconds(tempo_bpm: float) -> float:
    return 60.0 / (PPQ * tempo_bpm)


def _pulse_seconds(tempo_bpm: float) -> float:
    return TICKS_PER_CLOCK * _tick_seconds(tempo_bpm)


def _fit(count: int, degree: int) -> np.ndarray:
    """Return what makes of times the value and slope of their curve at the last of them, float64 [2, count]."""
    numbers = np.arange(1 - count, 1, dtype=np.float64)
    return np.linalg.pinv(np.vander(numbers, degree + 1, increasing=True))[:2]


_FITS = {count: _fit(count, 1) for count in range(FEWEST_PULSES, STEADY_PULSES + 1)}
_FITS[RAMP_PULSES] = _fit(RAMP_PULSES, 2)
