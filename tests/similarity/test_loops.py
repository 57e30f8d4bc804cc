"""How alike loops are: versions of a loop lie nearest to it, other loops further, noise furthest."""

from dataclasses import replace
from pathlib import Path
from shutil import copytree

import numpy as np
import pytest

from engine.errors import EngineError
from engine.resources import asset
from engine.similarity.bar_encoder import GRAPH
from engine.similarity.loops import BESIDE, COUNTS, ENCODER, FILE_NAME, LoopSpace, loop_counts
from tests.helpers.sheets import made_loop
from training.augment import rotated, transposed
from training.evaluation.damage import randomised, with_changed_notes
from training.similarity import fitted_space


@pytest.fixture(scope="module")
def space() -> LoopSpace:
    return LoopSpace.open(asset("similarity"))


def test_a_loop_is_likest_to_its_own_versions_and_least_to_noise(space: LoopSpace) -> None:
    rng = np.random.default_rng(0)
    loop = made_loop(4)
    versions = [rotated(loop, 2), transposed(loop, 3), transposed(loop, -5), with_changed_notes(loop, 0.1, rng)]
    vectors = space.loop_vectors([loop, *versions, made_loop(7), randomised(loop, rng)])
    likeness = vectors[1:] @ vectors[0]
    assert likeness[0] == pytest.approx(1)
    assert likeness[:4].min() > likeness[4]
    assert likeness[5] < likeness[:4].min()


def test_vectors_are_of_length_one_and_nothing_has_one_too(space: LoopSpace) -> None:
    vectors = space.loop_vectors([made_loop(0), made_loop(1, bars=2)])
    assert vectors.shape == (2, space.width)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1)
    assert space.loop_vectors([]).shape == (0, space.width)


def test_counts_know_no_order_and_no_length() -> None:
    loop = made_loop(2)
    assert loop_counts(loop).shape == (COUNTS,)
    assert loop_counts(rotated(loop, 1)) == pytest.approx(loop_counts(loop))
    assert (loop_counts(loop) ** 2).sum() == pytest.approx(6)  # each of the six rows is of length one


def test_fitted_directions_bring_loops_of_a_song_together() -> None:
    rng = np.random.default_rng(1)
    pairs = [sheet for seed in range(40) for sheet in (made_loop(seed), with_changed_notes(made_loop(seed), 0.4, rng))]
    space = fitted_space(pairs[:60], width=16)
    vectors = space.loop_vectors(pairs[60:])
    likeness = vectors @ vectors.T
    np.fill_diagonal(likeness, -1)
    assert (likeness.argmax(axis=1) == np.arange(20) ^ 1).mean() >= 0.9


def test_what_the_network_hears_stands_beside_the_counts(space: LoopSpace) -> None:
    loops = [made_loop(0), made_loop(1, bars=2)]
    both, counts = space.loop_vectors(loops), space.count_vectors(loops)
    share = 1 / np.sqrt(1 + BESIDE**2)
    assert both[:, : counts.shape[1]] == pytest.approx(share * counts, abs=1e-6)
    assert both[:, counts.shape[1] :] == pytest.approx(BESIDE * share * space.heard_vectors(loops), abs=1e-6)
    alone = LoopSpace(space.middle, space.axes)
    assert alone.loop_vectors(loops) == pytest.approx(counts)
    assert alone.identity != space.identity


def test_the_tempo_of_a_loop_is_not_heard(space: LoopSpace) -> None:
    loop = made_loop(0)
    assert np.array_equal(*space.loop_vectors([loop, replace(loop, tempo_bpm=loop.tempo_bpm * 1.5)]))


def test_a_space_is_kept_in_a_folder_and_another_is_refused(space: LoopSpace, tmp_path: Path) -> None:
    copytree(asset("similarity", ENCODER), tmp_path / ENCODER)
    space.save(tmp_path)
    assert LoopSpace.open(tmp_path).identity == space.identity
    path = tmp_path / FILE_NAME
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(EngineError, match="cannot be read"):
        LoopSpace.open(tmp_path)
    LoopSpace(space.middle[:-1], space.axes).save(tmp_path)
    with pytest.raises(EngineError, match="another version"):
        LoopSpace.open(tmp_path)
    space.save(tmp_path)
    (tmp_path / ENCODER / GRAPH).write_bytes(b"no")
    with pytest.raises(EngineError, match="damaged"):
        LoopSpace.open(tmp_path)
