"""The training loop: Lightning Fabric for devices and precision, everything else in plain sight.

A run is a folder: `step-*.ckpt` (all that is needed to go on exactly), `best.ckpt` (the averaged weights
of the best validation), `metrics.csv`, `valid.csv` and `config.json`. Starting a run in a folder that
holds checkpoints goes on with it. It ends after `total_rows`, `max_minutes` or `max_cpu_seconds`, on
SIGTERM or SIGINT, when a file called `pause` appears in the folder, or when its `Watch` says so; the step at
hand is finished and saved first. Killed at any moment, it goes on from its last checkpoint and draws the curves that
it would have drawn. Validation is of the averaged weights, on a fixed set of windows. A batch that memory cannot
hold is read in halves, then in quarters …: the weights move as they would have.

    OMP_WAIT_POLICY=PASSIVE python -m training.train training/configs/small.toml data.directory=… [group.key=value …]

The variable keeps torch's threads from spinning while they wait: beside other programs on two cores that
is 485 rows a second instead of 136. `turnaround train` sets it by itself.
"""

import argparse
import logging
import signal
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol, cast

import torch
from torch import Tensor

from engine.representation.vocabulary import vocabulary_hash
from training.checkpoints import BEST, State, best_score, read_latest, write_checkpoint, write_numbered
from training.config import TrainConfig
from training.feed import Place, SongSource, Source, TensorBatch, first_windows, training_batches
from training.memory import MAX_PIECES, is_out_of_memory, pieces_of
from training.model import LoopTransformer, Losses, LossModel
from training.optimisers import AveragedWeights, build_optimisers, load_moments, rate_share, set_rates
from training.priority import lower_priority
from training.processes import agreed, everywhere, go_on_drawing, launched
from training.records import Records, Score
from training.sharding import gathered, placed_like
from training.trained_model import begin_from, check_vocabulary, evaluate, load_trained, trained_state

logger = logging.getLogger(__name__)

PAUSE = "pause"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run has come, all processes and resumed parts together.

    Attributes:
        step: Optimiser steps.
        rows: Rows seen, padding not counted.
        seconds: Wall clock spent in the loop.
        cpu_seconds: Processor time of this process, all threads.
        best: Best validation so far, in bits a note.
    """

    step: int = 0
    rows: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    best: float = float("inf")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a call of `train` ended with.

    Attributes:
        progress: How far the run has come.
        is_finished: Whether it reached the end of its schedule or budget, rather than being stopped.
        score: The last validation of this call, or None.
    """

    progress: Progress
    is_finished: bool
    score: Score | None


class Watch(Protocol):
    """Someone who looks on while a run goes, such as the window."""

    def logged(self, progress: Progress, score: Score, rows_per_second: float) -> None:
        """Hear the mean of the last steps."""
        ...

    def validated(self, progress: Progress, score: Score, model: LossModel) -> bool:
        """Hear a validation, while the model holds the averaged weights; return whether the run has come far enough."""
        ...


def train(
    config: TrainConfig,
    *,
    source: Source | None = None,
    valid_source: Source | None = None,
    model: LossModel | None = None,
    watch: Watch | None = None,
) -> Outcome:
    """Train until the schedule, the budget or someone ends it; go on where the folder's last checkpoint stands.

    Args:
        config: The run.
        source: Training chunks; the packed "train" songs of `config.data.directory` when None.
        valid_source: Validation chunks; the packed "valid" songs when None.
        model: Another network of the same interface, such as a baseline's, or one of which only a part is trained.
        watch: Who looks on, in the first process.
    Raises:
        CorpusError: There are no packed songs.
        EngineError: `run.start_from` cannot be read, or holds a network of another shape.
    """
    lower_priority(config.run.nice)
    if config.run.threads:
        torch.set_num_threads(config.run.threads)
    source = source or SongSource.open(config.data, split="train")
    valid_source = valid_source or SongSource.open(config.data, split="valid")
    run = _Run(config, source, valid_source, model, watch)
    with _stop_signals() as signals:
        return run.until_done(signals)


