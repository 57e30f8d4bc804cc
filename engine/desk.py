"""The desk: a process that reads and writes files and renders, so that the window never has to.

Each command is short: a file is written in a few milliseconds; rendering to files and looking at many go on in small
steps between commands. Like the worker it raises nothing across the pipe.
"""

import filecmp
import logging
import signal
from collections.abc import Callable, Generator
from multiprocessing.connection import Connection
from pathlib import Path

from engine.errors import EngineError, LibraryError
from engine.inference.bundle import ModelBundle
from engine.inference.bundle_file import pack_bundle, unpack_bundle
from engine.inference.inspection import prompt_lines, take_lines
from engine.jobs.files import (
    FilesRead,
    FilesWritten,
    FileToWrite,
    ReadFiles,
    ReadLoop,
    RenderProgress,
    RenderWav,
    StopRendering,
    WriteFiles,
)
from engine.jobs.inspection import InspectTake, TakeInspected
from engine.jobs.library import (
    FindTakes,
    KeepTakes,
    LoadLoops,
    LoadTake,
    LoopsLoaded,
    MarkTake,
    TakeLoaded,
    TakesFound,
    TakesKept,
)
from engine.jobs.material import DescribeFiles, FilesDescribed, FindLoops, LayStems, StopReading
from engine.jobs.models import ExportModel, FindModels, InstallModel, ModelRow, ModelsFound
from engine.jobs.numbers import NO_JOB
from engine.jobs.pipes import DeskCommand, Event, JobEvent, LibraryCommand, ModelQuestion, Shutdown, SimilarQuestion
from engine.jobs.similar import DescribeTake, FindSimilar, LibraryMapped, MapLibrary, SimilarFound, TakeDescribed
from engine.library.similar import SimilarTakes
from engine.library.store import Origin, TakeStore
from engine.live.render import render_steps
from engine.messages import Failed
from engine.midi import dawproject, smf
from engine.mining.songs import loops_of_file
from engine.resources import asset, installed_models, models_folder
from engine.similarity.loops import LoopSpace
from engine.similarity.tags import loop_tags
from engine.stems.describe import describe_steps
from engine.stems.lay import lay_stems

logger = logging.getLogger(__name__)


def main(connection: Connection, library: Path | None = None) -> None:
    """Serve commands until told to stop, or until the other end of the pipe is gone.

    Args:
        connection: The pipe.
        library: The file of takes; None when there is no library.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    desk = _Desk(connection, library)
    try:
        desk.serve()
    except (EOFError, BrokenPipeError, ConnectionResetError):
        logger.info("the window is gone; the desk ends")


class _Desk:
    """The desk's pipe and what it keeps open."""

    def __init__(self, connection: Connection, library: Path | None) -> None:
        self._connection = connection
        self._library = library
        self._store: TakeStore | None = None
        self._similar: SimilarTakes | None = None
        self._is_ending = False
        self._long: dict[int, Generator[Event, None, Event]] = {}  # work of many steps by job, the first is under way

    def serve(self) -> None:
        while not self._is_ending:
            if self._connection.poll(self._patience):
                command = self._connection.recv()
                self._run(getattr(command, "job", NO_JOB), lambda command=command: self._do(command))
            if self._long:
                job = next(iter(self._long))
                self._run(job, lambda job=job: self._go_on(job))

    @property
    def _patience(self) -> float | None:
        """How long to wait for a command, in seconds; None for ever."""
        return 0.0 if self._long else None

    def _run(self, job: int, work: Callable[[], None]) -> None:
        """Do something for a job, and tell if it cannot be done."""
        try:
            work()
        except EngineError as error:
            self._send(job, Failed(error.title, error.message))
        except (BrokenPipeError, ConnectionResetError):
            raise
        except OSError as error:
            self._send(job, Failed(f"{error.filename or 'A file'} cannot be used.", error.strerror or str(error)))
        except ValueError as error:
            logger.exception("job %d failed", job)
            self._send(job, Failed("That could not be done.", str(error)))

    def _do(self, command: DeskCommand) -> None:
        if isinstance(command, LibraryCommand):
            self._do_in_library(command)
            return
        match command:
            case ReadFiles(paths, job):
                self._send(job, FilesRead(tuple(_read(path) for path in paths)))
            case WriteFiles():
                self._write(command)
            case InspectTake():
                self._send(command.job, _inspected(command))
            case FindModels() | InstallModel() | ExportModel():
                self._send(command.job, _with_models(command))
            case Shutdown():
                self._is_ending = True
            case LayStems() | FindLoops():
                self._send(command.job, lay_stems(command) if isinstance(command, LayStems) else loops_of_file(command))
            case RenderWav() | DescribeFiles():
                is_rendering = isinstance(command, RenderWav)
                self._long[command.job] = _rendering(command) if is_rendering else describe_steps(command.paths)
            case StopRendering(job) | StopReading(job):
                self._stop(job, FilesWritten(()) if isinstance(command, StopRendering) else FilesDescribed(()))

    def _stop(self, job: int, answer: Event) -> None:
        if self._long.pop(job, None) is not None:
            self._send(job, answer)

    def _go_on(self, job: int) -> None:
        """Do one step of a long work."""
        steps = self._long.pop(job)
        try:
            progress = next(steps)
        except StopIteration as end:
            self._send(job, end.value)
            return
        self._long = {job: steps, **self._long}
        self._send(job, progress)

    def _do_with_vectors(self, store: TakeStore, command: SimilarQuestion) -> None:
        if isinstance(command, DescribeTake):
            kept = store.load(command.library_id)
            self._send(command.job, TakeDescribed(kept.row, loop_tags(kept.loop)))
            return
        if self._similar is None:
            self._similar = SimilarTakes(store.connection, LoopSpace.open(asset("similarity")))
        waiting = self._similar.fill()
        if isinstance(command, MapLibrary):
            ids, places = self._similar.map(command.limit)
            x, y = (tuple(places[:, axis].tolist()) for axis in (0, 1))
            self._send(command.job, LibraryMapped(tuple(ids.tolist()), x, y, store.written(ids.tolist()), waiting))
            return
        found = self._similar.nearest(command.library_id, command.limit)
        rows = store.rows([id for id, _ in found])
        self._send(command.job, SimilarFound(rows, tuple(likeness for _, likeness in found), waiting))

    def _do_in_library(self, command: LibraryCommand) -> None:
        if self._store is None:
            if self._library is None:
                raise LibraryError("There is no library here.")
            self._store = TakeStore(self._library)
        match command:
            case FindTakes(query, job):
                self._send(
                    job, TakesFound(self._store.find(query), self._store.count(is_discarded=query.only_discarded))
                )
            case LoadTake(library_id, job):
                self._send(job, TakeLoaded(self._store.load(library_id)))
            case LoadLoops(library_ids, job):
                self._send(job, LoopsLoaded(self._store.loops(library_ids)))
            case MarkTake():
                self._store.mark(command)
            case FindSimilar() | MapLibrary() | DescribeTake():
                self._do_with_vectors(self._store, command)
            case KeepTakes(request, takes, made, job):
                store, origin = self._store, Origin(made=made)
                self._send(job, TakesKept(tuple(store.keep(request, take, origin) for take in takes)))

    def _write(self, command: WriteFiles) -> None:
        self._send(command.job, FilesWritten(tuple(_written(file) for file in command.files)))

    def _send(self, job: int, event: Event) -> None:
        self._connection.send(JobEvent(job, event))


