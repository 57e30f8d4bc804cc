"""symusic and mido read the same: on every file we can write, and on 500 songs of a corpus where one is given.

TURNAROUND_CORPUS=FOLDER python -m pytest -m slow tests/midi/test_smf_readers_agree.py
"""

import os
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from engine.errors import MidiFileError
from engine.midi import smf
from engine.midi.song import Column, Song, cut_window
from engine.music.general_midi import Role
from engine.music.timing import Meter
from tests.helpers.midi_bytes import end, meta, meter, midi, name, off, on, pedal, program, tempo, track

SONGS = 500


def hard_file(seed: int) -> bytes:
    """Return a file full of what readers disagree on: programs and pedals changing in the middle, overlaps."""
    rng = random.Random(seed)
    chunks: list[bytes] = []
    for _ in range(4):
        events = [name(f"Part {rng.randrange(9)}")]
        for _event in range(200):
            channel, wait = rng.choice((0, 1, 9)), rng.choice((0, 0, 1, 37, 96, 200))
            pitch = rng.randrange(48, 54)
            kinds = (on(wait, pitch, rng.randrange(128), channel=channel), off(wait, pitch, channel=channel))
            more = (program(wait, rng.randrange(3), channel=channel), meta(wait, 0x01, b"x"))
            pedals = pedal(wait, rng.choice((0, 127)), channel=channel)
            events.append(rng.choice((*kinds, *kinds, *kinds, *more, pedals)))
        chunks.append(track(*events, end(rng.randrange(2_000))))
    conductor = track(tempo(0, 500_000), meter(0, 3, 2), tempo(1_000, 450_000), meter(440, 7, 3), end())
    return midi(conductor, *chunks, division=rng.choice((96, 120, 384, 480)))


def result(reader: Callable[..., Song], source: Path | bytes) -> Song | str:
    try:
        return reader(source, name="song")
    except MidiFileError as error:
        return str(error)


def agree(source: Path | bytes) -> bool:
    fast, exact = result(smf.read_song, source), result(smf.read_song_exact, source)
    if isinstance(fast, Song) and isinstance(exact, Song):
        return fast.same_as(exact)
    return fast == exact


@pytest.mark.parametrize("seed", range(40))
def test_both_readers_agree_on_awkward_files(seed: int) -> None:
    assert agree(hard_file(seed))


@pytest.mark.slow
def test_both_readers_agree_on_500_songs_of_the_corpus() -> None:
    folder = os.environ.get("TURNAROUND_CORPUS")
    if not folder:
        pytest.skip("TURNAROUND_CORPUS names no folder")
    paths = sorted(Path(folder).rglob("*.mid"))
    chosen = random.Random(500).sample(paths, min(SONGS, len(paths)))
    assert not [path for path in chosen if not agree(path)]


def song_with_changes() -> Song:
    conductor = track(
        tempo(0, 600_000), meter(0, 3, 2), tempo(2_880, 500_000), meter(0, 4, 2), meter(2_400, 7, 3), end()
    )
    body = track(on(0, 60), off(480, 60), on(480, 62), off(480, 62), on(480, 64), off(5_000, 64), end())
    return smf.read_song(midi(conductor, body), name="changes")


def test_bars_are_counted_through_changes_of_meter() -> None:
    song = song_with_changes()
    # two bars of 3/4, one of 4/4 and a short one of 480 ticks, then bars of 7/8
    assert song.bar_starts.tolist() == [0, 1440, 2880, 4800, 5280, 6960]
    assert [str(song.meter_of_bar(bar)) for bar in range(song.bars)] == ["3/4", "3/4", "4/4", "4/4", "7/8"]
    assert [song.is_regular(bar, 1) for bar in range(song.bars)] == [True, True, True, False, True]
    assert song.is_regular(0, 2)
    assert not song.is_regular(1, 2)
    assert not song.is_regular(4, 2)


def test_tempo_is_that_of_the_window() -> None:
    song = song_with_changes()
    assert song.tempos.tolist() == [[0, 600_000], [2_880, 500_000]]
    assert [cut_window(song, first_bar=bar, bars=1).loop.tempo_bpm for bar in (0, 2)] == [100.0, 120.0]


def test_a_short_bar_is_cut_where_the_next_begins() -> None:
    window = cut_window(song_with_changes(), first_bar=3)
    assert (window.loop.meter, window.loop.bars, window.loop.tracks) == (Meter(4, 4), 1, ())
    with pytest.raises(ValueError, match="there is no bar 6"):
        cut_window(song_with_changes(), first_bar=5)


def test_notes_are_sorted_and_typed() -> None:
    song = smf.read_song(hard_file(1))
    keys = song.notes[:, [Column.ONSET, Column.TRACK, Column.PITCH]].tolist()
    assert keys == sorted(keys)
    assert song.notes.dtype == np.int32
    assert (song.notes[:, Column.DURATION] > 0).all()
    assert len(song.roles) == len(song.tracks) == song.notes[:, Column.TRACK].max() + 1


def test_corpora_believe_the_program_before_the_name() -> None:
    song = smf.read_song(midi(track(name("Bass"), program(0, 25), on(0, 60), off(9, 60), end())))
    assert song.tracks[0].role is Role.GUITAR
    assert smf.read_song(midi(track(name("Bass"), on(0, 60), off(9, 60), end()))).tracks[0].role is Role.BASS
