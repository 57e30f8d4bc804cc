"""Tempo and bar 1 of notes that were played without a grid, told from when they begin.

Regular onsets make lines in their spectrum: at the beat, at its half and quarter, at the bar. Strong lines and their
simple fractions are candidates for the beat; a candidate is judged by the lines at its multiples, for all notes, kicks,
snares, cymbals, low and long notes each, by its density of notes and by how usual its tempo is. Bar 1 is judged by
what falls on the sixteenths of a bar, turned to each of them. Both judgements are small networks, fitted on songs whose
beats are known (`benchmarks/fit_timing.py`).
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from engine.music.heard import TempoGuess
from engine.music.loop import COMMON_TIME
from engine.music.timing import PPQ, Meter
from engine.resources import asset

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

DEFAULT_TEMPO_BPM = 120.0
LOWEST_BPM, HIGHEST_BPM = 50.0, 210.0
_FEWEST_ONSETS = 4
_RATE = 200.0  # of the spectrum, in Hz
_FIRST_SECONDS = 90.0
_LINES, _FRACTIONS = 14, (1, 2, 3, 4, 6, 8)
_SAME_TEMPO = 0.015
_MULTIPLES = (1 / 8, 1 / 4, 1 / 3, 1 / 2, 1, 3 / 2, 2, 3, 4, 6, 8)  # of the beat, at which lines are looked at
_USUAL_BPM = 112.0
_SPREAD_BEATS = 0.08
_ROUND_LOSS = 0.01
SLOTS = 4  # a quarter
CHANNELS = 6
BEAT_FEATURES = CHANNELS * len(_MULTIPLES) + 5
BAR_CHANNELS = CHANNELS + 2
_KICKS, _SNARES, _CYMBALS = (35, 36), (37, 38, 39, 40), (42, 44, 46, 49, 51, 52, 53, 55, 57, 59, 22, 26)


@dataclass(frozen=True, slots=True, eq=False)
class PlayedNotes:
    """Notes in seconds, by onset.

    Attributes:
        onset: float64 [N].
        duration: float64 [N], seconds.
        pitch: int64 [N].
        velocity: int64 [N].
        is_drum: bool [N].
    """

    onset: FloatArray
    duration: FloatArray
    pitch: IntArray
    velocity: IntArray
    is_drum: BoolArray

    def channels(self) -> FloatArray:
        """Return how much each note counts among all, kicks, snares, cymbals, low and long notes, [6, N]."""
        loud = (self.velocity / 127.0) ** 0.5
        pitched = ~self.is_drum
        low = np.percentile(self.pitch[pitched], 35) if pitched.any() else 0
        long = np.median(self.duration[pitched]) * 1.5 if pitched.any() else 0
        kinds = [np.isin(self.pitch, keys) & self.is_drum for keys in (_KICKS, _SNARES, _CYMBALS)]
        return loud * np.array(
            [np.ones(len(loud)), *kinds, pitched & (self.pitch <= low), pitched & (self.duration >= long)]
        )


def find_timing(notes: PlayedNotes, *, meter: Meter = COMMON_TIME, bpm: float | None = None) -> TempoGuess:
    """Tell tempo and bar 1.

    Args:
        notes: What was played; time 0 is where the file begins.
        meter: Of the bars.
        bpm: The tempo, where it is known; only bar 1 is sought then.

    Returns:
        The tempo, the begin of the bar that holds the first note, and other tempi, the likelier first.
    """
    if len(notes.onset) < _FEWEST_ONSETS:
        return TempoGuess(bpm or DEFAULT_TEMPO_BPM, 0.0, 0.0)
    channels = notes.channels()
    others: tuple[float, ...] = ()
    if bpm is None:
        bpms, features = beat_candidates(notes, channels)
        order = np.argsort(-_judged("beat", features), kind="stable")
        best = refined_bpm(notes.onset, channels[0], float(bpms[order[0]]))
        others = tuple(round(float(value), 2) for value in bpms[order[1:5]])
        bpm = _whole(notes.onset, channels[0], best)
    bar_one = _bar_one(notes, channels, bpm, meter)
    confidence = float(np.abs(_turns(notes.onset, channels[0], np.array([bpm / 60 * SLOTS])))[0])
    return TempoGuess(round(bpm, 2), round(bar_one, 4), round(confidence, 3), others)


# --- tempo ------------------------------------------------------------------------------------------------------


def beat_candidates(notes: PlayedNotes, channels: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return tempi that may be the beat's, [C], and what is judged of them, [C, `BEAT_FEATURES`]."""
    early = notes.onset - notes.onset[0] <= _FIRST_SECONDS
    times, weights = notes.onset[early] - notes.onset[0], channels[:, early]
    size = 1 << int(np.ceil(np.log2(8 * _RATE * (float(times[-1]) + 1))))
    place = np.rint(times * _RATE).astype(np.int64)
    trains = np.array([np.bincount(place, weights=row, minlength=size) for row in weights], np.float64)
    spectra = np.abs(np.fft.rfft(trains, axis=1)) / np.maximum(weights.sum(axis=1, keepdims=True), 1e-9)
    lines_a_hertz = size / _RATE
    bpms = _candidate_bpms(spectra[0], lines_a_hertz)
    where = bpms[:, None] / 60 * np.array(_MULTIPLES) * lines_a_hertz
    near = np.rint(where).astype(np.int64)
    lines = spectra[:, np.minimum(near, spectra.shape[1] - 1)]  # [channels, C, multiples]
    groups = 1 + int((np.diff(times) > 0.03).sum())
    per_beat = np.log2(groups / np.maximum(times[-1] * bpms / 60, 1.0))
    unusual = np.log2(bpms / _USUAL_BPM)
    rest = np.stack([unusual, unusual**2, np.abs(unusual), per_beat, per_beat**2], axis=1)
    return bpms, np.concatenate([lines.transpose(1, 0, 2).reshape(len(bpms), -1), rest], axis=1)


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


