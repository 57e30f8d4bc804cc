"""Steering from the window: rhythms, curves, chords."""

from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from engine.messages import ControlReport, FieldSampling, Sampling
from engine.music.harmony import parse_chords
from gui.app import App
from gui.panels.chords import ChordDialog
from gui.panels.sampling import SamplingForm
from gui.piano_roll.selection import NoteRef
from gui.playback import Playback
from tests.helpers.fake_service import FakeService
from tests.helpers.present import present

pytestmark = pytest.mark.gui
KEYS = 2


def press(app: App, key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    QTest.keyClick(app.window.roll.pitched, key, modifiers)


def test_steps_that_are_clicked_become_the_rhythm_that_is_asked(app: App, service: FakeService) -> None:
    editor = app.window.controls.rhythm
    app.window.controls._rhythm_fold.toggle()
    steps = editor.steps
    for step in (0, 3, 8):
        place = QPoint(int((step + 0.5) * steps.width() / 16), 8)
        QTest.mouseClick(steps, Qt.MouseButton.LeftButton, pos=place)
    assert app.session.parts[KEYS].rhythm == "x..x....x......."
    QTest.mouseClick(editor.more, Qt.MouseButton.LeftButton)
    QTest.mouseClick(steps, Qt.MouseButton.LeftButton, pos=QPoint(4, 28))
    press(app, Qt.Key.Key_G)
    assert service.requests[0].parts[KEYS].rhythm == "x..x....x.......|...x....x......."
    QTest.mouseClick(editor.auto, Qt.MouseButton.LeftButton)
    assert app.session.parts[KEYS].rhythm == ""


def test_steps_are_set_from_the_keyboard(app: App) -> None:
    app.window.controls._rhythm_fold.toggle()
    steps = app.window.controls.rhythm.steps
    QTest.keyClick(steps, Qt.Key.Key_Right)
    QTest.keyClick(steps, Qt.Key.Key_Space)
    assert app.session.parts[KEYS].rhythm == ".x.............."
    assert steps.accessibleDescription() == "Bar 1, step 2, on"


def test_a_rhythm_is_tapped_and_a_later_one_begins_anew(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Playback, "_move_playhead", lambda self: None)
    app.state.move_playhead(0.0)
    for tick in (5.0, 965.0):
        app.state.move_playhead(tick)
        press(app, Qt.Key.Key_T)
    assert app.session.parts[KEYS].rhythm == "x.......x......."
    for tick in (1920.0, 3840.0, 5760.0, 100.0, 2000.0):
        app.state.move_playhead(tick)
    app.commands.steering.tap_at(480)
    assert app.session.parts[KEYS].rhythm == "....x..........."


def test_a_density_is_drawn_bar_by_bar(app: App, service: FakeService) -> None:
    app.window.controls._curve_fold.toggle()
    curve = app.window.controls.curve
    QTest.mouseClick(curve, Qt.MouseButton.LeftButton, pos=QPoint(10, 4))
    QTest.mouseClick(curve, Qt.MouseButton.LeftButton, pos=QPoint(curve.width() - 10, 60))
    press(app, Qt.Key.Key_G)
    asked = service.requests[0].parts[KEYS].bar_density
    assert asked[1:3] == (None, None)
    assert present(asked[0]) > 40 > 3 > present(asked[3])
    curve._cursor = 0
    QTest.keyClick(curve, Qt.Key.Key_Delete)
    QTest.keyClick(curve, Qt.Key.Key_Right)
    QTest.keyClick(curve, Qt.Key.Key_Up)
    assert curve.accessibleDescription() == "Bar 2: busy"
    curve.show_reports({1: ControlReport(KEYS, "bar_density", 11.0, 9.0, True, 0, 1)})
    assert not curve.grab().isNull()


def test_chords_are_picked_and_typed(app: App, qtbot: QtBot) -> None:
    app.commands.steering.edit_chords(1)
    (dialog,) = app.window.findChildren(ChordDialog)
    QTest.mouseClick(dialog.roots[2], Qt.MouseButton.LeftButton)
    assert app.document.loop.chords[1] == parse_chords("D")[0]
    QTest.mouseClick(dialog.halves[1], Qt.MouseButton.LeftButton)
    QTest.mouseClick(dialog.roots[7], Qt.MouseButton.LeftButton)
    assert str(app.document.loop.chords[1][1]) == "G"
    assert str(app.document.loop.chords[1][0]) == "D"
    QTest.mouseClick(dialog.next, Qt.MouseButton.LeftButton)
    assert dialog.bar == 2
    dialog.text.setFocus()
    dialog.text.clear()
    QTest.keyClicks(dialog.text, "Bb H")
    assert "H" in dialog.problem.text()
    assert str(app.document.loop.chords[2][0]) == "A#"
    dialog.close()


def test_chords_are_told_from_the_notes(app: App) -> None:
    press(app, Qt.Key.Key_C, Qt.KeyboardModifier.ShiftModifier)
    assert len(app.document.loop.chords) == app.document.loop.bars
    assert app.document.undo_stack.undoText() == "Detect chords"


def test_each_choice_has_its_own_chance(app: App, service: FakeService) -> None:
    (form,) = app.window.findChildren(SamplingForm)
    form.field.setCurrentIndex(3)
    form.field.activated.emit(3)
    form.knobs["temperature"].setValue(1.5)
    form.penalty.setValue(1.3)
    press(app, Qt.Key.Key_G)
    asked = service.requests[0].sampling
    assert asked.fields == (("pitch", FieldSampling(temperature=1.5)),)
    assert asked.repetition_penalty == 1.3
    form.reset.click()
    assert app.session.wishes.sampling == Sampling()


def test_what_a_take_got_of_key_and_chords_is_shown(app: App) -> None:
    wishes = app.window.controls.loop_wishes
    reports = (ControlReport(-1, "key", 1.0, 1.0, True, 0), ControlReport(-1, "chords", 1.0, 0.5, False, 0))
    wishes.show_reports(reports, follows_chords=False)
    assert wishes.got.text() == "got   key 100% ✓"
    wishes.show_reports(reports, follows_chords=True)
    assert wishes.got.text() == "got   key 100% ✓   chords 50% ✗"
    app.session.change_wishes(replace(app.session.wishes, seed=77))
    wishes.copy_seed.click()
    assert QApplication.clipboard().text() == "77"


def test_locked_notes_stay_and_are_asked_to(app: App, service: FakeService) -> None:
    first, second, *_ = app.document.loop.tracks[KEYS].notes
    press(app, Qt.Key.Key_L, Qt.KeyboardModifier.ShiftModifier)
    assert app.session.parts[KEYS].locked == frozenset(), "nothing is selected"
    app.state.select(frozenset({NoteRef(KEYS, first), NoteRef(KEYS, second)}))
    press(app, Qt.Key.Key_L, Qt.KeyboardModifier.ShiftModifier)
    assert app.state.locked[KEYS] == {(first.onset, first.pitch), (second.onset, second.pitch)}
    assert not app.window.roll.pitched.grab().isNull()
    press(app, Qt.Key.Key_G)
    assert service.requests[-1].parts[KEYS].locked == (0, 1)
    press(app, Qt.Key.Key_L, Qt.KeyboardModifier.ShiftModifier)
    assert app.session.parts[KEYS].locked == frozenset()
