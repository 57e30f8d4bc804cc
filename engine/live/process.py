"""The player: a process that owns sound, ports, clock and sounding notes, and does nothing else.

Commands come through its pipe; where playing is goes back thirty times a second at most. A file that is read, a take
that is written or a window that repaints happens in other processes, so none of them can make a note late.
"""

import logging
import signal
from multiprocessing.connection import Connection

from engine.errors import EngineError
from engine.jobs.live import Capture, Captured, ListPorts, Panic, PortsListed, SetLive
from engine.jobs.numbers import NO_JOB
from engine.jobs.pipes import Event, JobEvent, PlayerCommand, Shutdown
from engine.jobs.sound import Position, StopPlaying
from engine.live.transport import Transport
from engine.messages import Failed

logger = logging.getLogger(__name__)

REPORTS_A_SECOND = 30


def main(connection: Connection) -> None:
    """Serve commands until told to stop, or until the other end of the pipe is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    player = _PlayerProcess(connection)
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
        self._transport = Transport(lambda state: self._send(NO_JOB, state))
        self._was_playing = False

    def serve(self) -> None:
        while not self._is_ending:
            if self._connection.poll(1 / REPORTS_A_SECOND if self._transport.is_sounding else None):
                self._run(self._connection.recv())
            self._transport.pump()
            self._report()

    def close(self) -> None:
        self._transport.close()

    def _report(self) -> None:
        """Tell where playing is, and once that it stopped."""
        if self._transport.is_playing or self._was_playing:
            self._send(NO_JOB, Position(*self._transport.position()))
        self._was_playing = self._transport.is_playing

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
            case SetLive():
                pass
            case Panic():
                self._transport.do(StopPlaying())
            case ListPorts(job):
                self._send(job, PortsListed(""))
            case Capture(job=job):
                self._send(job, Captured(()))
            case _:
                self._transport.do(command)

    def _send(self, job: int, event: Event) -> None:
        self._connection.send(JobEvent(job, event))
