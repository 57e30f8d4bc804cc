"""The three screens of training, with the real training in its own process."""

import importlib.util
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from engine.inference.bundle import ModelBundle
from engine.jobs.models import FindModels, ModelRow, ModelsFound, UseModel
from engine.jobs.writing import WorkerReady
from engine.messages import Failed
from engine.resources import data_folder, training_program
from gui.app import App, Places
from gui.panels.curves import CurvesView, change_text
from gui.panels.training import TrainingDialog
from gui.panels.training_words import report_html, seconds_text
from gui.session_file import read_session, wishes_of_plain
from gui.training_process import TrainingProcess, Unfinished
from tests.helpers.fake_service import FakeService
from tests.helpers.present import present
from tests.helpers.tiny_bundle import write_tiny_bundle
from tests.training.finetune.own_files import write_style

pytestmark = pytest.mark.gui
PATIENCE_MS = 240_000
needs_torch = pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="the training extra is missing")


@pytest.fixture
def process(tmp_path: Path, qapp: QApplication) -> TrainingProcess:
    models = tmp_path / "models"
    base = write_tiny_bundle(tmp_path / "base")
    process = TrainingProcess(training_program(), models)
    process.settings = (
        f"course.base={base.folder}",
        "course.max_rows=40000",
        "course.valid_steps=10",
        "course.precision=32-true",
        "course.accelerator=cpu",
        "course.nice=0",  # else other work on the machine could starve it for as long as it lasts
        "course.sample_minutes=0.0001",
        "course.threads=1",
        "style.learning_rate=0.03",
        "style.warmup_rows=1000",
        "style.ema_rows=2000",
        "style.rank=4",
        "material.rehearsal_loops=10",
        "material.rows_per_batch=512",
        "material.max_rows=192",
        "material.valid_windows=16",
    )
    return process


@pytest.fixture
def dialog(process: TrainingProcess, qtbot: QtBot) -> TrainingDialog:
    dialog = TrainingDialog(process)
    qtbot.addWidget(dialog)
    dialog.show()
    return dialog


@needs_torch
@pytest.mark.torch
def test_from_a_folder_to_a_model_through_three_screens(
    dialog: TrainingDialog, process: TrainingProcess, qtbot: QtBot, tmp_path: Path
) -> None:
    folder = write_style(tmp_path / "own", 8, bars=12)
    (folder / "broken.mid").write_bytes(b"no music")
    with qtbot.waitSignal(process.report_came, timeout=PATIENCE_MS):
        dialog.check(str(folder))
    assert dialog.pages.currentWidget() is dialog.report
    assert "8 of 9 files can be used" in dialog.report.text.toPlainText()
    assert "broken.mid" in dialog.report.text.toPlainText()
    dialog.report.name.setText("Mine")
    # Pause on the way, come back as after a restart, go on.
    with qtbot.waitSignal(process.event_came, timeout=PATIENCE_MS, check_params_cb=lambda e: e["event"] == "step"):
        dialog.report.start.click()
    with qtbot.waitSignal(process.event_came, timeout=PATIENCE_MS, check_params_cb=lambda e: e["event"] == "end"):
        dialog.train.pause.click()
    qtbot.waitUntil(lambda: not process.is_running, timeout=PATIENCE_MS)
    assert dialog.train.pause.text() == "Go on"
    assert process.unfinished() == (Unfinished("Mine", str(folder)),)
    dialog.train.done.click()
    button = next(b for b in dialog.choose.findChildren(QPushButton) if b.text() == "Go on with Mine")
    with qtbot.waitSignal(dialog.model_made, timeout=PATIENCE_MS) as made:
        button.click()
    qtbot.waitUntil(lambda: not process.is_running, timeout=PATIENCE_MS)
    assert ModelBundle.open(Path(present(made.args)[0])).info.name == "Mine"
    assert process.unfinished() == ()
    assert dialog.train.hear.isEnabled()
    assert len(dialog.train.curves.points) >= 2
    assert "likelier" in dialog.train.curves.accessibleDescription()
    assert "bits a note" in dialog.train.state.text()


