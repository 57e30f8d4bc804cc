"""Loops are found where they are, and not where they are not."""

from dataclasses import replace

import numpy as np
import pytest

from engine.mining.loops import MIN_SCORE, FoundLoop, SongBars, find_loops, find_part_loops
from engine.mining.texture import texture_of

_BAR = 1920


def _song(bars: list[np.ndarray], *, bar_ticks: int = _BAR, ring: int = 0) -> SongBars:
    """Build a song from one table of (track, onset in the bar, pitch) a bar."""
    table = np.concatenate([np.column_stack([b, np.full(len(b), index)]) for index, b in enumerate(bars)])
    track, place, pitch, bar = table.T.astype(np.int32)
    duration = np.full(len(track), 60, np.int32)
    if ring:
        duration = (bar_ticks - place + ring).astype(np.int32)
    return SongBars(
        track=track,
        onset=place + bar * bar_ticks,
        duration=duration,
        pitch=pitch,
        bar_starts=(np.arange(len(bars) + 1) * bar_ticks).astype(np.int32),
        rings=np.ones(len(track), np.bool_),
    )


def _random_bars(count: int, seed: int, *, notes: int = 16, bar_ticks: int = _BAR) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    steps = bar_ticks // 120
    return [
        np.column_stack(
            [
                rng.integers(0, 4, notes),
                rng.integers(0, steps, notes) * 120,
                rng.integers(36, 84, notes),
            ]
        )
        for _ in range(count)
    ]


def _jittered(song: SongBars, ticks: int, seed: int) -> SongBars:
    rng = np.random.default_rng(seed)
    onset = np.maximum(song.onset + rng.integers(-ticks, ticks + 1, len(song.onset)), 0).astype(np.int32)
    return SongBars(song.track, onset, song.duration, song.pitch, song.bar_starts, song.rings)


@pytest.mark.parametrize("period", [2, 3, 4, 6, 8, 12, 16])
@pytest.mark.parametrize("bar_ticks", [1920, 1440, 1680])
def test_a_known_period_is_found_in_any_meter(period: int, bar_ticks: int) -> None:
    bars = _random_bars(period, seed=period, bar_ticks=bar_ticks)
    (loop,) = find_loops(_song(bars * 3, bar_ticks=bar_ticks))
    assert (loop.start_bar, loop.bars) == (0, period)
    assert loop.score > 0.9
    assert loop.tracks == (0, 1, 2, 3)


def test_a_loop_of_one_bar_must_be_heard_four_times() -> None:
    (bar,) = _random_bars(1, seed=1)
    rest = _random_bars(4, seed=2)
    assert [(loop.start_bar, loop.bars) for loop in find_loops(_song([*rest, *[bar] * 4]))] == [(4, 1)]
    assert find_loops(_song([*rest, *[bar] * 2])) == ()


def test_a_loop_inside_a_song_is_found_where_it_begins() -> None:
    around = _random_bars(10, seed=3)
    loop = _random_bars(4, seed=4)
    found = find_loops(_song([*around[:5], *loop * 2, *around[5:]]))
    assert [(one.start_bar, one.bars) for one in found] == [(5, 4)]


@pytest.mark.parametrize("seed", range(20))
def test_random_bars_hold_no_loop(seed: int) -> None:
    assert find_loops(_song(_random_bars(64, seed))) == ()


def test_played_music_is_found_too() -> None:
    song = _song(_random_bars(4, seed=5) * 4)
    found = find_loops(_jittered(song, ticks=25, seed=6))
    assert [(loop.start_bar, loop.bars) for loop in found] == [(0, 4)]


def test_the_same_music_is_kept_once() -> None:
    loop, other, rest = _random_bars(2, seed=7), _random_bars(4, seed=8), _random_bars(12, seed=15)
    found = find_loops(_song([*loop * 3, *other * 2, *rest, *loop * 3]))
    assert sorted((one.bars, one.start_bar) for one in found) == [(2, 0), (4, 6)]


def test_bars_that_are_alike_by_accident_are_seldom_a_loop() -> None:
    songs = 40
    found = 0
    for seed in range(songs):
        bars = _random_bars(4, seed=100 + seed)
        order = np.random.default_rng(seed).permutation(np.repeat(np.arange(4), 8))
        found += len(find_loops(_song([bars[index] for index in order])))
    assert found <= 0.15 * songs


def test_only_parts_that_repeat_are_named() -> None:
    groove = _random_bars(2, seed=9, notes=40)
    groove = [bar[bar[:, 0] < 3] for bar in groove]
    solo = [np.column_stack([[3], [0], [60 + index]]) for index in range(4)]
    found = find_loops(_song([np.concatenate([groove[i % 2], solo[i]]) for i in range(4)]))
    assert [loop.tracks for loop in found] == [(0, 1, 2)]


def test_notes_ringing_over_the_joins_spoil_a_loop() -> None:
    bars = _random_bars(4, seed=10) * 2
    clean, ringing = find_loops(_song(bars)), find_loops(_song(bars, ring=480))
    assert clean[0].score >= MIN_SCORE
    assert ringing == ()


