"""What `test_prepare_cluster.py` runs: `prepare` on a Dask cluster, in a process of its own (Dask leaves a thread).

python -m tests.training.cluster_runs CORPUS OUT [ADDRESS]

Without an address two workers are started, and one of them is killed midway. Prints a line of JSON.
"""

import json
import os
import signal
import sys
from pathlib import Path

from distributed import LocalCluster

from engine.errors import CorpusError
from training import prepare as prepare_module
from training import workers as workers_module
from training.prepare import PrepareConfig, Progress, prepare

CHUNK_FILES = 2
RATIOS = (0.6, 0.2, 0.2)


def with_a_killed_worker(corpus: Path, out: Path) -> dict[str, object]:
    """Prepare a corpus with two workers, kill one, and tell how many songs there are."""
    killed: list[int] = []
    cluster = LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        dashboard_address=None,  # pyright: ignore[reportArgumentType] its documentation allows None
    )
    with cluster:

        def kill_one(progress: Progress) -> None:
            if progress.done > 2 * CHUNK_FILES and not killed:
                killed.append(next(nanny.pid for nanny in cluster.workers.values()))
                os.kill(killed[0], signal.SIGKILL)

        report = prepare(PrepareConfig((corpus,), out, ratios=RATIOS, scheduler=cluster.scheduler_address), kill_one)
    return {"killed": len(killed), "songs": sum(report.songs.values())}


def main(corpus: str, out: str, address: str = "") -> None:
    """Run."""
    prepare_module._CHUNK_FILES = CHUNK_FILES
    workers_module._CONNECT_SECONDS = 0.5
    try:
        if address:
            prepare(PrepareConfig((Path(corpus),), Path(out), scheduler=address))
        told: dict[str, object] = {} if address else with_a_killed_worker(Path(corpus), Path(out))
    except CorpusError as error:
        told = {"error": str(error)}
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])
