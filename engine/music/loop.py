"""Note, Track, Loop: the only musical currency. Frozen, validated, changed by `with_…` and friends.

Times are ticks at `PPQ`. A Loop is circular: it has no note across its end, so that it may be played
again and again, and turned by any bar line that no note crosses.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from engine.music.general_midi import Role
from engine.music.harmony import Chord, Key
from engine.music.timing import MAX_TEMPO_BPM, MIN_TEMPO_BPM, Meter, seconds_from_ticks

MAX_BARS = 16
MAX_TRACKS = 16
LOOKS = 13
COMMON_TIME = Meter()


@dataclass(frozen=True, slots=True, order=True)
class Note:
    """One note. Notes order by onset, then pitch.

    Attributes:
        onset: Ticks from the loop's start, 0 or more.
        pitch: MIDI pitch, 0 to 127; of a drum, its General MIDI key.
        duration: Ticks, 1 or more.
        velocity: 1 to 127.
    """

    onset: int
    pitch: int
    duration: int
    velocity: int = 96

    def __post_init__(self) -> None:
        if self.onset < 0 or self.duration < 1:
            raise ValueError(f"a note cannot start at {self.onset} and last {self.duration} ticks")
        if not (0 <= self.pitch <= 127 and 1 <= self.velocity <= 127):
            raise ValueError(f"pitch {self.pitch} or velocity {self.velocity} is out of range")

    @property
    def end(self) -> int:
        return self.onset + self.duration


@dataclass(frozen=True, slots=True)
class Track:
    """One part: a role, the notes it plays, and how it is called and sounded.

    Attributes:
        role: What the part does.
        notes: Sorted; no two of the same pitch overlap.
        program: General MIDI program, 0 to 127, or None when unknown; of drums, the kit.
        name: What the producer calls it; empty for the role's own name.
        look: Which of the window's colours and shapes it wears, 1 to `LOOKS`; 0 for its role's own.
    """

    role: Role
    notes: tuple[Note, ...] = ()
    program: int | None = None
    name: str = ""
    look: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.look <= LOOKS:
            raise ValueError(f"look {self.look} is none of the {LOOKS}")
        if self.program is not None and not 0 <= self.program <= 127:
            raise ValueError(f"program {self.program} is out of range")
        sounding_until: dict[int, int] = {}
        previous: Note | None = None
        for note in self.notes:
            if previous is not None and note < previous:
                raise ValueError("a track's notes must be sorted")
            if note.onset < sounding_until.get(note.pitch, 0):
                raise ValueError(f"two notes of pitch {note.pitch} overlap at tick {note.onset}")
            sounding_until[note.pitch] = note.end
            previous = note

    @property
    def is_drums(self) -> bool:
        return self.role is Role.DRUMS

    @property
    def label(self) -> str:
        return self.name or self.role.value.capitalize()

    def with_notes(self, notes: Iterable[Note]) -> "Track":
        """Return this part with other notes, sorted, same-pitch overlaps cut at the later onset."""
        return replace(self, notes=without_overlaps(notes))

    def notes_between(self, start: int, end: int) -> tuple[Note, ...]:
        """Return the notes whose onset lies in [start, end), in ticks."""
        return tuple(note for note in self.notes if start <= note.onset < end)


@dataclass(frozen=True, slots=True)
class Loop:
    """A whole number of bars that leads back to its own beginning.

    Attributes:
        meter: Time signature of every bar.
        tempo_bpm: Quarter notes a minute, kept to two decimals.
        bars: 1 to 16.
        tracks: The parts, at most 16.
        key: Tonic and mode, or None when unknown.
        chords: One tuple of chords a bar, each an equal share of it; empty when unknown.
        name: What the producer calls it.
    """

    meter: Meter = COMMON_TIME
    tempo_bpm: float = 120.0
    bars: int = 4
    tracks: tuple[Track, ...] = ()
    key: Key | None = None
    chords: tuple[tuple[Chord, ...], ...] = ()
    name: str = ""

    def __post_init__(self) -> None:
        if not 1 <= self.bars <= MAX_BARS:
            raise ValueError(f"a loop has 1 to {MAX_BARS} bars, not {self.bars}")
        if not MIN_TEMPO_BPM <= self.tempo_bpm <= MAX_TEMPO_BPM:
            raise ValueError(f"{self.tempo_bpm} BPM is outside {MIN_TEMPO_BPM:g} to {MAX_TEMPO_BPM:g}")
        if len(self.tracks) > MAX_TRACKS:
            raise ValueError(f"a loop has at most {MAX_TRACKS} parts, not {len(self.tracks)}")
        if self.chords and len(self.chords) != self.bars:
            raise ValueError(f"{len(self.chords)} bars of chords do not fit {self.bars} bars")
        object.__setattr__(self, "tempo_bpm", round(float(self.tempo_bpm), 2))
        for track in self.tracks:
            for note in track.notes:
                if note.end > self.length:
                    raise ValueError(f"{track.label}: a note at tick {note.onset} ends after the loop")

    @property
    def length(self) -> int:
        """Ticks from start to end."""
        return self.bars * self.meter.ticks_per_bar

    @property
    def seconds(self) -> float:
        return seconds_from_ticks(self.length, self.tempo_bpm)

    @property
    def note_count(self) -> int:
        return sum(len(track.notes) for track in self.tracks)

    def with_tracks(self, tracks: Iterable[Track]) -> "Loop":
        return replace(self, tracks=tuple(tracks))

    def with_track(self, index: int, track: Track) -> "Loop":
        """Return the loop with the part at `index` replaced."""
        tracks = list(self.tracks)
        tracks[index] = track
        return replace(self, tracks=tuple(tracks))

    def with_bars_repeated(self, repeats: Iterable[tuple[int, int]]) -> "Loop":
        """Return the loop with bars made copies of others: (bar, the bar it repeats) pairs, in every part."""
        loop, ticks = self, self.meter.ticks_per_bar
        for bar, source in repeats:
            tracks = [
                _with_bar_repeated(track, bar * ticks, source * ticks, ticks, loop.length) for track in loop.tracks
            ]
            loop = loop.with_tracks(tracks)
        return loop

    def transposed(self, semitones: int) -> "Loop":
        """Return the loop with every pitched part, its key and its chords moved by `semitones`.

        Raises:
            ValueError: A note would leave 0 to 127.
        """
        tracks = tuple(track if track.is_drums else _transposed_track(track, semitones) for track in self.tracks)
        chords = tuple(tuple(chord.transposed(semitones) for chord in bar) for bar in self.chords)
        key = self.key.transposed(semitones) if self.key else None
        return replace(self, tracks=tracks, key=key, chords=chords)

    def can_rotate(self, bars: int) -> bool:
        """Tell whether the loop may begin `bars` bars later: no note may cross the new seam."""
        cut = (bars % self.bars) * self.meter.ticks_per_bar
        return not any(note.onset < cut < note.end for track in self.tracks for note in track.notes)

    def rotated(self, bars: int) -> "Loop":
        """Return the loop begun `bars` bars later, what was before coming last.

        Raises:
            ValueError: A note crosses the bar line that would become the seam.
        """
        if not self.can_rotate(bars):
            raise ValueError(f"a note crosses the line of bar {bars % self.bars + 1}")
        first = bars % self.bars
        cut = first * self.meter.ticks_per_bar
        tracks = tuple(
            replace(track, notes=tuple(sorted(replace(n, onset=(n.onset - cut) % self.length) for n in track.notes)))
            for track in self.tracks
        )
        return replace(self, tracks=tracks, chords=self.chords[first:] + self.chords[:first])


def without_overlaps(notes: Iterable[Note]) -> tuple[Note, ...]:
    """Sort notes and make same-pitch neighbours disjoint.

    The earlier of two overlapping notes is cut at the later onset; of two that start together the
    longer, then the louder, stays.
    """
    kept: list[Note] = []
    last_of_pitch: dict[int, int] = {}
    for note in sorted(notes, key=lambda n: (n.onset, n.pitch, -n.duration, -n.velocity)):
        index = last_of_pitch.get(note.pitch)
        if index is not None:
            earlier = kept[index]
            if earlier.onset == note.onset:
                continue
            if earlier.end > note.onset:
                kept[index] = replace(earlier, duration=note.onset - earlier.onset)
        last_of_pitch[note.pitch] = len(kept)
        kept.append(note)
    return tuple(kept)


def _with_bar_repeated(track: Track, start: int, source: int, ticks: int, length: int) -> Track:
    copies = [
        replace(note, onset=onset, duration=min(note.duration, length - onset))
        for note in track.notes_between(source, source + ticks)
        for onset in (note.onset - source + start,)
    ]
    return track.with_notes([n for n in track.notes if not start <= n.onset < start + ticks] + copies)


def _transposed_track(track: Track, semitones: int) -> Track:
    return replace(track, notes=tuple(replace(note, pitch=note.pitch + semitones) for note in track.notes))
