"""Who prepares the chunks of a corpus: processes of this machine, or a Dask cluster.

Either is an executor of `concurrent.futures`, so that whoever hands out work does not know which. A cluster's workers
need no disk in common with this machine: they are sent the files' bytes and send back packed songs.
"""

import logging
import multiprocessing
from collections.abc import Callable, Generator
from concurrent.futures import CancelledError, Executor, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from engine.errors import CorpusError

LOCAL = "local:"
_CONNECT_SECONDS = 20
_RETRIES = 3


class MissingClusterError(CorpusError):
    """Raised when a cluster is wanted and Dask is not installed."""


@dataclass(frozen=True, slots=True)
class Workers:
    """Those who work.

    Attributes:
        executor: Takes functions and their arguments.
        count: Says how many there are now; on a cluster they come and go.
        died: What a future raises when the process that had it died, and no other could do it.
    """

    executor: Executor
    count: Callable[[], int]
    died: tuple[type[BaseException], ...]


@contextmanager
def workers(processes: int, scheduler: str = "") -> Generator[Workers]:
    """Give work to processes, and end what was started for it.

    Args:
        processes: How many, on this machine, if no scheduler is named.
        scheduler: Of a Dask cluster: its address, or "local:N" for one of N processes here.

    Raises:
        CorpusError: No scheduler answers.
        MissingClusterError: Dask is not installed.
    """
    if scheduler:
        with ExitStack() as stack:
            yield _dask(scheduler, stack)
        return
    with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield Workers(pool, lambda: processes, (BrokenProcessPool,))


def _dask(scheduler: str, stack: ExitStack) -> Workers:
    try:
        from distributed import Client, KilledWorker, LocalCluster
    except ModuleNotFoundError as error:
        raise MissingClusterError(
            "Dask is not installed, so no cluster can be used.",
            "Install Turnaround with its extra: uv sync --extra cluster, or pip install turnaround[cluster].",
        ) from error
    logging.getLogger("distributed").setLevel(logging.ERROR)  # a worker that dies is replaced; that is no news
    target: Any = scheduler
    if scheduler.startswith(LOCAL):
        start: Any = LocalCluster
        target = stack.enter_context(
            start(n_workers=_local_count(scheduler), threads_per_worker=1, dashboard_address=None)
        )
    try:
        client: Any = stack.enter_context(Client(target, timeout=_CONNECT_SECONDS))
    except (OSError, ValueError, KeyError) as error:
        raise CorpusError(
            f"No Dask scheduler answers at {scheduler}.",
            "Start one (dask scheduler), or name local:2 for two processes.",
        ) from error
    executor = stack.enter_context(client.get_executor(pure=False, retries=_RETRIES))
    return Workers(executor, lambda: sum(client.nthreads().values()), (KilledWorker, CancelledError))


def _local_count(scheduler: str) -> int:
    count = scheduler.removeprefix(LOCAL)
    if not count.isdigit() or not int(count):
        raise CorpusError(f'"{scheduler}" names no number of processes.', "Write it like local:2.")
    return int(count)
