"""Two processes (gloo, on the CPU) train the model that one does."""

import subprocess
import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("lightning")

from training.checkpoints import BEST, read_checkpoint  # noqa: E402

pytestmark = [pytest.mark.torch, pytest.mark.slow]


def _run(*command: str) -> None:
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-3000:]


def test_two_processes_train_the_model_of_one(tmp_path: Path) -> None:
    module = "tests.training.two_processes"
    _run("-m", module, str(tmp_path / "one"), "1")
    launch = ("-m", "torch.distributed.run", "--nproc-per-node", "2", "--master-port", "29713")
    _run(*launch, "-m", module, str(tmp_path / "two"), "2")
    one, two = (read_checkpoint(tmp_path / name / BEST) for name in ("one", "two"))
    assert one["progress"]["step"] == two["progress"]["step"] > 3
    assert one["progress"]["rows"] == two["progress"]["rows"]
    for name, weight in one["average"].items():
        assert torch.allclose(weight, two["average"][name], rtol=1e-3, atol=1e-5), name
