"""Paths of what ships and of what is the user's."""

import sys
from pathlib import Path

import platformdirs
import pytest

from engine import resources
from engine.errors import EngineError, ModelBundleError


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for kind in ("config", "data", "cache", "log"):
        monkeypatch.setattr(platformdirs, f"user_{kind}_dir", lambda *_, kind=kind, **__: str(tmp_path / "user" / kind))
    return tmp_path


def _model(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text("{}", encoding="utf-8")
    return folder


def test_assets_lie_beside_the_packages_in_a_checkout() -> None:
    assert resources.asset("demo", "drums.mid").read_bytes()[:4] == b"MThd"


def test_assets_lie_in_the_archive_of_a_frozen_build(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "_MEIPASS", str(home), raising=False)
    assert resources.assets_folder() == home / "assets"


def test_a_missing_asset_is_named() -> None:
    with pytest.raises(EngineError, match=r"demo/nothing\.mid"):
        resources.asset("demo", "nothing.mid")


def test_user_folders_are_made(home: Path) -> None:
    for folder in (resources.config_folder, resources.data_folder, resources.cache_folder, resources.log_folder):
        assert folder().is_dir()
        assert folder().is_relative_to(home)
    assert resources.models_folder() == resources.data_folder() / "models"


def test_a_folder_that_cannot_be_made_is_named(home: Path) -> None:
    (home / "user").write_text("a file in the way", encoding="utf-8")
    with pytest.raises(EngineError, match="config"):
        resources.config_folder()


def test_models_are_found_by_name_and_the_users_own_come_first(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "_MEIPASS", str(home), raising=False)
    shipped = _model(home / "assets" / "models" / "base")
    (home / "assets" / "models" / "rest").mkdir()
    assert resources.model_folder() == shipped
    mine = _model(resources.models_folder() / "mine")
    assert resources.installed_models() == {"base": shipped, "mine": mine}
    assert resources.model_folder("mine") == mine
    own_base = _model(resources.models_folder() / "base")
    assert resources.model_folder() == own_base


def test_a_path_names_a_folder_wherever_it_is(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = _model(home / "elsewhere" / "x")
    assert resources.model_folder(str(folder)) == folder
    monkeypatch.chdir(home / "elsewhere")
    assert resources.model_folder("x") == Path("x")
    assert resources.model_folder("./nothing") == Path("./nothing")


def test_an_unknown_model_is_answered_with_those_there_are(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "_MEIPASS", str(home), raising=False)
    with pytest.raises(ModelBundleError, match="Installed: none"):
        resources.model_folder()
    only = _model(home / "assets" / "models" / "small")
    assert resources.model_folder() == only, "the only one there is is the default"
    with pytest.raises(ModelBundleError, match=r"named huge.*Installed: small"):
        resources.model_folder("huge")
