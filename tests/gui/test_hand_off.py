"""What leaves the window: names, folders, and what a drag carries."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from engine.music.drum_maps import drum_map
from engine.music.general_midi import Role
from engine.music.harmony import Key
from engine.music.loop import Loop, Note, Track
from gui.hand_off import (
    LMMS_MIME,
    HandOff,
    HandOffAs,
    HandOffOptions,
    bar_range,
    check_file_name,
    day_folder,
    file_stem,
    fresh_path,
    hand_off,
    mime_of_files,
    only_selected,
    outgoing,
    outgoing_text,
)
from gui.piano_roll.selection import BarSelection, NoteRef

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
    assert file_stem(LOOP, "Rhodes") == "Über-Loop- 7_Rhodes_92.5bpm_Fsm_4bars".replace(".", "-")


def test_a_name_no_file_system_refuses() -> None:
    assert file_stem(Loop(name="../../..", bars=1)) == "Loop_120bpm_1bar"


def test_a_path_is_fresh_however_often_it_is_asked(tmp_path: Path) -> None:
    taken = {tmp_path / "a.mid", tmp_path / "a (2).mid"}
    assert fresh_path(tmp_path, "a", is_taken=taken.__contains__) == tmp_path / "a (3).mid"


def test_hand_offs_of_a_day_lie_together() -> None:
    assert day_folder(Path("Music"), date(2026, 3, 4)) == Path("Music/2026-03-04")


def handed(tmp_path: Path, loop: Loop = LOOP, *, seed: str = "", **options: Any) -> HandOff:
    return hand_off(loop, tmp_path, HandOffOptions(**options), seed=seed)


def names(wanted: HandOff) -> list[str]:
    return [Path(file.path).name for file in wanted.files]


def test_one_file_a_part_leaves_out_empty_parts(tmp_path: Path) -> None:
    wanted = handed(tmp_path, form=HandOffAs.PARTS)
    assert [name.split("_")[1] for name in names(wanted)] == ["Drums", "Rhodes"]
    assert [[track.role for track in file.loop.tracks] for file in wanted.files] == [[Role.DRUMS], [Role.KEYS]]


def test_one_file_holds_all_parts(tmp_path: Path) -> None:
    (file,) = handed(tmp_path, has_tempo=False).files
    assert not file.include_tempo
    assert len(file.loop.tracks) == 2


def test_parts_of_one_name_get_files_of_their_own(tmp_path: Path) -> None:
    twins = LOOP.with_tracks([LOOP.tracks[2], LOOP.tracks[2]])
    assert len(set(names(handed(tmp_path, twins, form=HandOffAs.PARTS)))) == 2


def test_one_file_a_drum_piece(tmp_path: Path) -> None:
    drums = Track(Role.DRUMS, (Note(0, 36, 60), Note(0, 42, 60), Note(480, 36, 60), Note(480, 38, 60)))
    wanted = handed(tmp_path, LOOP.with_tracks([drums, LOOP.tracks[2]]), form=HandOffAs.PIECES)
    assert [name.split("_")[1] for name in names(wanted)] == ["Kick", "Snare", "Closed hat", "Rhodes"]
    assert wanted.files[0].loop.tracks[0].notes == (Note(0, 36, 60), Note(480, 36, 60))
    assert {file.loop.length for file in wanted.files} == {LOOP.length}


def test_drums_go_to_the_notes_of_the_instrument(tmp_path: Path) -> None:
    drums = Track(Role.DRUMS, (Note(0, 35, 60), Note(0, 36, 60), Note(0, 42, 60), Note(0, 71, 60)))
    wanted = handed(tmp_path, LOOP.with_tracks([drums]), drums=drum_map("Addictive Drums 2"))
    assert [note.pitch for note in wanted.files[0].loop.tracks[0].notes] == [36, 49]
    assert wanted.missing == ("Short whistle",)


def test_pitched_parts_are_not_remapped(tmp_path: Path) -> None:
    (file,) = handed(tmp_path, drums=drum_map("Addictive Drums 2")).files
    assert file.loop.tracks[1].notes == LOOP.tracks[2].notes


def test_a_project_is_one_file_of_another_kind(tmp_path: Path) -> None:
    (name,) = names(handed(tmp_path, form=HandOffAs.PROJECT))
    assert name.endswith("_4bars.dawproject")


@pytest.mark.parametrize(
    ("template", "name"),
    [
        ("{name}_{part}_{tempo}_{key}_{bars}_{seed}", "Loop_92-5bpm_4bars_42-1.mid"),
        ("{part} {seed}", "42-1.mid"),
        ("{name} - {key} - {bars} [{meter}]", "Loop - 4bars -4-4.mid"),
        ("a/b {tempo}", "a-b 92-5bpm.mid"),
    ],
)
def test_file_names_follow_the_template(tmp_path: Path, template: str, name: str) -> None:
    plain = replace(LOOP, key=None, name="")
    assert names(handed(tmp_path, plain, seed="42-1", file_name=template)) == [name]


@pytest.mark.parametrize("template", ["{song}", "loop", "", "{name", "{}"])
def test_templates_that_say_nothing_are_refused(template: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        check_file_name(template)


def test_selected_bars_leave_as_a_loop_of_their_own() -> None:
    bars = BarSelection().with_range(2, 1, 2)
    long = Note(LOOP.length // 2, 60, LOOP.length // 2)
    chosen = outgoing(LOOP.with_track(2, Track(Role.KEYS, (Note(0, 60, 60), long))), bars=bar_range(bars))
    assert chosen.bars == 2
    assert [track.notes for track in chosen.tracks] == [(Note(1920, 60, 1920),)]
    assert bar_range(bars, part=0) is None


def test_the_badge_says_what_leaves() -> None:
    one = frozenset({NoteRef(2, Note(480, 62, 60))})
    assert outgoing_text(LOOP, one, (0, 1)) == "Drag 1 note"
    assert outgoing_text(LOOP, frozenset(), (0, 1)) == "Drag bars 1–2"
    assert outgoing_text(LOOP, frozenset(), (2, 2)) == "Drag bar 3"
    assert outgoing_text(LOOP, frozenset(), None) == outgoing_text(LOOP, frozenset(), (0, 3)) == "Drag to DAW"


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
