"""Rendering from the window: what is asked of the desk, and what is shown meanwhile."""

from pathlib import Path

import pytest
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from engine.jobs.files import FilesWritten, RenderProgress, RenderWav, StopRendering
from engine.messages import Failed
from gui.app import App
from gui.panels.render import RenderDialog
from tests.helpers.fake_service import FakeService

pytestmark = pytest.mark.gui


@pytest.fixture
def dialog(app: App, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> RenderDialog:
    """Return the dialog, with a file name already chosen."""
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "loop"), ""))
    app.commands.actions["file_render"].trigger()
    dialog = app.commands.rendering.dialog
    assert dialog is not None
    return dialog


def test_what_is_chosen_is_rendered_as_it_is_heard(
    app: App, service: FakeService, dialog: RenderDialog, tmp_path: Path
) -> None:
    app.window.tracks.cards[1].mute.click()
    dialog.passes.setValue(8)
    dialog.what.setCurrentIndex(2)
    dialog.count_in.setCurrentIndex(1)
    assert dialog.length.text().startswith("8 × 9.6 s")
    dialog.start.click()
    assert service.asked[-1] == RenderWav(
        str(tmp_path / "loop.wav"), app.document.loop, 8, (0.8, 0.0, 0.8), True, True, 1
    )


def test_progress_is_shown_and_the_end_is_told(
    app: App, service: FakeService, dialog: RenderDialog, qtbot: QtBot
) -> None:
    dialog.start.click()
    with qtbot.waitSignal(app.bridge.render_progressed):
        service.say(service.job, RenderProgress(0.25))
    assert dialog.progress.value() == 250
    assert dialog.length.text().startswith("25%, about")
    assert not dialog.start.isEnabled()
    service.say(service.job, FilesWritten(("/x/loop.wav", "/x/loop_bass.wav")))
    qtbot.waitUntil(lambda: not dialog.isVisible())
    assert app.window.statusBar().currentMessage().startswith("Rendered loop.wav and 1 more.")
    assert dialog.start.isEnabled()


def test_rendering_can_be_stopped(app: App, service: FakeService, dialog: RenderDialog, qtbot: QtBot) -> None:
    dialog.start.click()
    dialog.stop.click()
    assert service.told[-1] == StopRendering(service.job)
    service.say(service.job, FilesWritten(()))
    qtbot.waitUntil(lambda: dialog.start.isEnabled())
    assert "nothing was written" in app.window.statusBar().currentMessage()


def test_a_failure_is_one_sentence(app: App, service: FakeService, dialog: RenderDialog, qtbot: QtBot) -> None:
    dialog.start.click()
    service.say(service.job, Failed("There is nothing to be heard.", "Unmute a part."))
    qtbot.waitUntil(lambda: app.window.banner.isVisible())
    assert app.window.banner.text == "There is nothing to be heard. Unmute a part."
