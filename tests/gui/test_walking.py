"""The roll by keyboard alone, as its user does it: keys in; notes, words and what is heard out."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QAccessibleEvent
from PySide6.QtTest import QTest

from engine.jobs.sound import Play, PlayNote
from engine.music.loop import Note
from gui.app import App
from gui.piano_roll.cursor import Cursor
from gui.piano_roll.selection import NoteRef
from tests.helpers.fake_service import FakeService
from tests.helpers.present import present

pytestmark = pytest.mark.gui
DRUMS, BASS, KEYS = range(3)
PLAIN = Qt.KeyboardModifier.NoModifier
ALT, CTRL, SHIFT = (
    Qt.KeyboardModifier.AltModifier,
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.ShiftModifier,
)


def press(app: App, *keys: Qt.Key, held: Qt.KeyboardModifier = PLAIN) -> None:
    for key in keys:
        QTest.keyClick(app.window.roll.pitched, key, held)


@pytest.fixture
def silent(app: App) -> App:
    """Return the window with the keys in front, nothing playing."""
    app.playback.stop()
    app.state.bring_to_front(KEYS)
    return app


def cursor(app: App) -> Cursor:
    return present(app.state.cursor)


def note_at_cursor(app: App) -> Note:
    return present(app.state.cursor_note).note


def told(app: App) -> str:
    return app.window.statusBar().currentMessage()


def test_the_next_note_is_shown_told_and_heard(silent: App, service: FakeService) -> None:
    notes = silent.document.loop.tracks[KEYS].notes
    press(silent, Qt.Key.Key_Right, held=CTRL)
    press(silent, Qt.Key.Key_Right, held=CTRL)
    ref = silent.state.cursor_note
    assert ref is not None
    assert ref.note in notes
    assert service.told[-1] == PlayNote(silent.document.loop.tracks[KEYS], ref.note, silent.document.loop.tempo_bpm)
    assert f"velocity {ref.note.velocity}" in told(silent)
    press(silent, Qt.Key.Key_Left, held=CTRL)
    assert note_at_cursor(silent) < ref.note
    assert silent.state.selection == frozenset(), "walking selects nothing"


def test_an_empty_place_is_told_and_a_note_is_drawn_there_and_deleted(silent: App) -> None:
    before = silent.document.loop.tracks[KEYS].notes
    silent.state.set_cursor(Cursor(240, 100))
    press(silent, Qt.Key.Key_Right, held=ALT)
    assert silent.state.cursor == Cursor(360, 100)
    assert "empty" in told(silent)
    press(silent, Qt.Key.Key_D)
    assert set(silent.document.loop.tracks[KEYS].notes) - set(before) == {Note(360, 100, 120, 96)}
    press(silent, Qt.Key.Key_D)
    assert silent.document.loop.tracks[KEYS].notes == before
    silent.document.undo()
    press(silent, Qt.Key.Key_Delete)
    assert silent.document.loop.tracks[KEYS].notes == before


def test_edits_without_a_selection_are_of_the_note_at_the_cursor_and_take_it_along(silent: App) -> None:
    press(silent, Qt.Key.Key_Right, Qt.Key.Key_Right, held=CTRL)
    old = note_at_cursor(silent)
    count = len(silent.document.loop.tracks[KEYS].notes)
    for key, held in (
        (Qt.Key.Key_Up, PLAIN),
        (Qt.Key.Key_Right, PLAIN),
        (Qt.Key.Key_Right, SHIFT),
        (Qt.Key.Key_Down, CTRL),
    ):
        press(silent, key, held=held)
    new = note_at_cursor(silent)
    assert (new.onset, new.pitch) == (old.onset + 120, old.pitch + 1)
    assert (new.duration, new.velocity) == (old.duration + 120, old.velocity - 8)
    assert len(silent.document.loop.tracks[KEYS].notes) == count
    assert silent.state.selection == frozenset()


def test_an_edit_at_an_empty_place_does_nothing_and_says_so(silent: App) -> None:
    before = silent.document.loop
    silent.state.set_cursor(Cursor(0, 120))
    press(silent, Qt.Key.Key_Up)
    assert silent.document.loop == before
    assert told(silent) == "There is no note at the cursor."
    press(silent, Qt.Key.Key_Escape)
    assert silent.state.cursor is None
    press(silent, Qt.Key.Key_Up)
    assert silent.document.loop != before, "without a cursor the whole part is meant, as ever"


def test_shift_selects_on_the_way_and_the_next_step_lets_go(silent: App) -> None:
    notes = silent.document.loop.tracks[KEYS].notes
    press(silent, Qt.Key.Key_Right, held=CTRL)
    first = silent.state.cursor_note
    press(silent, Qt.Key.Key_Right, held=CTRL | SHIFT)
    assert {first, silent.state.cursor_note} <= silent.state.selection
    press(silent, Qt.Key.Key_Right, held=ALT | SHIFT)
    assert all(ref.note in notes for ref in silent.state.selection)
    press(silent, Qt.Key.Key_Right, held=ALT)
    assert silent.state.selection == frozenset()


def test_notes_are_picked_one_by_one_and_stay_picked(silent: App) -> None:
    press(silent, Qt.Key.Key_Right, held=CTRL)
    press(silent, Qt.Key.Key_V)
    first = silent.state.cursor_note
    press(silent, Qt.Key.Key_Right, Qt.Key.Key_Right, held=CTRL)
    press(silent, Qt.Key.Key_V)
    assert silent.state.selection == {first, silent.state.cursor_note}
    assert "2 in all selected" in told(silent)
    press(silent, Qt.Key.Key_V)
    assert silent.state.selection == {first}


def test_the_next_part_takes_the_cursor_along_into_its_own_pane(silent: App) -> None:
    press(silent, Qt.Key.Key_PageDown, Qt.Key.Key_PageDown)
    assert cursor(silent).tick == 1920
    press(silent, Qt.Key.Key_BracketRight)
    assert silent.state.view.front == DRUMS
    assert cursor(silent).tick == 1920
    assert told(silent).startswith("Drums: ")
    assert silent.window.roll.drums.hasFocus()
    before = cursor(silent).pitch
    press(silent, Qt.Key.Key_Up, held=ALT)
    assert cursor(silent).pitch != before
    assert cursor(silent).pitch in silent.state.rows(is_drums=True).pitches


def test_a_drum_goes_to_the_lane_above(silent: App) -> None:
    silent.state.bring_to_front(DRUMS)
    press(silent, Qt.Key.Key_Right, held=CTRL)
    old = note_at_cursor(silent)
    rows = silent.state.rows(is_drums=True)
    press(silent, Qt.Key.Key_Up)
    assert silent.state.cursor == Cursor(old.onset, present(rows.shifted(old.pitch, -1)))
    assert silent.state.cursor_note is not None


def test_bars_are_chosen_by_key_and_g_rewrites_only_them(silent: App, service: FakeService) -> None:
    silent.state.bring_to_front(BASS)
    press(silent, Qt.Key.Key_J)
    press(silent, Qt.Key.Key_PageDown, Qt.Key.Key_PageDown)
    press(silent, Qt.Key.Key_W)
    assert told(silent) == "Bass: bar 3 chosen for G."
    assert silent.window.transport.generate.text() == "Rewrite Bass, bar 3"
    press(silent, Qt.Key.Key_PageUp, held=SHIFT)
    press(silent, Qt.Key.Key_G)
    assert service.requests[0].parts[BASS].bars == (1, 2)


def test_a_screen_reader_finds_the_focus_on_the_note_at_the_cursor(
    silent: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[tuple[str, str]] = []
    monkeypatch.setattr(QAccessible, "isActive", lambda: True)
    monkeypatch.setattr(QAccessible, "updateAccessibility", lambda event: said.append(_said(event)))
    press(silent, Qt.Key.Key_Right, Qt.Key.Key_Right, held=CTRL)
    pane = silent.window.roll.pitched
    focused = QAccessible.queryAccessibleInterface(pane).focusChild()
    velocity = note_at_cursor(silent).velocity
    assert focused.text(QAccessible.Text.Value) == str(velocity)
    assert focused.state().focused
    assert said[-1] == ("Focus", focused.text(QAccessible.Text.Name))
    press(silent, Qt.Key.Key_Up, held=CTRL)
    assert said[-1] == ("NameChanged", focused.text(QAccessible.Text.Name))
    assert focused.text(QAccessible.Text.Value) == str(velocity + 8)
    silent.state.set_cursor(Cursor(0, 126))
    press(silent, Qt.Key.Key_Up, held=ALT)
    assert said[-1][0] == "Announcement"
    assert said[-1][1].endswith("empty")


def _said(event: QAccessibleEvent) -> tuple[str, str]:
    if isinstance(event, QAccessibleAnnouncementEvent):
        return event.type().name, event.message()
    return event.type().name, event.accessibleInterface().text(QAccessible.Text.Name)


def test_playing_begins_at_the_cursor(silent: App, service: FakeService) -> None:
    press(silent, Qt.Key.Key_PageDown, Qt.Key.Key_PageDown)
    press(silent, Qt.Key.Key_Space, held=SHIFT)
    assert silent.playback.is_playing
    played = service.sent(Play)[-1]
    assert played.tick == 1920


def test_the_mouse_puts_the_cursor_away(silent: App) -> None:
    press(silent, Qt.Key.Key_J)
    assert silent.state.cursor is not None
    QTest.mouseClick(
        silent.window.roll.pitched, Qt.MouseButton.LeftButton, pos=silent.window.roll.pitched.rect().center()
    )
    assert silent.state.cursor is None


def test_walking_out_of_sight_scrolls(silent: App) -> None:
    silent.window.roll.zoom(8)
    pane = silent.window.roll.pitched
    press(silent, Qt.Key.Key_End, held=ALT)
    x = silent.state.view.time.x_of(cursor(silent).tick)
    assert silent.state.view.time.gutter_px <= x < pane.width()
    for _ in range(12):
        press(silent, Qt.Key.Key_PageUp, held=ALT)
    assert 0 <= pane.axis.y_of(present(pane.rows.row_of(cursor(silent).pitch))) < pane.height()
    assert NoteRef(KEYS, Note(0, 1, 1)) not in silent.state.selection