def test_a_change_of_meter_ends_a_loop() -> None:
    song = _song(_random_bars(2, seed=11) * 2)
    starts = np.array([0, 1920, 3840, 5760, 8640], np.int32)
    assert find_loops(SongBars(song.track, song.onset, song.duration, song.pitch, starts, song.rings)) == ()


def test_songs_too_short_or_empty_have_none() -> None:
    empty = np.zeros(0, np.int32)
    nothing = SongBars(empty, empty, empty, empty, np.array([0, 1920], np.int32), np.zeros(0, np.bool_))
    assert find_loops(nothing) == ()
    assert find_loops(_song(_random_bars(1, seed=12))) == ()


def test_the_best_comes_first() -> None:
    clean, thin = _random_bars(2, seed=13), _random_bars(2, seed=14, notes=3)
    found = find_loops(_song([*thin * 2, *clean * 2]))
    assert found[0] == FoundLoop(4, 2, found[0].score, (0, 1, 2, 3))
    assert [loop.score for loop in found] == sorted((loop.score for loop in found), reverse=True)


def _with_voice(bars: list[np.ndarray], seed: int, *, track: int = 4) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    voices = [
        np.column_stack([np.full(8, track), rng.choice(16, 8, replace=False) * 120, rng.integers(60, 90, 8)])
        for _ in bars
    ]
    return [np.concatenate([bar, voice]) for bar, voice in zip(bars, voices, strict=True)]


def test_a_loop_under_a_voice_that_never_repeats_is_found_once() -> None:
    rest = _random_bars(8, seed=20)
    bars = _with_voice([*rest[:4], *_random_bars(4, seed=21) * 6, *rest[4:]], seed=22)
    (loop,) = find_loops(_song(bars))
    assert (loop.start_bar, loop.bars, loop.tracks) == (4, 4, (0, 1, 2, 3))


def test_a_loop_that_comes_back_under_a_voice_is_found_once() -> None:
    rest, loop = _random_bars(12, seed=23), _random_bars(4, seed=24)
    found = find_loops(_song(_with_voice([*rest[:4], *loop * 3, *rest[4:8], *loop * 2, *rest[8:]], seed=25)))
    assert [(one.start_bar, one.bars) for one in found] == [(4, 4)]


@pytest.mark.parametrize("swing", [0.58, 2 / 3])
def test_swung_and_played_music_matches_itself(swing: float) -> None:
    song = _song(_random_bars(4, seed=26) * 4)
    quarter, within = np.divmod(song.onset, 480)
    bent = np.where(within >= 240, swing * 480 + (within - 240) * (1 - swing) * 2, within * swing * 2)
    swung = replace(song, onset=(quarter * 480 + bent).astype(np.int32))
    found = find_loops(_jittered(swung, ticks=18, seed=27))
    assert [(loop.start_bar, loop.bars) for loop in found] == [(0, 4)]


def test_a_part_that_goes_round_alone_is_found_by_itself() -> None:
    rest, bass = _random_bars(24, seed=28), _random_bars(3, seed=29, notes=20)
    bass = [np.column_stack([np.full(len(bar), 7), bar[:, 1:]]) for bar in bass]
    song = _song([np.concatenate([bar, bass[index % 3]]) for index, bar in enumerate(rest)])
    assert find_loops(song) == ()
    assert [(part, [(one.start_bar, one.bars) for one in found]) for part, found in find_part_loops(song).items()] == [
        (7, [(0, 3)])
    ]


def test_a_loop_of_more_parts_goes_before_a_shorter_one_of_fewer() -> None:
    drums = [np.column_stack([np.zeros(8), np.arange(8) * 240, np.full(8, 42)]).astype(int)]
    chords = [
        np.column_stack([np.repeat([1, 2], 6), np.tile(np.arange(6) * 240, 2), np.full(12, 50 + 3 * index)])
        for index in range(4)
    ]
    found = find_loops(_song([np.concatenate([drums[0], chords[index % 4]]) for index in range(16)]))
    assert [(loop.bars, loop.tracks) for loop in found] == [(4, (0, 1, 2))]


@pytest.mark.parametrize("seed", range(20))
def test_a_few_bars_in_random_order_are_no_loop(seed: int) -> None:
    bars = _random_bars(6, seed=200 + seed)
    order = np.random.default_rng(seed).permutation(np.repeat(np.arange(6), 10))
    assert find_loops(_song([bars[index] for index in order])) == ()


def test_time_and_memory_are_bounded_by_leaving_out_bars() -> None:
    rng = np.random.default_rng(30)
    count = 20_000
    song = SongBars(
        track=rng.integers(0, 500, count).astype(np.int32),
        onset=rng.integers(0, 5000 * _BAR, count).astype(np.int32),
        duration=np.full(count, 60, np.int32),
        pitch=rng.integers(0, 128, count).astype(np.int32),
        bar_starts=(np.arange(5001) * _BAR).astype(np.int32),
        rings=np.ones(count, np.bool_),
    )
    texture = texture_of(song)
    assert len(texture.parts) * texture.bars**2 <= 100_000_000
    assert find_loops(song) == ()
