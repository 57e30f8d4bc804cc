"""Who leads in time: the loop's own tempo, the MIDI clock of others, or a Link session."""

from collections.abc import Callable
from typing import Protocol

from engine.jobs.live import ClockSource, LiveSetup
from engine.live.clock import Clock, SystemClock
from engine.live.followed_clock import FollowedClock, MidiFollower, Moved
from engine.live.link_clock import LinkClock


class Lead(Protocol):
    """One who leads."""

    @property
    def source(self) -> ClockSource:
        """Which."""
        ...

    @property
    def clock(self) -> Clock:
        """Its time."""
        ...

    @property
    def origin(self) -> int | None:
        """A tick of the song at which a bar of the others begins; None when there is none to keep to."""
        ...

    @property
    def is_lost(self) -> bool:
        """Whether the others are silent, so that time runs free."""
        ...

    @property
    def peers(self) -> int:
        """How many others there are, where they are counted."""
        ...

    @property
    def has_jumped(self) -> bool:
        """Whether its bars are now elsewhere."""
        ...

    def hear(self, seconds: float, data: bytes) -> Moved | None:
        """Hear a message that came in; return whether playing begins or stops by it."""
        ...

    def look(self) -> Moved | None:
        """Do what is due; return whether playing began or stopped elsewhere."""
        ...

    def tell(self, *, is_playing: bool) -> None:
        """Hear that we begin or stop."""
        ...

    def close(self) -> None:
        """Follow no more."""
        ...


class OwnLead:
    """The loop's own tempo."""

    source = ClockSource.OWN
    origin = None
    is_lost = has_jumped = False
    peers = 0

    def __init__(self, now: Callable[[], float]) -> None:
        self.clock: Clock = SystemClock(now=now)

    def hear(self, seconds: float, data: bytes) -> Moved | None:
        """See `Lead.hear`."""
        return None

    def look(self) -> Moved | None:
        """See `Lead.look`."""
        return None

    def tell(self, *, is_playing: bool) -> None:
        """See `Lead.tell`."""

    def close(self) -> None:
        """See `Lead.close`."""


class MidiLead:
    """The MIDI clock of others."""

    source = ClockSource.MIDI
    peers = 0
    has_jumped = False

    def __init__(self, now: Callable[[], float], tempo_bpm: float) -> None:
        self.clock = FollowedClock(now, tempo_bpm)
        self._follower = MidiFollower(self.clock)

    @property
    def origin(self) -> int | None:
        """See `Lead.origin`."""
        return self._follower.origin

    @property
    def is_lost(self) -> bool:
        """See `Lead.is_lost`."""
        return self.clock.is_lost

    def hear(self, seconds: float, data: bytes) -> Moved | None:
        """See `Lead.hear`."""
        return self._follower.hear(seconds, data)

    def look(self) -> Moved | None:
        """See `Lead.look`."""
        return None

    def tell(self, *, is_playing: bool) -> None:
        """They cannot hear us; see `Lead.tell`."""

    def close(self) -> None:
        """See `Lead.close`."""


class LinkLead:
    """A Link session.

    Raises:
        MidiPortError: The extra is not installed.
    """

    source = ClockSource.LINK
    origin = 0  # bars are counted from the session's first beat
    is_lost = False

    def __init__(self, now: Callable[[], float], tempo_bpm: float, *, has_start_stop: bool) -> None:
        self.clock = LinkClock(now, tempo_bpm, has_start_stop=has_start_stop)

    @property
    def peers(self) -> int:
        """See `Lead.peers`."""
        return self.clock.peers

    @property
    def has_jumped(self) -> bool:
        """See `Lead.has_jumped`."""
        return self.clock.has_jumped

    def hear(self, seconds: float, data: bytes) -> Moved | None:
        """See `Lead.hear`."""
        return None

    def look(self) -> Moved | None:
        """See `Lead.look`."""
        return self.clock.look()

    def tell(self, *, is_playing: bool) -> None:
        """See `Lead.tell`."""
        self.clock.tell(is_playing=is_playing)

    def close(self) -> None:
        """See `Lead.close`."""
        self.clock.close()


def lead_of(setup: LiveSetup, now: Callable[[], float], tempo_bpm: float) -> Lead:
    """Return who leads.

    Args:
        setup: What holds.
        now: The time in seconds.
        tempo_bpm: Until that of others is known.

    Raises:
        MidiPortError: Link is not installed.
    """
    match setup.clock:
        case ClockSource.MIDI:
            return MidiLead(now, tempo_bpm)
        case ClockSource.LINK:
            return LinkLead(now, tempo_bpm, has_start_stop=setup.has_start_stop)
        case _:
            return OwnLead(now)
