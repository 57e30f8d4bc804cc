"""Loops as sound, with a SoundFont: for auditioning and for WAV files.

Every note starts at its exact sample, counted from the beginning of the first pass, so that many passes keep
the tempo and the seam is as tight as any other bar line; what still rings when a pass ends rings on into the
next, and after the last one until it is silent.

Unusual: each part has a synthesizer of its own and the mix is their sum. Parts never fight over channels, and
stems always add up to the mix.
"""

import importlib.util
import os
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tinysoundfont
from numpy.typing import NDArray

from engine.errors import SoundError
from engine.music.general_midi import DEFAULT_PROGRAMS, DRUM_CHANNEL
from engine.music.loop import Loop, Track
from engine.music.timing import PPQ
from engine.resources import assets_folder

SOUNDFONT_VARIABLE = "TURNAROUND_SOUNDFONT"
DEFAULT_SAMPLE_RATE = 44_100
MAX_TAIL_SECONDS = 8.0
PART_GAIN_DB = -6.0
CEILING = 0.98  # of full scale; louder mixes are turned down as a whole
_SILENCE = 1e-4  # -80 dB
_TAIL_BLOCK_SECONDS = 0.25

Audio = NDArray[np.float32]  # [samples, 2], full scale is 1


@dataclass(frozen=True, slots=True, order=True)
class _Event:
    """A note begins or ends. Ends sort before beginnings of the same sample."""

    sample: int
    is_on: bool
    pitch: int
    velocity: int


def default_soundfont() -> Path:
    """Return the SoundFont to use: the one the environment names, the frozen build's, or the one pretty_midi brings.

    Raises:
        SoundError: There is none.
    """
    if named := os.environ.get(SOUNDFONT_VARIABLE):
        return Path(named)
    for font in sorted(assets_folder().glob("sounds/*.sf2")):
        return font
    package = importlib.util.find_spec("pretty_midi")  # finds it without importing it
    for folder in (package.submodule_search_locations or ()) if package else ():
        for font in sorted(Path(folder).glob("*.sf2")):
            return font
    raise SoundError("No SoundFont was found.", f"Choose one in the settings or name one in {SOUNDFONT_VARIABLE}.")


def render_loop(
    loop: Loop, *, passes: int = 1, sample_rate: int = DEFAULT_SAMPLE_RATE, soundfont: Path | None = None
) -> Audio:
    """Render a loop, played one or more times, and its last tail.

    Args:
        loop: What to play.
        passes: How many times, 1 or more.
        sample_rate: In Hz.
        soundfont: A .sf2 or .sf3 file; None for the default.

    Returns:
        float32 [n, 2]; never above full scale.

    Raises:
        SoundError: The SoundFont is missing or cannot be read.
    """
    parts = render_parts(loop, passes=passes, sample_rate=sample_rate, soundfont=soundfont)
    mix = np.zeros_like(parts[0])
    for part in parts:
        mix += part
    return mix


def render_parts(
    loop: Loop, *, passes: int = 1, sample_rate: int = DEFAULT_SAMPLE_RATE, soundfont: Path | None = None
) -> tuple[Audio, ...]:
    """Render each part alone, as `render_loop` mixes them: their sum is the mix.

    Returns:
        One float32 [n, 2] a part, all of one length; one silent array for a loop without parts.

    Raises:
        ValueError: `passes` is below 1.
        SoundError: The SoundFont is missing or cannot be read.
    """
    if passes < 1:
        raise ValueError(f"a loop cannot be played {passes} times")
    font = soundfont or default_soundfont()
    length = sample_of_tick(passes * loop.length, loop.tempo_bpm, sample_rate)
    rendered = [
        np.concatenate(list(part_pieces(track, loop, passes=passes, sample_rate=sample_rate, font=font)))
        for track in loop.tracks
    ]
    longest = max([length, *map(len, rendered)])
    parts = [np.pad(audio, ((0, longest - len(audio)), (0, 0))) for audio in rendered]
    parts = parts or [np.zeros((longest, 2), dtype=np.float32)]
    # One gain for all: the mix and every stem stay below full scale, and still add up.
    peak = max(float(np.abs(audio).max(initial=0.0)) for audio in (np.sum(parts, axis=0), *parts))
    gain = np.float32(min(1.0, CEILING / peak) if peak else 1.0)
    return tuple(audio * gain for audio in parts)


def sample_of_tick(tick: int, tempo_bpm: float, sample_rate: int) -> int:
    """Return the sample at which a tick falls, counted from the start of the first pass."""
    return round(tick * 60 * sample_rate / (PPQ * tempo_bpm))


