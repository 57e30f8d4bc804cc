"""One part that came in: a part of a MIDI file, or a sound; its time, and how many bars it has in it.

What its notes are laid on can be corrected, so it keeps the moments of its file beside the bars they make.
"""

import math
from dataclasses import dataclass, replace
from pathlib import Path

from engine.jobs.material import FoundFile, FoundTiming, TimingSource
from engine.messages import PartUse
from engine.music.general_midi import Role
from engine.music.heard import HeardNote, HeardStem, TempoGuess
from engine.music.loop import COMMON_TIME, Note
from engine.music.timing import Meter, ticks_from_seconds


@dataclass(frozen=True, slots=True)
class StemRow:
    """One part that came in.

    Attributes:
        path: Its file.
        part: Its index in a MIDI file; 0 for a sound.
        name: As it is shown, and called on the canvas.
        role: What it plays.
        timing: Of its file, as found or corrected.
        told_meter: What its file or its notes told, whatever it is counted in beside others.
        bars: Length of its file, in bars of `timing`.
        notes: How many it has.
        bar_notes: How many notes begin in each bar; () for a sound.
        drawn: Notes of a MIDI part in seconds, for its picture.
        seconds: How long its MIDI file is; 0 where that is not known.
        last_onset: Tick at which the last note of its MIDI file begins.
        last_onset_seconds: When that is.
        stem: What was heard; None for a MIDI part.
        use: What generating does with it.
        is_taken: Whether it comes onto the canvas.
        edited: Its notes in the window, if they were corrected by hand; of sounds, only if they are repeated in it.
    """

    path: str
    part: int
    name: str
    role: Role
    timing: FoundTiming
    bars: int
    notes: int
    told_meter: Meter = COMMON_TIME
    bar_notes: tuple[int, ...] = ()
    drawn: tuple[HeardNote, ...] = ()
    seconds: float = 0.0
    last_onset: int = 0
    last_onset_seconds: float = 0.0
    stem: HeardStem | None = None
    use: PartUse = PartUse.CONTEXT
    is_taken: bool = True
    edited: tuple[Note, ...] | None = None

    @property
    def is_sound(self) -> bool:
        return self.stem is not None

    @property
    def is_relaid(self) -> bool:
        """Whether its notes are laid by their moments; else they stay on the bars of their file."""
        return self.timing.source is not TimingSource.FILE

    def with_timing(self, timing: FoundTiming) -> "StemRow":
        """Return it in another time; corrections by hand of a MIDI part are void then."""
        row = replace(self, timing=timing, edited=None)
        return replace(row, bars=row._bars_needed())

    def with_guess(self, guess: TempoGuess) -> "StemRow":
        """Return a sound in the time of all that was heard with it; what the producer set stays."""
        told, own = timing_of(guess), self.timing
        if own.source is TimingSource.PRODUCER:
            told = replace(own, meter=told.meter, meter_source=told.meter_source)
        if own.meter_source is TimingSource.PRODUCER:
            told = told.with_meter(own.meter)
        return replace(self if told == own else self.with_timing(told), told_meter=guess.meter)

    def _bars_needed(self) -> int:
        """Return how many bars of its time its file has; those of MIDI up to its last note, as the desk lays it."""
        timing, last = self.timing, self.last_onset
        if self.stem is not None:
            return bars_of_sound(self.stem.seconds, timing)
        if self.is_relaid:
            last = round(ticks_from_seconds(self.last_onset_seconds - timing.bar_one_seconds, timing.tempo_bpm))
        return max(1, last // timing.meter.ticks_per_bar + 1)


def bars_of_sound(seconds: float, timing: FoundTiming) -> int:
    """Return how many bars of a sound there are from its bar 1 on, 1 at least."""
    ticks = ticks_from_seconds(seconds - timing.bar_one_seconds, timing.tempo_bpm)
    return max(1, math.ceil(ticks / timing.meter.ticks_per_bar - 0.25))  # a tail that rings is no bar


def guess_of(timing: FoundTiming) -> TempoGuess:
    """Return a timing as heard notes need it."""
    return TempoGuess(timing.tempo_bpm, timing.bar_one_seconds, timing.confidence, timing.alternatives, timing.meter)


def timing_of(guess: TempoGuess) -> FoundTiming:
    """Return what the notes of sounds told as a timing."""
    notes = TimingSource.NOTES
    return FoundTiming(
        guess.bpm, guess.bar_one_seconds, guess.meter, notes, guess.confidence, guess.alternatives, meter_source=notes
    )


def rows_of_file(file: FoundFile) -> tuple[StemRow, ...]:
    """Return the parts of a MIDI file."""
    stem = Path(file.path).stem
    return tuple(
        StemRow(
            path=file.path,
            part=index,
            name=part.name or (stem if len(file.parts) == 1 else part.role.value.capitalize()),
            role=part.role,
            timing=file.timing,
            bars=file.bars,
            notes=part.notes,
            told_meter=file.timing.meter,
            bar_notes=part.bar_notes,
            drawn=part.drawn,
            seconds=file.seconds,
            last_onset=file.last_onset,
            last_onset_seconds=file.last_onset_seconds,
        )
        for index, part in enumerate(file.parts)
    )


def row_of_sound(path: str, stem: HeardStem) -> StemRow:
    """Return what was heard in a file as a part, in its own time."""
    timing = timing_of(stem.tempo)
    bars = bars_of_sound(stem.seconds, timing)
    name = Path(path).stem
    return StemRow(path, 0, name, stem.role, timing, bars, len(stem.notes), timing.meter, stem=stem)
