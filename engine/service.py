"""EngineService: the only door through which the window enters the engine.

It owns spawned processes: the worker (writes takes), the desk (files and the library), the player (sound, ports and
clocks) and, from the first sound file on, the listener (hears notes). Commands go out at once and
never wait; events are collected by `wait`, which one thread of the window calls in a loop. A process that dies is
started again and its unfinished jobs are reported; the loop and all takes live on this side, so nothing is lost.

Importing this module loads neither the model's runtime nor any MIDI library: the processes do.
"""

import itertools
import logging
import multiprocessing
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from multiprocessing import connection as pipes
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Protocol

from engine.jobs.listening import ListenTo, StopListening
from engine.jobs.live import LiveOrder, LiveQuestion
from engine.jobs.models import UseModel
from engine.jobs.pipes import Answer, Child, ChildStopped, Command, JobEvent, Order, Question, Shutdown, SoundCommand
from engine.jobs.writing import Cancel, Generate
from engine.messages import Failed, Finished
from engine.worker import BundleLoader, ModelLoader

logger = logging.getLogger(__name__)

MAX_RESTARTS_IN_A_ROW = 3
END_SECONDS = 2.0


class Service(Protocol):
    """What the window asks of an engine; a test gives it a fake."""

    def ask(self, question: Question) -> int:
        """Give a command that is answered, such as `Generate`; return the job's number, whatever `question.job` is."""
        ...

    def tell(self, command: Order) -> None:
        """Give a command that has no answer, such as `Play`."""
        ...

    def wait(self, timeout_seconds: float | None = None) -> tuple[JobEvent, ...]:
        """Return the next events; () after a timeout, or when `close` was called."""
        ...

    def close(self) -> None:
        """End all processes."""
        ...


class _Process:
    """A spawned process with its pipe and its unfinished jobs."""

    def __init__(self, child: Child, begin: Callable[[Connection], BaseProcess]) -> None:
        self.child = child
        self._begin = begin
        self.jobs: set[int] = set()
        self.failures = 0
        self.connection: Connection | None = None
        self.process: BaseProcess | None = None

    def start(self) -> None:
        ours, theirs = multiprocessing.Pipe()
        self.process = self._begin(theirs)
        self.process.start()
        theirs.close()
        self.connection = ours

    def send(self, command: Command) -> bool:
        """Send a command; False when the process is gone."""
        if self.connection is None:
            return False
        try:
            self.connection.send(command)
        except (BrokenPipeError, ConnectionResetError):
            return False
        return True

    def end(self) -> None:
        """Ask the process to end, then make it."""
        self.send(Shutdown())
        if self.process is not None:
            self.process.join(END_SECONDS)
            if self.process.is_alive():
                self.process.kill()
                self.process.join()
            self.process.close()
        if self.connection is not None:
            self.connection.close()
        self.process = self.connection = None


