"""Packed songs survive their files."""

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import CorpusError
from engine.music.timing import TICKS_PER_STEP
from training import song_codec
from training.songs import PackedSong, SongInfo, decode_song, encode_song, find_shards, read_shard, write_shard


def _canonical_song(seed: int, notes: int = 200, bars: int = 9) -> PackedSong:
    rng = np.random.default_rng(seed)
    roles = np.array([0, 1, 2], np.int32)
    track = rng.integers(0, 3, notes).astype(np.int32)
    raw = np.sort(rng.integers(0, bars * 1920 - 20, notes)).astype(np.int32)
    onset = np.where(
        track == 2,
        song_codec.canonical_onsets(raw, played=True),
        song_codec.canonical_onsets(raw, played=False),
    ).astype(np.int32)
    pitch = rng.integers(20, 100, notes).astype(np.int32)
    duration = np.where(track == 0, song_codec.DRUM_TICKS, rng.choice(song_codec.DURATION_TICKS, notes)).astype(
        np.int32
    )
    order = np.lexsort((track, pitch, onset))
    return PackedSong(
        info=SongInfo("a/b.mid", "set", "MIT", "train", "rock", "g", 2.0, (9, 1), True, bars, notes),
        numerators=np.full(bars, 4, np.int32),
        denominators=np.full(bars, 4, np.int32),
        bar_starts=(np.arange(bars + 1) * 1920).astype(np.int32),
        tempo_bpm=rng.uniform(60, 180, bars).round(2).astype(np.float32),
        roles=roles,
        programs=np.array([0, 33, 127], np.int32),
        track=track[order],
        onset=onset[order],
        duration=duration[order],
        pitch=pitch[order],
        velocity=(rng.integers(0, 32, notes) * 4 + 2).astype(np.int32)[order],
        chords=rng.integers(0, 98, (bars, 2)).astype(np.int32),
        loop_starts=np.array([1, 4], np.int32),
        loop_bars=np.array([4, 2], np.int32),
        loop_scores=np.array([1.0, 0.6], np.float32),
    )


def _assert_equal(one: PackedSong, other: PackedSong) -> None:
    assert one.info == other.info
    for column in fields(PackedSong):
        if column.name != "info":
            ours, theirs = getattr(one, column.name), getattr(other, column.name)
            assert ours.dtype == theirs.dtype, column.name
            np.testing.assert_allclose(ours, theirs, atol=0.01 if ours.dtype.kind == "f" else 0, err_msg=column.name)


@given(st.integers(0, 2**32 - 1), st.integers(0, 60))
def test_a_canonical_song_comes_back_whole(seed: int, notes: int) -> None:
    song = _canonical_song(seed, notes)
    _assert_equal(song, decode_song(song.info, encode_song(song)))


def test_a_shard_gives_its_songs_one_by_one(tmp_path: Path) -> None:
    songs = [_canonical_song(seed) for seed in range(4)]
    path = tmp_path / "train-000.songs"
    size = write_shard(path, songs)
    shard = read_shard(path)
    assert size == path.stat().st_size
    assert [info.notes for info in shard.infos] == [200] * 4
    _assert_equal(shard[2], songs[2])
    _assert_equal(shard[1:3][1], songs[2])
    for song, found in zip(songs, shard, strict=True):
        _assert_equal(song, found)
    assert find_shards(tmp_path, "train") == (path,)
    assert find_shards(tmp_path, "valid") == ()


def test_a_repeated_bar_costs_almost_nothing(tmp_path: Path) -> None:
    song = _canonical_song(0, notes=50, bars=1)
    many = replace(
        song,
        numerators=np.repeat(song.numerators, 64),
        denominators=np.repeat(song.denominators, 64),
        bar_starts=(np.arange(65) * 1920).astype(np.int32),
        tempo_bpm=np.repeat(song.tempo_bpm, 64),
        chords=np.repeat(song.chords, 64, axis=0),
        track=np.tile(song.track, 64),
        onset=(np.tile(song.onset, 64) + np.repeat(np.arange(64) * 1920, 50)).astype(np.int32),
        duration=np.tile(song.duration, 64),
        pitch=np.tile(song.pitch, 64),
        velocity=np.tile(song.velocity, 64),
    )
    assert len(encode_song(many)) < 2 * len(encode_song(song))


def test_failed_write_leaves_no_file(tmp_path: Path) -> None:
    def songs():
        yield _canonical_song(0)
        raise KeyError("stop")

    with pytest.raises(KeyError):
        write_shard(tmp_path / "x.songs", songs())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("damage", ["empty", "cut", "magic", "version", "blob"])
def test_a_damaged_shard_raises_the_one_error(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "x.songs"
    write_shard(path, [_canonical_song(0)])
    data = bytearray(path.read_bytes())
    if damage == "empty":
        data = bytearray()
    elif damage == "cut":
        data = data[: len(data) // 2]
    elif damage == "magic":
        data[0] ^= 1
    elif damage == "version":
        data[8] ^= 1
    else:
        data[24:60] = bytes(36)
    path.write_bytes(data)
    with pytest.raises(CorpusError):
        list(read_shard(path))


@given(st.lists(st.integers(0, 100_000), min_size=1, max_size=50), st.booleans())
def test_canonical_onsets_stay_close_and_come_back(onsets: list[int], played: bool) -> None:
    raw = np.sort(np.array(onsets, np.int32))
    canonical = song_codec.canonical_onsets(raw, played=played)
    assert np.abs(canonical - raw).max() <= (2 if played else TICKS_PER_STEP // 2)
    streams = song_codec.onset_streams(canonical, played=played)
    deltas, micro = (np.frombuffer(stream, np.uint8) for stream in streams)
    np.testing.assert_array_equal(song_codec.onsets_from_streams(deltas, micro), canonical)


@given(st.integers(1, 60_000))
def test_durations_are_kept_within_a_step_or_a_fortieth(ticks: int) -> None:
    code = song_codec.duration_codes(np.array([ticks]), np.array([1 << 20]))
    kept = int(song_codec.DURATION_TICKS[code][0])
    assert abs(kept - ticks) <= max(TICKS_PER_STEP, ticks / 40)


def test_a_duration_never_exceeds_its_room() -> None:
    code = song_codec.duration_codes(np.array([960, 960]), np.array([955, 20]))
    assert (song_codec.DURATION_TICKS[code] <= [955, 20]).all()
