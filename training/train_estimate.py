"""What a training would take: its first steps are taken in earnest, in a folder that is thrown away."""

import statistics
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path

from training.checkpoints import checkpoints_in, read_latest
from training.config import TrainConfig
from training.feed import Source
from training.memory import bytes_per_row, device_of, free_bytes
from training.model import LoopTransformer, LossModel
from training.prepare_estimate import duration_text, free_disk_bytes
from training.records import Score
from training.train import Progress, train

_STEPS = 6
_STATE_BYTES = 20  # a parameter: itself, its gradient, two moments, its average; float32 each


@dataclass(frozen=True, slots=True)
class TrainEstimate:
    """What a run would take.

    Attributes:
        parameters: Of the network.
        rows_left: Of the schedule; a run that was stopped has less to go.
        rows_per_second: Of all processes that this was started with.
        seconds: Wall clock to the end of the schedule, or of the run's own limit, if nothing else runs.
        memory_bytes: Of a step, estimated.
        free_memory_bytes: On the device.
        disk_bytes: Of all checkpoints, and one being written.
        free_disk_bytes: Where they go.
    """

    parameters: int
    rows_left: int
    rows_per_second: float
    seconds: float
    memory_bytes: int
    free_memory_bytes: int
    disk_bytes: int
    free_disk_bytes: int

    def lines(self) -> list[str]:
        """Return it in words."""
        tight = "" if self.memory_bytes < self.free_memory_bytes else "  batches will be read in pieces"
        room = "" if self.disk_bytes < self.free_disk_bytes else "  TOO LITTLE: name another run.directory"
        return [
            f"network    {self.parameters / 1e6:,.1f} M parameters",
            f"speed      {self.rows_per_second:,.0f} rows (notes) a second",
            f"time       about {duration_text(self.seconds)} for {self.rows_left / 1e6:,.1f} M rows",
            f"memory     about {self.memory_bytes / 1e9:,.1f} GB, {self.free_memory_bytes / 1e9:,.1f} GB free{tight}",
            f"disk       about {self.disk_bytes / 1e6:,.0f} MB, {self.free_disk_bytes / 1e6:,.0f} MB free{room}",
        ]


@dataclass(slots=True)
class _Speeds:
    """A `training.train.Watch` that notes speeds and has seen enough after a few steps."""

    rows_per_second: list[float] = field(default_factory=list[float])

    def logged(self, progress: Progress, score: Score, rows_per_second: float) -> None:
        """See `Watch.logged`."""
        self.rows_per_second.append(rows_per_second)

    def validated(self, progress: Progress, score: Score, model: LossModel) -> bool:
        """See `Watch.validated`."""
        return progress.step >= _STEPS


def estimate_train(
    config: TrainConfig, *, source: Source | None = None, valid_source: Source | None = None
) -> TrainEstimate:
    """Take a few steps of a run and tell what all of it would take; its own folder is only read.

    Args:
        config: The run.
        source, valid_source: As `training.train.train` takes them.

    Raises:
        CorpusError: There are no packed songs.
    """
    directory = Path(config.run.directory)
    state = read_latest(directory)
    rows_left = max(0, config.optimiser.total_rows - (state["progress"]["rows"] if state else 0))
    device = device_of(config.run.accelerator)
    free_memory = free_bytes(device)
    speeds = _Speeds()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        run = replace(
            config.run, directory=scratch, valid_steps=_STEPS, log_steps=1, tensorboard=False, max_cpu_seconds=0.0
        )
        trial = replace(config, run=run, data=replace(config.data, valid_windows=1))
        train(trial, source=source, valid_source=valid_source, watch=speeds)
        checkpoint = checkpoints_in(Path(scratch))[0].stat().st_size
    parameters = sum(p.numel() for p in LoopTransformer(config.model).parameters())
    # The first step compiles, and fills caches.
    speed = statistics.median(speeds.rows_per_second[1:] or speeds.rows_per_second)
    seconds = rows_left / speed
    if config.run.max_minutes:
        seconds = min(seconds, config.run.max_minutes * 60)
    return TrainEstimate(
        parameters=parameters,
        rows_left=rows_left,
        rows_per_second=round(speed, 1),
        seconds=round(seconds, 1),
        memory_bytes=_STATE_BYTES * parameters
        + bytes_per_row(config.model) * config.data.rows_per_batch // config.run.pieces,
        free_memory_bytes=free_memory,
        disk_bytes=checkpoint * (config.run.keep_checkpoints + 2),
        free_disk_bytes=free_disk_bytes(directory),
    )
