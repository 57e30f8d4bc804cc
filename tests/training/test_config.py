"""Configurations: read, overridden, refused when wrong."""

from pathlib import Path

import pytest

from training.config import ConfigError, ModelConfig, TrainConfig

CONFIGS = sorted((Path(__file__).parents[2] / "training" / "configs").glob("*.toml"))


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_shipped_configuration_loads(path: Path) -> None:
    config = TrainConfig.load(path)
    assert config.run.directory
    assert config.model.head_dim % 16 == 0  # what a bundle demands


def test_there_is_a_configuration_of_every_size() -> None:
    assert {"tiny", "small", "base", "large"} <= {path.stem for path in CONFIGS}


def test_settings_on_the_command_line_win_over_the_file(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_text("[model]\nlayers = 3\n[optimiser]\nlearning_rate = 1\n", encoding="utf-8")
    config = TrainConfig.load(
        path, ["model.layers=5", "run.directory=some/where", "run.devices=2", "run.compile=false"]
    )
    assert (config.model.layers, config.run.directory, config.run.devices) == (5, "some/where", "2")
    assert not config.run.compile
    assert config.optimiser.learning_rate == 1.0


@pytest.mark.parametrize(
    ("setting", "complaint"),
    [
        ("model.width=3", 'unknown setting "width"'),
        ("trunk.layers=3", 'unknown group "trunk"'),
        ("layers=3", "not a setting"),
        ("model.layers", "not a setting"),
        ("model.layers=many", "must be int"),
        ("model.layers=2.5", "must be int"),
        ("model.kv_heads=3", "kv_heads must divide"),
        ("optimiser.schedule=steps", "schedule"),
        ("run.checkpoint_minutes=30", "five minutes"),
        ("run.strategy=deepspeed", "strategy"),
        ("data.loop_share=2", "loop_share"),
    ],
)
def test_a_wrong_setting_is_refused_and_named(setting: str, complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        TrainConfig().with_overrides([setting])


def test_a_file_that_is_missing_or_no_toml_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        TrainConfig.load(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_text("model = [", encoding="utf-8")
    with pytest.raises(ConfigError, match="not valid TOML"):
        TrainConfig.load(tmp_path / "bad.toml")


def test_the_default_model_is_a_legal_one() -> None:
    assert TrainConfig().model == ModelConfig()
