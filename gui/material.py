"""What a producer drops, before it is on the canvas: parts of MIDI files and sounds, their time, what is taken of them.

A frozen value that the import panel shows and changes. MIDI parts are laid on the grid by the desk, sounds here: their
notes are in seconds, and a corrected tempo or bar 1 only asks for other ticks.
"""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QMimeData

from engine.jobs.listening import AUDIO_SUFFIXES
from engine.jobs.material import ChosenPart, LayStems, TimingSource
from engine.messages import PartUse
from engine.music.analysis import loop_key
from engine.music.general_midi import DEFAULT_PROGRAMS
from engine.music.harmony import Key
from engine.music.heard import HeardStem, TempoGuess, notes_in_seconds, notes_in_ticks
from engine.music.loop import COMMON_TIME, MAX_BARS, MAX_TRACKS, Loop, Note, Track
from engine.music.timing import MAX_TEMPO_BPM, MIN_TEMPO_BPM, Meter
from gui.material_row import StemRow, guess_of

SUFFIXES = frozenset({".mid", ".midi", ".smf", ".kar", ".rmi"}) | AUDIO_SUFFIXES
USUAL_BARS = 8  # taken of what is longer than a loop can be
SAME_TEMPO = 0.04  # share by which tempi of one tempo may differ


def material_paths(mime: QMimeData) -> list[str]:
    """Return the MIDI files, sounds and folders among what is dragged."""
    paths = [url.toLocalFile() for url in mime.urls() if url.isLocalFile()]
    return [path for path in paths if Path(path).suffix.casefold() in SUFFIXES or Path(path).is_dir()]


@dataclass(frozen=True, slots=True)
class Draft:
    """What is taken, laid on the grid.

    Attributes:
        loop: All parts.
        rows: For each part the row that it comes from; the first of them where parts of one role became one.
        uses: For each part what generating does with it.
    """

    loop: Loop
    rows: tuple[int, ...]
    uses: tuple[PartUse, ...]


