"""The window killed while one edits (`kill -9`): at most the last second is lost, and of the music nothing at all."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gui.journal import read_journal

ROUNDS = 3
KEPT_SECONDS = 1.0
PAUSE_SECONDS = 0.2  # a second is a second of the wall clock: the machine may be busy with others

# Edits as fast as a window takes them; each line says what is done: steps of the journal, seed of the wishes.
EDITING = """
import sys
from dataclasses import replace
from pathlib import Path
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from engine.music.loop import Note
from gui.app import App, Places
from tests.helpers.fake_service import FakeService

folder = Path(sys.argv[1])
qt = QApplication([])
app = App(qt, FakeService(), Places(*(folder / name for name in ("settings.json", "session.json", "journal.jsonl"))))
app.start()
steps = app.document.undo_stack.count()

def edit():
    global steps
    steps += 1
    part = len(app.document.loop.tracks) - 1
    track = app.document.loop.tracks[part].with_notes([Note(0, 60, 120 + steps % 2, 1 + steps % 127)])
    app.document.edit(f"Edit {steps}", app.document.loop.with_track(part, track))
    app.session.change_wishes(replace(app.session.wishes, seed=steps))
    print(steps, flush=True)

timer = QTimer(interval=10)
timer.timeout.connect(edit)
timer.start()
qt.exec()
"""


@pytest.fixture
def editing(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "HOME": str(tmp_path)}
    command = [sys.executable, "-c", EDITING, str(tmp_path)]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    yield process
    process.kill()
    process.communicate()


@pytest.mark.gui
@pytest.mark.parametrize("round_", range(ROUNDS))
def test_at_most_the_last_second_is_lost(editing: "subprocess.Popen[str]", tmp_path: Path, round_: int) -> None:
    assert editing.stdout is not None
    edits: list[tuple[float, int]] = []
    patience = random.Random(round_).uniform(KEPT_SECONDS + 0.5, KEPT_SECONDS + 2.0)
    for line in editing.stdout:
        edits.append((time.monotonic(), int(line)))
        if edits[-1][0] - edits[0][0] > patience:
            break
    os.kill(editing.pid, signal.SIGKILL)
    killed_at = time.monotonic()
    editing.wait()
    history = read_journal(tmp_path / "journal.jsonl")
    assert history is not None
    assert history.steps[-1][0] in {f"Edit {edits[-1][1]}", f"Edit {edits[-1][1] + 1}"}  # killed within the next
    safe = max(steps for at, steps in edits if at < killed_at - KEPT_SECONDS - PAUSE_SECONDS)
    saved = json.loads((tmp_path / "session.json").read_text(encoding="utf-8"))
    assert saved["wishes"]["seed"] >= safe
