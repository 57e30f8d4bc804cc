"""Where the player's messages go: MIDI ports, which may vanish and come back, and the internal sound.

Times are of one time base. It is the MIDI system's where there is one, so that JACK's frames are exact, and goes on
without a jump when the system is lost or found.
"""

import logging
import math
import time
from collections.abc import Callable

from engine.errors import MidiPortError, SoundError
from engine.jobs.sound import Levels
from engine.live.sound import ASIDE, SOUND, SynthSound
from engine.live.sound_output import SoundOutput
from engine.midi.ports import MidiOutput, MidiSystem
from engine.midi.wire import NOTE_ON, TimedMessage

logger = logging.getLogger(__name__)

LEAST_MARGIN_SECONDS = 0.002
LEAST_HOLD_SECONDS = 1e-6

OpenSystem = Callable[[], MidiSystem]
OpenSound = Callable[[], SoundOutput]
Watch = Callable[[str, int], None]  # hears of each port's address and channel that is used for the first time


class Outlets:
    """The player's sink.

    Args:
        open_system: Finds the MIDI system.
        open_sound: Finds the sound device.
        watch: Hears of channels that a note was sent to.
        own_time: The time in seconds where there is no MIDI system, from any beginning.
    """

    def __init__(
        self,
        open_system: OpenSystem,
        open_sound: OpenSound,
        watch: Watch,
        own_time: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._open_system, self._open_sound, self._watch = open_system, open_sound, watch
        self._system: MidiSystem | None = None
        self._own_time = self._source = own_time
        self._offset = 0.0
        self.problem = ""  # why there is no system
        self.is_system_lost = False
        self.sound_problem = ""
        self._wanted: dict[str, bool] = {}  # whether each is ours to make
        self._inputs: dict[str, bool] = {}
        self._open: dict[str, MidiOutput] = {}
        self._heard: set[str] = set()  # the inputs that are open
        self._watched: set[tuple[str, int]] = set()
        self._latencies: dict[str, float] = {}
        self._last_put = -math.inf  # the time of the last message that was not taken back
        self._held_until = -math.inf  # what was put with other latencies lies before this, and stays
        self._sound: SynthSound | None = None
        self._device: SoundOutput | None = None

    # The time base.

    def now(self) -> float:
        """Return the time in seconds; it never goes back."""
        return self._source() + self._offset

    def _switch(self, source: Callable[[], float]) -> None:
        now = self.now()
        self._source, self._offset = source, now - source()

    # The sink; see `handed.Sink`.

    @property
    def margin_seconds(self) -> float:
        """See `Sink.margin_seconds`."""
        margin = self._system.margin_seconds if self._system is not None else LEAST_MARGIN_SECONDS
        earliest = min(self._latencies.values(), default=0.0)
        sound = self._device.margin_seconds if self._device is not None else 0.0
        return max(margin - min(earliest, 0.0), sound, self._held_until - self.now())

    def put(self, message: TimedMessage) -> None:
        """See `Sink.put`; what is for a port that is not there is lost."""
        seconds, port, data = message
        self._last_put = seconds
        if port in (SOUND, ASIDE):
            if self._sound is not None:
                self._sound.hand(seconds, port, data)
            return
        output = self._open.get(port)
        if output is None:
            return
        if data[0] & 0xF0 == NOTE_ON and (port, data[0] & 15) not in self._watched:
            self._watched.add((port, data[0] & 15))
            self._watch(output.address, data[0] & 15)
        output.put(seconds + self._latencies.get(port, 0.0) - self._offset, data)

    def cancel_from(self, seconds: float) -> None:
        """See `Sink.cancel_from`."""
        self._last_put = min(self._last_put, seconds)
        for port, output in self._open.items():
            output.cancel_from(seconds + self._latencies.get(port, 0.0) - self._offset)
        if self._sound is not None:
            self._sound.cancel_from(seconds)

    # Ports.

    @property
    def system(self) -> MidiSystem | None:
        return self._system

    @property
    def open_ports(self) -> tuple[str, ...]:
        """The ports that messages can be sent to."""
        return tuple(self._open)

    @property
    def missing(self) -> tuple[str, ...]:
        """The wanted ports that are not there."""
        inputs = [name for name in self._inputs if name not in self._heard]
        return (*(name for name in self._wanted if name not in self._open), *inputs)

    @property
    def has_to_look(self) -> bool:
        """Whether the MIDI system has just died."""
        return self._system is not None and not self._system.is_alive

    def set_latencies(self, latencies_ms: tuple[tuple[str, float], ...]) -> None:
        """Let every message to a port be so much later, or earlier, from now on.

        What was put and not taken back keeps its latency, and stays: where a port becomes earlier, nothing is taken
        back until all that is due.
        """
        latencies = {name: latency / 1000 for name, latency in latencies_ms}
        names = self._latencies.keys() | latencies.keys()
        earlier = max((self._latencies.get(name, 0.0) - latencies.get(name, 0.0) for name in names), default=0.0)
        if earlier > 0:
            self._held_until = self._last_put + earlier + LEAST_HOLD_SECONDS
        self._latencies = latencies

    def want(self, outputs: dict[str, bool], inputs: dict[str, bool]) -> None:
        """Have these ports open, and no others for longer than messages wait there: names, and whether we make them."""
        for name in [name for name in self._heard if name not in inputs]:
            self._unhear(name)
        self._wanted, self._inputs = dict(outputs), dict(inputs)
        if self._system is not None and self._system.is_alive:
            self._open_wanted(self._system)

    def look(self, *, has_to_search: bool = False) -> None:
        """Find out what was lost, and open what is wanted and there again.

        Args:
            has_to_search: Whether to look for a MIDI system even where there never was one.
        """
        if self._system is not None and not self._system.is_alive:
            self._lose_system()
        if self._system is None and (has_to_search or self.is_system_lost):
            self._find_system()
        system = self._system
        if system is None:
            return
        for name, output in list(self._open.items()):
            if not output.is_connected or (name not in self._wanted and not output.has_waiting):
                self._open.pop(name).close()
        named = [name for name in self._heard if not self._inputs[name]]
        there = system.inputs() if named else ()
        for name in named:
            if not any(name.casefold() in each.casefold() for each in there):
                self._unhear(name)
        self._open_wanted(system)

    def _open_wanted(self, system: MidiSystem) -> None:
        for name, is_virtual in self._wanted.items():
            if name not in self._open:
                try:
                    self._open[name] = system.open_output(name, is_virtual=is_virtual)
                except MidiPortError as error:
                    logger.debug("%s", error)
        for name, is_virtual in self._inputs.items():
            if name not in self._heard:
                try:
                    system.open_input(name, is_virtual=is_virtual)
                except MidiPortError as error:
                    logger.debug("%s", error)
                else:
                    self._heard.add(name)

    def _unhear(self, name: str) -> None:
        self._heard.discard(name)
        if self._system is not None:
            self._system.close_input(name)

    def _find_system(self) -> None:
        try:
            self._system = self._open_system()
        except MidiPortError as error:
            self.problem = f"{error.title} {error.message}".strip()
        else:
            self.problem, self.is_system_lost = "", False
            self._switch(self._system.now)

    def _lose_system(self) -> None:
        if self._system is not None:
            self._switch(self._own_time)
            self._system.close()
        self._system, self.is_system_lost = None, True
        self._open.clear()
        self._heard.clear()
        self._watched.clear()

    # What the pump does.

    def next_due(self) -> float | None:
        """Return when `pump` has to send a message, by `now`."""
        due = self._system.next_due() if self._system is not None else None
        return None if due is None else due + self._offset

    def pump(self) -> None:
        """Send what is due."""
        if self._system is not None:
            self._system.pump()

    def received(self) -> list[tuple[float, bytes]]:
        """Return what came in, and when."""
        if self._system is None:
            return []
        return [(seconds + self._offset, data) for seconds, data in self._system.received()]

    def latenesses(self) -> list[float]:
        """Return how late each message to a port was, since this was last asked, in seconds."""
        return [late for output in self._open.values() for late in output.latenesses()]

    @property
    def has_waiting(self) -> bool:
        """Whether messages to ports wait for their time."""
        return any(output.has_waiting for output in self._open.values())

    # The internal sound.

    def open_sound(self, parts: int = 0) -> str | None:
        """Open the sound device if need be, with room for so many parts; return its name when that was done now.

        It is not done before the first sound: other programs may want the device too.

        Raises:
            SoundError: There is no SoundFont, or it cannot be read.
        """
        if self._sound is not None:
            self._sound.make_room(parts)
        if self._device is not None or self.sound_problem:
            return None
        try:
            device = self._open_sound()
            sound = SynthSound(device.sample_rate, self.now)
            sound.make_room(parts)
            device.start(sound.read)
        except SoundError as error:
            self.sound_problem = error.title
            return ""
        self._device, self._sound = device, sound
        return device.name

    def levels(self) -> Levels:
        """Return how loud the sound was since this was last asked."""
        return self._sound.levels() if self._sound is not None else Levels()

    def close(self) -> None:
        """Take all ports away and let go of the device."""
        if self._device is not None:
            self._device.close()
        if self._system is not None:
            self._system.close()
