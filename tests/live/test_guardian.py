"""The guardian: it silences what a killed player used, where it led to, and nothing else."""

import pytest

from engine.live.guardian import Watcher
from engine.midi.rtmidi_ports import alsa_connections
from tests.helpers.fake_midi import FakeSystem

OUT = "Fake:Turnaround Out"


def silenced(system: FakeSystem, port: str) -> set[int]:
    return {data[0] & 15 for _, data in system.sent.get(port, []) if data[1] == 123}


def test_channels_in_use_are_silenced_wherever_their_port_led_to() -> None:
    system = FakeSystem()
    system.others_out = ["Synth:in", "Sampler:in", "Lights:in"]
    watcher = Watcher(system, send_seconds=0.0)
    watcher.add(OUT, 0)
    watcher.add(OUT, 9)
    system.connections[OUT] = ("Synth:in", "Lights:in")
    watcher.glance(10.0)
    system.connections[OUT] = ("Synth:in", "Sampler:in")
    watcher.glance(20.0)
    system.connections.clear()  # the player's ports are gone with it
    watcher.glance(20.2)
    system.seconds = 21.0
    watcher.silence()
    assert silenced(system, "Synth:in") == silenced(system, "Sampler:in") == {0, 9}
    assert not silenced(system, "Lights:in")  # it had been parted from it long before


def test_a_port_that_is_gone_too_stops_nobody(caplog: pytest.LogCaptureFixture) -> None:
    system = FakeSystem()
    watcher = Watcher(system, send_seconds=0.0)
    watcher.add(OUT, 3)
    system.connections[OUT] = ("Gone:in", "Synth:in")
    system.others_out = ["Synth:in"]
    watcher.glance(1.0)
    watcher.silence()
    assert silenced(system, "Synth:in") == {3}
    assert "Gone:in cannot be silenced" in caplog.text


def test_alsa_s_list_tells_where_a_port_leads() -> None:
    listing = """Client info
  cur  clients : 3
Client 128 : "Turnaround" [User Legacy]
  Port   0 : "Turnaround In" (-We-)
    Connected From: 20:0
Client 129 : "Turnaround" [User Legacy]
  Port   0 : "Turnaround Out" (R-e-)
    Connecting To: 130:0, 131:2[real:0]
Client 130 : "Other" [User Legacy]
  Port   0 : "Turnaround Out" (R-e-)
    Connecting To: 14:0
"""
    assert alsa_connections(listing, "Turnaround Out") == ["130:0", "131:2"]
    assert alsa_connections(listing, "Turnaround Drums") == []


def test_a_guardian_that_was_kept_waiting_still_silences() -> None:
    system = FakeSystem()
    system.others_out = ["Synth:in"]
    watcher = Watcher(system, send_seconds=0.0)
    watcher.add(OUT, 2)
    system.connections[OUT] = ("Synth:in",)
    watcher.glance(1.0)  # and however long it took until it was told of the player's end
    watcher.silence()
    assert silenced(system, "Synth:in") == {2}
    assert len(system.sent["Synth:in"]) > 3, "told more than once"
