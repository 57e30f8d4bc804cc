"""Damaged files give a loop or the one clear error; nothing else, and soon.

The files are our own, broken in seeded ways: cut off, bits flipped, bytes overwritten, lost or doubled, two
files spliced. A share runs by default, all of them with `-m slow`.
"""

import random
import signal
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar

import pytest

from engine.errors import MidiFileError
from engine.midi import smf
from engine.midi.song import Song
from engine.music.general_midi import Role
from engine.music.loop import Loop, Note, Track
from engine.music.timing import Meter
from tests.helpers.midi_bytes import end, meta, meter, midi, name, off, on, pedal, program, tempo, track

SHARE, ALL = 600, 6_000
HANG_SECONDS = 2.0
T = TypeVar("T")


def written(loop: Loop, folder: Path) -> bytes:
    smf.write(loop, folder / "whole.mid", programs=True)
    return (folder / "whole.mid").read_bytes()


def fixtures(folder: Path) -> list[bytes]:
    """Return sound files of every kind we read."""
    scale = tuple(Note(240 * i, 48 + i * 2 % 24, 200, 60 + i) for i in range(30))
    beat = tuple(Note(240 * i, (36, 42, 38, 42)[i % 4], 60, 100) for i in range(32))
    whole = Loop(bars=4, tracks=(Track(Role.DRUMS, beat), Track(Role.BASS, scale, 33), Track(Role.LEAD, scale)))
    odd = Loop(Meter(7, 8), 97.35, 3, (Track(Role.KEYS, tuple(n for n in scale if n.end < 5040), 4, "Keys 2"),))
    events = (name("All sorts"), tempo(0, 500_000), meter(0, 6, 3), program(0, 5), pedal(0, 127), on(0, 60), on(10, 64))
    more = (off(400, 60), pedal(0, 0), off(10, 64), meta(0, 0x05, b"la la"), tempo(9, 600_000), b"\0\xf0\x03\1\2\xf7")
    mixed = (*events, *more, meter(480, 3, 2), on(0, 40, channel=9), off(480, 40, channel=9), end(2000))
    return [
        written(whole, folder),
        written(odd, folder),
        midi(track(*mixed), kind=0, division=96),
        midi(track(*mixed), track(*mixed), kind=2),
        midi(track(*mixed), division=(256 - 25) << 8 | 40),
    ]


def truncated(data: bytes, _: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(len(data))]


def flipped(data: bytes, _: bytes, rng: random.Random) -> bytes:
    broken = bytearray(data)
    for _flip in range(rng.choice((1, 2, 5, 20))):
        broken[rng.randrange(len(broken))] ^= 1 << rng.randrange(8)
    return bytes(broken)


def overwritten(data: bytes, _: bytes, rng: random.Random) -> bytes:
    start = rng.randrange(len(data))
    return data[:start] + rng.randbytes(rng.choice((1, 4, 40))) + data[start + rng.choice((1, 4, 40)) :]


def spliced(data: bytes, other: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(len(data))] + other[rng.randrange(len(other)) :]


def doubled(data: bytes, _: bytes, rng: random.Random) -> bytes:
    start, stop = sorted(rng.sample(range(len(data)), 2))
    return data[:stop] + data[start:]


DAMAGES: tuple[Callable[[bytes, bytes, random.Random], bytes], ...] = (
    truncated,
    flipped,
    overwritten,
    spliced,
    doubled,
)


def damaged_files(count: int, folder: Path) -> Iterator[tuple[str, bytes]]:
    whole = fixtures(folder)
    for seed in range(count):
        rng = random.Random(seed)
        damage = DAMAGES[seed % len(DAMAGES)]
        yield f"{damage.__name__} {seed}", damage(rng.choice(whole), rng.choice(whole), rng)


@contextmanager
def hang_guard(what: str) -> Generator[None]:
    """Interrupt what takes longer than `HANG_SECONDS`, where the platform has timers."""

    def interrupt(*_: object) -> None:
        pytest.fail(f"{what} hangs")

    if not hasattr(signal, "setitimer"):
        yield
        return
    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, HANG_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def attempt(what: str, reader: Callable[[], T]) -> T | MidiFileError:
    with hang_guard(what):
        try:
            return reader()
        except MidiFileError as error:
            return error


def check(count: int, folder: Path) -> None:
    outcomes: Counter[type] = Counter()
    path = folder / "damaged.mid"
    for what, data in damaged_files(count, folder):
        path.write_bytes(data)
        outcome = attempt(what, lambda: smf.read(path).loop)
        assert isinstance(outcome, Loop) or "damaged.mid" in outcome.title
        outcomes[type(outcome)] += 1
    assert min(outcomes[Loop], outcomes[MidiFileError]) > count // 50, "the damage is too mild or too hard"


def test_damaged_files_give_a_loop_or_one_clear_error(tmp_path: Path) -> None:
    check(SHARE, tmp_path)


@pytest.mark.slow
def test_thousands_of_damaged_files_give_a_loop_or_one_clear_error(tmp_path: Path) -> None:
    check(ALL, tmp_path)


def test_damaged_songs_give_a_song_or_one_clear_error(tmp_path: Path) -> None:
    for what, data in damaged_files(SHARE, tmp_path):
        outcome = attempt(what, partial(smf.read_song, data, name=what))
        assert isinstance(outcome, Song) or what in outcome.title