@dataclass(frozen=True, slots=True)
class Material:
    """All that came in with one drop, and what shall be taken.

    Attributes:
        rows: Its parts.
        first_bar: The first bar that is taken, 0 for bar 1.
        bars: How many, 1 to 16.
        is_window_set: Whether the producer chose these bars; else they are those where most parts play.
        tempo_bpm: As the producer set it; None for that of the parts.
        key: As the producer set it.
        is_key_set: Whether the producer did; else the notes tell it.
        is_one_a_role: Whether MIDI parts of one role become one.
    """

    rows: tuple[StemRow, ...] = ()
    first_bar: int = 0
    bars: int = 4
    is_window_set: bool = False
    tempo_bpm: float | None = None
    key: Key | None = None
    is_key_set: bool = False
    is_one_a_role: bool = False

    @property
    def taken(self) -> tuple[StemRow, ...]:
        """The rows that come onto the canvas, at most as many as a loop can have; sounds after MIDI parts."""
        return tuple(row for _, row in self._taken_indices())

    @property
    def tempo(self) -> float:
        """The tempo of what is taken, in BPM."""
        if self.tempo_bpm is not None:
            return self.tempo_bpm
        return next((row.timing.tempo_bpm for row in (*self.taken, *self.rows)), 120.0)

    @property
    def meter(self) -> Meter:
        return next((row.timing.meter for row in (*self.taken, *self.rows)), COMMON_TIME)

    @property
    def known_meter(self) -> Meter | None:
        """The meter that the producer set or a file names, None where notes alone tell one."""
        meter, source = _common_meter(self.rows) if self.rows else (None, TimingSource.NOTES)
        return None if source is TimingSource.NOTES else meter

    @property
    def longest(self) -> int:
        """Bars of the longest part."""
        return max((row.bars for row in self.rows), default=1)

    def with_rows(self, rows: tuple[StemRow, ...]) -> "Material":
        """Return it with more or other parts, in one meter, and the window, unless set, where most of them play."""
        if rows:
            meter, source = _common_meter(rows)
            source = TimingSource.NOTES if source is TimingSource.FILE else source  # it is no meter of their own file
            rows = tuple(
                row if row.timing.meter == meter else row.with_timing(row.timing.with_meter(meter, source))
                for row in rows
            )
        new = replace(self, rows=rows)
        if self.is_window_set:
            return new._in_window(self.first_bar, self.bars)
        bars = new.longest if new.longest <= MAX_BARS else USUAL_BARS
        return new._in_window(fullest_bar(rows, bars), bars)

    def with_guess(self, guess: TempoGuess, paths: Collection[str]) -> "Material":
        """Return it with the sounds of some files in the time that they told together, in the tempo that was set."""
        guess = replace(guess, bpm=self.tempo_bpm or guess.bpm)
        return self.with_rows(
            tuple(row.with_guess(guess) if row.is_sound and row.path in paths else row for row in self.rows)
        )

    def with_row(self, index: int, row: StemRow) -> "Material":
        rows = list(self.rows)
        rows[index] = row
        return replace(self, rows=tuple(rows))

    def with_changed(self, index: int, **changes: Any) -> "Material":
        """Return it with fields of one row changed, such as `use=PartUse.REPLACE`."""
        return self.with_row(index, replace(self.rows[index], **changes))

    def with_key(self, key: Key | None) -> "Material":
        return replace(self, key=key, is_key_set=True)

    def with_one_a_role(self, *, is_on: bool) -> "Material":
        return replace(self, is_one_a_role=is_on)

    def with_window(self, first_bar: int, bars: int) -> "Material":
        """Return it with the bars taken that the producer chose; corrections by hand of MIDI parts are void then."""
        chosen = self._in_window(first_bar, bars)
        return self if chosen is self else replace(chosen, is_window_set=True)

    def _in_window(self, first_bar: int, bars: int) -> "Material":
        first = min(max(first_bar, 0), max(self.longest - 1, 0))
        bars = min(max(bars, 1), MAX_BARS)
        if (first, bars) == (self.first_bar, self.bars):
            return self
        rows = tuple(replace(row, edited=None) for row in self.rows)
        return replace(self, rows=rows, first_bar=first, bars=bars)

    def scaled(self, factor: float) -> "Material":
        """Return it twice or half as fast: as many moments, twice or half as many bars."""
        if not MIN_TEMPO_BPM <= self.tempo * factor <= MAX_TEMPO_BPM:
            return self
        rows = tuple(row.with_timing(row.timing.scaled(factor)) for row in self.rows)
        tempo = None if self.tempo_bpm is None else self.tempo_bpm * factor
        return replace(self, rows=rows, tempo_bpm=tempo)._in_window(round(self.first_bar * factor), self.bars)

    def with_tempo(self, tempo_bpm: float) -> "Material":
        """Return it in a tempo: notes that lie on their file's own bars stay there, others are laid anew."""
        rows = tuple(
            row.with_timing(replace(row.timing, tempo_bpm=tempo_bpm, source=TimingSource.PRODUCER))
            if row.is_relaid
            else row
            for row in self.rows
        )
        return replace(self, rows=rows, tempo_bpm=tempo_bpm)._in_window(self.first_bar, self.bars)

    def with_meter(self, meter: Meter) -> "Material":
        rows = tuple(row.with_timing(row.timing.with_meter(meter)) for row in self.rows)
        return replace(self, rows=rows)._in_window(self.first_bar, self.bars)

    def with_bar_one(self, index: int, seconds: float, *, is_alone: bool = False) -> "Material":
        """Return it with bar 1 of a part's file elsewhere; what was played without bars moves together unless told."""
        moved = self.rows[index]
        shift = round(seconds - moved.timing.bar_one_seconds, 4)
        if not shift:
            return self

        def belongs(row: StemRow) -> bool:
            return row.path == moved.path or (moved.is_relaid and row.is_relaid and not is_alone)

        rows = tuple(
            row.with_timing(row.timing.with_bar_one(round(row.timing.bar_one_seconds + shift, 4)))
            if belongs(row)
            else row
            for row in self.rows
        )
        return replace(self, rows=rows)

    def contradictions(self) -> str:
        """Say in one sentence if parts seem to be in different tempi, or "" ."""
        told: dict[str, float] = {}
        for row in self.taken:
            told.setdefault(Path(row.path).name, row.timing.tempo_bpm)
        tempi = tuple(told.values())
        if len(tempi) < 2 or max(tempi) <= min(tempi) * (1 + SAME_TEMPO):
            return ""
        shown = ", ".join(f"{name} {tempo:g}" for name, tempo in list(told.items())[:4])
        return (
            f"These files differ in tempo ({shown} BPM); they are laid on each other bar by bar at {self.tempo:g} BPM."
        )

    def question(self) -> LayStems | None:
        """Return what the desk is asked for the MIDI parts, or None if none is taken."""
        parts = tuple(
            ChosenPart(row.path, row.part, row.role, row.timing, self.start_of(row))
            for row in self.taken
            if not row.is_sound
        )
        return LayStems(parts, self.bars, self.tempo, one_a_role=self.is_one_a_role) if parts else None

    def start_of(self, row: StemRow) -> int:
        """Return the bar at which a part begins to be taken, 0 for bar 1: a shorter one is gone through again."""
        return self.first_bar % max(row.bars, 1)

    def laid(self, midi: Loop | None) -> "Draft | None":
        """Return all that is taken as one loop; None if nothing is.

        Args:
            midi: The desk's answer to `question`.
        """
        length = self.bars * self.meter.ticks_per_bar
        given = midi.tracks if midi is not None else ()
        midi_rows = [index for index, row in self._taken_indices() if not row.is_sound]
        tracks: list[Track] = []
        rows: list[int] = []
        if len(given) == len(midi_rows):
            for index, track in zip(midi_rows, given, strict=True):
                row = self.rows[index]
                notes = track.notes if row.edited is None else row.edited
                tracks.append(replace(track, role=row.role, notes=notes, name=_name(row)))
                rows.append(index)
        else:  # of one role they became one
            for track in given:
                tracks.append(track)
                rows.append(next(index for index in midi_rows if self.rows[index].role is track.role))
        for index, row in self._taken_indices():
            if row.stem is not None:
                tracks.append(self._sound_track(row, row.stem, length))
                rows.append(index)
        if not tracks:
            return None
        loop = Loop(self.meter, self.tempo, self.bars, tuple(tracks))
        key = self.key if self.is_key_set else loop_key(loop)
        return Draft(replace(loop, key=key), tuple(rows), tuple(self.rows[index].use for index in rows))

    def _taken_indices(self) -> list[tuple[int, StemRow]]:
        """Return index and row of what is taken, sounds after MIDI parts, at most as many as a loop can have."""
        taken = [(index, row) for index, row in enumerate(self.rows) if row.is_taken]
        return sorted(taken, key=lambda item: item[1].is_sound)[:MAX_TRACKS]

    def _sound_track(self, row: StemRow, stem: HeardStem, length: int) -> Track:
        """Return the window of a sound; one of fewer bars is repeated where that fills the window."""
        start = self.start_of(row) * self.meter.ticks_per_bar
        whole = row.bars * self.meter.ticks_per_bar
        notes = _cut(notes_in_ticks(stem.notes, guess_of(row.timing)), start, min(length, whole - start))
        if row.edited is not None:
            notes = row.edited
        elif self._is_repeated(row):
            copies = range(0, length, whole)
            notes = tuple(replace(note, onset=note.onset + at) for at in copies for note in notes)
        return Track(row.role, notes, DEFAULT_PROGRAMS[row.role], _name(row))

    def _is_repeated(self, row: StemRow) -> bool:
        return self.start_of(row) == 0 and row.bars < self.bars and self.bars % row.bars == 0

    def with_notes(self, index: int, notes: tuple[Note, ...]) -> "Material":
        """Return it with the notes of one row, as they were laid, corrected by hand.

        A sound keeps what was corrected when its tempo or its window changes, a MIDI part until then.
        """
        row = self.rows[index]
        if row.stem is None or self._is_repeated(row):
            return self.with_row(index, replace(row, edited=notes))
        return self.with_row(index, self._corrected(row, row.stem, notes))

    def _corrected(self, row: StemRow, stem: HeardStem, notes: tuple[Note, ...]) -> StemRow:
        guess = guess_of(row.timing)
        start = self.start_of(row) * self.meter.ticks_per_bar
        end = start + self.bars * self.meter.ticks_per_bar
        shown = notes_in_ticks(stem.notes, guess)
        others = [note for note in shown if not start <= note.onset < end]
        new = [replace(note, onset=note.onset + start) for note in notes]
        before = [note for note in stem.notes if note.onset_seconds < guess.bar_one_seconds - 0.05]
        heard = tuple(sorted([*before, *notes_in_seconds([*others, *new], guess)]))
        return replace(row, notes=len(heard), stem=replace(stem, notes=heard))


