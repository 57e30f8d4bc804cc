"""Measures of single items: only takes that keep their guarantees are valid; surprise and obedience, best and worst."""

from dataclasses import replace

import numpy as np

from engine.messages import ControlReport, GenerationRequest, PartRequest, PartUse, Take, TakeScores
from engine.representation.vocabulary import Field, Kind
from tests.helpers.sheets import made_loop
from training.evaluation.damage import randomised, with_notes
from training.evaluation.items import is_valid, repeated
from training.evaluation.music import Obedience
from training.evaluation.seam import seam_surprise

LOOP = made_loop(1).to_loop()
REQUEST = GenerationRequest(LOOP, tuple(PartRequest(PartUse.REPLACE) for _ in LOOP.tracks))
TAKE = Take(0, LOOP, 1, 0, (), TakeScores(-1.0))


def report(*, is_met: bool, name: str = "highest_pitch") -> ControlReport:
    return ControlReport(part=1, name=name, asked=60, got=72, is_met=is_met, bin_error=0)


def test_valid_is_what_keeps_frame_parts_and_limits() -> None:
    assert is_valid(REQUEST, TAKE)
    assert is_valid(REQUEST, replace(TAKE, reports=(report(is_met=True), report(is_met=False, name="density"))))
    assert not is_valid(REQUEST, replace(TAKE, reports=(report(is_met=False),)))
    assert not is_valid(REQUEST, replace(TAKE, loop=replace(LOOP, tempo_bpm=LOOP.tempo_bpm + 1)))
    assert not is_valid(REQUEST, replace(TAKE, loop=replace(LOOP, tracks=LOOP.tracks[:-1])))


class Listener:
    """Knows one loop: a note of it is no surprise, any other is one of three nats."""

    def score(self, rows: np.ndarray, labels: np.ndarray) -> np.ndarray:
        nll = np.zeros(labels.shape, np.float32)
        is_note = labels[..., Field.KIND] == Kind.NOTE
        known = np.isin(labels[..., Field.PITCH], made_loop(1).notes.pitch)
        nll[..., Field.PITCH] = np.where(is_note & ~known, 3, 0)
        return nll


def test_surprise_is_least_for_what_is_known_and_most_for_noise() -> None:
    loop = made_loop(1)
    strange = replace(loop.notes, pitch=np.where(loop.notes.bar == 0, loop.notes.pitch + 1, loop.notes.pitch))
    noise = randomised(loop, np.random.default_rng(0))
    found = [seam_surprise(Listener(), of) for of in (loop, with_notes(loop, strange), noise)]  # pyright: ignore[reportArgumentType] it only scores
    best, broken, worst = (f for f in found if f is not None)
    assert best.over_all == 0
    assert broken.seam > broken.inner
    assert broken.ratio > 1
    assert 0 < broken.over_all < 3
    assert worst.over_all > best.over_all


def test_obedience_is_best_when_all_is_as_asked_and_worst_at_the_other_end() -> None:
    best, worst = Obedience("density", 4), Obedience("density", 4)
    for asked in (0, 3):
        best.add(asked, asked)
        worst.add(asked, 3 - asked)
    assert (best.exact().value, best.within_one().value, best.mean_error().value) == (1, 1, 0)
    assert (worst.exact().value, worst.within_one().value, worst.mean_error().value) == (0, 0, 3)


def test_a_part_is_repeated_until_it_fills() -> None:
    loop = made_loop(2, bars=2)
    assert repeated(loop, 5).bars == 5
    assert len(repeated(loop, 4).notes) == 2 * len(loop.notes)
    assert repeated(loop, 2).notes.pitch.tolist() == loop.notes.pitch.tolist()
