"""Asking what may never answer: a system library that waits for a lock, or a server that stands still."""

from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import Generic, TypeVar

T = TypeVar("T")


def _drop(answer: object) -> None:
    """Let an answer go that came too late."""


class Asker(Generic[T]):
    """Asks one thing on a thread of its own, and not again while that is still waited for.

    Args:
        name: Of the thread.
        drop: Lets go of an answer for which nobody waits any more.
    """

    def __init__(self, name: str, drop: Callable[[T], object] = _drop) -> None:
        self._name, self._drop = name, drop
        self._thread: Thread | None = None

    @property
    def is_waiting(self) -> bool:
        """Whether an answer is still to come."""
        return self._thread is not None and self._thread.is_alive()

    def answer(self, ask: Callable[[], T], seconds: float) -> T:
        """Return what `ask` returns, or raise what it raises.

        Raises:
            TimeoutError: There is no answer within these seconds, or to the question before.
        """
        if self.is_waiting:
            raise TimeoutError(f"{self._name}: no answer yet")
        answer: Future[T] = Future()
        self._thread = Thread(target=self._wait, args=(ask, answer), name=self._name, daemon=True)
        self._thread.start()
        try:
            return answer.result(seconds)
        except TimeoutError:
            if answer.cancel():
                raise
            return answer.result()

    def _wait(self, ask: Callable[[], T], answer: "Future[T]") -> None:
        try:
            found = ask()
        except Exception as error:  # noqa: BLE001 - it is raised where it was asked for
            if answer.set_running_or_notify_cancel():
                answer.set_exception(error)
            return
        if answer.set_running_or_notify_cancel():
            answer.set_result(found)
        else:
            self._drop(found)
