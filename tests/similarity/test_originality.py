"""Originality: copies are found in any key, others are not, and the index tells when it is not its own."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.errors import EngineError
from engine.representation.sheet import Sheet
from engine.similarity.originality import UNKNOWN, PhraseIndex
from engine.similarity.phrases import PHRASE_NOTES, phrases, sheet_phrases
from tests.helpers.sheets import made_loop
from training.augment import transposed
from training.evaluation.damage import randomised


def tune(seed: int, notes: int = 64) -> Sheet:
    """Return a lead line of random steps at random 16ths, eight bars."""
    rng = np.random.default_rng(seed)
    sheet = made_loop(0, bars=8)
    lead = sheet.notes.take(sheet.notes.track == 3)
    place = np.sort(rng.permutation(128)[:64]).astype(np.int32)
    pitch = 60 + np.cumsum(rng.integers(-7, 8, size=64)) % 30
    made = replace(lead, bar=place // 16, position=place % 16 * 6, pitch=pitch.astype(np.int32))
    return replace(sheet, notes=made.take(np.arange(notes)))


def index_of(*sheets: Sheet) -> PhraseIndex:
    found = [sheet_phrases(sheet).hashes for sheet in sheets]
    owner = np.repeat(np.arange(len(sheets)), [len(hashes) for hashes in found])
    return PhraseIndex.build(np.concatenate(found), owner, songs=len(sheets))


def test_a_phrase_is_the_same_in_every_key_and_at_every_place() -> None:
    steps = np.array([0, 2, 4, 7, 5, 9])
    here = phrases(part=np.zeros(6), sixteenth=np.arange(6) * 2, pitch=60 + steps).hashes
    there = phrases(part=np.zeros(6), sixteenth=100 + np.arange(6) * 2, pitch=47 + steps).hashes
    slower = phrases(part=np.zeros(6), sixteenth=np.arange(6) * 4, pitch=60 + steps).hashes
    assert len(here) == 6 - PHRASE_NOTES + 1
    assert here.tolist() == there.tolist()
    assert not set(here.tolist()) & set(slower.tolist())


def test_phrases_do_not_cross_parts_and_repeated_notes_are_none() -> None:
    assert not len(phrases(part=np.repeat([0, 1], 4), sixteenth=np.arange(8), pitch=60 + np.arange(8) ** 2 % 13).hashes)
    assert not len(phrases(part=np.zeros(9), sixteenth=np.arange(9), pitch=np.full(9, 60)).hashes)


def test_copies_are_found_exact_and_transposed() -> None:
    songs = [tune(seed) for seed in range(30)]
    index = index_of(*songs)
    runs: list[int] = []
    for song in songs:
        for copy in (song, transposed(song, 4)):
            found = index.originality(copy)
            assert found.is_flagged
            assert found.similarity == 1
            runs.append(found.longest_run)
    assert max(runs) <= 64
    assert np.median(runs) >= 50  # where many phrases in a row are not kept, a run breaks


def test_other_tunes_and_noise_are_let_through() -> None:
    index = index_of(*(tune(seed) for seed in range(30)))
    rng = np.random.default_rng(0)
    for seed in range(100, 130):
        other = index.originality(tune(seed))
        assert not other.is_flagged
        assert other.longest_run < 20
        assert not index.originality(randomised(tune(seed), rng)).is_flagged


def test_half_a_copy_is_half_as_like_and_its_run_is_as_long_as_it_is() -> None:
    index = index_of(*(tune(seed) for seed in range(30)))
    copied, own = tune(3), tune(100)
    first, second = copied.notes.take(copied.notes.bar < 4), own.notes.take(own.notes.bar >= 4)
    columns = (np.concatenate(pair) for pair in zip(first.columns(), second.columns(), strict=True))
    found = index.originality(replace(copied, notes=type(first)(*columns)))
    assert 0.3 < found.similarity < 0.7
    assert 16 <= found.longest_run <= len(first) + 2


def test_what_many_songs_have_counts_for_nothing() -> None:
    index = index_of(*([tune(1)] * 6), *(tune(seed) for seed in range(2, 9)))
    found = index.originality(tune(1))
    assert found.similarity == 0
    assert not found.is_flagged


def test_drums_alone_say_nothing() -> None:
    loop = made_loop(0)
    assert index_of(loop).originality(loop, parts=(0,)) == UNKNOWN


def test_it_is_kept_in_a_file_and_another_file_is_refused(tmp_path: Path) -> None:
    index = index_of(*(tune(seed) for seed in range(3)))
    path = tmp_path / "phrases.npz"
    index.save(path)
    assert np.array_equal(PhraseIndex.open(path).table, index.table)
    assert PhraseIndex.open(path).songs == 3
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(EngineError, match="cannot be read"):
        PhraseIndex.open(path)
    with pytest.raises(EngineError, match="cannot be read"):
        PhraseIndex.open(tmp_path / "none.npz")


def test_an_entry_keeps_16_bits_and_half_are_missing() -> None:
    index = index_of(tune(0))
    assert index.table.dtype == np.uint16
    occupied = np.argwhere(index.table > 0)
    hashes = sheet_phrases(tune(0)).hashes
    assert len(occupied) <= len(np.unique(hashes)) * 0.8  # about half of the phrases are missing
