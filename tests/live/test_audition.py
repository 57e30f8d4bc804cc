"""Round and round: the seam, changes in time, and levels, sample by sample and without a device."""

from dataclasses import replace

import numpy as np
import pytest

from engine.jobs.sound import Play, PlayNote, SetGains, SetMetronome, SoundState, Start, StopPlaying
from engine.live.audition import LoopPlayer, PartCache, PreparedLoop
from engine.live.sound_output import ReadSamples, SilentOutput, SoundOutput
from engine.live.transport import Transport
from engine.music.general_midi import Role
from engine.music.loop import Loop, Note, Track

RATE = 8_000


def prepared(value: float, *, first: float | None = None, samples: int = 80, bars: int = 4) -> PreparedLoop:
    """Return a loop that sounds one number throughout."""
    steady = np.full((samples, 2), value, dtype=np.float32)
    begin = steady if first is None else np.full((samples, 2), first, dtype=np.float32)
    return PreparedLoop(begin, steady, samples / bars, samples / (bars * 1920))


def left(player: LoopPlayer, frames: int) -> list[float]:
    return [round(float(sample), 3) for sample in player.read(frames)[:, 0]]


def test_the_first_pass_begins_in_silence_and_the_later_ones_ring() -> None:
    player = LoopPlayer()
    player.play(prepared(0.5, first=0.25, samples=4, bars=1))
    assert left(player, 10) == [0.25] * 4 + [0.5] * 6


def test_however_it_is_read_it_is_the_same() -> None:
    sounds = np.arange(20, dtype=np.float32).repeat(2).reshape(20, 2) / 20
    loop = PreparedLoop(sounds, sounds, 5.0, 20 / 1920)
    whole, pieces = LoopPlayer(), LoopPlayer()
    whole.play(loop)
    pieces.play(loop)
    in_pieces = np.concatenate([pieces.read(n) for n in (1, 7, 3, 30, 9)])
    np.testing.assert_array_equal(whole.read(50), in_pieces)


def test_a_count_in_comes_first_and_the_loop_begins_on_its_end() -> None:
    player = LoopPlayer()
    player.play(prepared(0.5, first=0.25, samples=4, bars=1), count_in=np.full((3, 2), 0.9, dtype=np.float32))
    assert left(player, 2) == [0.9, 0.9]
    assert player.position() == (-1.0, 0)
    assert player.is_playing
    assert left(player, 6) == [0.9] + [0.25] * 4 + [0.5]
    assert player.position()[0] > 0
    player.play(prepared(0.1), count_in=np.full((3, 2), 0.9, dtype=np.float32))
    player.stop()
    player.play(prepared(0.1))
    assert left(player, 1) == [0.1]


def test_a_take_begins_at_the_next_bar_line_at_the_same_place() -> None:
    player = LoopPlayer()
    player.play(prepared(0.1))
    player.read(25)
    player.change_at_bar(prepared(0.2))
    assert left(player, 30) == [0.1] * 15 + [0.2] * 15
    assert player.position()[0] == pytest.approx(55 / 80 * 4 * 1920)


def test_a_take_asked_for_on_the_bar_line_waits_a_bar() -> None:
    player = LoopPlayer()
    player.play(prepared(0.1))
    player.read(20)
    player.change_at_bar(prepared(0.2))
    assert left(player, 21) == [0.1] * 20 + [0.2]


def test_an_edit_goes_on_in_place_even_at_another_tempo() -> None:
    player = LoopPlayer()
    player.play(prepared(0.1))
    player.read(40)
    player.change_in_place(prepared(0.2, samples=160))
    assert player.position()[0] == pytest.approx(2 * 1920)
    player.read(80)
    assert player.position()[0] == pytest.approx(0)


def test_a_note_is_heard_over_silence_and_ends() -> None:
    player = LoopPlayer()
    player.add_note(np.full((3, 2), 0.5, dtype=np.float32))
    assert left(player, 2) == [0.5, 0.5]
    assert player.is_sounding
    assert left(player, 2) == [0.5, 0.0]
    assert not player.is_sounding


LOOP = Loop(
    tempo_bpm=120,
    bars=1,
    tracks=(
        Track(Role.KEYS, (Note(1440, 60, 480, 100),), program=0),
        Track(Role.DRUMS, (Note(0, 36, 60, 110),)),
    ),
)


def test_what_rings_over_the_end_is_heard_at_the_beginning() -> None:
    loop = PartCache(RATE).prepared(LOOP.with_track(1, Track(Role.DRUMS)))
    quiet = loop.first[: RATE // 10]
    assert float(np.abs(quiet).max()) == 0.0
    assert float(np.abs(loop.steady[: RATE // 10]).max()) > 0.001
    assert len(loop.steady) == 2 * RATE


def test_a_muted_part_is_silent_and_the_others_are_as_before() -> None:
    cache = PartCache(RATE)
    alone = cache.prepared(LOOP.with_tracks(LOOP.tracks[:1]))
    muted = cache.prepared(LOOP, (1.0, 0.0))
    np.testing.assert_array_equal(alone.steady, muted.steady)


def test_the_metronome_clicks_on_every_beat() -> None:
    silent = replace(LOOP, tracks=())
    click = PartCache(RATE).prepared(silent, has_metronome=True).steady[:, 0]
    heard = [float(np.abs(click[beat * RATE // 2 : beat * RATE // 2 + 40]).max()) > 0.05 for beat in range(4)]
    assert heard == [True] * 4
    assert float(np.abs(click[RATE // 4 : RATE // 2]).max()) < 0.05


def test_without_a_device_time_still_passes() -> None:
    clock = iter((0.0, 1 / 128, 2 / 128, 5.0, 5 + 1 / 128))
    read: list[int] = []

    def count(frames: int) -> np.ndarray:
        read.append(frames)
        return np.zeros((frames, 2), dtype=np.float32)

    output = SilentOutput(count, 1280, now=lambda: next(clock))
    for _ in range(4):
        output.pump()
    assert read == [10, 10, 320, 10]


def test_the_transport_plays_changes_and_stops() -> None:
    outputs: list[ReadSamples] = []
    told: list[SoundState] = []

    def open_fake(read: ReadSamples) -> tuple[SoundOutput, str]:
        outputs.append(read)
        return SilentOutput(read, RATE, now=lambda: 0.0), "Silent: a test."

    transport = Transport(told.append, open_fake)
    transport.do(SetMetronome(True))
    assert not outputs, "the device is opened at the first sound"
    transport.do(Play(LOOP, (0.5, 0.5), token=7))
    outputs[0](1000)
    assert transport.position()[0] > 0
    assert transport.position()[1] == 7
    transport.do(SetGains((0.0, 0.0)))
    transport.do(Play(LOOP, (), Start.NEXT_BAR, token=8))
    outputs[0](100_000)
    assert transport.position()[1] == 8
    transport.do(StopPlaying())
    transport.do(PlayNote(LOOP.tracks[0], LOOP.tracks[0].notes[0], 120.0))
    assert transport.is_sounding
    assert not transport.is_playing
    transport.close()
    assert told == [SoundState(False, "Silent: a test.")]
