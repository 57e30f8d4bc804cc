"""MIDI ports of ALSA, CoreMIDI, WinMM, or JACK where our own client is of no use, through rtmidi."""

import importlib
import re
import sys
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from engine.errors import MidiPortError
from engine.midi.ports import CLIENT_NAME, NO_SYSTEM, NO_VIRTUAL_PORTS, WaitingMessages, find_port

MARGIN_SECONDS = 0.002
ALSA = "ALSA"
ALSA_CLIENTS = Path("/proc/asound/seq/clients")
SPIN_SECONDS = 0.0004  # a sleep may end so much late


class RtMidiOutput(WaitingMessages):
    """A port that rtmidi sends to."""

    def __init__(self, system: "RtMidiSystem", device: Any, port: str, target: str) -> None:
        super().__init__()
        self._system, self._device, self._target = system, device, target
        self.address = port if system.name == ALSA else target
        self._is_broken = False

    @property
    def is_connected(self) -> bool:
        """See `MidiOutput.is_connected`."""
        return not self._is_broken and (not self._target or self._target in self._system.outputs())

    def pump(self, now: float) -> None:
        """Send what is due."""
        self.send_until(now, self._send)

    def _send(self, due: float, data: bytes) -> float:
        try:
            self._device.send_message(data)
        except self._system.error:
            self._is_broken = True
        return max(0.0, time.perf_counter() - due)

    def close(self) -> None:
        """See `MidiOutput.close`."""
        self._system.forget(self)
        self._device.close_port()
        self._device.delete()


class RtMidiSystem:
    """The first system of rtmidi's that works.

    Raises:
        MidiPortError: There is none.

    Threads: rtmidi calls back on a thread of its own when something comes in.
    """

    is_alive = True
    has_virtual_ports = sys.platform != "win32"
    margin_seconds = MARGIN_SECONDS

    def __init__(self, client_name: str = CLIENT_NAME) -> None:
        self._client_name = client_name
        self._library = importlib.import_module("rtmidi")
        self.error: type[Exception] = self._library.RtMidiError
        found = next(working_systems(), None)
        if found is None:
            raise MidiPortError("There is no MIDI system here.", NO_SYSTEM)
        self.name, self._api = found
        self._out_list = self._library.MidiOut(self._api, name=client_name)
        self._in_list = self._library.MidiIn(self._api, name=client_name)
        self._outputs: list[RtMidiOutput] = []
        self._inputs: dict[str, Any] = {}
        self._received: deque[tuple[float, bytes]] = deque()

    def now(self) -> float:
        """See `MidiSystem.now`."""
        return time.perf_counter()

    def outputs(self) -> tuple[str, ...]:
        """See `MidiSystem.outputs`."""
        return tuple(name for name in self._out_list.get_ports() if CLIENT_NAME not in name)

    def inputs(self) -> tuple[str, ...]:
        """See `MidiSystem.inputs`."""
        return tuple(name for name in self._in_list.get_ports() if CLIENT_NAME not in name)

    def open_output(self, port: str, *, is_virtual: bool) -> RtMidiOutput:
        """See `MidiSystem.open_output`."""
        device = self._library.MidiOut(self._api, name=self._client_name)
        target = self._open(device, port, is_virtual, self.outputs())
        output = RtMidiOutput(self, device, port, target)
        self._outputs.append(output)
        return output

    def open_input(self, port: str, *, is_virtual: bool) -> None:
        """See `MidiSystem.open_input`."""
        device = self._library.MidiIn(self._api, name=self._client_name)
        device.ignore_types(sysex=True, timing=False, active_sense=True)

        def receive(event: tuple[list[int], float], _: object) -> None:
            self._received.append((time.perf_counter(), bytes(event[0])))

        device.set_callback(receive)
        self._open(device, port, is_virtual, self.inputs())
        self._inputs[port] = device

    def _open(self, device: Any, port: str, is_virtual: bool, names: tuple[str, ...]) -> str:
        """Open a port; return the name of the other's, "" for one of our own."""
        if is_virtual and not self.has_virtual_ports:
            raise MidiPortError("No port can be made here.", NO_VIRTUAL_PORTS)
        target = "" if is_virtual else names[find_port(port, names)]
        try:
            if is_virtual:
                device.open_virtual_port(port)
            else:
                device.open_port(device.get_ports().index(target), name=port)
        except (self.error, ValueError) as error:
            raise MidiPortError(f"The port “{port}” cannot be opened.", str(error)) from error
        return target

    def close_input(self, port: str) -> None:
        """See `MidiSystem.close_input`."""
        device = self._inputs.pop(port, None)
        if device is not None:
            device.close_port()
            device.delete()

    def forget(self, output: RtMidiOutput) -> None:
        """Pump an output no more."""
        self._outputs.remove(output)

    def destinations(self, address: str) -> tuple[str, ...]:
        """See `MidiSystem.destinations`."""
        if self.name != ALSA:
            return (address,) if address else ()
        try:
            listing = ALSA_CLIENTS.read_text()
        except OSError:
            return ()
        ends = tuple(f" {number}" for number in alsa_connections(listing, address))
        return tuple(name for name in self._out_list.get_ports() if name.endswith(ends)) if ends else ()

    def received(self) -> list[tuple[float, bytes]]:
        """See `MidiSystem.received`."""
        return [self._received.popleft() for _ in range(len(self._received))]

    def next_due(self) -> float | None:
        """See `MidiSystem.next_due`."""
        return min((output.first_due for output in self._outputs if output.first_due is not None), default=None)

    def pump(self) -> None:
        """See `MidiSystem.pump`."""
        due = self.next_due()
        now = self.now()
        while due is not None and now < due < now + SPIN_SECONDS:
            now = self.now()
        for output in self._outputs:
            output.pump(now)

    def close(self) -> None:
        """See `MidiSystem.close`."""
        for output in list(self._outputs):
            output.close()
        for port in list(self._inputs):
            self.close_input(port)
        self._out_list.delete()
        self._in_list.delete()


def alsa_connections(listing: str, port: str) -> list[str]:
    """Return where a port of ours leads to, such as "129:0".

    Args:
        listing: The kernel's list of ALSA's clients and ports.
        port: Its name.
    """
    found: list[str] = []
    is_ours = is_port = False
    for line in listing.splitlines():
        if line.startswith("Client"):
            is_ours = f'"{CLIENT_NAME}"' in line
        elif line.lstrip().startswith("Port"):
            is_port = is_ours and f'"{port}"' in line
        elif is_port and "Connecting To:" in line:
            found += re.findall(r"(\d+:\d+)(?:\[[^]]*\])?", line.split("Connecting To:")[1])
    return found


def working_systems(name: str = "") -> Iterator[tuple[str, int]]:
    """Try rtmidi's systems in its order; give names and numbers of those that can be opened.

    Args:
        name: The only one to try: to try JACK is to enter it, which others notice.
    """
    library = importlib.import_module("rtmidi")
    for system in library.get_compiled_api():
        display_name = str(library.get_api_display_name(system))
        if name and display_name != name:
            continue
        try:
            library.MidiOut(system).delete()
        except (library.SystemError, RuntimeError):
            continue
        yield display_name, system
