"""Files dragged out of another process, dropped on the real window, looked at in the panel and put on the canvas."""

import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtGui import QColor, QImage

from engine.audio.extra import is_installed
from engine.midi import smf
from engine.music.general_midi import Role
from engine.music.loop import Loop, Note, Track
from engine.resources import assets_folder
from gui.panels.stem_picture import HEIGHT_PX
from gui.panels.stem_row import LEFT_PX
from gui.theme import DARK, LIGHT
from tests.helpers.desktop import Desktop, missing_tools, until
from tests.helpers.dropping import PANEL, SCREEN, TARGET, drop, song, stems
from tests.helpers.sounding_stems import LINE, bass, written
from tests.helpers.trial import WINDOW, Trial
from tests.stems.test_timing import GROOVE, played

pytestmark = [
    pytest.mark.gui,
    pytest.mark.skipif(bool(missing_tools()), reason=f"not installed: {', '.join(missing_tools())}"),
]

FLAG_DRAG_PX, BEAT = 60, 480
has_model = (assets_folder() / "models" / "base").exists()
needs_audio = pytest.mark.skipif(not is_installed(), reason="needs the audio extra")


@pytest.fixture
def desktop(tmp_path: Path) -> Iterator[Desktop]:
    desktop = Desktop(tmp_path / "home", SCREEN)
    yield desktop
    desktop.close()


def use(trial: Trial, step: str) -> Loop:
    """Press until what is shown is used: the button wakes up once the files have been looked at."""

    def pressed() -> bool:
        trial.desktop.press("ctrl+Return")
        time.sleep(0.3)  # the hand's pace
        return step in trial.done()

    until(pressed, step)
    return trial.history().current


def test_stems_become_the_prompt_and_undo_brings_the_old_loop_back(desktop: Desktop, tmp_path: Path) -> None:
    paths = stems(tmp_path / "stems")
    trial = drop(desktop, *paths[:2])
    before = trial.history().current
    until(lambda: flag_of(desktop, tmp_path / "flag.png"), "the parts")
    trial.picture("import-stems")
    loop = use(trial, "Use as prompt")
    assert loop.tracks == tuple(replace(track, program=None) for track in before.tracks[:2])
    assert loop.tempo_bpm == before.tempo_bpm
    until(lambda: PANEL not in desktop.windows(), "the end of the panel")
    desktop.focus(WINDOW)
    if has_model:
        desktop.press("g")
        until(lambda: len(trial.takes()) == 4, "takes that fit the stems")
        assert {row.roles for row in trial.takes()} == {"drums bass"}
        trial.picture("import-takes")
    desktop.press("ctrl+z")
    until(lambda: not trial.done(), "undo")
    assert trial.history().current == before


def flag_of(desktop: Desktop, path: Path) -> tuple[int, int] | None:
    """Return where the flag of the uppermost row is on the screen, told by its colour; None while there is none."""
    desktop.picture(path)
    image = QImage(str(path))
    colors = {QColor(theme.warning).rgb() for theme in (DARK, LIGHT)}
    left, top = desktop.origin(PANEL)
    for x in range(left + LEFT_PX, image.width()):
        rows = [y for y in range(top, image.height()) if image.pixel(x, y) in colors]
        if len(rows) >= HEIGHT_PX - 4:
            return x, rows[HEIGHT_PX // 3]
    return None


def test_the_flag_of_played_midi_is_dragged_to_bar_one(desktop: Desktop, tmp_path: Path) -> None:
    trial = drop(desktop, played(tmp_path / "beat.mid", bpm=100.0, start_seconds=1.0, spread=10))
    desktop.move(PANEL, 0, 0)
    until(lambda: desktop.origin(PANEL)[0] < 20, "the panel in its corner")
    until(lambda: flag_of(desktop, tmp_path / "flag.png"), "the flag")
    x, y = flag_of(desktop, tmp_path / "flag.png") or (0, 0)
    trial.picture("import-flag-before")
    desktop.drag((x, y), (x + FLAG_DRAG_PX, y))
    until(lambda: (flag_of(desktop, tmp_path / "flag.png") or (0, 0))[0] > x, "the flag elsewhere")
    trial.picture("import-flag-after")
    moved, _ = flag_of(desktop, tmp_path / "flag.png") or (0, 0)
    assert moved == pytest.approx(x + FLAG_DRAG_PX, abs=2)
    loop = use(trial, "Use as prompt")
    assert loop.tempo_bpm == pytest.approx(100, rel=0.01)
    first = min(note.onset for note in loop.tracks[0].notes)
    assert loop.note_count < 8 * len(GROOVE), "what lies before the flag is left out"
    assert first < BEAT


def test_a_song_gives_its_loops(desktop: Desktop, tmp_path: Path) -> None:
    trial = drop(desktop, song(tmp_path / "song.mid"))
    trial.picture("import-song")
    loop = use(trial, "Use loop of a song")
    assert 1 <= loop.bars <= 4
    assert loop.note_count
    trial.picture("import-song-used")


@needs_audio
def test_a_sound_becomes_notes(desktop: Desktop, tmp_path: Path) -> None:
    trial = drop(desktop, written(bass(), tmp_path / "bass.wav"))
    trial.picture("import-sound")
    loop = use(trial, "Use as prompt")
    (track,) = loop.tracks
    assert track.role is Role.BASS
    assert loop.tempo_bpm == pytest.approx(104, rel=0.04)
    assert len(track.notes) >= len(LINE) * 3 // 4


@needs_audio
def test_a_folder_gives_its_midi_and_its_sounds(desktop: Desktop, tmp_path: Path) -> None:
    folder = tmp_path / "my stems"
    folder.mkdir()
    beat = Track(Role.DRUMS, tuple(Note(480 * i, 36 if i % 2 == 0 else 38, 120) for i in range(16)))
    smf.write(Loop(tempo_bpm=104, bars=4, tracks=(beat,)), folder / "drums.mid")
    written(bass(), folder / "bass.wav")
    trial = drop(desktop, folder)
    loop = use(trial, "Use as prompt")
    assert [track.role for track in loop.tracks] == [Role.DRUMS, Role.BASS]


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("pcmanfm") is None, reason="not installed: pcmanfm")
def test_a_file_manager_hands_its_file_over(desktop: Desktop, tmp_path: Path) -> None:
    folder = tmp_path / "files"
    smf_path = stems(folder)[0]
    for path in folder.iterdir():
        if path != smf_path:
            path.unlink()
    trial = Trial(desktop)
    until(lambda: (trial.data / "journal.jsonl").exists(), "the first loop")
    desktop.move(WINDOW, 0, 0)
    desktop.run("pcmanfm", "--no-desktop", str(folder))
    title = desktop.wait_for_window_like("files")
    desktop.place(title, 500, 820, 600, 260)
    desktop.keep_above(title)
    time.sleep(1.0)
    trial.picture("import-file-manager")
    x, y = desktop.origin(title)
    desktop.drag((x + 215, y + 115), trial.at(TARGET), hold_seconds=0.3)
    desktop.wait_for_window(PANEL)
    desktop.focus(PANEL)
    assert use(trial, "Use as prompt").tracks[0].role is Role.DRUMS
