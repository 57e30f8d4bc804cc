"""Entering a JACK server: a refusal in passing is met by asking again, no server is told at once."""

from threading import Event
from types import SimpleNamespace
from typing import Any

import pytest

from engine.errors import MidiPortError
from engine.midi import jack_ports
from engine.midi.jack_ports import entered
from tests.helpers.desktop import until


class RefusedError(Exception):
    """How the library tells that no client came to be."""

    def __init__(self, *, server_failed: bool) -> None:
        super().__init__("refused")
        self.status = SimpleNamespace(server_failed=server_failed)


class Library:
    """A library of JACK's whose server refuses a few times."""

    JackOpenError = RefusedError

    def __init__(self, refusals: int, *, is_there: bool = True) -> None:
        self.refusals, self.is_there, self.asked = refusals, is_there, 0

    def Client(self, name: str, *, no_start_server: bool) -> Any:  # the library's name
        self.asked += 1
        if self.asked <= self.refusals:
            raise RefusedError(server_failed=not self.is_there)
        return name


class Hanging(Library):
    """A library that waits until it is told."""

    def __init__(self, end: Event) -> None:
        super().__init__(refusals=0)
        self._end = end
        self.is_closed = False

    def Client(self, name: str, *, no_start_server: bool) -> Any:
        super().Client(name, no_start_server=no_start_server)
        self._end.wait()
        return self

    def close(self) -> None:
        self.is_closed = True


def test_a_server_that_refuses_in_passing_is_asked_again() -> None:
    library = Library(refusals=2)
    assert entered(library, "Turnaround") == "Turnaround"
    assert library.asked == 3


def test_a_server_that_goes_on_refusing_is_left_alone() -> None:
    library = Library(refusals=99)
    with pytest.raises(MidiPortError):
        entered(library, "Turnaround")
    assert library.asked == 3


def test_a_jack_that_never_answers_is_said_and_not_asked_again_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jack_ports, "ANSWER_SECONDS", 0.05)
    end = Event()
    library = Hanging(end)
    for _ in range(3):
        with pytest.raises(MidiPortError, match="does not answer"):
            entered(library, "Turnaround")
    assert library.asked == 1
    end.set()
    until(lambda: library.is_closed, "the end of what came too late")
    assert entered(Library(refusals=0), "Turnaround") == "Turnaround"


def test_where_no_server_is_nobody_is_asked_again() -> None:
    library = Library(refusals=99, is_there=False)
    with pytest.raises(MidiPortError):
        entered(library, "Turnaround")
    assert library.asked == 1
