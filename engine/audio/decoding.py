"""Which notes the activations of the pitch network mean.

Every peak of the onset activation is a candidate. It is moved to where the sound itself begins near by, and judged by
thirteen things that can be measured of it: how strong it is, how long, whether the sound grows there, and what sounds
an octave, a twelfth … below and above. The judgement is a logistic regression, one for basses and one for all else;
its weights were set on rendered train-split music by `benchmarks/fit_transcription.py`. A bass, a voice and a lead
play one note at a time.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.audio.onsets import HOPS_A_SECOND, Envelope, onset_envelope
from engine.audio.pitched import FRAMES_A_SECOND, KEYS, LOWEST_KEY, Activations, PitchRules
from engine.audio.reading import MODEL_RATE, Samples
from engine.music.heard import HeardNote

FEATURES = 13
_OVERTONES = (12, 19, 24, 28, 31, 36)  # semitones above the fundamental
_TOGETHER_SECONDS = 0.06
_SNAP_SECONDS = 0.06
_LOUD_SECONDS = 0.08
_RANGE_DB = 36.0
_FRAMES_A_HOP = FRAMES_A_SECOND / HOPS_A_SECOND


@dataclass(frozen=True, slots=True)
class Candidate:
    """What may be a note: frames of the network, index of its key, and the features it is judged by."""

    start: int
    key: int
    end: int
    onset_seconds: float
    peak: float
    level: float
    growth: float


def decode(sounding: Activations, beginning: Activations, samples: Samples, rules: PitchRules) -> tuple[HeardNote, ...]:
    """Return the notes of a pitched stem, sorted.

    Args:
        sounding: How likely each key sounds, float32 [frames, 88].
        beginning: How likely each key begins, float32 [frames, 88].
        samples: float32 [n] at `MODEL_RATE`.
        rules: What makes a note.
    """
    found = candidates(sounding, beginning, onset_envelope(samples), rules)
    if not found:
        return ()
    likely = 1 / (1 + np.exp(-(features(found, sounding) @ np.array(rules.weights))))
    judged = [(c, float(p)) for c, p in zip(found, likely, strict=True) if p >= rules.least]
    if rules.is_mono:
        judged = _one_at_a_time(judged)
    judged = [(c, p) for c, p in judged if c.end - c.start >= rules.shortest_frames]
    loud = _velocities(samples, [c.onset_seconds for c, _ in judged])
    return tuple(
        sorted(
            HeardNote(
                c.onset_seconds,
                c.key + LOWEST_KEY,
                max(c.end / FRAMES_A_SECOND, c.onset_seconds + 0.03),
                velocity,
                round(p, 3),
            )
            for (c, p), velocity in zip(judged, loud, strict=True)
        )
    )


def candidates(sounding: Activations, beginning: Activations, envelope: Envelope, rules: PitchRules) -> list[Candidate]:
    """Return every onset peak in range, moved to the sound's own beginning, and how long its key sounds on."""
    found: list[Candidate] = []
    for key in range(max(rules.lowest - LOWEST_KEY, 0), min(rules.highest - LOWEST_KEY + 1, KEYS)):
        onset = beginning[:, key]
        starts = _peaks(onset, rules.onset, rules.apart_frames)
        ends = _ends(sounding[:, key] >= rules.frame, starts, rules.gap_frames)
        for start, end in zip(starts.tolist(), ends, strict=True):
            seconds, growth = _snapped(envelope, _refined(onset, start) / FRAMES_A_SECOND)
            level = float(sounding[start : max(end, start + 1), key].mean())
            found.append(Candidate(start, key, end, seconds, float(onset[start]), level, growth))
    return sorted(found, key=lambda c: (c.onset_seconds, c.key))


def features(found: list[Candidate], sounding: Activations) -> npt.NDArray[np.float64]:
    """Return what candidates are judged by, float64 [n, FEATURES]."""
    times = np.array([c.onset_seconds for c in found])
    table = np.zeros((len(found), FEATURES))
    for index, c in enumerate(found):
        first, last = np.searchsorted(times, (c.onset_seconds - _TOGETHER_SECONDS, c.onset_seconds + _TOGETHER_SECONDS))
        near = [o for o in found[first:last] if o is not c]
        below = [o for o in near if c.key - o.key in _OVERTONES]
        above = [o for o in near if o.key - c.key in _OVERTONES]
        before = sounding[max(c.start - 6, 0) : max(c.start - 2, 0)]
        ringing = [float(before[:, c.key - step].mean()) for step in _OVERTONES if len(before) and c.key >= step]
        table[index] = (
            1.0,
            c.peak,
            c.level,
            np.log(max(c.end - c.start, 1)),
            c.growth,
            float(bool(below)),
            max((o.peak - c.peak for o in below), default=0.0),
            max((o.level - c.level for o in below), default=0.0),
            max((o.peak - c.peak for o in above), default=-0.5),
            float(before[:, c.key].mean()) if len(before) else 0.0,
            max(ringing, default=0.0) - c.level,
            max((o.peak for o in near), default=c.peak) - c.peak,
            float(all(o.key > c.key for o in near)),
        )
    return table


