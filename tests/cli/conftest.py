"""The command line as a user meets it: run whole, on a tiny random model."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import turnaround
from engine.cli import app
from tests.helpers.tiny_bundle import write_tiny_bundle

DEMO = Path(turnaround.__file__).parent / "assets" / "demo"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command left: exit status, stdout, stderr."""

    status: int
    out: str
    err: str

    @property
    def record(self) -> dict[str, Any]:
        """stdout as the one JSON object it is."""
        return json.loads(self.out)


Run = Callable[..., Outcome]


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a tiny random model."""
    return write_tiny_bundle(tmp_path_factory.mktemp("models") / "tiny").folder


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Return a function that runs `turnaround` with arguments."""

    def run_command(*arguments: object) -> Outcome:
        capsys.readouterr()
        status = app.main([str(argument) for argument in arguments], turnaround.all_commands())
        captured = capsys.readouterr()
        return Outcome(status, captured.out, captured.err)

    return run_command


@pytest.fixture
def generate(run: Run, tiny_model: Path, tmp_path: Path) -> Run:
    """Return a function that runs `turnaround generate` into `tmp_path / "out"` on the tiny model."""

    def run_generate(*arguments: object) -> Outcome:
        return run("generate", "--out", tmp_path / "out", "--model", tiny_model, *arguments)

    return run_generate
