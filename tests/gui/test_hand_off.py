"""What leaves the window: names, folders, and what a drag carries."""

from datetime import date
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from engine.music.general_midi import Role
from engine.music.harmony import Key
from engine.music.loop import Loop, Note, Track
from gui.hand_off import (
    LMMS_MIME,
    day_folder,
    file_of_part,
    file_stem,
    files_of_loop,
    fresh_path,
    mime_of_files,
    only_selected,
)
from gui.piano_roll.selection import NoteRef

LOOP = Loop(
    tempo_bpm=92.5,
    bars=4,
    key=Key.parse("F# minor"),
    name="Über/Loop: 7",
    tracks=(
        Track(Role.DRUMS, (Note(0, 36, 60),)),
        Track(Role.BASS),
        Track(Role.KEYS, (Note(0, 60, 60), Note(480, 62, 60)), name="Rhodes"),
    ),
)


def test_a_name_says_part_tempo_key_and_length() -> None:
    assert file_stem(LOOP, 2) == "Über-Loop- 7_Rhodes_92.5bpm_Fsm_4bars".replace(".", "-")


def test_a_name_no_file_system_refuses() -> None:
    assert file_stem(Loop(name="../../..", bars=1)) == "Loop_120bpm_1bar"


def test_a_path_is_fresh_however_often_it_is_asked(tmp_path: Path) -> None:
    taken = {tmp_path / "a.mid", tmp_path / "a (2).mid"}
    assert fresh_path(tmp_path, "a", is_taken=taken.__contains__) == tmp_path / "a (3).mid"


def test_hand_offs_of_a_day_lie_together() -> None:
    assert day_folder(Path("Music"), date(2026, 3, 4)) == Path("Music/2026-03-04")


def test_one_file_a_part_leaves_out_empty_parts(tmp_path: Path) -> None:
    files = files_of_loop(LOOP, tmp_path, as_parts=True)
    assert [Path(file.path).name.split("_")[1] for file in files] == ["Drums", "Rhodes"]
    assert [file.loop.tracks[file.part or 0].role for file in files] == [Role.DRUMS, Role.KEYS]


def test_one_file_holds_all_parts(tmp_path: Path) -> None:
    (file,) = files_of_loop(LOOP, tmp_path, as_parts=False, include_tempo=False)
    assert file.part is None
    assert not file.include_tempo
    assert len(file.loop.tracks) == 2


def test_a_part_is_taken_by_its_place(tmp_path: Path) -> None:
    assert file_of_part(LOOP, 2, tmp_path).part == 2


def test_a_selection_is_all_that_leaves() -> None:
    chosen = only_selected(LOOP, frozenset({NoteRef(2, Note(480, 62, 60))}))
    assert [track.label for track in chosen.tracks] == ["Rhodes"]
    assert chosen.tracks[0].notes == (Note(480, 62, 60),)
    assert chosen.length == LOOP.length
    assert only_selected(LOOP, frozenset()) is LOOP


@pytest.mark.gui
def test_a_drag_carries_urls_and_what_lmms_wants(qtbot: QtBot, tmp_path: Path) -> None:
    paths = [str(tmp_path / "a b#1.mid"), str(tmp_path / "c.mid")]
    mime = mime_of_files(paths)
    assert [url.toLocalFile() for url in mime.urls()] == paths
    assert bytes(mime.data(LMMS_MIME).data()).decode() == f"importedproject:{paths[0]}"
