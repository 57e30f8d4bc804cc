"""A clock of Ableton Link's session: tempo, beats, start and stop are shared with others on the network.

Needs the extra `link` (aalink, GPL-3.0-or-later).
"""

import asyncio
import importlib
from collections.abc import Callable
from typing import Any

from engine.errors import MidiPortError
from engine.live.followed_clock import Moved
from engine.music.timing import PPQ

LOOKS = 3  # the quickest of so many is the exact one
JUMP_TICKS = PPQ / 4
INSTALL = "Install Turnaround with its extra “link”."


class LinkClock:
    """See `Clock`. The session's beats are the song's quarter notes.

    Joining others takes over their tempo and changes nobody's. Alone, the session has the loop's tempo.

    Args:
        now: The time in seconds.
        tempo_bpm: Of a session of our own.
        has_start_stop: Whether the others start and stop with us.

    Raises:
        MidiPortError: The extra is not installed.
    """

    def __init__(self, now: Callable[[], float], tempo_bpm: float = 120.0, *, has_start_stop: bool = True) -> None:
        try:
            library = importlib.import_module("aalink")
        except ImportError as error:
            raise MidiPortError("Ableton Link is not installed.", INSTALL) from error

        async def join() -> Any:
            return library.Link(tempo_bpm)

        loop = asyncio.new_event_loop()  # it is asked, and calls nobody back
        self._link = loop.run_until_complete(join())
        loop.close()
        self._now = now
        self._link.quantum = 4.0
        self._link.start_stop_sync_enabled = has_start_stop
        self._link.enabled = True
        self._was_playing = bool(self._link.playing)
        self._seconds, self._tick = self._looked()
        self.tempo_bpm = float(self._link.tempo)
        self.has_jumped = False

    @property
    def peers(self) -> int:
        """How many others there are."""
        return int(self._link.num_peers)

    def now(self) -> float:
        """See `Clock.now`."""
        return self._now()

    def tick_at(self, seconds: float) -> float:
        """See `Clock.tick_at`."""
        return self._tick + (seconds - self._seconds) * self.tempo_bpm * PPQ / 60

    def seconds_at(self, tick: float) -> float:
        """See `Clock.seconds_at`."""
        return self._seconds + (tick - self._tick) * 60 / (self.tempo_bpm * PPQ)

    def set_tempo(self, tempo_bpm: float, *, tick: float) -> None:
        """Take a tempo while nobody else is there; see `Clock.set_tempo`."""
        if not self.peers and abs(tempo_bpm - self.tempo_bpm) > 1e-6:
            self._link.tempo = tempo_bpm
            self.look()

    def forget_from(self, tick: float) -> None:
        """Nothing was promised; see `Clock.forget_from`."""

    def look(self) -> Moved | None:
        """Take over what the session is like now; return whether playing began or stopped elsewhere."""
        seconds, tick = self._looked()
        self.has_jumped = abs(tick - self.tick_at(seconds)) > JUMP_TICKS
        self._seconds, self._tick, self.tempo_bpm = seconds, tick, float(self._link.tempo)
        is_playing = bool(self._link.playing)
        if is_playing == self._was_playing:
            return None
        self._was_playing = is_playing
        return Moved(is_playing)

    def tell(self, *, is_playing: bool) -> None:
        """Let the others start or stop too."""
        self._was_playing = is_playing
        self._link.playing = is_playing

    def _looked(self) -> tuple[float, float]:
        """Return a time and its tick."""
        found: list[tuple[float, float, float]] = []
        for _ in range(LOOKS):
            before = self._now()
            beat = float(self._link.beat)
            after = self._now()
            found.append((after - before, (before + after) / 2, beat * PPQ))
        _, seconds, tick = min(found)
        return seconds, tick

    def close(self) -> None:
        """Leave the session."""
        self._link.enabled = False
