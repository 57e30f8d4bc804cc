"""Engine events as Qt signals; home of the window's only other thread.

Threads: `_Pump` runs `Service.wait` in a loop and emits one signal per event; Qt queues it into the bridge's thread,
where it is sorted by kind. Nothing but the signal is touched from the pump.
"""

import logging
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Qt, QThread, Signal, SignalInstance, Slot

from engine.jobs.files import RenderProgress
from engine.jobs.library import TakeKept
from engine.jobs.listening import FileHeard, ListenProgress
from engine.jobs.live import ControlMoved, Lateness, LiveState, TransportMoved
from engine.jobs.material import ReadingProgress
from engine.jobs.pipes import ChildStopped, JobEvent, Order, Question
from engine.jobs.sound import Levels, Position, SoundState
from engine.jobs.writing import WorkerReady
from engine.messages import BarWritten, Failed, Finished, Progress, TakeReady
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
    failed = Signal(int, object)  # job, Failed; but for jobs that were asked with `or_else`
    take_kept = Signal(int, object)  # job, TakeKept
    render_progressed = Signal(int, object)  # job, RenderProgress
    listening_progressed = Signal(int, object)  # job, ListenProgress or FileHeard
    reading_progressed = Signal(int, object)  # job, ReadingProgress
    sound_changed = Signal(object)  # SoundState
    position_changed = Signal(object)  # Position
    levels_changed = Signal(object)  # Levels
    live_changed = Signal(object)  # LiveState, TransportMoved, ControlMoved or Lateness
    child_stopped = Signal(object)  # ChildStopped

    def __init__(self, service: Service, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._service = service
        self._waiting: dict[int, tuple[Callable[[Any], None] | None, Callable[[Failed], None] | None]] = {}
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

    def ask(
        self,
        question: Question,
        then: Callable[[Any], None] | None = None,
        *,
        or_else: Callable[[Failed], None] | None = None,
    ) -> int:
        """Give the engine a command that is answered; return the job's number.

        Args:
            question: What.
            then: Gets the answer, once.
            or_else: Gets the reason when there is none, in place of the signal `failed`.
        """
        job = self._service.ask(question)
        self._waiting[job] = (then, or_else)
        return job

    def tell(self, command: Order) -> None:
        """Give the engine a command that has no answer."""
        self._service.tell(command)

    def forget(self, job: int) -> None:
        """Let a job's answer go unheard."""
        self._waiting.pop(job, None)

    @Slot(object)
    def _on_event(self, message: JobEvent) -> None:
        job, event = message.job, message.event
        match event:
            case Position():
                self.position_changed.emit(event)
            case LiveState() | TransportMoved() | ControlMoved() | Lateness():
                self.live_changed.emit(event)
            case TakeReady(take):
                self.take_ready.emit(job, take)
            case WorkerReady() | SoundState() | Levels() | ChildStopped():
                self._emit_state(event)
            case Failed():
                if not self._fail(job, event):
                    self.failed.emit(job, event)
            case Finished():
                self._waiting.pop(job, None)
                self.finished.emit(job, event)
            case (
                Progress() | BarWritten() | TakeKept() | RenderProgress()
                | ReadingProgress() | ListenProgress() | FileHeard()
            ):  # fmt: skip
                self._emit_on_the_way(job, event)
            case _:
                then, _ = self._waiting.pop(job, (None, None))
                if then is not None:
                    then(event)

    def _emit_state(self, event: WorkerReady | SoundState | Levels | ChildStopped) -> None:
        if isinstance(event, WorkerReady):
            self.worker_ready.emit(event)
        elif isinstance(event, SoundState):
            self.sound_changed.emit(event)
        elif isinstance(event, Levels):
            self.levels_changed.emit(event)
        else:
            for lost in event.lost_jobs:
                self._fail(lost, Failed("The engine stopped before it answered.", "Your loop is safe. Try again."))
            self.child_stopped.emit(event)

    def _fail(self, job: int, failure: Failed) -> bool:
        """Tell who asked; False when that is to be done by signal."""
        _, or_else = self._waiting.pop(job, (None, None))
        if or_else is not None:
            or_else(failure)
        return or_else is not None

    def _emit_on_the_way(
        self,
        job: int,
        event: Progress | BarWritten | TakeKept | RenderProgress | ReadingProgress | ListenProgress | FileHeard,
    ) -> None:
        signals: dict[type, SignalInstance] = {
            Progress: self.progressed,
            BarWritten: self.bar_written,
            TakeKept: self.take_kept,
            RenderProgress: self.render_progressed,
            ReadingProgress: self.reading_progressed,
            ListenProgress: self.listening_progressed,
            FileHeard: self.listening_progressed,
        }
        signals[type(event)].emit(job, event)
