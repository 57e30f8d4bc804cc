"""Which key and which chords a piece of music is in, told from its notes alone.

Chords are told for each half bar. Every chord type predicts how the sounding time of a half bar spreads
over the twelve pitch classes, and which of them lies lowest; the chord whose prediction costs the fewest
nats wins, with a price on every change, so that a passing note does not make a chord. Keys are told in the
same way: the tonic and mode under which the music's pitch classes are likeliest (the idea of Krumhansl's key
profiles, with shares of sounding time in place of ratings). The figures were set on songs with hand-checked
labels; `training/README.md` tells how often others agree.

Chords are small integers here, the ids that the model sees: `UNKNOWN_CHORD`, `NO_CHORD_ID`, then root by root
the qualities in order.
"""

import numpy as np
import numpy.typing as npt

from engine.music.harmony import CHORD_STEPS, NO_CHORD, Chord, ChordQuality, Key, Mode
from engine.music.loop import Loop, Note

IntArray = npt.NDArray[np.int32]
FloatArray = npt.NDArray[np.float64]

UNKNOWN_CHORD, NO_CHORD_ID, _FIRST_CHORD = 0, 1, 2
_QUALITIES = tuple(ChordQuality)
HALVES = 2  # chords are told for halves of bars

# Share of a chord's sounding time on its tones, in the order of `CHORD_STEPS`; the rest lies elsewhere.
_TONE_SHARES: dict[int, tuple[float, ...]] = {3: (0.30, 0.22, 0.24), 4: (0.23, 0.18, 0.18, 0.16)}
_BASS_SHARES = (0.70, 0.06, 0.10, 0.04)
_CHORD_PRIOR: dict[ChordQuality, float] = {
    ChordQuality.MAJOR: 0.0,
    ChordQuality.MINOR: -0.02,
    ChordQuality.DIMINISHED: -0.12,
    ChordQuality.AUGMENTED: -0.25,
    ChordQuality.DOMINANT_SEVENTH: -0.08,
    ChordQuality.MAJOR_SEVENTH: -0.15,
    ChordQuality.MINOR_SEVENTH: -0.10,
    ChordQuality.SUSPENDED: -0.27,
}
_BASS_WEIGHT = 0.15
_CHANGE_COST = 0.1
_NO_CHORD_SCORE = -3.4

# Share of the sounding time on each degree of the chromatic scale, from the tonic up, in percent.
_MAJOR_PROFILE = (20.0, 1.0, 13.0, 1.0, 15.0, 9.0, 1.5, 20.0, 1.0, 12.0, 1.5, 7.0)
_MINOR_PROFILE = (22.0, 1.0, 9.0, 15.0, 1.0, 11.5, 1.0, 19.5, 8.0, 2.0, 10.0, 3.0)
# Other modes are major or minor with one degree raised or lowered: (degree they lack, degree they have).
# They are rarer, so each pays a price in nats.
_MODE_CHANGES: dict[Mode, tuple[tuple[float, ...], int, int]] = {
    Mode.MIXOLYDIAN: (_MAJOR_PROFILE, 11, 10),
    Mode.LYDIAN: (_MAJOR_PROFILE, 5, 6),
    Mode.DORIAN: (_MINOR_PROFILE, 8, 9),
    Mode.PHRYGIAN: (_MINOR_PROFILE, 2, 1),
    Mode.HARMONIC_MINOR: (_MINOR_PROFILE, 10, 11),
}
_RARE_MODE_COST = 0.04


def chord_id(chord: Chord) -> int:
    """Return the id of a chord."""
    if chord.root is None:
        return NO_CHORD_ID
    return _FIRST_CHORD + chord.root * len(_QUALITIES) + _QUALITIES.index(chord.quality)


def chord_of_id(identifier: int) -> Chord | None:
    """Return the chord of an id, None for `UNKNOWN_CHORD`."""
    if identifier == UNKNOWN_CHORD:
        return None
    if identifier == NO_CHORD_ID:
        return NO_CHORD
    root, quality = divmod(identifier - _FIRST_CHORD, len(_QUALITIES))
    return Chord(root, _QUALITIES[quality])


