"""Morphs, forms, fills and the look inside, from the window."""

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPlainTextEdit
from pytestqt.qtbot import QtBot

from engine.jobs.inspection import InspectTake, TakeInspected
from engine.jobs.library import KeepTakes, TakesKept
from engine.messages import PartUse
from engine.music.general_midi import Role
from gui.app import App
from gui.panels.arrange import FillDialog, FormDialog, MorphDialog
from gui.panels.inspector import InspectorDialog
from tests.gui.test_window import press, write_takes
from tests.helpers.fake_service import FakeService

pytestmark = pytest.mark.gui
SHIFT, CONTROL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier


def test_a_morph_is_kept_and_then_shown_beside_its_goal(app: App, service: FakeService, qtbot: QtBot) -> None:
    takes = write_takes(app, service, qtbot)
    press(app, Qt.Key.Key_M, SHIFT)
    assert "Hear a take first" in app.window.banner.text
    press(app, Qt.Key.Key_2)
    press(app, Qt.Key.Key_M, SHIFT)
    (dialog,) = app.window.findChildren(MorphDialog)
    dialog.steps.setValue(2)
    dialog.act.click()
    kept = service.asked[-1]
    assert isinstance(kept, KeepTakes)
    assert kept.made == "morph"
    assert len(app.board.slots) == 4, "nothing is shown before it is kept"
    with qtbot.waitSignal(app.board.slots_changed):
        service.say(service.job, TakesKept((501, 502)))
    assert [slot.library_id for slot in app.board.slots] == [501, 502, 101]
    assert app.board.slots[2].take == takes[1]
    assert app.board.heard == 0
    assert {n.pitch for n in app.state.loop.tracks[2].notes} & {n.pitch for n in app.document.loop.tracks[2].notes}


def test_a_form_is_asked_from_the_dialog(app: App, service: FakeService) -> None:
    press(app, Qt.Key.Key_F, CONTROL)
    (dialog,) = app.window.findChildren(FormDialog)
    dialog.text.setEditText("A A A A A")
    assert not dialog.act.isEnabled()
    assert "at most 16" in dialog.sentence.text()
    dialog.text.setEditText("A A' B A")
    dialog.act.click()
    request = service.requests[-1]
    assert request.canvas.bars == 16
    assert request.remix_percent == 40
    assert request.parts[0].bars == tuple(range(4, 12))
    assert request.seed == app.session.wishes.seed


def test_a_fill_is_asked_from_the_dialog(app: App, service: FakeService) -> None:
    press(app, Qt.Key.Key_F, SHIFT)
    (dialog,) = app.window.findChildren(FillDialog)
    assert dialog.chosen == (0,)
    dialog.passes.setCurrentIndex(1)
    dialog.passes.activated.emit(1)
    assert "8 bars long, only bar 8" in dialog.sentence.text()
    dialog.act.click()
    request = service.requests[-1]
    assert request.canvas.bars == 8
    assert [part.use for part in request.parts] == [PartUse.REPLACE, PartUse.CONTEXT, PartUse.CONTEXT]


def test_a_take_is_looked_into(app: App, service: FakeService, qtbot: QtBot) -> None:
    takes = write_takes(app, service, qtbot)
    press(app, Qt.Key.Key_3)
    press(app, Qt.Key.Key_I)
    question = service.asked[-1]
    assert isinstance(question, InspectTake)
    assert (question.number, question.loop) == (2, takes[2].loop)
    service.say(service.job, TakeInspected(("control loop: bars=3",), ("target part 1",)))
    qtbot.waitUntil(lambda: bool(app.window.findChildren(InspectorDialog)))
    (dialog,) = app.window.findChildren(InspectorDialog)
    assert sorted(text.toPlainText() for text in dialog.findChildren(QPlainTextEdit)) == [
        "control loop: bars=3",
        "target part 1",
    ]


def test_words_add_parts_and_move_knobs(app: App, service: FakeService) -> None:
    press(app, Qt.Key.Key_Slash)
    line = app.window.controls.prompt.text
    line.setText("wild busy lead, soft keys, 90 bpm, purple")
    QTest.keyClick(line, Qt.Key.Key_Return)
    assert app.document.loop.tempo_bpm == 90
    assert app.document.loop.tracks[-1].role is Role.LEAD
    assert dict(app.session.parts[-1].controls)["density"] == pytest.approx(10.1, abs=0.5)
    assert dict(app.session.parts[2].controls)["mean_velocity"] == 58
    assert app.session.wishes.sampling.default.temperature == 1.25
    uses = [settings.use for settings in app.session.parts]
    assert uses == [PartUse.CONTEXT, PartUse.CONTEXT, PartUse.REPLACE, PartUse.REPLACE]
    assert "Not understood: purple." in app.window.controls.prompt.told.text()
    assert not line.hasFocus(), "the next G writes, as it says"
    app.document.undo()
    assert len(app.document.loop.tracks) == 3


def test_words_that_mean_nothing_can_be_typed_over(app: App) -> None:
    press(app, Qt.Key.Key_Slash)
    line = app.window.controls.prompt.text
    line.setText("purple")
    QTest.keyClick(line, Qt.Key.Key_Return)
    assert line.hasFocus()


def test_words_without_a_part_hold_for_what_is_written(app: App) -> None:
    app.session.change_part(0, lambda s: replace(s, use=PartUse.REPLACE))
    app.commands.steering.follow_words("sparse and low")
    assert [name for name, _ in app.session.parts[0].controls] == ["density"]
    assert app.session.parts[2].controls == ()
