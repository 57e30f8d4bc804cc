"""Originality: copies are found in any key, others are not, and the index tells when it is not its own."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.errors import EngineError
from engine.representation.sheet import Sheet
from engine.similarity.originality import GROUPS, UNKNOWN, PhraseIndex
from engine.similarity.phrases import (
    KEPT_OF_ALL,
    KEPT_TOGETHER,
    LINE_NOTES,
    TOGETHER,
    NoteColumns,
    all_phrases,
    phrases,
    sheet_phrases,
)
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


def test_phrases_do_not_cross_parts_but_where_all_are_read_together() -> None:
    found = phrases(part=np.repeat([0, 1], 4), sixteenth=np.arange(8), pitch=60 + np.arange(8) ** 2 % 13)
    assert set(found.part.tolist()) <= {TOGETHER}
    assert not found.is_line.any()


def test_repeated_notes_are_no_phrase() -> None:
    assert not len(phrases(part=np.zeros(9), sixteenth=np.arange(9), pitch=np.full(9, 60)).hashes)


def test_together_parts_say_what_they_play_at_once_however_it_is_shared_among_them() -> None:
    rng = np.random.default_rng(0)
    onset, pitch = np.arange(400), rng.integers(40, 80, 400)
    whole = phrases(part=np.zeros(400), sixteenth=onset, pitch=pitch)
    shared = phrases(part=rng.integers(0, 3, 400), sixteenth=onset, pitch=pitch)
    of_whole, of_shared = (found.hashes[found.part == TOGETHER].tolist() for found in (whole, shared))
    assert of_whole == of_shared
    assert len(of_whole) > 100
    assert not set(whole.hashes[whole.part == 0].tolist()) & set(of_whole)


def plain_bar(drum: int, chord: tuple[int, ...] = (60, 64, 67)) -> NoteColumns:
    """Return a bar whose bass and chords repeat, so that it has no runs, and whose drums begin on a 16th."""
    bass, chords, drums = 8, 4 * len(chord), 4
    place = np.r_[np.arange(8) * 2, np.repeat(np.arange(4) * 4, len(chord)), (np.arange(4) * 4 + drum) % 16]
    return NoteColumns(
        part=np.repeat([0, 1, 2], [bass, chords, drums]),
        bar=np.zeros(len(place), np.int64),
        place=place,
        sixteenth=place,
        pitch=np.r_[np.full(bass, 36), np.tile(chord, 4), np.full(drums, 38)],
        is_drum=np.repeat([False, False, True], [bass, chords, drums]),
    )


def test_a_span_is_the_same_in_every_key_and_whatever_the_order_of_its_notes() -> None:
    bar = plain_bar(2)
    order = np.random.default_rng(0).permutation(len(bar.part))
    moved = NoteColumns(
        part=bar.part[order],
        bar=bar.bar[order],
        place=bar.place[order],
        sixteenth=bar.sixteenth[order],
        pitch=(bar.pitch + 5 * ~bar.is_drum)[order],
        is_drum=bar.is_drum[order],
    )
    assert sorted(all_phrases(bar).hashes.tolist()) == sorted(all_phrases(moved).hashes.tolist())


def test_a_bar_of_repeated_notes_is_known_by_what_it_does_at_once() -> None:
    def spans(bar: NoteColumns) -> set[int]:
        runs = phrases(part=bar.part[:20], sixteenth=bar.sixteenth[:20], pitch=bar.pitch[:20])
        return set(all_phrases(bar).hashes.tolist()) - set(runs.hashes.tolist())

    here, other_drums, other_chord = spans(plain_bar(2)), spans(plain_bar(3)), spans(plain_bar(2, (60, 63, 67)))
    assert len(here) == 5  # a bar of each part; half a bar, which comes twice, without drums and with; a bar with drums
    assert len(here & other_drums) == 3
    assert len(here & other_chord) == 1


def test_a_span_of_two_notes_is_no_ones() -> None:
    two = np.zeros(2, np.int64)
    notes = NoteColumns(two, two, np.array([0, 4]), np.array([0, 4]), np.array([60, 67]), np.zeros(2, np.bool_))
    assert not len(all_phrases(notes).hashes)


def test_what_four_groups_share_makes_nothing_like_one_of_them() -> None:
    own, others = tune(1), [tune(seed) for seed in range(2, 9)]
    assert index_of(*([own] * 3), *others).originality(own).is_flagged
    assert not index_of(*([own] * 8), *others).originality(own).is_flagged


def test_copies_are_found_exact_transposed_and_changed() -> None:
    songs = [tune(seed) for seed in range(30)]
    index = index_of(*songs)
    rng = np.random.default_rng(0)
    for song in songs:
        for copy in (song, transposed(song, 4)):
            found = index.originality(copy)
            assert found.is_flagged
            assert found.similarity > 0.98
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


def test_what_many_songs_have_says_less_and_what_all_have_nothing() -> None:
    others = [tune(seed) for seed in range(2, 9)]
    once = index_of(tune(1), *others).originality(tune(1))
    twice = index_of(*([tune(1)] * 2), *others).originality(tune(1))
    everybody = index_of(*([tune(1)] * 3000)).originality(tune(1))
    assert once.shared == pytest.approx(once.phrases * np.log2(GROUPS), rel=0.02)
    assert twice.shared == pytest.approx(once.shared * 7 / 8, rel=0.02)
    assert (everybody.shared, everybody.is_flagged) == (0, False)


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


def test_an_entry_keeps_23_bits_of_a_phrase_its_row_told() -> None:
    index = index_of(tune(0))
    assert index.entries.dtype == np.uint16
    assert len(index.counts) == 1 << 15
    assert len(index.entries) <= len(np.unique(sheet_phrases(tune(0)).hashes))


def test_of_runs_of_all_notes_some_are_looked_at() -> None:
    rng = np.random.default_rng(0)
    found = phrases(part=np.zeros(4000), sixteenth=np.arange(4000), pitch=rng.integers(40, 80, 4000))
    lines, together = found.is_line.sum(), (found.part == TOGETHER).sum()
    assert together / lines == pytest.approx(1 / KEPT_TOGETHER, abs=0.03)
    assert (len(found.hashes) - lines - together) / lines == pytest.approx(1 / KEPT_OF_ALL, abs=0.03)
