"""Ours, the baselines, the same notes, the same processor time: the table of `training/README.md`.

    python -m training.baselines.compare training/configs/small.toml data.directory=… run.directory=… \\
        run.max_cpu_seconds=1200 data.max_rows=384

Every network is trained from nothing on the same windows until `run.max_cpu_seconds` of processor time are
spent, at a level rate; its averaged weights are scored on the same validation windows. Each keeps a
folder below `run.directory`, so that a comparison that was stopped goes on.
"""

import argparse
import csv
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np
import torch

from engine.representation.vocabulary import Field
from training.baselines.flat import FlatTransformer
from training.baselines.flat_stream import FlatSource
from training.baselines.markov import HISTORY, MarkovModel, decisions_of
from training.config import TrainConfig
from training.feed import Place, SongSource, Source, first_windows, training_batches
from training.model import LossModel
from training.records import FIELD_NAMES, Score
from training.train import train

logger = logging.getLogger(__name__)

TOKENS_PER_ROW = 3  # of the flat stream, about: batches hold about as many notes
MARKOV_BATCHES = 400  # of training windows that are counted
SWEEP = ("chain", "independent", "flat", "markov")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table.

    Attributes:
        name: What was scored.
        score: On the validation windows.
        cpu_seconds: Processor time it was trained for.
        notes: Notes it learned from, 0 where unknown.
    """

    name: str
    score: Score
    cpu_seconds: float
    notes: int

    @property
    def notes_per_second(self) -> float:
        return self.notes / max(self.cpu_seconds, 1e-9)


def compare(config: TrainConfig, sources: tuple[Source, Source], names: Sequence[str] = SWEEP) -> list[Line]:
    """Train and score what is named.

    Args:
        config: Shape, data and budget of all networks.
        sources: Training and validation chunks.
        names: Some of `SWEEP`.
    """
    train_source, valid_source = sources
    contestants: dict[str, Callable[[], Line]] = {
        "chain": partial(_network, config, "chain", sources),
        "independent": partial(
            _network, replace(config, model=replace(config.model, chained=False)), "independent", sources
        ),
        "flat": partial(
            _network,
            _flat_config(config),
            "flat",
            (FlatSource(train_source), FlatSource(valid_source)),
            FlatTransformer,
        ),
        "markov": partial(_markov, config, sources),
    }
    lines: list[Line] = []
    for name in names:
        lines.append(contestants[name]())
        logger.info("%s", table(lines[-1:]))
    return lines


def _flat_config(config: TrainConfig) -> TrainConfig:
    """Scale what is counted in rows: the stream's rows are tokens."""
    data, optimiser = config.data, config.optimiser
    return replace(
        config,
        data=replace(data, rows_per_batch=data.rows_per_batch * TOKENS_PER_ROW),
        optimiser=replace(
            optimiser,
            warmup_rows=optimiser.warmup_rows * TOKENS_PER_ROW,
            ema_rows=optimiser.ema_rows * TOKENS_PER_ROW,
            total_rows=optimiser.total_rows * TOKENS_PER_ROW,
        ),
    )


def _network(
    config: TrainConfig,
    name: str,
    sources: tuple[Source, Source],
    build: Callable[..., LossModel] | None = None,
) -> Line:
    directory = Path(config.run.directory) / name
    torch.manual_seed(config.run.seed)
    outcome = train(
        replace(
            config,
            run=replace(config.run, directory=str(directory)),
            optimiser=replace(config.optimiser, decay_share=0.0, schedule="wsd"),
        ),
        source=sources[0],
        valid_source=sources[1],
        model=build(config.model) if build else None,
    )
    if outcome.score is None:
        raise KeyboardInterrupt(f"{name} was stopped; run again to go on")
    with (directory / "metrics.csv").open(newline="", encoding="utf-8") as file:
        notes = sum(int(line["notes"]) for line in csv.DictReader(file))
    return Line(name, outcome.score, outcome.progress.cpu_seconds, notes)


def _markov(config: TrainConfig, sources: tuple[Source, Source]) -> Line:
    """Count training windows, tune on windows behind the validation set, score on the set itself."""
    started = time.process_time()
    rows = config.data.rows_per_batch
    batches = (batch for _, batch in training_batches(sources[0], Place(), rows_per_batch=rows))
    seen = decisions_of(islice(batches, MARKOV_BATCHES))
    model = MarkovModel.fit(seen)
    count = config.data.valid_windows
    valid = first_windows(sources[1], count, rows_per_batch=rows)
    behind = first_windows(sources[1], 2 * count, rows_per_batch=rows)[len(valid) :]
    model.tune(decisions_of(behind))
    scored = decisions_of(valid)
    counts = torch.from_numpy((scored.labels >= 0).sum(0))
    by_order = [model.nats(scored, highest=order) for order in range(1, HISTORY + 1)]
    best = int(np.argmin([nats.sum() for nats in by_order]))
    notes = int((seen.labels[:, Field.POSITION] >= 0).sum())
    return Line(
        f"markov, order {best + 1}",
        Score.of(torch.from_numpy(by_order[best]), counts),
        time.process_time() - started,
        notes,
    )


def table(lines: Sequence[Line]) -> str:
    """Return the comparison as a Markdown table."""
    titles = ["", "bits a note", *FIELD_NAMES, "notes seen", "CPU-seconds", "notes a CPU-second"]
    text = ["| " + " | ".join(titles) + " |", "|" + "---|" * len(titles)]
    for line in lines:
        cells = [line.name, f"{line.score.bits_per_note:.3f}", *(f"{bits:.3f}" for bits in line.score.by_field)]
        cells += [f"{line.notes:,}", f"{line.cpu_seconds:,.0f}", f"{line.notes_per_second:,.0f}"]
        text.append("| " + " | ".join(cells) + " |")
    return "\n".join(text)


def main(arguments: Sequence[str] | None = None) -> None:
    """Compare from the command line and write `table.md` into the run's folder."""
    parser = argparse.ArgumentParser(description="Train and score the model and its baselines alike.")
    parser.add_argument("config", type=Path)
    parser.add_argument("settings", nargs="*", help="group.key=value")
    parser.add_argument("--only", nargs="+", choices=SWEEP, default=SWEEP)
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    config = TrainConfig.load(options.config, options.settings)
    sources = SongSource.open(config.data, split="train"), SongSource.open(config.data, split="valid")
    text = table(compare(config, sources, options.only))
    directory = Path(config.run.directory)
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "table.md").write_text(text + "\n", encoding="utf-8")
    logger.info("\n%s", text)


if __name__ == "__main__":
    main()