def _turns(times: FloatArray, weights: FloatArray, hertz: FloatArray) -> npt.NDArray[np.complex128]:
    """Return the mean of the onsets' phases at each frequency, as complex numbers of length 0 to 1."""
    return np.exp(2j * np.pi * np.outer(hertz, times)) @ weights / weights.sum()


def _grid_fit(times: FloatArray, weights: FloatArray, bpms: FloatArray) -> FloatArray:
    return sum((np.abs(_turns(times, weights, bpms / 60 * multiple)) for multiple in (1, 2, 3, 4)), np.zeros(len(bpms)))


def refined_bpm(times: FloatArray, weights: FloatArray, bpm: float) -> float:
    """Return the tempo near `bpm` that the onsets fit best, sought on ever more of them so that no grid drifts."""
    length, whole = _FIRST_SECONDS / 4, float(np.ptp(times))
    while True:
        some = times - times[0] <= length
        if some.sum() >= _FEWEST_ONSETS:
            step = 60 / max(min(length, whole), 1.0) / 50  # an error of a fiftieth of a beat over the stretch
            near = bpm + np.arange(-25.0, 26.0, dtype=np.float64) * step
            bpm = float(near[np.argmax(_grid_fit(times[some], weights[some], near))])
        if length >= whole:
            return _in_line(times, weights, bpm)
        length *= 2


def _in_line(times: FloatArray, weights: FloatArray, bpm: float) -> float:
    """Return the tempo of the straight line through the onsets over their sixteenths, those far from it left out."""
    slot = 60 / bpm / SLOTS
    phase = float(np.angle(_turns(times, weights, np.array([1 / slot]))[0])) / (2 * np.pi)
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


# --- bar 1 ------------------------------------------------------------------------------------------------------


def _bar_one(notes: PlayedNotes, channels: FloatArray, bpm: float, meter: Meter) -> float:
    origin, profile = bar_profile(notes, channels, bpm, meter)
    slot, slots = 60 / bpm / SLOTS, profile.shape[1]
    turned = np.array([in_common_time(np.roll(profile, -turn, axis=1)).reshape(-1) for turn in range(slots)])
    scores = _judged("bar", turned)
    start = origin + int(scores.argmax()) * slot
    bar = slots * slot
    return start - bar * np.ceil((start - float(notes.onset[0])) / bar - 1e-3 - slot / 2 / bar)


