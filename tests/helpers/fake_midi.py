"""A MIDI system and a sound device that a test moves: what was sent is written down, ports come and go."""

import math

import numpy as np

from engine.errors import MidiPortError
from engine.live.sound_output import ReadSamples
from engine.midi.ports import find_port

ROUNDING_SECONDS = 1e-9  # more than what is lost between the stage's time and the system's, less than any gap


class FakeOutput:
    """Writes down what is put; what was due before now is sent and cannot be taken back."""

    def __init__(self, system: "FakeSystem", name: str, *, is_virtual: bool) -> None:
        self._system, self.name, self.is_virtual = system, name, is_virtual
        self.address = f"Fake:{name}"
        self.is_closed = False
        self.sent: list[tuple[float, bytes]] = system.sent.setdefault(name, [])

    @property
    def is_connected(self) -> bool:
        is_there = self.is_virtual or self.name in self._system.others_out
        return self._system.is_alive and is_there and not self.is_closed

    @property
    def has_waiting(self) -> bool:
        return bool(self.sent) and self.sent[-1][0] >= self._system.sent_until

    def put(self, seconds: float, data: bytes) -> None:
        if self.is_closed:
            return
        last = self.sent[-1][0] if self.sent else -math.inf
        self.sent.append((max(seconds, last), data))

    def cancel_from(self, seconds: float) -> None:
        while self.sent and self.sent[-1][0] >= max(seconds, self._system.sent_until):
            self.sent.pop()

    def latenesses(self) -> list[float]:
        return []

    def close(self) -> None:
        """What waits is lost."""
        while self.has_waiting:
            self.sent.pop()
        self.is_closed = True
        self._system.open.pop(self.name, None)


class FakeSystem:
    """A MIDI system whose time is moved by a test."""

    name = "Fake"

    def __init__(self, margin_seconds: float = 0.0) -> None:
        self.margin_seconds = margin_seconds
        self.has_virtual_ports = True
        self.is_alive = True
        self.seconds = 0.0
        self.others_out: list[str] = []
        self.others_in: list[str] = []
        self.sent: dict[str, list[tuple[float, bytes]]] = {}
        self.open: dict[str, FakeOutput] = {}
        self.open_inputs: set[str] = set()
        self.connections: dict[str, tuple[str, ...]] = {}
        self.incoming: list[tuple[float, bytes]] = []

    @property
    def sent_until(self) -> float:
        """The time before which all is sent that was due."""
        return self.seconds - ROUNDING_SECONDS

    def now(self) -> float:
        return self.seconds

    def outputs(self) -> tuple[str, ...]:
        return tuple(self.others_out)

    def inputs(self) -> tuple[str, ...]:
        return tuple(self.others_in)

    def open_output(self, port: str, *, is_virtual: bool) -> FakeOutput:
        if is_virtual and not self.has_virtual_ports:
            raise MidiPortError("No port can be made here.", "A test.")
        name = port if is_virtual else self.others_out[find_port(port, self.outputs())]
        self.open[port] = FakeOutput(self, name, is_virtual=is_virtual)
        return self.open[port]

    def open_input(self, port: str, *, is_virtual: bool) -> None:
        if not is_virtual:
            find_port(port, self.inputs())
        self.open_inputs.add(port)

    def close_input(self, port: str) -> None:
        self.open_inputs.discard(port)

    def destinations(self, address: str) -> tuple[str, ...]:
        return self.connections.get(address, ())

    def received(self) -> list[tuple[float, bytes]]:
        found, self.incoming = self.incoming, []
        return found

    def next_due(self) -> float | None:
        return None

    def pump(self) -> None:
        """Everything is sent when it is put."""

    def close(self) -> None:
        for output in list(self.open.values()):
            output.close()
        self.is_alive = False


class FakeDevice:
    """A sound device that asks when a test says so."""

    name = "a test"
    margin_seconds = 0.0

    def __init__(self, sample_rate: int = 8_000) -> None:
        self.sample_rate = sample_rate
        self._read: ReadSamples | None = None
        self.is_closed = False

    def start(self, read: ReadSamples) -> None:
        self._read = read

    def heard(self, frames: int) -> np.ndarray:
        """Return the next samples of both channels, float32 [frames, 2]."""
        assert self._read is not None
        out = np.zeros((frames, 2), dtype=np.float32)
        self._read(out, 0.0)
        return out

    def close(self) -> None:
        self.is_closed = True
