"""From chunks of windows to tensors: in order, in other processes if wanted, resumable at any batch.

A *chunk* is what the data set shuffles together; it is a function of its number alone. A run's place in
the data is therefore two numbers, and a run that is resumed sees the batches that it would have seen.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from engine.representation.layout import labels_of
from engine.representation.vocabulary import Column, Rows, RowState, RowType
from training.config import DataConfig
from training.dataset import Batch, Labels, SongPool, WindowConfig, chunk_batches

# Batches are cut to a multiple of this many rows: few enough shapes, little padding.
LENGTH_MULTIPLE = 16

Window = tuple[Rows, Labels]  # one sequence without padding


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


def with_context_labels(rows: Rows, labels: Labels) -> Labels:
    """Return a window's labels with those of its context rows: given cells, too, are read note by note.

    Half of a window's rows are given; learning to say them costs the heads only, and is the same task:
    a part after the parts before it.
    """
    as_target = rows.copy()
    state = rows[:, Column.STATE]
    as_target[:, Column.STATE] = np.where(state == RowState.CONTEXT, RowState.TARGET, RowState.NONE)
    return np.maximum(labels, labels_of(as_target))


def tensor_batches(
    batches: Iterable[Batch], *, rows_per_batch: int, seed: int, counts_context: bool = False
) -> list[TensorBatch]:
    """Cut a chunk's windows into batches anew, so that hardly a row is padding: 97 % are music, not 70 %.

    Windows are sorted by length, cut where the padded rows would exceed `rows_per_batch`, and the batches
    shuffled by `seed`.
    """
    windows = [window for batch in batches for window in _windows(batch)]
    if counts_context:
        windows = [(rows, with_context_labels(rows, labels)) for rows, labels in windows]
    windows.sort(key=lambda window: -len(window[0]))
    groups: list[list[Window]] = []
    room = 0
    for window in windows:
        if room <= 0:
            groups.append([])
            room = max(1, rows_per_batch // _padded_length(window))
        groups[-1].append(window)
        room -= 1
    order = np.random.default_rng(seed).permutation(len(groups))
    return [_stacked(groups[index]) for index in order]


def _windows(batch: Batch) -> list[Window]:
    lengths = (batch.rows[:, :, Column.TYPE] != RowType.PAD).sum(1)
    return [(batch.rows[i, :n], batch.labels[i, :n]) for i, n in enumerate(lengths) if n]


def _padded_length(window: Window) -> int:
    return -(-len(window[0]) // LENGTH_MULTIPLE) * LENGTH_MULTIPLE


def _stacked(windows: Sequence[Window]) -> TensorBatch:
    shape = (len(windows), _padded_length(windows[0]))
    rows = np.zeros((*shape, windows[0][0].shape[1]), dtype=np.int16)
    labels = np.full((*shape, windows[0][1].shape[1]), -1, dtype=np.int16)
    for index, (window_rows, window_labels) in enumerate(windows):
        rows[index, : len(window_rows)] = window_rows
        labels[index, : len(window_rows)] = window_labels
    row_count = sum(len(window_rows) for window_rows, _ in windows)
    return TensorBatch(torch.from_numpy(rows), torch.from_numpy(labels), row_count, len(windows))


class _Chunks(Dataset[list[TensorBatch]]):
    def __init__(self, source: Source, share: tuple[int, int], rows_per_batch: int, counts_context: bool) -> None:
        self._source, self._rows, self._counts_context = source, rows_per_batch, counts_context
        self._rank, self._ranks = share

    def __getitem__(self, index: int) -> list[TensorBatch]:
        number = index * self._ranks + self._rank
        return tensor_batches(
            self._source.chunk(number), rows_per_batch=self._rows, seed=number, counts_context=self._counts_context
        )


class _From(Sampler[int]):
    def __init__(self, first: int) -> None:
        self._first = first

    def __iter__(self) -> Iterator[int]:
        number = self._first
        while True:
            yield number
            number += 1


def training_batches(
    source: Source,
    place: Place,
    *,
    rows_per_batch: int,
    rank: int = 0,
    ranks: int = 1,
    workers: int = 0,
    counts_context: bool = False,
) -> Iterator[tuple[Place, TensorBatch]]:
    """Yield batches for ever, each with the place that follows it.

    Args:
        source: Where chunks come from; it is sent to other processes when `workers` is not 0.
        place: Where to begin.
        rows_per_batch: Rows of a batch at most, padding included.
        rank, ranks: Which share of the chunks is this process's own.
        workers: Processes that prepare chunks ahead.
        counts_context: Whether context rows have labels too.
    """
    keep: Callable[[list[TensorBatch]], list[TensorBatch]] = partial(_same)
    loader = DataLoader(
        _Chunks(source, (rank, ranks), rows_per_batch, counts_context),
        batch_size=None,
        sampler=_From(place.chunk),
        num_workers=workers,
        collate_fn=keep,
        generator=torch.Generator(),  # else it draws from the generator that dropout resumes from
        prefetch_factor=2 if workers else None,
    )
    skip = place.batch
    for offset, batches in enumerate(loader):
        number = place.chunk + offset
        for index, batch in enumerate(batches):
            if index < skip:
                continue
            is_last = index + 1 == len(batches)
            yield Place(number + 1) if is_last else Place(number, index + 1), batch
        skip = 0


def _same(batches: list[TensorBatch]) -> list[TensorBatch]:
    return batches


def first_windows(source: Source, count: int, *, rows_per_batch: int) -> list[TensorBatch]:
    """Return batches from the beginning of a source that hold at least `count` windows, the last one cut."""
    taken: list[TensorBatch] = []
    missing = count
    for _, batch in islice(training_batches(source, Place(), rows_per_batch=rows_per_batch), count):
        batch = _cut(batch, missing) if batch.window_count > missing else batch
        taken.append(batch)
        missing -= batch.window_count
        if missing <= 0:
            break
    return taken


def _cut(batch: TensorBatch, count: int) -> TensorBatch:
    rows = batch.rows[:count]
    return TensorBatch(rows, batch.labels[:count], int((rows[:, :, Column.TYPE] != RowType.PAD).sum()), count)
