"""The Markov baseline counts right, and the comparison gives every contestant the same notes."""

from pathlib import Path

import numpy as np
import pytest

from engine.representation.layout import labels_of
from engine.representation.vocabulary import FIELD_SIZES, Column, Field, RowType
from tests.helpers.random_windows import RandomSource, random_rows

torch = pytest.importorskip("torch")
pytest.importorskip("lightning")

from training.baselines.compare import compare, table  # noqa: E402
from training.baselines.markov import HISTORY, Decisions, MarkovModel, decisions_of  # noqa: E402
from training.config import DataConfig, ModelConfig, OptimiserConfig, RunConfig, TrainConfig  # noqa: E402
from training.feed import TensorBatch, tensor_batches  # noqa: E402

pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("one_thread")]


def decisions(seed: int, chunks: int = 4) -> Decisions:
    source = RandomSource(seed=seed)
    return decisions_of(
        batch for n in range(chunks) for batch in tensor_batches(source.chunk(n), rows_per_batch=512, seed=0)
    )


def test_history_is_the_notes_before_in_the_same_part() -> None:
    rows = random_rows(np.random.default_rng(3), notes=30)
    labels = labels_of(rows)
    whole = TensorBatch(torch.from_numpy(rows[None]), torch.from_numpy(labels[None]), len(rows), 1)
    found = decisions_of([whole])
    pitches: list[int] = []
    for i, row in enumerate(np.flatnonzero(labels[:, Field.KIND] >= 0)):
        if rows[row, Column.TYPE] == RowType.NOTE:
            pitches.append(int(rows[row, Column.PITCH]) - 1)
        expected = ([*reversed(pitches)] + [-1] * HISTORY)[:HISTORY]
        assert found.history[i, :, Field.PITCH].tolist() == expected


def test_counts_beat_the_uniform_guess_and_orders_are_weighed() -> None:
    model = MarkovModel.fit(decisions(0))
    tuning, scored = decisions(1), decisions(2)
    before = model.nats(tuning).sum()
    model.tune(tuning)
    assert model.nats(tuning).sum() <= before
    uniform = sum((scored.labels[:, f] >= 0).sum() * np.log(FIELD_SIZES[f]) for f in Field)
    assert model.nats(scored).sum() < 0.8 * uniform


def test_what_was_seen_often_becomes_likely() -> None:
    seen = decisions(0)
    model = MarkovModel.fit(seen)
    for which in Field:
        model.strengths[which] = [0.01] * (HISTORY + 1)
    assert model.nats(seen).sum() < MarkovModel.fit(seen).nats(seen).sum()


def test_the_comparison_scores_everyone_on_the_same_notes(tmp_path: Path) -> None:
    config = TrainConfig(
        model=ModelConfig(d_model=16, layers=1, heads=1, kv_heads=1, head_dim=16, ffn=16, head_hidden=16),
        data=DataConfig(max_rows=64, rows_per_batch=512, valid_windows=8),
        optimiser=OptimiserConfig(total_rows=600, warmup_rows=100, ema_rows=400),
        run=RunConfig(
            directory=str(tmp_path), accelerator="cpu", precision="32-true", compile=False, tensorboard=False
        ),
    )
    train_source = RandomSource()
    lines = compare(config, (train_source, RandomSource(seed=1)), ("chain", "independent", "flat"))
    assert len({line.score.notes for line in lines}) == 1
    assert all(line.notes > 0 for line in lines)
    assert table(lines).count("\n") == 1 + len(lines)
