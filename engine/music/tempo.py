"""Tempo and bar 1 of what was played or heard without a grid, told from when notes begin.

Regular onsets make lines in their spectrum: at the beat, at its half and quarter, at the bar. Strong lines and their
simple fractions are candidates for the beat; a candidate is judged by the lines at its multiples, for all notes, low
and long ones and each kind of drum, by its density of notes and by how usual its tempo is. The judgement is a small
network, fitted on songs whose beats are known, as they were written and as they are heard in sounds
(`benchmarks/fit_timing.py`).
"""

import numpy as np

from engine.music.bar_lines import likely_turns, slots_a_bar
from engine.music.heard import TempoGuess
from engine.music.judging import judged
from engine.music.loop import COMMON_TIME
from engine.music.meters import find_meter
from engine.music.played import CHANNELS, FloatArray, IntArray, PlayedNotes
from engine.music.slots import SLOTS, slots_of, turns
from engine.music.timing import Meter

DEFAULT_TEMPO_BPM = 120.0
LOWEST_BPM, HIGHEST_BPM = 50.0, 210.0
_FEWEST_ONSETS = 4
_RATE, _FINER = 100.0, 4  # onsets a second that the spectrum tells apart, and its lines are this much closer
_FIRST_SECONDS = 90.0
_LINES, _FRACTIONS = 14, (1, 2, 3, 4, 6, 8)
_SAME_TEMPO = 0.015
_MULTIPLES = (1 / 8, 1 / 4, 1 / 3, 1 / 2, 1, 3 / 2, 2, 3, 4, 6, 8)  # of the beat, at which lines are looked at
_MISSED_LINES = 0.4  # by which a candidate misses the beat
_USUAL_BPM = 112.0
_ROUND_LOSS = 0.01
_REACH_STEPS, _REACH = 50, 0.035  # how far from a candidate its tempo is sought, the latter as a share of it
_ON_LINE_SECONDS = 0.016  # what begins with a bar has its sixteenths this near, as they are heard
BEAT_FEATURES = CHANNELS * len(_MULTIPLES) + 5


def find_timing(
    notes: PlayedNotes, *, meter: Meter | None = None, bpm: float | None = None, begin_nats: float = 0.0
) -> TempoGuess:
    """Tell tempo, meter and bar 1.

    Args:
        notes: What was played; time 0 is where the file begins.
        meter: Of the bars, where it is known.
        bpm: The tempo, where it is known.
        begin_nats: How much likelier it is, as a logarithm, that time 0 is where a bar begins than it would be of any
            other moment: stems of a DAW begin so.

    Returns:
        The tempo, the begin of the bar that holds the first note, the meter, and other tempi, the likelier first.
    """
    if len(notes.onset) < _FEWEST_ONSETS:
        return TempoGuess(bpm or DEFAULT_TEMPO_BPM, 0.0, 0.0, meter=meter or COMMON_TIME)
    strength = notes.channels()[0]
    others: tuple[float, ...] = ()
    if bpm is None:
        bpms, features = beat_candidates(notes)
        order = np.argsort(-judged("beat", features), kind="stable")
        best = refined_bpm(notes.onset, strength, float(bpms[order[0]]))
        others = tuple(round(float(value), 2) for value in bpms[order[1:5]])
        bpm = _whole(notes.onset, strength, best)
    meter = meter or find_meter(notes, bpm)
    bar_one = _bar_one(notes, bpm, meter, begin_nats)
    confidence = float(np.abs(turns(notes.onset, strength, np.array([bpm / 60 * SLOTS])))[0])
    return TempoGuess(round(bpm, 2), round(bar_one, 4), round(confidence, 3), others, meter)


def _bar_one(notes: PlayedNotes, bpm: float, meter: Meter, begin_nats: float) -> float:
    slots, count = slots_of(notes, bpm), slots_a_bar(meter)
    prior = np.zeros(count)
    begin, rest = divmod(-slots.origin_seconds / slots.seconds + 0.5, 1.0)
    if abs(rest - 0.5) * slots.seconds < _ON_LINE_SECONDS:
        prior[int(begin) % count] = begin_nats
    turn = int(likely_turns(slots, meter, prior=prior).argmax())
    return slots.origin_seconds + (turn - count if turn else 0) * slots.seconds


