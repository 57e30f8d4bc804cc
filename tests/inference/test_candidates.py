"""Several written for one offered: which one it is, and that nothing else changes."""

from dataclasses import replace
from typing import Any

import pytest

from engine.inference.candidates import distance, nearest
from engine.inference.generator import Generator
from engine.messages import (
    BarWritten,
    ControlReport,
    GenerationRequest,
    PartRequest,
    PartUse,
    Progress,
    Take,
    TakeReady,
    TakeScores,
    candidates_for,
)
from engine.music.general_midi import Role
from engine.music.loop import Loop
from tests.helpers.fourteen_requests import demo_canvas
from tests.helpers.uniform_model import UniformModel

CONTEXT = PartRequest(PartUse.CONTEXT)


def drums_request(**wishes: Any) -> GenerationRequest:
    """The last bar of the drums, that shall depart from the one before it."""
    canvas = demo_canvas(empty=(Role.KEYS,))
    drums = PartRequest(PartUse.REPLACE, (canvas.bars - 1,), departure=0.5)
    return GenerationRequest(canvas, (drums, CONTEXT, CONTEXT), seed=7, **wishes)


def takes_of(request: GenerationRequest) -> list[Take]:
    found = [e.take for e in Generator(UniformModel(), rank=False).generate(request) if isinstance(e, TakeReady)]
    return sorted(found, key=lambda take: take.number)


def take(number: int, *errors: int, relaxed: int = 0, missing: int = 0) -> Take:
    reports = tuple(ControlReport(0, "density", 1.0, 1.0, error == 0, error) for error in errors)
    return Take(number, Loop(bars=1), 0, 0, reports, TakeScores(-1.0), relaxed=relaxed, missing=missing)


def test_one_take_is_offered_for_all_of_its_candidates() -> None:
    takes = takes_of(drums_request(takes=3, candidates=4))
    assert [take.number for take in takes] == [0, 1, 2]


def test_the_offered_take_is_at_least_as_near_as_the_first_candidate() -> None:
    alone = takes_of(drums_request(takes=4))
    chosen = takes_of(drums_request(takes=4, candidates=8))
    assert all(distance(many) <= distance(one) for many, one in zip(chosen, alone, strict=True))
    assert any(distance(many) < distance(one) for many, one in zip(chosen, alone, strict=True))


def test_the_same_request_chooses_the_same_take_again() -> None:
    request = drums_request(takes=2, candidates=5)
    assert [take.loop for take in takes_of(request)] == [take.loop for take in takes_of(request)]


def test_bars_are_told_of_one_candidate_only() -> None:
    events = list(Generator(UniformModel(), rank=False).generate(drums_request(takes=2, candidates=4)))
    assert sum(isinstance(event, BarWritten) for event in events) == 2
    assert sum(isinstance(event, Progress) for event in events) == 2


def test_what_is_missing_or_dropped_goes_before_wishes() -> None:
    order = [take(0, 0), take(0, 1, 1), take(0, -3), take(0, 0, relaxed=1)]
    order.append(take(0, 0, missing=1))
    assert sorted(reversed(order), key=distance) == order


def test_where_writing_stops_early_the_nearest_there_is_comes() -> None:
    written = [take(0, 2), take(1, 5), take(0, 1), take(1, 3), take(1, 4)]
    offered = [
        event.take for event in nearest([TakeReady(each) for each in written], 3) if isinstance(event, TakeReady)
    ]
    assert offered == [take(1, 3), take(0, 1)]


def test_takes_times_candidates_have_a_limit() -> None:
    with pytest.raises(ValueError, match="16 takes of 5 candidates"):
        drums_request(takes=16, candidates=5)
    assert replace(drums_request(takes=16), candidates=4).candidates == 4


def test_several_are_written_where_there_are_wishes_and_room_for_them() -> None:
    wish = PartRequest(PartUse.REPLACE, controls=(("density", 4.0),))
    drawn = PartRequest(PartUse.REPLACE, bar_density=(None, 3.0))
    heard = PartRequest(PartUse.CONTEXT, controls=(("density", 4.0),))
    assert [candidates_for((part,), 4) for part in (wish, drawn, heard, PartRequest(PartUse.REPLACE))] == [3, 3, 1, 1]
    assert [candidates_for((wish,), takes) for takes in (1, 21, 22, 33, 64)] == [3, 3, 2, 1, 1]
