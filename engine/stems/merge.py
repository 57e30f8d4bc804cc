"""Several stem files, one loop: the context that new parts are written for.

Stems exported from one project mostly agree; where a file says nothing (many carry no tempo, some no meter) the
others speak for it. Where two say different things nobody is believed: the producer is asked.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from engine.errors import MidiFileError, RequestError
from engine.jobs.material import TimingSource
from engine.midi import smf
from engine.midi.roles import told_roles
from engine.music.general_midi import Role
from engine.music.loop import COMMON_TIME, MAX_BARS, MAX_TRACKS, Loop, Note, Track
from engine.music.meters import find_meter
from engine.music.played import PlayedNotes
from engine.music.timing import Meter, seconds_from_ticks
from engine.stems.timing import found_timing, retimed

DEFAULT_TEMPO_BPM = 120.0
_STEADY_BPM = 120.0  # at which a meter is told from ticks
_SAME_TEMPO_BPM = 0.05  # files round their tempo


@dataclass(frozen=True, slots=True)
class Stem:
    """A file that the producer gives as context.

    Attributes:
        role: What it plays; its tracks become one part. None keeps the file's parts, each in its own role.
        path: A MIDI file.
    """

    role: Role | None
    path: Path


@dataclass(frozen=True, slots=True)
class MergedStems:
    """Stems laid on each other.

    Attributes:
        loop: All parts, in the order of the stems.
        notes_for_user: What was assumed, left out or repeated, a sentence each.
    """

    loop: Loop
    notes_for_user: tuple[str, ...]


def merge_stems(
    stems: Sequence[Stem], *, bars: int | None = None, meter: Meter | None = None, tempo_bpm: float | None = None
) -> MergedStems:
    """Read stems and lay them on each other.

    Args:
        stems: At least one.
        bars: Length of the loop, 1 to 16; None for that of the longest stem.
        meter: Overrules what the files say.
        tempo_bpm: Overrules what the files say.

    Returns:
        One loop. A stem that is shorter is repeated where its length divides the loop's, else followed by silence;
        one that is longer is cut.

    Raises:
        MidiFileError: A file cannot be read or holds no notes.
        RequestError: The stems contradict each other, or are too many.
    """
    if not stems:
        raise RequestError("There are no stems to merge.", "Name at least one file.")
    if bars is not None and not 1 <= bars <= MAX_BARS:
        raise RequestError(f"A loop has 1 to {MAX_BARS} bars, not {bars}.")
    said: list[str] = []
    results = [_read(stem, meter, tempo_bpm) for stem in stems]
    if meter is None:
        results, meter = _in_one_meter(stems, results, said, tempo_bpm)
    if tempo_bpm is None:
        tempo_bpm = _one_tempo(stems, results, said)
    length = bars or max(result.loop.bars for result in results)
    tracks: list[Track] = []
    for stem, result in zip(stems, results, strict=True):
        said.extend(f"{stem.path.name}: {sentence}" for sentence in result.dropped)
        parts = _parts(stem, result.loop, said)
        tracks.extend(_fitted(track, result.loop, length) for track in parts)
        _tell_fit(stem, result.loop.bars, length, said)
    if len(tracks) > MAX_TRACKS:
        raise RequestError(f"The stems hold {len(tracks)} parts; a loop has at most {MAX_TRACKS}.", "Leave some out.")
    loop = Loop(meter=meter, tempo_bpm=tempo_bpm, bars=length, tracks=tuple(tracks))
    return MergedStems(loop, tuple(said))


def _read(stem: Stem, meter: Meter | None, tempo_bpm: float | None) -> smf.ReadResult:
    """Read a stem; roles, tempo and bar 1 are told from its notes where the file says nothing of them."""
    whole = smf.read_whole(stem.path, meter=meter)
    roles = told_roles(whole.song)
    tracks = (replace(track, role=told.role) for track, told in zip(whole.song.tracks, roles, strict=True))
    whole = replace(whole, song=replace(whole.song, tracks=tuple(tracks)))
    timing = found_timing(whole.song, tempo_bpm=tempo_bpm)
    if timing.source is TimingSource.NOTES:
        sentence = f"{timing.tempo_bpm:.4g} BPM and bar 1 at {timing.bar_one_seconds:.2f} s were told from its notes."
        song, dropped = retimed(whole.song, timing), (*whole.dropped, sentence)
        whole = replace(whole, song=song, dropped=dropped, states_tempo=True)
    return smf.cut_loop(whole, stem.path.name)


def _in_one_meter(
    stems: Sequence[Stem], results: list[smf.ReadResult], said: list[str], tempo_bpm: float | None
) -> tuple[list[smf.ReadResult], Meter]:
    """Return the stems, bars counted in the one meter that those which name any agree on."""
    named = [(stem, result.loop.meter) for stem, result in zip(stems, results, strict=True) if result.states_meter]
    meters = list(dict.fromkeys(meter for _, meter in named))
    if len(meters) > 1:
        shown = [(stem, str(meter)) for stem, meter in named]
        raise _contradiction("are in different meters", shown, "Give the meter to use, or leave one out.")
    meter = meters[0] if meters else find_meter(_laid_together(results), _STEADY_BPM)
    if not meters:
        how = "assumed" if meter == COMMON_TIME else "told from the notes"
        said.append(f"No stem names its meter; {meter} was {how}.")
    counted = [
        result if result.loop.meter == meter else _read(stem, meter, tempo_bpm)
        for stem, result in zip(stems, results, strict=True)
    ]
    return counted, meter


def _laid_together(results: Sequence[smf.ReadResult]) -> PlayedNotes:
    """Return all notes on one grid, whatever the tempo of each stem."""
    return PlayedNotes.of_rows(
        (
            seconds_from_ticks(note.onset, _STEADY_BPM),
            seconds_from_ticks(note.duration, _STEADY_BPM),
            note.pitch,
            note.velocity,
            track.is_drums,
        )
        for result in results
        for track in result.loop.tracks
        for note in track.notes
    )


def _one_tempo(stems: Sequence[Stem], results: list[smf.ReadResult], said: list[str]) -> float:
    named = [(stem, result.loop.tempo_bpm) for stem, result in zip(stems, results, strict=True) if result.states_tempo]
    tempi = [tempo_bpm for _, tempo_bpm in named]
    if not tempi:
        said.append(f"No stem names its tempo; {DEFAULT_TEMPO_BPM:g} BPM was assumed.")
        return DEFAULT_TEMPO_BPM
    if max(tempi) - min(tempi) > _SAME_TEMPO_BPM:
        shown = [(stem, f"{tempo_bpm:g} BPM") for stem, tempo_bpm in named]
        raise _contradiction("have different tempi", shown, "Give the tempo to use, or leave one out.")
    return tempi[0]


def _contradiction(how: str, named: Sequence[tuple[Stem, str]], advice: str) -> RequestError:
    listed = ", ".join(f"{stem.path.name} {value}" for stem, value in named)
    return RequestError(f"The stems {how}: {listed}.", advice)


def _parts(stem: Stem, loop: Loop, said: list[str]) -> tuple[Track, ...]:
    """Return the parts of a stem; all as one where its role is given."""
    if not loop.note_count:
        raise MidiFileError(f"{stem.path.name} holds no notes.", "Export it again, or leave it out.")
    if stem.role is None:
        return loop.tracks
    wanted = [track for track in loop.tracks if track.is_drums == (stem.role is Role.DRUMS)] or list(loop.tracks)
    if others := len(loop.tracks) - len(wanted):
        kind = "pitched part" if stem.role is Role.DRUMS else "drum part"
        said.append(f"{stem.path.name}: left out {others} {kind}{'s' * (others > 1)} of a {stem.role.value} stem.")
    name = wanted[0].name if len(wanted) == 1 else ""
    program = wanted[0].program if len({track.program for track in wanted}) == 1 else None
    merged = Track(role=stem.role, program=program, name="" if name.casefold() == stem.role.value else name)
    return (merged.with_notes(note for track in wanted for note in track.notes),)


def _fitted(track: Track, loop: Loop, bars: int) -> Track:
    """Return a part repeated, padded or cut to `bars` bars."""
    length = bars * loop.meter.ticks_per_bar
    if bars < loop.bars:
        return track.with_notes(
            replace(note, duration=min(note.duration, length - note.onset)) for note in track.notes_between(0, length)
        )
    if bars % loop.bars:
        return track
    return replace(track, notes=tuple(_moved(note, s) for s in range(0, length, loop.length) for note in track.notes))


def _moved(note: Note, ticks: int) -> Note:
    return replace(note, onset=note.onset + ticks)


def _tell_fit(stem: Stem, stem_bars: int, bars: int, said: list[str]) -> None:
    if stem_bars > bars:
        said.append(f"{stem.path.name}: only {_bars(bars)} of {stem_bars} were taken.")
    elif bars % stem_bars:
        said.append(f"{stem.path.name}: its {_bars(stem_bars)} are followed by silence up to {_bars(bars)}.")
    elif bars > stem_bars:
        said.append(f"{stem.path.name}: its {_bars(stem_bars)} were repeated {bars // stem_bars} times.")


def _bars(count: int) -> str:
    return "1 bar" if count == 1 else f"{count} bars"
