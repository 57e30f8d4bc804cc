"""What is found in a producer's own MIDI files: their parts, their time, the loops in them.

`DescribeFiles` looks at files and folders before anything is taken; `LayStems` takes parts of them as one loop, with
whatever the producer corrected; `FindLoops` lists the loops of a song.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from engine.jobs.numbers import NO_JOB
from engine.music.general_midi import Role, RoleSource
from engine.music.harmony import Chord, Key
from engine.music.heard import HeardNote
from engine.music.loop import COMMON_TIME, Loop
from engine.music.timing import Meter

PERIODS = (1, 2, 3, 4, 6, 8, 12, 16)  # lengths of loops that are looked for, in bars


@dataclass(frozen=True, slots=True)
class FoundPart:
    """One part of a file.

    Attributes:
        role: What it seems to do.
        role_source: What told so.
        name: As the file has it, may be empty.
        program: General MIDI program, 0 to 127; None where the file names none.
        notes: How many.
        bars: In how many bars it plays.
        lowest, highest: Its pitches.
        bar_notes: How many notes begin in each bar of the file.
        drawn: Its notes in seconds from the file's begin, for a picture: all of them, or a few thousand evenly taken;
            fewer, or none, where all files of an answer hold very many. Where the file keeps its own time, seconds are
            those of its first tempo.
    """

    role: Role
    role_source: RoleSource
    name: str
    program: int | None
    notes: int
    bars: int
    lowest: int
    highest: int
    bar_notes: tuple[int, ...] = ()
    drawn: tuple[HeardNote, ...] = ()


class TimingSource(StrEnum):
    """What told a file's tempo and bar lines."""

    FILE = "file"
    NOTES = "notes"
    PRODUCER = "you"


@dataclass(frozen=True, slots=True)
class FoundTiming:
    """Tempo, meter and bar 1 of a file, all correctable.

    Attributes:
        tempo_bpm: Quarter notes a minute.
        bar_one_seconds: When the first bar begins; below 0 where the file begins within a bar.
        meter: Of the bars.
        source: The file; the onsets of its notes, where the file says nothing or its notes do not keep to it; or the
            producer, who corrected it.
        confidence: 0 to 1: how well onsets fall on the sixteenths.
        alternatives: Other tempi, the likelier first.
        meter_source: What told the meter; where the file names none, its notes do, and most music is in 4/4.
    """

    tempo_bpm: float
    bar_one_seconds: float = 0.0
    meter: Meter = COMMON_TIME
    source: TimingSource = TimingSource.FILE
    confidence: float = 1.0
    alternatives: tuple[float, ...] = ()
    meter_source: TimingSource = TimingSource.FILE

    def scaled(self, factor: float) -> "FoundTiming":
        """Return it `factor` times as fast (2 or 0.5), begun at the same moment."""
        others = tuple(sorted({self.tempo_bpm, *self.alternatives} - {self.tempo_bpm * factor}))
        tempo = self.tempo_bpm * factor
        return replace(self, tempo_bpm=tempo, source=TimingSource.PRODUCER, alternatives=others)

    def with_meter(self, meter: Meter, source: TimingSource = TimingSource.PRODUCER) -> "FoundTiming":
        """Return it with its bars counted otherwise, begun at the same moment."""
        return replace(self, meter=meter, meter_source=source)

    def with_bar_one(self, seconds: float) -> "FoundTiming":
        """Return it with bar 1 elsewhere."""
        return replace(self, bar_one_seconds=seconds, source=TimingSource.PRODUCER)


