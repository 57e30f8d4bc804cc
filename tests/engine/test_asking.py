"""Asking what may never answer: what is returned and raised comes back, what is late is let go."""

from threading import Event

import pytest

from engine.asking import Asker
from tests.helpers.desktop import until


def test_what_is_returned_and_what_is_raised_come_back() -> None:
    asker: Asker[float] = Asker("a test")
    assert asker.answer(lambda: 1 / 2, 5) == 0.5
    with pytest.raises(ZeroDivisionError):
        asker.answer(lambda: 1 / 0, 5)
    assert asker.answer(lambda: 3.0, 5) == 3.0


def test_nobody_is_asked_while_an_answer_is_to_come_and_a_late_one_is_let_go() -> None:
    end, dropped, asked = Event(), [], []
    asker = Asker("a test", dropped.append)

    def ask() -> str:
        asked.append(1)
        end.wait()
        return "late"

    for _ in range(3):
        with pytest.raises(TimeoutError):
            asker.answer(ask, 0.01)
    assert len(asked) == 1
    end.set()
    until(lambda: not asker.is_waiting, "the end of the thread")
    assert dropped == ["late"]
    assert asker.answer(lambda: "soon", 5) == "soon"