def _written(file: FileToWrite) -> str:
    """Write a file; return its path, or that of one that is the same."""
    path = Path(file.path)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == dawproject.SUFFIX:
        dawproject.write(file.loop, path, include_tempo=file.include_tempo)
    else:
        smf.write(
            file.loop,
            path,
            include_tempo=file.include_tempo,
            programs=file.programs,
            is_padded=file.is_padded,
        )
    for other in file.instead:
        if Path(other).is_file() and filecmp.cmp(path, other, shallow=False):
            path.unlink()
            return other
    return file.path


def _rendering(command: RenderWav) -> Generator[Event, None, Event]:
    steps = render_steps(command)
    while True:
        try:
            yield RenderProgress(next(steps))
        except StopIteration as end:
            return FilesWritten(end.value)


def _with_models(command: ModelQuestion) -> ModelsFound | FilesWritten:
    match command:
        case FindModels():
            return ModelsFound(_installed_models())
        case InstallModel(path):
            found = unpack_bundle(Path(path), models_folder())
            return ModelsFound(_installed_models(), str(found.folder))
        case ExportModel(folder, path):
            return FilesWritten((str(pack_bundle(ModelBundle.open(Path(folder)), Path(path))),))


def _installed_models() -> tuple[ModelRow, ...]:
    """Return the models that can be opened; what cannot is told in the log, and where it is chosen by name."""
    rows: list[ModelRow] = []
    for folder in installed_models().values():
        try:
            bundle = ModelBundle.open(folder)
            info = bundle.info
            rows.append(ModelRow(str(folder), info.name, info.licence, info.style is not None, bundle.card()))
        except (EngineError, OSError, UnicodeDecodeError) as error:
            logger.warning("%s", error)
    return tuple(rows)


def _read(path: str) -> ReadLoop:
    try:
        result = smf.read(path)
    except EngineError as error:
        return ReadLoop(path, None, (str(error),))
    return ReadLoop(path, result.loop, result.dropped)


def _inspected(command: InspectTake) -> TakeInspected:
    request, number, loop = command.request, command.number, command.loop
    written = take_lines(request, number, loop) if loop is not None else ()
    return TakeInspected(tuple(prompt_lines(request, number)), tuple(written))