def beat_candidates(notes: PlayedNotes) -> tuple[FloatArray, FloatArray]:
    """Return tempi that may be the beat's, [C], and what is judged of them, [C, `BEAT_FEATURES`]."""
    early = notes.onset - notes.onset[0] <= _FIRST_SECONDS
    times, weights = notes.onset[early] - notes.onset[0], notes.channels()[:, early]
    size = 1 << int(np.ceil(np.log2(_FINER * _RATE * (float(times[-1]) + 1))))
    place = np.rint(times * _RATE).astype(np.int64)
    trains = np.array([np.bincount(place, weights=row, minlength=size) for row in weights], np.float64)
    spectra = np.abs(np.fft.rfft(trains, axis=1)) / np.maximum(weights.sum(axis=1, keepdims=True), 1e-9)
    lines_a_hertz = size / _RATE
    bpms = _candidate_bpms(spectra[0], lines_a_hertz)
    where = bpms[:, None] / 60 * np.array(_MULTIPLES) * lines_a_hertz
    lines = _highest_near(spectra, np.rint(where).astype(np.int64))
    groups = 1 + int((np.diff(times) > 0.03).sum())
    per_beat = np.log2(groups / np.maximum(times[-1] * bpms / 60, 1.0))
    unusual = np.log2(bpms / _USUAL_BPM)
    rest = np.stack([unusual, unusual**2, np.abs(unusual), per_beat, per_beat**2], axis=1)
    return bpms, np.concatenate([lines.transpose(1, 0, 2).reshape(len(bpms), -1), rest], axis=1)


def _highest_near(spectra: FloatArray, lines: IntArray) -> FloatArray:
    """Return the height of each channel's spectrum at some lines, [channels, C, multiples].

    The tempo of a candidate is as exact as the line that gave it; at its multiples it is that much further off.
    """
    reach = np.rint(np.array(_MULTIPLES) * _MISSED_LINES).astype(np.int64)
    heights = np.zeros((len(spectra), *lines.shape))
    for step in range(-int(reach.max()), int(reach.max()) + 1):
        here = spectra[:, np.clip(lines + step, 0, spectra.shape[1] - 1)]
        heights = np.maximum(heights, np.where(np.abs(step) <= reach, here, 0.0))
    return heights


def _candidate_bpms(spectrum: FloatArray, lines_a_hertz: float) -> FloatArray:
    low, high = int(0.6 * lines_a_hertz), int(13 * lines_a_hertz)
    part = spectrum[low:high]
    peaks = np.flatnonzero((part[1:-1] >= part[:-2]) & (part[1:-1] > part[2:])) + 1
    strongest = peaks[np.argsort(-part[peaks])][:_LINES]
    hertz = (strongest + low) / lines_a_hertz
    bpms = (60 * hertz[:, None] / np.array(_FRACTIONS)).reshape(-1)
    bpms = bpms[(bpms >= LOWEST_BPM) & (bpms <= HIGHEST_BPM)]
    kept: list[float] = []
    for bpm in bpms.tolist():  # those of stronger lines come first
        if all(abs(bpm / other - 1) > _SAME_TEMPO for other in kept):
            kept.append(bpm)
    return np.array(kept or [DEFAULT_TEMPO_BPM])


def _grid_fit(times: FloatArray, weights: FloatArray, bpms: FloatArray) -> FloatArray:
    return sum((np.abs(turns(times, weights, bpms / 60 * multiple)) for multiple in (1, 2, 3, 4)), np.zeros(len(bpms)))


def refined_bpm(times: FloatArray, weights: FloatArray, bpm: float) -> float:
    """Return the tempo near `bpm` that the onsets fit best, sought on ever more of them so that no grid drifts."""
    length, whole = _FIRST_SECONDS / 4, float(np.ptp(times))
    while True:
        some = times - times[0] <= length
        if some.sum() >= _FEWEST_ONSETS:
            step = 60 / max(min(length, whole), 1.0) / 40  # an error of a fortieth of a beat over the stretch
            reach = min(_REACH_STEPS * step, _REACH * bpm)
            near = np.linspace(bpm - reach, bpm + reach, 2 * _REACH_STEPS + 1)
            bpm = float(near[np.argmax(_grid_fit(times[some], weights[some], near))])
        if length >= whole:
            return _in_line(times, weights, bpm)
        length *= 2


def _in_line(times: FloatArray, weights: FloatArray, bpm: float) -> float:
    """Return the tempo of the straight line through the onsets over their sixteenths, those far from it left out."""
    slot = 60 / bpm / SLOTS
    phase = float(np.angle(turns(times, weights, np.array([1 / slot]))[0])) / (2 * np.pi)
    place = times / slot - phase
    number = np.rint(place)
    weight = weights * (np.abs(place - number) < 0.3)
    if weight.sum() <= 0 or np.ptp(number[weight > 0]) < SLOTS:
        return bpm
    x, y = (values - np.average(values, weights=weight) for values in (number, times))
    return 60 / (float((weight * x * y).sum() / (weight * x * x).sum()) * SLOTS)


def _whole(times: FloatArray, weights: FloatArray, bpm: float) -> float:
    """Return a whole or half tempo where that costs nothing: most music is made at one."""
    for rounded in (float(round(bpm)), round(bpm * 2) / 2):
        own, other = _grid_fit(times, weights, np.array([bpm, rounded]))
        if abs(rounded - bpm) < 0.6 and other >= own * (1 - _ROUND_LOSS):
            return rounded
    return bpm
