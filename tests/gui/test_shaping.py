"""Quantise and groove as a producer uses them: dialogs, keys, what is heard and what leaves."""

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from engine.jobs.files import FilesWritten, FileToWrite
from engine.jobs.sound import Play
from engine.music.loop import Note
from engine.music.part_groove import AS_WRITTEN, PartGroove
from gui.app import App, Places
from gui.panels.groove import GrooveDialog
from gui.panels.quantise import QuantiseDialog
from gui.piano_roll.quantise import Quantise
from gui.piano_roll.selection import NOTHING
from tests.helpers.fake_service import FakeService

pytestmark = pytest.mark.gui
KEYS = 2


def play_loosely(app: App) -> tuple[Note, ...]:
    """Let the part in front be three notes off the grid."""
    app.state.bring_to_front(KEYS)
    notes = (Note(10, 60, 100), Note(130, 62, 100), Note(250, 64, 100))
    app.document.edit("Play", app.document.loop.with_track(KEYS, app.document.loop.tracks[KEYS].with_notes(notes)))
    return notes


def press(app: App, key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    QTest.keyClick(app.window.roll.pitched, key, modifiers)


def quantise_dialog(app: App) -> QuantiseDialog:
    press(app, Qt.Key.Key_U, Qt.KeyboardModifier.ControlModifier)
    dialog = app.commands.shaping.dialog
    assert isinstance(dialog, QuantiseDialog)
    return dialog


def groove_dialog(app: App) -> GrooveDialog:
    press(app, Qt.Key.Key_H)
    dialog = app.commands.shaping.dialog
    assert isinstance(dialog, GrooveDialog)
    return dialog


def onsets(app: App) -> list[int]:
    return [note.onset for note in app.state.shown_loop.tracks[KEYS].notes]


def test_the_dialog_shows_what_it_would_do_and_q_repeats_it(app: App) -> None:
    notes = play_loosely(app)
    dialog = quantise_dialog(app)
    assert onsets(app) == [0, 120, 240]
    dialog.swing.spin.setValue(67)
    dialog.strength.slider.setValue(50)
    assert onsets(app) == [5, 146, 245]
    dialog.reject()
    assert app.state.shown_loop.tracks[KEYS].notes == notes, "cancelled: nothing was done"
    dialog = quantise_dialog(app)
    dialog.swing.spin.setValue(67)
    dialog.accept()
    assert app.document.undo_stack.undoText() == "Quantise"
    app.document.undo()
    press(app, Qt.Key.Key_Q)
    assert onsets(app) == [0, 161, 240]
    assert app.state.selection == NOTHING


def test_a_groove_is_heard_and_handed_off_and_the_notes_stay(app: App, service: FakeService) -> None:
    notes = play_loosely(app)
    dialog = groove_dialog(app)
    dialog.late.spin.setValue(25)
    dialog.human.slider.setValue(40)
    assert app.document.loop.tracks[KEYS].notes == notes
    app.playback.play()
    heard = service.sent(Play)[-1].loop.tracks[KEYS].notes
    assert [note.onset for note in heard] != [note.onset for note in notes]
    written: list[FileToWrite] = []

    def on_write(job: int, files: tuple[FileToWrite, ...]) -> None:
        written.extend(files)
        service.say(job, FilesWritten(tuple(file.path for file in files)))

    service.on_write = on_write
    app.exports.copy_file()
    assert heard in [track.notes for track in written[0].loop.tracks], "what is heard is what leaves"
    app.session.change_part(KEYS, lambda settings: replace(settings, groove=AS_WRITTEN))
    app.playback.play()
    again = service.sent(Play)[-1].loop
    assert again == app.document.loop, "taken back to exactly what was set"
    dialog.reject()


def test_groove_and_quantise_survive_a_restart(app: App, places: Places, qapp: QApplication) -> None:
    groove = PartGroove(62, True, -8, 35)
    app.session.change_part(KEYS, lambda settings: replace(settings, groove=groove))
    app.commands.editor.quantise = Quantise(strength_percent=80, swing_percent=58, moves_ends=True)
    app.window.close()
    again = App(qapp, FakeService(), places)
    again.start()
    try:
        assert again.session.parts[KEYS].groove == groove
        assert again.commands.editor.quantise == app.commands.editor.quantise
        assert again.window.tracks.cards[KEYS].groove.toolTip() == ("Groove: 8ths swing 62 %, 8 ms early, human 35 %")
    finally:
        again.window.close()
        again.window.deleteLater()
        again.deleteLater()


def test_a_groove_written_into_the_notes_is_undone_as_one_step(app: App) -> None:
    notes = play_loosely(app)
    dialog = groove_dialog(app)
    dialog.swing.spin.setValue(70)
    dialog.write_wanted.emit(KEYS)
    assert app.session.parts[KEYS].groove == AS_WRITTEN
    assert onsets(app) == [14, 174, 254]
    app.document.undo()
    assert app.document.loop.tracks[KEYS].notes == notes
    dialog.reject()


def test_a_damaged_quantise_leaves_the_defaults(
    app: App, places: Places, qapp: QApplication, caplog: pytest.LogCaptureFixture
) -> None:
    app.window.close()
    places.session.write_text(places.session.read_text().replace('"strength_percent": 100', '"strength_percent": 900'))
    again = App(qapp, FakeService(), places)
    again.start()
    try:
        assert again.commands.editor.quantise == Quantise()
        assert "strength of 900 %" in caplog.text
    finally:
        again.window.close()
        again.window.deleteLater()
        again.deleteLater()
