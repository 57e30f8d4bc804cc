"""MIDI ports of one JACK client; messages are written at exact frames, in JACK's own cycle."""

import importlib
import logging
import time
from collections import deque
from contextlib import suppress
from typing import Any

from engine.asking import Asker
from engine.errors import MidiPortError
from engine.midi.ports import CLIENT_NAME, NO_SYSTEM, WaitingMessages, find_port

logger = logging.getLogger(__name__)

# JACK asks for a cycle's messages when it begins; half a cycle more for a thread that is woken late.
MARGIN_CYCLES = 1.5
MARGIN_SECONDS = 0.001
TRIES, PAUSE_SECONDS = 3, 0.1
ANSWER_SECONDS = 20.0  # JACK itself waits for 10 s, as a rule, for a client that is late
NO_ANSWER = "End all programs that use JACK, remove jack_db-* from /dev/shm, and start JACK again."
FRAME_RANGE = 1 << 32  # JACK's frames begin anew every day


class JackOutput(WaitingMessages):
    """A port of our client; others connect to it, or it is connected to the one it was opened for."""

    def __init__(self, system: "JackSystem", port: Any, target: str) -> None:
        super().__init__()
        self._system, self.port, self._target = system, port, target

    @property
    def is_connected(self) -> bool:
        """See `MidiOutput.is_connected`."""
        return self._system.is_alive and (not self._target or self._system.is_connected(self.port, self._target))

    @property
    def address(self) -> str:
        """See `MidiOutput.address`."""
        return str(self.port.name)

    def write(self, begin: int, frames: int, rate: float) -> None:
        """Write what falls into a cycle; on JACK's thread."""
        self.port.clear_buffer()

        def send(due: float, data: bytes) -> float:
            offset = round(due * rate) - begin
            self.port.write_midi_event(min(max(0, offset), frames - 1), data)
            return max(0.0, -offset / rate)

        with suppress(self._system.error):  # the buffer is full: the rest goes out with the next cycle
            self.send_until((begin + frames - 0.5) / rate, send)

    def close(self) -> None:
        """See `MidiOutput.close`."""
        self._system.forget(self)


