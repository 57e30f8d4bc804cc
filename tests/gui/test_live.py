"""Playing live from the window: what the player is told, and what the window says of what comes back."""

import json
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from engine.jobs.live import (
    ClockSource,
    HeardOn,
    Lateness,
    ListPorts,
    LiveSetup,
    LiveState,
    Panic,
    PartRoute,
    PortsListed,
    SetLive,
    TransportMoved,
)
from engine.jobs.pipes import Child, ChildStopped
from engine.jobs.sound import Play, Position, SetGains, SetMetronome, Start
from gui.app import App, Places
from gui.live import state_text
from gui.live_settings import Learned, LiveSettings
from gui.settings import Settings, read_settings, write_settings
from tests.helpers.fake_service import FakeService

pytestmark = pytest.mark.gui
CONTROL = Qt.KeyboardModifier.ControlModifier


def press(app: App, key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    QTest.keyClick(app.window.roll.pitched, key, modifiers)


def setups(service: FakeService) -> list[LiveSetup]:
    return [command.setup for command in service.sent(SetLive)]


def test_the_player_is_told_at_the_start_and_again_when_it_was_started_again(
    app: App, service: FakeService, qtbot: QtBot
) -> None:
    assert setups(service) == [LiveSetup()]
    app.playback.set_metronome(True)
    with qtbot.waitSignal(app.bridge.child_stopped):
        service.say(0, ChildStopped(Child.PLAYER, ()))
    assert setups(service) == [LiveSetup(), LiveSetup()]
    assert "plays on" in app.window.banner.text
    assert service.told[-2] == SetMetronome(True)
    assert service.last_told(Play).loop == app.document.loop


def test_the_panel_changes_what_holds_and_keeps_it(app: App, service: FakeService, places: Places) -> None:
    press(app, Qt.Key.Key_P, CONTROL)
    dialog = app.commands.live.dialog
    assert dialog is not None
    assert isinstance(service.asked[-1], ListPorts)
    dialog.show_ports(PortsListed("ALSA", ("Synth",), ("Pads",)))
    dialog.heard_on.activated.emit(1)
    dialog.output.activated.emit(1)
    dialog.input.activated.emit(1)
    dialog.clock.activated.emit(2)
    QTest.mouseClick(dialog.sends_clock, Qt.MouseButton.LeftButton)
    dialog.latencies["Synth"].setValue(-12.5)
    dialog.routes.channels[2].activated.emit(3)
    dialog.routes.ports[2].activated.emit(1)
    wanted = LiveSetup(
        HeardOn.PORT,
        "Synth",
        "Pads",
        (PartRoute(), PartRoute(), PartRoute(2, "Synth")),
        clock=ClockSource.LINK,
        sends_clock=True,
        latencies_ms=(("Synth", -12.5),),
    )
    assert setups(service)[-1] == wanted
    kept, told, _ = read_settings(places.settings)
    assert kept.live == app.settings.live
    assert not told
    app.save()
    session = json.loads(places.session.read_text(encoding="utf-8"))
    assert session["parts"][2]["route"] == {"channel": 2, "port": "Synth"}


def test_a_route_stays_with_its_part(app: App, service: FakeService) -> None:
    app.session.change_part(2, lambda settings: replace(settings, route=PartRoute(4)))
    app.state.bring_to_front(0)
    app.commands.parts.remove()
    assert setups(service)[-1].routes == (PartRoute(), PartRoute(4))


def test_a_port_that_is_gone_stays_chosen_and_says_so(app: App) -> None:
    app.commands.live.show()
    dialog = app.commands.live.dialog
    assert dialog is not None
    app.commands.live.change(LiveSettings(output="Synth"))
    dialog.show_ports(PortsListed("ALSA", ("Other",)))
    assert dialog.output.currentText() == "Synth (not there)"
    assert dialog.output.currentData() == "Synth"


def test_where_no_port_can_be_made_the_advice_is_shown(app: App, service: FakeService, qtbot: QtBot) -> None:
    app.commands.live.show()
    dialog = app.commands.live.dialog
    assert dialog is not None
    assert dialog.advice.isHidden()
    assert dialog.picture.isHidden()
    service.say(service.job, PortsListed("WinMM", (), (), "Choose “Default App Loopback (A)” here."))
    qtbot.waitUntil(lambda: not dialog.advice.isHidden())
    assert dialog.advice.text() == app.window.ways_out._abouts[1].text() == "Choose “Default App Loopback (A)” here."
    assert not dialog.picture.isHidden()
    assert dialog.picture.pixmap().width() == 860
    dialog.show_ports(PortsListed("", advice="Start JACK."))
    assert not dialog.advice.isHidden()
    assert dialog.picture.isHidden()


def test_panic_stops_and_switches_all_off(app: App, service: FakeService) -> None:
    press(app, Qt.Key.Key_Period, CONTROL)
    assert Panic() in service.told
    assert not app.playback.is_playing


@pytest.mark.parametrize(
    ("state", "text"),
    [
        (LiveState("JACK", "Sending to Turnaround Out (JACK)."), "Sending to Turnaround Out (JACK)."),
        (LiveState(clock=ClockSource.MIDI, tempo_bpm=124), "Following MIDI clock at 124.0 BPM."),
        (
            LiveState("ALSA", "Sending to Synth (ALSA).", clock=ClockSource.MIDI, is_clock_lost=True, tempo_bpm=90),
            "Sending to Synth (ALSA). MIDI clock is silent; it goes on at 90.0 BPM.",
        ),
        (LiveState(clock=ClockSource.LINK), "Link: nobody else yet."),
        (LiveState(clock=ClockSource.LINK, peers=2, tempo_bpm=120), "Link: 2 others, 120.0 BPM."),
    ],
)
def test_the_state_is_said_in_words(state: LiveState, text: str) -> None:
    assert state_text(state) == text


def test_a_lost_port_is_noticed_and_lateness_is_in_the_diagnostics(
    app: App, service: FakeService, qtbot: QtBot
) -> None:
    with qtbot.waitSignal(app.bridge.live_changed):
        service.say(0, LiveState("ALSA", "The port “Synth” is gone; playing goes on.", is_warning=True))
    assert app.window.live_button.text() == "The port “Synth” is gone; playing goes on."
    assert app.window.live_button.property("kind") == "warning"
    with qtbot.waitSignal(app.bridge.live_changed):
        service.say(0, Lateness(48, 0.02, 0.31, 0.94))
    assert any("48 messages" in line and "0.31 ms (p99)" in line for line in app.commands.live.diagnostics())


def test_playing_follows_a_start_from_outside(app: App, service: FakeService, qtbot: QtBot) -> None:
    app.playback.stop()
    with qtbot.waitSignal(app.playback.playing_changed):
        service.say(0, TransportMoved(True))
    assert app.playback.is_playing
    assert service.last_told(Play).loop == app.document.loop
    count = len(service.told)
    with qtbot.waitSignal(app.playback.playing_changed):
        service.say(0, TransportMoved(False))
    assert not app.playback.is_playing
    assert len(service.told) == count  # the player has stopped already


def test_mutes_come_in_when_they_are_to_and_faders_at_once(app: App, service: FakeService, qtbot: QtBot) -> None:
    app.commands.live.change(LiveSettings(mutes_in=Start.NEXT_BAR))
    app.session.change_part(1, lambda part: replace(part, volume=0.5))
    assert service.told[-1] == SetGains(app.session.gains)
    app.session.change_part(1, lambda part: replace(part, is_muted=True))
    app.session.change_part(2, lambda part: replace(part, volume=0.25))
    muted = SetGains(app.session.gains, Start.NEXT_BAR)
    assert service.told[-1] == muted  # the fader waits with the mute, or it would mute too early
    with qtbot.waitSignal(app.bridge.position_changed):
        service.say(0, Position(1930.0))
    app.session.change_part(2, lambda part: replace(part, volume=0.3))
    assert service.told[-1] == SetGains(app.session.gains)


def test_passes_are_counted_from_when_a_loop_comes_in(app: App, service: FakeService, qtbot: QtBot) -> None:
    heard: list[int] = []
    app.playback.passed.connect(heard.append)
    app.playback.follow(replace(app.document.loop, tempo_bpm=99), start=Start.NEXT_LOOP)
    token = service.last_told(Play).token
    assert app.playback.is_waiting
    for passes, of in ((4, token - 1), (5, token), (5, token), (7, token)):
        with qtbot.waitSignal(app.bridge.position_changed):
            service.say(0, Position(10.0, of, passes))
    assert heard == [0, 2]
    assert not app.playback.is_waiting


def test_an_edit_of_a_loop_that_is_to_come_in_waits_with_it(app: App, service: FakeService, qtbot: QtBot) -> None:
    loop = replace(app.document.loop, tempo_bpm=99)
    app.playback.follow(loop, start=Start.NEXT_LOOP)
    app.playback.follow(replace(loop, tempo_bpm=98))
    qtbot.waitUntil(lambda: service.last_told(Play).loop.tempo_bpm == 98)
    assert service.last_told(Play).start is Start.NEXT_LOOP
    with qtbot.waitSignal(app.playback.passed):
        service.say(0, Position(10.0, service.last_told(Play).token, 3))
    app.playback.follow(loop)
    qtbot.waitUntil(lambda: service.last_told(Play).loop.tempo_bpm == 99)
    assert service.last_told(Play).start is Start.IN_PLACE


def test_live_settings_come_back_and_bad_ones_are_told(places: Places) -> None:
    live = LiveSettings(
        output="Synth",
        latencies_ms=(("Synth", -3.0),),
        drops_in=Start.NEXT_LOOP,
        learned=(Learned("play_toggle", 0, 7),),
    )
    write_settings(places.settings, replace(Settings(), live=live))
    assert read_settings(places.settings)[0].live == live
    plain = json.loads(places.settings.read_text(encoding="utf-8"))
    plain["live"] |= {
        "clock": "sundial",
        "latencies_ms": [["Synth", 9000]],
        "learned": [{"target": "x"}],
        "drops_in": "now",
    }
    places.settings.write_text(json.dumps(plain), encoding="utf-8")
    settings, told, _ = read_settings(places.settings)
    assert settings.live == LiveSettings(output="Synth")
    assert len(told) == 4
