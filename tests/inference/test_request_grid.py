"""A seeded grid of requests with everything that can be asked at once: every take keeps every promise.

The models want the most different things, from silence to as many notes as there may be, and check at each step
that no table leaves a field empty. The same grid runs on a real model in `benchmarks/request_grid.py`.
"""

import pytest

from engine.inference.generator import Generator
from engine.messages import Finished, TakeReady
from tests.helpers.request_grid import check_guarantees, draw_request
from tests.helpers.stubborn_model import WILLS, StubbornModel

SEEDS_A_WILL = 22


@pytest.mark.parametrize("will", WILLS)
def test_every_take_of_the_grid_keeps_every_guarantee(will: str) -> None:
    first = WILLS.index(will) * SEEDS_A_WILL
    for seed in range(first, first + SEEDS_A_WILL):
        request = draw_request(seed)
        model = StubbornModel(will, strength=(1.0, 10.0)[seed % 2])
        events = list(Generator(model, rank=False).generate(request))
        takes = [event.take for event in events if isinstance(event, TakeReady)]
        assert sorted(take.number for take in takes) == list(range(request.takes)), seed
        assert isinstance(events[-1], Finished)
        for take in takes:
            assert check_guarantees(request, take) == [], f"seed {seed}, take {take.number}"
