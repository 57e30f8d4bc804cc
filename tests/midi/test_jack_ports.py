"""Entering a JACK server: a refusal in passing is met by asking again, no server is told at once."""

from types import SimpleNamespace
from typing import Any

import pytest

from engine.errors import MidiPortError
from engine.midi.jack_ports import entered


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


def test_a_server_that_refuses_in_passing_is_asked_again() -> None:
    library = Library(refusals=2)
    assert entered(library, "Turnaround") == "Turnaround"
    assert library.asked == 3


def test_a_server_that_goes_on_refusing_is_left_alone() -> None:
    library = Library(refusals=99)
    with pytest.raises(MidiPortError):
        entered(library, "Turnaround")
    assert library.asked == 3


def test_where_no_server_is_nobody_is_asked_again() -> None:
    library = Library(refusals=99, is_there=False)
    with pytest.raises(MidiPortError):
        entered(library, "Turnaround")
    assert library.asked == 1
