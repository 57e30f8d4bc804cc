"""kill -9 at twenty moments, half of them while a checkpoint is being written: nothing is lost, and nothing differs."""

import importlib.util
import random
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from engine.inference.bundle import ModelBundle
from tests.helpers.tiny_bundle import write_tiny_bundle
from tests.training.finetune.own_files import write_style

pytestmark = [
    pytest.mark.torch,
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="the training extra is missing"),
]
KILLS = 20
PATIENCE_SECONDS = 120.0


def _start(files: Path, base: Path, folder: Path) -> subprocess.Popen[bytes]:
    module = "tests.training.finetune.kill_runs"
    arguments = [str(files), str(base), str(folder / "model"), str(folder / "work")]
    return subprocess.Popen([sys.executable, "-m", module, *arguments], stderr=subprocess.DEVNULL)


def _lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


def _kill_at_some_moment(
    process: subprocess.Popen[bytes], work: Path, rng: random.Random, *, while_writing: bool
) -> bool:
    """Kill once it has taken some more steps; return whether a file was being written then."""
    wanted = _lines(work / "metrics.csv") + rng.randrange(2, 7)
    end = time.monotonic() + PATIENCE_SECONDS
    while process.poll() is None and time.monotonic() < end and _lines(work / "metrics.csv") < wanted:
        time.sleep(0.002)
    time.sleep(rng.random() * 0.05)
    while while_writing and process.poll() is None and time.monotonic() < end and not list(work.glob("*.partial")):
        pass  # looked for as fast as can be: it is there for milliseconds
    process.kill()
    process.wait()
    return bool(list(work.glob("*.partial")))


def test_a_training_that_is_killed_twenty_times_is_the_one_that_was_not(tmp_path: Path) -> None:
    rng = random.Random(3)
    files, base = write_style(tmp_path / "own", 8, bars=12), write_tiny_bundle(tmp_path / "base").folder
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    assert _start(files, base, whole).wait(PATIENCE_SECONDS) == 0
    kills = partial = 0
    while kills < KILLS:
        process = _start(files, base, killed)
        partial += _kill_at_some_moment(process, killed / "work", rng, while_writing=kills % 2 == 1)
        if process.returncode == 0:
            break
        kills += 1
        assert not (killed / "model").exists() or ModelBundle.open(killed / "model")
    assert _start(files, base, killed).wait(PATIENCE_SECONDS) == 0
    assert kills == KILLS
    assert partial >= KILLS // 4, "some were to hit a checkpoint that was being written"
    for name, column in (("metrics.csv", "all"), ("curve.csv", "own"), ("curve.csv", "base")):
        theirs, ours = (np.genfromtxt(place / "work" / name, delimiter=",", names=True) for place in (whole, killed))
        assert ours["step"].tolist() == theirs["step"].tolist()
        assert ours[column] == pytest.approx(theirs[column], rel=1e-6)
    weights = [ModelBundle.open(place / "model").file("weights.bin").read_bytes() for place in (whole, killed)]
    assert weights[0] == weights[1]
