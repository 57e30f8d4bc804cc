"""What a training run is: one frozen value, read from TOML, every setting overridable as `group.key=value`.

Four groups: the `model` (its shape is what a bundle stores), the `data`, the `optimiser` and the `run`.
Nothing else decides what is learned: the same configuration, data and commit give the same weights on
the same machine.
"""

import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

from engine.errors import EngineError

SCHEDULES = ("wsd", "cosine")
OPTIMISERS = ("adamw", "muon")
STRATEGIES = ("auto", "ddp", "fsdp")


Config = TypeVar("Config", bound="DataclassInstance")


class ConfigError(EngineError):
    """Raised when a training configuration names unknown settings or holds impossible values."""


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """The network. Sizes of fields and columns come from the vocabulary."""

    d_model: int = 256  # width of the residual stream
    layers: int = 6  # blocks of attention and SwiGLU
    heads: int = 4  # query heads
    kv_heads: int = 2  # key / value heads, each shared by heads / kv_heads query heads
    head_dim: int = 64  # width of one attention head
    ffn: int = 768  # hidden width of the SwiGLU
    head_hidden: int = 256  # hidden width of each field's output head
    rope_theta: float = 10000.0  # base of the rotary angles
    norm_eps: float = 1e-6  # added to the mean square in RMSNorm
    chained: bool = True  # heads know the fields sampled before them; False is the independent-heads baseline
    dropout: float = 0.0  # share of residual updates dropped in training

    def __post_init__(self) -> None:
        if min(self.d_model, self.layers, self.heads, self.kv_heads, self.ffn, self.head_hidden) < 1:
            raise ConfigError("model: every size must be at least 1")
        if self.heads % self.kv_heads or self.head_dim % 2:
            raise ConfigError("model: kv_heads must divide heads, and head_dim must be even")
        if not 0 <= self.dropout < 1:
            raise ConfigError("model: dropout must lie in [0, 1)")


@dataclass(frozen=True, slots=True)
class DataConfig:
    """What is learned from, and how it is cut into batches."""

    directory: str = ""  # where `prepare` wrote the packed songs
    max_rows: int = 768  # rows a window may have, prompt included
    rows_per_batch: int = 8192  # rows a process puts into one step, padding included
    loop_share: float = 0.35  # of windows that are mined loops, where a song has any; 1.0 tunes on loops
    windows_per_song: int = 4  # windows cut from a song each time it is decoded
    songs_per_chunk: int = 384  # songs drawn, cut, sorted by length and shuffled together
    context_weight: float = (
        0.0  # of a given note, which is learned beside the written ones; 0: given notes are only read
    )
    augment: bool = True  # transpose, rotate and vary
    workers: int = 0  # processes that prepare chunks; 0: in the training process
    seed: int = 1  # of the choice of songs, windows, tasks and augmentation
    valid_windows: int = 512  # windows of the fixed validation set
    valid_seed: int = 20_000  # of the choice and tasks of the validation windows

    def __post_init__(self) -> None:
        if self.rows_per_batch < self.max_rows:
            raise ConfigError("data.rows_per_batch must be at least data.max_rows")
        if min(self.max_rows, self.windows_per_song, self.songs_per_chunk, self.valid_windows) < 1 or self.workers < 0:
            raise ConfigError("data: sizes must be at least 1")
        if not (0 <= self.loop_share <= 1 and 0 <= self.context_weight <= 1):
            raise ConfigError("data.loop_share and data.context_weight must lie in [0, 1]")


@dataclass(frozen=True, slots=True)
class OptimiserConfig:
    """How weights are moved."""

    name: str = "adamw"  # "adamw", or "muon" for the trunk's matrices with AdamW for the rest
    learning_rate: float = 2e-3  # peak, of AdamW
    muon_learning_rate: float = 2e-2  # peak, of Muon
    beta1: float = 0.9  # decay of the first moment, a step
    beta2: float = 0.98  # decay of the second moment, a step
    weight_decay: float = 0.05  # on matrices only, a unit of learning rate
    clip: float = 1.0  # largest gradient norm
    accumulate: int = 1  # batches added up before a step
    schedule: str = "wsd"  # "wsd": warm-up, level, decay; "cosine"
    total_rows: int = 40_000_000  # counted rows after which the schedule ends, over all processes
    warmup_rows: int = 500_000  # rows of linear warm-up
    decay_share: float = 0.2  # share of total_rows in which "wsd" falls to floor
    floor: float = 0.05  # last learning rate, as a share of the peak
    ema_rows: int = 2_000_000  # memory of the averaged weights, in rows

    def __post_init__(self) -> None:
        if self.schedule not in SCHEDULES or self.name not in OPTIMISERS:
            raise ConfigError(f"optimiser: schedule is one of {SCHEDULES}, name one of {OPTIMISERS}")
        if min(self.total_rows, self.accumulate, self.ema_rows) < 1 or not 0 <= self.decay_share <= 1:
            raise ConfigError("optimiser: rows and accumulate must be positive, decay_share in [0, 1]")


