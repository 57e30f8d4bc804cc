"""The player: a process that owns sound, ports, clock and sounding notes, and does nothing else.

Commands come through its pipe; where playing is goes back thirty times a second at most. A file that is read, a take
that is written or a window that repaints happens in other processes, so none of them can make a note late.
"""

import gc
import logging
import math
import signal
import time
from multiprocessing.connection import Connection

from engine.errors import EngineError
from engine.jobs.live import Capture, ListPorts, LiveState
from engine.jobs.numbers import NO_JOB
from engine.jobs.pipes import Event, JobEvent, PlayerCommand, Shutdown
from engine.live.guardian import Guardian
from engine.live.priority import raise_priority
from engine.live.stage import Stage, StageEvent
from engine.messages import Failed

logger = logging.getLogger(__name__)

REPORT_SECONDS = 1 / 30
SILENT_LEVEL = 1e-4  # -80 dB
WAKING_SECONDS = 0.0002  # a sleep ends so much late, as a rule


def main(connection: Connection) -> None:
    """Serve commands until told to stop, or until the other end of the pipe is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    raise_priority()
    player = _PlayerProcess(connection)
    gc.collect()
    gc.freeze()  # what is there now stays; the collector need not look at it again
    try:
        player.serve()
    except (EOFError, BrokenPipeError, ConnectionResetError):
        logger.info("the window is gone; the player ends")
    finally:
        player.close()


class _PlayerProcess:
    """The player's pipe and what plays."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._is_ending = False
        self._was_playing = self._was_loud = False
        self._next_report = 0.0
        self._guardian = Guardian()
        self._stage = Stage(self._tell, watch=self._guardian.watch)

    def serve(self) -> None:
        signal.signal(signal.SIGTERM, lambda number, frame: setattr(self, "_is_ending", True))
        while not self._is_ending:
            if self._has_command():
                self._run(self._connection.recv())
            self._stage.pump()
            self._report()

    def close(self) -> None:
        self._stage.close()
        self._guardian.close()

    def _tell(self, event: StageEvent) -> None:
        if isinstance(event, LiveState) and event.system:
            self._guardian.start()
        self._send(NO_JOB, event)

    def _has_command(self) -> bool:
        """Wait for a command until something is due."""
        rest = self._stage.rest_seconds()
        # The pipe waits for whole milliseconds, rounded up; what is left is slept.
        if self._connection.poll(max(0, math.floor(rest * 1000) - 1) / 1000):
            return True
        rest = min(self._stage.rest_seconds(), 0.001) - WAKING_SECONDS
        if rest > 0:
            time.sleep(rest)
        return False

    def _report(self) -> None:
        """Tell where playing is and how loud, and once that it stopped or fell silent."""
        is_playing, now = self._stage.is_playing, time.monotonic()
        is_due = now >= self._next_report
        if is_playing != self._was_playing or (is_playing and is_due):
            self._send(NO_JOB, self._stage.position())
        if is_due:
            self._next_report = now + REPORT_SECONDS
            self._report_levels()
        self._was_playing = is_playing

    def _report_levels(self) -> None:
        levels = self._stage.levels()
        is_loud = levels.whole > SILENT_LEVEL
        if is_loud or self._was_loud:
            self._send(NO_JOB, levels)
        self._was_loud = is_loud

    def _run(self, command: PlayerCommand) -> None:
        job = getattr(command, "job", NO_JOB)
        try:
            self._do(command)
        except EngineError as error:
            self._send(job, Failed(error.title, error.message))
        except ValueError as error:
            logger.exception("command %s failed", type(command).__name__)
            self._send(job, Failed("That could not be done.", str(error)))

    def _do(self, command: PlayerCommand) -> None:
        match command:
            case Shutdown():
                self._is_ending = True
            case ListPorts(job):
                self._send(job, self._stage.ports())
            case Capture(bars, job):
                self._send(job, self._stage.captured(bars))
            case _:
                self._stage.do(command)

    def _send(self, job: int, event: Event) -> None:
        self._connection.send(JobEvent(job, event))