def _peaks(row: npt.NDArray[np.float32], least: float, apart: int) -> npt.NDArray[np.int64]:
    """Return the frames of local maxima of at least `least`, the higher of two that are too near."""
    padded = np.pad(row, 1, constant_values=-1.0)
    frames = np.flatnonzero((row >= least) & (row > padded[:-2]) & (row >= padded[2:]))
    kept: list[int] = []
    for frame in frames.tolist():
        if kept and frame - kept[-1] <= apart:
            if row[frame] > row[kept[-1]]:
                kept[-1] = frame
        else:
            kept.append(frame)
    return np.array(kept, np.int64)


def _ends(is_on: npt.NDArray[np.bool_], starts: npt.NDArray[np.int64], gap: int) -> list[int]:
    """Return for each start the frame after the last active one, before a gap that is too long or the next start."""
    active = np.flatnonzero(is_on)
    ends: list[int] = []
    for index, start in enumerate(starts.tolist()):
        limit = int(starts[index + 1]) if index + 1 < len(starts) else len(is_on)
        run = active[np.searchsorted(active, start) : np.searchsorted(active, limit)]
        breaks = np.flatnonzero(np.diff(run, prepend=start) > gap)
        last = run[: breaks[0]] if len(breaks) else run
        ends.append(int(last[-1]) + 1 if len(last) else start + 1)
    return ends


def _refined(row: npt.NDArray[np.float32], frame: int) -> float:
    """Return where between the frames a peak lies: the top of the parabola through it and its neighbours."""
    if not 0 < frame < len(row) - 1:
        return float(frame)
    before, at, after = (float(x) for x in row[frame - 1 : frame + 2])
    bend = before - 2 * at + after
    return frame + (0.5 * (before - after) / bend if bend < -1e-6 else 0.0)


def _snapped(envelope: Envelope, seconds: float) -> tuple[float, float]:
    """Return where the sound begins near a time, nearer beginnings preferred, and how much it grows there."""
    centre = seconds * HOPS_A_SECOND
    reach = _SNAP_SECONDS * HOPS_A_SECOND
    first, last = max(int(centre - reach), 0), min(int(centre + reach) + 2, len(envelope))
    if first >= last:
        return seconds, 0.0
    away = (np.arange(first, last) - centre) / reach
    best = first + int(np.argmax(envelope[first:last] * (1 - 0.5 * away**2)))
    growth = float(envelope[best])
    return (best / HOPS_A_SECOND if growth > 0.12 else seconds), min(growth, 2.0)


def _one_at_a_time(judged: list[tuple[Candidate, float]]) -> list[tuple[Candidate, float]]:
    """Keep one note of those that begin together, the likeliest; end it where the next begins."""
    chosen: list[tuple[Candidate, float]] = []
    for c, p in judged:
        if chosen and c.onset_seconds - chosen[-1][0].onset_seconds <= _TOGETHER_SECONDS:
            if p > chosen[-1][1]:
                chosen[-1] = (c, p)
            continue
        chosen.append((c, p))
    cut: list[tuple[Candidate, float]] = []
    for index, (c, p) in enumerate(chosen):
        limit = chosen[index + 1][0].onset_seconds * FRAMES_A_SECOND if index + 1 < len(chosen) else c.end
        cut.append((Candidate(c.start, c.key, min(c.end, round(limit)), *_rest(c)), p))
    return cut


def _rest(c: Candidate) -> tuple[float, float, float, float]:
    return c.onset_seconds, c.peak, c.level, c.growth


def _velocities(samples: Samples, onsets: list[float]) -> list[int]:
    """Return a velocity for each onset from how loud it is beside the loudest: 36 dB below is soft, 20."""
    if not onsets:
        return []
    size = round(_LOUD_SECONDS * MODEL_RATE)
    energy = np.concatenate([[0.0], np.cumsum(samples.astype(np.float64) ** 2)])
    starts = np.minimum((np.array(onsets) * MODEL_RATE).astype(np.int64), len(samples) - 1)
    ends = np.minimum(starts + size, len(samples))
    decibels = 10 * np.log10((energy[ends] - energy[starts]) / np.maximum(ends - starts, 1) + 1e-12)
    softness = np.clip((np.percentile(decibels, 95) - decibels) / _RANGE_DB, 0.0, 1.0)
    return [int(v) for v in np.rint(112 - 92 * softness).clip(1, 127)]
