"""A groove laid over a part: another player's, swing, push or pull, a human hand; what was written stays as it is.

The layer is a value beside the part. It is laid on when the part is heard or leaves, so taking it off gives back
exactly what was written. The same note always gets the same small error: what is heard is what is handed off.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from engine.music.general_midi import Role
from engine.music.groove import Groove, accented_velocity, leaned_onset
from engine.music.loop import Loop, Note, Track
from engine.music.timing import PPQ, ticks_from_seconds

STRAIGHT_PERCENT, MOST_SWING_PERCENT = 50, 75
MOST_LATE_MS = 50
HUMAN_MS = 14.0  # standard deviation of a full human hand's timing
HUMAN_VELOCITY = 11.0
# Notes struck together mostly err together.
_SHARED, _OWN = 0.8, 0.6
_MASK = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class PartGroove:
    """How a part is played.

    Attributes:
        swing_percent: Where the second of two swung notes stands between its neighbours, as drum machines count it:
            50 straight, 67 a triplet; 50 to 75.
        swings_eighths: Whether eighths swing instead of sixteenths.
        late_ms: Behind the beat, or (negative) ahead of it; -50 to 50 milliseconds.
        human_percent: How much of a human hand's errors in time and loudness, 0 to 100.
        template: Another player's groove, which takes the place of the part's own; None for its own.
        template_percent: How far it does, 0 to 100.
    """

    swing_percent: int = STRAIGHT_PERCENT
    swings_eighths: bool = False
    late_ms: int = 0
    human_percent: int = 0
    template: Groove | None = None
    template_percent: int = 100

    def __post_init__(self) -> None:
        if not STRAIGHT_PERCENT <= self.swing_percent <= MOST_SWING_PERCENT:
            raise ValueError(f"swing of {self.swing_percent} % is outside 50 to 75")
        if not (abs(self.late_ms) <= MOST_LATE_MS and 0 <= self.human_percent <= 100 >= self.template_percent >= 0):
            raise ValueError(f"{self.late_ms} ms or {self.human_percent} % is out of range")

    @property
    def is_plain(self) -> bool:
        """Whether it changes nothing."""
        is_own = self.template is None or not self.template_percent
        return is_own and self.swing_percent == STRAIGHT_PERCENT and not self.late_ms and not self.human_percent

    def leaned(self, note: Note) -> Note:
        """Return a note as the template has it; one that would begin before 0 begins there."""
        if self.template is None:
            return note
        share = self.template_percent / 100
        onset = max(leaned_onset(note.onset, self.template, share), 0)
        return replace(note, onset=onset, velocity=accented_velocity(note, self.template, share))


AS_WRITTEN = PartGroove()


def with_part_grooves(loop: Loop, grooves: Sequence[PartGroove], *, start: int = 0) -> Loop:
    """Return the loop as it is played.

    Args:
        loop: As written.
        grooves: One a part; parts without one are played as written.
        start: Ticks at which the loop begins in the one that it was cut from, so that its notes err as they do there.
    """
    tracks = list(loop.tracks)
    for part, groove in enumerate(grooves[: len(tracks)]):
        tracks[part] = _played(tracks[part], groove, loop, start)
    return loop.with_tracks(tracks)


def _played(track: Track, groove: PartGroove, loop: Loop, start: int) -> Track:
    if groove.is_plain or not track.notes:
        return track
    late = ticks_from_seconds(groove.late_ms / 1000, loop.tempo_bpm)
    human = groove.human_percent / 100
    seed = list(Role).index(track.role)
    moved: list[Note] = []
    for note in map(groove.leaned, track.notes):
        together, own = _noise(seed, note.onset + start), _noise(seed, note.onset + start, note.pitch + 1)
        error_ms = human * HUMAN_MS * (_SHARED * together + _OWN * own)
        shift = late + ticks_from_seconds(error_ms / 1000, loop.tempo_bpm)
        onset = round(_swung(note.onset, groove) + shift)
        end = min(round(_swung(note.end, groove) + shift), loop.length)
        loudness = human * HUMAN_VELOCITY * _noise(seed, note.onset + start, note.pitch + 129)
        velocity = min(max(round(note.velocity + loudness), 1), 127)
        # A note before the beginning has nowhere to sound on the first pass.
        onset = min(max(onset, 0), loop.length - 1)
        moved.append(replace(note, onset=onset, duration=max(1, end - onset), velocity=velocity))
    return track.with_notes(_apart(moved, loop.length))


def _swung(tick: int, groove: PartGroove) -> float:
    """Bend time within each pair of swung notes, so that what lies between them keeps its order."""
    pair = PPQ if groove.swings_eighths else PPQ // 2
    middle = pair * groove.swing_percent / 100
    start, within = tick // pair * pair, tick % pair
    half = pair / 2
    return start + (within * middle / half if within <= half else middle + (within - half) * (pair - middle) / half)


def _apart(notes: list[Note], length: int) -> Iterable[Note]:
    """Keep notes of one pitch in their order, a tick apart at least: no error swallows a note."""
    onsets = [note.onset for note in notes]
    last: dict[int, int] = {}
    for i, note in enumerate(notes):
        onsets[i] = max(onsets[i], last.get(note.pitch, -1) + 1)
        last[note.pitch] = onsets[i]
    following: dict[int, int] = {}
    for i in range(len(notes) - 1, -1, -1):
        onsets[i] = min(onsets[i], following.get(notes[i].pitch, length) - 1)
        following[notes[i].pitch] = onsets[i]
    return (
        replace(note, onset=onset, duration=min(note.duration, length - onset))
        for note, onset in zip(notes, onsets, strict=True)
    )


def _noise(*values: int) -> float:
    """Return a number of mean 0 and deviation 1, between -3.5 and 3.5, that depends on the values alone."""
    state = 0
    for value in values:
        state = _hashed(state ^ value)
    # The sum of four uniform numbers is near enough to a bell.
    total = sum((state >> shift) & 0xFFFF for shift in (0, 16, 32, 48)) / 0xFFFF
    return (total - 2.0) * 3**0.5


def _hashed(state: int) -> int:
    """Return 64 well mixed bits (SplitMix64: Steele, Lea and Flood, 2014)."""
    state = (state + 0x9E3779B97F4A7C15) & _MASK
    state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & _MASK
    return state ^ (state >> 31)
