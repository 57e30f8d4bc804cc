"""Shards that a Dask cluster makes: the same bytes as here, also when a worker is killed."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from engine.errors import CorpusError
from tests.training.corpus_files import write_corpus
from training.prepare import PrepareConfig, prepare
from training.workers import workers

needs_dask = pytest.mark.skipif(importlib.util.find_spec("distributed") is None, reason="needs the extra: cluster")


def _run(*arguments: object) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.training.cluster_runs", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


def _contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "prepare.json"}


@needs_dask
def test_a_cluster_makes_the_shards_of_one_machine_though_a_worker_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus = tmp_path / "corpus"
    write_corpus(corpus, [f"{index % 3}/song{index:02d}.mid" for index in range(24)])
    (corpus / "0/broken.mid").write_bytes(b"not music")
    told = _run(corpus, tmp_path / "there")
    assert told == {"killed": 1, "songs": 24}
    prepare(PrepareConfig((corpus,), tmp_path / "here", ratios=(0.6, 0.2, 0.2), processes=1))
    here, there = _contents(tmp_path / "here"), _contents(tmp_path / "there")
    assert {"train-000.songs", "valid-000.songs", "test-000.songs", "rejects.csv"} == set(here)
    assert there == here


@needs_dask
def test_a_scheduler_that_does_not_answer_is_named(tmp_path: Path) -> None:
    write_corpus(tmp_path / "corpus", ["a.mid"])
    told = _run(tmp_path / "corpus", tmp_path / "out", "tcp://127.0.0.1:9")
    assert told["error"].startswith("No Dask scheduler answers at tcp://127.0.0.1:9.")


@needs_dask
@pytest.mark.parametrize("address", ["local:", "local:0", "local:two"])
def test_a_local_cluster_needs_a_number(address: str) -> None:
    with pytest.raises(CorpusError, match="local:2"), workers(1, address):
        pass


def test_without_dask_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(CorpusError, match="uv sync --extra cluster"), workers(1, "local:2"):
        pass
