"""Tempo, the beat's place and bar 1 of notes in seconds.

A tempo is good when the onsets fall on its sixteenths, eighths and beats: the length of the mean of their phases, once
round the circle a grid unit (the circular mean of Mardia and Jupp, "Directional Statistics"). Tempi twice and half as
fast fit nearly as well; a preference for 120 BPM decides, and both are offered. The tempo is sought coarsely on the
first half minute and then on ever more of the sound, so that the grid does not drift over minutes. Most music is made
at a whole tempo: one is taken if the grid stays as good.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from engine.music.general_midi import Role
from engine.music.heard import HeardNote, TempoGuess
from engine.music.timing import Meter

DEFAULT_TEMPO_BPM = 120.0
_LOWEST_BPM, _HIGHEST_BPM = 60.0, 200.0
_FIRST_SECONDS = 30.0
_PREFERRED_BPM, _PREFERENCE_OCTAVES = 118.0, 0.9
_UNITS = ((4, 1.0), (2, 0.6), (1, 0.5))  # grid units a beat, weight
_SAME_BEAT_SECONDS = 0.04
_FEWEST_ONSETS = 4
_ROUND_LOSS = 0.01
_LEADERS = (Role.DRUMS, Role.BASS)

Array = npt.NDArray[np.float64]


def find_tempo(notes: Sequence[HeardNote], role: Role, *, meter: Meter, bpm: float | None = None) -> TempoGuess:
    """Tell tempo and bar 1 of a stem.

    Args:
        notes: What was heard.
        role: Tells which notes mark bars: kicks, or the lowest.
        meter: Of the bars.
        bpm: The tempo, where it is known; only bar 1 is sought then.
    """
    times = np.array([note.onset_seconds for note in notes])
    weights = np.array([note.velocity / 127 for note in notes])
    if len(times) < _FEWEST_ONSETS:
        return TempoGuess(bpm or DEFAULT_TEMPO_BPM, 0.0, 0.0)
    found = bpm or _whole(_best_bpm(times, weights), times, weights)
    bar_one = _bar_one(notes, found, role, meter)
    confidence = float(_fit(times, weights, np.array([found]), ((4, 1.0),))[0])
    others = tuple(round(x, 2) for x in (found * 2, found / 2, found * 1.5, found / 1.5) if 40 <= x <= 240)
    return TempoGuess(round(found, 2), bar_one, round(confidence, 3), others)


def find_common_tempo(
    stems: Sequence[tuple[Role, Sequence[HeardNote]]], *, meter: Meter, bpm: float | None = None
) -> TempoGuess:
    """Tell tempo and bar 1 of stems that were played together: the tempo of all, bar 1 of drums, else of the bass.

    Args:
        stems: Role and notes of each; at least one.
        meter: Of the bars.
        bpm: The tempo, where it is known.
    """
    notes = sorted(note for _, notes in stems for note in notes)
    whole = find_tempo(notes, Role.OTHER, meter=meter, bpm=bpm)
    leader = min(stems, key=lambda stem: _LEADERS.index(stem[0]) if stem[0] in _LEADERS else len(_LEADERS))
    if len(leader[1]) < _FEWEST_ONSETS:
        return whole
    return replace(whole, bar_one_seconds=_bar_one(leader[1], whole.bpm, leader[0], meter))


def _fit(times: Array, weights: Array, bpms: Array, units: tuple[tuple[int, float], ...] = _UNITS) -> Array:
    """Return how well onsets fall on the grid of each tempo, 0 to 1."""
    total = np.zeros(len(bpms))
    for a_beat, weight in units:
        turns = np.outer(bpms * (a_beat / 60), times)
        mean = (weights * np.exp(2j * np.pi * turns)).sum(axis=1) / weights.sum()
        total += weight * np.abs(mean)
    return total / sum(weight for _, weight in units)


def _best_bpm(times: Array, weights: Array) -> float:
    early = times - times[0] <= _FIRST_SECONDS
    if early.sum() < _FEWEST_ONSETS:
        early[:] = True
    span = max(float(np.ptp(times[early])), 1.0)
    bpms = np.arange(_LOWEST_BPM, _HIGHEST_BPM, min(0.5, 2.0 / span))
    liking = np.exp(-0.5 * (np.log2(bpms / _PREFERRED_BPM) / _PREFERENCE_OCTAVES) ** 2)
    best = float(bpms[np.argmax(_fit(times[early], weights[early], bpms) * liking)])
    length, whole = _FIRST_SECONDS, float(np.ptp(times))
    while True:
        some = times - times[0] <= length
        step = 60 / max(min(length, whole), 1.0) / 40  # an error of a fortieth of a beat over the stretch
        near = np.asarray(best + np.arange(-40, 41) * step, np.float64)
        best = float(near[np.argmax(_fit(times[some], weights[some], near))])
        if length >= whole:
            return best
        length *= 2


def _whole(bpm: float, times: Array, weights: Array) -> float:
    """Return a whole or half tempo where that costs nothing."""
    for rounded in (float(round(bpm)), round(bpm * 2) / 2):
        own, other = _fit(times, weights, np.array([bpm, rounded]))
        if abs(rounded - bpm) < 0.6 and other >= own - _ROUND_LOSS:
            return rounded
    return bpm


def _bar_one(notes: Sequence[HeardNote], bpm: float, role: Role, meter: Meter) -> float:
    """Return when the first bar begins: at 0 where a beat is, as stems are exported, else where the music says."""
    beat = 60 / bpm
    times = np.array([note.onset_seconds for note in notes])
    weights = np.array([note.velocity / 127 for note in notes])
    if role is Role.DRUMS:
        strong = np.array([1.0 if note.pitch in (35, 36, 49) else 0.15 for note in notes])
    else:
        pitches = np.array([note.pitch for note in notes])
        lengths = np.array([min(note.end_seconds - note.onset_seconds, 2.0) for note in notes])
        strong = np.where(pitches <= np.percentile(pitches, 40), 1.0, 0.4) * (0.3 + lengths)
    turns = (weights * np.exp(2j * np.pi * times / beat)).sum()
    sixteenth = (weights * np.exp(2j * np.pi * times * 4 / beat)).sum()
    offset = float(np.angle(sixteenth)) / (2 * np.pi) * beat / 4  # of the sixteenths, the finest and surest
    steps = round((float(np.angle(turns)) / (2 * np.pi) * beat - offset) / (beat / 4))
    phase = (offset + steps * beat / 4) % beat
    if min(phase, beat - phase) < _SAME_BEAT_SECONDS or (abs(offset) < _SAME_BEAT_SECONDS / 2 and times[0] < beat / 2):
        phase = 0.0
    bar = meter.ticks_per_bar / 480 * beat
    beats = max(1, round(bar / beat))
    places = np.floor((times - phase) / beat + 0.5).astype(int)
    on_beat = np.exp(-0.5 * (((times - phase) / beat - places) / 0.08) ** 2)
    votes = np.array([(strong * weights * on_beat)[places % beats == place].sum() for place in range(beats)])
    if phase == 0.0:
        votes[0] *= 1.6  # exported from bar 1, most likely
    start = phase + int(votes.argmax()) * beat
    first = float(times[0]) + beat / 4
    while start - bar >= -1e-9 and start > first:
        start -= bar
    return round(max(start, 0.0), 4)