@dataclass(frozen=True, slots=True)
class FoundFile:
    """What a MIDI file holds.

    Attributes:
        path: Which; "" where a folder or a name led to no file.
        parts: In the file's order; () where it could not be read.
        bars: How long it is, in bars of `timing`.
        timing: Tempo, meter and bar 1.
        seconds: How long it is, counted as those of `FoundPart.drawn`.
        last_onset: Tick at which its last note begins.
        last_onset_seconds: When that is, by all of its tempi.
        key: Told from its notes; None where nothing pitched sounds.
        chords: One tuple of chords a bar.
        told: What was lost or repaired, a sentence each.
        problem: Why it could not be read, in one sentence; else "".
    """

    path: str
    parts: tuple[FoundPart, ...] = ()
    bars: int = 0
    timing: FoundTiming = FoundTiming(120.0)
    seconds: float = 0.0
    last_onset: int = 0
    last_onset_seconds: float = 0.0
    key: Key | None = None
    chords: tuple[tuple[Chord, ...], ...] = ()
    told: tuple[str, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class DescribeFiles:
    """Look at MIDI files, and at those in folders. Answered by `FilesDescribed`, after `ReadingProgress` events."""

    paths: tuple[str, ...]
    job: int = NO_JOB


@dataclass(frozen=True, slots=True)
class ReadingProgress:
    """How far a `DescribeFiles` is, in files."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class StopReading:
    """Stop a `DescribeFiles`; it is answered without files.

    Attributes:
        reading: Its job.
    """

    reading: int


@dataclass(frozen=True, slots=True)
class FilesDescribed:
    """All files of a job, those that cannot be read among them with their `problem`."""

    files: tuple[FoundFile, ...]


@dataclass(frozen=True, slots=True)
class ChosenPart:
    """A part of a file that becomes context.

    Attributes:
        path: The file.
        part: Its index in `FoundFile.parts`.
        role: What it plays, as the producer left or set it.
        timing: As found or corrected; the file's notes are laid on the grid with it.
        first_bar: The first bar taken, 0 for bar 1.
    """

    path: str
    part: int
    role: Role
    timing: FoundTiming
    first_bar: int = 0


@dataclass(frozen=True, slots=True)
class LayStems:
    """Lay chosen parts on each other as one loop. Answered by `StemsLaid` or `Failed`.

    Attributes:
        parts: At least one, at most 16.
        bars: Length of the loop; shorter parts are repeated, longer ones cut.
        tempo_bpm: Of the loop; None for that of the parts, which must agree then.
        one_a_role: Whether parts of one role become one part.
    """

    parts: tuple[ChosenPart, ...]
    bars: int | None = None
    tempo_bpm: float | None = None
    one_a_role: bool = False
    job: int = NO_JOB


@dataclass(frozen=True, slots=True)
class StemsLaid:
    """Parts as one loop, with its key and chords.

    Attributes:
        loop: All parts, in the order asked.
        told: What was assumed, left out or repeated, a sentence each.
    """

    loop: Loop
    told: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SongLoop:
    """A loop found in a song.

    Attributes:
        loop: Its music: length, parts, tempo, key and chords are in it.
        first_bar: Where it begins in the song, 0 for its first bar.
        score: 0 to 1; the higher, the cleaner.
        density: Notes a bar.
        feel: NOMML of its onsets, 0 to 12; `engine.music.feel.FEEL_NAMES` names it.
        part: Name of the one part that was searched alone; "" where all parts were searched together.
    """

    loop: Loop
    first_bar: int
    score: float
    density: float
    feel: int
    part: str = ""


@dataclass(frozen=True, slots=True)
class FindLoops:
    """Find the loops of a song. Answered by `LoopsFound` or `Failed`.

    Attributes:
        path: The song.
        periods: Lengths to look for, in bars.
        per_track: Whether each part is searched by itself, too.
    """

    path: str
    periods: tuple[int, ...] = PERIODS
    per_track: bool = False
    job: int = NO_JOB


@dataclass(frozen=True, slots=True)
class LoopsFound:
    """The loops of a song, best first; those of single parts after those of all.

    Attributes:
        path: The song.
        loops: Without repeats of the same music.
        bars: How long the song is.
    """

    path: str
    loops: tuple[SongLoop, ...]
    bars: int = 0
