"""Engine events as Qt signals; home of the window's only other thread.

Threads: `_Pump` runs `Service.wait` in a loop and emits one signal per event; Qt queues it into the bridge's thread,
where it is sorted by kind. Nothing but the signal is touched from the pump.
"""

import logging

from PySide6.QtCore import QObject, Qt, QThread, Signal, SignalInstance, Slot

from engine.jobs import (
    ChildStopped,
    DeskCommand,
    FilesRead,
    FilesWritten,
    FileToWrite,
    JobEvent,
    Position,
    Query,
    RenderWav,
    SoundState,
    TakeKept,
    TakeLoaded,
    TakesFound,
    WorkerReady,
)
from engine.messages import BarWritten, Failed, Finished, GenerationRequest, Progress, TakeReady
from engine.service import Service

logger = logging.getLogger(__name__)

_WAIT_SECONDS = 0.5


class _Pump(QThread):
    """Waits for events where nobody minds."""

    event_came = Signal(object)

    def __init__(self, service: Service) -> None:
        super().__init__()
        self.setObjectName("engine pump")
        self._service = service

    def run(self) -> None:
        while not self.isInterruptionRequested():
            for event in self._service.wait(_WAIT_SECONDS):
                self.event_came.emit(event)


class EngineBridge(QObject):
    """The window's side of the engine.

    Args:
        service: The engine, or a fake.
    """

    worker_ready = Signal(object)  # WorkerReady
    progressed = Signal(int, object)  # job, Progress
    bar_written = Signal(int, object)  # job, BarWritten
    take_ready = Signal(int, object)  # job, Take
    finished = Signal(int, object)  # job, Finished
    failed = Signal(int, object)  # job, Failed
    files_read = Signal(int, object)  # job, FilesRead
    files_written = Signal(int, object)  # job, FilesWritten
    take_kept = Signal(int, object)  # job, TakeKept
    takes_found = Signal(int, object)  # job, TakesFound
    take_loaded = Signal(int, object)  # job, TakeLoaded
    sound_changed = Signal(object)  # SoundState
    position_changed = Signal(float, int)  # tick, token
    child_stopped = Signal(object)  # ChildStopped

    def __init__(self, service: Service, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._service = service
        self._pump = _Pump(service)
        self._pump.event_came.connect(self._on_event, Qt.ConnectionType.QueuedConnection)

    def start(self) -> None:
        """Begin to listen."""
        self._pump.start()

    def close(self) -> None:
        """End the engine and the thread."""
        self._pump.requestInterruption()
        self._service.close()
        self._pump.wait()

    def generate(self, request: GenerationRequest) -> int:
        return self._service.generate(request)

    def cancel(self, job: int) -> None:
        self._service.cancel(job)

    def read_files(self, paths: tuple[str, ...]) -> int:
        return self._service.read_files(paths)

    def write_files(self, files: tuple[FileToWrite, ...]) -> int:
        return self._service.write_files(files)

    def render_wav(self, command: RenderWav) -> int:
        return self._service.render_wav(command)

    def find_takes(self, query: Query) -> int:
        return self._service.find_takes(query)

    def load_take(self, library_id: int) -> int:
        return self._service.load_take(library_id)

    def send_to_desk(self, command: DeskCommand) -> None:
        self._service.send_to_desk(command)

    @Slot(object)
    def _on_event(self, message: JobEvent) -> None:
        job, event = message.job, message.event
        match event:
            case Position(tick, token):
                self.position_changed.emit(tick, token)
            case TakeReady(take):
                self.take_ready.emit(job, take)
            case WorkerReady():
                self.worker_ready.emit(event)
            case SoundState():
                self.sound_changed.emit(event)
            case ChildStopped():
                self.child_stopped.emit(event)
            case _:
                self._emit_answer(job, event)

    def _emit_answer(self, job: int, event: object) -> None:
        signals: dict[type, SignalInstance] = {
            Progress: self.progressed,
            BarWritten: self.bar_written,
            Finished: self.finished,
            Failed: self.failed,
            FilesRead: self.files_read,
            FilesWritten: self.files_written,
            TakeKept: self.take_kept,
            TakesFound: self.takes_found,
            TakeLoaded: self.take_loaded,
        }
        signals[type(event)].emit(job, event)