def pitch_class_weights(pitches: IntArray, durations: IntArray) -> FloatArray:
    """Return how long each pitch class sounds, [12], in ticks."""
    return np.bincount(pitches % 12, weights=durations, minlength=12).astype(np.float64)


def recognise_key(weights: npt.ArrayLike) -> Key | None:
    """Tell the key from how much each pitch class sounds.

    Args:
        weights: [12], such as `pitch_class_weights` returns.

    Returns:
        The likeliest key in major, minor, or clearly in a mode beside them; None if nothing sounds.
    """
    share = np.asarray(weights, np.float64)
    if share.sum() <= 0:
        return None
    profiles = _log_profiles()
    turned = np.array([np.roll(share / share.sum(), -tonic) for tonic in range(12)])
    modes = tuple(profiles)
    scores = turned @ np.array([profiles[mode] for mode in modes]).T
    scores -= [_RARE_MODE_COST if mode in _MODE_CHANGES else 0.0 for mode in modes]
    tonic, mode = np.unravel_index(int(np.argmax(scores)), scores.shape)
    return Key(int(tonic), modes[int(mode)])


def _log_profiles() -> dict[Mode, FloatArray]:
    """Return the log shares that each mode predicts for the twelve degrees above the tonic."""
    shares = {Mode.MAJOR: np.array(_MAJOR_PROFILE), Mode.MINOR: np.array(_MINOR_PROFILE)}
    for mode, (base, lacking, having) in _MODE_CHANGES.items():
        profile = np.array(base)
        profile[[lacking, having]] = profile[[having, lacking]]
        shares[mode] = profile
    return {mode: np.log(share / share.sum()) for mode, share in shares.items()}


