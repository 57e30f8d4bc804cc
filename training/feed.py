"""From chunks of windows to tensors: in order, in other processes if wanted, resumable at any batch.

A *chunk* is what the data set shuffles together; it is a function of its number alone. A run's place in
the data is therefore two numbers, and a run that is resumed sees the batches that it would have seen.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from engine.representation.vocabulary import Column, RowType
from training.config import DataConfig
from training.dataset import Batch, SongPool, WindowConfig, chunk_batches

# Batches are cut to a multiple of this many rows: few enough shapes, little padding.
LENGTH_MULTIPLE = 32


class Source(Protocol):
    """Numbered chunks of batches, each a function of its number alone."""

    def chunk(self, number: int) -> Sequence[Batch]:
        """Return the batches of a chunk, 0 or more."""
        ...


@dataclass(frozen=True, slots=True)
class SongSource:
    """Windows of packed songs, drawn at random."""

    songs: SongPool
    windows: WindowConfig
    rows_per_batch: int
    seed: int

    @classmethod
    def open(cls, config: DataConfig, *, split: str) -> "SongSource":
        """Open the songs of a split; all but "train" are taken as they are, from a seed of their own.

        Raises:
            CorpusError: There are no packed songs of that split.
        """
        is_training = split == "train"
        defaults = WindowConfig()
        windows = WindowConfig(
            loop_share=config.loop_share,
            max_rows=config.max_rows,
            bucket_rows=(*(n for n in defaults.bucket_rows if n < config.max_rows), config.max_rows),
            windows_a_song=config.windows_per_song if is_training else 1,
            songs_a_chunk=config.songs_per_chunk,
            augment=config.augment and is_training,
        )
        seed = config.seed if is_training else config.valid_seed
        return cls(SongPool(Path(config.directory), split), windows, config.rows_per_batch, seed)

    def chunk(self, number: int) -> Sequence[Batch]:
        return tuple(
            chunk_batches(self.songs, self.windows, rows_a_batch=self.rows_per_batch, seed=self.seed, chunk=number)
        )


@dataclass(frozen=True, slots=True)
class Place:
    """Where a process stands in its data: how many of its chunks are done, and batches of the present one."""

    chunk: int = 0
    batch: int = 0


@dataclass(frozen=True, slots=True)
class TensorBatch:
    """A batch ready for the network.

    Attributes:
        rows: int16 [B, T, ROW_WIDTH].
        labels: int16 [B, T, 6].
        row_count: Rows that are not padding.
        window_count: Sequences.
    """

    rows: Tensor
    labels: Tensor
    row_count: int
    window_count: int


def tensor_batch(batch: Batch) -> TensorBatch:
    """Return a batch without empty sequences and with as little padding as `LENGTH_MULTIPLE` allows."""
    is_row = batch.rows[:, :, Column.TYPE] != RowType.PAD
    lengths = is_row.sum(1)
    kept = np.flatnonzero(lengths)
    longest = max(1, int(lengths.max(initial=0)))
    length = min(-(-longest // LENGTH_MULTIPLE) * LENGTH_MULTIPLE, batch.rows.shape[1])
    return TensorBatch(
        rows=torch.from_numpy(np.ascontiguousarray(batch.rows[kept, :length])),
        labels=torch.from_numpy(np.ascontiguousarray(batch.labels[kept, :length])),
        row_count=int(lengths.sum()),
        window_count=len(kept),
    )


class _Chunks(Dataset[list[TensorBatch]]):
    def __init__(self, source: Source, rank: int, ranks: int) -> None:
        self._source, self._rank, self._ranks = source, rank, ranks

    def __getitem__(self, index: int) -> list[TensorBatch]:
        number = index * self._ranks + self._rank
        return [tensor_batch(batch) for batch in self._source.chunk(number)]


class _From(Sampler[int]):
    def __init__(self, first: int) -> None:
        self._first = first

    def __iter__(self) -> Iterator[int]:
        number = self._first
        while True:
            yield number
            number += 1


def training_batches(
    source: Source, place: Place, *, rank: int = 0, ranks: int = 1, workers: int = 0
) -> Iterator[tuple[Place, TensorBatch]]:
    """Yield batches for ever, each with the place that follows it.

    Args:
        source: Where chunks come from; it is sent to other processes when `workers` is not 0.
        place: Where to begin.
        rank, ranks: Which share of the chunks is this process's own.
        workers: Processes that prepare chunks ahead.
    """
    keep: Callable[[list[TensorBatch]], list[TensorBatch]] = partial(_same)
    loader = DataLoader(
        _Chunks(source, rank, ranks),
        batch_size=None,
        sampler=_From(place.chunk),
        num_workers=workers,
        collate_fn=keep,
        prefetch_factor=2 if workers else None,
    )
    skip = place.batch
    for offset, batches in enumerate(loader):
        number = place.chunk + offset
        for index, batch in enumerate(batches):
            if index < skip or not batch.window_count:
                continue
            is_last = index + 1 == len(batches)
            yield Place(number + 1) if is_last else Place(number, index + 1), batch
        skip = 0


def _same(batches: list[TensorBatch]) -> list[TensorBatch]:
    return batches


def first_windows(source: Source, count: int) -> list[TensorBatch]:
    """Return batches from the beginning of a source that hold at least `count` windows, the last one cut."""
    taken: list[TensorBatch] = []
    missing = count
    for _, batch in islice(training_batches(source, Place()), count):
        batch = _cut(batch, missing) if batch.window_count > missing else batch
        taken.append(batch)
        missing -= batch.window_count
        if missing <= 0:
            break
    return taken


def _cut(batch: TensorBatch, count: int) -> TensorBatch:
    rows = batch.rows[:count]
    return TensorBatch(rows, batch.labels[:count], int((rows[:, :, Column.TYPE] != RowType.PAD).sum()), count)
