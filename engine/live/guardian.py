"""The guardian: a process that outlives a player which was killed, and silences what it left sounding.

The player tells it once of each port and channel that notes go to. While all is well it only looks, now and then,
where those ports lead. When the player's end of the pipe is gone without a farewell, it opens what they led to and
tells all those channels to be silent.
"""

import logging
import multiprocessing
import signal
import time
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from engine.errors import MidiPortError
from engine.midi.ports import MidiOutput, MidiSystem, open_system
from engine.midi.wire import ALL_NOTES_OFF, ALL_SOUND_OFF, SUSTAIN, control

logger = logging.getLogger(__name__)

GUARDIAN_NAME = "Turnaround guardian"
GLANCE_SECONDS = 0.25
MEMORY_SECONDS = 1.0  # a port that led there so lately, when it was last looked, led there when the player died
REPEATS = 5
SEND_SECONDS = 0.1
FAREWELL_SECONDS = 2.0


class Guardian:
    """The player's side."""

    def __init__(self) -> None:
        self._connection: Connection | None = None
        self._process: BaseProcess | None = None

    def start(self) -> None:
        """Start the process, once."""
        if self._process is not None:
            return
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=main, args=(theirs,), name="turnaround-guardian")
        self._process.start()
        theirs.close()

    def watch(self, address: str, channel: int) -> None:
        """Tell of a channel that a note goes to."""
        if self._connection is not None:
            with suppress(OSError):  # it was killed: nothing is lost but the guard
                self._connection.send((address, channel))

    def close(self) -> None:
        """Say farewell: all is silent."""
        if self._connection is None or self._process is None:
            return
        with suppress(OSError):
            self._connection.send(None)
        self._process.join(FAREWELL_SECONDS)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        self._connection.close()


def main(connection: Connection) -> None:
    """Guard until a farewell; where that does not come, silence what was told of."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # whoever ends the player so lets it say farewell
    try:
        system = open_system(GUARDIAN_NAME)
    except MidiPortError as error:
        logger.warning("no guardian: %s", error)
        return
    watcher = Watcher(system)
    try:
        while True:
            if connection.poll(GLANCE_SECONDS):
                told = connection.recv()
                if told is None:
                    break
                watcher.add(*told)
            watcher.glance(time.monotonic())
    except (EOFError, OSError):
        logger.warning("the player is gone; its channels are silenced")
        watcher.silence()
    system.close()


class Watcher:
    """Knows which channels are in use, and where their ports lead.

    Args:
        system: Where the ports are.
        send_seconds: How long each of several silences is given to be sent.
    """

    def __init__(self, system: MidiSystem, *, send_seconds: float = SEND_SECONDS) -> None:
        self._system, self._send_seconds = system, send_seconds
        self._channels: dict[str, set[int]] = {}
        self._seen: dict[tuple[str, str], float] = {}  # when a port led somewhere, last
        self._glanced = 0.0  # when it looked, last: it may have been kept waiting since

    def add(self, address: str, channel: int) -> None:
        """Watch a channel of a port."""
        self._channels.setdefault(address, set()).add(channel)

    def glance(self, now: float) -> None:
        """Look where the ports lead."""
        self._glanced = now
        for address in self._channels:
            for destination in self._system.destinations(address):
                self._seen[address, destination] = now

    def silence(self) -> None:
        """Silence all channels in use at all that they led to, more than once.

        What a server gives to a port just connected may be lost while it still parts with the killed player: seen
        with one in twenty kills on JACK.
        """
        channels: dict[str, set[int]] = {}
        for (address, destination), seen in self._seen.items():
            if self._glanced - seen <= MEMORY_SECONDS:
                channels.setdefault(destination, set()).update(self._channels[address])
        outputs = {name: output for name in channels if (output := self._open(name)) is not None}
        for _ in range(REPEATS):
            for name, output in outputs.items():
                for channel in sorted(channels[name]):
                    for number in (SUSTAIN, ALL_NOTES_OFF, ALL_SOUND_OFF):
                        output.put(self._system.now(), control(channel, number, 0))
            end = time.monotonic() + self._send_seconds
            while time.monotonic() < end:
                self._system.pump()
                time.sleep(0.001)

    def _open(self, name: str) -> MidiOutput | None:
        try:
            return self._system.open_output(name, is_virtual=False)
        except MidiPortError as error:
            logger.warning("%s cannot be silenced: %s", name, error)
            return None