def _common_meter(rows: tuple[StemRow, ...]) -> tuple[Meter, TimingSource]:
    """Return the meter that the producer set, else the first that a file names, else the one told most often."""
    by_source = {row.timing.meter_source: row.timing.meter for row in reversed(rows)}
    for source in (TimingSource.PRODUCER, TimingSource.FILE):
        if source in by_source:
            return by_source[source], source
    return Counter(row.told_meter for row in rows).most_common(1)[0][0], TimingSource.NOTES


def _name(row: StemRow) -> str:
    return "" if row.name.casefold() == row.role.value else row.name[:32]


def _cut(notes: tuple[Note, ...], start: int, length: int) -> tuple[Note, ...]:
    """Return the notes of a stretch, counted from its start and cut where it ends."""
    return tuple(
        replace(note, onset=note.onset - start, duration=min(note.duration, start + length - note.onset))
        for note in notes
        if start <= note.onset < start + length
    )


def fullest_bar(rows: tuple[StemRow, ...], bars: int) -> int:
    """Return the first of every fourth bar from which on the most parts play within a window."""
    longest = max((len(row.bar_notes) for row in rows), default=0)

    def playing(first: int) -> int:
        return sum(any(row.bar_notes[first : first + bars]) for row in rows if row.bar_notes)

    return max(range(0, max(longest - bars + 1, 1), 4), key=playing, default=0)
