"""Trains the encoder that ships, so that bars of one song lie near each other in whatever key.

    python -m training.encoder.train_song --data PACKED --out assets/similarity/encoder --card CARD.md [--steps 300]

Two loops of each of `SONGS_AT_ONCE` songs, `BARS_A_LOOP` random bars of each, every other one of the second loops
transposed: each mean lies nearer to the other of its song than to those of all other songs (NT-Xent). At the end the
valid split is asked: of two loops of each song, how often the other one comes first, and is among the ten nearest; of
a loop in another key, how often the original comes first. So are the counts that it stands beside in the library, and
both together, at several weights; `BESIDE` in `engine/similarity/loops.py` is chosen on these lines.
"""

import argparse
import logging
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from engine.representation.bars import bar_tokens
from engine.representation.sheet import Sheet
from engine.resources import asset
from engine.similarity.loops import LoopSpace, side_by_side, unit
from training.augment import transposed
from training.dataset import SongPool
from training.encoder.export import export_encoder
from training.encoder.losses import contrast_loss
from training.encoder.song_network import SongNetwork, counts_of, in_another_key
from training.similarity import loops_of_songs, two_loops_a_song

logger = logging.getLogger(__name__)

SONGS_AT_ONCE, BARS_A_LOOP, LOOPS_A_SONG = 384, 2, 6
HIDDEN, WIDTH, WEIGHT_DECAY, TRANSPOSE = 384, 128, 0.1, 6
TOP, WEIGHTS = 10, (0.3, 0.5, 0.7, 1.0)


@dataclass(frozen=True, slots=True)
class SongBars:
    """The bars of loops of songs, counted.

    Attributes:
        counts: float32 [bars, COUNTS].
        first, bars: int64 [loops], where the bars of a loop begin and how many they are.
        song: int64 [songs + 1], where the loops of each song begin; the last is the end.
    """

    counts: Tensor
    first: npt.NDArray[np.int64]
    bars: npt.NDArray[np.int64]
    song: npt.NDArray[np.int64]

    @classmethod
    def of(cls, songs: list[list[Sheet]]) -> "SongBars":
        """Count the bars of songs' loops."""
        sheets = [sheet for loops in songs for sheet in loops]
        bars = np.array([sheet.bars for sheet in sheets])
        counts = torch.cat([counts_of(torch.from_numpy(bar_tokens(sheet))) for sheet in sheets])
        song = np.cumsum([0, *(len(loops) for loops in songs)])
        return cls(counts, np.cumsum(bars) - bars, bars, song)

    def drawn(self, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        """Draw bars of two loops of each of some songs: float32 [songs, BARS_A_LOOP, COUNTS], twice."""
        chosen = rng.permutation(len(self.song) - 1)[:SONGS_AT_ONCE]
        pairs = np.array([self.song[s] + rng.permutation(self.song[s + 1] - self.song[s])[:2] for s in chosen])
        place = (rng.random((*pairs.shape, BARS_A_LOOP)) * self.bars[pairs][..., None]).astype(np.int64)
        one, other = self.counts[self.first[pairs][..., None] + place].unbind(1)
        is_moved = torch.from_numpy(rng.random(len(chosen)) < 0.5)[:, None, None]
        moved = in_another_key(other, int(rng.integers(-TRANSPOSE, TRANSPOSE + 1)))
        return one, torch.where(is_moved, moved, other)


def trained(bars: SongBars, *, steps: int, rate: float, seed: int, hidden: int = HIDDEN) -> SongNetwork:
    """Return a network trained for some batches, ready to be asked."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    network = SongNetwork(bars.counts.mean(0), hidden=hidden, width=WIDTH)
    optimiser = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=WEIGHT_DECAY)
    for step in range(steps):
        for group in optimiser.param_groups:
            group["lr"] = rate * min(1, step / 50) * 0.5 * (1 + math.cos(math.pi * step / steps))
        one, other = (network.of_counts(of).mean(1) for of in bars.drawn(rng))
        loss = contrast_loss(one, other)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        if (step + 1) % 100 == 0:
            logger.info("%d: loss %.3f", step + 1, loss.item())
    return network.eval()


def figures(vectors: npt.NDArray[np.float32], moved: npt.NDArray[np.float32]) -> str:
    """Return the figures of unit vectors, two loops of each song one after the other, and of them transposed."""
    likeness = vectors @ vectors.T
    np.fill_diagonal(likeness, -2)
    own = likeness[np.arange(len(likeness)), np.arange(len(likeness)) ^ 1]
    rank = (likeness > own[:, None]).sum(1)
    across = moved @ vectors.T
    first = (across > np.diag(across)[:, None] + 1e-6).sum(1) == 0
    shares = (rank == 0).mean(), (rank < TOP).mean(), first.mean()
    return "first {:.3f}, in ten {:.3f}; in another key first {:.3f}".format(*shares)


def report(space: LoopSpace, loops: list[Sheet]) -> None:
    """Log the figures of network and counts, alone and together."""
    rng = np.random.default_rng(0)
    steps = rng.integers(1, TRANSPOSE + 1, len(loops)) * rng.choice((-1, 1), len(loops))
    moved = [transposed(sheet, step) for sheet, step in zip(loops, steps.tolist(), strict=True)]
    counts, heard = zip(*((space.count_vectors(of), space.heard_vectors(of)) for of in (loops, moved)), strict=True)
    logger.info("counts: %s", figures(*counts))
    logger.info("network: %s", figures(*heard))
    for weight in WEIGHTS:
        both = (unit(side_by_side(c, h, weight)) for c, h in zip(counts, heard, strict=True))
        logger.info("counts, and %.1f of the network: %s", weight, figures(*both))


def main() -> None:
    """Train and export from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--card", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--hidden", type=int, default=HIDDEN)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    torch.set_num_threads(1)
    bars = SongBars.of(list(loops_of_songs(SongPool(options.data, "train"), 3, most=LOOPS_A_SONG)))
    logger.info("%d songs, %d loops, %d bars", len(bars.song) - 1, len(bars.bars), len(bars.counts))
    network = trained(bars, steps=options.steps, rate=options.rate, seed=options.seed, hidden=options.hidden)
    encoder = export_encoder(
        network,
        options.out,
        name="songs",
        purpose="compares loops in the library, beside counts of their notes",
        card=options.card.read_text(encoding="utf-8"),
        provenance={"training": " ".join(f"{k}={v}" for k, v in vars(options).items() if isinstance(v, int | float))},
    )
    counts = LoopSpace.open(asset("similarity"))
    report(
        LoopSpace(counts.middle, counts.axes, encoder),
        two_loops_a_song(SongPool(options.data, "valid"), len(bars.song), 3),
    )


if __name__ == "__main__":
    main()
