"""Measures on loops: each has a case where it must be best and one where it must be worst."""

from dataclasses import replace

import numpy as np

from engine.representation.sheet import Sheet
from tests.helpers.sheets import made_loop
from training.augment import transposed
from training.evaluation.damage import moved, randomised, shuffled_bars, truncated, with_changed_notes
from training.evaluation.music import (
    Obedience,
    difference_of_takes,
    is_found_as_loop,
    likeness,
    onset_alignment,
    pitch_class_overlap,
)


def part_of(sheet: Sheet, *parts: int) -> Sheet:
    return replace(sheet, notes=sheet.notes.take(np.isin(sheet.notes.track, parts)))


def test_likeness_orders_copies_variations_and_others() -> None:
    rng = np.random.default_rng(0)
    loop = made_loop(1)
    changed, shuffled, noise = with_changed_notes(loop, 0.1, rng), shuffled_bars(loop, rng), randomised(loop, rng)
    assert likeness(loop, loop) == 1
    assert 1 > likeness(loop, changed) > likeness(loop, shuffled) > likeness(loop, noise)
    assert likeness(loop, transposed(loop, 5)) < likeness(loop, changed)
    assert likeness(loop, truncated(loop)) == 0.75


def test_takes_that_are_the_same_do_not_differ() -> None:
    loops = [made_loop(seed) for seed in range(3)]
    assert difference_of_takes([loops[0]] * 3) == [0, 0, 0]
    assert min(difference_of_takes(loops)) > 0


def test_a_loop_played_twice_is_found_and_anything_else_after_it_is_not() -> None:
    loop, rng = made_loop(2), np.random.default_rng(0)
    assert is_found_as_loop(loop, loop)
    assert not is_found_as_loop(loop, randomised(loop, rng))
    assert not is_found_as_loop(loop, made_loop(9))
    assert not is_found_as_loop(loop, truncated(loop, 4))


def test_keys_belong_to_their_own_bass_more_than_to_another() -> None:
    loop = made_loop(3)
    keys, bass = part_of(loop, 2), part_of(loop, 1)
    own, other = pitch_class_overlap(keys, bass), pitch_class_overlap(keys, transposed(bass, 6))
    assert own is not None
    assert other is not None
    assert own > 0.4 > other
    assert pitch_class_overlap(keys, keys) == 1
    assert pitch_class_overlap(keys, part_of(loop, 0)) is None


def test_onsets_that_coincide() -> None:
    loop = made_loop(3)
    drums, lead = part_of(loop, 0), part_of(loop, 3)
    assert onset_alignment(lead, drums) == 1  # both on every 8th
    assert onset_alignment(lead, moved(drums, 6)) == 0
    assert onset_alignment(part_of(loop), drums) is None


def test_obedience_by_hand() -> None:
    control = Obedience("density", 4)
    for asked, got in ((0, 0), (1, 2), (3, 0), (2, 2)):
        control.add(asked, got)
    assert control.exact().value == 0.5
    assert control.within_one().value == 0.75
    assert control.mean_error().value == 1
    assert control.confusion().tolist() == [[1, 0, 0, 0], [0, 0, 1, 0], [0, 0, 1, 0], [1, 0, 0, 0]]
