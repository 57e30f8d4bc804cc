"""Finding the loops in a song: stretches of whole bars that are played again right after.

For every length p and every bar s, the parts whose bars s … s+p−1 come again as s+p … s+2p−1 are told apart from those
that go on differently, such as a singer. Where enough of the parts and notes come again, these parts are a loop.

Its score is repetition × seam × content × coverage: how alike the two passes are, how few notes ring across the joins,
whether enough happens, and how much of the music it holds. It must also be no accident (`accidents`). Of loops that
overlap, or whose repeating parts hold the same music, the best is kept; a period that is a repetition of a shorter one
is left to the shorter one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.jobs.material import PERIODS
from engine.mining.accidents import Accidents, run_lengths
from engine.mining.texture import BoolArray, FloatArray, SongBars, Texture, texture_of

__all__ = ["MAX_LOOPS", "MIN_SCORE", "PERIODS", "FoundLoop", "SongBars", "find_loops", "find_part_loops"]

MAX_LOOPS = 64
MIN_REPETITION = 0.7
MIN_SCORE = 0.5
MIN_COVERAGE = 0.5  # of the parts and of the notes that sound
_NEARLY_ALL = 0.9
_SAME_MUSIC = 0.8
_LIKE_BARS = 0.6  # likeness from which two bars of a part count as alike
_ACCIDENTS = 0.02  # loops a song may show, on average, when its bars are shuffled; a short file is more likely a loop
_SHORT_SONG = 32
_FULL_CONTENT, _FULL_PART = 6, 3  # notes a bar from which a loop, or one of a single part, counts as full
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


@dataclass(frozen=True, slots=True, eq=False)
class _Passes:
    """What is known of all loops of one length.

    Attributes:
        period: In bars.
        again: bool [T, S], which parts come again after a loop that starts at a bar.
        score: float32 [S], 0 where there is no loop.
    """

    period: int
    again: BoolArray
    score: FloatArray

    def stretch(self, start: int) -> tuple[int, int]:
        """Return the bars, from the first to the one after the last, in which the parts of a loop go round."""
        breaks = np.flatnonzero((self.again[:, start, None] & ~self.again).any(axis=0))
        after = int(np.searchsorted(breaks, start))
        first = int(breaks[after - 1]) + 1 if after else 0
        last = int(breaks[after]) if after < len(breaks) else self.again.shape[1]
        return first, last - 1 + 2 * self.period


def find_loops(song: SongBars, periods: Sequence[int] = PERIODS) -> tuple[FoundLoop, ...]:
    """Find the loops of a song, all parts together, best first, at most `MAX_LOOPS`.

    Args:
        song: The notes and bar lines; bars beyond 1,200 are ignored.
        periods: Lengths to look for, in bars.
    """
    return _found(texture_of(song), periods)


def find_part_loops(song: SongBars, periods: Sequence[int] = PERIODS) -> dict[int, tuple[FoundLoop, ...]]:
    """Find the loops of each part by itself; parts without loops are left out."""
    found = {}
    for part in np.unique(song.track).tolist():
        mine = song.track == part
        columns = (song.track[mine], song.onset[mine], song.duration[mine], song.pitch[mine])
        loops = _found(texture_of(SongBars(*columns, song.bar_starts, song.rings[mine])), periods)
        if loops:
            found[part] = loops
    return found


def _found(texture: Texture, wanted: Sequence[int]) -> tuple[FoundLoop, ...]:
    # Lengths that are not wanted are looked at, too: a loop of 4 bars is no loop of 8.
    periods = sorted({period for period in {*wanted, *PERIODS} if period <= min(max(wanted), texture.bars // 2)})
    if not periods or not len(texture.parts):
        return ()
    common, alike = _likeness(texture, periods)
    passes: list[_Passes] = []
    accidents = [Accidents(each) for each in alike]
    most = _ACCIDENTS * max(1.0, _SHORT_SONG / texture.bars) ** 3 / len(periods)
    for period in periods:
        passes.append(_passes(texture, common[period], period))
        is_hidden = _has_shorter_period(passes)
        is_accident = np.ones(len(is_hidden), np.bool_)
        for each, chance in zip(alike, accidents, strict=True):
            is_accident &= run_lengths(np.diagonal(each, period), period) < chance.shortest_run(period, most)
        passes[-1].score[is_hidden | is_accident] = 0.0
    return _distinct([found for found in passes if found.period in wanted], texture)


def _likeness(texture: Texture, periods: Sequence[int]) -> tuple[dict[int, FloatArray], list[BoolArray]]:
    """Compare all bars.

    Returns:
        For each period, the notes that each bar shares with the one so much later, [T, B − period]; and which bars
        are alike in enough of their parts, and in nearly all, [B, B] each.
    """
    count = texture.bars
    sizes = texture.sizes
    common = {period: np.empty((len(sizes), count - period), np.float32) for period in periods}
    alike_parts = np.zeros((count, count), np.float32)
    alike_notes = np.zeros((count, count), np.float32)
    for part, size in enumerate(sizes):
        shared = texture.shared(part)
        for period, row in common.items():
            row[part] = np.diagonal(shared, period)
        total = size[:, None] + size
        is_alike = (shared * (1 + _LIKE_BARS) >= _LIKE_BARS * total) & (total > 0)
        alike_parts += is_alike
        alike_notes += total * is_alike
    sounds = (sizes > 0).astype(np.float32)
    parts = sounds.sum(axis=0)
    sounding = parts[:, None] + parts - sounds.T @ sounds
    notes = sizes.sum(axis=0)
    all_notes = notes[:, None] + notes
    alike = []
    for share in (MIN_COVERAGE, _NEARLY_ALL):
        alike.append((alike_parts >= share * sounding) & (alike_notes >= share * all_notes) & (sounding > 0))
        np.fill_diagonal(alike[-1], val=False)
    return common, alike


def _passes(texture: Texture, common: FloatArray, period: int) -> _Passes:
    """Compare each stretch of `period` bars with the next."""
    shared = _running_sum(common, period)
    total = _running_sum(texture.sizes[:, :-period] + texture.sizes[:, period:], period)
    union = total - shared
    again = (shared >= MIN_REPETITION * union) & (total > 0)
    notes, all_notes = (total * again).sum(axis=0), total.sum(axis=0)
    repetition = (shared * again).sum(axis=0) / np.maximum((union * again).sum(axis=0), 1e-6)
    coverage = notes / np.maximum(all_notes, 1e-6)
    full = _FULL_CONTENT if len(texture.parts) > 1 else _FULL_PART
    content = np.minimum(notes / (2 * period * full), 1.0)
    score = repetition * coverage * content * _seam(texture, again, period)
    enough = (again.sum(axis=0) >= MIN_COVERAGE * (total > 0).sum(axis=0)) & (coverage >= MIN_COVERAGE)
    score[~(enough & _same_lengths(texture, period))] = 0.0
    if period == 1:
        heard = _running_sum((score > 0).astype(np.float32), _LONGEST_REPEAT_OF_ONE)
        score[: len(heard)][heard < _LONGEST_REPEAT_OF_ONE] = 0.0
        score[len(heard) :] = 0.0
    return _Passes(period, again, score.astype(np.float32))


def _seam(texture: Texture, again: BoolArray, period: int) -> FloatArray:
    """Return the share of notes that do not sound on across a loop's two joins, the worse of both, [S]."""
    count = again.shape[1]
    shares = []
    for first in (0, period):  # the join before the loop's first bar, and that after its last
        crossing, ringing = (table[:, first : first + count] * again for table in (texture.crossing, texture.ringing))
        shares.append(crossing.sum(axis=0) / np.maximum(ringing.sum(axis=0), 1.0))
    return 1 - np.maximum(*shares)


