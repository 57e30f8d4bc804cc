"""The bar on top, and loops that come and go: nothing is cut, carried over or used unasked."""

from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from engine.messages import PartUse
from engine.music.harmony import Key, Mode
from gui import loop_edits
from gui.app import App
from gui.piano_roll.selection import NOTHING, BarSelection
from tests.gui.test_window import write_takes
from tests.helpers.fake_service import FakeService
from tests.helpers.present import present

pytestmark = pytest.mark.gui
A_MINOR, D_MINOR = Key(9, Mode.MINOR), Key(2, Mode.MINOR)
BASS = 1


def choose(app: App, text: str) -> None:
    """Click a button of the banner."""
    (button,) = (each for each in app.window.banner.choices if each.text() == text)
    button.click()


def type_bars(app: App, text: str) -> None:
    field = app.window.transport.bars
    field.setFocus()
    field.selectAll()
    QTest.keyClicks(field, text)
    QTest.keyClick(field, Qt.Key.Key_Return)


def test_a_length_of_two_figures_cuts_nothing_on_the_way(app: App) -> None:
    before = app.document.loop
    type_bars(app, "16")
    assert app.document.loop.bars == 16
    assert [track.notes for track in app.document.loop.tracks] == [track.notes for track in before.tracks]


def test_shorter_and_longer_again_brings_the_notes_back_in_one_step(app: App) -> None:
    before, steps = app.document.loop, app.document.undo_stack.count()
    for bars in (3, 2, 3, 4):
        app.window.transport.bars.setValue(bars)
    assert app.document.loop == before
    app.window.transport.bars.setValue(2)
    assert app.document.undo_stack.count() == steps + 1
    app.document.undo()
    assert app.document.loop == before


def test_new_bars_can_be_filled_with_the_loop(app: App) -> None:
    before = app.document.loop
    app.window.transport.bars.setValue(6)
    assert app.window.banner.text == "Bars 5 to 6 are empty."
    choose(app, "Repeat the loop")
    loop, ticks = app.document.loop, before.meter.ticks_per_bar
    for track, old in zip(loop.tracks, before.tracks, strict=True):
        first = [(n.onset, n.pitch) for n in old.notes if n.onset < 2 * ticks]
        assert [(n.onset - before.length, n.pitch) for n in track.notes if n.onset >= before.length] == first
    assert not app.window.banner.isVisible()


def test_new_bars_can_be_written(app: App, service: FakeService) -> None:
    app.window.transport.bars.setValue(5)
    assert app.window.banner.text == "Bar 5 is empty."
    choose(app, "Write them")
    assert [part.bars for part in service.requests[-1].parts] == [(4,)] * len(app.document.loop.tracks)


def test_a_new_key_offers_to_take_the_notes_along(app: App) -> None:
    before = app.document.loop
    assert before.key == A_MINOR
    app.window.transport.key_edited.emit(D_MINOR)
    assert app.document.loop == loop_edits.with_key(before, D_MINOR)
    choose(app, "Transpose by +5")
    assert app.document.loop == before.transposed(5)
    app.document.undo()
    app.document.undo()
    assert app.document.loop == before


def test_a_new_scale_on_the_same_tonic_offers_nothing(app: App) -> None:
    app.window.transport.key_edited.emit(Key(9, Mode.MAJOR))
    assert not app.window.banner.isVisible()


def test_changing_a_take_that_is_heard_says_so_and_leads_back(app: App, service: FakeService, qtbot: QtBot) -> None:
    before = app.document.loop
    write_takes(app, service, qtbot)
    app.board.hear(1)
    app.window.transport.tempo.setValue(123)
    assert "You changed take 2" in app.window.banner.text
    choose(app, "Back to the loop before")
    assert app.document.loop == before


def test_what_is_set_for_parts_stays_with_their_loop(app: App) -> None:
    app.session.change_part(BASS, lambda part: replace(part.with_control("density", 12.0), use=PartUse.REPLACE))
    set_before = app.session.parts
    other = replace(app.document.loop, name="Other")
    app.commands.bring("Open song", other)
    assert app.session.parts[BASS].use is PartUse.CONTEXT
    assert not dict(app.session.parts[BASS].controls)
    app.document.undo()
    assert app.session.parts == set_before
    app.document.redo()
    assert app.session.parts[BASS].use is PartUse.CONTEXT


def test_a_drag_on_the_ruler_chooses_bars_of_the_part_in_front(app: App) -> None:
    ruler, time = app.window.roll.ruler, app.state.view.time
    app.state.bring_to_front(BASS)
    first, last = (QPoint(round(time.x_of(tick)), 8) for tick in (2000, 4500))
    QTest.mousePress(ruler, Qt.MouseButton.LeftButton, pos=first)
    QTest.mouseMove(ruler, last)
    QTest.mouseRelease(ruler, Qt.MouseButton.LeftButton, pos=last)
    assert app.state.bars == BarSelection(frozenset({(BASS, 1), (BASS, 2)}))
    assert app.window.transport.generate.text() == "Rewrite Bass, bars 2–3"
    assert app.playback.start_tick == 0
    QTest.mouseClick(ruler, Qt.MouseButton.LeftButton, pos=first)
    assert app.playback.start_tick == 1920


def test_chosen_bars_let_selected_notes_go(app: App) -> None:
    app.commands.actions["edit_select_all"].trigger()
    assert app.state.selection
    app.state.select_bars(BarSelection(frozenset({(BASS, 2)})))
    assert app.state.selection == NOTHING


@pytest.mark.parametrize(("held", "parts"), [("", {BASS}), ("alt", {BASS, 2})])
def test_a_box_takes_the_part_in_front_and_with_alt_all(app: App, held: str, parts: set[int]) -> None:
    pane = app.window.roll.pitched
    app.state.bring_to_front(BASS)
    app.window.roll.fit()
    keys = Qt.KeyboardModifier.AltModifier if held else Qt.KeyboardModifier.NoModifier
    start, end = QPoint(round(app.state.view.time.gutter_px) + 1, 1), QPoint(pane.width() - 2, pane.height() - 2)
    QTest.mousePress(pane, Qt.MouseButton.LeftButton, keys, start)
    QTest.mouseMove(pane, end)
    QTest.mouseRelease(pane, Qt.MouseButton.LeftButton, keys, end)
    assert {ref.part for ref in app.state.selection} == parts


def test_a_part_that_comes_to_the_front_is_in_view(app: App) -> None:
    pane = app.window.roll.pitched
    for part in (2, BASS, 2):
        app.state.bring_to_front(part)
        rows = [present(pane.rows.row_of(note.pitch)) for note in app.document.loop.tracks[part].notes]
        seen = pane.height() / pane.axis.row_px
        assert all(pane.axis.top_row <= row and row + 1 <= pane.axis.top_row + seen for row in rows)
