"""MIDI ports of this machine: which there are, made for others to find, opened by name, and lost.

Two systems take messages ahead of their time. JACK's (`jack_ports`) hands them over in the cycle and at the frame
they fall on, so that nothing the machine does makes them late. rtmidi's (`rtmidi_ports`: ALSA, CoreMIDI, WinMM) sends
when their time has come, at every `pump`. They are tried one after the other: where ALSA's sequencer is missing, JACK
is next.
"""

import sys
import threading
from collections import deque
from collections.abc import Callable
from typing import Protocol

from engine.errors import MidiPortError

CLIENT_NAME = "Turnaround"
NO_SYSTEM = "Start JACK or ALSA's sequencer (docs/live-linux.md says how)." if sys.platform == "linux" else ""
NO_VIRTUAL_PORTS = (
    "Windows lets no program make one. Choose “Default App Loopback (A)” of Windows MIDI Services, or a port of "
    "loopMIDI, with --port."
)
LOOPBACKS = ("Loopback (A)", "loopMIDI")  # ports of Windows MIDI Services and of loopMIDI that lead to other programs
KEPT_LATENESSES = 4096


class MidiOutput(Protocol):
    """A port that messages are sent to at their time."""

    @property
    def is_connected(self) -> bool:
        """Whether what it was opened for is there; of a port for others to find, always."""
        ...

    @property
    def has_waiting(self) -> bool:
        """Whether messages wait for their time."""
        ...

    @property
    def address(self) -> str:
        """By which `MidiSystem.destinations` knows it, in any process."""
        ...

    def put(self, seconds: float, data: bytes) -> None:
        """Take a message that is due then; one before its forerunner goes out right after it."""
        ...

    def cancel_from(self, seconds: float) -> None:
        """Forget all messages that are due then or later."""
        ...

    def latenesses(self) -> list[float]:
        """Return how late each message was sent since this was last asked, in seconds."""
        ...

    def close(self) -> None:
        """Take the port away; what waits is lost."""
        ...


class MidiSystem(Protocol):
    """ALSA, CoreMIDI, WinMM or JACK."""

    @property
    def name(self) -> str:
        """For people."""
        ...

    @property
    def margin_seconds(self) -> float:
        """How long before its time a message cannot be taken back any more."""
        ...

    @property
    def has_virtual_ports(self) -> bool:
        """Whether ports can be made for others to find."""
        ...

    @property
    def is_alive(self) -> bool:
        """Whether it still runs."""
        ...

    def now(self) -> float:
        """Return the time in seconds by which messages are dated."""
        ...

    def outputs(self) -> tuple[str, ...]:
        """Return the names of others' ports that can be sent to."""
        ...

    def inputs(self) -> tuple[str, ...]:
        """Return the names of others' ports that can be listened to."""
        ...

    def open_output(self, port: str, *, is_virtual: bool) -> MidiOutput:
        """Make a port for others to find, or open one of others by a part of its name.

        Raises:
            MidiPortError: There is no such port, or none can be made.
        """
        ...

    def open_input(self, port: str, *, is_virtual: bool) -> None:
        """Listen to a port; see `open_output`."""
        ...

    def close_input(self, port: str) -> None:
        """Listen no more."""
        ...

    def destinations(self, address: str) -> tuple[str, ...]:
        """Return the names of the ports that an output, of any process, leads to; () where that cannot be known."""
        ...

    def received(self) -> list[tuple[float, bytes]]:
        """Return what came in on all inputs since this was last asked, and when."""
        ...

    def next_due(self) -> float | None:
        """Return when the next message is due, if `pump` has to send it."""
        ...

    def pump(self) -> None:
        """Send what is due."""
        ...

    def close(self) -> None:
        """Take all ports away; what waits is lost."""
        ...


class WaitingMessages:
    """Messages that wait for their time, sorted by it.

    Threads: one puts and takes back, another may send; a lock holds the two apart.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[tuple[float, bytes]] = deque()
        self._latenesses: deque[float] = deque(maxlen=KEPT_LATENESSES)

    @property
    def has_waiting(self) -> bool:
        """See `MidiOutput.has_waiting`."""
        return bool(self._waiting)

    @property
    def first_due(self) -> float | None:
        """When the next is due."""
        waiting = self._waiting
        return waiting[0][0] if waiting else None  # only `send` takes from this end, on this thread

    def put(self, seconds: float, data: bytes) -> None:
        """See `MidiOutput.put`."""
        with self._lock:
            if self._waiting and seconds < self._waiting[-1][0]:
                seconds = self._waiting[-1][0]
            self._waiting.append((seconds, data))

    def cancel_from(self, seconds: float) -> None:
        """See `MidiOutput.cancel_from`."""
        with self._lock:
            while self._waiting and self._waiting[-1][0] >= seconds:
                self._waiting.pop()

    def send_until(self, seconds: float, send: Callable[[float, bytes], float]) -> None:
        """Let `send` have all messages that are due before a time; it returns how late it was."""
        with self._lock:
            while self._waiting and self._waiting[0][0] < seconds:
                due, data = self._waiting[0]
                late = send(due, data)
                self._waiting.popleft()
                self._latenesses.append(late)

    def latenesses(self) -> list[float]:
        """See `MidiOutput.latenesses`."""
        with self._lock:
            found = list(self._latenesses)
            self._latenesses.clear()
        return found


def find_port(port: str, names: tuple[str, ...]) -> int:
    """Return which name is a port's: the same one, else the first that holds it in any case.

    Raises:
        MidiPortError: None does.
    """
    if port in names:
        return names.index(port)
    found = next((index for index, name in enumerate(names) if port.casefold() in name.casefold()), None)
    if found is None:
        raise MidiPortError(f"There is no MIDI port “{port}”.", f"There are: {', '.join(names) or 'none'}.")
    return found


def loopback(names: tuple[str, ...]) -> str:
    """Return the port that leads to other programs where none can be made; "" for none."""
    return next((name for known in LOOPBACKS for name in names if known.casefold() in name.casefold()), "")


def open_system(client_name: str = CLIENT_NAME) -> MidiSystem:
    """Return the first system that works, entered by a name.

    Raises:
        MidiPortError: There is none.
    """
    from engine.midi.rtmidi_ports import ALSA, RtMidiSystem, working_systems  # a program without ports loads no driver

    if sys.platform == "linux" and not any(working_systems(ALSA)):
        from engine.midi.jack_ports import JackSystem

        return JackSystem(client_name)
    return RtMidiSystem(client_name)
