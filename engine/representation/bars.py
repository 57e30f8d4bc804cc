"""What the bar encoder reads: every bar of a sheet as a set of notes, all parts together.

The first row of a bar is its header: where the bar ends, and the tempo if it is told. Every other row is one note:
role, program, position, pitch, duration, velocity. Rows have no order; rows of zeros are padding. Microtiming is left
out: it says who played, not what.
"""

from enum import IntEnum

import numpy as np
import numpy.typing as npt

from engine.music.general_midi import ROLES
from engine.representation.controls import tempo_bin
from engine.representation.sheet import Sheet
from engine.representation.vocabulary import CONTROLS, DURATION_STEPS, PITCHES, POSITIONS, VELOCITIES

VERSION = 1
MAX_NOTES = 96  # of a bar with more, this many are kept, evenly over its notes
TEMPO_UNKNOWN = 1

BarTokens = npt.NDArray[np.int16]  # int16 [bars, 1 + notes, len(BarColumn)]


class BarColumn(IntEnum):
    """The columns of a row; id 0 means "does not apply" or "unknown"."""

    ROLE = 0
    PROGRAM = 1
    POSITION = 2
    PITCH = 3
    DURATION = 4
    VELOCITY = 5
    TEMPO = 6  # of headers alone: 1 unknown, else 2 + its bin


BAR_COLUMN_SIZES: tuple[int, ...] = (
    1 + len(ROLES),
    1 + 128,
    1 + POSITIONS,
    1 + 2 * PITCHES,
    1 + len(DURATION_STEPS),
    1 + VELOCITIES,
    2 + CONTROLS["tempo"].bins,
)
HEADER_COLUMNS = (BarColumn.POSITION, BarColumn.TEMPO)


def bar_tokens(sheet: Sheet, *, with_tempo: bool = False) -> BarTokens:
    """Return a sheet's bars as the encoder reads them.

    Args:
        sheet: Music in canonical form.
        with_tempo: Whether headers tell the tempo; else it is unknown.

    Returns:
        int16 [bars, 1 + n, 7], n the notes of the fullest bar, at most `MAX_NOTES`.
    """
    notes = sheet.notes
    order = np.lexsort((notes.pitch, notes.track, notes.position, notes.bar))
    bar = notes.bar[order]
    counts = np.bincount(bar, minlength=sheet.bars)
    kept = np.minimum(counts, MAX_NOTES)
    tokens = np.zeros((sheet.bars, 1 + int(kept.max(initial=0)), len(BarColumn)), np.int16)
    tokens[:, 0, BarColumn.POSITION] = sheet.meter.steps_per_bar
    tokens[:, 0, BarColumn.TEMPO] = 2 + tempo_bin(sheet.tempo_bpm) if with_tempo else TEMPO_UNKNOWN
    roles = np.array([1 + ROLES.index(role) for role in sheet.roles] + [0])
    programs = np.array([0 if program is None else 1 + program for program in sheet.programs] + [0])
    columns = np.stack(
        [
            roles[notes.track],
            programs[notes.track],
            notes.position + 1,
            notes.pitch + 1,
            notes.duration + 1,
            notes.velocity + 1,
            np.zeros(len(notes), np.int32),
        ],
        axis=1,
    )[order]
    starts = np.cumsum(counts) - counts
    for index, (start, count, size) in enumerate(zip(starts, counts, kept, strict=True)):
        chosen = start + np.linspace(0, count - 1, size).round().astype(np.int64) if size else np.zeros(0, np.int64)
        tokens[index, 1 : 1 + size] = columns[chosen]
    return tokens


def stacked(bars: list[BarTokens]) -> BarTokens:
    """Return bars of several sheets as one array, padded to the fullest."""
    longest = max(part.shape[1] for part in bars)
    out = np.zeros((sum(len(part) for part in bars), longest, len(BarColumn)), np.int16)
    at = 0
    for part in bars:
        out[at : at + len(part), : part.shape[1]] = part
        at += len(part)
    return out
