"""What a fine-tuning is: three groups of settings with defaults for 20 to 500 files on two processor cores.

Every setting can be changed in a TOML file or on the command line as `group.key=value`.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path

from training.config import ConfigError, overridden, read_tables, updated


class Method(StrEnum):
    """Which weights are learned; the base's own stay as they are either way."""

    LORA = "lora"  # two narrow factors beside each matrix: a style to lean on by any share
    ALL = "all"  # an offset of every weight: no slider, more to learn with hundreds of files


@dataclass(frozen=True, slots=True)
class StyleConfig:
    """What is learned, and how hard it is pulled back to the base."""

    method: str = "lora"  # "lora" or "all"
    rank: int = 16  # width of the factors
    learning_rate: float = 1e-3  # peak, of AdamW; a fifth of it for "all"
    tether: float = 0.5  # nats of own files that a nat of drift from what the base says is worth
    weight_decay: float = 0.5  # pull of what is learned to nothing, hence of the model to the base (L2-SP)
    warmup_rows: int = 20_000  # rows of linear warm-up
    floor: float = 0.1  # last learning rate, as a share of the peak
    ema_rows: int = 60_000  # memory of the averaged weights, in rows

    def __post_init__(self) -> None:
        if self.method not in tuple(Method):
            raise ConfigError(f"style.method is one of {', '.join(Method)}, not {self.method!r}")
        if not 1 <= self.rank <= 256:
            raise ConfigError("style.rank lies between 1 and 256")


@dataclass(frozen=True, slots=True)
class MaterialConfig:
    """What is learned from: own files, and loops that the base itself wrote."""

    valid_share: float = 0.15  # of the songs, kept aside to tell when to stop
    valid_windows: int = 96  # windows of those
    loop_share: float = 0.5  # of windows that are loops, where a song has any
    max_rows: int = 512  # rows of a window
    rows_per_batch: int = 3072  # rows of a step; fewer where memory is short
    rehearsal_loops: int = 120  # how many the base writes: a fifth to watch forgetting by, the others for the tether
    rehearsal_rows: int = 768  # of those, beside each step's own rows
    augment: bool = True  # transpose, rotate and vary
    seed: int = 1  # of the choice of windows, tasks and augmentation

    def __post_init__(self) -> None:
        if not 0 < self.valid_share < 0.9:
            raise ConfigError("material.valid_share lies between 0 and 0.9")
        if 0 < self.rehearsal_loops < 10 or self.rehearsal_rows < self.max_rows:
            raise ConfigError(
                "material.rehearsal_loops must be at least 10, or 0 to watch nothing; "
                "material.rehearsal_rows at least material.max_rows"
            )


@dataclass(frozen=True, slots=True)
class CourseConfig:
    """Where and how long."""

    base: str = ""  # the model to begin with; empty: the default one
    name: str = ""  # what the model is called; empty: as its folder
    licence: str = "unstated"  # of the new weights, as an SPDX expression: the files' owner knows
    passes: float = 40.0  # over the own files, at most
    max_rows: int = 4_000_000  # rows in all, at most
    max_minutes: float = 0.0  # wall clock of this call; 0: no limit
    max_cpu_seconds: float = 0.0  # processor time of the whole run; 0: no limit
    valid_steps: int = 25  # steps between validations
    patience: int = 6  # validations without a better one, after which it has come far enough
    least_gain: float = 0.002  # what counts as better, as a share
    sample_minutes: float = 3.0  # between loops to hear; 0: none
    checkpoint_minutes: float = 1.0  # between checkpoints
    accelerator: str = "auto"  # auto, cpu, cuda, mps
    precision: str = "auto"  # auto: bf16 where the device has it; else Lightning's names
    threads: int = 0  # of torch on the processor; 0: torch decides
    nice: int = 10  # added to the process's niceness: it runs beside a DAW
    seed: int = 1  # of the first factors


@dataclass(frozen=True, slots=True)
class FinetuneConfig:
    """A fine-tuning, whole."""

    style: StyleConfig = field(default_factory=StyleConfig)
    material: MaterialConfig = field(default_factory=MaterialConfig)
    course: CourseConfig = field(default_factory=CourseConfig)

    @classmethod
    def load(cls, path: Path | None, overrides: Iterable[str] = ()) -> "FinetuneConfig":
        """Read a TOML file, if one is given, then apply `group.key=value` overrides in order.

        Raises:
            ConfigError: The file cannot be read, or a setting is unknown or has the wrong type.
        """
        config = cls()
        if path is not None:
            config = updated(config, read_tables(path), source=path.name)
        return overridden(config, overrides)

    @classmethod
    def from_json(cls, text: str) -> "FinetuneConfig":
        """Read what `to_json` wrote."""
        return updated(cls(), json.loads(text), source="configuration")

    def to_json(self) -> str:
        """Return the settings as JSON."""
        return json.dumps(asdict(self), sort_keys=True)
