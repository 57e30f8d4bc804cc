"""The fourteen requests of ARCHITECTURE.md: the chapter is up to date, and each generates and keeps its promises."""

from pathlib import Path

import pytest

from engine.inference.generator import Generator
from engine.messages import TakeReady
from tests.helpers.fourteen_requests import Example, chapter, examples
from tests.helpers.request_grid import check_guarantees
from tests.helpers.stubborn_model import StubbornModel

DOCUMENT = Path(__file__).parents[2] / "ARCHITECTURE.md"


def test_the_chapter_is_what_the_code_prints() -> None:
    written = DOCUMENT.read_text("utf-8").partition("\n### 1.")
    assert "### 1." + written[2] == chapter(), "run: python -m tests.helpers.fourteen_requests"


@pytest.mark.parametrize("will", ["uniform", "dense"])
@pytest.mark.parametrize("example", examples(), ids=lambda example: example.title)
def test_each_request_generates_and_keeps_its_guarantees(example: Example, will: str) -> None:
    model = StubbornModel(will, strength=0.5)
    takes = [event.take for event in Generator(model).generate(example.request) if isinstance(event, TakeReady)]
    assert sorted(take.number for take in takes) == [0, 1]
    for take in takes:
        assert check_guarantees(example.request, take) == []
        assert take.relaxed == 0
        assert all(track.notes for track in take.loop.tracks)
