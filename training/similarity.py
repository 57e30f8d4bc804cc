"""Fits the space in which loops are compared, from packed songs.

python -m training.similarity --data PACKED --out assets/similarity
"""

import argparse
import logging
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt

from engine.representation.sheet import Sheet
from engine.similarity.loops import FILE_NAME, WIDTH, LoopSpace, loop_counts
from training.augment import transposed
from training.dataset import SongPool, WindowConfig, window_at
from training.evaluation.material import LONGEST, MIN_NOTES, fullest_parts

logger = logging.getLogger(__name__)

SONGS = 2500
STRENGTH = 0.3  # how much every direction is taken to vary within a song, in units of the mean over directions
IN_OTHER_KEYS = 3.0  # how much the difference between a loop and itself transposed counts beside that within a song
_CUT = WindowConfig(augment=False, max_rows=100_000)


def loops_of_songs(songs: SongPool, seed: int, *, most: int) -> Iterator[list[Sheet]]:
    """Yield 2 to `most` mined loops of each song that has as many, songs in a random order."""
    rng = np.random.default_rng(seed)
    for index in rng.permutation(len(songs)).tolist():
        song = songs[index]
        loops: list[Sheet] = []
        for start, bars in zip(song.loop_starts.tolist(), song.loop_bars.tolist(), strict=True):
            window = window_at(song, start, bars, _CUT, rng, is_loop=True, all_parts=True) if bars <= LONGEST else None
            if window is not None and len(window.sheet.notes) >= MIN_NOTES and len(loops) < most:
                loops.append(fullest_parts(window.sheet))
        if len(loops) >= 2:
            yield loops


def two_loops_a_song(songs: SongPool, count: int, seed: int) -> list[Sheet]:
    """Return two mined loops of each of up to `count` songs, one after the other."""
    pairs = islice(loops_of_songs(songs, seed, most=2), count)
    return [sheet for pair in pairs for sheet in pair]


def fitted_space(pairs: list[Sheet], *, width: int = WIDTH) -> LoopSpace:
    """Return the directions in which loops differ most, in units of how much the two loops of a song do.

    A loop and itself in another key count as two loops of a song, too.

    Args:
        pairs: Two loops of each song, one after the other.
        width: How many directions.

    Source: Fisher's linear discriminants, songs as classes, the covariance within them shrunk towards a sphere.
    """
    counts = np.array([loop_counts(sheet) for sheet in pairs])
    rng = np.random.default_rng(0)
    steps = rng.integers(1, 7, len(pairs)) * rng.choice((-1, 1), len(pairs))
    moved = [loop_counts(transposed(sheet, step)) for sheet, step in zip(pairs, steps.tolist(), strict=True)]
    within = _spread(counts[0::2] - counts[1::2]) + IN_OTHER_KEYS * _spread(counts - np.array(moved))
    within += STRENGTH * np.trace(within) / len(within) * np.eye(len(within))
    spread, turn = np.linalg.eigh(within)
    even = turn / np.sqrt(spread)
    _, directions = np.linalg.eigh(even.T @ np.cov(counts.T) @ even)
    axes = (even @ directions[:, ::-1][:, :width]).astype(np.float16)  # as it is kept
    return LoopSpace(_single(counts.mean(axis=0).astype(np.float16)), _single(axes))


def _spread(differences: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return differences.T @ differences / (2 * len(differences))


def _single(values: npt.NDArray[np.float16]) -> npt.NDArray[np.float32]:
    return values.astype(np.float32)


def main() -> None:
    """Fit from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--songs", type=int, default=SONGS)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    pairs = two_loops_a_song(SongPool(options.data, "train"), options.songs, 3)
    fitted_space(pairs).save(options.out)
    logger.info("%d songs, %d bytes", len(pairs) // 2, (options.out / FILE_NAME).stat().st_size)


if __name__ == "__main__":
    main()
