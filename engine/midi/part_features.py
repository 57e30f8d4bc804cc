"""What the notes of a part are like, as numbers by which its role is told (`role_content`).

Some numbers compare a part with the others of its song: a bass is lowest of all, a lead mostly on top.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from engine.midi.song import Column, Table
from engine.music.timing import PPQ

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_TOGETHER_TICKS = PPQ // 16  # onsets that near are a chord
_NEAR_GRID_TICKS = PPQ // 24
_KIT: tuple[tuple[int, ...], ...] = ((35, 36), (38, 40), (42, 44, 46), (49, 51, 53, 57, 59), tuple(range(35, 60)))
_NOTE_COUNT, _CONTEXT_COUNT = 46, 7
FEATURES = _NOTE_COUNT + _CONTEXT_COUNT


def part_features(notes: Table, bar_starts: Table, *, drums: Sequence[bool]) -> FloatArray:
    """Return the features of all parts of a song, [parts, `FEATURES`].

    Args:
        notes: As `Song.notes`; a part without notes gets zeros.
        bar_starts: As `Song.bar_starts`.
        drums: Which parts are drums, one a part; the others are compared with each other.
    """
    parts = len(drums)
    table = np.zeros((parts, FEATURES))
    tracks = notes[:, Column.TRACK]
    for part in range(parts):
        mine = notes[tracks == part].astype(np.int64)
        if len(mine):
            table[part, :_NOTE_COUNT] = _note_features(mine, bar_starts)
    pitched = [part for part in range(parts) if not drums[part] and table[part].any()]
    if len(pitched) > 1:
        table[pitched, _NOTE_COUNT:] = _context_features(notes, pitched)
    return table


def _note_features(notes: IntArray, bar_starts: Table) -> list[float]:
    onset, duration, pitch, velocity = (
        notes[:, c] for c in (Column.ONSET, Column.DURATION, Column.PITCH, Column.VELOCITY)
    )
    heads = np.flatnonzero(np.append(True, np.diff(onset) > _TOGETHER_TICKS))  # the first note of each chord
    sizes = np.diff(np.append(heads, len(onset)))
    top = np.maximum.reduceat(pitch, heads)
    low = np.minimum.reduceat(pitch, heads)
    return [
        *_pitch_features(pitch),
        *_line_features(top),
        *_chord_features(sizes, top - low),
        *_length_features(onset[heads], duration, heads),
        *_time_features(onset[heads], bar_starts),
        float(velocity.mean()) / 127,
        float(velocity.std()) / 32,
    ]


def _pitch_features(pitch: IntArray) -> list[float]:
    share = np.bincount(pitch % 12, minlength=12) / len(pitch)
    entropy = -float((share * np.log2(np.maximum(share, 1e-9))).sum())
    kit = [float(np.isin(pitch, keys).mean()) for keys in _KIT]
    quantiles = np.quantile(pitch, (0.0, 0.1, 0.5, 0.9, 1.0)) / 64 - 1
    below = [float((pitch < limit).mean()) for limit in (36, 43, 48, 55, 60)]
    commonest = np.sort(np.bincount(pitch))[::-1]
    return [
        float(pitch.mean()) / 64 - 1,
        float(pitch.std()) / 12,
        *quantiles.tolist(),
        *below,
        float(np.log2(len(np.unique(pitch)))) / 4,
        entropy / 3.6,
        float(commonest[:2].sum()) / len(pitch),
        *kit,
    ]


def _line_features(top: IntArray) -> list[float]:
    steps = np.abs(np.diff(top))
    if not len(steps):
        return [0.0] * 6
    edges = ((0, 0), (1, 2), (3, 4), (5, 7), (12, 12), (13, 127))
    return [float(((steps >= low) & (steps <= high)).mean()) for low, high in edges]


def _chord_features(sizes: IntArray, spans: IntArray) -> list[float]:
    return [
        float(sizes.mean()) / 3,
        float((sizes >= 2).mean()),
        float((sizes >= 3).mean()),
        float(spans.mean()) / 12,
    ]


def _length_features(starts: IntArray, duration: IntArray, heads: IntArray) -> list[float]:
    quarters = duration / PPQ
    lengths = np.log2(np.maximum(quarters, 1 / 64))
    gaps = np.diff(starts)
    held = np.minimum(duration[heads[:-1]] / np.maximum(gaps, 1), 2) if len(gaps) else np.ones(1)
    return [
        float(np.median(lengths)) / 3,
        float(lengths.std()) / 2,
        float((quarters < 0.2).mean()),
        float((quarters >= 1).mean()),
        float((quarters >= 3).mean()),
        float(np.median(held)),
        float(held.std()),
    ]


def _time_features(starts: IntArray, bar_starts: Table) -> list[float]:
    bars = max(len(bar_starts) - 1, 1)
    bar = np.clip(np.searchsorted(bar_starts, starts, side="right") - 1, 0, bars - 1)
    within = starts - bar_starts[bar]
    sounding = len(np.unique(bar))

    def on(unit: int, offset: int = 0) -> float:
        away = (within - offset + unit // 2) % unit - unit // 2
        return float((np.abs(away) <= _NEAR_GRID_TICKS).mean())

    return [
        float(np.log2(1 + len(starts) / sounding)) / 4,
        sounding / bars,
        float((within <= _NEAR_GRID_TICKS).mean()),
        on(PPQ),
        on(PPQ, PPQ // 2),
        on(PPQ // 2, PPQ // 4),
        on(PPQ // 3),
    ]


def _context_features(notes: Table, pitched: list[int]) -> FloatArray:
    """Compare parts, a row each: who is lower and higher on average, and who is lowest and highest at each beat."""
    beats = int(notes[:, Column.ONSET].max()) // PPQ + 1
    lowest = np.full((len(pitched), beats), 128)
    highest = np.full((len(pitched), beats), -1)
    means = np.zeros(len(pitched))
    for row, part in enumerate(pitched):
        mine = notes[notes[:, Column.TRACK] == part]
        beat = mine[:, Column.ONSET] // PPQ
        np.minimum.at(lowest[row], beat, mine[:, Column.PITCH])
        np.maximum.at(highest[row], beat, mine[:, Column.PITCH])
        means[row] = mine[:, Column.PITCH].mean()
    plays = highest >= 0
    at_once = plays & (plays.sum(axis=0) > 1)
    count = np.maximum(at_once.sum(axis=1), 1)
    others = len(pitched) - 1
    return np.stack(
        [
            np.ones(len(pitched)),
            (means[:, None] > means).sum(axis=1) / others,
            (means[:, None] < means).sum(axis=1) / others,
            (at_once & (lowest == lowest.min(axis=0))).sum(axis=1) / count,
            (at_once & (highest == highest.max(axis=0))).sum(axis=1) / count,
            plays.sum(axis=1) / max(int(plays.any(axis=0).sum()), 1),
            np.full(len(pitched), min(others, 10) / 10),
        ],
        axis=1,
    )
