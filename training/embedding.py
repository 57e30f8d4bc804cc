"""Embedding tables: a row is the sum of its columns' vectors, and some tables are sums themselves.

A pitch is itself, its pitch class and its octave; a position itself, its phase in the quarter and the
quarter; so little data teaches what they share. `folded` adds the tables up: a bundle knows only sums.
"""

from typing import cast

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.music.harmony import ChordQuality
from engine.music.timing import STEPS_PER_QUARTER
from engine.representation.vocabulary import CHORDS, COLUMN_SIZES, DRUM_OFFSET, PITCHES, POSITIONS, Column

EMBED_STD = 0.2


def _octaves(ids: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    return np.where(ids < DRUM_OFFSET, 1 + ids // 12, 0)


def _pitch_classes(ids: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    return np.where(ids < DRUM_OFFSET, 1 + ids % 12, 0)


def factors_of(name: str) -> tuple[npt.NDArray[np.int64], ...]:
    """Return what the values of a table share: one array a factor, value id → factor id, 0 for none.

    Args:
        name: A sampled field or a column, lower case. Value ids are 0-based, without "does not apply".
    """
    chords = np.arange(CHORDS - 2)
    if name in ("chord_a", "chord_b"):
        qualities = len(ChordQuality)
        none = np.zeros(1, np.int64)  # "no chord" has neither root nor quality
        return (np.r_[none, 1 + chords // qualities], np.r_[none, 1 + chords % qualities])
    if name == "position":
        steps = np.arange(POSITIONS)
        return (1 + steps % STEPS_PER_QUARTER, 1 + steps // STEPS_PER_QUARTER)
    if name == "pitch":
        pitches = np.arange(2 * PITCHES)
        return (_pitch_classes(pitches), _octaves(pitches))
    if name == "program":
        return (1 + np.arange(128) // 8,)
    return ()


class FactoredTable(nn.Module):
    """A table of vectors, each the sum of its own and of those of what it shares with others."""

    def __init__(self, name: str, size: int, width: int, *, std: float) -> None:
        super().__init__()
        factors = factors_of(name)
        self.free = nn.Parameter(torch.randn(size, width) * std * (0.5 if factors else 1.0))
        self.shared = nn.ParameterList([nn.Parameter(torch.randn(int(f.max()) + 1, width) * std) for f in factors])
        for index, factor in enumerate(factors):
            self.register_buffer(f"factor_{index}", torch.from_numpy(factor), persistent=False)

    def folded(self) -> Tensor:
        """Return the sums: float32 [size, width]."""
        table = self.free
        for index, shared in enumerate(self.shared):
            factor = cast("Tensor", getattr(self, f"factor_{index}"))
            table = table + shared[factor] * (factor > 0)[:, None]
        return table

    @torch.no_grad()
    def set_folded(self, table: Tensor) -> None:
        """Take sums back: the free table takes all, the shared ones start from nothing."""
        self.free.copy_(table)
        for shared in self.shared:
            shared.zero_()


class RowEmbedding(nn.Module):
    """The sum over a row's columns; id 0 contributes nothing."""

    offsets: Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        self.tables = nn.ModuleList(
            [FactoredTable(c.name.lower(), COLUMN_SIZES[c] - 1, width, std=EMBED_STD) for c in Column]
        )
        # One zero vector at the front stands for id 0 of every column.
        sizes = [COLUMN_SIZES[column] - 1 for column in Column]
        self.register_buffer("offsets", torch.tensor(np.r_[0, np.cumsum(sizes)[:-1]]), persistent=False)

    def forward(self, rows: Tensor) -> Tensor:
        tables = [cast("FactoredTable", table).folded() for table in self.tables]
        width = tables[0].shape[1]
        whole = torch.cat([tables[0].new_zeros(1, width), *tables])
        ids = rows.long()
        ids = torch.where(ids > 0, ids + self.offsets, 0)
        flat = F.embedding_bag(ids.reshape(-1, len(Column)), whole, mode="sum")
        return flat.view(*rows.shape[:2], width)
