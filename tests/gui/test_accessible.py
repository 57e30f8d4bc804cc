"""What a screen reader finds: every control by name, every note with its place, and the notes as a table."""

import gc
from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible, QAccessibleInterface
from PySide6.QtTest import QTest

from engine.music.general_midi import Role
from engine.music.loop import Loop, Note, Track
from gui.app import App
from gui.panels.note_list import LENGTH, VELOCITY, NoteListDialog
from gui.piano_roll.accessible import AccessiblePane
from gui.piano_roll.note_words import length_text, note_text, position_text
from gui.piano_roll.selection import NOTHING, NoteRef
from tests.helpers.present import or_none, present

pytestmark = pytest.mark.gui
KEYS = 2
CONTROLS = frozenset(
    {
        QAccessible.Role.Button,
        QAccessible.Role.CheckBox,
        QAccessible.Role.ComboBox,
        QAccessible.Role.Slider,
        QAccessible.Role.SpinBox,
        QAccessible.Role.List,
        QAccessible.Role.ListItem,
        QAccessible.Role.MenuItem,
    }
)


def walk(interface: QAccessibleInterface) -> Iterator[QAccessibleInterface]:
    yield interface
    for index in range(interface.childCount()):
        child = or_none(interface.child(index))
        if child is not None:
            yield from walk(child)


def named(interface: QAccessibleInterface) -> str:
    return interface.text(QAccessible.Text.Name)


def test_the_tree_names_every_control_and_every_note(app: App) -> None:
    found: list[QAccessibleInterface] = []
    for _ in range(2):
        found = list(walk(QAccessible.queryAccessibleInterface(app.window)))
        gc.collect()  # Qt keeps what it was given: nothing of it may be collected
    unnamed = [
        f"{each.role()} {each.object()}"
        for each in found
        if each.role() in CONTROLS and not named(each) and not is_qts_own(each)
    ]
    names = [named(each) for each in found if each.role() is QAccessible.Role.ListItem]
    del found  # a failed test keeps what it holds, and interfaces must not outlive their window
    assert unnamed == []
    loop = app.document.loop
    wanted = [note_text(loop, NoteRef(p, n)) for p, track in enumerate(loop.tracks) for n in track.notes]
    assert sorted(name for name in names if "velocity" in name) == sorted(wanted)


def is_qts_own(interface: QAccessibleInterface) -> bool:
    subject = or_none(interface.object())
    if subject is None:
        return False
    holder = subject.parent()
    is_popup = holder is not None and holder.inherits("QComboBoxPrivateContainer")  # the box itself is named
    return is_popup or subject.objectName().startswith("qt_")


def test_a_note_in_the_tree_tells_that_it_is_selected_and_where_it_is(app: App) -> None:
    pane = app.window.roll.pitched
    interface = QAccessible.queryAccessibleInterface(pane)
    assert isinstance(interface, AccessiblePane)
    item = present(interface.child(0))
    ref = present(interface.ref(0))
    assert not item.state().selected
    app.state.select(frozenset({ref}))
    assert item.state().selected
    middle = item.rect().center()
    assert interface.childAt(middle.x(), middle.y()) is not None
    assert present(pane.hit(pane.mapFromGlobal(middle).toPointF())).ref.note.pitch == ref.note.pitch


def the_list(app: App) -> NoteListDialog:
    QTest.keyClick(app.window.roll.pitched, Qt.Key.Key_N)
    dialog = app.commands.shaping.dialog
    assert isinstance(dialog, NoteListDialog)
    return dialog


def test_the_list_and_the_roll_select_the_same(app: App) -> None:
    app.state.bring_to_front(KEYS)
    dialog = the_list(app)
    notes = app.document.loop.tracks[KEYS].notes
    dialog.table.selectRow(3)
    assert app.state.selection == {NoteRef(KEYS, notes[3])}
    app.state.select(frozenset({NoteRef(KEYS, notes[5])}))
    assert {index.row() for index in dialog.table.selectionModel().selectedIndexes()} == {5}
    app.state.select(NOTHING)
    assert not dialog.table.selectionModel().hasSelection()
    app.state.bring_to_front(1)
    assert dialog.model.notes == app.document.loop.tracks[1].notes
    dialog.reject()


def test_velocity_and_length_are_typed_and_undone(app: App) -> None:
    app.state.bring_to_front(KEYS)
    dialog = the_list(app)
    before = app.document.loop
    dialog.model.setData(dialog.model.index(2, VELOCITY), 300)
    assert app.document.loop.tracks[KEYS].notes[2].velocity == 127
    dialog.model.setData(dialog.model.index(2, LENGTH), 77)
    assert app.document.loop.tracks[KEYS].notes[2].duration == 77
    app.document.undo()
    app.document.undo()
    assert app.document.loop == before
    assert dialog.model.notes == before.tracks[KEYS].notes
    dialog.reject()


@pytest.mark.parametrize(
    ("tick", "text"), [(0, "1.1"), (1920 + 480 + 120, "2.2 + 1/4"), (160, "1.1 + 1/3"), (7, "1.1 + 7 ticks")]
)
def test_places_are_told_in_bars_beats_and_shares(tick: int, text: str) -> None:
    assert position_text(tick, Loop(bars=4)) == text


@pytest.mark.parametrize(("ticks", "text"), [(240, "1/8"), (1920, "1"), (160, "1/12"), (77, "77 ticks")])
def test_lengths_are_note_values(ticks: int, text: str) -> None:
    assert length_text(ticks) == text


def test_a_note_is_one_phrase() -> None:
    loop = Loop(bars=1, tracks=(Track(Role.BASS, (Note(480, 36, 240, 90),)), Track(Role.DRUMS, (Note(0, 38, 60, 70),))))
    assert note_text(loop, NoteRef(0, loop.tracks[0].notes[0])) == "Bass: C1 at 1.2, 1/8 long, velocity 90"
    drum = note_text(loop, NoteRef(1, loop.tracks[1].notes[0]), is_locked=True)
    assert drum == "Drums: Snare at 1.1, velocity 70, locked"
