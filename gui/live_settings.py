"""What a performer has set: ports, clock, when changes come in, and which controllers move what.

Kept with the settings, because a stage is wired the same for every loop; only the parts' channels and ports belong to
the loop and are kept with the session.
"""

from dataclasses import dataclass, field, replace
from typing import Any

from engine.jobs.live import ClockSource, HeardOn, LiveSetup, PartRoute
from engine.jobs.sound import Start

MOST_LATENCY_MS = 500
MOST_PASSES = 64
DROPS = (Start.NEXT_BEAT, Start.NEXT_BAR, Start.NEXT_LOOP)


@dataclass(frozen=True, slots=True)
class Learned:
    """A controller that moves something in the window.

    Attributes:
        target: What: the id of an action or of a knob.
        channel: 0 to 15.
        control: 0 to 127.
    """

    target: str
    channel: int
    control: int

    def __post_init__(self) -> None:
        if not (0 <= self.channel <= 15 and 0 <= self.control <= 127):
            raise ValueError(f"there is no controller {self.control} on channel {self.channel + 1}")


def _pairs(plain: Any) -> tuple[tuple[str, float], ...]:
    return tuple((str(port), float(latency)) for port, latency in plain)


def _all_learned(plain: Any) -> tuple[Learned, ...]:
    return tuple(Learned(str(each["target"]), int(each["channel"]), int(each["control"])) for each in plain)


@dataclass(frozen=True, slots=True)
class LiveSettings:
    """How it is played on stage; a field's metadata may say how to `read` it.

    Attributes:
        heard_on, output, input, has_port_a_part, clock, sends_clock, has_start_stop, latencies_ms: See `LiveSetup`.
        drops_in: When another loop or take comes in.
        mutes_in: When a mute, a solo or a change of parts is heard; `IN_PLACE` is at once.
        evolve_passes: After how many passes *Evolve* changes the loop.
        evolve_percent: How much of it.
        learned: Controllers.
    """

    heard_on: HeardOn = HeardOn.BOTH
    output: str = ""
    input: str = ""
    has_port_a_part: bool = False
    clock: ClockSource = ClockSource.OWN
    sends_clock: bool = False
    has_start_stop: bool = True
    latencies_ms: tuple[tuple[str, float], ...] = field(default=(), metadata={"read": _pairs})
    drops_in: Start = Start.NEXT_BAR
    mutes_in: Start = Start.IN_PLACE
    evolve_passes: int = 4
    evolve_percent: int = 25
    learned: tuple[Learned, ...] = field(default=(), metadata={"read": _all_learned})

    def __post_init__(self) -> None:
        if any(abs(latency) > MOST_LATENCY_MS for _, latency in self.latencies_ms):
            raise ValueError(f"a port's latency lies between -{MOST_LATENCY_MS} and {MOST_LATENCY_MS} ms")
        if self.drops_in not in DROPS or self.mutes_in not in (Start.IN_PLACE, *DROPS):
            raise ValueError("changes come in on a beat, a bar or a loop")
        if not (1 <= self.evolve_passes <= MOST_PASSES and 1 <= self.evolve_percent <= 100):
            raise ValueError(f"evolving takes 1 to {MOST_PASSES} passes and 1 to 100 %")

    def setup(self, routes: tuple[PartRoute, ...]) -> LiveSetup:
        """Return what the player is told.

        Args:
            routes: One a part.
        """
        return LiveSetup(
            heard_on=self.heard_on,
            output=self.output,
            input=self.input,
            routes=routes if any(route != PartRoute() for route in routes) else (),
            has_port_a_part=self.has_port_a_part,
            clock=self.clock,
            sends_clock=self.sends_clock,
            has_start_stop=self.has_start_stop,
            latencies_ms=self.latencies_ms,
        )

    def latency_of(self, port: str) -> float:
        """Return a port's latency in ms."""
        return dict(self.latencies_ms).get(port, 0.0)

    def with_latency(self, port: str, latency_ms: float) -> "LiveSettings":
        """Return the settings with another latency of a port, in ms."""
        others = tuple(each for each in self.latencies_ms if each[0] != port)
        return replace(self, latencies_ms=(*others, (port, latency_ms)) if latency_ms else others)

    def with_learned(self, learned: Learned) -> "LiveSettings":
        """Return the settings with a controller learned: it moves this alone, and nothing else moves this."""
        others = tuple(
            each
            for each in self.learned
            if each.target != learned.target and (each.channel, each.control) != (learned.channel, learned.control)
        )
        return replace(self, learned=(*others, learned))

    def without_learned(self, target: str) -> "LiveSettings":
        """Return the settings with no controller that moves this."""
        return replace(self, learned=tuple(each for each in self.learned if each.target != target))
