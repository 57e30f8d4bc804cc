"""Originality: copies are found in any key, others are not, and the index tells when it is not its own."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.errors import EngineError
from engine.representation.sheet import Sheet
from engine.similarity.originality import COMMON_FROM, UNKNOWN, PhraseIndex
from engine.similarity.phrases import KEPT_OF_ALL, LINE_NOTES, phrases, sheet_phrases
from tests.helpers.sheets import made_loop
from training.augment import transposed
from training.evaluation.damage import randomised, with_changed_notes


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
    here = phrases(part=np.zeros(6), sixteenth=np.arange(6) * 2, pitch=60 + steps)
    there = phrases(part=np.zeros(6), sixteenth=100 + np.arange(6) * 2, pitch=47 + steps).hashes
    slower = phrases(part=np.zeros(6), sixteenth=np.arange(6) * 4, pitch=60 + steps).hashes
    assert here.is_line.sum() == 6 - LINE_NOTES + 1
    assert here.hashes.tolist() == there.tolist()
    assert not set(here.hashes.tolist()) & set(slower.tolist())


def test_the_line_is_the_highest_note_of_each_onset() -> None:
    onset, top = np.arange(12), 60 + np.arange(12) ** 2 % 13
    alone = phrases(part=np.zeros(12), sixteenth=onset, pitch=top)
    below = phrases(part=np.zeros(24), sixteenth=np.r_[onset, onset], pitch=np.r_[top, top - 12])
    assert alone.hashes[alone.is_line].tolist() == below.hashes[below.is_line].tolist()
    assert not set(alone.hashes[~alone.is_line].tolist()) & set(below.hashes[~below.is_line].tolist())


def test_phrases_do_not_cross_parts_and_repeated_notes_are_none() -> None:
    assert not len(phrases(part=np.repeat([0, 1], 4), sixteenth=np.arange(8), pitch=60 + np.arange(8) ** 2 % 13).hashes)
    assert not len(phrases(part=np.zeros(9), sixteenth=np.arange(9), pitch=np.full(9, 60)).hashes)


def test_copies_are_found_exact_transposed_and_changed() -> None:
    songs = [tune(seed) for seed in range(30)]
    index = index_of(*songs)
    rng = np.random.default_rng(0)
    for song in songs:
        for copy in (song, transposed(song, 4)):
            found = index.originality(copy)
            assert found.is_flagged
            assert found.similarity == pytest.approx(1)
            assert 60 <= found.longest_run <= 64
        changed = index.originality(with_changed_notes(song, 0.1, rng))
        assert changed.is_flagged
        assert 0.3 < changed.similarity < 0.9


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


def test_what_many_songs_have_counts_for_nothing_and_what_some_have_for_less() -> None:
    others = [tune(seed) for seed in range(2, 9)]
    common = index_of(*([tune(1)] * COMMON_FROM), *others).originality(tune(1))
    assert (common.similarity, common.phrases, common.is_flagged) == (0, 0, False)
    once = index_of(tune(1), *others).originality(tune(1))
    often = index_of(*([tune(1)] * 4), *others).originality(tune(1))
    assert often.shared == pytest.approx(once.shared / 4)


def test_drums_alone_say_nothing() -> None:
    loop = made_loop(0)
    assert index_of(loop).originality(loop, parts=(0,)) == UNKNOWN


def test_it_is_kept_in_a_file_and_another_file_is_refused(tmp_path: Path) -> None:
    index = index_of(*(tune(seed) for seed in range(3)))
    path = tmp_path / "phrases.npz"
    index.save(path)
    assert np.array_equal(PhraseIndex.open(path).entries, index.entries)
    assert np.array_equal(PhraseIndex.open(path).counts, index.counts)
    assert PhraseIndex.open(path).songs == 3
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(EngineError, match="cannot be read"):
        PhraseIndex.open(path)
    with pytest.raises(EngineError, match="cannot be read"):
        PhraseIndex.open(tmp_path / "none.npz")


def test_an_entry_keeps_24_bits_of_a_phrase_its_row_told() -> None:
    index = index_of(tune(0))
    assert index.entries.dtype == np.uint16
    assert len(index.counts) == 1 << 15
    assert len(index.entries) <= len(np.unique(sheet_phrases(tune(0)).hashes))


def test_of_runs_of_all_notes_one_in_four_is_looked_at() -> None:
    rng = np.random.default_rng(0)
    found = phrases(part=np.zeros(4000), sixteenth=np.arange(4000), pitch=rng.integers(40, 80, 4000))
    share = (~found.is_line).sum() / found.is_line.sum()
    assert share == pytest.approx(1 / KEPT_OF_ALL, abs=0.03)
