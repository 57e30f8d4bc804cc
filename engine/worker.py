"""The generation worker: a process that takes requests from a pipe and sends events back.

Nothing is ever raised across the pipe: an error the user can meet becomes `Failed`, any other is logged with its
traceback and becomes `Failed` too. While a request runs, the pipe is looked at between decoding steps, so that
cancelling takes one step; further requests wait their turn.
"""

import logging
import signal
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import EngineError, LibraryError
from engine.jobs.library import TakeKept
from engine.jobs.models import UseModel
from engine.jobs.numbers import NO_JOB
from engine.jobs.pipes import Event, JobEvent, Shutdown, WorkerCommand
from engine.jobs.writing import Cancel, Generate, WorkerReady
from engine.library.store import Origin, TakeStore
from engine.messages import Failed, GenerationRequest, Take, TakeReady
from engine.similarity.originality import PhraseIndex

if TYPE_CHECKING:
    from engine.inference.generator import Generator

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A generator, and what a take remembers of the model behind it."""

    generator: "Generator"
    ready: WorkerReady


ModelLoader = Callable[[], LoadedModel]


@dataclass(frozen=True, slots=True)
class BundleLoader:
    """Loads a model bundle; a value, so that it can be sent to the worker.

    Attributes:
        model: Name of an installed model or path of a bundle; "" for the default model.
        threads: Of one decoding step; 0 for the runtime's choice.
    """

    model: str = ""
    threads: int = 0

    def __call__(self) -> LoadedModel:
        """Load it.

        Raises:
            ModelBundleError: It is missing, damaged or made for another version.
            EngineError: ONNX Runtime is not installed.
        """
        from engine.inference.bundle import ModelBundle
        from engine.inference.generator import Generator
        from engine.inference.providers import open_model
        from engine.resources import model_folder
        from engine.runtime import RuntimeSettings, build_text

        bundle = ModelBundle.open(model_folder(self.model))
        model, message = open_model(bundle, settings=RuntimeSettings(threads=self.threads))
        if message:
            logger.info("%s", message)
        provider = model.provider.value.removesuffix("ExecutionProvider")
        name = bundle.info.name
        generator = Generator(model, model_name=name, provider=provider)
        ready = WorkerReady(
            name,
            bundle.identity,
            provider,
            model.threads,
            build_text(),
            folder=str(bundle.folder),
            has_style=bundle.info.style is not None,
        )
        return LoadedModel(generator, ready)

    def with_model(self, folder: str) -> "BundleLoader":
        """Return a loader of another model for the same machine."""
        return replace(self, model=folder)


def main(connection: Connection, load: ModelLoader, library: Path | None = None) -> None:
    """Serve requests until told to stop, or until the other end of the pipe is gone.

    Args:
        connection: The pipe.
        load: Loads the model.
        library: The file in which every take is kept; None keeps none.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    worker = _Worker(connection)
    try:
        worker.serve(load, library)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        logger.info("the window is gone; the worker ends")


class _Worker:
    """The worker's state: its pipe, and commands that came while it was busy."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._waiting: deque[Generate | UseModel] = deque()
        self._cancelled: dict[int, Cancel] = {}
        self._is_ending = False
        self._store: TakeStore | None = None
        self._model: LoadedModel | None = None
        self._index: PhraseIndex | None = None
        self._has_looked = False  # for the index

    def serve(self, load: ModelLoader, library: Path | None) -> None:
        if library is not None:
            self._guarded(NO_JOB, lambda: self._open(library))
        self._load(load)
        while not self._is_ending:
            if not self._waiting:
                self._take(self._connection.recv())
                continue
            command = self._waiting.popleft()
            if isinstance(command, UseModel):
                load = load.with_model(command.folder) if isinstance(load, BundleLoader) else load
                self._load(load)
                continue
            self._guarded(command.job, lambda job=command: self._generate(job))
            self._cancelled.pop(command.job, None)

    def _open(self, library: Path) -> None:
        self._store = TakeStore(library)

    def _load(self, load: ModelLoader) -> None:
        def load_and_tell() -> None:
            self._model = load()
            self._send(NO_JOB, self._model.ready)

        self._load_again = load_and_tell
        self._guarded(NO_JOB, load_and_tell)

    def _take(self, command: WorkerCommand) -> None:
        match command:
            case Generate() | UseModel():
                self._waiting.append(command)
            case Cancel():
                self._cancelled[command.job] = command
            case Shutdown():
                self._is_ending = True

    def _is_cancelled(self, job: int) -> bool:
        while self._connection.poll():
            self._take(self._connection.recv())
        return self._is_ending or job in self._cancelled

    def _generate(self, command: Generate) -> None:
        if self._model is None:
            self._load_again()  # the model may have been installed meanwhile
        assert self._model is not None
        events = self._model.generator.generate(command.request, is_cancelled=lambda: self._is_cancelled(command.job))
        for event in events:
            if isinstance(event, TakeReady):
                if event.take.missing and not self._wants_partial(command.job):
                    continue
                event = TakeReady(self._compared(command.request, event.take))
                self._keep(command, event)
            self._send(command.job, event)

    def _compared(self, request: GenerationRequest, take: Take) -> Take:
        """Tell what the written parts of a take share with the songs of training, if the index is there."""
        if not self._has_looked:
            self._has_looked = True
            self._index = PhraseIndex.installed()
        return take if self._index is None else self._index.compared(request, take)

    def _wants_partial(self, job: int) -> bool:
        return job in self._cancelled and self._cancelled[job].keeps_partial

    def _keep(self, command: Generate, event: TakeReady) -> None:
        """Put a take into the library before anyone sees it; a library that fails is told, and the take goes on."""
        if self._store is None or self._model is None:
            return
        ready = self._model.ready
        try:
            row = self._store.keep(
                command.request,
                event.take,
                Origin(ready.model, ready.identity, ready.provider, ready.threads, ready.build),
            )
        except LibraryError as error:
            self._send(NO_JOB, Failed(error.title, error.message))
        else:
            self._send(command.job, TakeKept(event.take.number, row))

    def _guarded(self, job: int, action: Callable[[], None]) -> None:
        """Run an action; whatever it raises becomes a `Failed` event, except that the pipe is gone."""
        try:
            action()
        except EngineError as error:
            self._send(job, Failed(error.title, error.message))
        except (EOFError, BrokenPipeError, ConnectionResetError):
            raise
        except Exception:
            logger.exception("job %d failed", job)
            self._send(job, Failed("The engine met an error it did not expect.", "Your loop is safe. Try again."))

    def _send(self, job: int, event: Event) -> None:
        self._connection.send(JobEvent(job, event))
