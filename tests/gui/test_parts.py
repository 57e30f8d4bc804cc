"""Parts are split, merged, named and coloured; each is one step of undo, and settings stay with their parts."""

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QInputDialog

from engine.music.general_midi import Role
from engine.music.loop import LOOKS, Loop, Note, Track
from engine.music.loop_json import loop_of_plain, plain_of_loop
from gui import loop_edits
from gui.app import App
from gui.piano_roll.selection import NoteRef
from gui.theme import LOOK_NAMES, ROLE_GLYPHS, THEMES, glyph_of

pytestmark = pytest.mark.gui
DRUMS, BASS, KEYS = range(3)


def act(app: App, id: str) -> None:
    app.commands.actions[id].trigger()


def answer(app: App, text: str) -> None:
    """Type an answer into the dialog that was asked with, as Return gives it."""
    (dialog,) = [each for each in app.window.findChildren(QInputDialog) if each.isVisible()]
    dialog.setTextValue(text)
    QTest.keyClick(dialog, Qt.Key.Key_Return)
    dialog.deleteLater()


def notes_of(loop: Loop, part: int) -> tuple[Note, ...]:
    return loop.tracks[part].notes


def test_selected_notes_become_a_part_of_their_own(app: App) -> None:
    before = app.document.loop
    app.state.bring_to_front(KEYS)
    app.session.change_part(KEYS, lambda s: replace(s, volume=0.3))
    chosen = set(notes_of(before, KEYS)[:3])
    app.state.select(frozenset(NoteRef(KEYS, note) for note in chosen))
    act(app, "part_split")
    after = app.document.loop
    assert set(notes_of(after, 3)) == chosen
    assert set(notes_of(after, KEYS)) == set(notes_of(before, KEYS)) - chosen
    assert (after.tracks[3].label, after.tracks[3].program) == ("Keys 2", before.tracks[KEYS].program)
    assert app.session.parts[3].volume == 0.3
    assert app.state.view.front == 3
    app.document.undo()
    assert app.document.loop == before


def test_a_split_by_pitch_leaves_the_upper_notes(app: App) -> None:
    app.state.bring_to_front(KEYS)
    pitches = [note.pitch for note in notes_of(app.document.loop, KEYS)]
    act(app, "part_split_pitch")
    answer(app, "E3")  # pitch 64, middle C being C3
    assert {n.pitch for n in notes_of(app.document.loop, KEYS)} == {pitch for pitch in pitches if pitch >= 64}
    assert {n.pitch for n in notes_of(app.document.loop, 3)} == {pitch for pitch in pitches if pitch < 64}


def test_merging_brings_notes_together_and_settings_stay_with_their_parts(app: App) -> None:
    before = app.document.loop
    app.state.bring_to_front(BASS)
    app.session.change_part(KEYS, lambda s: replace(s, locked=frozenset({(0, 60)})))
    app.session.change_part(BASS, lambda s: replace(s, is_muted=True))
    act(app, "part_merge")
    answer(app, "3  Keys")
    after = app.document.loop
    assert len(after.tracks) == 2
    places = {(n.onset, n.pitch) for part in (BASS, KEYS) for n in notes_of(before, part)}
    assert {(n.onset, n.pitch) for n in notes_of(after, BASS)} == places
    assert app.session.parts[BASS].is_muted
    assert app.session.parts[BASS].locked == {(0, 60)}
    app.document.undo()
    assert app.document.loop == before


def test_removing_a_part_takes_its_own_settings_along(app: App) -> None:
    app.session.change_part(KEYS, lambda s: replace(s, is_muted=True))
    app.state.bring_to_front(BASS)
    act(app, "part_remove")
    assert [part.is_muted for part in app.session.parts] == [False, True]


def test_what_cannot_be_split_or_merged_is_said(app: App) -> None:
    before = app.document.loop
    app.state.bring_to_front(DRUMS)
    for id in ("part_split", "part_split_pitch", "part_merge"):
        app.window.statusBar().clearMessage()
        act(app, id)
        assert app.window.statusBar().currentMessage()
    assert app.document.loop == before


def test_a_colour_is_undone_kept_and_of_thirteen(app: App) -> None:
    app.state.bring_to_front(BASS)
    before = app.document.loop
    act(app, "part_look")
    entries = app.commands.parts._looks.actions()
    assert len(entries) == 1 + LOOKS == 1 + len(LOOK_NAMES) == 1 + len(Role)
    entries[11].trigger()
    app.commands.parts._looks.close()
    track = app.document.loop.tracks[BASS]
    assert track.look == 11
    assert glyph_of(track) != ROLE_GLYPHS[Role.BASS]
    theme = app.state.theme
    assert theme.part(track) != theme.role(Role.BASS)
    assert loop_of_plain(plain_of_loop(app.document.loop)) == app.document.loop
    app.document.undo()
    assert app.document.loop == before


def test_no_two_looks_are_alike_in_any_theme() -> None:
    assert len({ROLE_GLYPHS[role] for role in Role}) == LOOKS
    for theme in THEMES.values():
        assert len({theme.role(role).name() for role in Role}) == LOOKS


def test_the_menu_of_a_part_opens_by_key_and_has_its_actions(app: App) -> None:
    act(app, "part_menu")
    shown = [action for action in app.commands.parts._menu.actions() if not action.isSeparator()]
    assert app.commands.actions["part_look"] in shown
    app.commands.parts._menu.close()


def test_a_part_is_renamed(app: App) -> None:
    app.state.bring_to_front(BASS)
    act(app, "part_rename")
    answer(app, "Sub")
    assert app.document.loop.tracks[BASS].label == "Sub"
    assert app.document.undo_stack.undoText() == "Rename part"


def test_no_note_is_lost_by_splitting_and_merging_again() -> None:
    notes = tuple(Note(120 * i, 48 + i, 100) for i in range(12))
    loop = Loop(bars=1, tracks=(Track(Role.KEYS, notes, look=3), Track(Role.DRUMS)))
    split = loop_edits.with_notes_split_off(loop, 0, notes[4:7])
    assert split.tracks[2].look == 3
    assert loop_edits.with_parts_merged(split, 0, 2) == loop
    with pytest.raises(ValueError, match="Drums"):
        loop_edits.with_parts_merged(split, 0, 1)
    with pytest.raises(ValueError, match="left"):
        loop_edits.with_notes_split_off(loop, 0, notes)
