"""Loops as JSON come back as they were."""

import json
from pathlib import Path

import pytest
from hypothesis import given

from assets.demo import make_demo
from engine.music.loop import Loop
from engine.music.loop_json import loop_of_plain, plain_of_loop
from tests.helpers.strategies import loops


@given(loops())
def test_a_loop_comes_back_as_it_was(loop: Loop) -> None:
    assert loop_of_plain(json.loads(json.dumps(plain_of_loop(loop)))) == loop


@pytest.mark.parametrize("damaged", [{}, {"meter": 4}, {**plain_of_loop(Loop()), "bars": "4"}])
def test_what_is_no_loop_is_refused(damaged: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"loop|bar|meter"):
        loop_of_plain(damaged)


def test_the_first_loop_is_the_demo() -> None:
    path = Path(make_demo.__file__).parent / "loop.json"
    loop = loop_of_plain(json.loads(path.read_text(encoding="utf-8")))
    assert loop.tracks == make_demo.demo().tracks
    assert str(loop.key) == "A minor"
