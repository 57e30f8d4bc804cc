"""Training as the page on clusters says, on a real SLURM of two nodes: stopped, gone on with by the next job."""

import re
import shlex
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.helpers.desktop import until
from tests.helpers.slurm import Slurm, is_slurm_installed
from tests.training.corpus_files import write_corpus

pytest.importorskip("torch")
pytest.importorskip("lightning")

from training.checkpoints import BEST, read_checkpoint, read_latest
from training.prepare import PrepareConfig, prepare

pytestmark = [
    pytest.mark.torch,
    pytest.mark.slow,
    pytest.mark.skipif(not is_slurm_installed(), reason="not installed: slurm-wlm, munge"),
]

ROOT = Path(__file__).parents[2]
TOTAL_ROWS = 16_000
PATIENCE_SECONDS = 600
# In place of what the page asks for: this machine's nodes have no GPUs, and their names are nobody's address.
HERE = {
    r"#SBATCH --ntasks-per-node=\d+": "#SBATCH --ntasks-per-node=1",
    r"#SBATCH --gres=\S+\n": "",
    r"#SBATCH --cpus-per-task=\d+": "#SBATCH --cpus-per-task=1",
    r"run\.devices=\d+": "run.devices=1",
    r"training/configs/gpt-medium\.toml": "training/configs/tiny.toml",
    r"srun python": f"MASTER_ADDR=127.0.0.1 srun {shlex.quote(sys.executable)}",
}
SMALL = (
    "run.accelerator=cpu run.threads=1 run.precision=32-true run.log_steps=1 "
    f"optimiser.total_rows={TOTAL_ROWS} data.valid_windows=4 data.songs_per_chunk=4"
)


@pytest.fixture
def slurm() -> Iterator[Slurm]:
    with tempfile.TemporaryDirectory() as folder, closing(Slurm(Path(folder))) as cluster:
        yield cluster


def _script_of_the_page(folder: Path) -> Path:
    page = (ROOT / "docs" / "cluster.md").read_text(encoding="utf-8")
    text = page.split("## SLURM")[1].split("```sh\n")[1].split("```")[0]
    for pattern, here in HERE.items():
        text, count = re.subn(pattern, here.replace("\\", r"\\"), text)
        assert count == 1, pattern
    text = text.replace("$WORK", str(folder)).rstrip("\n") + f" {SMALL}\n"
    text = text.replace("#SBATCH --job-name", f"#SBATCH --output={folder}/job-%j.txt\n#SBATCH --job-name")
    text = text.replace("\nMASTER_ADDR", f"\ncd {ROOT}\nMASTER_ADDR")
    script = folder / "train.sh"
    script.write_text(text, encoding="utf-8")
    return script


def test_a_job_that_is_stopped_is_gone_on_with_by_the_next(slurm: Slurm, tmp_path: Path) -> None:
    write_corpus(tmp_path / "songs", [f"song{n}.mid" for n in range(12)])
    prepare(PrepareConfig((tmp_path / "songs",), tmp_path / "packed", ratios=(0.6, 0.4, 0.0), processes=1))
    script = _script_of_the_page(tmp_path)
    run = tmp_path / "runs" / "gpt-medium"
    first, second, third = (slurm.submit(script) for _ in range(3))

    until(lambda: _steps(run) > 2 or slurm.state(first) not in ("PENDING", "RUNNING"), "steps", PATIENCE_SECONDS)
    assert slurm.state(first) == "RUNNING", _words(tmp_path)
    assert slurm.state(second) == "PENDING", "jobs of one name wait for one another"
    slurm.run("scancel", "--signal=TERM", first)  # what `--signal` has SLURM send before the time is over
    until(lambda: slurm.state(first) != "RUNNING", "the first job's end", PATIENCE_SECONDS)
    assert slurm.state(first) == "COMPLETED", _words(tmp_path)
    stopped = read_latest(run)
    assert stopped is not None
    assert len(stopped["places"]) == 2, "one place in the songs a process"
    assert 0 < stopped["progress"]["rows"] < TOTAL_ROWS

    until(lambda: slurm.state(third) not in ("PENDING", "RUNNING"), "the last job's end", PATIENCE_SECONDS)
    assert [slurm.state(job) for job in (second, third)] == ["COMPLETED", "COMPLETED"], _words(tmp_path)
    assert read_checkpoint(run / BEST)["progress"]["rows"] >= TOTAL_ROWS


def _steps(run: Path) -> int:
    metrics = run / "metrics.csv"
    return len(metrics.read_text(encoding="utf-8").splitlines()) - 1 if metrics.exists() else 0


def _words(folder: Path) -> str:
    """Return what the jobs wrote."""
    return "\n".join(file.read_text(encoding="utf-8")[-3000:] for file in sorted(folder.glob("job-*.txt")))
