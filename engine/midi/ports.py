"""MIDI ports of this system: opened by name or made for others to find, and written to at a time.

Two kinds of output take messages ahead of their time. `JackOutput` hands them to JACK in the cycle and at the frame
they fall on, so that nothing the machine does makes them late. `RtMidiOutput` sends when their time has come, at
every `pump`. The systems are tried one after the other: where ALSA's sequencer is missing, JACK is next.
"""

import importlib
import sys
import time
from collections import deque
from typing import Any, Protocol

from engine.errors import MidiPortError

CLIENT_NAME = "Turnaround"
JACK_MARGIN_SECONDS = 0.05  # longer than the longest usual cycle
RTMIDI_MARGIN_SECONDS = 0.002
NO_SYSTEM = "Start JACK, or load ALSA's sequencer (modprobe snd-seq)." if sys.platform == "linux" else ""
NO_VIRTUAL_PORTS = (
    "Windows lets no program make one. Choose “Default App Loopback (A)” of Windows MIDI Services, or a port of "
    "loopMIDI, with --port."
)


class MidiOutput(Protocol):
    """Sends messages at their time."""

    @property
    def system(self) -> str:
        """The MIDI system, for people."""
        ...

    @property
    def margin_seconds(self) -> float:
        """How long before its time a message cannot be taken back any more."""
        ...

    def now(self) -> float:
        """Return the time in seconds by which messages are dated."""
        ...

    def put(self, seconds: float, data: bytes) -> None:
        """Take a message that is due then; times never go back but after `cancel_from`."""
        ...

    def cancel_from(self, seconds: float) -> None:
        """Forget all messages that are due then or later."""
        ...

    def pump(self) -> None:
        """Do what is due; called every millisecond or two."""
        ...

    def close(self) -> None:
        """Let what is due go out, and close the port."""
        ...


class _Queue:
    """Messages that wait for their time, sorted by it."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[float, bytes]] = deque()

    def put(self, seconds: float, data: bytes) -> None:
        """See `MidiOutput.put`."""
        self._waiting.append((seconds, data))

    def cancel_from(self, seconds: float) -> None:
        """See `MidiOutput.cancel_from`."""
        while self._waiting and self._waiting[-1][0] >= seconds:
            self._waiting.pop()


class RtMidiOutput(_Queue):
    """A port of ALSA, CoreMIDI, WinMM or JACK through rtmidi.

    Args:
        port: Name of a port to open, or of the virtual one.
        is_virtual: Whether to make a port that others find.

    Raises:
        MidiPortError: There is no MIDI system, or no such port.
    """

    margin_seconds = RTMIDI_MARGIN_SECONDS

    def __init__(self, port: str, *, is_virtual: bool) -> None:
        self._device, self.system = _first_system()
        super().__init__()
        if is_virtual:
            if sys.platform == "win32":
                raise MidiPortError("No port can be made here.", NO_VIRTUAL_PORTS)
            self._device.open_virtual_port(port)
            return
        names: list[str] = self._device.get_ports()
        found = next((index for index, name in enumerate(names) if port.casefold() in name.casefold()), None)
        if found is None:
            raise MidiPortError(f"There is no MIDI port “{port}”.", f"There are: {', '.join(names) or 'none'}.")
        self._device.open_port(found)

    def now(self) -> float:
        """See `MidiOutput.now`."""
        return time.perf_counter()

    def pump(self) -> None:
        """See `MidiOutput.pump`."""
        now = self.now()
        while self._waiting and self._waiting[0][0] <= now:
            self._device.send_message(list(self._waiting.popleft()[1]))

    def close(self) -> None:
        """See `MidiOutput.close`."""
        self.pump()
        self._device.close_port()
        self._device.delete()


class JackOutput(_Queue):
    """A port of a JACK client of our own; messages are written at exact frames, in JACK's own cycle.

    Args:
        port: Name of the port, or of the one to connect to.
        is_virtual: Whether to wait for others to connect.

    Raises:
        MidiPortError: JACK does not run, or there is no such port.

    Threads: JACK calls `_process` on a thread of its own; it shares the queue with the thread that puts.
    """

    system = "JACK"
    margin_seconds = JACK_MARGIN_SECONDS

    def __init__(self, port: str, *, is_virtual: bool) -> None:
        try:
            library = importlib.import_module("jack")
        except (ImportError, OSError) as error:
            raise MidiPortError("There is no MIDI system here.", NO_SYSTEM) from error
        try:
            self._client: Any = library.Client(CLIENT_NAME, no_start_server=True)
        except library.JackError as error:
            raise MidiPortError("There is no MIDI system here.", NO_SYSTEM) from error
        self._rate = float(self._client.samplerate)
        super().__init__()
        self._port: Any = self._client.midi_outports.register(port if is_virtual else "Turnaround Out")
        self._client.set_process_callback(self._process)
        self._client.activate()
        if not is_virtual:
            self._connect(port)

    def _connect(self, port: str) -> None:
        inputs = self._client.get_ports(is_midi=True, is_input=True)
        found = next((each for each in inputs if port.casefold() in each.name.casefold()), None)
        if found is None:
            names = ", ".join(each.name for each in inputs)
            self.close()
            raise MidiPortError(f"There is no MIDI port “{port}”.", f"There are: {names or 'none'}.")
        self._client.connect(self._port, found)

    def _process(self, frames: int) -> None:
        self._port.clear_buffer()
        begin = self._client.last_frame_time
        while self._waiting:
            offset = round(self._waiting[0][0] * self._rate) - begin
            if offset >= frames:
                return
            self._port.write_midi_event(max(0, offset), self._waiting.popleft()[1])

    def now(self) -> float:
        """See `MidiOutput.now`."""
        return self._client.frame_time / self._rate

    def pump(self) -> None:
        """JACK asks by itself."""

    def close(self) -> None:
        """See `MidiOutput.close`."""
        end = time.monotonic() + 2.0
        while self._waiting and time.monotonic() < end:
            time.sleep(0.01)
        time.sleep(2 * self._client.blocksize / self._rate)  # the last cycle is heard
        self._client.deactivate()
        self._client.close()


def open_output(port: str, *, is_virtual: bool) -> MidiOutput:
    """Return a port of the first system that works: rtmidi's own, and where that is JACK, ours.

    Raises:
        MidiPortError: There is no MIDI system, or no such port.
    """
    if sys.platform == "linux" and "ALSA" not in _working_systems():
        return JackOutput(port, is_virtual=is_virtual)
    return RtMidiOutput(port, is_virtual=is_virtual)


def output_names() -> tuple[str, tuple[str, ...]]:
    """Return the MIDI system and the ports that notes can be sent to.

    Raises:
        MidiPortError: There is no MIDI system.
    """
    device, system = _first_system()
    names = tuple(device.get_ports())
    device.delete()
    return system, names


def _working_systems() -> dict[str, int]:
    """Return rtmidi's systems that can be opened, in its order, by name."""
    library = importlib.import_module("rtmidi")
    found: dict[str, int] = {}
    for system in library.get_compiled_api():
        try:
            library.MidiOut(system).delete()
        except (library.SystemError, RuntimeError):
            continue
        found[library.get_api_display_name(system)] = system
    return found


def _first_system() -> tuple[Any, str]:
    library = importlib.import_module("rtmidi")
    for name, system in _working_systems().items():
        return library.MidiOut(system, name=CLIENT_NAME), name
    raise MidiPortError("There is no MIDI system here.", NO_SYSTEM)
