"""What `test_two_processes.py` runs: a few steps of training on one process, or on each of two.

python -m torch.distributed.run --nproc-per-node 2 -m tests.training.two_processes FOLDER 2 ddp 1500 [group.key=value …]
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from tests.helpers.random_windows import RandomSource
from training.config import DataConfig, ModelConfig, OptimiserConfig, RunConfig, TrainConfig
from training.dataset import Batch
from training.train import train


@dataclass(frozen=True, slots=True)
class OneBatch:
    """Chunks of one batch each, so that what two processes read at once one process reads in turn."""

    source: RandomSource

    def chunk(self, number: int) -> Sequence[Batch]:
        return self.source.chunk(number)[:1]


def config(directory: str, processes: int, strategy: str, rows: int) -> TrainConfig:
    """Return the same training for one process and for two."""
    return TrainConfig(
        model=ModelConfig(d_model=16, layers=2, heads=1, kv_heads=1, head_dim=16, ffn=16, head_hidden=16),
        data=DataConfig(max_rows=64, rows_per_batch=4096, valid_windows=6),
        optimiser=OptimiserConfig(
            total_rows=rows, warmup_rows=200, ema_rows=400, decay_share=0, accumulate=1 if processes > 1 else 2
        ),
        run=RunConfig(
            directory=directory,
            accelerator="cpu",
            devices=str(processes),
            strategy=strategy,
            precision="32-true",
            compile=False,
            log_steps=1,
            valid_steps=3,
            tensorboard=False,
        ),
    )


def main(directory: str, processes: str, strategy: str, rows: str, *settings: str) -> None:
    """Train, or go on, until so many rows are counted."""
    torch.set_num_threads(1)
    source, valid = OneBatch(RandomSource()), RandomSource(seed=1)
    Path(directory).mkdir(parents=True, exist_ok=True)
    wanted = config(directory, int(processes), strategy, int(rows)).with_overrides(settings)
    train(wanted, source=source, valid_source=valid)


if __name__ == "__main__":
    main(*sys.argv[1:])
