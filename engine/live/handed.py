"""What a player has handed over ahead of its time: when each tick's messages are due, and how they are undone."""

import math
from collections import deque
from collections.abc import Callable
from typing import Protocol

from engine.live.clock import Clock
from engine.midi.wire import TimedMessage

LEAST_GAP_SECONDS = 1e-6


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


class HandedOver:
    """The messages that wait in a sink, tick by tick.

    Args:
        sink: Where messages go.
        settled: All before this tick stays.
    """

    def __init__(self, sink: Sink, settled: int = 0) -> None:
        self._sink = sink
        self.settled = settled
        self._due: deque[tuple[int, float]] = deque()  # ticks with messages, and when those are due
        self._undo: deque[tuple[int, Callable[[], None]]] = deque()

    def put(self, clock: Clock, tick: int, port: str, data: bytes) -> None:
        """Hand over a message."""
        if not self._due or self._due[-1][0] < tick:
            seconds = clock.seconds_at(tick)
            if self._due:  # a clock that follows another may have been set back meanwhile
                seconds = max(seconds, self._due[-1][1] + LEAST_GAP_SECONDS)
            self._due.append((tick, seconds))
        self._sink.put(TimedMessage(self._due[-1][1], port, data))

    def undo_by(self, tick: int, undo: Callable[[], None]) -> None:
        """Keep how what happened at a tick is undone, should it be taken back."""
        self._undo.append((tick, undo))

    def first_open_tick(self, clock: Clock) -> int:
        """Return the first tick that can still be decided about."""
        limit = clock.now() + self._sink.margin_seconds
        self.settle(limit)
        return max(math.ceil(clock.tick_at(limit) - 1e-6), self.settled)

    def keep(self, tick: int) -> None:
        """Let what was handed over up to a tick, and for it, stay."""
        self.settled = tick + 1

    def settle(self, seconds: float) -> None:
        """Note that what is due before a time cannot be taken back, whatever tick the clock says that is by now."""
        while self._due and self._due[0][1] < seconds:
            self.settled = max(self.settled, self._due.popleft()[0] + 1)

    def forget_settled(self) -> None:
        """Forget how to undo what stays."""
        while self._undo and self._undo[0][0] < self.settled:
            self._undo.popleft()

    def take_back(self, tick: int) -> None:
        """Take back all messages from a tick on, and undo what they came with."""
        first = None
        while self._due and self._due[-1][0] >= tick:
            first = self._due.pop()[1]
        if first is not None:
            self._sink.cancel_from(first - 1e-9)
        while self._undo and self._undo[-1][0] >= tick:
            self._undo.pop()[1]()

    def restart(self, clock: Clock) -> None:
        """Let all that was handed over stay, and count by another clock from now on."""
        last = self._due[-1][1] if self._due else -math.inf
        self.settled = 0
        self._due.clear()
        self._undo.clear()
        self.settled = self.first_open_tick(clock)
        self._due.append((self.settled - 1, last))  # what the first clock brought stays, and comes before
