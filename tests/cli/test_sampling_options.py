"""Temperatures and friends: for all fields of a note, or for one."""

from typing import Any

import pytest

from engine.cli.sampling_options import build_sampling
from engine.messages import Sampling


def test_saying_nothing_keeps_the_defaults() -> None:
    assert build_sampling() == Sampling()


def test_a_field_goes_its_own_way_whatever_the_order() -> None:
    for texts in (("0.9", "pitch=0.8"), ("pitch=0.8", "0.9")):
        sampling = build_sampling(temperature=texts, top_p=("0.95",))
        assert sampling.of("pitch").temperature == 0.8
        assert sampling.of("velocity").temperature == 0.9
        assert sampling.of("pitch").top_p == sampling.of("kind").top_p == 0.95


def test_top_k_min_p_and_the_penalty_are_read() -> None:
    sampling = build_sampling(top_k=("pitch=5",), min_p=("0.1",), repetition_penalty=1.2)
    assert sampling.of("pitch").top_k == 5
    assert sampling.default.min_p == 0.1
    assert sampling.repetition_penalty == 1.2


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"temperature": ("hot",)}, '--temperature: "hot" is not a number'),
        ({"temperature": ("9",)}, "--temperature 9 is out of range"),
        ({"top_k": ("1.5",)}, "--top-k"),
        ({"top_p": ("colour=0.5",)}, "fields are kind, position, pitch"),
        ({"repetition_penalty": 99.0}, "repetition penalty"),
    ],
)
def test_mistakes_are_told(options: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        build_sampling(**options)
