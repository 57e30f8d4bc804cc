"""An engine for windows under test: it remembers what it was asked and says what a test wants said."""

import queue
from collections.abc import Callable

from engine.jobs.files import FileToWrite, WriteFiles
from engine.jobs.pipes import JobEvent, Order, Question
from engine.jobs.writing import Generate
from engine.messages import GenerationRequest


class FakeService:
    """A `Service` without processes.

    Threads: `wait` runs on the window's pump thread, all else on the test's.
    """

    def __init__(self) -> None:
        self.asked: list[Question] = []
        self.told: list[Order] = []
        self.on_write: Callable[[int, tuple[FileToWrite, ...]], None] = lambda job, files: None
        self.is_closed = False
        self.job = 0
        self._events: queue.Queue[JobEvent | None] = queue.Queue()

    def say(self, job: int, *events: object) -> None:
        """Send events to the window."""
        for event in events:
            self._events.put(JobEvent(job, event))

    def ask(self, question: Question) -> int:
        self.asked.append(question)
        self.job += 1
        if isinstance(question, WriteFiles):
            self.on_write(self.job, question.files)
        return self.job

    def tell(self, command: Order) -> None:
        self.told.append(command)

    @property
    def requests(self) -> list[GenerationRequest]:
        """What was to be generated."""
        return [question.request for question in self.asked if isinstance(question, Generate)]

    def wait(self, timeout_seconds: float | None = None) -> tuple[JobEvent, ...]:
        try:
            event = self._events.get(timeout=timeout_seconds)
        except queue.Empty:
            return ()
        return () if event is None else (event,)

    def close(self) -> None:
        self.is_closed = True
        self._events.put(None)
