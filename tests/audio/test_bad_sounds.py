"""Sound files as people really have them: each is heard, or refused in one sentence, and nothing half-written stays."""

import os
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from engine.audio import reading
from engine.audio.extra import is_installed
from engine.cli.app import main
from engine.live.synth import render_loop, write_wav
from tests.helpers.sounding_stems import bass, written

pytestmark = pytest.mark.skipif(not is_installed(), reason="needs the audio extra")


def write(path: Path, samples: np.ndarray, rate: int = 44_100) -> None:
    import soundfile

    soundfile.write(path, samples, rate)


def silent(path: Path) -> None:
    write(path, np.zeros((44_100, 2), np.float32))


def one_sample(path: Path) -> None:
    write(path, np.ones((1, 2), np.float32))


def ten_hours(path: Path) -> None:
    size = 36_000 * 48_000 * 2  # bytes of 16-bit mono, in a sparse file
    form = struct.pack("<IHHIIHH", 16, 1, 1, 48_000, 96_000, 2, 16)
    with path.open("wb") as file:
        file.write(b"RIFF" + struct.pack("<I", 36 + size) + b"WAVEfmt " + form + b"data" + struct.pack("<I", size))
        file.truncate(44 + size)


def corrupt(path: Path) -> None:
    good = path.with_name("good.flac")
    write(good, np.random.default_rng(1).uniform(-0.5, 0.5, (44_100, 1)))
    data = bytearray(good.read_bytes())
    data[200:] = b"\x55" * (len(data) - 200)
    path.write_bytes(data)
    good.unlink()


def text(path: Path) -> None:
    path.write_text("this is no sound\n" * 50)


def midi(path: Path) -> None:
    path.write_bytes(b"MThd\0\0\0\6\0\0\0\1\1\xe0MTrk\0\0\0\4\0\xff\x2f\0")


def empty(path: Path) -> None:
    path.write_bytes(b"")


def circle(path: Path) -> None:
    os.symlink(path, path)


def pipe(path: Path) -> None:
    os.mkfifo(path)


def nothing(path: Path) -> None:
    """Leave it missing."""


def folder(path: Path) -> None:
    path.mkdir()


REFUSED: list[tuple[Callable[[Path], None], str, str]] = [
    (silent, "a.wav", "a.wav is silent. Check that the right track was exported."),
    (one_sample, "a.wav", "a.wav holds less than a twentieth of a second of sound. Export it again, whole."),
    (ten_hours, "a.wav", "a.wav is 10.0 hours long; up to 30 minutes can be heard as notes."),
    (corrupt, "a.flac", "a.flac is damaged, or not a sound file that can be read."),
    (text, "a.wav", "a.wav is damaged, or not a sound file that can be read."),
    (text, "a.mp3", "a.mp3 is damaged, or not a sound file that can be read."),
    (midi, "a.wav", "a.wav is damaged, or not a sound file that can be read."),
    (empty, "a.wav", "a.wav is empty. Export it again."),
    (circle, "a.wav", "a.wav is a link that leads back to itself. Name the file itself."),
    (pipe, "a.wav", "a.wav is not a file."),
    (nothing, "a.wav", "a.wav does not exist. Check the name."),
    (folder, "a.wav", "a.wav holds no sound files. Give WAV, AIFF, FLAC, OGG or MP3 files."),
]


@pytest.mark.parametrize(("make", "name", "told"), REFUSED, ids=[f"{m.__name__} {n}" for m, n, _ in REFUSED])
def test_what_cannot_be_heard_is_told_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], make: Callable[[Path], None], name: str, told: str
) -> None:
    make(tmp_path / name)
    out = tmp_path / "out"
    assert main(["transcribe", str(tmp_path / name), "--out", str(out), "--sound", "none"]) == 1
    said = capsys.readouterr().err
    assert told in said
    assert len(said.strip().splitlines()) == 1
    assert not list(out.rglob("*.*"))


def test_a_file_that_may_not_be_read_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    silent(tmp_path / "a.wav")
    monkeypatch.setattr(reading.os, "access", lambda *_: False)
    assert main(["transcribe", str(tmp_path / "a.wav"), "--out", str(tmp_path / "out")]) == 1
    assert "a.wav may not be read by you. Change its permissions, or copy it." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "rate", "channels"), [("a.wav", 8000, 1), ("a.wav", 44_100, 24), ("a.ogg", 96_000, 2)]
)
def test_odd_rates_and_channels_are_heard(tmp_path: Path, name: str, rate: int, channels: int) -> None:
    import soxr

    mono = render_loop(bass(), passes=1).mean(axis=1)
    samples = soxr.resample(mono, 44_100, rate)
    write(tmp_path / name, np.repeat(samples[:, None], channels, axis=1).clip(-1, 1), rate)
    assert main(["transcribe", str(tmp_path / name), "--role", "bass", "--out", str(tmp_path / "out")]) == 0
    assert (tmp_path / "out" / "a.mid").exists()


def test_a_wrong_extension_does_not_matter_if_it_is_sound(tmp_path: Path) -> None:
    written(bass(), tmp_path / "a.wav").rename(tmp_path / "a.mp3")
    assert main(["transcribe", str(tmp_path / "a.mp3"), "--out", str(tmp_path / "out")]) == 0


def test_folders_are_gone_through_and_circles_of_links_are_not(tmp_path: Path) -> None:
    (tmp_path / "in" / "deep").mkdir(parents=True)
    written(bass(), tmp_path / "in" / "bass.wav")
    written(bass(), tmp_path / "in" / "deep" / "bass.wav")
    os.symlink(tmp_path / "in", tmp_path / "in" / "deep" / "again")
    assert main(["transcribe", str(tmp_path / "in"), "--out", str(tmp_path / "out")]) == 0
    found = sorted(str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*.mid"))
    assert found == ["bass.mid", "deep/bass.mid"]


def test_pieces_are_heard_and_written_one_by_one_and_rests_are_no_mistake(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    audio = render_loop(bass(), passes=1)
    rest = np.zeros((44_100 * 5, 2), np.float32)
    write_wav(str(tmp_path / "bass.wav"), np.concatenate([audio[: 44_100 * 5], rest, audio[: 44_100 * 3]]), 44_100)
    arguments = ["transcribe", str(tmp_path / "bass.wav"), "--crop", "every:5", "--sound", "flac"]
    assert main([*arguments, "--out", str(tmp_path / "out")]) == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "bass-001.flac", "bass-001.mid", "bass-002.flac", "bass-003.flac", "bass-003.mid"]  # fmt: skip
    assert "Piece 002: bass.wav is silent." in capsys.readouterr().err


def test_converting_alone_hears_nothing_and_never_overwrites_what_it_reads(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    silent(tmp_path / "a.wav")
    before = (tmp_path / "a.wav").read_bytes()
    arguments = ["transcribe", str(tmp_path / "a.wav"), "--no-notes", "--out", str(tmp_path), "--sound"]
    assert main([*arguments, "ogg", "--mono", "--rate", "22050"]) == 0
    assert main([*arguments, "wav"]) == 1
    assert "would overwrite itself" in capsys.readouterr().err
    assert (tmp_path / "a.wav").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.ogg", "a.wav"]


def test_nothing_to_write_is_a_mistake_of_usage(tmp_path: Path) -> None:
    assert main(["transcribe", "a.wav", "--no-notes", "--out", str(tmp_path)]) == 2
