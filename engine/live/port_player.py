"""A loop played on a stage until it is over or someone stops it: no window, no commands on the way."""

import math
import time
from collections.abc import Callable

from engine.jobs.sound import Play
from engine.live.stage import Stage
from engine.music.loop import Loop

LEAD_SECONDS = 0.2  # before the first note: receivers have connected by then
LONGEST_PAUSE_SECONDS = 0.005


def play_to_port(
    loop: Loop,
    stage: Stage,
    *,
    passes: int = 0,
    waits: bool = False,
    is_stopped: Callable[[], bool] = lambda: False,
    pause: Callable[[float], None] = time.sleep,
) -> None:
    """Play a loop round and round; when the stage is closed then, no note is left on.

    Args:
        loop: What.
        stage: Where; it stays open.
        passes: How often; 0 until stopped.
        waits: Whether others start it, and stop it.
        is_stopped: Asked at least 200 times a second.
        pause: Waits, in seconds.
    """

    def run(until: float) -> None:
        while not is_stopped() and stage.now() < until:
            stage.pump()
            pause(min(stage.rest_seconds(), LONGEST_PAUSE_SECONDS))

    run(stage.now() + LEAD_SECONDS)
    if waits:
        stage.load(Play(loop))
        run(math.inf)
    elif passes:
        run(stage.play_to_the_end(Play(loop), passes))
    else:
        stage.do(Play(loop))
        run(math.inf)
