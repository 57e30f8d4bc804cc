"""Forms and fills as requests, and what the engine makes of them."""

import pytest

from engine.inference.generator import Generator
from engine.messages import GenerationRequest, PartUse, TakeReady
from engine.music.general_midi import Role
from engine.music.loop import Loop, Note, Track
from gui.arrangements import Section, fill_request, form_request, parse_form
from gui.session import LoopWishes, PartSettings
from tests.helpers.uniform_model import UniformModel

DRUMS = Track(Role.DRUMS, tuple(Note(tick, 36, 60) for tick in range(0, 3840, 480)))
BASS = Track(Role.BASS, tuple(Note(tick, 40, 240) for tick in range(0, 3840, 240)))
LOOP = Loop(bars=2, tracks=(DRUMS, BASS, Track(Role.KEYS)))
PARTS = (PartSettings(), PartSettings(), PartSettings())


def written(request: GenerationRequest) -> Loop:
    events = Generator(UniformModel(), rank=False).generate(request)
    return next(event.take.loop for event in events if isinstance(event, TakeReady))


def section(loop: Loop, number: int, part: int) -> list[tuple[int, int]]:
    start = number * LOOP.length
    return [(n.onset - start, n.pitch) for n in loop.tracks[part].notes_between(start, start + LOOP.length)]


def test_forms_are_read_with_their_primes() -> None:
    assert parse_form("a a’ B A") == (Section("A"), Section("A", 1), Section("B"), Section("A"))
    assert parse_form("A A'' b") == (Section("A"), Section("A", 2), Section("B"))
    for text in ("", "A 1", "B A", "A+B"):
        with pytest.raises(ValueError, match=r"form|sections"):
            parse_form(text)


def test_a_form_keeps_a_varies_a_prime_and_writes_b_once() -> None:
    wishes = LoopWishes(seed=5, takes=1)
    request = form_request(LOOP, PARTS, wishes, parse_form("A A' B A B"), variation=30)
    assert request.canvas.bars == 10
    assert [part.use for part in request.parts] == [PartUse.REPLACE, PartUse.REPLACE, PartUse.IGNORE]
    loop = written(request)
    for part in (0, 1):
        first = section(LOOP, 0, part)
        assert section(loop, 0, part) == section(loop, 3, part) == first
        kept = set(first) & set(section(loop, 1, part))
        assert len(kept) >= 0.6 * len(first)
        assert section(loop, 1, part) != first
        assert section(loop, 2, part) == section(loop, 4, part)


def test_a_form_that_cannot_be_is_told() -> None:
    with pytest.raises(ValueError, match="9 sections of 2 bars are more than 16 bars"):
        form_request(LOOP, PARTS, LoopWishes(), parse_form("A B " * 4 + "A"), 40)
    with pytest.raises(ValueError, match="no new section"):
        form_request(LOOP, PARTS, LoopWishes(), parse_form("A A"), 40)


def test_a_fill_comes_in_the_last_bar_of_the_last_pass_and_departs_from_the_beat() -> None:
    request = fill_request(LOOP, PARTS, LoopWishes(seed=3, takes=1), passes=4, filling=(0,), departure=0.5)
    assert request.canvas.bars == 8
    assert request.parts[0].bars == (7,)
    assert (request.parts[0].departure, request.candidates) == (0.5, 8)
    assert request.parts[1].use is PartUse.CONTEXT
    loop = written(request)
    for number in range(3):
        assert section(loop, number, 0) == section(LOOP, 0, 0)
    assert loop.tracks[1].notes == request.canvas.tracks[1].notes


def test_many_takes_of_a_fill_have_fewer_candidates_each() -> None:
    counts = {
        takes: fill_request(LOOP, PARTS, LoopWishes(takes=takes), passes=2, filling=(0,), departure=0.5).candidates
        for takes in (4, 16, 64)
    }
    assert counts == {4: 8, 16: 4, 64: 1}


def test_a_fill_that_does_not_fit_is_told() -> None:
    with pytest.raises(ValueError, match="more than 16 bars"):
        fill_request(LOOP, PARTS, LoopWishes(), passes=16, filling=(0,), departure=0.5)
    with pytest.raises(ValueError, match="choose a part"):
        fill_request(LOOP, PARTS, LoopWishes(), passes=2, filling=(), departure=0.5)
