"""Playing on stage: ports, clocks, and what comes in from outside."""

from dataclasses import dataclass
from enum import Enum

from engine.jobs.numbers import NO_JOB
from engine.music.loop import Note

VIRTUAL_OUT, VIRTUAL_IN = "Turnaround Out", "Turnaround In"


class HeardOn(Enum):
    """Where a loop is heard."""

    INTERNAL = "internal"
    PORT = "port"
    BOTH = "both"


class ClockSource(Enum):
    """Whose time holds."""

    OWN = "own"
    MIDI = "midi clock"  # what comes in on the input port
    LINK = "link"


@dataclass(frozen=True, slots=True)
class PartRoute:
    """Where one part's notes go.

    Attributes:
        channel: 0 to 15; None for the next free one, of drums index 9.
        port: A port's name; "" for the one of the setup.
    """

    channel: int | None = None
    port: str = ""

    def __post_init__(self) -> None:
        if self.channel is not None and not 0 <= self.channel <= 15:
            raise ValueError(f"a channel lies between 0 and 15, not at {self.channel}")


@dataclass(frozen=True, slots=True)
class LiveSetup:
    """All that is to hold while playing.

    Attributes:
        heard_on: Internal sound, port or both.
        output: A port to send to; "" for the virtual "Turnaround Out".
        input: A port to listen to, besides the virtual "Turnaround In"; "" for none.
        routes: One a part; () for all automatic.
        has_port_a_part: Whether each part has a virtual port of its own.
        clock: Whose time holds.
        sends_clock: Whether MIDI clock goes out on `output`.
        has_start_stop: Whether Link's peers start and stop together.
        latencies_ms: (port's name, ms) pairs: what is added to the time of every message there; may be negative.
    """

    heard_on: HeardOn = HeardOn.BOTH
    output: str = ""
    input: str = ""
    routes: tuple[PartRoute, ...] = ()
    has_port_a_part: bool = False
    clock: ClockSource = ClockSource.OWN
    sends_clock: bool = False
    has_start_stop: bool = True
    latencies_ms: tuple[tuple[str, float], ...] = ()

    def __post_init__(self) -> None:
        if any(abs(latency) > 500 for _, latency in self.latencies_ms):
            raise ValueError("a port's latency lies between -500 and 500 ms")


@dataclass(frozen=True, slots=True)
class SetLive:
    """Let a setup hold, from now on."""

    setup: LiveSetup


@dataclass(frozen=True, slots=True)
class Panic:
    """Stop, and switch off every note on every channel of every open port."""


@dataclass(frozen=True, slots=True)
class ListPorts:
    """Say which ports there are."""

    job: int = NO_JOB


@dataclass(frozen=True, slots=True)
class PortsListed:
    """Which ports there are.

    Attributes:
        system: The MIDI system in use, such as "ALSA"; "" when there is none.
        outputs, inputs: Names of ports of others.
        advice: What to do to reach a DAW from here; "" when the virtual ports can be seen by all.
    """

    system: str
    outputs: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Capture:
    """Ask for what was played on the input in the last bars, in the time of the loop that plays.

    Attributes:
        bars: How many, counted back from now to whole bars; at most the loop's.
    """

    bars: int = 4
    job: int = NO_JOB


@dataclass(frozen=True, slots=True)
class Captured:
    """What was played in.

    Attributes:
        notes: In ticks of the loop, sorted, without overlaps; () when nothing was played.
    """

    notes: tuple[Note, ...]


@dataclass(frozen=True, slots=True)
class LiveState:
    """How ports and clock are; said on every change.

    Attributes:
        system: The MIDI system in use; "" when there is none.
        sentence: One sentence for the status line, such as "Sending to Turnaround Out (JACK).".
        is_warning: Whether the sentence tells of something that went wrong.
        clock: Whose time holds.
        is_clock_lost: Whether the clock to follow is silent, so that the last tempo goes on.
        peers: Link's other programs.
        tempo_bpm: The tempo that holds, if not the loop's; 0 otherwise.
    """

    system: str = ""
    sentence: str = ""
    is_warning: bool = False
    clock: ClockSource = ClockSource.OWN
    is_clock_lost: bool = False
    peers: int = 0
    tempo_bpm: float = 0.0


@dataclass(frozen=True, slots=True)
class TransportMoved:
    """Playing was started or stopped from outside: by MIDI clock, by Link."""

    is_playing: bool


@dataclass(frozen=True, slots=True)
class ControlMoved:
    """A controller moved on the input: for MIDI learn.

    Attributes:
        channel: 0 to 15.
        control: 0 to 127.
        value: 0 to 127.
    """

    channel: int
    control: int
    value: int


@dataclass(frozen=True, slots=True)
class Lateness:
    """How late messages were handed over since the last report; once a second while something plays.

    Attributes:
        messages: How many.
        p50_ms, p99_ms, max_ms: Of their lateness.
    """

    messages: int
    p50_ms: float
    p99_ms: float
    max_ms: float


LiveOrder = SetLive | Panic
LiveQuestion = ListPorts | Capture
LiveAnswer = PortsListed | Captured
LiveEvent = LiveState | TransportMoved | ControlMoved | Lateness
