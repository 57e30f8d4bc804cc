"""Which notes the bars of a song share, part by part.

A bar of a part is a set of (place, pitch). Places are counted in `_PLACE_TICKS`, and a note of one bar is found again
in another if the same pitch stands at the same or a neighbouring place: notes up to 40 ticks apart always match (a
player's spread), notes a triplet 16th apart never do. A product of matrices counts the matches of all pairs of bars.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.music.timing import PPQ

IntArray = npt.NDArray[np.int32]
FloatArray = npt.NDArray[np.float32]
BoolArray = npt.NDArray[np.bool_]

MAX_BARS = 1200
_PLACE_TICKS = PPQ // 12
_MAX_PLACES = 8 * PPQ // _PLACE_TICKS + 2  # of the longest bar, and room for a neighbour on either side
EARLY_TICKS = PPQ // 12  # who plays this much before a bar line means it
_MAX_CELLS = 1 << 24  # of the matrix of bars and notes: bounds memory
_MAX_PAIRS = 100_000_000  # of bars in all parts: bounds time
_STRUCK_ELSEWHERE = {35: 36, 40: 38, 22: 42, 26: 46, 53: 51, 59: 51, 57: 49}  # one drum, hit at rim, edge or bell


def _same_drums() -> IntArray:
    """Return for each key of a drum kit the one that stands for its drum."""
    keys = np.arange(128, dtype=np.int32)
    keys[list(_STRUCK_ELSEWHERE)] = list(_STRUCK_ELSEWHERE.values())
    return keys


_DRUM_OF_KEY = _same_drums()


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


@dataclass(frozen=True, slots=True, eq=False)
class Texture:
    """The bars of a song as sets of notes.

    Attributes:
        parts: int32 [T], the parts that play, as `SongBars.track` has them.
        lengths: int32 [B], ticks of each bar.
        sizes: float32 [T, B], different notes of a part in a bar.
        held: float32 [B, K], which notes a bar holds: 1 or 0. Notes that no two bars share are left out.
        near: float32 [B, K], which of them it holds at the place or beside it.
        edges: int [T + 1], the columns of each part.
        ringing: float32 [T, B + 1], for each bar line, notes of a part in the bar before it that would be missed if
            they were cut.
        crossing: float32 [T, B + 1], how many of those sound on across the line.
    """

    parts: IntArray
    lengths: IntArray
    sizes: FloatArray
    held: FloatArray
    near: FloatArray
    edges: npt.NDArray[np.int64]
    ringing: FloatArray
    crossing: FloatArray

    @property
    def bars(self) -> int:
        return len(self.lengths)

    def shared(self, part: int) -> FloatArray:
        """Return how many notes of the part with index `part` every two bars share, [B, B]."""
        columns = slice(int(self.edges[part]), int(self.edges[part + 1]))
        held, near = self.held[:, columns], self.near[:, columns]
        one_way = held @ near.T
        one_way += one_way.T.copy()
        one_way *= 0.5
        return one_way


def texture_of(song: SongBars) -> Texture:
    """Return the texture of a song; bars beyond `MAX_BARS`, or fewer in a song of very many parts, are ignored."""
    bars = min(len(song.bar_starts) - 1, MAX_BARS, int((_MAX_PAIRS / max(len(np.unique(song.track)), 1)) ** 0.5))
    starts = song.bar_starts[: bars + 1].astype(np.int64)
    bar = np.searchsorted(starts, song.onset + EARLY_TICKS, side="right") - 1
    inside = (bar >= 0) & (bar < bars)
    bar, onset = bar[inside], song.onset[inside]
    parts, part = np.unique(song.track[inside], return_inverse=True)
    cells = len(parts) * bars
    row = part * bars + bar
    rings = song.rings[inside]
    over = onset + song.duration[inside] - starts[bar + 1] > PPQ // 4
    place = np.minimum((onset + EARLY_TICKS - starts[bar]) // _PLACE_TICKS, _MAX_PLACES - 2)
    pitch = np.where(rings, song.pitch[inside], _DRUM_OF_KEY[song.pitch[inside]])
    note = (part * 128 + pitch) * _MAX_PLACES + place
    notes, token = np.unique(note, return_inverse=True)
    once = np.unique(token * bars + bar)  # a note struck twice at a place counts once
    token, bar = np.divmod(once, bars)
    part_of_token = notes // (128 * _MAX_PLACES)
    sizes = np.bincount(part_of_token[token] * bars + bar, minlength=cells)
    held, near, kept = _matrices(notes, token, bar, bars)
    return Texture(
        parts=parts.astype(np.int32),
        lengths=np.diff(starts[: len(held) + 1]).astype(np.int32),
        sizes=_table(sizes, bars)[:, : len(held)],
        held=held,
        near=near,
        edges=np.searchsorted(part_of_token[kept], np.arange(len(parts) + 1)),
        ringing=_before_lines(np.bincount(row, weights=rings, minlength=cells), bars)[:, : len(held) + 1],
        crossing=_before_lines(np.bincount(row, weights=rings & over, minlength=cells), bars)[:, : len(held) + 1],
    )


def _table(counts: npt.NDArray[np.generic], bars: int) -> FloatArray:
    return counts.reshape(-1, bars).astype(np.float32)


def _before_lines(counts: npt.NDArray[np.generic], bars: int) -> FloatArray:
    table = np.zeros((len(counts) // bars, bars + 1), np.float32)
    table[:, 1:] = counts.reshape(-1, bars)
    return table


def _matrices(
    notes: npt.NDArray[np.int64], token: npt.NDArray[np.int64], bar: npt.NDArray[np.int64], bars: int
) -> tuple[FloatArray, FloatArray, npt.NDArray[np.int64]]:
    """Return `held` and `near`, and which of `notes` their columns are."""
    beside = np.diff(notes) == 1  # a neighbour in place, of the same pitch and part
    is_shared = np.bincount(token, minlength=len(notes)) > 1
    is_shared[1:] |= beside
    is_shared[:-1] |= beside
    kept = np.flatnonzero(is_shared)
    bars = min(bars, max(2, _MAX_CELLS // max(len(kept), 1)))
    held = np.zeros((bars, len(kept)), np.float32)
    used = is_shared[token] & (bar < bars)
    held[bar[used], (np.cumsum(is_shared) - 1)[token[used]]] = 1.0
    near = held.copy()
    left = np.flatnonzero(np.diff(notes[kept]) == 1)
    near[:, left] = np.maximum(near[:, left], held[:, left + 1])
    near[:, left + 1] = np.maximum(near[:, left + 1], held[:, left])
    return held, near, kept
