"""An engine for windows under test: it remembers what it was asked and says what a test wants said."""

import queue
from collections.abc import Callable

from engine.jobs import DeskCommand, FileToWrite, JobEvent, Query, RenderWav
from engine.messages import GenerationRequest


class FakeService:
    """A `Service` without processes.

    Threads: `wait` runs on the window's pump thread, all else on the test's.
    """

    def __init__(self) -> None:
        self.requests: list[GenerationRequest] = []
        self.cancelled: list[int] = []
        self.read: list[tuple[str, ...]] = []
        self.written: list[tuple[FileToWrite, ...]] = []
        self.rendered: list[RenderWav] = []
        self.queries: list[Query] = []
        self.loaded: list[int] = []
        self.desk: list[DeskCommand] = []
        self.on_write: Callable[[int, tuple[FileToWrite, ...]], None] = lambda job, files: None
        self.is_closed = False
        self.job = 0
        self._events: queue.Queue[JobEvent | None] = queue.Queue()

    def say(self, job: int, *events: object) -> None:
        """Send events to the window."""
        for event in events:
            self._events.put(JobEvent(job, event))

    def _next(self) -> int:
        self.job += 1
        return self.job

    def generate(self, request: GenerationRequest) -> int:
        self.requests.append(request)
        return self._next()

    def cancel(self, job: int) -> None:
        self.cancelled.append(job)

    def read_files(self, paths: tuple[str, ...]) -> int:
        self.read.append(paths)
        return self._next()

    def write_files(self, files: tuple[FileToWrite, ...]) -> int:
        self.written.append(files)
        job = self._next()
        self.on_write(job, files)
        return job

    def render_wav(self, command: RenderWav) -> int:
        self.rendered.append(command)
        return self._next()

    def find_takes(self, query: Query) -> int:
        self.queries.append(query)
        return self._next()

    def load_take(self, library_id: int) -> int:
        self.loaded.append(library_id)
        return self._next()

    def send_to_desk(self, command: DeskCommand) -> None:
        self.desk.append(command)

    def wait(self, timeout_seconds: float | None = None) -> tuple[JobEvent, ...]:
        try:
            event = self._events.get(timeout=timeout_seconds)
        except queue.Empty:
            return ()
        return () if event is None else (event,)

    def close(self) -> None:
        self.is_closed = True
        self._events.put(None)