def _running_sum(values: FloatArray, width: int) -> FloatArray:
    sums = np.cumsum(values, axis=-1, dtype=np.float64)
    sums[..., width:] -= sums[..., :-width].copy()
    return sums[..., width - 1 :].astype(np.float32)


def _same_lengths(texture: Texture, period: int) -> BoolArray:
    """Tell where 2 · period bars are equally long, [S]."""
    changes = np.concatenate([[0], np.cumsum(np.diff(texture.lengths) != 0)])
    return changes[2 * period - 1 :] == changes[: len(changes) - 2 * period + 1]


def _has_shorter_period(passes: list[_Passes]) -> BoolArray:
    """Tell where all parts of a loop of the last length go round in a shorter one."""
    longest = passes[-1]
    count = len(longest.score)
    is_hidden = np.zeros(count, np.bool_)
    for shorter in passes[:-1]:
        if longest.period % shorter.period:
            continue
        width = longest.period - shorter.period  # repeats from s to s + p − d make the p bars one shorter loop
        breaks = _running_sum((~shorter.again).astype(np.float32), width)[:, :count]
        size = breaks.shape[1]
        is_hidden[:size] |= ~(longest.again[:, :size] & (breaks > 0)).any(axis=0)
    return is_hidden


def _distinct(passes: list[_Passes], texture: Texture) -> tuple[FoundLoop, ...]:
    """Keep the best of the loops that overlap or whose parts hold the same music."""
    candidates = [
        (-round(float(found.score[start]), 2), int(start), found)
        for found in passes
        for start in np.flatnonzero(found.score >= MIN_SCORE)
    ]
    candidates.sort(key=lambda candidate: candidate[:2])
    kept: list[FoundLoop] = []
    taken = np.zeros(texture.sizes.shape, np.bool_)  # bars of parts that go round in a loop already
    music: list[FloatArray] = []
    for _, start, found in candidates:
        if len(kept) == MAX_LOOPS:
            break
        again, stop = found.again[:, start], start + found.period
        if (taken[:, start:stop].all(axis=1) | ~again).all() or _overlaps(start, stop, kept):
            continue
        columns = np.repeat(again, np.diff(texture.edges))
        content = texture.held[start:stop] * columns
        if any(_is_within(content, other) for other in music):
            continue
        first, last = found.stretch(start)
        taken[again, first:last] = True
        music.append(texture.near[start:stop] * columns)
        tracks = tuple(texture.parts[again].tolist())
        kept.append(FoundLoop(start, found.period, float(found.score[start]), tracks))
    return tuple(kept)


def _is_within(content: FloatArray, other: FloatArray) -> bool:
    """Tell whether nearly all bars of a loop are among the bars of another, [bars, notes] each."""
    found = content @ other.T >= _SAME_MUSIC * content.sum(axis=1, keepdims=True)
    return float(found.any(axis=1).mean()) >= _SAME_MUSIC


def _overlaps(start: int, stop: int, kept: Sequence[FoundLoop]) -> bool:
    return any(start < loop.start_bar + loop.bars and loop.start_bar < stop for loop in kept)