def bar_profile(notes: PlayedNotes, channels: FloatArray, bpm: float, meter: Meter) -> tuple[float, FloatArray]:
    """Return when a sixteenth falls, and what falls on each sixteenth of a bar counted from there.

    Returns:
        Seconds; and shares [`BAR_CHANNELS`, sixteenths]: the notes of each channel, changes of harmony, the first note.
    """
    slot = 60 / bpm / SLOTS
    slots = max(meter.ticks_per_bar * SLOTS // PPQ, 1)
    turn = _turns(notes.onset, channels[0], np.array([1 / slot]))[0]
    origin = float(np.angle(turn)) / (2 * np.pi) * slot
    place = (notes.onset - origin) / slot
    nearest = np.rint(place).astype(np.int64)
    exact = np.exp(-0.5 * ((place - nearest) / (SLOTS * _SPREAD_BEATS)) ** 2)
    rows = [np.bincount(nearest % slots, weights=row * exact, minlength=slots).astype(np.float64) for row in channels]
    rows.append(_harmony_changes(notes, nearest, slots))
    rows.append(np.bincount([int(nearest[0]) % slots], minlength=slots).astype(np.float64))
    profile = np.array(rows)
    return origin, profile / np.maximum(profile.sum(axis=1, keepdims=True), 1e-9)


def _harmony_changes(notes: PlayedNotes, slot: IntArray, slots: int) -> FloatArray:
    """Return how much pitch classes change from the quarter before to the one after, by sixteenth of the bar."""
    pitched = ~notes.is_drum
    if not pitched.any():
        return np.zeros(slots)
    first = int(slot[pitched].min())
    place = slot[pitched] - first + SLOTS
    chroma = np.zeros((int(place.max()) + SLOTS + 1, 12))
    np.add.at(chroma, (place, notes.pitch[pitched] % 12), np.minimum(notes.duration[pitched], 1.0))
    sums = np.concatenate([np.zeros((1, 12)), np.cumsum(chroma, axis=0)])
    quarter = sums[SLOTS:] - sums[:-SLOTS]
    quarter /= np.maximum(quarter.sum(axis=1, keepdims=True), 1e-9)
    change = np.abs(quarter[SLOTS:] - quarter[:-SLOTS]).sum(axis=1)
    return np.bincount((np.arange(len(change)) + first) % slots, weights=change, minlength=slots).astype(np.float64)


def in_common_time(profile: FloatArray) -> FloatArray:
    """Return a bar's profile as if it were a bar of 4/4, [`BAR_CHANNELS`, 16].

    A bar of another length has its first sixteenth; its other quarters, eighths and sixteenths stand for those of
    their kind, on average.
    """
    slots, common = profile.shape[1], 4 * SLOTS
    if slots == common:
        return profile
    kinds = np.array([0 if at % 4 == 0 else 1 if at % 2 == 0 else 2 for at in range(max(slots, common))])
    result = np.zeros((len(profile), common))
    result[:, 0] = profile[:, 0]
    for kind in range(3):
        theirs, ours = np.flatnonzero(kinds[1:slots] == kind) + 1, np.flatnonzero(kinds[1:common] == kind) + 1
        if len(theirs):
            result[:, ours] = profile[:, theirs].sum(axis=1, keepdims=True) / len(ours)
    return result


def _judged(what: str, features: FloatArray) -> FloatArray:
    """Return the score of each candidate, [C], from its features [C, F]."""
    inner, outer, direct = _weights(what)
    return np.tanh(features @ inner[:-1] + inner[-1]) @ outer + features @ direct


@cache
def _weights(what: str) -> tuple[FloatArray, ...]:
    with np.load(asset("timing", "weights.npz")) as file:
        return tuple(file[f"{what}_{part}"].astype(np.float64) for part in ("inner", "outer", "direct"))
