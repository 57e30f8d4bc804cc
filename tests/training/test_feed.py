"""The feed: every window once, little padding, the same from any place, context labels where wanted."""

from itertools import islice

import numpy as np
import pytest

from engine.representation.layout import labels_of
from engine.representation.vocabulary import Column, Field, Kind, RowState, RowType
from tests.helpers.random_windows import RandomSource, random_rows

torch = pytest.importorskip("torch")

from training.feed import Place, first_windows, tensor_batches, training_batches, with_context_labels  # noqa: E402

pytestmark = pytest.mark.torch


def test_every_window_of_a_chunk_is_in_one_batch() -> None:
    chunk = RandomSource().chunk(0)
    batches = tensor_batches(chunk, rows_per_batch=200, seed=0)
    rows = sum(int((batch.rows[:, :, Column.TYPE] != RowType.PAD).sum()) for batch in batches)
    assert rows == sum(int((batch.rows[:, :, Column.TYPE] != RowType.PAD).sum()) for batch in chunk)
    assert rows == sum(batch.row_count for batch in batches)
    assert all(batch.rows.shape[0] * batch.rows.shape[1] <= 200 for batch in batches)


def test_batches_after_any_place_are_those_of_the_whole() -> None:
    source = RandomSource()
    whole = list(islice(training_batches(source, Place(), rows_per_batch=200), 12))
    for place, _ in whole[:5]:
        rest = list(islice(training_batches(source, place, rows_per_batch=200), 4))
        at = [p for p, _ in whole].index(place)
        for (_, one), (_, other) in zip(rest, whole[at + 1 :], strict=False):
            assert torch.equal(one.rows, other.rows)


def test_processes_share_the_chunks_without_overlap() -> None:
    def seen(rank: int, ranks: int, count: int) -> set[bytes]:
        batches = training_batches(RandomSource(), Place(), rows_per_batch=4096, rank=rank, ranks=ranks)
        return {batch.rows.numpy().tobytes() for _, batch in islice(batches, count)}

    assert seen(0, 2, 2) | seen(1, 2, 2) == seen(0, 1, 4)


def test_the_validation_set_is_as_large_as_asked_and_always_the_same() -> None:
    one, other = (first_windows(RandomSource(), 17, rows_per_batch=300) for _ in range(2))
    assert sum(batch.window_count for batch in one) == 17
    assert all(torch.equal(a.rows, b.rows) for a, b in zip(one, other, strict=True))


def test_context_labels_count_given_cells_and_leave_targets_alone() -> None:
    rows = random_rows(np.random.default_rng(0), notes=30)
    labels = labels_of(rows)
    both = with_context_labels(rows, labels)
    is_target = rows[:, Column.STATE] == RowState.TARGET
    is_context = rows[:, Column.STATE] == RowState.CONTEXT
    assert (both[is_target] == labels[is_target]).all()
    context_notes = (is_context & (rows[:, Column.TYPE] == RowType.NOTE)).sum()
    assert (both[is_context, Field.KIND] == Kind.NOTE).sum() == context_notes > 0
    assert (both[~is_target & ~is_context] == -1).all()
