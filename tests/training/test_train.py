"""A run: ends, stops, goes on exactly, and survives a damaged checkpoint."""

import csv
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.errors import ModelBundleError
from engine.inference.bundle import BundleInfo, StyleInfo, recover_weights
from tests.helpers.random_windows import RandomSource

torch = pytest.importorskip("torch")
pytest.importorskip("lightning")

from torch import Tensor  # noqa: E402

from tests.helpers.tiny_bundle import write_tiny_bundle  # noqa: E402
from training import train as train_module  # noqa: E402
from training.checkpoints import (  # noqa: E402
    BEST,
    CheckpointError,
    State,
    checkpoints_in,
    read_checkpoint,
    read_latest,
    write_checkpoint,
)
from training.config import ConfigError, DataConfig, ModelConfig, OptimiserConfig, RunConfig, TrainConfig  # noqa: E402
from training.dataset import Batch  # noqa: E402
from training.export import write_style_bundle  # noqa: E402
from training.finetune.adapters import adapt, factors_of  # noqa: E402
from training.finetune.config import Method  # noqa: E402
from training.model import LoopTransformer, Losses  # noqa: E402
from training.records import Score  # noqa: E402
from training.train import PAUSE, Outcome, Progress, train  # noqa: E402
from training.trained_model import begin_from, load_model, shape_of  # noqa: E402

pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("one_thread")]

ROWS = 2400


def config(directory: Path, *, total_rows: int = ROWS) -> TrainConfig:
    return TrainConfig(
        model=ModelConfig(d_model=16, layers=1, heads=1, kv_heads=1, head_dim=16, ffn=16, head_hidden=16, dropout=0.1),
        data=DataConfig(max_rows=64, rows_per_batch=256, valid_windows=6),
        optimiser=OptimiserConfig(total_rows=total_rows, warmup_rows=200, ema_rows=400, schedule="wsd", decay_share=0),
        run=RunConfig(
            directory=str(directory),
            accelerator="cpu",
            precision="32-true",
            compile=False,
            log_steps=1,
            tensorboard=False,
        ),
    )


def run(settings: TrainConfig) -> Outcome:
    return train(settings, source=RandomSource(), valid_source=RandomSource(seed=1))


def losses_of(directory: Path) -> list[float]:
    with (directory / "metrics.csv").open(newline="", encoding="utf-8") as file:
        return [float(line["all"]) for line in csv.DictReader(file)]


