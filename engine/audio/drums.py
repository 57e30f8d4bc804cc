"""Drum stems as strokes: onsets of the sound, each judged by its spectrum.

Every beginning in the sound is a candidate for each kind of drum. Of it are measured: how much each of twelve bands
grows, absolutely and beside the strongest strokes of the stem (what tells a kick under a hat from a hat alone), what
sounded there just before, how bands die away over three quarters of a second (what tells a closed hat from an open one,
a tom from a kick, a cymbal from both) and how near the strokes beside it are. A small network decides; several may
sound at once. It was fitted on rendered train-split music by `benchmarks/fit_transcription.py`.
"""

from enum import Enum
from functools import cache

import numpy as np
import numpy.typing as npt

from engine.audio.onsets import HOPS_A_SECOND, Bands, band_magnitudes, envelope_peaks, onset_envelope
from engine.audio.reading import Samples
from engine.music.heard import HeardNote
from engine.resources import asset

Table = npt.NDArray[np.float64]


class Drum(Enum):
    """A kind of drum, and the General MIDI key that it is written as."""

    KICK = 36
    SNARE = 38
    CLOSED_HAT = 42
    OPEN_HAT = 46
    TOM = 45
    CYMBAL = 49


# What else the General MIDI map calls the same kind.
KEYS_OF_DRUM: dict[Drum, frozenset[int]] = {
    Drum.KICK: frozenset({35, 36}),
    Drum.SNARE: frozenset({37, 38, 39, 40}),
    Drum.CLOSED_HAT: frozenset({42, 44}),
    Drum.OPEN_HAT: frozenset({46}),
    Drum.TOM: frozenset({41, 43, 45, 47, 48, 50}),
    Drum.CYMBAL: frozenset({49, 51, 52, 53, 55, 57, 59}),
}

_EDGES_HZ = (30.0, 60.0, 100.0, 160.0, 250.0, 400.0, 700.0, 1200.0, 2200.0, 4000.0, 6500.0, 9000.0, 10900.0)
_STROKE_SECONDS = 0.05
_LEAST_ONSET = 0.06
_SOUND_SECONDS = 0.03
_BEFORE_FRAMES = (4, 5, 6, 7)
_LATER_SECONDS = (0.05, 0.1, 0.18, 0.3, 0.5, 0.75)
_DYING_BANDS, _STANDING_BANDS = (1, 4, 7, 8, 9, 10, 11), (4, 7, 8, 9, 10, 11)
_LONGEST_GAP_SECONDS = 0.8


def hear_drums(samples: Samples, *, least: float = 0.5) -> tuple[HeardNote, ...]:
    """Return the strokes of a drum stem, sorted.

    Args:
        samples: float32 [n] at `MODEL_RATE`.
        least: Least likelihood of a stroke.
    """
    frames, table = drum_features(samples)
    heard: list[HeardNote] = []
    if not len(frames):
        return ()
    likely = _likely(table)
    loudness = _velocities(table)
    for row, frame in enumerate(frames.tolist()):
        chances = likely[row].copy()
        hats = [list(Drum).index(Drum.CLOSED_HAT), list(Drum).index(Drum.OPEN_HAT)]
        chances[min(hats, key=lambda hat: chances[hat])] = 0.0  # a hat is open or closed
        for drum, chance in zip(Drum, chances.tolist(), strict=True):
            if chance >= least:
                onset = frame / HOPS_A_SECOND
                heard.append(HeardNote(onset, drum.value, onset + _SOUND_SECONDS * 2, loudness[row], round(chance, 3)))
    return tuple(sorted(heard))


def drum_features(samples: Samples) -> tuple[npt.NDArray[np.int64], Table]:
    """Return the candidates of a stem: frames of their onsets [n], and what they are judged by, float64 [n, k]."""
    envelope = onset_envelope(samples)
    frames = envelope_peaks(envelope, least=_LEAST_ONSET, apart_frames=6)
    bands = band_magnitudes(samples, _EDGES_HZ)
    if not len(frames):
        return frames, np.zeros((0, 0))
    growth = _growth(bands, frames)
    strongest = np.percentile(growth, 95, axis=0) + 1e-9
    relative = np.log(np.maximum(growth / strongest, 1e-3))
    share = np.log(np.maximum(growth / (growth.sum(axis=1, keepdims=True) + 1e-9), 1e-4))
    columns = [envelope[frames][:, None], relative, share, _around(bands, frames), _gaps(frames)]
    return frames, np.concatenate(columns, axis=1, dtype=np.float64)


def _growth(bands: Bands, frames: npt.NDArray[np.int64]) -> Table:
    """Return how much each band is louder within a stroke than just before it, [n, bands]."""
    reach = round(_STROKE_SECONDS * HOPS_A_SECOND)
    padded = np.pad(bands, ((8, reach + 2), (0, 0)))
    after = np.max([padded[frames + 8 + k] for k in range(reach)], axis=0)
    before = np.mean([padded[frames + 8 - k] for k in (4, 5, 6)], axis=0)
    return np.maximum(after - before, 0).astype(np.float64)


def _around(bands: Bands, frames: npt.NDArray[np.int64]) -> Table:
    """Return how loud bands are before a stroke and for a while after it, in nats, [n, k].

    Before it beside what is loud in this stem; later beside the stroke, and beside what was there before.
    """
    level = np.log(bands + 1e-6 * bands.max())
    early, late = max(_BEFORE_FRAMES), round(max(_LATER_SECONDS) * HOPS_A_SECOND) + 3
    padded = np.pad(level, ((early, late), (0, 0)), mode="edge")
    begin = frames + early
    top = np.max([padded[begin + k] for k in range(9)], axis=0)
    before = np.mean([padded[begin - k] for k in _BEFORE_FRAMES], axis=0)
    found = [before - np.percentile(level, 98, axis=0)]
    for seconds in _LATER_SECONDS:
        at = begin + round(seconds * HOPS_A_SECOND)
        later = np.mean([padded[at + k] for k in (-2, -1, 0, 1, 2)], axis=0)
        found.append(np.clip(later - top, -6, 1)[:, _DYING_BANDS])
        found.append(np.clip(later - before, -6, 6)[:, _STANDING_BANDS])
    return np.concatenate(found, axis=1)


def _gaps(frames: npt.NDArray[np.int64]) -> Table:
    """Return how far the strokes before and after each are, in nats, [n, 2]."""
    between = np.minimum(np.diff(frames) / HOPS_A_SECOND, _LONGEST_GAP_SECONDS)
    gaps = np.concatenate([[_LONGEST_GAP_SECONDS], between, [_LONGEST_GAP_SECONDS]])
    return np.log(np.stack([gaps[:-1], gaps[1:]], axis=1) + 0.01)


def _likely(table: Table) -> Table:
    """Return how likely each kind of drum is struck, [n, `Drum`]."""
    inner, outer = _weights()
    units = np.tanh(table @ inner[:-1] + inner[-1])
    return 1 / (1 + np.exp(-(units @ outer[:-1] + outer[-1])))


@cache
def _weights() -> tuple[Table, Table]:
    with np.load(asset("drums", "weights.npz")) as file:
        return file["inner"].astype(np.float64), file["outer"].astype(np.float64)


def _velocities(table: Table) -> list[int]:
    """Return a velocity for each stroke from how strongly it begins."""
    strength = np.clip(table[:, 0], 0.02, 1.0)
    return [int(v) for v in np.rint(112 + 40 * np.log10(strength)).clip(20, 127)]
