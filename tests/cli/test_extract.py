"""`turnaround extract`: loops as files, a table, a run that goes on, bad files told and skipped."""

import csv
from pathlib import Path

import pytest

from engine.jobs.material import FindLoops, LoopsFound
from engine.midi import smf
from engine.mining import extract as extract_module
from engine.music.general_midi import Role
from engine.music.loop import Loop, Note, Track
from tests.cli.conftest import Run

PITCHES = (33, 33, 36, 40, 41, 41, 40, 36)


def write_song(path: Path, *, bars: int = 2, key: int = 0) -> None:
    """Write eight bars in which drums and bass go round every `bars`."""
    hits = tuple(Note(240 * i, (36, 42, 38, 42)[i % 4], 60) for i in range(64))
    line = tuple(Note(480 * i, PITCHES[i % (4 * bars) % 8] + key + i % (4 * bars) // 8, 240) for i in range(32))
    path.parent.mkdir(parents=True, exist_ok=True)
    smf.write(Loop(bars=8, tempo_bpm=96, tracks=(Track(Role.DRUMS, hits), Track(Role.BASS, line, 33))), path)


def table(folder: Path) -> list[dict[str, str]]:
    with (folder / "loops.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_loops_are_written_with_a_table_of_what_they_are(run: Run, tmp_path: Path) -> None:
    write_song(tmp_path / "songs" / "Mein Lied.mid")
    outcome = run("extract", tmp_path / "songs", "--out", tmp_path / "out")
    assert outcome.status == 0
    (row,) = table(tmp_path / "out")
    assert outcome.out == f"{tmp_path / 'out' / row['file']}\n"
    assert row["file"].startswith("Mein-Lied_all_96bpm_")
    assert (row["first_bar"], row["bars"], row["parts"], row["meter"]) == ("1", "2", "drums+bass", "4/4")
    assert (row["notes"], row["notes_a_bar"], row["nomml"]) == ("24", "12.0", "0")
    assert smf.read(tmp_path / "out" / row["file"]).loop.bars == 2


def test_parts_are_searched_alone_when_asked(run: Run, tmp_path: Path) -> None:
    write_song(tmp_path / "a.mid")
    record = run("extract", tmp_path / "a.mid", "--out", tmp_path / "out", "--per-track", "--json").record
    assert [(row["part"], row["bars"]) for row in record["loops"]] == [("all", 2), ("Drums", 1), ("Bass", 2)]
    assert record["problems"] == []


def test_only_the_lengths_that_are_asked_for_are_found(run: Run, tmp_path: Path) -> None:
    write_song(tmp_path / "a.mid")
    assert run("extract", tmp_path / "a.mid", "--out", tmp_path / "out", "--bars", "3").out == ""
    assert run("extract", tmp_path / "a.mid", "--out", tmp_path / "out", "--bars", "two").status == 2


def test_bad_files_are_told_and_skipped(run: Run, tmp_path: Path) -> None:
    write_song(tmp_path / "songs" / "good.mid")
    (tmp_path / "songs" / "bad.mid").write_bytes(b"MThd but no more")
    (tmp_path / "songs" / "empty.mid").write_bytes(b"")
    outcome = run("extract", tmp_path / "songs", tmp_path / "gone.mid", "--out", tmp_path / "out")
    assert outcome.status == 1
    assert [row["song"] for row in table(tmp_path / "out")] == [str(tmp_path / "songs" / "good.mid")]
    for name in ("bad.mid", "empty.mid", "gone.mid"):
        assert f"{name} cannot be read" in outcome.err


def test_songs_of_one_name_do_not_overwrite_each_other(run: Run, tmp_path: Path) -> None:
    write_song(tmp_path / "one" / "song.mid")
    write_song(tmp_path / "two" / "song.mid")
    run("extract", tmp_path / "one", tmp_path / "two", "--out", tmp_path / "out")
    files = [row["file"] for row in table(tmp_path / "out")]
    assert len(set(files)) == 2
    assert all((tmp_path / "out" / file).exists() for file in files)


def test_a_stopped_run_goes_on_where_it_was(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        write_song(tmp_path / "songs" / f"{number}.mid", key=number)
    searched: list[str] = []
    whole = extract_module.loops_of_file

    def counting(wish: FindLoops) -> LoopsFound:
        if len(searched) == 2:
            raise KeyboardInterrupt
        searched.append(Path(wish.path).name)
        return whole(wish)

    monkeypatch.setattr(extract_module, "loops_of_file", counting)
    monkeypatch.setattr(extract_module, "_FILES_A_TASK", 1)
    arguments = ("extract", tmp_path / "songs", "--out", tmp_path / "out", "--processes", "1")
    run(*arguments)
    assert len(table(tmp_path / "out")) == 2
    searched.clear()
    outcome = run(*arguments)
    assert searched == ["2.mid"]
    assert len(table(tmp_path / "out")) == 3
    assert "2 of them before" in outcome.err


def test_a_song_that_changed_is_searched_again(run: Run, tmp_path: Path) -> None:
    write_song(tmp_path / "song.mid")
    run("extract", tmp_path / "song.mid", "--out", tmp_path / "out")
    write_song(tmp_path / "song.mid", bars=4)
    run("extract", tmp_path / "song.mid", "--out", tmp_path / "out")
    assert [row["bars"] for row in table(tmp_path / "out")] == ["4"]


def test_several_processes_find_the_same(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(4):
        write_song(tmp_path / "songs" / f"{number}.mid", key=number)
    monkeypatch.setattr(extract_module, "_FILES_A_TASK", 2)
    run("extract", tmp_path / "songs", "--out", tmp_path / "one", "--processes", "1")
    run("extract", tmp_path / "songs", "--out", tmp_path / "two", "--processes", "2")
    assert table(tmp_path / "one") == table(tmp_path / "two")


def test_a_folder_that_cannot_be_made_is_told(run: Run, tmp_path: Path) -> None:
    write_song(tmp_path / "song.mid")
    (tmp_path / "out").write_text("a file")
    outcome = run("extract", tmp_path / "song.mid", "--out", tmp_path / "out")
    assert outcome.status == 1
    assert "out cannot be written" in outcome.err