class EngineService:
    """The engine behind a window.

    Args:
        load_model: Loads the model in the worker; must be importable there, such as a `BundleLoader`.
        library: The file in which every take is kept; None keeps none.

    Threads: commands come from one thread, `wait` runs on another. A lock guards the processes' tables.
    """

    def __init__(self, load_model: ModelLoader, library: Path | None = None) -> None:
        context = multiprocessing.get_context("spawn")
        self._load = load_model

        def worker(theirs: Connection) -> BaseProcess:
            from engine import worker as module

            return context.Process(target=module.main, args=(theirs, self._load, library), name="turnaround-worker")

        def desk(theirs: Connection) -> BaseProcess:
            return context.Process(target=_run_desk, args=(theirs, library), name="turnaround-desk")

        def player(theirs: Connection) -> BaseProcess:
            return context.Process(target=_run_player, args=(theirs,), name="turnaround-player")

        def listener(theirs: Connection) -> BaseProcess:
            return context.Process(target=_run_listener, args=(theirs,), name="turnaround-listener")

        self._lock = threading.RLock()
        self._jobs = itertools.count(1)
        self._processes = {
            Child.WORKER: _Process(Child.WORKER, worker),
            Child.DESK: _Process(Child.DESK, desk),
            Child.PLAYER: _Process(Child.PLAYER, player),
            Child.LISTENER: _Process(Child.LISTENER, listener),
        }
        self._wake_in, self._wake_out = multiprocessing.Pipe(duplex=False)
        self._is_closed = False

    def start(self) -> None:
        """Start the processes that are always wanted, those first that the window asks first."""
        with self._lock:
            for child in (Child.DESK, Child.PLAYER, Child.WORKER):
                self._processes[child].start()

    def ask(self, question: Question) -> int:
        """See `Service.ask`."""
        with self._lock:
            job = next(self._jobs)
            process = self._processes[_child_of(question)]
            process.jobs.add(job)
            if process.child is Child.LISTENER and process.connection is None:
                process.start()
                self._wake_out.send(None)  # so that `wait` waits for this one, too
            process.send(replace(question, job=job))  # if it is gone, `wait` finds out and reports the job lost
            return job

    def tell(self, command: Order) -> None:
        """See `Service.tell`."""
        with self._lock:
            if isinstance(command, UseModel) and isinstance(self._load, BundleLoader):
                self._load = self._load.with_model(command.folder)  # for a worker that is started again
            self._processes[_child_of(command)].send(command)

    def process_id(self, child: Child) -> int:
        """Return the id of a running process, for diagnostics.

        Raises:
            RuntimeError: It does not run.
        """
        with self._lock:
            process = self._processes[child].process
            if process is None or process.pid is None:
                raise RuntimeError(f"the {child.value} does not run")
            return process.pid

    def wait(self, timeout_seconds: float | None = None) -> tuple[JobEvent, ...]:
        """Return events of all processes as they come; see `Service.wait`."""
        if self._is_closed:
            return ()
        with self._lock:
            sources = {p.connection: p for p in self._processes.values() if p.connection is not None}
        ready = pipes.wait([*sources, self._wake_in], timeout_seconds)
        if self._is_closed:
            return ()
        if self._wake_in in ready:
            self._wake_in.recv()
        return tuple(event for source, process in sources.items() if source in ready for event in self._take(process))

    def _take(self, process: _Process) -> list[JobEvent]:
        """Return all events that a process has sent, or that it stopped."""
        events: list[JobEvent] = []
        with self._lock:
            try:
                while process.connection is not None and process.connection.poll():
                    event: JobEvent = process.connection.recv()
                    events.append(event)
                    process.failures = 0
                    if isinstance(event.event, Finished | Failed | Answer):
                        process.jobs.discard(event.job)
            except (EOFError, ConnectionResetError, BrokenPipeError):
                events.append(self._restart(process))
        return events

    def _restart(self, process: _Process) -> JobEvent:
        lost = tuple(sorted(process.jobs))
        process.jobs.clear()
        process.failures += 1
        process.end()
        is_restarted = process.failures <= MAX_RESTARTS_IN_A_ROW
        logger.warning("the %s stopped; jobs %s are lost", process.child.value, lost)
        if is_restarted:
            process.start()
        return JobEvent(0, ChildStopped(process.child, lost, is_restarted))

    def close(self) -> None:
        """See `Service.close`."""
        self._is_closed = True
        with suppress(BrokenPipeError, OSError):
            self._wake_out.send(None)
        with self._lock:
            for process in self._processes.values():
                process.end()


def _child_of(command: Command) -> Child:
    if isinstance(command, Generate | Cancel | UseModel):
        return Child.WORKER
    if isinstance(command, ListenTo | StopListening):
        return Child.LISTENER
    return Child.PLAYER if isinstance(command, SoundCommand | LiveOrder | LiveQuestion) else Child.DESK


def _run_desk(connection: Connection, library: Path | None) -> None:
    from engine import desk

    desk.main(connection, library)


def _run_player(connection: Connection) -> None:
    from engine.live import process

    process.main(connection)


def _run_listener(connection: Connection) -> None:
    from engine import listener

    listener.main(connection)
