"""The whole journey with the keyboard alone: the program under a real window manager, no mouse anywhere."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.library.store import KeptTake, TakeStore
from engine.midi import smf
from engine.music.loop import Loop, Note
from engine.resources import assets_folder
from tests.gui.test_end_to_end import WINDOW, Trial
from tests.helpers.desktop import Desktop, missing_tools, until

pytestmark = [
    pytest.mark.gui,
    pytest.mark.slow,
    pytest.mark.skipif(bool(missing_tools()), reason=f"not installed: {', '.join(missing_tools())}"),
    pytest.mark.skipif(not (assets_folder() / "models" / "base").exists(), reason="no model ships here"),
]
BASS = 1


@pytest.fixture
def desktop(tmp_path: Path) -> Iterator[Desktop]:
    desktop = Desktop(tmp_path / "home")
    yield desktop
    desktop.close()


def kept(trial: Trial, id: int) -> KeptTake:
    store = TakeStore(trial.data / "takes.sqlite")
    found = store.load(id)
    store.close()
    return found


def changed_notes(before: Loop, after: Loop) -> tuple[set[Note], set[Note]]:
    """Return the notes that are gone and those that are new."""
    old, new = ({n for track in loop.tracks for n in track.notes} for loop in (before, after))
    return old - new, new - old


def test_from_the_first_loop_to_the_saved_file_without_a_mouse(desktop: Desktop, tmp_path: Path) -> None:
    trial = Trial(desktop)
    until(lambda: (trial.data / "journal.jsonl").exists(), "the first loop")
    desktop.press("space", "space")  # stop, play
    desktop.press("g")
    until(lambda: len(trial.takes()) == 4, "four takes")
    desktop.press("1", "2", "3", "4")
    trial.picture("keys-1-hearing-take-4")
    desktop.press("Return")
    until(lambda: trial.done() == ["Use take 4"], "the accepted take")

    before = trial.history().current
    desktop.press("ctrl+Right", "ctrl+Right", "Up")
    until(lambda: trial.done()[-1:] == ["Transpose"], "the edited note")
    gone, new = changed_notes(before, trial.history().current)
    assert [(n.onset, n.pitch + 1) for n in gone] == [(n.onset, n.pitch) for n in new]
    assert len(new) == 1, "one note, not the part"
    trial.picture("keys-2-a-note-edited")

    desktop.press("bracketleft", "Next", "Next", "w")
    trial.picture("keys-3-bar-3-of-the-bass")
    desktop.press("g")
    until(lambda: len(trial.takes()) == 8, "four more takes")
    newest = kept(trial, trial.takes()[0].id)
    assert newest.row.written == "bass"
    assert newest.request.parts[BASS].bars == (2,)
    desktop.press("1", "Return")
    until(lambda: len(trial.done()) == 3, "the accepted bar")
    desktop.press("ctrl+z", "ctrl+z")
    until(lambda: trial.done() == ["Use take 4"], "two steps back")

    path = tmp_path / "kept.mid"
    desktop.press("ctrl+s")
    desktop.wait_for_window_like("Save")
    desktop.press("ctrl+a")
    desktop.type(str(path))
    desktop.press("Return")
    until(path.exists, "the saved file")
    assert [track.notes for track in smf.read(path).loop.tracks] == [t.notes for t in trial.history().current.tracks]
    desktop.focus(WINDOW)
    desktop.press("ctrl+alt+c")
    until(lambda: list(desktop.home.glob("Music/**/*.mid")), "the copied file")

    desktop.press("l")
    desktop.wait_for_window("Library of takes")
    desktop.type("keys")
    desktop.press("Down", "Down", "Return")
    trial.picture("keys-4-brought-back")
    until(lambda: trial.done()[-1:] == ["Bring back take"], "the take from the library")
    assert trial.history().current in [kept(trial, row.id).loop for row in trial.takes()]
    desktop.press("ctrl+q")
    assert trial.process.wait(30) == 0


def test_a_larger_interface_is_there_after_a_restart_by_key(desktop: Desktop) -> None:
    trial = Trial(desktop)
    until(lambda: (trial.data / "journal.jsonl").exists(), "the first loop")
    desktop.press("Up")
    until(lambda: trial.done() == ["Transpose"], "an edit")
    before = desktop.size(WINDOW)
    desktop.press(*["ctrl+alt+minus"] * 2)
    desktop.press("shift+F6", "shift+F6", "space")  # roll, parts, the banner's “Restart now”
    until(lambda: trial.process.poll() is not None, "the end of the first window")
    desktop.wait_for_window(WINDOW)
    until(lambda: desktop.size(WINDOW)[0] < before[0], "a smaller window")
    assert trial.done() == ["Transpose"]
    desktop.focus(WINDOW)
    desktop.press("ctrl+q")
    until(lambda: WINDOW not in desktop.windows(), "the end of the second window")
