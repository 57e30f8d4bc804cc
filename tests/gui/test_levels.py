"""Level meters: what they show as values, and on the cards and in the status bar."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QCoreApplication, QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from engine.jobs.live import HeardOn
from engine.jobs.sound import Levels, SoundState
from gui.app import App
from gui.levels import FALL_DB_A_SECOND, FLOOR_DB, Level
from gui.meters import STEP_MS, STILL_STEP_MS
from gui.panels.level_meter import LevelMeter
from gui.panels.own_keys import OwnKeys
from gui.settings import Motion
from tests.helpers.fake_service import FakeService

peaks = st.floats(0.0, 4.0, allow_nan=False)


def test_a_level_is_the_peak_in_db() -> None:
    assert Level().heard(1.0) == Level(0.0)
    assert Level().heard(0.5).db == pytest.approx(-6.02, abs=0.01)
    assert Level().heard(0.0) == Level().heard(1e-9) == Level(FLOOR_DB)
    assert Level().share == 0.0
    assert Level(0.0).share == 1.0
    assert Level(FLOOR_DB / 2).share == 0.5


def test_a_level_falls_evenly_to_its_floor_and_jumps_to_a_louder_peak() -> None:
    level = Level().heard(1.0).fallen(0.5)
    assert level.db == -FALL_DB_A_SECOND / 2
    assert level.heard(0.01).db == level.db
    assert level.heard(0.9).db > level.db
    assert level.fallen(60) == level.emptied() == Level()


def test_the_mark_stays_until_it_is_cleared() -> None:
    level = Level().heard(1.2)
    assert level == Level(0.0, is_clipped=True)
    assert level.fallen(60).heard(0.1).emptied().is_clipped
    assert not level.cleared().is_clipped
    assert not Level().heard(1.0).is_clipped


@given(st.lists(st.tuples(peaks, st.floats(0.0, 3.0)), max_size=20))
def test_a_meter_is_never_empty_by_more_than_all_or_over_full(heard: list[tuple[float, float]]) -> None:
    level = Level()
    for peak, seconds in heard:
        level = level.heard(peak).fallen(seconds)
        assert 0.0 <= level.share <= 1.0
    assert level.is_clipped == any(peak > 1.0 for peak, _ in heard)


def hear(app: App, service: FakeService, qtbot: QtBot, levels: Levels) -> None:
    with qtbot.waitSignal(app.bridge.levels_changed):
        service.say(0, levels)
    app.commands.meters._step()


def shares(app: App) -> list[float]:
    return [card.level.level.share for card in app.window.tracks.cards]


@pytest.mark.gui
def test_each_card_shows_its_part_and_the_status_bar_the_whole(app: App, service: FakeService, qtbot: QtBot) -> None:
    app.playback.play()
    hear(app, service, qtbot, Levels(0.5, (0.5, 0.05)))
    drums, bass, *others = shares(app)
    assert drums == app.window.level.level.share > bass > 0.0
    assert not any(others)
    qtbot.waitUntil(lambda: not app.commands.meters._steps.isActive(), timeout=5000)
    assert not any(shares(app)), "silence empties them, and nothing goes on running"


@pytest.mark.gui
def test_a_song_that_is_looked_at_moves_no_part_s_meter(app: App, service: FakeService, qtbot: QtBot) -> None:
    app.playback.stop()
    hear(app, service, qtbot, Levels(0.5, (0.5, 0.5)))
    assert not any(shares(app))
    assert app.window.level.level.share > 0.5


@pytest.mark.gui
def test_a_mark_stays_till_it_is_clicked_or_cleared_by_key(app: App, service: FakeService, qtbot: QtBot) -> None:
    app.playback.play()
    meters: list[LevelMeter] = [app.window.level, app.window.tracks.cards[0].level]
    assert not any(meter.isEnabled() for meter in meters), "nothing to press"
    hear(app, service, qtbot, Levels(1.5, (1.1, 0.2)))
    app.next_theme()  # makes the cards anew
    hear(app, service, qtbot, Levels())
    whole, drums = meters = [app.window.level, app.window.tracks.cards[0].level]
    assert all("too loud" in meter.toolTip() and "too loud" in meter.accessibleDescription() for meter in meters)
    assert not app.window.tracks.cards[1].level.level.is_clipped
    QTest.mouseClick(drums, Qt.MouseButton.LeftButton)
    assert not drums.level.is_clipped
    assert whole.level.is_clipped
    whole.setFocus()
    OwnKeys(whole, (Qt.Key.Key_Space,))  # as when Tab comes to it
    QTest.keyClick(whole, Qt.Key.Key_Space)
    assert not whole.level.is_clipped
    hear(app, service, qtbot, Levels(1.5, (1.1, 0.2)))
    app.commands.actions["play_clear_marks"].trigger()
    assert not any(meter.level.is_clipped for meter in meters)


@pytest.mark.gui
def test_a_card_is_still_dragged_by_its_meter(app: App, qtbot: QtBot) -> None:
    card = app.window.tracks.cards[0]
    card.drag_started.disconnect()  # no other program takes it here
    with qtbot.waitSignal(card.drag_started):
        for kind, x in ((QEvent.Type.MouseButtonPress, 20), (QEvent.Type.MouseMove, 60)):
            at, button = QPointF(x, 5), Qt.MouseButton.LeftButton
            event = QMouseEvent(kind, at, at, button, button, Qt.KeyboardModifier.NoModifier)
            QCoreApplication.sendEvent(card.level, event)


@pytest.mark.gui
def test_with_less_motion_a_meter_stands_still_between_slow_steps(app: App, service: FakeService, qtbot: QtBot) -> None:
    app.change_settings(app.settings.__class__(motion=Motion.REDUCED))
    app.playback.play()
    for peak in (0.5, 0.1):
        with qtbot.waitSignal(app.bridge.levels_changed):
            service.say(0, Levels(peak, (peak,)))
    assert app.commands.meters._steps.interval() >= 500
    app.commands.meters._step()
    assert app.window.level.level == Level().heard(0.5), "the loudest since the last step"
    app.commands.meters._step()
    assert app.window.level.level == Level(), "no fall"
    app.change_settings(app.settings.__class__(motion=Motion.FULL))  # of all windows of this program


@pytest.mark.gui
def test_motion_changed_while_it_plays_changes_the_meters_at_once(app: App, service: FakeService, qtbot: QtBot) -> None:
    steps, fall = app.commands.meters._steps, FALL_DB_A_SECOND * STEP_MS / 1000
    app.playback.play()
    for motion, interval in ((Motion.FULL, STEP_MS), (Motion.REDUCED, STILL_STEP_MS), (Motion.FULL, STEP_MS)):
        app.change_settings(app.settings.__class__(motion=motion))
        hear(app, service, qtbot, Levels(1.0, (1.0,)))
        assert steps.interval() == interval
    app.commands.meters._step()
    assert app.window.level.level.db == pytest.approx(-fall), "as fast as before"


@pytest.mark.gui
def test_there_are_no_meters_where_nothing_is_heard_here(app: App, service: FakeService, qtbot: QtBot) -> None:
    level = app.window.tracks.cards[0].level
    assert level.isVisible()
    QCoreApplication.processEvents()
    before = app.window.tracks.cards[1].y()
    app.commands.live.edit(lambda live: live.__class__(heard_on=HeardOn.PORT))
    assert not level.isVisible()
    assert not app.window.level.isVisible()
    QCoreApplication.processEvents()
    assert app.window.tracks.cards[1].y() == before, "what one aims at stays where it is"
    app.commands.live.edit(lambda live: live.__class__(heard_on=HeardOn.BOTH))
    assert level.isVisible()
    with qtbot.waitSignal(app.playback.sound_changed):
        service.say(0, SoundState(is_audible=False, reason="Silent: there is no sound device."))
    assert not app.window.level.isVisible()


@pytest.mark.gui
def test_another_part_s_mark_is_not_taken_over(app: App, service: FakeService, qtbot: QtBot) -> None:
    app.playback.play()
    hear(app, service, qtbot, Levels(0.5, (0.1, 1.1)))
    app.state.bring_to_front(0)
    app.commands.actions["part_remove"].trigger()
    assert not any(card.level.level.is_clipped for card in app.window.tracks.cards)
