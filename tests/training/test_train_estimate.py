"""A dry run of training: what it would take, told without touching the run."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.helpers.random_windows import RandomSource

torch = pytest.importorskip("torch")
pytest.importorskip("lightning")

from training.config import DataConfig, ModelConfig, OptimiserConfig, RunConfig, TrainConfig  # noqa: E402
from training.train import train  # noqa: E402
from training.train_estimate import estimate_train  # noqa: E402

pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("one_thread")]


def test_a_dry_run_of_training_takes_steps_elsewhere(tmp_path: Path) -> None:
    config = TrainConfig(
        model=ModelConfig(d_model=16, layers=1, heads=1, kv_heads=1, head_dim=16, ffn=16, head_hidden=16),
        data=DataConfig(max_rows=64, rows_per_batch=256, valid_windows=6),
        optimiser=OptimiserConfig(total_rows=1000, warmup_rows=200, ema_rows=400),
        run=RunConfig(
            directory=str(tmp_path / "run"), accelerator="cpu", precision="32-true", compile=False, tensorboard=False
        ),
    )
    source, valid = RandomSource(), RandomSource(seed=1)
    longer = replace(config, optimiser=replace(config.optimiser, total_rows=5_000_000))
    whole = estimate_train(longer, source=source, valid_source=valid)
    assert not (tmp_path / "run").exists()
    assert whole.rows_left == 5_000_000
    assert whole.seconds == pytest.approx(5_000_000 / whole.rows_per_second, rel=0.05)
    assert whole.disk_bytes > 4 * 4 * whole.parameters
    train(config, source=source, valid_source=valid)
    kept = {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()}
    later = estimate_train(longer, source=source, valid_source=valid)
    assert later.rows_left < 4_999_200, "a run that was stopped has less to go"
    assert {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()} == kept
    assert any("rows (notes) a second" in line for line in whole.lines())
