"""A sound file as a part: which notes were heard, and the tempo and the key they are in."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from engine.audio.decoding import decode
from engine.audio.drums import hear_drums
from engine.audio.onsets import band_magnitudes, begins_amid, envelope_peaks, onset_envelope
from engine.audio.pitched import BASS_RULES, POLYPHONIC_RULES, PitchRules, hear_pitches
from engine.audio.reading import Sound, peaks, read_sound
from engine.errors import NothingHeardError
from engine.midi.roles import role_of_name
from engine.music.analysis import pitch_class_weights, recognise_key
from engine.music.general_midi import Role
from engine.music.harmony import Key
from engine.music.heard import HeardNote, HeardStem, TempoGuess, notes_in_ticks, played
from engine.music.loop import Track
from engine.music.tempo import DEFAULT_TEMPO_BPM, find_timing
from engine.music.timing import Meter, seconds_from_ticks

_PEAKS_A_SECOND = 60
_FEWEST_PEAKS, _MOST_PEAKS = 1200, 60_000
_READING = 0.1  # share of the work that reading is
_EXPORTED_NATS, _AMID_NATS = 3.0, 1.0  # that a sound begins with a bar: stems do, and some loops cut out of songs
_EARLY_SECONDS = 0.06  # what begins this much before the file begins with it
_AT_ONCE_SECONDS = 0.02  # so soon after the file's start is at it, as it is heard

MONO_RULES = PitchRules(POLYPHONIC_RULES.weights, lowest=36, is_mono=True)
_RULES: dict[Role, PitchRules] = {Role.BASS: BASS_RULES, Role.VOICE: MONO_RULES, Role.LEAD: MONO_RULES}


def sounding_role(sound: Sound) -> Role:
    """Return what a stem plays by its sound: drums, bass or keys."""
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
    meter: Meter | None = None,
    start_seconds: float = 0.0,
    end_seconds: float | None = None,
    progress: Callable[[float], None] | None = None,
    threads: int = 0,
) -> HeardStem:
    """Hear a sound file, or a stretch of it.

    Args:
        path: The file.
        role: What it plays; None to go by its name and sound.
        tempo_bpm: Where it is known.
        meter: Of its bars; None to tell it from the notes.
        start_seconds: Where the stretch begins; times of notes count from there.
        end_seconds: Where it ends; None for the file's end.
        progress: Told the share that is done; may raise to stop.
        threads: Of the network; 0 = as many as fits beside a DAW.

    Raises:
        AudioFileError: The file cannot be read, or nothing was heard.
        EngineError: The audio extra is missing.
    """
    told = progress or (lambda _: None)
    sound = read_sound(
        path,
        start_seconds=start_seconds,
        end_seconds=end_seconds,
        progress=lambda done: told(_READING * done),
    )
    return heard(
        sound,
        path.name,
        role=role,
        tempo_bpm=tempo_bpm,
        meter=meter,
        progress=lambda done: told(_READING + (1 - _READING) * done),
        threads=threads,
    )


def heard(
    sound: Sound,
    name: str,
    *,
    role: Role | None = None,
    tempo_bpm: float | None = None,
    meter: Meter | None = None,
    progress: Callable[[float], None] | None = None,
    threads: int = 0,
) -> HeardStem:
    """Hear a sound in memory; see `transcribe`."""
    told_role = role or role_of_name(Path(name).stem)
    role = told_role or sounding_role(sound)
    if role is Role.DRUMS:
        notes = hear_drums(sound.samples)
    else:
        sounding, beginning = hear_pitches(sound.samples, progress, threads=threads)
        notes = decode(sounding, beginning, sound.samples, _RULES.get(role, POLYPHONIC_RULES))
    if progress is not None:
        progress(1.0)
    if not notes:
        raise NothingHeardError(f"No {role.value} notes were heard in {name}.", "Choose another role, or leave it out.")
    strokes = hear_drums(sound.samples) if told_role is None and role is not Role.DRUMS else ()
    key = None if role is Role.DRUMS else _key_of(notes)
    count = min(max(round(sound.seconds * _PEAKS_A_SECOND), _FEWEST_PEAKS), _MOST_PEAKS)
    untimed = TempoGuess(DEFAULT_TEMPO_BPM, 0.0, 0.0)
    stem = HeardStem(
        name, role, notes, sound.seconds, untimed, key, peaks(sound.samples, count), strokes, begins_amid(sound.samples)
    )
    return replace(stem, tempo=common_tempo([stem], meter=meter, tempo_bpm=tempo_bpm))


def _key_of(notes: tuple[HeardNote, ...]) -> Key | None:
    pitches = np.array([note.pitch for note in notes], np.int32)
    lengths = np.array([round(1000 * (note.end_seconds - note.onset_seconds)) for note in notes], np.int32)
    return recognise_key(pitch_class_weights(pitches, lengths))


def common_tempo(
    stems: Sequence[HeardStem], *, meter: Meter | None = None, tempo_bpm: float | None = None
) -> TempoGuess:
    """Tell tempo, meter and bar 1 of stems that were played together.

    Bar 1 lies before the sound, by up to `_EARLY_SECONDS`, only where what began with it is cut off.
    """
    parts = [part for stem in stems for part in ((stem.notes, stem.role is Role.DRUMS), (stem.strokes, True))]
    is_cut = any(stem.begins_amid for stem in stems)
    notes = played(parts)
    found = find_timing(notes, meter=meter, bpm=tempo_bpm, begin_nats=_AMID_NATS if is_cut else _EXPORTED_NATS)
    bar_one = found.bar_one_seconds
    if bar_one < -_EARLY_SECONDS:
        bar_one += seconds_from_ticks(found.meter.ticks_per_bar, found.bpm)
    elif bar_one < 0 and not is_cut and notes.onset[0] < _AT_ONCE_SECONDS:
        bar_one = 0.0
    return replace(found, bar_one_seconds=round(bar_one, 4))


def as_track(heard: HeardStem, *, role: Role | None = None, tempo: TempoGuess | None = None) -> Track:
    """Return the whole of it as one part, in ticks from bar 1."""
    return Track(role or heard.role, notes_in_ticks(heard.notes, tempo or heard.tempo))