def write_wav(path: str | Path, audio: Audio, sample_rate: int, *, bits: int = 16) -> None:
    """Write a WAV file, replacing what is there; it appears whole or not at all.

    Args:
        path: Where; the folder must exist.
        audio: float32 [n, 2]; what exceeds full scale is clipped.
        sample_rate: In Hz.
        bits: 16 or 24 a sample.

    Raises:
        ValueError: `bits` is neither.
        SoundError: The file cannot be written.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    frames = _pcm(audio, bits)
    try:
        with temporary.open("wb") as raw, wave.open(raw) as file:
            file.setnchannels(audio.shape[1])
            file.setsampwidth(bits // 8)
            file.setframerate(sample_rate)
            file.writeframes(frames)
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise SoundError(f"{path.name} cannot be written: {error.strerror or error}.") from error


def _pcm(audio: Audio, bits: int) -> bytes:
    if bits not in (16, 24):
        raise ValueError(f"WAV files are written with 16 or 24 bits, not {bits}")
    full_scale = (1 << (bits - 1)) - 1
    samples = np.rint(np.clip(audio, -1.0, 1.0).astype(np.float64) * full_scale).astype("<i4")
    if bits == 16:
        return samples.astype("<i2").tobytes()
    return samples.reshape(-1).view(np.uint8).reshape(-1, 4)[:, :3].tobytes()  # little-endian: the low three bytes


def part_pieces(track: Track, loop: Loop, *, passes: int, sample_rate: int, font: Path) -> Iterator[Audio]:
    """Render one part piece by piece: float32 [n, 2] for each pass, then what rings on, in some more pieces.

    Raises:
        SoundError: The SoundFont is missing or cannot be read.
    """
    channel = DRUM_CHANNEL if track.is_drums else 0
    synth = _synth(track, channel, sample_rate, font)
    now = 0
    for number in range(1, passes + 1):
        pieces: list[Audio] = []
        for event in _events(track, loop, number - 1, sample_rate):
            pieces.append(_generate(synth, event.sample - now))
            now = max(now, event.sample)
            if event.is_on:
                synth.noteon(channel, event.pitch, event.velocity)
            else:
                synth.noteoff(channel, event.pitch)
        end = sample_of_tick(number * loop.length, loop.tempo_bpm, sample_rate)
        pieces.append(_generate(synth, end - now))
        now = max(now, end)
        yield np.concatenate(pieces)
    yield from _tail(synth, sample_rate)


def _events(track: Track, loop: Loop, number: int, sample_rate: int) -> list[_Event]:
    """Return when the notes of a part begin and end in one of the passes, in the order to play them."""
    start = number * loop.length

    def sample(tick: int) -> int:
        return sample_of_tick(start + tick, loop.tempo_bpm, sample_rate)

    events: list[_Event] = []
    for note in track.notes:
        onset, end = sample(note.onset), sample(note.end)
        events.append(_Event(onset, True, note.pitch, note.velocity))
        events.append(_Event(max(end, onset + 1), False, note.pitch, 0))
    return sorted(events)


def load_soundfont(font: Path, sample_rate: int, gain_db: float) -> tinysoundfont.Synth:
    """Return a synthesizer that plays a SoundFont.

    Raises:
        SoundError: The SoundFont is missing or cannot be read.
    """
    synth = tinysoundfont.Synth(gain=gain_db, samplerate=sample_rate)
    try:
        data = font.read_bytes()
    except OSError as error:
        raise SoundError(f"The SoundFont {font.name} cannot be read: {error.strerror or error}.") from error
    try:
        synth.sfload(data)
    except (RuntimeError, tinysoundfont.SoundFontException) as error:
        raise SoundError(f"{font.name} is not a SoundFont.", "Choose a .sf2 or .sf3 file.") from error
    return synth


def program_of(track: Track) -> int:
    """Return the General MIDI program that a part sounds with."""
    return DEFAULT_PROGRAMS[track.role] if track.program is None else track.program


def _synth(track: Track, channel: int, sample_rate: int, font: Path) -> tinysoundfont.Synth:
    synth = load_soundfont(font, sample_rate, PART_GAIN_DB)
    program = program_of(track)
    try:
        synth.program_change(channel, program, track.is_drums)
    except (RuntimeError, tinysoundfont.SoundFontException):
        _choose_any_sound(synth, channel, font)
    return synth


def _choose_any_sound(synth: tinysoundfont.Synth, channel: int, font: Path) -> None:
    """Take the font's first sound where it lacks the one wanted."""
    try:
        synth.program_change(channel, 0, channel == DRUM_CHANNEL)
    except (RuntimeError, tinysoundfont.SoundFontException) as error:
        raise SoundError(f"{font.name} has no sound for this part.", "Choose a General MIDI SoundFont.") from error


def _generate(synth: tinysoundfont.Synth, samples: int) -> Audio:
    if samples <= 0:
        return np.zeros((0, 2), dtype=np.float32)
    return np.frombuffer(synth.generate_simple(samples), dtype=np.float32).reshape(-1, 2)


def _tail(synth: tinysoundfont.Synth, sample_rate: int) -> Iterator[Audio]:
    """Let the last notes ring until they are silent."""
    block = round(_TAIL_BLOCK_SECONDS * sample_rate)
    for _ in range(round(MAX_TAIL_SECONDS / _TAIL_BLOCK_SECONDS)):
        piece = _generate(synth, block)
        if float(np.abs(piece).max()) <= _SILENCE:
            break
        yield piece