class _Run:
    """One process of a training run."""

    def __init__(
        self, config: TrainConfig, source: Source, valid: Source, model: LossModel | None, watch: Watch | None
    ) -> None:
        self.config, self.source, self.watch = config, source, watch
        self.directory = Path(config.run.directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.fabric = launched(config.run)
        self.fabric.seed_everything(config.run.seed, verbose=False)
        self.bare = model or LoopTransformer(config.model)
        if self.fabric.global_rank:  # one network, but its own dropout in each process
            self.fabric.seed_everything(config.run.seed + self.fabric.global_rank, verbose=False)
        if config.run.start_from:
            begin_from(self.bare, Path(config.run.start_from))
        if config.run.compile:
            self.bare.compile_parts()
        # The network first: where weights are sharded, setting it up replaces them.
        self.model: Any = self.fabric.setup_module(self.bare)
        optimisers = build_optimisers(self.bare, config.optimiser)
        self.optimisers: list[Any] = [self.fabric.setup_optimizers(each) for each in optimisers]
        self.average = AveragedWeights(self.bare, config.optimiser.ema_rows)
        self.progress, self.place = Progress(), Place()
        self._resume()
        self.valid = first_windows(valid, config.data.valid_windows, rows_per_batch=config.data.rows_per_batch)
        self.records = Records(
            self.directory, config, is_writer=self.fabric.is_global_zero, last_step=self.progress.step
        )
        self.score: Score | None = None
        self.pieces = config.run.pieces
        self._is_far_enough = False
        self._started, self._cpu_started = time.monotonic(), time.process_time()
        self._before = self.progress

    def until_done(self, signals: list[int]) -> Outcome:
        """Take steps until the run is over or asked to stop."""
        saved = validated = time.monotonic()
        run = self.config.run
        batches = training_batches(
            self.source,
            self.place,
            rows_per_batch=self.config.data.rows_per_batch,
            rank=self.fabric.global_rank,
            ranks=self.fabric.world_size,
            workers=self.config.data.workers,
            counts_context=self.config.data.context_weight > 0,
        )
        is_validated = agreed(self.fabric, self.records.is_validated)  # the writer alone has read the curves
        if run.valid_steps and self.progress.step % run.valid_steps == 0 and not is_validated:
            self._validate()
        while not (finished := self._is_over()) and not self._is_asked_to_stop(signals):
            losses, step_rows = self._step(batches)
            self.records.add(losses, step_rows)
            if self.progress.step % run.log_steps == 0:
                self._log()
            if run.valid_steps:
                is_due = self.progress.step % run.valid_steps == 0
            else:
                is_due = agreed(self.fabric, time.monotonic() - validated >= run.valid_minutes * 60)
            # Saved before validating too: the minutes that takes are not to be lost on top.
            if is_due or agreed(self.fabric, time.monotonic() - saved >= run.checkpoint_minutes * 60):
                self.save()
                saved = time.monotonic()
            if is_due:
                self._validate()
                validated = time.monotonic()
        self._log()
        if finished and not self._is_far_enough:
            self._validate()
        self.save()
        (self.directory / PAUSE).unlink(missing_ok=True)
        self.records.close()
        return Outcome(self.progress, finished, self.score)

    def _log(self) -> None:
        found = self.records.log(self.progress, rate=self._share())
        if found is not None and self.watch is not None and self.fabric.is_global_zero:
            self.watch.logged(self.progress, *found)

    def _step(self, batches: Iterator[tuple[Place, TensorBatch]]) -> tuple[Losses, int]:
        """Add up the gradients of some batches and move the weights once."""
        optimiser = self.config.optimiser
        set_rates(self.optimisers, self._share())
        taken: list[TensorBatch] = []
        for _ in range(optimiser.accumulate):
            self.place, batch = next(batches)
            taken.append(batch)
        rows = sum(batch.row_count for batch in taken)
        total = self._gradients(taken)
        torch.nn.utils.clip_grad_norm_(self.bare.parameters(), optimiser.clip)
        for each in self.optimisers:
            each.step()
            each.zero_grad()
        if self.fabric.world_size > 1:
            rows = int(cast("Tensor", self.fabric.all_reduce(torch.tensor(rows), reduce_op="sum")))
        self._advance(rows)
        self.average.update(step_rows=rows, rows=self.progress.rows)
        return total, rows

    def _gradients(self, batches: Sequence[TensorBatch]) -> Losses:
        """Add up gradients; where memory does not suffice, begin again with smaller pieces."""
        while True:
            try:
                return self._add_up(batches)
            except (RuntimeError, MemoryError) as error:
                # Others wait for this process's gradients: halving is for runs of one.
                if not is_out_of_memory(error) or self.pieces >= MAX_PIECES or self.fabric.world_size > 1:
                    raise
            self.pieces *= 2
            for each in self.optimisers:
                each.zero_grad()
            if torch.cuda.is_available():
                torch.cuda.empty_cache()
            logger.warning("memory did not suffice; batches are now read in %d pieces", self.pieces)

    def _add_up(self, batches: Sequence[TensorBatch]) -> Losses:
        weight = self.config.data.context_weight
        pieces = [
            (piece, share / len(batches)) for batch in batches for piece, share in pieces_of(batch, self.pieces, weight)
        ]
        total: Losses | None = None
        for index, (piece, share) in enumerate(pieces):
            is_last = index + 1 == len(pieces)
            with self.fabric.no_backward_sync(self.model, enabled=not is_last):
                losses: Losses = self.model(*self._on_device(piece))
                self.fabric.backward(losses.objective(weight) * share)
            found = losses.detached()
            total = found if total is None else total.plus(found)
        assert total is not None
        return total

    def _advance(self, rows: int) -> None:
        self.progress = replace(
            self.progress,
            step=self.progress.step + 1,
            rows=self.progress.rows + rows,
            seconds=self._before.seconds + time.monotonic() - self._started,
            cpu_seconds=self._before.cpu_seconds + time.process_time() - self._cpu_started,
        )

    def _on_device(self, batch: TensorBatch) -> tuple[Tensor, Tensor]:
        device = self.fabric.device
        return batch.rows.to(device, non_blocking=True), batch.labels.to(device, non_blocking=True)

    def _share(self) -> float:
        return rate_share(self.config.optimiser, self.progress.rows)

    def _is_over(self) -> bool:
        run, progress = self.config.run, self.progress
        minutes = (time.monotonic() - self._started) / 60
        return agreed(
            self.fabric,
            self._is_far_enough
            or progress.rows >= self.config.optimiser.total_rows
            or 0 < run.max_minutes <= minutes
            or 0 < run.max_cpu_seconds <= progress.cpu_seconds,
        )

    def _is_asked_to_stop(self, signals: list[int]) -> bool:
        return agreed(self.fabric, bool(signals) or (self.directory / PAUSE).exists())

    def _validate(self) -> None:
        """Score the averaged weights; keep them when they are the best so far."""
        self.average.swap()
        self.score = evaluate(self.model, self.valid, device=self.fabric.device)
        if self.watch is not None and self.fabric.is_global_zero:
            self._is_far_enough = self.watch.validated(self.progress, self.score, self.bare)
        self._is_far_enough = agreed(self.fabric, self._is_far_enough)
        self.average.swap()
        if agreed(self.fabric, self.score.bits_per_note < self.progress.best):
            self.progress = replace(self.progress, best=self.score.bits_per_note)
            average = self._gathered(self.average.values)
            if self.fabric.is_global_zero:
                kept = {"average": average, "score": self.score.as_dict()}
                write_checkpoint(self.directory / BEST, self._described() | kept)
        # Last, for what is on record is not validated again: a kill before this line repeats it, and loses no weights.
        self.records.validated(self.progress, self.score)

    def _gathered(self, state: Any) -> Any:
        return gathered(state, is_keeper=self.fabric.is_global_zero)

    def _described(self) -> State:
        progress = {f: getattr(self.progress, f) for f in Progress.__slots__}
        return {"config": self.config.to_json(), "vocabulary": vocabulary_hash(), "progress": progress}

    def save(self) -> None:
        """Write a checkpoint from which this run goes on exactly."""
        device = self.fabric.device
        places = everywhere(self.fabric, torch.tensor([self.place.chunk, self.place.batch]))
        state = self._described() | {
            "model": self._gathered(trained_state(self.bare)),
            "average": self._gathered(self.average.values),
            "optimisers": self._gathered([o.state_dict() for o in self.optimisers]),
            "places": [(int(chunk), int(batch)) for chunk, batch in places],
            "random": everywhere(self.fabric, torch.get_rng_state()),
            "cuda_random": everywhere(self.fabric, torch.cuda.get_rng_state(device)) if device.type == "cuda" else [],
        }
        if self.fabric.is_global_zero:
            write_numbered(self.directory, self.progress.step, state, keep=self.config.run.keep_checkpoints)
        self.fabric.barrier()

    def _resume(self) -> None:
        state = read_latest(self.directory)
        if state is None:
            return
        check_vocabulary(state)
        load_trained(self.bare, state["model"])
        for name, value in state["average"].items():
            average = self.average.values[name]
            average.copy_(placed_like(value, average))
        for optimiser, saved in zip(self.optimisers, state["optimisers"], strict=True):
            load_moments(optimiser, saved)
        progress = Progress(**state["progress"])
        # A checkpoint is written before its step's validation, which may have found the best.
        self.progress = replace(progress, best=min(progress.best, best_score(self.directory)))
        places = state["places"]
        if len(places) == self.fabric.world_size:
            self.place = Place(*places[self.fabric.global_rank])
        else:  # another number of processes: begin with chunks that nobody has seen
            self.place = Place(max(chunk for chunk, _ in places) * len(places) // self.fabric.world_size + 1)
        go_on_drawing(self.fabric, state["random"], state["cuda_random"])
        logger.info("going on from step %d, %d rows", self.progress.step, self.progress.rows)


@contextmanager
def _stop_signals() -> Generator[list[int]]:
    """Collect SIGTERM and SIGINT in a list instead of dying of them; a second SIGINT interrupts."""
    caught: list[int] = []

    def note(number: int, _: object) -> None:
        if caught and number == signal.SIGINT:
            raise KeyboardInterrupt
        caught.append(number)

    previous = {s: signal.signal(s, note) for s in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield caught
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def main(arguments: Sequence[str] | None = None) -> None:
    """Train from a configuration file and settings."""
    parser = argparse.ArgumentParser(description="Train a model on packed songs.")
    parser.add_argument("config", type=Path)
    parser.add_argument("settings", nargs="*", help="group.key=value")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    outcome = train(TrainConfig.load(options.config, options.settings))
    logger.info("ended at step %d, finished: %s", outcome.progress.step, outcome.is_finished)


if __name__ == "__main__":
    main()
