"""A sound file as a part: what was heard, the tempo it was heard in, and both as notes in ticks.

Notes are kept in seconds until tempo and bar 1 are settled; each then becomes a tick by one multiplication from bar 1,
so that nothing adds up to a drift. What lies between the grid's lines stays there: it is how it was played.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from engine.audio.decoding import decode
from engine.audio.drums import hear_drums
from engine.audio.onsets import band_magnitudes, envelope_peaks, onset_envelope
from engine.audio.pitched import BASS_RULES, POLYPHONIC_RULES, HeardNote, PitchRules, hear_pitches
from engine.audio.reading import Sound, peaks, read_sound
from engine.audio.tempo import TempoGuess, find_tempo
from engine.errors import AudioFileError
from engine.midi.roles import role_of_name
from engine.music.analysis import pitch_class_weights, recognise_key
from engine.music.general_midi import Role
from engine.music.harmony import Key
from engine.music.loop import COMMON_TIME, MAX_BARS, Loop, Note, Track, without_overlaps
from engine.music.timing import MAX_TEMPO_BPM, MIN_TEMPO_BPM, Meter, ticks_from_seconds

PEAKS = 1200
_SHORTEST_TICKS = 10

MONO_RULES = PitchRules(POLYPHONIC_RULES.weights, lowest=36, is_mono=True)
_RULES: dict[Role, PitchRules] = {Role.BASS: BASS_RULES, Role.VOICE: MONO_RULES, Role.LEAD: MONO_RULES}


@dataclass(frozen=True, slots=True, eq=False)
class Transcription:
    """What was heard in one sound file.

    Attributes:
        name: Of the file.
        role: What it plays, as told or guessed.
        notes: In seconds from the file's start, sorted.
        seconds: Length of the sound.
        tempo: Found or told.
        key: None for drums, or if nothing tells.
        peaks: float32 [PEAKS, 2], lowest and highest sample: its picture.
    """

    name: str
    role: Role
    notes: tuple[HeardNote, ...]
    seconds: float
    tempo: TempoGuess
    key: Key | None
    peaks: npt.NDArray[np.float32]


def guessed_role(name: str, sound: Sound) -> Role:
    """Return what a stem plays: as its name says, else drums or bass or keys as it sounds."""
    if (named := role_of_name(Path(name).stem)) is not None:
        return named
    some = sound.samples[: 20 * sound.rate]
    bands = band_magnitudes(some, (30.0, 260.0, 2000.0, 10_900.0)).mean(axis=0) * np.array([230, 1740, 8900])
    low, _, high = (float(x) for x in bands / max(float(bands.sum()), 1e-9))
    envelope = onset_envelope(some)
    sharp = float(np.mean(envelope < 0.05)) if len(envelope_peaks(envelope, least=0.1)) > 3 else 0.0
    if high > 0.45 and sharp > 0.4:
        return Role.DRUMS
    return Role.BASS if low > 0.5 else Role.KEYS


def transcribe(
    path: Path,
    *,
    role: Role | None = None,
    tempo_bpm: float | None = None,
    meter: Meter = COMMON_TIME,
    progress: Callable[[float], None] | None = None,
    threads: int = 0,
) -> Transcription:
    """Hear a sound file.

    Args:
        path: The file.
        role: What it plays; None to go by its name and sound.
        tempo_bpm: Where it is known.
        meter: In which bar 1 is sought.
        progress: Told the share that is done; may raise to stop.
        threads: Of the network; 0 = as many as fits beside a DAW.

    Raises:
        AudioFileError: The file cannot be read, or nothing was heard.
        EngineError: The audio extra is missing.
    """
    sound = read_sound(path)
    return heard(sound, path.name, role=role, tempo_bpm=tempo_bpm, meter=meter, progress=progress, threads=threads)


def heard(
    sound: Sound,
    name: str,
    *,
    role: Role | None = None,
    tempo_bpm: float | None = None,
    meter: Meter = COMMON_TIME,
    progress: Callable[[float], None] | None = None,
    threads: int = 0,
) -> Transcription:
    """Hear a sound in memory; see `transcribe`."""
    role = role or guessed_role(name, sound)
    if role is Role.DRUMS:
        notes = hear_drums(sound.samples)
    else:
        sounding, beginning = hear_pitches(sound.samples, progress, threads=threads)
        notes = decode(sounding, beginning, sound.samples, _RULES.get(role, POLYPHONIC_RULES))
    if progress is not None:
        progress(1.0)
    if not notes:
        raise AudioFileError(f"No {role.value} notes were heard in {name}.", "Choose another role, or leave it out.")
    tempo = find_tempo(notes, role, meter=meter, bpm=tempo_bpm)
    key = None if role is Role.DRUMS else _key_of(notes)
    return Transcription(name, role, notes, sound.seconds, tempo, key, peaks(sound.samples, PEAKS))


def _key_of(notes: tuple[HeardNote, ...]) -> Key | None:
    pitches = np.array([note.pitch for note in notes], np.int32)
    lengths = np.array([round(1000 * (note.end_seconds - note.onset_seconds)) for note in notes], np.int32)
    return recognise_key(pitch_class_weights(pitches, lengths))


def notes_in_ticks(notes: tuple[HeardNote, ...], tempo_bpm: float, bar_one_seconds: float) -> tuple[Note, ...]:
    """Return notes as ticks from bar 1, sorted; those that end before it are left out."""
    placed: list[Note] = []
    for note in notes:
        onset = round(ticks_from_seconds(note.onset_seconds - bar_one_seconds, tempo_bpm))
        end = round(ticks_from_seconds(note.end_seconds - bar_one_seconds, tempo_bpm))
        if -_SHORTEST_TICKS * 3 <= onset < 0:  # played a little early on the one
            onset = 0
        if onset >= 0:
            placed.append(Note(onset, note.pitch, max(end - onset, _SHORTEST_TICKS), note.velocity))
    return without_overlaps(placed)


def as_track(heard: Transcription, *, role: Role | None = None, tempo: TempoGuess | None = None) -> Track:
    """Return the whole of it as one part, in ticks from bar 1."""
    tempo = tempo or heard.tempo
    return Track(role or heard.role, notes_in_ticks(heard.notes, tempo.bpm, tempo.bar_one_seconds))


def as_loop(
    heard: Transcription,
    *,
    tempo: TempoGuess | None = None,
    meter: Meter = COMMON_TIME,
    first_bar: int = 0,
    bars: int | None = None,
) -> Loop:
    """Return up to 16 bars of it as a loop.

    Args:
        heard: What was heard.
        tempo: Corrected tempo and bar 1; None for those that were found.
        meter: Of its bars.
        first_bar: 0 for bar 1.
        bars: None for all there are, at most 16.

    Raises:
        AudioFileError: The tempo is out of range, or no note lies in these bars.
    """
    tempo = tempo or heard.tempo
    if not MIN_TEMPO_BPM <= tempo.bpm <= MAX_TEMPO_BPM:
        raise AudioFileError(f"{tempo.bpm:g} BPM is outside {MIN_TEMPO_BPM:g} to {MAX_TEMPO_BPM:g}.", "Correct it.")
    track = as_track(heard, tempo=tempo)
    start = first_bar * meter.ticks_per_bar
    left = [note for note in track.notes if note.onset >= start]
    if not left:
        raise AudioFileError(f"{heard.name} has no notes from bar {first_bar + 1} on.", "Choose an earlier bar.")
    heard_bars = -(-(left[-1].onset + 1 - start) // meter.ticks_per_bar)
    count = min(bars or heard_bars, MAX_BARS)
    length = count * meter.ticks_per_bar
    notes = [
        Note(n.onset - start, n.pitch, min(n.duration, start + length - n.onset), n.velocity)
        for n in left
        if n.onset < start + length
    ]
    if not notes:
        raise AudioFileError(f"{heard.name} has no notes in these bars.", "Choose others.")
    part = Track(track.role, tuple(notes), name=Path(heard.name).stem[:32])
    return Loop(meter=meter, tempo_bpm=tempo.bpm, bars=count, tracks=(part,), key=heard.key)
