"""What is run and killed by `test_kills.py`: a small fine-tuning as a program of its own.

python -m tests.training.finetune.kill_runs FILES BASE MODEL WORK
"""

import sys
from pathlib import Path

import torch

from training.finetune.config import FinetuneConfig
from training.finetune.run import finetune

SETTINGS = (
    "course.max_rows=60000",
    "course.valid_steps=10",
    "course.precision=32-true",
    "course.accelerator=cpu",
    "course.nice=0",
    "course.sample_minutes=0.0",
    "course.checkpoint_minutes=0.002",
    "course.patience=100",
    "style.learning_rate=0.03",
    "style.warmup_rows=1000",
    "style.ema_rows=2000",
    "style.rank=4",
    "material.rehearsal_loops=10",
    "material.rows_per_batch=512",
    "material.max_rows=192",
    "material.valid_windows=16",
)


def main(files: str, base: str, model: str, work: str) -> None:
    """Train, or go on."""
    torch.set_num_threads(1)
    config = FinetuneConfig.load(None, [f"course.base={base}", *SETTINGS])
    finetune(Path(files), Path(model), config, work=Path(work))


if __name__ == "__main__":
    main(*sys.argv[1:])