def recognise_chords(*, onsets: IntArray, durations: IntArray, pitches: IntArray, bar_starts: IntArray) -> IntArray:
    """Tell the chord in each half of each bar.

    Args:
        onsets: Ticks, [N], of pitched notes only.
        durations: Ticks, [N].
        pitches: MIDI pitches, [N].
        bar_starts: Ticks, [bars + 1]; the last is the end.

    Returns:
        Chord ids, int32 [bars, 2]; `NO_CHORD_ID` where nothing sounds or nothing fits.
    """
    starts = np.asarray(bar_starts, np.int64)
    edges = np.append(np.stack([starts[:-1], (starts[:-1] + starts[1:]) // 2], axis=1).reshape(-1), starts[-1])
    halves = len(edges) - 1
    if halves < 1:
        return np.zeros((0, HALVES), np.int32)
    chroma, bass = _chroma_and_bass(onsets, durations, pitches, edges)
    scores = _emissions(chroma, bass)
    return _smoothed(scores).reshape(-1, HALVES)


def _chroma_and_bass(
    onsets: IntArray, durations: IntArray, pitches: IntArray, edges: npt.NDArray[np.int64]
) -> tuple[FloatArray, FloatArray]:
    """Return the share of sounding time of each pitch class in each half bar, and of the lowest notes."""
    halves = len(edges) - 1
    first = np.clip(np.searchsorted(edges, onsets, side="right") - 1, 0, halves - 1)
    last = np.clip(np.searchsorted(edges, onsets + durations, side="left") - 1, first, halves - 1)
    spans = last - first + 1
    note = np.repeat(np.arange(len(onsets)), spans)
    half = np.arange(len(note)) - np.repeat(np.cumsum(spans) - spans, spans) + first[note]
    overlap = np.minimum(onsets[note] + durations[note], edges[half + 1]) - np.maximum(onsets[note], edges[half])
    weight = np.maximum(overlap, 0).astype(np.float64)
    pitch = pitches[note]
    chroma = np.bincount(half * 12 + pitch % 12, weights=weight, minlength=halves * 12).reshape(halves, 12)
    # The bass: what sounds within a fifth of the lowest note of the half bar, the lower the more.
    lowest = np.full(halves, 127, np.int64)
    np.minimum.at(lowest, half, pitch)
    nearness = np.maximum(1 - (pitch - lowest[half]) / 7, 0)
    bass = np.bincount(half * 12 + pitch % 12, weights=weight * nearness, minlength=halves * 12).reshape(halves, 12)
    return _shares(chroma.astype(np.float64)), _shares(bass.astype(np.float64))


def _shares(weights: FloatArray) -> FloatArray:
    total = weights.sum(axis=1, keepdims=True)
    return weights / np.maximum(total, 1e-9)


def _chord_templates() -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return log shares of pitch classes and of bass notes [96, 12], and the prior [96] of each chord."""
    tones: list[FloatArray] = []
    basses: list[FloatArray] = []
    priors: list[float] = []
    for root in range(12):
        for quality in _QUALITIES:
            steps = [(root + step) % 12 for step in CHORD_STEPS[quality]]
            shares = _TONE_SHARES[len(steps)]
            tone = np.full(12, (1 - sum(shares)) / (12 - len(steps)))
            tone[steps] = shares
            low = np.full(12, (1 - sum(_BASS_SHARES[: len(steps)])) / (12 - len(steps)))
            low[steps] = _BASS_SHARES[: len(steps)]
            tones.append(np.log(tone))
            basses.append(np.log(low))
            priors.append(_CHORD_PRIOR[quality])
    return np.array(tones), np.array(basses), np.array(priors)


_TONE_TEMPLATES, _BASS_TEMPLATES, _PRIORS = _chord_templates()


def _emissions(chroma: FloatArray, bass: FloatArray) -> FloatArray:
    """Return how well each chord explains each half bar, [halves, 1 + 96]; the first is "no chord"."""
    scores = chroma @ _TONE_TEMPLATES.T + _BASS_WEIGHT * (bass @ _BASS_TEMPLATES.T) + _PRIORS
    silent = chroma.sum(axis=1) < 0.5
    scores[silent] = -9.0
    none = np.where(silent, 0.0, _NO_CHORD_SCORE)
    return np.concatenate([none[:, None], scores], axis=1)


def _smoothed(scores: FloatArray) -> IntArray:
    """Return the ids of the best path when every change of chord costs the same (Viterbi)."""
    halves, states = scores.shape
    total = np.empty((halves, states))
    best = [0] * halves  # the best state up to each half bar: where a change would come from
    total[0] = scores[0]
    for index in range(1, halves):
        before = total[index - 1]
        best[index] = int(before.argmax())
        np.maximum(before, before[best[index]] - _CHANGE_COST, out=total[index])
        total[index] += scores[index]
    path = np.empty(halves, np.int32)
    path[-1] = int(total[-1].argmax())
    for index in range(halves - 1, 0, -1):
        before, state = total[index - 1], path[index]
        stays = before[state] >= before[best[index]] - _CHANGE_COST
        path[index - 1] = state if stays else best[index]
    return path + NO_CHORD_ID


def loop_key(loop: Loop) -> Key | None:
    """Tell the key of a loop's pitched parts, None if they are silent."""
    _, durations, pitches = _columns(_pitched_notes(loop))
    return recognise_key(pitch_class_weights(pitches, durations))


def loop_chords(loop: Loop) -> tuple[tuple[Chord, ...], ...]:
    """Tell the chords of a loop: one a bar, or two where the halves differ."""
    onsets, durations, pitches = _columns(_pitched_notes(loop))
    bar_starts = np.arange(loop.bars + 1, dtype=np.int32) * loop.meter.ticks_per_bar
    ids = recognise_chords(onsets=onsets, durations=durations, pitches=pitches, bar_starts=bar_starts)
    return chord_symbols(ids)


def chord_symbols(ids: IntArray) -> tuple[tuple[Chord, ...], ...]:
    """Return chords as a loop has them, one a bar or two where the halves differ, from ids [bars, 2]."""
    bars = [tuple(chord_of_id(identifier) or NO_CHORD for identifier in halves) for halves in ids.tolist()]
    return tuple(bar[:1] if bar[0] == bar[1] else bar for bar in bars)


def _pitched_notes(loop: Loop) -> list[Note]:
    return [note for track in loop.tracks if not track.is_drums for note in track.notes]


def _columns(notes: list[Note]) -> tuple[IntArray, IntArray, IntArray]:
    table = np.array([(n.onset, n.duration, n.pitch) for n in notes], np.int32).reshape(-1, 3)
    return table[:, 0], table[:, 1], table[:, 2]
