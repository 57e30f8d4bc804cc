"""The shipped configurations: each builds the network it says, and takes a step of training."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.helpers.random_windows import RandomSource

torch = pytest.importorskip("torch")
pytest.importorskip("lightning")

from training.checkpoints import LARGEST_BYTES  # noqa: E402
from training.config import TrainConfig  # noqa: E402
from training.model import LoopTransformer  # noqa: E402
from training.train import train  # noqa: E402

pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("one_thread")]

CONFIGS = Path(__file__).parents[2] / "training" / "configs"
SIZES = {  # millions of parameters
    "tiny": 0.25,
    "small": 6.2,
    "base": 27.1,
    "large": 69.5,
    "gpt-small": 91.5,
    "gpt-medium": 317,
    "mistral": 30.9,
    "relative": 21.1,
    "compound": 42.2,
}


@pytest.mark.parametrize(("name", "millions"), SIZES.items())
def test_a_preset_has_the_size_it_is_named_for(name: str, millions: float) -> None:
    with torch.device("meta"):
        network = LoopTransformer(TrainConfig.load(CONFIGS / f"{name}.toml").model)
    assert sum(p.numel() for p in network.parameters()) / 1e6 == pytest.approx(millions, rel=0.02)


@pytest.mark.parametrize("millions", SIZES.values())
def test_a_presets_checkpoints_are_small_enough_to_be_read(millions: float) -> None:
    kept = 4 * 4  # weights, their averages and two moments, in bytes
    assert kept * millions * 1e6 < 0.75 * LARGEST_BYTES


@pytest.mark.parametrize("name", SIZES)
def test_a_preset_takes_a_step(name: str, tmp_path: Path) -> None:
    config = TrainConfig.load(CONFIGS / f"{name}.toml")
    # One block, small batches, on the processor; all else as shipped.
    here = replace(
        config,
        model=replace(config.model, layers=1),
        data=replace(config.data, max_rows=64, rows_per_batch=128, valid_windows=1, workers=0),
        optimiser=replace(config.optimiser, total_rows=1),
        run=replace(
            config.run,
            directory=str(tmp_path),
            accelerator="cpu",
            precision="32-true",
            compile=False,
            tensorboard=False,
        ),
    )
    outcome = train(here, source=RandomSource(), valid_source=RandomSource(seed=1))
    assert outcome.is_finished
    assert outcome.progress.step == 1
