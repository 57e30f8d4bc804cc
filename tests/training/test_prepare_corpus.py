"""Manifests, genres, splits and weights."""

import lzma
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import CorpusError
from engine.representation.controls import GENRES
from tests.training.corpus_files import write_manifest
from training.corpus import (
    GENRE_WEIGHTS,
    SPLITS,
    UNKNOWN_GENRE,
    genre_of,
    list_names,
    read_files,
    read_manifest,
    song_group_of,
    split_of_group,
    weighted,
)
from training.songs import SongInfo


@pytest.mark.parametrize(
    ("name", "source", "genre"),
    [
        ("rnb_soul_funk", "lakh_clean", "funk & soul"),
        ("hiphop/groove6", "gmd", "hip-hop"),
        ("latin/brazilian-baiao", "gmd", "latin & reggae"),
        ("euro_schlager_chanson", "lakh_clean", "schlager"),
        ("pop (mandarin)", "pop909", "chinese pop"),
        ("neworleans/secondline", "gmd", "live drums"),
        ("charleston", "dmp_patterns", "jazz & blues"),
        ("slow", "dmp_patterns", "drum machine"),
        ("", "", UNKNOWN_GENRE),
    ],
)
def test_corpus_styles_become_genres(name: str, source: str, genre: str) -> None:
    assert genre_of(name, source) == genre


def test_every_genre_that_is_told_is_one_the_model_knows() -> None:
    names = ("rock", "pop", "italian", "electronic", "oldies", "jazz", "metal", "country", "reggae", "game rpg", "ska")
    assert {genre_of(name) for name in names} <= set(GENRES)
    assert set(GENRE_WEIGHTS) <= set(GENRES)


def test_versions_of_a_song_have_one_group() -> None:
    assert song_group_of("Artist/Song.2.mid") == song_group_of("artist/Song.mid") != song_group_of("artist/Song 2.mid")


@settings(max_examples=25)
@given(st.text(max_size=20))
def test_a_split_is_decided_by_the_group_alone(group: str) -> None:
    assert split_of_group(group, (0.8, 0.1, 0.1)) == split_of_group(group, (8, 1, 1))
    assert split_of_group(group, (0, 1, 0)) == "valid"


def test_splits_have_about_the_shares_asked() -> None:
    splits = [split_of_group(f"song {index}", (0.8, 0.1, 0.1)) for index in range(2000)]
    shares = [splits.count(split) / len(splits) for split in SPLITS]
    assert shares == pytest.approx([0.8, 0.1, 0.1], abs=0.03)


def test_genre_and_group_make_the_weight() -> None:
    infos = [
        SongInfo("a", genre="electronic", song_group="x"),
        SongInfo("b", genre="electronic", song_group="x"),
        SongInfo("c", genre="rock", song_group="y"),
    ]
    assert [info.weight for info in weighted(infos)] == [2.0, 2.0, 1.0]


def test_a_manifest_may_be_compressed(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    write_manifest(path, [{"path": "a.mid", "genre": "hiphop", "grid16": "", "downbeat_ok": ""}, {"path": "b.mid"}])
    packed = tmp_path / "m.csv.xz"
    packed.write_bytes(lzma.compress(path.read_bytes()))
    rows = read_manifest(packed)
    assert rows == read_manifest(path)
    assert rows["a.mid"].info.genre == "hip-hop"
    assert (rows["a.mid"].grid, rows["a.mid"].is_downbeat_right) == (None, None)
    assert (rows["b.mid"].grid, rows["b.mid"].is_downbeat_right) == (1.0, True)


@pytest.mark.parametrize("text", ["", "path\nx.mid\n", "set,path,licence,split\nours,x.mid,MIT,nowhere\n"])
def test_a_manifest_that_lacks_something_raises_the_one_error(tmp_path: Path, text: str) -> None:
    path = tmp_path / "m.csv"
    path.write_text(text, "utf-8")
    if text:
        with pytest.raises(CorpusError, match=r"m\.csv"):
            read_manifest(path)
    else:
        assert read_manifest(path) == {}


def test_texts_travel_with_their_song(tmp_path: Path) -> None:
    for name in ("001.mid", "001.beat_midi.txt", "002.mid", "notes.txt", "sub/003.MIDI"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
    assert list_names([tmp_path]) == ["001.mid", "002.mid", "sub/003.MIDI"]
    files = list(read_files([tmp_path]))
    assert [(file.name, file.texts) for file in files] == [
        ("001.mid", {"beat_midi.txt": b"001.beat_midi.txt"}),
        ("002.mid", {}),
        ("sub/003.MIDI", {}),
    ]
    assert [file.name for file in read_files([tmp_path / "001.mid"])] == ["001.mid"]
