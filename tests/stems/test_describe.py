"""What files hold is told before anything is taken; what cannot be read is told in a sentence."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.errors import MidiFileError
from engine.jobs.material import FilesDescribed, FoundFile, ReadingProgress
from engine.midi import smf
from engine.music.general_midi import Role, RoleSource
from engine.music.harmony import Chord, Key, Mode
from engine.music.loop import Loop, Note, Track
from engine.music.timing import Meter
from engine.stems.describe import describe_steps
from engine.stems.merge import Stem, merge_stems
from tests.helpers.midi_bytes import midi, off, on, tempo, track

HITS = tuple(Note(480 * beat, (36, 38)[beat % 2], 120) for beat in range(8))
CHORDS = tuple(
    Note(1920 * bar, pitch, 1920) for bar, triad in enumerate(((57, 60, 64), (53, 57, 60))) for pitch in triad
)
SONG = Loop(Meter(), 100.0, 2, (Track(Role.DRUMS, HITS), Track(Role.PAD, CHORDS, 89, "Warm pad")))


def described(*paths: Path) -> tuple[FoundFile, ...]:
    answers: list[FilesDescribed] = []

    def whole() -> Iterator[ReadingProgress]:
        answers.append((yield from describe_steps([str(path) for path in paths])))

    done = [progress.done for progress in whole()]
    assert done == list(range(len([file for file in answers[0].files if file.path])))
    return answers[0].files


def test_parts_time_key_and_chords_are_told(tmp_path: Path) -> None:
    smf.write(SONG, tmp_path / "song.mid", programs=True)
    (found,) = described(tmp_path / "song.mid")
    assert [(part.role, part.role_source) for part in found.parts] == [
        (Role.DRUMS, RoleSource.CHANNEL),
        (Role.PAD, RoleSource.NAME),
    ]
    pad = found.parts[1]
    assert (pad.name, pad.program, pad.notes, pad.bars, pad.lowest, pad.highest) == ("Warm pad", 89, 6, 2, 53, 64)
    assert (found.bars, found.timing.tempo_bpm, found.timing.meter) == (2, 100.0, Meter())
    assert found.key == Key(9, Mode.MINOR)
    assert found.chords == ((Chord.parse("Am"),), (Chord.parse("F"),))
    assert not found.problem


def test_folders_are_searched_and_links_that_lead_back_are_not_followed(tmp_path: Path) -> None:
    inside = tmp_path / "project" / "stems"
    inside.mkdir(parents=True)
    smf.write(SONG, inside / "a.mid")
    (inside / "notes.txt").write_text("no")
    (inside / "up").symlink_to(tmp_path / "project")
    (inside / "round.mid").symlink_to(inside / "round.mid")
    (inside / "same.mid").symlink_to(inside / "a.mid")
    found = described(tmp_path / "project")
    assert [Path(file.path).name for file in found] == ["a.mid", ""]
    assert "round.mid cannot be read" in found[1].problem


def test_pictures_of_many_files_are_bounded_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.stems.describe._MOST_DRAWN_IN_ALL", 36)
    for number in range(5):
        smf.write(SONG, tmp_path / f"{number}.mid")
    found = described(tmp_path)
    assert [[len(part.drawn) for part in file.parts] for file in found] == [[8, 6], [8, 6], [4, 3], [0, 0], [0, 0]]
    assert [[part.notes for part in file.parts] for file in found] == [[8, 6]] * 5


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("empty.mid", b"", "empty.mid cannot be read"),
        ("text.mid", b"not music at all", "text.mid cannot be read"),
        ("huge.mid", b"MThd" + bytes(5 << 20), "too large"),
        ("silent.mid", midi(track()), "silent.mid holds no notes"),
    ],
)
def test_a_bad_file_is_told_and_the_others_are_read(tmp_path: Path, name: str, content: bytes, why: str) -> None:
    (tmp_path / name).write_bytes(content)
    smf.write(SONG, tmp_path / "good.mid")
    bad, good = described(tmp_path / name, tmp_path / "good.mid")
    assert why in bad.problem
    assert "\n" not in bad.problem
    assert good.parts


def test_a_file_that_lasts_for_days_is_told_and_the_others_are_read(tmp_path: Path) -> None:
    beats = [event for beat in range(40) for event in (on(430 if beat else 60, 60), off(50, 60))]  # beside the grid
    (tmp_path / "days.mid").write_bytes(midi(track(tempo(0, 16_777_215), *beats, on(38_000_000, 60), off(9, 60))))
    smf.write(SONG, tmp_path / "good.mid")
    bad, good = described(tmp_path / "days.mid", tmp_path / "good.mid")
    assert "days.mid cannot be" in bad.problem
    assert "more than 20,000 bars" in bad.problem
    assert good.parts
    with pytest.raises(MidiFileError, match=r"days\.mid cannot be"):
        merge_stems([Stem(None, tmp_path / "days.mid")])


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() == 0, reason="everything is readable here")
def test_an_unreadable_file_is_told(tmp_path: Path) -> None:
    smf.write(SONG, tmp_path / "locked.mid")
    (tmp_path / "locked.mid").chmod(0)
    (found,) = described(tmp_path / "locked.mid")
    assert "locked.mid cannot be read" in found.problem


def test_a_name_without_file_and_a_folder_without_midi_are_told(tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    first, second = described(tmp_path / "gone.mid", tmp_path / "nothing")
    assert "gone.mid cannot be read" in first.problem
    assert "holds no MIDI files" in second.problem


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes of this kind here")
def test_a_pipe_is_told_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mid")
    (found,) = described(tmp_path / "pipe.mid")
    assert found.problem == "pipe.mid cannot be read: it is no file but a pipe or a device."


def test_a_folder_given_as_a_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(MidiFileError, match="it is a folder"):
        smf.read(tmp_path)
