"""From MIDI files to shards."""

import csv
import json
import tarfile
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest

from engine.errors import CorpusError
from engine.music.analysis import chord_of_id
from engine.music.general_midi import ROLES, Role
from tests.training.corpus_files import midi_bytes, write_corpus, write_manifest
from training import prepare as prepare_module
from training import workers as workers_module
from training.corpus import ManifestRow, SourceFile
from training.prepare import Chunk, PrepareConfig, PreparedChunk, Progress, prepare, prepare_chunk, prepare_song
from training.songs import SongInfo, find_shards, read_shard


@pytest.fixture
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let chunks be prepared here, where a test can watch and interrupt them; return what was prepared."""
    prepared: list[str] = []

    class Here:
        def __init__(self, *_: object, **__: object) -> None: ...
        def __enter__(self) -> "Here":
            return self

        def __exit__(self, *_: object) -> None: ...
        def submit(self, function: Callable[[Chunk], PreparedChunk], chunk: Chunk) -> Future[PreparedChunk]:
            future: Future[PreparedChunk] = Future()
            future.set_result(function(chunk))
            prepared.append(chunk.content_hash())
            return future

    monkeypatch.setattr(workers_module, "ProcessPoolExecutor", Here)
    return prepared


def _config(tmp_path: Path, **changes: object) -> PrepareConfig:
    values: dict[str, object] = {"inputs": (tmp_path / "corpus",), "out": tmp_path / "out", "ratios": (1.0, 0.0, 0.0)}
    return PrepareConfig(**values | changes)  # pyright: ignore[reportArgumentType]


def test_a_song_is_packed_with_key_chords_and_loops() -> None:
    row = ManifestRow(SongInfo("x.mid", "ours", "MIT", "train", "rock", "x"))
    song = prepare_song(SourceFile("x.mid", midi_bytes()), row, PrepareConfig((), Path()))
    assert [ROLES[role] for role in song.roles] == [Role.DRUMS, Role.BASS]
    assert song.programs.tolist() == [0, 33]
    assert song.bars == 8
    assert song.tempo_bpm.tolist() == [120.0] * 8
    assert song.bar_starts.tolist() == [bar * 1920 for bar in range(9)]
    assert set(zip(song.numerators.tolist(), song.denominators.tolist(), strict=True)) == {(4, 4)}
    assert [(int(s), int(b)) for s, b in zip(song.loop_starts, song.loop_bars, strict=True)] == [(0, 2)]
    first = chord_of_id(int(song.chords[0, 0]))
    assert first is not None
    assert first.root == 0
    assert song.info.key[0] in (0, 5)


def test_a_constant_offset_is_taken_out() -> None:
    row = ManifestRow(SongInfo("x.mid"))
    song = prepare_song(SourceFile("x.mid", midi_bytes(off_grid=33)), row, PrepareConfig((), Path()))
    assert not song.info.played
    assert (song.onset % 240 == 0).all()


def test_files_become_shards_a_report_and_a_reject_log(tmp_path: Path) -> None:
    names = [f"a/song{index}.mid" for index in range(6)]
    write_corpus(tmp_path / "corpus", names)
    (tmp_path / "corpus/a/broken.mid").write_bytes(b"not music")
    write_manifest(
        tmp_path / "manifest.csv",
        [{"path": name, "split": "valid" if name == names[0] else "train"} for name in [*names[:5], "a/broken.mid"]],
    )
    seen: list[Progress] = []
    config = _config(tmp_path, manifest=tmp_path / "manifest.csv", processes=1)
    report = prepare(config, seen.append)
    assert report.songs == {"train": 4, "valid": 1}
    assert [shard.name for shard in report.shards] == ["train-000.songs", "valid-000.songs"]
    (path,) = find_shards(tmp_path / "out", "train")
    assert [info.name for info in read_shard(path).infos] == names[1:5]
    with (tmp_path / "out/rejects.csv").open(encoding="utf-8") as file:
        rejects = dict(csv.reader(file))
    assert rejects[names[5]] == "not in the manifest"
    assert "broken.mid" in rejects["a/broken.mid"]
    assert json.loads((tmp_path / "out/prepare.json").read_text("utf-8"))["songs"] == report.songs
    assert (seen[-1].done, seen[-1].total) == (7, 7)
    assert not (tmp_path / "out/parts").exists()


def test_archives_give_the_same_songs_as_folders(tmp_path: Path, in_this_process: list[str]) -> None:
    write_corpus(tmp_path / "corpus", ["a/x.mid", "b/y.mid"])
    with tarfile.open(tmp_path / "corpus.tar.xz", "w:xz") as archive:
        for name in ("a", "b"):
            archive.add(tmp_path / "corpus" / name, name)
    prepare(_config(tmp_path))
    prepare(_config(tmp_path, inputs=(tmp_path / "corpus.tar.xz",), out=tmp_path / "other"))
    ours, theirs = (read_shard(find_shards(tmp_path / out, "train")[0]) for out in ("out", "other"))
    assert ours.infos == theirs.infos
    assert ours.blobs == theirs.blobs


def test_a_stopped_run_goes_on_where_it_was(
    tmp_path: Path, in_this_process: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prepare_module, "_CHUNK_FILES", 2)
    write_corpus(tmp_path / "corpus", [f"song{index}.mid" for index in range(10)])

    def stop(progress: Progress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare(_config(tmp_path, processes=1), stop)
    written = {path.stem for path in (tmp_path / "out/parts").iterdir()}
    assert 0 < len(written) < 5
    in_this_process.clear()
    report = prepare(_config(tmp_path, processes=1))
    assert report.songs == {"train": 10}
    assert len(in_this_process) == 5 - len(written)
    assert not written & set(in_this_process)


def test_other_settings_do_not_reuse_old_chunks(tmp_path: Path, in_this_process: list[str]) -> None:
    write_corpus(tmp_path / "corpus", ["song.mid"])
    prepare(_config(tmp_path))
    assert prepare(_config(tmp_path, min_notes=10)).songs == {"train": 1}
    with pytest.raises(CorpusError, match="could be used"):
        prepare(_config(tmp_path, min_notes=10_000))
    assert len(set(in_this_process)) == 3


def test_shards_of_an_earlier_run_are_replaced(tmp_path: Path, in_this_process: list[str]) -> None:
    write_corpus(tmp_path / "corpus", ["song.mid"])
    (tmp_path / "out").mkdir()
    (tmp_path / "out/train-007.songs").write_bytes(b"old")
    prepare(_config(tmp_path))
    assert [path.name for path in find_shards(tmp_path / "out", "train")] == ["train-000.songs"]


def test_versions_of_a_song_share_its_weight(tmp_path: Path, in_this_process: list[str]) -> None:
    write_corpus(tmp_path / "corpus", ["one.mid", "one.1.mid", "two.mid"])
    prepare(_config(tmp_path))
    infos = read_shard(find_shards(tmp_path / "out", "train")[0]).infos
    assert {info.name: info.weight for info in infos} == {"one.mid": 0.5, "one.1.mid": 0.5, "two.mid": 1.0}


@pytest.mark.parametrize("missing", ["input", "manifest"])
def test_missing_files_raise_the_one_error(tmp_path: Path, missing: str) -> None:
    manifest = tmp_path / "none.csv" if missing == "manifest" else None
    with pytest.raises(CorpusError):
        prepare(_config(tmp_path, manifest=manifest))


def test_unusual_files_are_left_out_with_a_reason() -> None:
    config = PrepareConfig((), Path(), min_grid=0.9, min_notes=8)
    file = SourceFile("x.mid", midi_bytes(bars=1, tracks=1))
    with pytest.raises(CorpusError, match="too few notes"):
        prepare_song(file, ManifestRow(SongInfo("x.mid")), config)
    with pytest.raises(CorpusError, match="off the grid"):
        prepare_song(file, ManifestRow(SongInfo("x.mid"), grid=0.5), config)


def test_live_drums_keep_their_timing_and_get_general_midi_keys() -> None:
    row = ManifestRow(SongInfo("x.mid", "gmd"), grid=0.1, is_downbeat_right=False)
    song = prepare_song(SourceFile("x.mid", midi_bytes(off_grid=8)), row, PrepareConfig((), Path(), min_grid=0.9))
    assert song.info.played
    assert set((song.onset % 240).tolist()) == {8}
    assert [ROLES[role] for role in song.roles] == [Role.DRUMS]
    assert not song.chords.any()


def test_one_odd_file_does_not_stop_a_corpus(
    tmp_path: Path, in_this_process: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_corpus(tmp_path / "corpus", ["odd.mid", "plain.mid"])
    whole = prepare_module.prepare_song

    def fails_on_odd(file: SourceFile, row: ManifestRow, config: PrepareConfig):
        if file.name == "odd.mid":
            raise ValueError("a bar of 99/4")
        return whole(file, row, config)

    monkeypatch.setattr(prepare_module, "prepare_song", fails_on_odd)
    report = prepare(_config(tmp_path))
    assert report.songs == {"train": 1}
    assert report.rejected == {"cannot be prepared: a bar of 99/4": 1}


def test_a_process_that_dies_is_told_with_the_files_it_had(
    tmp_path: Path, in_this_process: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Died:
        def result(self) -> None:
            raise BrokenProcessPool

    monkeypatch.setattr(workers_module.ProcessPoolExecutor, "submit", lambda *_: Died())
    write_corpus(tmp_path / "corpus", ["a.mid", "b.mid"])
    with pytest.raises(CorpusError, match=r"a\.mid and b\.mid"):
        prepare(_config(tmp_path))


def test_a_file_that_changed_is_prepared_anew(tmp_path: Path, in_this_process: list[str]) -> None:
    write_corpus(tmp_path / "corpus", ["a.mid"])

    def stop(progress: Progress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare(_config(tmp_path), stop)
    (tmp_path / "corpus/a.mid").write_bytes(midi_bytes(root=53))
    prepare(_config(tmp_path))
    assert len(set(in_this_process)) == 2


def test_a_worker_with_another_version_of_the_code_refuses() -> None:
    with pytest.raises(CorpusError, match="version"):
        prepare_chunk(Chunk((), (), PrepareConfig((), Path()), pipeline=-1))