@needs_torch
@pytest.mark.torch
@pytest.mark.skipif(sys.platform == "win32", reason="kill -9")
def test_a_training_that_is_killed_goes_on_in_the_same_window(
    dialog: TrainingDialog, process: TrainingProcess, qtbot: QtBot, tmp_path: Path
) -> None:
    folder = write_style(tmp_path / "own", 8, bars=12)
    process.settings += ("course.checkpoint_minutes=0.0001",)
    with qtbot.waitSignal(process.event_came, timeout=PATIENCE_MS, check_params_cb=lambda e: e.get("step") == 3):
        dialog.go_on(Unfinished("Mine", str(folder)))
    with qtbot.waitSignal(process.failed, timeout=PATIENCE_MS):
        os.kill(process.process_id, signal.SIGKILL)
    qtbot.waitUntil(lambda: not process.is_running, timeout=PATIENCE_MS)
    assert dialog.train.state.text() == "The training was cut off; it can be gone on with."
    assert dialog.train.pause.text() == "Go on"
    steps: list[int] = []
    process.event_came.connect(lambda event: steps.append(event["step"]) if event["event"] == "step" else None)
    with qtbot.waitSignal(dialog.model_made, timeout=PATIENCE_MS):
        dialog.train.pause.click()
    qtbot.waitUntil(lambda: not process.is_running, timeout=PATIENCE_MS)
    assert steps[0] >= 3
    assert [step for step, *_ in dialog.train.curves.points][:2] == [0, 10]


@needs_torch
@pytest.mark.torch
def test_a_training_whose_window_is_gone_saves_itself_and_goes_on_in_the_next(
    process: TrainingProcess, qtbot: QtBot, tmp_path: Path
) -> None:
    folder, work = write_style(tmp_path / "own", 8, bars=12), tmp_path / "models" / ".Mine.training"
    assert process.program is not None
    arguments = ["finetune", str(folder), "--out", str(tmp_path / "models" / "Mine"), "--work", str(work), "--json"]
    orphan = subprocess.Popen([*process.program, *arguments, *process.settings], stdout=subprocess.PIPE)
    assert orphan.stdout is not None
    told = next(event for line in orphan.stdout if (event := json.loads(line))["event"] == "step")
    orphan.stdout.close()  # as the system does when a window is killed
    dialog = TrainingDialog(process)  # the next window may be there before it has ended
    qtbot.addWidget(dialog)
    steps: list[int] = []
    process.event_came.connect(lambda event: steps.append(event["step"]) if event["event"] == "step" else None)
    with qtbot.waitSignal(dialog.model_made, timeout=PATIENCE_MS):
        dialog.go_on(process.unfinished()[0])
    qtbot.waitUntil(lambda: not process.is_running, timeout=PATIENCE_MS)
    orphan.wait(PATIENCE_MS / 1000)
    assert steps[0] > told["step"], "what it had learned was saved"
    assert process.unfinished() == ()


