"""What the player's process tells the window by itself: levels, until there is silence, and not too often."""

from typing import Any

import pytest

from engine.jobs.pipes import JobEvent
from engine.jobs.sound import Levels
from engine.live import process


class Pipe:
    """An end of a pipe that remembers what it was sent."""

    def __init__(self) -> None:
        self.sent: list[JobEvent] = []

    def send(self, event: JobEvent) -> None:
        self.sent.append(event)


class Sounding:
    """A stage that does not play, whose levels a test sets."""

    is_playing = False
    heard = Levels()

    def __init__(self, tell: object, *, watch: object) -> None:
        pass

    def levels(self) -> Levels:
        return self.heard


@pytest.fixture
def player(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(process, "Stage", Sounding)
    return process._PlayerProcess(Pipe())  # pyright: ignore[reportArgumentType] a connection that only sends


def report(player: Any, levels: Levels, *, is_due: bool = True) -> list[Levels]:
    """Return what is told when so much is heard."""
    pipe = player._connection
    pipe.sent.clear()
    player._stage.heard = levels
    if is_due:
        player._next_report = 0.0
    player._report()
    return [message.event for message in pipe.sent]


def test_levels_are_told_until_silence_which_is_told_once(player: Any) -> None:
    loud = Levels(0.5, (0.5, 0.0))
    assert report(player, Levels()) == []
    assert report(player, loud) == [loud]
    assert report(player, loud) == [loud], "a tail, though nothing plays"
    assert report(player, Levels()) == [Levels()]
    assert report(player, Levels()) == []


def test_levels_are_not_told_more_often_than_thirty_times_a_second(player: Any) -> None:
    loud = Levels(0.5)
    assert report(player, loud) == [loud]
    assert report(player, loud, is_due=False) == []
