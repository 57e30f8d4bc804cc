"""Finding the loops in a song: stretches of whole bars that are played again right after.

Every bar becomes a set of (part, 16th, pitch); products of the bars' rows count how many notes any two bars
share. A loop of p bars at bar s is there if bars s … s+p−1 and s+p … s+2p−1 share most of their notes: a
running sum along the p-th diagonal tells it for all s at once. Placing on 16ths makes played music match
itself; the cost is a matrix product a song, bounded by hashing the sets into `_MAX_TOKENS` columns.

A loop's score is repetition × seam × content: how alike the two passes are, how few notes ring across the
joins, and whether enough happens. It must also be no accident: in a song with many like bars, two of them
will stand side by side in any order, so the run of likenesses that a loop rests on must be longer than the
rest of the song would show if its bars were shuffled. Of loops that overlap, or hold the same music, the
best is kept; a period that is itself a repetition of a shorter one is left to the shorter one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.music.timing import PPQ

IntArray = npt.NDArray[np.int32]
FloatArray = npt.NDArray[np.float32]

PERIODS = (1, 2, 3, 4, 6, 8, 12, 16)
MAX_LOOPS = 64
MIN_REPETITION = 0.75
MIN_SCORE = 0.5
_MAX_TOKENS, _MAX_BARS = 4096, 1200
_SIXTEENTH = PPQ // 4
_SAME_MUSIC = 0.8
_LIKE_BARS = 0.6  # Jaccard likeness from which two bars count as alike
_ACCIDENTS = 0.1  # loops a song may show, on average, when its bars are shuffled
_FULL_CONTENT = 6  # notes a bar from which a loop counts as full
_LONGEST_REPEAT_OF_ONE = 3  # a loop of one bar must be heard this often more


@dataclass(frozen=True, slots=True, order=True)
class FoundLoop:
    """A loop within a song.

    Attributes:
        start_bar: Its first bar, from 0.
        bars: Its length.
        score: 0 to 1; the higher, the cleaner.
        tracks: Indices of the parts that repeat in it.
    """

    start_bar: int
    bars: int
    score: float
    tracks: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class SongBars:
    """What the detector needs of a song; notes in any order, times in ticks.

    Attributes:
        track: int32 [N], index of the part.
        onset: int32 [N].
        duration: int32 [N].
        pitch: int32 [N].
        bar_starts: int32 [bars + 1]; the last is the end.
        rings: bool [N], False for notes that may be cut without being missed, such as drum hits.
    """

    track: IntArray
    onset: IntArray
    duration: IntArray
    pitch: IntArray
    bar_starts: IntArray
    rings: npt.NDArray[np.bool_]


def find_loops(song: SongBars, periods: Sequence[int] = PERIODS) -> tuple[FoundLoop, ...]:
    """Find the loops of a song, best first, at most `MAX_LOOPS`.

    Args:
        song: The notes and bar lines; bars beyond 1,200 are ignored.
        periods: Lengths to look for, in bars.
    """
    bars = min(len(song.bar_starts) - 1, _MAX_BARS)
    if bars < 2 or not len(song.onset):
        return ()
    bar_of_note = np.searchsorted(song.bar_starts[: bars + 1], song.onset, side="right").astype(np.int32) - 1
    inside = (bar_of_note >= 0) & (bar_of_note < bars)
    tokens = _token_matrix(song, bar_of_note, inside, bars)
    shared = tokens @ tokens.T
    lengths = np.diff(song.bar_starts[: bars + 1])
    crossing = _crossing_shares(song, bar_of_note, inside, bars)
    candidates: list[FoundLoop] = []
    repetitions: dict[int, FloatArray] = {}
    alike = _alike(shared)
    counts = np.zeros((bars + 1, bars + 1), np.int64)
    counts[1:, 1:] = alike.cumsum(axis=0).cumsum(axis=1)
    for period in sorted(periods):
        if 2 * period > bars:
            continue
        repetition = _repetition(shared, period) * _same_lengths(lengths, period)
        repetitions[period] = repetition
        score = _scores(repetition, shared, crossing, period)
        score[_has_shorter_period(repetitions, period, len(score))] = 0.0
        score[_is_accident(np.diagonal(alike, period), counts, period)] = 0.0
        candidates += [
            FoundLoop(int(start), period, float(score[start]), ()) for start in np.flatnonzero(score >= MIN_SCORE)
        ]
    kept = _distinct(candidates, tokens)
    return tuple(_with_tracks(loop, song, bar_of_note, inside) for loop in kept)


def _token_matrix(song: SongBars, bar_of_note: IntArray, inside: npt.NDArray[np.bool_], bars: int) -> FloatArray:
    """Return which (part, 16th, pitch) each bar holds, 0 or 1, [bars, tokens]."""
    bar = bar_of_note[inside]
    place = (song.onset[inside] - song.bar_starts[bar] + _SIXTEENTH // 2) // _SIXTEENTH
    key = (song.track[inside].astype(np.int64) * 128 + song.pitch[inside]) * 256 + np.minimum(place, 255)
    _, token = np.unique(key, return_inverse=True)
    matrix = np.zeros((bars, min(int(token.max(initial=0)) + 1, _MAX_TOKENS)), np.float32)
    matrix[bar, token % _MAX_TOKENS] = 1.0
    return matrix


def _crossing_shares(song: SongBars, bar_of_note: IntArray, inside: npt.NDArray[np.bool_], bars: int) -> FloatArray:
    """Return, for each bar line, the share of the ringing notes of the bar before that sound on across it."""
    bar = bar_of_note[inside]
    rings = song.rings[inside]
    over = song.onset[inside] + song.duration[inside] - song.bar_starts[bar + 1] > _SIXTEENTH
    crossing = np.bincount(bar, weights=rings & over, minlength=bars)
    ringing = np.bincount(bar, weights=rings, minlength=bars)
    return np.concatenate([[0.0], crossing / np.maximum(ringing, 1)]).astype(np.float32)


def _alike(shared: FloatArray) -> npt.NDArray[np.bool_]:
    """Tell which bars are alike, [bars, bars]; an empty bar is like none, and no bar like itself."""
    sizes = np.diagonal(shared)
    alike = shared >= _LIKE_BARS * np.maximum(sizes[:, None] + sizes[None, :] - shared, 1e-6)
    np.fill_diagonal(alike, val=False)
    return alike


def _is_accident(alike: npt.NDArray[np.bool_], counts: npt.NDArray[np.int64], period: int) -> npt.NDArray[np.bool_]:
    """Tell for every start whether shuffled bars would show such a loop oftener than `_ACCIDENTS` times a song.

    If a share q of the pairs of bars is alike, a run of r pairs is alike by accident with about qʳ. Pairs within
    the stretch that the run covers say nothing about accidents, so they are left out of q.

    Args:
        alike: Which bars are like the one `period` bars later, [bars − period].
        counts: Sums of the matrix of like bars over its rows and columns, [bars + 1, bars + 1].
        period: In bars.
    """
    count, bars = len(alike), len(counts) - 1
    starts = np.arange(count - period + 1)
    breaks = np.flatnonzero(~alike)
    first = np.insert(breaks, 0, -1)[np.searchsorted(breaks, starts)] + 1
    last = np.append(breaks, count)[np.searchsorted(breaks, starts + period)]  # first pair after the run
    inside = np.convolve(alike, np.ones(period, np.int64), mode="valid")
    run = inside + (starts - first) + (last - starts - period)
    end = last + period
    like = counts[-1, -1] - counts[end, end] + counts[first, end] + counts[end, first] - counts[first, first]
    pairs = bars * (bars - 1) - (end - first) * (end - first - 1)
    share = np.clip(like / np.maximum(pairs, 1), 1 / bars**2, 1.0)
    return run * np.log(share) > np.log(_ACCIDENTS / bars)


def _repetition(shared: FloatArray, period: int) -> FloatArray:
    """Return the Jaccard likeness of bars s … s+p−1 with the p bars after them, for every s."""
    sizes = np.diagonal(shared)
    common = _running_sum(np.diagonal(shared, period), period)
    total = _running_sum(sizes[:-period] + sizes[period:], period)
    return (common / np.maximum(total - common, 1e-6)).astype(np.float32)


def _running_sum(values: FloatArray, width: int) -> FloatArray:
    sums = np.concatenate([[0.0], np.cumsum(values, dtype=np.float64)])
    return (sums[width:] - sums[:-width]).astype(np.float32)


def _same_lengths(lengths: IntArray, period: int) -> FloatArray:
    """Return 1 where all 2p bars from s on are equally long, else 0."""
    changes = np.concatenate([[0], np.cumsum(np.diff(lengths) != 0)])
    return (changes[2 * period - 1 :] == changes[: len(changes) - 2 * period + 1]).astype(np.float32)


def _scores(repetition: FloatArray, shared: FloatArray, crossing: FloatArray, period: int) -> FloatArray:
    count = len(repetition)
    notes = _running_sum(np.diagonal(shared), period)[:count] / period
    content = np.minimum(notes / _FULL_CONTENT, 1.0)
    seam = 1 - np.maximum(crossing[:count], crossing[period : period + count])
    score = np.where(repetition >= MIN_REPETITION, repetition * seam * content, 0.0)
    if period == 1:
        heard = _running_sum((repetition >= MIN_REPETITION).astype(np.float32), _LONGEST_REPEAT_OF_ONE)
        score[: len(heard)][heard < _LONGEST_REPEAT_OF_ONE] = 0.0
        score[len(heard) :] = 0.0
    return score.astype(np.float32)


def _has_shorter_period(repetitions: dict[int, FloatArray], period: int, count: int) -> npt.NDArray[np.bool_]:
    """Tell where the p bars from s on are themselves made of a shorter loop."""
    shorter = np.zeros(count, np.bool_)
    for divisor, repetition in repetitions.items():
        if divisor < period and period % divisor == 0:
            holds = np.concatenate([[0], np.cumsum(repetition >= MIN_REPETITION)])
            width = period - divisor  # repetitions from s to s + p − d make the p bars one shorter loop
            size = min(count, len(holds) - width)
            shorter[:size] |= holds[width : width + size] - holds[:size] == width
    return shorter


def _distinct(candidates: list[FoundLoop], tokens: FloatArray) -> list[FoundLoop]:
    """Keep the best of the loops that overlap or hold the same music."""
    kept: list[FoundLoop] = []
    contents: list[FloatArray] = []
    for loop in sorted(candidates, key=lambda found: (-round(found.score, 2), found.start_bar)):
        if len(kept) == MAX_LOOPS:
            break
        if any(_overlap(loop, other) for other in kept):
            continue
        content = tokens[loop.start_bar : loop.start_bar + loop.bars].max(axis=0)
        if any(_likeness(content, other) >= _SAME_MUSIC for other in contents):
            continue
        kept.append(loop)
        contents.append(content)
    return kept


def _overlap(one: FoundLoop, other: FoundLoop) -> bool:
    return one.start_bar < other.start_bar + other.bars and other.start_bar < one.start_bar + one.bars


def _likeness(one: FloatArray, other: FloatArray) -> float:
    return float(np.minimum(one, other).sum() / max(float(np.maximum(one, other).sum()), 1.0))


def _with_tracks(loop: FoundLoop, song: SongBars, bar_of_note: IntArray, inside: npt.NDArray[np.bool_]) -> FoundLoop:
    """Name the parts whose own notes are played again."""
    return FoundLoop(loop.start_bar, loop.bars, loop.score, tuple(_repeating(loop, song, bar_of_note, inside)))


def _repeating(loop: FoundLoop, song: SongBars, bar_of_note: IntArray, inside: npt.NDArray[np.bool_]) -> Iterator[int]:
    start, bars = loop.start_bar, loop.bars
    window = inside & (bar_of_note >= start) & (bar_of_note < start + 2 * bars)
    bar = bar_of_note[window] - start
    place = (song.onset[window] - song.bar_starts[bar + start] + _SIXTEENTH // 2) // _SIXTEENTH
    key = (bar % bars * 256 + np.minimum(place, 255)) * 128 + song.pitch[window]
    track = song.track[window]
    second = bar >= bars
    for part in np.unique(track):
        one = np.unique(key[(track == part) & ~second])
        other = np.unique(key[(track == part) & second])
        common = len(np.intersect1d(one, other, assume_unique=True))
        if common >= MIN_REPETITION * (len(one) + len(other) - common):
            yield int(part)
