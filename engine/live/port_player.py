"""A loop played to a MIDI port until it is over or someone stops it: no window, no sound of our own."""

import math
import time
from collections.abc import Callable

from engine.live.clock import SystemClock
from engine.live.player import Player, TimedMessage
from engine.live.schedule import pattern_of
from engine.midi.ports import MidiOutput
from engine.music.loop import Loop

AHEAD_SECONDS = 0.3
PAUSE_SECONDS = 0.001
LEAD_SECONDS = 0.2  # before the first note: receivers have connected by then


class _PortSink:
    """The player's sink: one port for everything."""

    def __init__(self, output: MidiOutput) -> None:
        self._output = output

    @property
    def margin_seconds(self) -> float:
        return self._output.margin_seconds

    def put(self, message: TimedMessage) -> None:
        self._output.put(message.seconds, message.data)

    def cancel_from(self, seconds: float) -> None:
        self._output.cancel_from(seconds)


def play_to_port(
    loop: Loop,
    output: MidiOutput,
    *,
    passes: int = 0,
    sends_clock: bool = False,
    is_stopped: Callable[[], bool] = lambda: False,
    pause: Callable[[float], None] = time.sleep,
) -> None:
    """Play a loop round and round; when this returns, no note is left on.

    Args:
        loop: What.
        output: Where to; it stays open.
        passes: How often; 0 until stopped.
        sends_clock: Whether MIDI clock goes out with it.
        is_stopped: Asked about a thousand times a second.
        pause: Waits, in seconds.
    """
    clock = SystemClock(loop.tempo_bpm, output.now)
    player = Player(clock, _PortSink(output), clock_port="" if sends_clock else None)
    _wait(output, output.now() + LEAD_SECONDS, is_stopped, pause)
    player.play(pattern_of(loop))
    end_tick = player.end_of_pass(passes) if passes else math.inf
    last = end_tick - 0.5  # the next pass begins on `end_tick` itself and must not
    while not is_stopped() and clock.tick_at(output.now()) < end_tick:
        horizon = output.now() + AHEAD_SECONDS
        player.advance(min(horizon, clock.seconds_at(last)) if passes else horizon)
        output.pump()
        pause(PAUSE_SECONDS)
    player.stop()
    player.advance(output.now() + output.margin_seconds)
    _wait(output, output.now() + 2 * output.margin_seconds, lambda: False, pause)


def _wait(output: MidiOutput, until: float, is_stopped: Callable[[], bool], pause: Callable[[float], None]) -> None:
    while output.now() < until and not is_stopped():
        output.pump()
        pause(PAUSE_SECONDS)
