"""Takes that sound alike: the nearest is the same loop in another key, and the map has a place for each."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.jobs.library import MarkTake
from engine.library.similar import SimilarTakes, projected
from engine.library.store import TakeStore
from engine.messages import GenerationRequest, PartRequest, PartUse, Take, TakeScores
from engine.music.loop import Loop
from engine.representation.sheet import Sheet
from engine.resources import asset
from engine.similarity.loops import LoopSpace
from engine.similarity.tags import loop_tags
from tests.helpers.sheets import made_loop
from training.augment import rotated, transposed


@pytest.fixture(scope="module")
def space() -> LoopSpace:
    return LoopSpace.open(asset("similarity"))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[TakeStore]:
    store = TakeStore(tmp_path / "takes.sqlite")
    yield store
    store.close()


def kept(store: TakeStore, sheet: Sheet) -> int:
    loop: Loop = sheet.to_loop()
    request = GenerationRequest(loop, tuple(PartRequest(PartUse.REPLACE) for _ in loop.tracks))
    return store.keep(request, Take(0, loop, 1, 0, (), TakeScores(-1.0)))


def test_the_nearest_is_the_same_loop_in_another_key_and_begun_later(store: TakeStore, space: LoopSpace) -> None:
    first = kept(store, made_loop(0))
    others = [kept(store, made_loop(seed)) for seed in range(1, 8)]
    copy = kept(store, transposed(rotated(made_loop(0), 1), 4))
    similar = SimilarTakes(store.connection, space)
    assert similar.fill() == 0
    found = similar.nearest(first, 5)
    assert found[0][0] == copy
    assert found[0][1] > 0.9
    assert [likeness for _, likeness in found] == sorted((likeness for _, likeness in found), reverse=True)
    assert first not in [id for id, _ in found]
    assert [row.id for row in store.rows([id for id, _ in found])] == [id for id, _ in found]
    assert len(others) == 7


def test_vectors_come_a_few_at_a_time_and_for_new_takes_too(store: TakeStore, space: LoopSpace) -> None:
    ids = [kept(store, made_loop(seed)) for seed in range(5)]
    similar = SimilarTakes(store.connection, space)
    assert similar.fill(2) == 3
    assert len(similar.nearest(ids[0], 10)) == 2
    assert similar.fill(2) == 1
    assert similar.fill(2) == 0
    assert len(similar.map(10)[0]) == 5
    late = kept(store, made_loop(9))
    assert similar.fill() == 0
    assert late in [id for id, _ in similar.nearest(ids[0], 10)]
    store.mark(MarkTake(late, is_discarded=True))
    assert late not in [id for id, _ in similar.nearest(ids[0], 10)]


def test_vectors_of_another_space_are_made_anew(store: TakeStore, space: LoopSpace) -> None:
    id = kept(store, made_loop(0))
    SimilarTakes(store.connection, space).fill()
    with store.connection:
        store.connection.execute("UPDATE vectors SET encoder = 'older'")
    again = SimilarTakes(store.connection, space)
    assert again.nearest(id, 5) == []
    assert again.fill() == 0
    assert len(again.map(5)[0]) == 1


def test_the_map_is_within_its_frame_and_does_not_depend_on_signs() -> None:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(50, 8)).astype(np.float32)
    places = projected(vectors)
    assert places.shape == (50, 2)
    assert np.abs(places).max() <= 1
    assert places[:, 0].std() > 0.2
    assert np.allclose(places, projected(vectors.copy()))
    assert not projected(vectors[:2]).any()


def test_words_of_a_loop() -> None:
    loop = made_loop(1).to_loop()
    words = loop_tags(loop)
    assert words[0] == "drums + bass + keys + lead"
    assert "backbeat" in words
    assert len(words[1].split()) == 4
    assert loop_tags(replace(loop, tracks=())) == ()
