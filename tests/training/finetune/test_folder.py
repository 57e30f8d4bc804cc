"""What is said of a folder before anything is learned from it."""

import json
from pathlib import Path

import numpy as np
import pytest

from engine.errors import CorpusError
from engine.music.general_midi import ROLES, Role
from tests.helpers.midi_bytes import end, meter, midi, off, on, track
from tests.training.corpus_files import midi_bytes
from tests.training.finetune.own_files import melody_bytes, write_noise, write_style
from training.finetune.folder import FIXES, FolderReport, Reason, Verdict, check_folder, report_lines


def _rejected(folder: Path) -> dict[str, Reason]:
    return {file.name: file.reason for file in check_folder(folder)[0].rejected}


def test_a_good_folder_is_counted(tmp_path: Path) -> None:
    report, songs = check_folder(write_style(tmp_path / "mine", 4))
    assert [file.name for file in report.used] == [f"song 0{index}.mid" for index in range(4)]
    assert report.rejected == ()
    assert report.bars == sum(song.bars for song in songs) == 8 + 9 + 10 + 11
    assert report.parts == {"drums": 4, "bass": 4}
    assert report.meters == {"4/4": 4}
    assert report.tempo_bpm == (120.0, 120.0, 120.0)
    assert report.loops >= 4
    assert all(len(file.sha256) == 64 for file in report.used)


def test_each_wrong_file_is_told_with_a_way_out(tmp_path: Path) -> None:
    folder = write_style(tmp_path, 1)
    good = (folder / "song 00.mid").read_bytes()
    (folder / "z copy.mid").write_bytes(good)
    (folder / "z other key.mid").write_bytes(midi_bytes(bars=8, root=45))
    (folder / "z broken.mid").write_bytes(b"this is no MIDI file")
    (folder / "z empty.mid").write_bytes(b"")
    (folder / "z short.mid").write_bytes(midi_bytes(bars=1))
    loose = np.sort(np.random.default_rng(1).integers(0, 30_000, 300)).tolist()
    (folder / "z free.mid").write_bytes(melody_bytes(loose, [60 + n % 12 for n in range(300)]))
    report, _ = check_folder(folder)
    assert {file.name: file.reason for file in report.rejected} == {
        "z broken.mid": Reason.UNREADABLE,
        "z copy.mid": Reason.DUPLICATE,
        "z empty.mid": Reason.UNREADABLE,
        "z free.mid": Reason.OFF_GRID,
        "z other key.mid": Reason.DUPLICATE,
        "z short.mid": Reason.TOO_SHORT,
    }
    words = "\n".join(report_lines(report))
    assert "1 of 7 files can be used" in words
    assert all(FIXES[reason] in words for reason in _rejected(folder).values())
    assert "It is the same as song 00.mid." in words


def test_a_metre_that_the_model_does_not_know_is_told(tmp_path: Path) -> None:
    # A change of meter every 720 ticks: no bar is as long as it says.
    events = [
        event
        for bar in range(40)
        for event in (meter(0, 4 - bar % 2, 2), on(0, 60), off(240, 60), on(0, 64), off(480, 64))
    ]
    (tmp_path / "odd.mid").write_bytes(midi(track(*events, end())))
    assert _rejected(tmp_path) == {"odd.mid": Reason.WRONG_METRE}


def test_drums_on_another_channel_are_read_as_drums(tmp_path: Path) -> None:
    onsets = [n * 240 for n in range(64)]
    pitches = [(36, 42, 38, 42)[n % 4] for n in range(64)]
    (tmp_path / "kit.mid").write_bytes(melody_bytes(onsets, pitches, channel=0))
    report, songs = check_folder(tmp_path)
    assert "not on channel 10" in report.used[0].repaired[0]
    assert [ROLES[role] for role in songs[0].roles] == [Role.DRUMS]


def test_a_bass_line_is_not_taken_for_drums(tmp_path: Path) -> None:
    (tmp_path / "bass.mid").write_bytes(
        melody_bytes([n * 240 for n in range(64)], [(36, 38, 40, 43)[n % 4] for n in range(64)])
    )
    report, songs = check_folder(tmp_path)
    assert report.used[0].repaired == ()
    assert Role.DRUMS not in [ROLES[role] for role in songs[0].roles]


@pytest.mark.parametrize(
    ("files", "bars", "verdict"),
    [(2, 40, Verdict.NOTHING), (4, 20, Verdict.LITTLE), (13, 40, Verdict.ENOUGH)],
)
def test_it_is_said_whether_it_is_enough(tmp_path: Path, files: int, bars: int, verdict: Verdict) -> None:
    report, _ = check_folder(write_style(tmp_path, files, bars=bars))
    assert report.verdict is verdict


def test_a_report_survives_json(tmp_path: Path) -> None:
    folder = write_style(tmp_path, 3)
    (folder / "bad.mid").write_bytes(b"no")
    report, _ = check_folder(folder)
    assert FolderReport.of_plain(json.loads(json.dumps(report.plain()))) == report


def test_noise_on_the_grid_cannot_be_told_before(tmp_path: Path) -> None:
    report, songs = check_folder(write_noise(tmp_path, 3))
    assert len(songs) == len(report.used) == 3


@pytest.mark.parametrize("make", [False, True])
def test_no_folder_or_an_empty_one_is_told(tmp_path: Path, make: bool) -> None:
    folder = tmp_path / "none"
    if make:
        folder.mkdir()
    with pytest.raises(CorpusError, match="none"):
        check_folder(folder)
