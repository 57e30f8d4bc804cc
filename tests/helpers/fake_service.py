"""An engine for windows under test: it remembers what it was asked and says what a test wants said."""

import queue
from collections.abc import Callable, Sequence
from typing import TypeVar

from engine.jobs.files import FileToWrite, WriteFiles
from engine.jobs.pipes import Event, JobEvent, Order, Question
from engine.jobs.writing import Generate
from engine.messages import GenerationRequest

T = TypeVar("T")


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

    def say(self, job: int, *events: Event) -> None:
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

    def last_asked(self, kind: type[T]) -> T:
        """Return the last question, which must be of a kind."""
        return _last(self.asked, kind)

    def last_told(self, kind: type[T]) -> T:
        """Return the last order, which must be of a kind."""
        return _last(self.told, kind)

    def sent(self, kind: type[T]) -> list[T]:
        """Return all that was asked or told of a kind, the oldest first."""
        return [command for command in (*self.asked, *self.told) if isinstance(command, kind)]

    @property
    def requests(self) -> list[GenerationRequest]:
        """What was to be generated."""
        return [question.request for question in self.sent(Generate)]

    def wait(self, timeout_seconds: float | None = None) -> tuple[JobEvent, ...]:
        try:
            event = self._events.get(timeout=timeout_seconds)
        except queue.Empty:
            return ()
        return () if event is None else (event,)

    def close(self) -> None:
        self.is_closed = True
        self._events.put(None)


def _last(commands: Sequence[object], kind: type[T]) -> T:
    assert commands, f"no {kind.__name__} was sent, nor anything else"
    last = commands[-1]
    assert isinstance(last, kind), f"the last was no {kind.__name__}: {last}"
    return last
