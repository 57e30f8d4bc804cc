"""Models listed, switched, handed on: with the engine's real processes."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.jobs.files import FilesWritten
from engine.jobs.models import ExportModel, FindModels, InstallModel, ModelsFound, UseModel
from engine.jobs.pipes import Child, ChildStopped
from engine.jobs.writing import WorkerReady
from engine.messages import Failed
from engine.resources import models_folder, training_program
from engine.service import EngineService
from engine.worker import BundleLoader
from tests.helpers.tiny_bundle import write_tiny_bundle

PATIENCE_SECONDS = 30.0


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[EngineService]:
    for name in ("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    write_tiny_bundle(models_folder() / "one")
    write_tiny_bundle(models_folder() / "two", seed=2)
    service = EngineService(BundleLoader("one"))
    service.start()
    yield service
    service.close()


def _next(service: EngineService, *kinds: type) -> object:
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        for message in service.wait(1.0):
            if isinstance(message.event, kinds):
                return message.event
    raise TimeoutError(f"no {kinds} came")


def test_models_are_listed_and_switched(service: EngineService) -> None:
    first = _next(service, WorkerReady)
    assert isinstance(first, WorkerReady)
    assert first.model == "one"
    service.ask(FindModels())
    found = _next(service, ModelsFound)
    assert isinstance(found, ModelsFound)
    rows = {row.name: row for row in found.models}
    assert {"base", "one", "two"} <= set(rows)
    assert not rows["two"].has_style
    assert rows["two"].card.startswith("# Random weights")
    service.tell(UseModel(rows["two"].folder))
    second = _next(service, WorkerReady)
    assert isinstance(second, WorkerReady)
    assert (second.model, second.folder) == ("two", rows["two"].folder)


def test_a_model_that_cannot_be_loaded_is_told_and_the_old_one_stays(service: EngineService, tmp_path: Path) -> None:
    _next(service, WorkerReady)
    service.tell(UseModel(str(tmp_path / "nothing")))
    failed = _next(service, Failed, WorkerReady)
    assert isinstance(failed, Failed)
    assert "no model" in failed.title


def test_a_worker_that_is_started_again_has_the_model_that_was_chosen(
    service: EngineService, caplog: pytest.LogCaptureFixture
) -> None:
    _next(service, WorkerReady)
    service.tell(UseModel(str(models_folder() / "two")))
    _next(service, WorkerReady)
    import os
    import signal

    os.kill(service.process_id(Child.WORKER), signal.SIGKILL)
    _next(service, ChildStopped)
    again = _next(service, WorkerReady)
    assert isinstance(again, WorkerReady)
    assert again.model == "two"


def test_a_model_goes_out_and_comes_in_as_one_file(service: EngineService, tmp_path: Path) -> None:
    path = tmp_path / "two.turnaround"
    service.ask(ExportModel(str(models_folder() / "two"), str(path)))
    assert _next(service, FilesWritten, Failed) == FilesWritten((str(path),))
    (models_folder() / "two").rename(tmp_path / "moved")
    service.ask(InstallModel(str(path)))
    found = _next(service, ModelsFound, Failed)
    assert isinstance(found, ModelsFound)
    assert found.installed == str(models_folder() / "two")
    path.write_bytes(b"no model")
    service.ask(InstallModel(str(path)))
    failed = _next(service, ModelsFound, Failed)
    assert isinstance(failed, Failed)
    assert "two.turnaround" in failed.title


def test_the_frozen_program_trains_with_a_pack_in_the_users_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setattr(sys, "_MEIPASS", str(tmp_path), raising=False)
    assert training_program() is None
    python = tmp_path / "data" / "Turnaround" / "training" / "bin" / "python3"
    python.parent.mkdir(parents=True)
    python.touch()
    assert training_program() == (str(python), "-m", "training")
    pack = tmp_path / "data" / "Turnaround" / "training" / "turnaround-training"
    pack.touch()
    assert training_program() == (str(pack),)