def test_a_resumed_run_takes_the_steps_of_an_uninterrupted_one(tmp_path: Path) -> None:
    whole = run(config(tmp_path / "whole"))
    first = run(config(tmp_path / "halves", total_rows=ROWS // 2))
    second = run(config(tmp_path / "halves"))
    assert first.progress.step < second.progress.step == whole.progress.step
    assert losses_of(tmp_path / "halves") == losses_of(tmp_path / "whole")
    assert second.score is not None
    assert whole.score is not None
    assert second.score.by_field == whole.score.by_field


@pytest.mark.parametrize(
    ("run_config", "word"),
    [
        ({"devices": "auto"}, "number of shards"),
        ({"devices": "2", "compile": True}, "number of shards"),
        ({"devices": "2", "pieces": 2}, "in pieces"),
    ],
)
def test_shards_that_cannot_be_trained_are_refused(run_config: dict[str, Any], word: str, tmp_path: Path) -> None:
    settings = config(tmp_path)
    with pytest.raises(ConfigError, match=word):
        run(replace(settings, run=replace(settings.run, strategy="fsdp", **run_config)))


def test_a_run_learns(tmp_path: Path) -> None:
    run(config(tmp_path, total_rows=3 * ROWS))
    losses = losses_of(tmp_path)
    assert sum(losses[-3:]) < 0.9 * sum(losses[:3])


def test_a_truncated_checkpoint_is_refused_and_the_one_before_it_used(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run(config(tmp_path, total_rows=ROWS // 2))
    run(config(tmp_path))
    newest, older = checkpoints_in(tmp_path)
    newest.write_bytes(newest.read_bytes()[:-1000])
    with pytest.raises(CheckpointError, match=newest.name):
        read_checkpoint(newest)
    with caplog.at_level(logging.WARNING):
        state = read_latest(tmp_path)
    assert newest.name in caplog.text
    assert state is not None
    assert state["progress"]["step"] == read_checkpoint(older)["progress"]["step"]


def test_a_flipped_byte_in_a_checkpoint_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "x.ckpt"
    write_checkpoint(path, {"weights": torch.zeros(5000)})
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(CheckpointError):
        read_checkpoint(path)


def test_a_checkpoint_that_would_run_code_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.ckpt"
    write_checkpoint(path, {"weights": Path("an object, not a tensor")})
    with pytest.raises(CheckpointError):
        read_checkpoint(path)


def test_a_write_that_fails_leaves_the_old_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "x.ckpt"
    write_checkpoint(path, {"step": 1})
    with pytest.raises((AttributeError, TypeError, RuntimeError)):
        write_checkpoint(path, {"step": lambda: 2})
    assert read_checkpoint(path)["step"] == 1


def test_a_pause_file_stops_the_run_and_is_taken_away(tmp_path: Path) -> None:
    (tmp_path / PAUSE).touch()
    outcome = run(config(tmp_path))
    assert not outcome.is_finished
    assert outcome.progress.step == 0
    assert not (tmp_path / PAUSE).exists()
    assert run(config(tmp_path)).is_finished


def test_the_best_checkpoint_is_the_averaged_model_of_the_best_validation(tmp_path: Path) -> None:
    outcome = run(config(tmp_path))
    model, state = load_model(tmp_path / "best.ckpt")
    assert model.shape == config(tmp_path).model
    assert outcome.score is not None
    assert state["score"]["all"] == outcome.score.bits_per_note == outcome.progress.best


@dataclass(frozen=True)
class Deadly(RandomSource):
    """Ends the process, as it were, that asks for its third chunk."""

    def chunk(self, number: int) -> Sequence[Batch]:
        if number == 2:
            raise KeyboardInterrupt
        return super().chunk(number)


def scores(*bits: float) -> Callable[..., Score]:
    """Return what validations find, one after the other, the last for ever."""
    left = list(bits)
    return lambda *_, **__: Score(left.pop(0) if len(left) > 1 else left[0], (0.0,) * 6, 1)


def test_after_a_kill_no_worse_model_replaces_the_best(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = config(tmp_path)
    settings = replace(plain, run=replace(plain.run, valid_steps=2))
    monkeypatch.setattr(train_module, "evaluate", scores(6.0, 5.5, 3.0))
    with pytest.raises(KeyboardInterrupt):
        train(settings, source=Deadly(), valid_source=RandomSource(seed=1))
    assert steps_validated(tmp_path) == [0, 2, 4]
    monkeypatch.setattr(train_module, "evaluate", scores(4.0))
    assert run(settings).progress.best == 3.0
    assert read_checkpoint(tmp_path / BEST)["score"]["all"] == 3.0


def test_a_validation_whose_weights_a_kill_took_is_repeated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def deadly(path: Path, state: State) -> None:
        if state["score"]["all"] == 3.0:
            raise KeyboardInterrupt
        write_checkpoint(path, state)

    plain = config(tmp_path)
    settings = replace(plain, run=replace(plain.run, valid_steps=2))
    monkeypatch.setattr(train_module, "evaluate", scores(6.0, 5.5, 3.0))
    monkeypatch.setattr(train_module, "write_checkpoint", deadly)
    with pytest.raises(KeyboardInterrupt):
        run(settings)
    monkeypatch.setattr(train_module, "evaluate", scores(3.0, 4.0))
    monkeypatch.setattr(train_module, "write_checkpoint", write_checkpoint)
    run(settings)
    assert read_checkpoint(tmp_path / BEST)["progress"]["step"] == 4
    assert read_checkpoint(tmp_path / BEST)["score"]["all"] == 3.0


def starting_from(weights: Path, directory: Path) -> TrainConfig:
    """Return a run of one step that begins with weights of another."""
    one_step = config(directory, total_rows=1)
    return replace(one_step, run=replace(one_step.run, start_from=str(weights)))


def test_tuning_starts_from_the_averaged_weights_of_another_run(tmp_path: Path) -> None:
    first = run(config(tmp_path / "first"))
    second = run(starting_from(tmp_path / "first" / "best.ckpt", tmp_path / "tuned"))
    assert first.score is not None
    assert second.score is not None
    assert second.progress.step == 1
    assert second.score.bits_per_note == pytest.approx(first.score.bits_per_note, rel=0.02)


def test_training_goes_on_from_the_weights_of_a_bundle(tmp_path: Path) -> None:
    bundle = write_tiny_bundle(tmp_path / "base", bits=32, shape=shape_of(LoopTransformer(config(tmp_path).model)))
    first = starting_from(bundle.folder, tmp_path / "more")
    begun = LoopTransformer(first.model)
    begin_from(begun, bundle.folder)
    assert run(first).progress.step == 1
    for name, weight in recover_weights(bundle).items():
        assert np.allclose(begun.folded_weights()[name], weight, atol=1e-6), name


def test_training_does_not_go_on_from_a_bundle_of_another_shape(tmp_path: Path) -> None:
    bundle = write_tiny_bundle(tmp_path / "base")
    with pytest.raises(CheckpointError, match="another shape"):
        run(starting_from(bundle.folder, tmp_path / "more"))


def test_training_does_not_go_on_from_a_style(tmp_path: Path) -> None:
    settings = config(tmp_path)
    network = LoopTransformer(settings.model)
    base = write_tiny_bundle(tmp_path / "base", bits=32, shape=shape_of(network))
    info = BundleInfo("mine", base.shape, 32, "unstated", {}, {}, style=StyleInfo(base.identity, 2))
    adapt(network, Method.LORA, rank=2)
    style = write_style_bundle(factors_of(network), tmp_path / "style", base=base, info=info)
    with pytest.raises(ModelBundleError, match="a style on top of another"):
        run(starting_from(style.folder, tmp_path / "more"))


def test_only_the_newest_checkpoints_are_kept(tmp_path: Path) -> None:
    for part in range(1, 5):
        run(config(tmp_path, total_rows=part * 400))
    assert len(checkpoints_in(tmp_path)) == 2


def test_a_batch_that_memory_does_not_hold_is_read_in_pieces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from training.model import LoopTransformer

    forward = LoopTransformer.forward
    refused: list[int] = []

    def short_of_memory(self: LoopTransformer, rows: Tensor, labels: Tensor) -> Losses:
        if self.training and len(rows) > 3:
            refused.append(len(rows))
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 1 bytes.")
        return forward(self, rows, labels)

    plain = replace(config(tmp_path / "whole"), model=replace(config(tmp_path).model, dropout=0.0))
    run(plain)
    monkeypatch.setattr(LoopTransformer, "forward", short_of_memory)
    with caplog.at_level(logging.WARNING):
        run(replace(plain, run=replace(plain.run, directory=str(tmp_path / "pieces"))))
    assert refused
    assert "read in 2 pieces" in caplog.text
    assert losses_of(tmp_path / "pieces") == pytest.approx(losses_of(tmp_path / "whole"), rel=1e-4)


def test_another_error_is_not_taken_for_a_lack_of_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from training.model import LoopTransformer

    def broken(self: LoopTransformer, rows: object, labels: object) -> object:
        raise RuntimeError("a fault of our own")

    monkeypatch.setattr(LoopTransformer, "forward", broken)
    with pytest.raises(RuntimeError, match="of our own"):
        run(config(tmp_path))


def steps_validated(directory: Path) -> list[int]:
    with (directory / "valid.csv").open(newline="", encoding="utf-8") as file:
        return [int(line["step"]) for line in csv.DictReader(file)]


def test_validation_by_steps_begins_before_the_first(tmp_path: Path) -> None:
    plain = config(tmp_path)
    outcome = run(replace(plain, run=replace(plain.run, valid_steps=4)))
    last = outcome.progress.step
    assert steps_validated(tmp_path) == [*range(0, last, 4), last]


def test_curves_behind_the_last_checkpoint_are_drawn_again(tmp_path: Path) -> None:
    whole = config(tmp_path / "whole")
    whole = replace(whole, run=replace(whole.run, valid_steps=4))
    run(whole)
    half = replace(whole, run=replace(whole.run, directory=str(tmp_path / "half")))
    run(replace(half, optimiser=replace(half.optimiser, total_rows=ROWS // 2)))
    # What a run that was killed after its last checkpoint had written already, the last line in part.
    for name in ("metrics.csv", "valid.csv"):
        with (tmp_path / "half" / name).open("a", encoding="utf-8") as file:
            columns = len((tmp_path / "half" / name).read_text().splitlines()[0].split(","))
            file.write("9999," + ",".join(["1"] * (columns - 1)) + "\r\n77,1")
    run(half)
    assert losses_of(tmp_path / "half") == losses_of(tmp_path / "whole")
    assert set(steps_validated(tmp_path / "whole")) <= set(steps_validated(tmp_path / "half"))


class Impatient:
    """Wants no more than three validations."""

    def __init__(self) -> None:
        self.seen: list[int] = []

    def logged(self, progress: object, score: object, rows_per_second: float) -> None: ...

    def validated(self, progress: Progress, score: object, model: object) -> bool:
        self.seen.append(progress.step)
        return len(self.seen) >= 3


def test_who_looks_on_can_end_a_run(tmp_path: Path) -> None:
    plain = config(tmp_path)
    outcome = train(
        replace(plain, run=replace(plain.run, valid_steps=2)),
        source=RandomSource(),
        valid_source=RandomSource(seed=1),
        watch=Impatient(),
    )
    assert outcome.is_finished
    assert outcome.progress.step == 4
