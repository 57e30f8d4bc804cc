"""What a run writes down: curves as CSV, and for TensorBoard where that is installed.

All likelihoods are in bits a note, every decision of a note (and every end) counted, summed and by field.
"""

import csv
import importlib.util
import logging
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from torch import Tensor

from engine.representation.vocabulary import Field
from training.config import TrainConfig
from training.model import Losses

logger = logging.getLogger(__name__)

FIELD_NAMES = tuple(field.name.lower() for field in Field)


class HowFar(Protocol):
    """What the lines of a curve are placed by."""

    @property
    def step(self) -> int: ...
    @property
    def rows(self) -> int: ...
    @property
    def seconds(self) -> float: ...
    @property
    def cpu_seconds(self) -> float: ...


@dataclass(frozen=True, slots=True)
class Score:
    """A likelihood in bits a note.

    Attributes:
        bits_per_note: Over all decisions.
        by_field: The same, split by field in `Field` order; they add up to the whole.
        notes: Notes counted.
    """

    bits_per_note: float
    by_field: tuple[float, ...]
    notes: int

    @classmethod
    def of(cls, nats: Tensor, counts: Tensor) -> "Score":
        """Build from summed nats [6] and counts [6]."""
        notes = int(counts[Field.POSITION])
        by_field = tuple((nats.double() / max(1, notes) / math.log(2)).tolist())
        return cls(sum(by_field), by_field, notes)

    def as_dict(self) -> dict[str, float]:
        """Return the whole and every field by name."""
        return {"all": self.bits_per_note, **dict(zip(FIELD_NAMES, self.by_field, strict=True)), "notes": self.notes}


class Records:
    """The curves of one run; processes that are not the writer keep silent."""

    def __init__(self, directory: Path, config: TrainConfig, *, is_writer: bool, last_step: int = 0) -> None:
        self._directory, self._is_writer = directory, is_writer
        self.is_validated = False  # at the step that the run goes on from
        self._board: Any = None
        self._nats: Tensor | None = None
        self._counts: Tensor | None = None
        self._rows, self._since = 0, time.monotonic()
        if is_writer:
            (directory / "config.json").write_text(config.to_json() + "\n", encoding="utf-8")
            _forget_after(directory / "metrics.csv", last_step)
            self.is_validated = _forget_after(directory / "valid.csv", last_step) == last_step
            if config.run.tensorboard and importlib.util.find_spec("tensorboard"):
                from torch.utils.tensorboard import SummaryWriter

                self._board = SummaryWriter(str(directory / "tensorboard"))

    def add(self, losses: Losses, rows: int) -> None:
        """Remember a step; nothing is fetched from the device yet."""
        self._rows += rows
        self._nats = losses.nats if self._nats is None else self._nats + losses.nats
        self._counts = losses.counts if self._counts is None else self._counts + losses.counts

    def log(self, progress: HowFar, *, rate: float) -> tuple[Score, float] | None:
        """Write the mean since the last line; return it with the rows a second, or None if there is nothing new."""
        if self._nats is None or self._counts is None:
            return None
        score = Score.of(self._nats.cpu(), self._counts.cpu())
        elapsed = time.monotonic() - self._since
        speed = self._rows / max(elapsed, 1e-9)
        self._nats = self._counts = None
        self._rows, self._since = 0, time.monotonic()
        self._write("metrics.csv", progress, score.as_dict() | {"rate": rate, "rows_per_second": round(speed)})
        if self._is_writer:
            logger.info(
                "step %d  %.2f M rows  %.0f rows/s  rate %.2f  train %.3f bits a note",
                *(progress.step, progress.rows / 1e6, speed, rate, score.bits_per_note),
            )
        return score, speed

    def validated(self, progress: HowFar, score: Score) -> None:
        """Write a validation."""
        self._write("valid.csv", progress, score.as_dict())
        if self._is_writer:
            fields = " ".join(f"{name} {bits:.3f}" for name, bits in zip(FIELD_NAMES, score.by_field, strict=True))
            logger.info("valid at step %d: %.4f bits a note (%s)", progress.step, score.bits_per_note, fields)

    def close(self) -> None:
        if self._board is not None:
            self._board.close()

    def _write(self, name: str, progress: HowFar, values: Mapping[str, float]) -> None:
        if not self._is_writer:
            return
        place = {
            "step": progress.step,
            "rows": progress.rows,
            "seconds": round(progress.seconds, 1),
            "cpu_seconds": round(progress.cpu_seconds, 1),
        }
        line = place | {key: round(value, 5) for key, value in values.items()}
        path = self._directory / name
        is_new = not path.exists()
        with path.open("a", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, fieldnames=list(line))
            if is_new:
                writer.writeheader()
            writer.writerow(line)
        if self._board is not None:
            for key, value in values.items():
                self._board.add_scalar(f"{path.stem}/{key}", value, progress.step)


def _forget_after(path: Path, step: int) -> int | None:
    """Drop the lines of a curve behind a step, which a run that goes on from there draws again; return the last step.

    A line that a killed run left unfinished goes too.
    """
    if not path.exists():
        return None
    with path.open(newline="", encoding="utf-8") as file:
        header, *lines = list(csv.reader(file)) or [[]]
    kept = [line for line in lines if len(line) == len(header) and line[0].isdigit() and int(line[0]) <= step]
    if len(kept) < len(lines):
        temporary = path.with_name(path.name + ".part")
        with temporary.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([header, *kept])
        temporary.replace(path)
    return int(kept[-1][0]) if kept else None