class JackSystem:
    """A JACK client with our ports.

    Raises:
        MidiPortError: JACK is not installed or does not run.

    Threads: JACK calls `_process` on a thread of its own.
    """

    name = "JACK"
    has_virtual_ports = True

    def __init__(self, client_name: str = CLIENT_NAME) -> None:
        try:
            library = importlib.import_module("jack")
        except (ImportError, OSError) as error:
            raise MidiPortError("There is no MIDI system here.", NO_SYSTEM) from error
        self.error: type[Exception] = library.JackError
        library.set_error_function(lambda text: logger.debug("JACK: %s", text))
        library.set_info_function(lambda text: logger.debug("JACK: %s", text))
        self._client = entered(library, client_name)
        self.is_alive = True
        self._rate = float(self._client.samplerate)
        self._last_frame: int = self._client.frame_time
        self._outputs: tuple[JackOutput, ...] = ()  # replaced whole, never changed: `_process` reads them
        self._inputs: dict[str, Any] = {}
        self._heard: tuple[Any, ...] = ()
        self._received: deque[tuple[float, bytes]] = deque()
        self._client.set_shutdown_callback(self._lost)
        self._client.set_process_callback(self._process)
        self._client.activate()

    def _lost(self, status: object, reason: str) -> None:
        self.is_alive = False

    @property
    def margin_seconds(self) -> float:
        """See `MidiSystem.margin_seconds`."""
        return MARGIN_CYCLES * self._client.blocksize / self._rate + MARGIN_SECONDS if self.is_alive else MARGIN_SECONDS

    def _process(self, frames: int) -> None:
        begin = self._unwound(self._client.last_frame_time)
        for output in self._outputs:
            output.write(begin, frames, self._rate)
        for port in self._heard:
            for offset, data in port.incoming_midi_events():
                self._received.append(((begin + offset) / self._rate, bytes(data)))

    def _unwound(self, frame: int) -> int:
        """Return a frame counted on without end."""
        return self._last_frame + (frame - self._last_frame + FRAME_RANGE // 2) % FRAME_RANGE - FRAME_RANGE // 2

    def now(self) -> float:
        """See `MidiSystem.now`."""
        if self.is_alive:
            self._last_frame = max(self._last_frame, self._unwound(self._client.frame_time))
        return self._last_frame / self._rate

    def outputs(self) -> tuple[str, ...]:
        """See `MidiSystem.outputs`."""
        return self._others(is_input=True)

    def inputs(self) -> tuple[str, ...]:
        """See `MidiSystem.inputs`."""
        return self._others(is_output=True)

    def _others(self, **kind: bool) -> tuple[str, ...]:
        if not self.is_alive:
            return ()
        own = f"{self._client.name}:"
        names = (str(port.name) for port in self._client.get_ports(is_midi=True, **kind))
        return tuple(name for name in names if not name.startswith(own))

    def open_output(self, port: str, *, is_virtual: bool) -> JackOutput:
        """See `MidiSystem.open_output`."""
        target = "" if is_virtual else self.outputs()[find_port(port, self.outputs())]
        try:
            own = self._client.midi_outports.register(port if is_virtual else _short(f"to {target}"))
            if target:
                self._client.connect(own, target)
        except self.error as error:
            raise MidiPortError(f"The port “{port}” cannot be opened.", str(error)) from error
        output = JackOutput(self, own, target)
        self._outputs = (*self._outputs, output)
        return output

    def is_connected(self, own: Any, target: str) -> bool:
        """Tell whether a port of ours leads to another."""
        try:
            return any(port.name == target for port in own.connections)
        except self.error:
            return False

    def destinations(self, address: str) -> tuple[str, ...]:
        """See `MidiSystem.destinations`."""
        try:
            port = self._client.get_port_by_name(address)
            return tuple(each.name for each in self._client.get_all_connections(port))
        except self.error:
            return ()

    def forget(self, output: JackOutput) -> None:
        """Take an output away."""
        self._outputs = tuple(each for each in self._outputs if each is not output)
        if self.is_alive:
            output.port.unregister()

    def open_input(self, port: str, *, is_virtual: bool) -> None:
        """See `MidiSystem.open_input`."""
        source = "" if is_virtual else self.inputs()[find_port(port, self.inputs())]
        try:
            own = self._client.midi_inports.register(port if is_virtual else _short(f"from {source}"))
            if source:
                self._client.connect(source, own)
        except self.error as error:
            raise MidiPortError(f"The port “{port}” cannot be opened.", str(error)) from error
        self._inputs[port] = own
        self._heard = tuple(self._inputs.values())

    def close_input(self, port: str) -> None:
        """See `MidiSystem.close_input`."""
        own = self._inputs.pop(port, None)
        self._heard = tuple(self._inputs.values())
        if own is not None and self.is_alive:
            own.unregister()

    def received(self) -> list[tuple[float, bytes]]:
        """See `MidiSystem.received`."""
        return [self._received.popleft() for _ in range(len(self._received))]

    def next_due(self) -> None:
        """JACK asks by itself."""

    def pump(self) -> None:
        """JACK asks by itself."""

    def close(self) -> None:
        """See `MidiSystem.close`."""
        if self.is_alive:
            time.sleep(2 * self._client.blocksize / self._rate)  # the last cycle is heard
        self.is_alive = False
        self._outputs = self._heard = ()
        self._client.deactivate()
        self._client.close()


_asker: Asker[Any] = Asker("entering JACK", drop=lambda client: client.close())


def entered(library: Any, name: str) -> Any:
    """Return a new client; a server refuses one when another dies at that moment, so it is asked more than once.

    A client that is killed while it enters can leave a lock behind for which all later ones wait without an end, in
    libjack (1.9.21): hence the asker.

    Raises:
        MidiPortError: There is no server, or it goes on refusing, or JACK does not answer.
    """
    tries_left = TRIES
    while True:
        tries_left -= 1
        try:
            return _asker.answer(lambda: library.Client(name, no_start_server=True), ANSWER_SECONDS)
        except TimeoutError as error:
            raise MidiPortError("JACK does not answer.", NO_ANSWER) from error
        except library.JackOpenError as error:
            if not tries_left or error.status.server_failed:
                raise MidiPortError("There is no MIDI system here.", NO_SYSTEM) from error
        time.sleep(PAUSE_SECONDS)


def _short(name: str) -> str:
    """Return a port's name as JACK takes it: no colon (it parts client and port), and not long."""
    return name.replace(":", " ")[:60]