@needs_torch
@pytest.mark.torch
def test_a_folder_without_music_is_told_in_words(
    dialog: TrainingDialog, process: TrainingProcess, qtbot: QtBot, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    with qtbot.waitSignal(process.failed, timeout=PATIENCE_MS):
        dialog.check(str(tmp_path / "empty"))
    assert "empty holds no MIDI file" in dialog.choose.notice.text()
    assert dialog.pages.currentWidget() is dialog.choose


def test_where_nothing_can_be_trained_it_is_said_how_to_get_it(tmp_path: Path, qtbot: QtBot) -> None:
    dialog = TrainingDialog(TrainingProcess(None, tmp_path))
    qtbot.addWidget(dialog)
    assert not dialog.choose.button.isEnabled()
    assert "turnaround[training]" in dialog.choose.notice.text()


def test_a_process_that_dies_is_told_and_can_be_gone_on_with(tmp_path: Path, qtbot: QtBot) -> None:
    process = TrainingProcess((sys.executable, "-c", "import sys; sys.exit('error: out of luck')"), tmp_path)
    dialog = TrainingDialog(process)
    qtbot.addWidget(dialog)
    with qtbot.waitSignal(process.failed, timeout=PATIENCE_MS):
        dialog.go_on(Unfinished("Mine", str(tmp_path)))
    qtbot.waitUntil(lambda: not process.is_running, timeout=PATIENCE_MS)
    assert "out of luck" in dialog.train.state.text()
    assert dialog.train.pause.text() == "Go on"


def test_a_dead_training_is_told_in_its_own_words_not_its_loaders(tmp_path: Path, qtbot: QtBot) -> None:
    said = "ImportError: no room for torch\n[PYI-30608:ERROR] Failed to execute script '__main__'!"
    process = TrainingProcess((sys.executable, "-c", f"import sys; sys.exit({said!r})"), tmp_path)
    with qtbot.waitSignal(process.failed, timeout=PATIENCE_MS) as failed:
        process.train(str(tmp_path), "Mine")
    qtbot.waitUntil(lambda: not process.is_running, timeout=PATIENCE_MS)
    assert failed.args == ["The training stopped unasked; it can be gone on with. ImportError: no room for torch"]


def test_curves_go_on_where_they_were(tmp_path: Path, qtbot: QtBot) -> None:
    work = tmp_path / ".Mine.training"
    work.mkdir()
    starts: dict[str, object] = {"own_start": 5.0, "base_start": 7.0}
    told: list[dict[str, object]] = [
        {"event": "valid", "step": 0, "own": 5.0, "base": 7.0} | starts,
        {"event": "step", "step": 1},
        {"event": "valid", "step": 10, "own": 4.0, "base": 7.1} | starts,
        {"event": "sample", "step": 10, "path": str(work / "x.mid")},
    ]
    lines = "".join(json.dumps(event) + "\n" for event in told)
    (work / "events.jsonl").write_text(lines + '{"event": "val', encoding="utf-8")
    process = TrainingProcess((sys.executable, "-c", "pass"), tmp_path)
    dialog = TrainingDialog(process)
    qtbot.addWidget(dialog)
    dialog.go_on(Unfinished("Mine", str(tmp_path)))
    assert dialog.train.curves.points == [(0, 5.0, 7.0), (10, 4.0, 7.1)], "in spite of the line cut off"
    assert "20.0% likelier" in dialog.train.words.text()
    assert dialog.train.hear.isEnabled()
    qtbot.waitUntil(lambda: not process.is_running, timeout=PATIENCE_MS)


def test_a_program_that_is_not_there_is_told(tmp_path: Path, qtbot: QtBot) -> None:
    process = TrainingProcess((str(tmp_path / "nothing"),), tmp_path)
    dialog = TrainingDialog(process)
    qtbot.addWidget(dialog)
    with qtbot.waitSignal(process.failed, timeout=PATIENCE_MS):
        dialog.check(str(tmp_path))
    assert "cannot be started" in dialog.choose.notice.text()


@pytest.mark.parametrize(
    ("name", "is_good"), [("Mine", True), ("", False), (".x", False), ("a/b", False), ("a:b", False)]
)
def test_a_models_name_is_a_folders_name(dialog: TrainingDialog, name: str, is_good: bool) -> None:
    dialog.report.show_report(_report("enough"))
    dialog.report.name.setText(name)
    assert dialog.report.start.isEnabled() is is_good


def test_too_little_cannot_be_trained_on(dialog: TrainingDialog) -> None:
    dialog.report.show_report(_report("nothing"))
    dialog.report.name.setText("Mine")
    assert not dialog.report.start.isEnabled()


def _report(verdict: str) -> dict[str, object]:
    counts = {"notes": 0, "bars": 0, "loops": 0, "parts": {}, "keys": {}, "meters": {}, "tempo_bpm": None}
    return {"folder": "x", "used": [], "rejected": [], "verdict": verdict, "verdict_text": "", **counts}


def test_names_of_files_cannot_write_into_the_report() -> None:
    rejected = [{"name": "<b>x</b>.mid", "reason": "is too short", "detail": "<i>", "fix": "Use <longer> ones."}]
    html = report_html(_report("enough") | {"rejected": rejected})
    assert "<b>x" not in html
    assert "&lt;b&gt;x" in html


def test_curves_are_told_in_words(qtbot: QtBot) -> None:
    view = CurvesView()
    qtbot.addWidget(view)
    view.resize(400, 240)
    for step, own, base in ((0, 6.0, 8.0), (10, 5.4, 8.0), (20, 5.0, 8.2), (10, 5.1, None)):
        view.add(step, own, base)
    assert [point[0] for point in view.points] == [0, 10]
    view.grab()
    assert change_text(6.0, 5.4) == "10.0% likelier"
    assert change_text(6.0, 6.0) == "as at the beginning"
    assert [seconds_text(s) for s in (3, 600, 6000)] == ["3 s", "10 min", "1 h 40 min"]


def _ready(folder: str, *, has_style: bool = False) -> WorkerReady:
    return WorkerReady(Path(folder).name, "0" * 16, "CPU", folder=folder, has_style=has_style)


def _say_models(app: App, service: FakeService, qtbot: QtBot, ready: WorkerReady) -> None:
    service.say(0, ready)
    qtbot.waitUntil(lambda: bool(service.asked) and isinstance(service.asked[-1], FindModels))
    rows = tuple(ModelRow(f"/m/{name}", name, "MIT", name == "mine", f"# {name}") for name in ("base", "mine"))
    service.say(service.job, ModelsFound(rows))
    qtbot.waitUntil(lambda: app.window.controls.model.menu.count() == 2)


def test_the_menu_switches_models_and_shows_the_slider(app: App, service: FakeService, qtbot: QtBot) -> None:
    box = app.window.controls.model
    _say_models(app, service, qtbot, _ready("/m/base"))
    assert box.menu.currentText() == "base"
    assert not box.style_row.isVisible()
    box.menu.setCurrentIndex(1)
    box.menu.activated.emit(1)
    assert service.told[-1] == UseModel("/m/mine")
    _say_models(app, service, qtbot, _ready("/m/mine", has_style=True))
    qtbot.waitUntil(box.style_row.isVisible)
    assert box.menu.currentText() == "mine"
    box.slider.setValue(40)
    assert app.session.wishes.style_percent == 40
    assert box.value.text() == "40 %"
    app.commands.generate()
    assert service.requests[-1].style_percent == 40


def test_a_model_that_does_not_load_leaves_the_menu_as_it_was(app: App, service: FakeService, qtbot: QtBot) -> None:
    box = app.window.controls.model
    _say_models(app, service, qtbot, _ready("/m/base"))
    box.menu.setCurrentIndex(1)
    box.menu.activated.emit(1)
    service.say(0, Failed("The model mine is damaged.", "Install it again."))
    qtbot.waitUntil(lambda: box.menu.currentText() == "base")
    assert "damaged" in app.window.banner.text


def test_the_share_of_style_is_kept_with_the_session(app: App, places: Places) -> None:
    app.window.controls.model.slider.setValue(25)
    app.save()
    assert wishes_of_plain(read_session(places.session)).style_percent == 25


@pytest.mark.skipif(sys.platform == "win32", reason="the pack's Python is played by a shell script")
def test_the_frozen_program_starts_the_training_pack_with_the_environment_from_outside(
    tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = data_folder() / "training" / "bin" / "python3"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexport > {tmp_path}/environment\nexec {sys.executable} "$@"\n', encoding="utf-8")
    python.chmod(0o755)
    monkeypatch.setattr(sys, "_MEIPASS", str(tmp_path / "frozen"), raising=False)
    monkeypatch.setenv("LD_LIBRARY_PATH", str(tmp_path / "frozen"))
    monkeypatch.setenv("LD_LIBRARY_PATH_ORIG", "/of/the/user")
    program = training_program()
    assert program == (str(python), "-m", "training")
    process = TrainingProcess(program, tmp_path / "models")
    files = write_style(tmp_path / "files", 8, bars=12)
    with qtbot.waitSignal(process.report_came, timeout=PATIENCE_MS) as came:
        process.check(str(files))
    assert came.args is not None
    assert len(came.args[0]["used"]) == 8
    qtbot.waitUntil(lambda: not process.is_running)
    assert "LD_LIBRARY_PATH='/of/the/user'" in (tmp_path / "environment").read_text().replace('"', "'")
