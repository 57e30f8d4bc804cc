"""Two processes (gloo, on the CPU) train the model that one does, however they were started and whatever each holds."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.training.corpus_files import write_corpus

torch = pytest.importorskip("torch")
pytest.importorskip("lightning")

from training.checkpoints import BEST, State, read_checkpoint, read_latest  # noqa: E402
from training.prepare import PrepareConfig, prepare  # noqa: E402

pytestmark = [pytest.mark.torch, pytest.mark.slow]

TINY = Path(__file__).parents[2] / "training" / "configs" / "tiny.toml"
ROWS = 1500
PATIENCE_S = 600
TORCHRUN = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")


def _run(*command: str) -> None:
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert done.returncode == 0, done.stderr[-3000:]


def _train(folder: Path, processes: int, strategy: str = "auto", rows: int = ROWS, *settings: str) -> State:
    launch = TORCHRUN if processes > 1 else ()
    _run(*launch, "-m", "tests.training.two_processes", str(folder), str(processes), strategy, str(rows), *settings)
    return read_checkpoint(folder / BEST)


def _assert_same_model(one: State, two: State) -> None:
    assert one["progress"]["step"] == two["progress"]["step"] > 3
    assert one["progress"]["rows"] == two["progress"]["rows"]
    for name, weight in one["average"].items():
        assert torch.allclose(weight, two["average"][name], rtol=1e-3, atol=1e-5), name


@pytest.fixture(scope="module")
def of_one(tmp_path_factory: pytest.TempPathFactory) -> State:
    return _train(tmp_path_factory.mktemp("one"), 1)


@pytest.mark.parametrize("strategy", ["ddp", "fsdp"])
def test_two_processes_train_the_model_of_one(strategy: str, of_one: State, tmp_path: Path) -> None:
    _assert_same_model(of_one, _train(tmp_path, 2, strategy))


def test_sharded_weights_are_kept_whole_and_gone_on_with(of_one: State, tmp_path: Path) -> None:
    _train(tmp_path, 2, "fsdp", ROWS // 2)
    half = read_latest(tmp_path)
    assert half is not None
    whole = {name: value.shape for name, value in of_one["average"].items()}
    moments = half["optimisers"][0]["state"].values()
    assert {name: value.shape for name, value in half["model"].items()} == whole
    assert sorted(m["exp_avg"].shape for m in moments) == sorted(whole.values())
    _assert_same_model(of_one, _train(tmp_path, 2, "fsdp"))


def test_shards_go_on_from_a_step_that_was_validated(tmp_path: Path) -> None:
    _train(tmp_path, 2, "fsdp", ROWS // 2, "run.valid_steps=1")
    before = read_latest(tmp_path)
    _train(tmp_path, 2, "fsdp", ROWS, "run.valid_steps=1")
    after = read_latest(tmp_path)
    assert before is not None
    assert after is not None
    steps = [line.split(",")[0] for line in (tmp_path / "valid.csv").read_text(encoding="utf-8").splitlines()[1:]]
    assert steps.count(str(before["progress"]["step"])) == 2, "once by its number, once as the first part's last"
    assert steps[-1] == str(after["progress"]["step"])


def test_each_process_goes_on_with_its_own_dropout(tmp_path: Path) -> None:
    _train(tmp_path / "whole", 2, "ddp", ROWS, "model.dropout=0.3")
    for rows in (ROWS // 2, ROWS):
        _train(tmp_path / "halves", 2, "ddp", rows, "model.dropout=0.3")
    whole, halves = read_latest(tmp_path / "whole"), read_latest(tmp_path / "halves")
    assert whole is not None
    assert halves is not None
    one, other = halves["random"]
    assert not torch.equal(one, other)
    assert all(torch.equal(a, b) for a, b in zip(whole["random"], halves["random"], strict=True))
    assert all(torch.equal(weight, halves["model"][name]) for name, weight in whole["model"].items())


@pytest.mark.parametrize("strategy", ["ddp", "fsdp"])
def test_two_processes_validate_and_save_by_one_clock(strategy: str, tmp_path: Path) -> None:
    by_the_clock = ("run.valid_steps=0", "run.valid_minutes=0.005", "run.checkpoint_minutes=0.003")
    assert _train(tmp_path, 2, strategy, 8000, *by_the_clock)["progress"]["rows"] > 0
    validations = (tmp_path / "valid.csv").read_text(encoding="utf-8").splitlines()[1:]
    assert len(validations) > 2, "too few to tell"


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus")
    write_corpus(folder / "songs", [f"song{n}.mid" for n in range(12)])
    prepare(PrepareConfig((folder / "songs",), folder / "packed", ratios=(0.6, 0.4, 0.0), processes=1))
    return folder / "packed"


def _command(packed: Path, folder: Path, *settings: str) -> tuple[str, ...]:
    """Return what a user types after `torchrun` or `srun python`, with a run that takes a few steps."""
    here = (f"data.directory={packed}", f"run.directory={folder}", "run.devices=2", "run.accelerator=cpu")
    small = ("data.valid_windows=4", "data.songs_per_chunk=4", "run.threads=1", "run.precision=32-true")
    return ("-m", "training.train", str(TINY), *here, *small, *settings)


@pytest.mark.parametrize("strategy", ["ddp", "fsdp"])
def test_torchrun_starts_training_as_the_page_says(strategy: str, packed: Path, tmp_path: Path) -> None:
    _run(*TORCHRUN, *_command(packed, tmp_path, f"run.strategy={strategy}", "optimiser.total_rows=8000"))
    assert read_checkpoint(tmp_path / BEST)["progress"]["rows"] >= 8000
    latest = read_latest(tmp_path)
    assert latest is not None
    assert len(latest["places"]) == 2


def _slurm(task: int, port: int) -> dict[str, str]:
    """Return the variables that srun sets for one of two tasks on a node."""
    job = {"JOB_ID": "4711", "JOB_NAME": "train.sh", "NTASKS": "2", "NTASKS_PER_NODE": "2", "NNODES": "1"}
    node = {"NODEID": "0", "NODELIST": "localhost", "JOB_NODELIST": "localhost"}
    own = {"PROCID": str(task), "LOCALID": str(task)}
    variables = {f"SLURM_{name}": value for name, value in (job | node | own).items()}
    return os.environ | variables | {"MASTER_PORT": str(port)}


def test_tasks_of_slurm_find_each_other_and_stop_together(packed: Path, tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = int(free.getsockname()[1])
    command = _command(packed, tmp_path, "run.strategy=ddp", "run.log_steps=1")
    tasks = [
        subprocess.Popen([sys.executable, *command], env=_slurm(n, port), stderr=subprocess.PIPE, text=True)
        for n in range(2)
    ]
    try:
        deadline = time.monotonic() + PATIENCE_S
        while not _is_under_way(tmp_path / "metrics.csv"):
            assert all(task.poll() is None for task in tasks), [task.communicate()[1][-3000:] for task in tasks]
            assert time.monotonic() < deadline, "no step was taken"
            time.sleep(0.2)
        tasks[1].send_signal(signal.SIGTERM)  # even if the signal reaches but one of them
        words = [task.communicate(timeout=PATIENCE_S)[1] for task in tasks]
    finally:
        for task in tasks:
            task.kill()
    assert [task.returncode for task in tasks] == [0, 0], words
    latest = read_latest(tmp_path)
    assert latest is not None
    assert len(latest["places"]) == 2
    assert latest["progress"]["step"] > 0


def _is_under_way(metrics: Path) -> bool:
    return metrics.exists() and len(metrics.read_text(encoding="utf-8").splitlines()) > 2
