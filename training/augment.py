"""Variations that leave music music: transposition, rotation, octaves, velocity, duration, tempo.

Rotation is for loops alone, and only by bar lines that no note crosses: it is what teaches the model that
the last bar leads to the first.
"""

from dataclasses import dataclass, replace

import numpy as np

from engine.music.general_midi import Role
from engine.representation.sheet import DURATION_TABLE, QUALITIES, Sheet, SheetNotes
from engine.representation.vocabulary import CHORD_NONE, DRUM_OFFSET, VELOCITIES


@dataclass(frozen=True, slots=True)
class AugmentConfig:
    """How much music is varied.

    Attributes:
        transpose_semitones: Furthest transposition up or down.
        octave_share: Share of pitched parts that move by an octave.
        velocity_share: Share of windows whose velocities are shifted or scaled.
        velocity_bins: Furthest shift.
        duration_share: Share of pitched parts whose notes are made one or two bins shorter.
        tempo_percent: Largest change of tempo.
    """

    transpose_semitones: int = 6
    octave_share: float = 0.06
    velocity_share: float = 0.5
    velocity_bins: int = 3
    duration_share: float = 0.06
    tempo_percent: float = 5.0


DEFAULT = AugmentConfig()


def augmented(sheet: Sheet, rng: np.random.Generator, *, is_loop: bool, config: AugmentConfig = DEFAULT) -> Sheet:
    """Return a random variation of a sheet, rotated too if it is a loop."""
    if is_loop and sheet.bars > 1:
        sheet = rotated(sheet, int(rng.integers(sheet.bars)))
    sheet = transposed(sheet, int(rng.integers(-config.transpose_semitones, config.transpose_semitones + 1)))
    notes = sheet.notes
    for part, role in enumerate(sheet.roles):
        if role is Role.DRUMS:
            continue
        where = notes.track == part
        if rng.random() < config.octave_share:
            notes = _octave_shifted(notes, where, 12 if rng.random() < 0.5 else -12)
        if rng.random() < config.duration_share:
            shorter = np.maximum(notes.duration - int(rng.integers(1, 3)), 0)
            notes = replace(notes, duration=np.where(where, shorter, notes.duration).astype(np.int32))
    if rng.random() < config.velocity_share:
        shift = int(rng.integers(-config.velocity_bins, config.velocity_bins + 1))
        notes = replace(notes, velocity=np.clip(notes.velocity + shift, 0, VELOCITIES - 1).astype(np.int32))
    tempo = sheet.tempo_bpm * (1 + config.tempo_percent / 100 * rng.uniform(-1, 1))
    return replace(sheet, notes=notes, tempo_bpm=float(np.clip(tempo, 20, 400)))


def transposed(sheet: Sheet, semitones: int) -> Sheet:
    """Move pitched parts, chords and key; the other way or not at all where a note would leave the range."""
    pitched = sheet.notes.pitch < DRUM_OFFSET
    pitches = sheet.notes.pitch[pitched]
    for by in (semitones, -semitones, 0):
        if not len(pitches) or (pitches.min() + by >= 0 and pitches.max() + by < DRUM_OFFSET):
            break
    roots, qualities = np.divmod(sheet.chords - 2, len(QUALITIES))
    chords = np.where(sheet.chords > CHORD_NONE, 2 + (roots + by) % 12 * len(QUALITIES) + qualities, sheet.chords)
    notes = replace(sheet.notes, pitch=(sheet.notes.pitch + by * pitched).astype(np.int32))
    key = sheet.key.transposed(by) if sheet.key else None
    return replace(sheet, notes=notes, chords=chords.astype(np.int32), key=key)


def rotated(sheet: Sheet, bars: int) -> Sheet:
    """Begin `bars` bars later, if no note crosses that bar line; else return the sheet unchanged."""
    notes = sheet.notes
    cut = bars * sheet.meter.steps_per_bar
    start = notes.bar * sheet.meter.steps_per_bar + notes.position
    pitched = notes.pitch < DRUM_OFFSET
    if (pitched & (start < cut) & (start + DURATION_TABLE[notes.duration] > cut)).any():
        return sheet
    turned = replace(notes, bar=((notes.bar - bars) % sheet.bars).astype(np.int32))
    turned = turned.take(np.lexsort((turned.pitch, turned.position, turned.bar, turned.track)))
    return replace(sheet, notes=turned, chords=np.roll(sheet.chords, -bars, axis=0))


def _octave_shifted(notes: SheetNotes, where: np.ndarray, by: int) -> SheetNotes:
    moved = notes.pitch[where] + by
    if not len(moved) or moved.min() < 0 or moved.max() >= DRUM_OFFSET:
        return notes
    pitch = notes.pitch.copy()
    pitch[where] = moved
    return replace(notes, pitch=pitch)
