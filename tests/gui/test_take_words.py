"""A take says which wishes it missed."""

from dataclasses import replace

import pytest
from PySide6.QtGui import QColor
from pytestqt.qtbot import QtBot

from engine.messages import ControlReport, Take, TakeScores
from engine.music.general_midi import Role
from engine.music.loop import Loop, Track
from gui.app import App
from gui.panels.take_words import TOOLTIP_COLUMNS, missed_any, take_sentences, wrapped
from tests.gui.test_window import write_takes
from tests.helpers.fake_service import FakeService

pytestmark = pytest.mark.gui
MISSED = ControlReport(1, "density", 8.0, 2.0, False, -3)


def a_take(*reports: ControlReport) -> Take:
    return Take(0, Loop(bars=2, tracks=(Track(Role.DRUMS), Track(Role.BASS))), 5, 0, reports, TakeScores(-1.0, None))


def test_what_was_missed_is_told_with_what_was_asked_and_got() -> None:
    first, told = take_sentences(a_take(MISSED, ControlReport(1, "polyphony_max", 1, 1, True, 0)), 3)
    assert first == "1 of 2 wishes on the right were met."
    assert told.startswith("✗ Bass, density: asked 8 a bar · ")
    assert ", got 2 a bar · " in told
    (_, pitch) = take_sentences(a_take(ControlReport(1, "highest_pitch", 48.0, 52.0, False, 1)), 3)
    assert pitch.endswith("asked C2, got E2")
    (_, bar) = take_sentences(a_take(ControlReport(0, "bar_density", 12.0, 3.0, False, -2, bar=1)), 3)
    assert bar == "✗ Drums, bar 2: asked 12 notes, got 3"
    (_, rhythm) = take_sentences(a_take(ControlReport(0, "rhythm", 1.0, 0.5, False, 0)), 3)
    assert rhythm == "✗ Drums, rhythm: asked 100%, got 50%"


def test_only_the_first_of_many_are_named() -> None:
    bars = [ControlReport(0, "bar_density", 12.0, 3.0, False, -2, bar=bar) for bar in range(9)]
    assert take_sentences(a_take(*bars), 3)[-1] == "✗ and 3 more"


def test_a_tooltip_is_no_wider_than_can_be_read() -> None:
    text = wrapped("Hear take 1.\n" + "word " * 60)
    assert text.startswith("Hear take 1.\nword")
    assert max(map(len, text.splitlines())) <= TOOLTIP_COLUMNS


def test_only_what_was_asked_when_it_was_written_is_reported(app: App, service: FakeService, qtbot: QtBot) -> None:
    got = app.window.controls.loop_wishes.got
    app.session.change_wishes(replace(app.session.wishes, are_chords_locked=True))
    write_takes(app, service, qtbot, 1)
    app.session.change_wishes(replace(app.session.wishes, are_chords_locked=False))
    slot = app.board.slots[0]
    assert slot.take is not None
    slot.take = replace(slot.take, reports=(ControlReport(-1, "chords", 1.0, 1.0, True, 0),))
    app.board.hear(0)
    assert got.text() == "got   chords 100% ✓"
    slot.request = replace(slot.request, chords_locked=False)
    app.board.leave()
    app.board.hear(0)
    assert not got.isVisible()


def test_chords_and_key_are_no_wish_of_a_part() -> None:
    assert not missed_any(a_take(ControlReport(-1, "chords", 1.0, 0.0, False, 0)))
    assert missed_any(a_take(MISSED))


def test_a_card_that_missed_a_wish_wears_a_mark(app: App, service: FakeService, qtbot: QtBot) -> None:
    write_takes(app, service, qtbot, 1)
    thumb = app.window.takes.thumbs[0]
    warning = QColor(app.state.theme.warning)

    def has_mark() -> bool:
        image = thumb.grab().toImage()
        return any(image.pixelColor(x, y) == warning for x in range(60, image.width()) for y in range(4, 24))

    take = thumb.slot.take
    assert take is not None
    thumb.slot.take = replace(take, reports=(MISSED,))
    assert has_mark()
    thumb.slot.take = replace(take, reports=(replace(MISSED, is_met=True),))
    assert not has_mark()