@dataclass(frozen=True, slots=True)
class RunConfig:
    """Where and how long."""

    directory: str = "runs/small"  # checkpoints, metrics and the `pause` file
    start_from: str = ""  # a checkpoint (its averaged weights) or a bundle's folder whose weights begin this run
    accelerator: str = "auto"  # Lightning's: auto, cpu, cuda, mps
    devices: str = "auto"  # Lightning's: a number, a list, or auto
    nodes: int = 1  # machines; SLURM's own variables are honoured
    strategy: str = "auto"  # auto, ddp (Lightning's), or fsdp: weights and moments in shards, one a process
    precision: str = "bf16-mixed"  # Lightning's
    compile: bool = True  # torch.compile the trunk and heads
    pieces: int = 1  # that a batch is read in, one after the other, where memory holds no whole one
    threads: int = 0  # of torch on the CPU; 0: torch decides
    nice: int = 0  # added to the process's niceness
    tensorboard: bool = True  # curves for TensorBoard, where it is installed
    seed: int = 1  # of the initial weights and dropout
    max_minutes: float = 0.0  # wall clock of this call; 0: until total_rows
    max_cpu_seconds: float = 0.0  # processor time of the whole run, resumed parts included; 0: no limit
    checkpoint_minutes: float = 3.0  # between checkpoints
    keep_checkpoints: int = 2  # newest ones kept, besides the best
    valid_minutes: float = 20.0  # between validations
    valid_steps: int = 0  # steps between validations, the first before any; 0: by the clock
    log_steps: int = 50  # between lines of metrics

    def __post_init__(self) -> None:
        if self.strategy not in STRATEGIES:
            raise ConfigError(f"run.strategy is one of {STRATEGIES}, not {self.strategy!r}")
        if not 0 < self.checkpoint_minutes <= 4:
            raise ConfigError("run.checkpoint_minutes must lie in (0, 4]: a crash may cost at most five minutes")
        if self.keep_checkpoints < 2:
            raise ConfigError("run.keep_checkpoints must be at least 2: the newest may be damaged")


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """A training run, whole."""

    model: ModelConfig = field(default_factory=ModelConfig)
    data: DataConfig = field(default_factory=DataConfig)
    optimiser: OptimiserConfig = field(default_factory=OptimiserConfig)
    run: RunConfig = field(default_factory=RunConfig)

    @classmethod
    def from_mapping(cls, tables: Mapping[str, object], *, source: str = "configuration") -> "TrainConfig":
        """Build a configuration from nested tables, such as a TOML file's.

        Raises:
            ConfigError: A group or a setting is unknown, or a value has the wrong type.
        """
        return updated(cls(), tables, source=source)

    @classmethod
    def load(cls, path: Path, overrides: Iterable[str] = ()) -> "TrainConfig":
        """Read a TOML file, then apply `group.key=value` overrides in order.

        Raises:
            ConfigError: The file cannot be read, or a setting is unknown or has the wrong type.
        """
        return cls.from_mapping(read_tables(path), source=str(path)).with_overrides(overrides)

    def with_overrides(self, overrides: Iterable[str]) -> "TrainConfig":
        """Return the configuration with `group.key=value` settings applied in order.

        Raises:
            ConfigError: A setting is unknown, malformed or of the wrong type.
        """
        return overridden(self, overrides)

    def to_json(self) -> str:
        """Return the configuration as JSON, for logs and checkpoints."""
        return json.dumps(asdict(self), sort_keys=True)


def read_tables(path: Path) -> dict[str, Any]:
    """Read a TOML file.

    Raises:
        ConfigError: It cannot be read.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path} cannot be read.", str(error)) from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not valid TOML.", str(error)) from error


def overridden(config: Config, overrides: Iterable[str]) -> Config:
    """Return a configuration of groups with `group.key=value` settings applied in order.

    Raises:
        ConfigError: A setting is unknown, malformed or of the wrong type.
    """
    for text in overrides:
        name, equals, value = text.partition("=")
        group, dot, key = name.strip().partition(".")
        if not (equals and dot):
            raise ConfigError(f'"{text}" is not a setting.', "Write it like optimiser.learning_rate=1e-3")
        config = updated(config, {group: {key: _literal(value.strip())}}, source=f'"{text}"')
    return config


def _literal(text: str) -> object:
    """Read a command-line value the way TOML would; anything else is a string."""
    try:
        return tomllib.loads(f"x = {text}")["x"]
    except tomllib.TOMLDecodeError:
        return text


def updated(config: Config, tables: Mapping[str, object], *, source: str) -> Config:
    """Return a configuration of groups with the settings of nested tables.

    Raises:
        ConfigError: A group or a setting is unknown, or a value has the wrong type.
    """
    groups: dict[str, Any] = {}
    known = [f.name for f in fields(config)]
    for name, table in tables.items():
        if name not in known:
            raise ConfigError(f'{source}: unknown group "{name}".', f"Known: {', '.join(known)}")
        if not isinstance(table, Mapping):
            raise ConfigError(f'{source}: "{name}" must be a table of settings.')
        settings = cast("Mapping[str, object]", table)
        group = getattr(config, name)
        groups[name] = replace(group, **_checked(group, settings, source=f"{source}: {name}"))
    return replace(config, **groups)


def _checked(group: object, settings: Mapping[str, object], *, source: str) -> dict[str, Any]:
    assert is_dataclass(group)
    current = {f.name: getattr(group, f.name) for f in fields(group)}
    checked: dict[str, Any] = {}
    for key, value in settings.items():
        if key not in current:
            raise ConfigError(f'{source}: unknown setting "{key}".', f"Known: {', '.join(current)}")
        wanted = type(current[key])
        if wanted is float and type(value) is int:
            checked[key] = float(value)
        elif wanted is str and not isinstance(value, str):
            checked[key] = str(value)  # `run.devices=2` on the command line
        elif type(value) is wanted:
            checked[key] = value
        else:
            raise ConfigError(f"{source}.{key} must be {wanted.__name__}, not {value!r}.")
    return checked
