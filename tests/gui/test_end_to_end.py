"""The whole program under a real window manager, with real keys and buttons and the shipped model.

What happened is read where the program keeps it: the journal, the library and the files that were dragged out. With
TURNAROUND_PICTURES set to a folder, a picture of each step is left there.
"""

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.library.store import TakeStore
from engine.midi import smf
from engine.resources import assets_folder
from tests.helpers.desktop import Desktop, missing_tools, until
from tests.helpers.trial import WINDOW, Trial

pytestmark = [
    pytest.mark.gui,
    pytest.mark.slow,
    pytest.mark.skipif(bool(missing_tools()), reason=f"not installed: {', '.join(missing_tools())}"),
    pytest.mark.skipif(not (assets_folder() / "models" / "base").exists(), reason="no model ships here"),
]

TARGET = "Drop target"
BASS_BAR_3 = (150, 264)  # on the bass's card, from the window's corner
BADGE = (1130, 48)
BASS_CARD = (60, 232)
DRAGS = 20


@pytest.fixture
def desktop(tmp_path: Path) -> Iterator[Desktop]:
    desktop = Desktop(tmp_path / "home")
    yield desktop
    desktop.close()


def test_generate_edit_rewrite_undo_and_restart(desktop: Desktop) -> None:
    trial = Trial(desktop)
    until(lambda: (trial.data / "journal.jsonl").exists(), "the first loop")
    trial.picture("1-first-run")
    desktop.press("g")
    until(lambda: len(trial.takes()) == 4, "four takes")
    assert {row.written for row in trial.takes()} == {"keys"}
    desktop.press("2")
    trial.picture("2-hearing-a-take")
    desktop.press("Return")
    until(lambda: trial.done() == ["Use take 2"], "the accepted take")
    desktop.press("Up")
    until(lambda: trial.done()[-1:] == ["Transpose"], "the edit")
    desktop.click(*trial.at(BASS_BAR_3))
    trial.picture("3-bar-3-of-the-bass")
    desktop.press("g")
    until(lambda: len(trial.takes()) == 8, "four more takes")
    store = TakeStore(trial.data / "takes.sqlite")
    newest = store.load(trial.takes()[0].id)
    store.close()
    assert newest.row.written == "bass"
    assert newest.request.parts[1].bars == (2,)
    others = [track.notes for part, track in enumerate(newest.loop.tracks) if part != 1]
    assert others == [track.notes for part, track in enumerate(newest.request.canvas.tracks) if part != 1]
    desktop.press("1", "Return")
    until(lambda: len(trial.done()) == 3, "the accepted bar")
    desktop.press("ctrl+z", "ctrl+z")
    until(lambda: trial.done() == ["Use take 2"], "two steps back")
    before = trial.history()
    os.kill(trial.process.pid, signal.SIGKILL)
    trial.process.wait()
    until(lambda: WINDOW not in desktop.windows(), "the end of the killed window")
    trial.start()
    trial.picture("4-after-a-restart")
    assert trial.history() == before
    desktop.press("ctrl+shift+z")
    until(lambda: trial.done() == ["Use take 2", "Transpose"], "redo after a restart")
    desktop.press("ctrl+shift+l")
    trial.picture("5-light")


def worker_of(window: int) -> int | None:
    """Return the process id of a window's worker: the child that has the model's runtime in memory."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
            if parent == window and "onnxruntime" in (folder / "maps").read_text():
                return int(folder.name)
        except OSError:
            continue  # it ended meanwhile
    return None


def test_a_worker_killed_at_any_moment_costs_no_take_and_no_edit(desktop: Desktop) -> None:
    trial = Trial(desktop)
    until(lambda: (trial.data / "journal.jsonl").exists(), "the first loop")
    kept = 0
    for round_, pause_seconds in enumerate((0.0, 0.3, 1.0)):
        worker = until(lambda: worker_of(trial.process.pid), "the worker")
        desktop.press("g")
        time.sleep(pause_seconds)  # the moment is what varies
        desktop.press("Up")
        os.kill(worker, signal.SIGKILL)
        until(lambda worker=worker: worker_of(trial.process.pid) not in (None, worker), "another worker")
        until(lambda round_=round_: len(trial.done()) == round_ + 1, "the edit")
        trial.picture(f"6-killed-{round_}")
        assert len(trial.takes()) >= kept, "a take is gone"
        kept = len(trial.takes())
    desktop.press("g")
    until(lambda: len(trial.takes()) >= kept + 4, "takes of the next press")
    assert trial.process.poll() is None


def lines_of(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def test_twenty_drags_in_a_row_carry_the_loop_and_a_part(desktop: Desktop) -> None:
    trial = Trial(desktop)
    drops = desktop.home / "drops"
    desktop.start("-m", "tests.helpers.drop_target", str(drops))
    desktop.wait_for_window(TARGET)
    desktop.move(TARGET, 600, 650)
    desktop.keep_above(TARGET)
    x, y = desktop.origin(TARGET)
    loop = trial.history().current
    seen: set[str] = set()
    for number in range(DRAGS):
        is_part = number % 2 == 1
        desktop.drag(trial.at(BASS_CARD if is_part else BADGE), (x + 100, y + 80))
        until(lambda number=number: len(lines_of(drops)) > number, f"drop {number + 1}", patience_seconds=10)
        drop = json.loads(lines_of(drops)[number])
        (path,) = drop["paths"]
        assert drop["action"] == "CopyAction"
        assert path not in seen
        seen.add(path)
        read = smf.read(path).loop
        expected = [loop.tracks[1]] if is_part else list(loop.tracks)
        assert [track.notes for track in read.tracks] == [track.notes for track in expected]
        assert read.length == loop.length
        assert ("_Bass_" in path) is is_part
