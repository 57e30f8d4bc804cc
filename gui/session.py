"""What the producer has set besides the music: each part's use, level and wishes, and those for the whole loop.

None of it is a property of the music, so none of it is in the Loop; it is saved with the session and goes into
requests. Values are frozen; `Session` holds them and says when they change.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from PySide6.QtCore import QObject, Signal

from engine.jobs.live import PartRoute
from engine.messages import Keep, PartUse, Sampling
from engine.music.loop import Loop
from engine.music.part_groove import AS_WRITTEN, PartGroove, with_part_grooves

SEEDS = 1 << 31
MOST_LEFT = 8  # other loops whose parts' settings are remembered
AUTOMATIC = PartRoute()


def next_seed(seed: int) -> int:
    """Return the seed after a seed: far away, and always the same."""
    return random.Random(seed).randrange(1, SEEDS)


@dataclass(frozen=True, slots=True)
class PartSettings:
    """One part's settings.

    Attributes:
        use: What generating does with it.
        is_muted, is_soloed: For hearing.
        volume: Linear, 0 to 1.
        controls: (name, value) wishes; absent ones are open ("auto").
        rhythm: Rhythm mask as in `PartRequest`; "" is open.
        bar_density: Notes a bar as in `PartRequest`; () is open.
        keep: What a rewrite leaves.
        locked: (onset, pitch) of notes that a rewrite leaves as they are.
        drums: Keys of the drums that are written, all others stay; () is the whole kit.
        groove: Laid over the part when it is heard or leaves; the notes stay.
        route: The MIDI channel and port on which it is played.
    """

    use: PartUse = PartUse.CONTEXT
    is_muted: bool = False
    is_soloed: bool = False
    volume: float = 0.8
    controls: tuple[tuple[str, float], ...] = ()
    rhythm: str = ""
    bar_density: tuple[float | None, ...] = ()
    keep: Keep = Keep.NOTHING
    locked: frozenset[tuple[int, int]] = frozenset()
    drums: tuple[int, ...] = ()
    groove: PartGroove = AS_WRITTEN
    route: PartRoute = AUTOMATIC

    def with_control(self, name: str, value: float | None) -> "PartSettings":
        """Return the settings with a wish added, changed or (None) opened."""
        others = tuple((n, v) for n, v in self.controls if n != name)
        return replace(self, controls=others if value is None else (*others, (name, value)))


@dataclass(frozen=True, slots=True)
class LoopWishes:
    """What is asked of the loop as a whole.

    Attributes:
        genre: One of `controls.GENRES`, or None for auto.
        is_key_locked, are_chords_locked: Hard limits.
        remix_percent: How much of the replaced notes is rewritten.
        sampling: Temperature and friends.
        loop_length: Bars after which the music itself repeats; None for auto.
        seed: Of the next takes.
        is_seed_kept: Whether the seed stays from press to press.
        takes: How many at once.
        style_percent: How much the model leans on the style that it learned from own files.
    """

    genre: str | None = None
    is_key_locked: bool = True
    are_chords_locked: bool = False
    remix_percent: float = 100.0
    sampling: Sampling = field(default_factory=Sampling)
    loop_length: int | None = None
    seed: int = 1
    is_seed_kept: bool = False
    takes: int = 4
    style_percent: float = 100.0


class Session(QObject):
    """Holds the settings of all parts and of the loop.

    Args:
        loop: Parts get default settings: those without notes are to be written.
    """

    parts_changed = Signal()
    levels_changed = Signal()  # mute, solo, volume: to be heard at once
    grooves_changed = Signal()  # to be heard, too
    wishes_changed = Signal()

    def __init__(self, loop: Loop, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.parts: tuple[PartSettings, ...] = ()
        self.wishes = LoopWishes()
        self.new_groove = AS_WRITTEN  # of empty parts that are added
        self._loop = loop
        self._left: list[tuple[Loop, tuple[PartSettings, ...]]] = []  # other loops that were here, and their settings
        self.fit(loop)

    def fit(self, loop: Loop) -> None:
        """Have as many settings as the loop has parts; new empty parts are to be written."""
        if any(left == loop for left, _ in self._left):
            self.exchange(loop)
            return
        self._loop = loop
        new = tuple(
            PartSettings() if track.notes else PartSettings(use=PartUse.REPLACE, groove=self.new_groove)
            for track in loop.tracks[len(self.parts) :]
        )
        parts = (*self.parts[: len(loop.tracks)], *new)
        if parts != self.parts:
            self.parts = parts
            self.parts_changed.emit()

    def start(self, loop: Loop) -> None:
        """Forget all parts' settings and begin with a loop's."""
        self.parts = ()
        self.fit(loop)
        self.parts_changed.emit()

    def exchange(self, loop: Loop) -> None:
        """Go to another loop: what was set for the parts stays with the loop that is left, and comes back with it."""
        there = next((parts for left, parts in self._left if left == loop), None)
        others = [entry for entry in self._left if entry[0] != loop]
        self._left = [*others[-MOST_LEFT:], (self._loop, self.parts)]
        self._loop = loop
        if there is not None:
            self.parts = there
            self.parts_changed.emit()
        else:
            self.start(loop)

    def change_part(self, part: int, change: Callable[[PartSettings], PartSettings]) -> None:
        """Change one part's settings."""
        old = self.parts[part]
        new = change(old)
        if new == old:
            return
        parts = list(self.parts)
        parts[part] = new
        self.parts = tuple(parts)
        self.parts_changed.emit()
        if (old.is_muted, old.is_soloed, old.volume) != (new.is_muted, new.is_soloed, new.volume):
            self.levels_changed.emit()
        if old.groove != new.groove:
            self.grooves_changed.emit()

    def remove_part(self, part: int) -> None:
        """Forget one part's settings, so that those behind it stay with their parts."""
        self.parts = self.parts[:part] + self.parts[part + 1 :]
        self.parts_changed.emit()

    def restore(self, parts: tuple[PartSettings, ...], wishes: LoopWishes) -> None:
        """Take everything from a saved session."""
        self.parts, self.wishes = parts, wishes
        self.parts_changed.emit()
        self.wishes_changed.emit()

    def change_wishes(self, wishes: LoopWishes) -> None:
        if wishes != self.wishes:
            self.wishes = wishes
            self.wishes_changed.emit()

    def next_wishes(self) -> LoopWishes:
        """Return the wishes for the next takes: with another seed, unless it is kept."""
        if not self.wishes.is_seed_kept:
            self.change_wishes(replace(self.wishes, seed=next_seed(self.wishes.seed)))
        return self.wishes

    @property
    def gains(self) -> tuple[float, ...]:
        """The parts' levels, linear; muted parts, and those that are not soloed while others are, are 0."""
        has_solo = any(part.is_soloed for part in self.parts)
        return tuple(0.0 if part.is_muted or (has_solo and not part.is_soloed) else part.volume for part in self.parts)

    @property
    def grooves(self) -> tuple[PartGroove, ...]:
        """The parts' grooves."""
        return tuple(part.groove for part in self.parts)

    def played(self, loop: Loop) -> Loop:
        """Return a loop of these parts with their grooves laid over it."""
        return with_part_grooves(loop, self.grooves)

    def is_heard(self, part: int) -> bool:
        return self.gains[part] > 0
