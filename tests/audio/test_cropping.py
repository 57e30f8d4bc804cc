"""Sound files are cut and converted to the sample, and what cannot be done is told and leaves nothing behind."""

from pathlib import Path

import numpy as np
import pytest

from engine.audio.cropping import Crop, Piece, parse_crop, pieces_of, write_piece
from engine.audio.extra import is_installed
from engine.errors import AudioFileError

pytestmark = pytest.mark.skipif(not is_installed(), reason="needs the audio extra")
RATE = 8000


def sound(path: Path, seconds: float, channels: int = 1) -> Path:
    import soundfile

    ramp = np.linspace(-0.9, 0.9, round(seconds * RATE), dtype=np.float32)
    soundfile.write(path, np.repeat(ramp[:, None], channels, axis=1), RATE, subtype="PCM_16")
    return path


def read(path: Path) -> tuple[np.ndarray, int]:
    import soundfile

    return soundfile.read(path, dtype="float32", always_2d=True)


def test_stretches_are_of_one_length_and_the_tail_is_kept(tmp_path: Path) -> None:
    path = sound(tmp_path / "long.wav", 7.5)
    pieces = pieces_of(parse_crop("every:2"), path)
    assert [piece.name for piece in pieces] == ["001", "002", "003", "004"]
    for piece in pieces:
        write_piece(path, piece, tmp_path / f"{piece.name}.wav")
    cut = [read(tmp_path / f"{piece.name}.wav")[0] for piece in pieces]
    assert [len(samples) for samples in cut] == [16_000, 16_000, 16_000, 12_000]
    np.testing.assert_allclose(np.concatenate(cut), read(path)[0], atol=1e-4)


def test_a_tail_too_short_to_hear_is_no_piece(tmp_path: Path) -> None:
    assert len(pieces_of(Crop(every_seconds=2.0), sound(tmp_path / "a.wav", 4.01))) == 2


def test_positions_are_read_with_ends_and_names_where_given(tmp_path: Path) -> None:
    (tmp_path / "cuts.txt").write_text("# song\n0 0:02 intro\n0:02\n1:01:00.5  3700 verse/1\n0:02 3 intro\n")
    assert parse_crop(f"positions:{tmp_path / 'cuts.txt'}").positions == (
        Piece(0, 2, "intro"),
        Piece(2, 3660.5, "002"),
        Piece(3660.5, 3700, "verse-1"),
        Piece(2, 3, "intro (2)"),
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("every:0", "no length"),
        ("every:soon", "no length"),
        ("half", "no way to cut"),
        ("positions:nowhere.txt", "cannot be read"),
    ],
)
def test_a_wrong_way_to_cut_is_told(text: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        parse_crop(text)


@pytest.mark.parametrize("line", ["2 1", "later", "1 1.01", "-1 2"])
def test_a_wrong_line_of_positions_is_named(tmp_path: Path, line: str) -> None:
    (tmp_path / "cuts.txt").write_text(f"0 1\n{line}\n")
    with pytest.raises(ValueError, match=r"cuts\.txt, line 2"):
        parse_crop(f"positions:{tmp_path / 'cuts.txt'}")


def test_a_position_behind_the_end_is_told(tmp_path: Path) -> None:
    with pytest.raises(AudioFileError, match=r"ends after 1\.00 s"):
        pieces_of(Crop(positions=(Piece(5.0),)), sound(tmp_path / "a.wav", 1))


def test_a_piece_is_converted(tmp_path: Path) -> None:
    path = sound(tmp_path / "wide.wav", 3, channels=24)
    write_piece(path, Piece(1.0, 2.0), tmp_path / "out.flac", rate=22_050, is_mono=True)
    samples, rate = read(tmp_path / "out.flac")
    assert rate == 22_050
    assert samples.shape == (22_050, 1)


def test_what_a_form_cannot_hold_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    path = sound(tmp_path / "wide.wav", 1, channels=24)
    with pytest.raises(AudioFileError, match=r"out\.mp3 cannot hold 24 channels"):
        write_piece(path, Piece(), tmp_path / "out.mp3")
    with pytest.raises(AudioFileError, match="cannot be written"):
        write_piece(path, Piece(), tmp_path / "nowhere" / "out.wav")
    assert [each.name for each in tmp_path.iterdir()] == ["wide.wav"]
