"""Nothing can be heard: said beside Stop and once in the banner, with ways on."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from engine.jobs.live import HeardOn, SetLive
from engine.jobs.sound import Play, SoundState
from gui.app import App
from gui.panels import banner
from tests.helpers.fake_service import FakeService

pytestmark = pytest.mark.gui
SILENT = SoundState(is_audible=False, reason="Silent: there is no sound device.")


def hear_of(app: App, service: FakeService, qtbot: QtBot, state: SoundState) -> None:
    with qtbot.waitSignal(app.playback.sound_changed):
        service.say(0, state)


def test_silence_is_said_beside_stop_and_once_in_the_banner(app: App, service: FakeService, qtbot: QtBot) -> None:
    mark = app.window.transport.silent
    assert not mark.isVisible()
    hear_of(app, service, qtbot, SILENT)
    assert mark.isVisible()
    assert "there is no sound device" in mark.toolTip()
    assert "try again" in mark.toolTip()
    assert not app.window.banner.isVisible(), "nothing moves while one aims"
    app.playback.stop()
    app.playback.play()
    assert app.window.banner.text == mark.toolTip()
    assert [choice.text() for choice in app.window.banner.choices] == ["Try again", "Ports …"]
    app.window.banner.choices[0].click()
    assert any(isinstance(told, SetLive) for told in service.told[-3:])
    assert isinstance(service.told[-1], Play)
    hear_of(app, service, qtbot, SILENT)
    app.playback.stop()
    app.playback.play()
    assert not app.window.banner.isVisible(), "once"
    QTest.mouseClick(mark, Qt.MouseButton.LeftButton)
    assert app.window.banner.isVisible()
    assert not mark.grab().isNull()


def test_what_is_only_played_over_a_port_is_not_silent(app: App, service: FakeService, qtbot: QtBot) -> None:
    hear_of(app, service, qtbot, SILENT)
    app.commands.live.edit(lambda live: live.__class__(heard_on=HeardOn.PORT))
    assert not app.window.transport.silent.isVisible()
    app.commands.live.edit(lambda live: live.__class__(heard_on=HeardOn.BOTH))
    assert app.window.transport.silent.isVisible()
    hear_of(app, service, qtbot, SoundState(is_audible=True, reason="Sound: speakers"))
    assert not app.window.transport.silent.isVisible()
    assert app.window.sound_label.text() == "Sound: speakers"


def test_a_warning_goes_with_the_next_success_unless_it_asks_something(
    app: App, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    app.window.banner.say("That is no MIDI file.")
    app.window.say("Saved.")
    assert app.window.banner.isVisible(), "there was no time to read it"
    app.window.banner._reading.stop()
    app.window.say("Saved.")
    assert not app.window.banner.isVisible()
    app.window.banner.say("Is that meant?", choices=(("Yes", lambda: None),))
    app.window.banner._reading.stop()
    app.window.say("Saved.")
    assert app.window.banner.isVisible()
    assert banner.READING_MS
