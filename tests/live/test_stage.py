"""Commands on a stage become the same music on ports and as sound; ports come and go, and nothing is left on."""

import sys
from dataclasses import replace

import numpy as np
import pytest

from engine.errors import MidiPortError, SoundError
from engine.jobs.live import (
    ClockSource,
    ControlMoved,
    HeardOn,
    LiveSetup,
    LiveState,
    Panic,
    PartRoute,
    SetLive,
    TransportMoved,
)
from engine.jobs.sound import Levels, Play, PlayNote, SetGains, SetMetronome, SoundState, Start, StopPlaying
from engine.live.outlets import Outlets
from engine.live.sound_output import SoundOutput
from engine.live.stage import Stage, StageEvent
from engine.midi.ports import MidiSystem
from engine.music.general_midi import Role
from engine.music.loop import Loop, Note, Track
from tests.helpers.fake_midi import FakeDevice, FakeSystem

OUT = "Turnaround Out"
RATE = 8_000
DRUMS = Track(Role.DRUMS, tuple(Note(beat * 480, 36, 60, 110) for beat in range(4)))
BASS = Track(Role.BASS, (Note(0, 40, 960, 100), Note(960, 43, 480, 100)))
LOOP = Loop(bars=1, tempo_bpm=120.0, tracks=(DRUMS, BASS))


class Show:
    """A stage, its system, its sound device and what it told."""

    def __init__(self, setup: LiveSetup | None = None, *, has_system: bool = True, has_device: bool = True) -> None:
        self.system, self.device = FakeSystem(), FakeDevice(RATE)
        self.told: list[StageEvent] = []
        self.has_system, self.has_device = has_system, has_device
        self.stage = Stage(
            self.told.append,
            open_system=self._system,
            open_sound=self._device,
            setup=setup or LiveSetup(),
            pause=self._pause,
        )

    def _pause(self, seconds: float) -> None:
        self.system.seconds += seconds

    def _system(self) -> MidiSystem:
        if not self.has_system:
            raise MidiPortError("There is no MIDI system here.", "A test.")
        self.system.is_alive = True
        return self.system

    def _device(self) -> SoundOutput:
        if not self.has_device:
            raise SoundError("Silent: a test.")
        return self.device

    def run(self, seconds: float, step: float = 0.01) -> None:
        for _ in range(round(seconds / step)):
            self.stage.pump()
            self.system.seconds += step

    def notes(self, port: str = OUT) -> list[tuple[float, str]]:
        """Notes that are past as (seconds, "+channel:pitch" or "-channel:pitch")."""
        return [
            (round(seconds, 3), f"{'+' if data[0] >> 4 == 9 else '-'}{data[0] & 15}:{data[1]}")
            for seconds, data in self.system.sent.get(port, [])
            if data[0] >> 4 in (8, 9) and seconds <= self.system.seconds + 1e-9
        ]

    def onsets(self, port: str = OUT) -> list[tuple[float, str]]:
        return [(seconds, name) for seconds, name in self.notes(port) if name[0] == "+"]

    def states(self) -> list[LiveState]:
        return [event for event in self.told if isinstance(event, LiveState)]

    def balance(self) -> None:
        """Assert that nothing is left on at any port."""
        for port in self.system.sent:
            on: set[str] = set()
            for _, name in self.notes(port):
                assert (name[1:] in on) == (name[0] == "-"), f"{port}: {name} twice"
                on ^= {name[1:]}
            assert not on, f"{port}: {on} left on"


def test_ports_are_there_from_the_beginning_and_said() -> None:
    show = Show()
    assert set(show.system.open) == {OUT}
    assert show.system.open_inputs == {"Turnaround In"}
    assert show.states() == [LiveState("Fake", f"Sending to {OUT} (Fake).")]


def test_a_loop_is_heard_on_the_port_and_as_sound_at_the_same_time() -> None:
    show = Show()
    show.run(0.1)
    show.stage.do(Play(LOOP, token=7))
    heard: list[np.ndarray] = []
    for _ in range(50):
        heard.append(show.device.heard(RATE // 100))
        show.run(0.01)
    first = int(np.flatnonzero(np.abs(np.concatenate(heard)).max(axis=1) > 1e-4)[0])
    assert first / RATE + 0.1 == pytest.approx(show.onsets()[0][0], abs=0.002)
    assert show.stage.position().token == 7
    assert show.stage.position().tick == pytest.approx(480, abs=15)
    assert show.stage.position().tempo_bpm == 120.0


def test_after_many_passes_the_sound_s_clock_and_the_port_s_are_still_one() -> None:
    show = Show()
    show.stage.do(Play(LOOP))
    for _ in range(1_000):  # 20 s, ten passes
        show.device.heard(RATE // 50)
        show.run(0.02, step=0.02)
    start = show.system.seconds
    next_beat = next(s for s, name in reversed(show.onsets()) if name == "+9:36") + 0.5
    audio = []
    for _ in range(60):
        audio.append(show.device.heard(RATE // 100))
        show.run(0.01)
    envelope = np.abs(np.concatenate(audio)).max(axis=1)
    at = round((next_beat - start) * RATE)
    assert envelope[at : at + 80].max() > 2 * envelope[at - 80 : at].max()


def test_position_counts_passes_and_says_the_old_loop_until_the_new_one_is_heard() -> None:
    show = Show()
    show.stage.do(Play(LOOP, token=1))
    show.run(4.1)
    assert (show.stage.position().token, show.stage.position().passes) == (1, 2)
    show.stage.do(Play(LOOP, start=Start.NEXT_BAR, token=2))
    show.run(1.85)
    assert show.stage.position().token == 1
    show.run(0.1)
    assert show.stage.position().token == 2


@pytest.mark.parametrize(("start", "at"), [(Start.NEXT_BEAT, 0.5), (Start.NEXT_BAR, 2.0), (Start.NEXT_LOOP, 4.0)])
def test_a_mute_waits_for_its_place(start: Start, at: float) -> None:
    show = Show(LiveSetup(HeardOn.PORT))
    drums = Track(Role.DRUMS, tuple(Note(beat * 480, 36, 60, 110) for beat in range(8)))
    show.stage.do(Play(replace(LOOP, bars=2, tracks=(drums, BASS))))
    show.run(0.2)
    show.stage.do(SetGains((0.0, 1.0), start))
    show.run(5.0)
    beats = [seconds for seconds, name in show.onsets() if name == "+9:36"]
    assert beats == [beat / 2 for beat in range(round(at * 2))]
    show.stage.close()
    show.balance()


def test_a_mute_holds_for_the_loop_that_is_to_come_too() -> None:
    show = Show(LiveSetup(HeardOn.PORT))
    show.stage.do(Play(LOOP))
    show.run(0.2)
    show.stage.do(Play(LOOP, start=Start.NEXT_LOOP, token=2))
    show.stage.do(SetGains((0.0, 1.0), Start.NEXT_BEAT))
    show.run(4.0)
    assert [seconds for seconds, name in show.onsets() if name == "+9:36"] == [0.0]
    assert show.stage.position().token == 2


def test_parts_go_where_they_are_routed() -> None:
    show = Show()
    show.system.others_out = ["Synth:in"]
    show.stage.do(SetLive(LiveSetup(HeardOn.PORT, routes=(PartRoute(2), PartRoute(port="Synth:in")))))
    show.stage.do(Play(LOOP))
    show.run(0.4)
    assert show.onsets() == [(0.0, "+2:36")]
    assert show.onsets("Synth:in") == [(0.0, "+0:40")]


def test_each_part_may_have_a_port_of_its_own() -> None:
    show = Show(LiveSetup(HeardOn.PORT, has_port_a_part=True))
    show.stage.do(Play(replace(LOOP, tracks=(DRUMS, BASS, BASS))))
    show.run(0.4)
    assert set(show.system.open) == {OUT, "Turnaround Drums", "Turnaround Bass", "Turnaround Bass 2"}
    assert show.onsets("Turnaround Bass 2") == [(0.0, "+1:40")]
    assert show.onsets() == []


def test_where_it_is_heard_changes_while_it_plays_and_leaves_nothing_on() -> None:
    show = Show()
    show.system.others_out = ["Synth:in"]
    show.stage.do(Play(LOOP))
    show.run(0.7)
    show.stage.do(SetLive(LiveSetup(HeardOn.BOTH, output="Synth:in")))
    show.run(0.6)
    assert show.notes()[-1][1][0] == "-"
    assert show.onsets("Synth:in") == [(1.0, "+0:43"), (1.0, "+9:36")]
    show.stage.do(SetLive(LiveSetup(HeardOn.INTERNAL)))
    show.run(1.0)
    assert len(show.onsets("Synth:in")) == 2
    show.stage.close()
    show.balance()


def test_a_latency_moves_every_message_of_its_port() -> None:
    show = Show(LiveSetup(HeardOn.PORT, latencies_ms=((OUT, -30.0),)))
    show.run(0.5)
    show.stage.do(Play(LOOP))
    show.run(0.5)
    assert show.onsets()[0][0] == pytest.approx(0.5, abs=0.011)
    late = Show(LiveSetup(HeardOn.PORT, latencies_ms=((OUT, 250.0),)))
    late.stage.do(Play(LOOP))
    late.run(0.5)
    assert late.onsets()[0] == (0.25, "+0:40")


@pytest.mark.parametrize("is_playing", [True, False])
@pytest.mark.parametrize(("before", "after"), [(30.0, 0.0), (0.0, 30.0), (-30.0, 0.0), (0.0, -30.0), (30.0, -30.0)])
def test_a_latency_that_changes_doubles_no_note_and_leaves_none_on(
    before: float, after: float, *, is_playing: bool
) -> None:
    for step in range(25):
        show = Show(LiveSetup(HeardOn.PORT, latencies_ms=((OUT, before),)))
        show.run(0.2)
        if is_playing:
            show.stage.do(Play(LOOP))
            show.run(0.2)
        show.stage.do(PlayNote(BASS, Note(0, 50, 100, 90), 120.0))
        show.run(0.005 * step, step=0.005)
        show.stage.do(SetLive(LiveSetup(HeardOn.PORT, latencies_ms=((OUT, after),))))
        show.run(0.005 * (step % 3), step=0.005)
        show.stage.do(PlayNote(BASS, Note(0, 50, 100, 90), 120.0))
        show.run(0.5, step=0.005)
        show.stage.do(StopPlaying())
        show.run(0.1)
        show.balance()


def test_a_port_that_vanishes_is_said_and_taken_up_again() -> None:
    show = Show()
    show.system.others_out = ["Synth:in"]
    show.stage.do(SetLive(LiveSetup(HeardOn.PORT, output="Synth:in")))
    show.stage.do(Play(LOOP))
    show.run(1.5)
    show.system.others_out = []
    show.run(1.5)
    assert show.states()[-1].is_warning
    assert "Synth:in" in show.states()[-1].sentence
    assert show.stage.is_playing
    show.system.others_out = ["Synth:in"]
    show.run(1.5)
    assert not show.states()[-1].is_warning
    before = len(show.onsets("Synth:in"))
    show.run(2.0)
    assert len(show.onsets("Synth:in")) > before


def test_a_system_that_dies_is_said_and_taken_up_again_in_time() -> None:
    show = Show()
    show.stage.do(Play(LOOP))
    show.run(1.5)
    tick = show.stage.position().tick
    show.system.is_alive = False
    show.has_system = False
    show.stage.pump()
    assert "gone" in show.states()[-1].sentence
    assert show.stage.position().tick == pytest.approx(tick, abs=30)
    show.has_system = True
    show.stage.ports()
    assert show.states()[-1] == LiveState("Fake", f"Sending to {OUT} (Fake).")
    assert show.stage.is_playing


def test_without_a_midi_system_the_window_still_plays_and_says_why() -> None:
    show = Show(has_system=False)
    show.stage.do(Play(LOOP))
    assert show.states() == [LiveState("", "There is no MIDI system here. A test.")]
    assert SoundState(True, "Sound: a test") in show.told
    assert show.stage.is_playing
    assert show.stage.ports().system == ""
    assert "no MIDI system" in show.stage.ports().advice
    show.stage.close()
    assert show.device.is_closed


def test_without_a_sound_device_ports_still_play() -> None:
    show = Show(has_device=False)
    show.stage.do(Play(LOOP))
    show.run(1.0)
    assert [event for event in show.told if isinstance(event, SoundState)] == [SoundState(False, "Silent: a test.")]
    assert len(show.onsets()) == 5


def test_where_no_port_can_be_made_a_loopback_is_found() -> None:
    show = Show(LiveSetup(HeardOn.PORT))
    show.system.has_virtual_ports = False
    show.system.others_out = ["Microsoft GS Wavetable Synth 0", "Default App Loopback (A) 1"]
    show.stage.do(SetLive(LiveSetup(HeardOn.PORT)))
    assert show.states()[-1].sentence == "Sending to Default App Loopback (A) 1 (Fake)."
    show.system.others_out = []
    show.stage.do(SetLive(LiveSetup(HeardOn.PORT)))
    assert "Loopback (A)" in show.states()[-1].sentence
    assert "loopMIDI" in show.stage.ports().advice


def test_panic_silences_every_channel_of_every_port() -> None:
    show = Show()
    show.stage.do(Play(LOOP))
    show.run(0.3)
    show.stage.do(Panic())
    show.run(0.1)
    assert not show.stage.is_playing
    silenced = {data[0] & 15 for _, data in show.system.sent[OUT] if data[0] >> 4 == 0xB and data[1] == 123}
    assert silenced == set(range(16))
    show.balance()


def test_a_single_note_is_heard_over_whatever_plays_and_ends() -> None:
    show = Show()
    show.stage.do(PlayNote(BASS, Note(0, 50, 240, 90), 120.0))
    assert show.device.heard(RATE // 10).any()
    show.run(1.0)
    assert show.notes() == [(0.0, "+0:50"), (0.25, "-0:50")]
    show.stage.do(Play(LOOP))
    show.run(0.1)
    show.stage.do(PlayNote(BASS, Note(0, 40, 240, 90), 120.0))
    show.run(1.0)
    show.stage.do(StopPlaying())
    show.run(0.1)
    show.balance()


def test_a_chord_of_single_notes_is_heard_whole() -> None:
    show = Show(LiveSetup(HeardOn.PORT))
    for pitch in (48, 52, 55):
        show.stage.do(PlayNote(BASS, Note(0, pitch, 240, 90), 120.0))
    show.run(0.1)
    assert sorted(name for _, name in show.onsets()) == ["+0:48", "+0:52", "+0:55"]


def test_a_count_in_comes_first_and_the_loop_begins_on_its_end() -> None:
    show = Show()
    show.stage.do(Play(LOOP, has_count_in=True))
    show.run(0.5)
    assert show.stage.position().tick == -1
    assert show.stage.is_playing
    show.stage.do(SetGains((1.0, 0.0)))
    show.run(1.7)
    assert show.onsets() == [(2.0, "+9:36")]


def test_the_metronome_clicks_inside_only() -> None:
    silent = replace(LOOP, tracks=())
    show = Show()
    show.stage.do(Play(silent))
    show.stage.do(SetMetronome(True))
    heard = []
    for _ in range(200):
        heard.append(float(np.abs(show.device.heard(RATE // 100)).max()) > 0.05)
        show.run(0.01)
    assert [index for index, is_loud in enumerate(heard) if is_loud and not heard[index - 1]] in (
        [50, 100, 150],
        [0, 50, 100, 150],
    )
    assert show.notes() == []


def test_midi_clock_goes_with_the_loop_and_a_late_follower_is_told_where_it_is() -> None:
    show = Show(LiveSetup(HeardOn.PORT))
    show.stage.do(Play(LOOP))
    show.run(0.6)
    show.stage.do(SetLive(LiveSetup(HeardOn.PORT, sends_clock=True)))
    show.run(1.0)
    said = [(seconds, data) for seconds, data in show.system.sent[OUT] if data[0] in (0xF2, 0xFB)]
    assert [data for _, data in said] == [b"\xf2\x05\x00", b"\xfb"]
    first = next(seconds for seconds, data in show.system.sent[OUT] if data == b"\xf8" and seconds > said[1][0])
    assert first == pytest.approx(5 * 0.125, abs=0.003)


class Leader:
    """Someone whose MIDI clock the stage follows."""

    def __init__(self, show: Show, tempo_bpm: float) -> None:
        self._show, self.tempo_bpm = show, tempo_bpm
        self._next = show.system.seconds
        self.pulses: list[float] = []

    def send(self, *messages: bytes) -> None:
        self._show.system.incoming += [(self._show.system.seconds, data) for data in messages]

    def run(self, seconds: float) -> None:
        """Let time pass, with pulses in it."""
        for _ in range(round(seconds / 0.002)):
            while self._next <= self._show.system.seconds:
                self._show.system.incoming.append((self._next, b"\xf8"))
                self.pulses.append(self._next)
                self._next += 60 / self.tempo_bpm / 24
            self._show.run(0.002, step=0.002)


def following() -> tuple[Show, Leader]:
    show = Show(LiveSetup(HeardOn.PORT, clock=ClockSource.MIDI))
    show.stage.load(Play(LOOP))
    return show, Leader(show, 100.0)


def test_playing_begins_with_the_others_and_keeps_to_their_beats() -> None:
    show, leader = following()
    leader.run(2.0)
    assert show.states()[-1].clock is ClockSource.MIDI
    assert show.states()[-1].tempo_bpm == pytest.approx(100.0, abs=0.2)
    leader.send(b"\xfa")
    first = len(leader.pulses)
    leader.run(5.0)
    assert TransportMoved(True) in show.told
    beats = [seconds for seconds, name in show.onsets() if name == "+9:36"]
    assert beats == pytest.approx(leader.pulses[first::24][: len(beats)], abs=0.003)
    assert len(beats) >= 8
    leader.send(b"\xfc")
    leader.run(0.2)
    assert show.told[-1] == TransportMoved(False)
    assert not show.stage.is_playing
    show.stage.close()
    show.balance()


def test_a_song_position_begins_in_the_middle_of_the_loop() -> None:
    show, leader = following()
    leader.run(2.0)
    leader.send(b"\xf2\x08\x00", b"\xfb")  # the third beat
    first = len(leader.pulses)
    leader.run(1.5)
    assert [name for _, name in show.onsets()][:2] == ["+0:43", "+9:36"]
    assert show.onsets()[0][0] == pytest.approx(leader.pulses[first], abs=0.012)


def test_what_we_start_waits_for_the_others_bar() -> None:
    show, leader = following()
    leader.run(1.0)
    leader.send(b"\xfa")
    first = len(leader.pulses)
    leader.run(3.0)
    show.stage.do(StopPlaying())
    show.stage.do(Play(LOOP))
    before = len(show.onsets())
    leader.run(3.0)
    assert show.onsets()[before][0] == pytest.approx(leader.pulses[first + 2 * 96], abs=0.003)


def test_a_leader_that_falls_silent_is_said_and_playing_goes_on() -> None:
    show, leader = following()
    leader.run(1.0)
    leader.send(b"\xfa")
    leader.run(2.0)
    assert not show.states()[-1].is_clock_lost
    before = len(show.onsets())
    show.run(2.5)
    assert show.states()[-1].is_clock_lost
    assert show.stage.is_playing
    assert len(show.onsets()) > before
    show.stage.do(SetLive(LiveSetup(HeardOn.PORT)))
    assert show.states()[-1].clock is ClockSource.OWN
    assert show.stage.is_playing
    show.run(1.0)
    show.stage.close()
    show.balance()


def test_without_link_one_sentence_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "aalink", None)
    show = Show()
    show.stage.do(SetLive(LiveSetup(clock=ClockSource.LINK)))
    assert show.states()[-1].is_warning
    assert "extra “link”" in show.states()[-1].sentence
    assert show.states()[-1].clock is ClockSource.OWN


def test_what_is_played_in_is_captured_and_controllers_are_told() -> None:
    show = Show()
    show.stage.do(Play(LOOP))
    show.run(0.5)
    show.system.incoming = [(0.5, b"\x90\x3c\x50"), (0.75, b"\x80\x3c\x00"), (0.8, b"\xb0\x4a\x11")]
    show.run(1.6)
    assert show.stage.captured(1).notes == (Note(480, 60, 240, 80),)
    assert ControlMoved(0, 74, 17) in show.told


def test_levels_are_those_of_the_parts_that_sound() -> None:
    show = Show()
    show.stage.do(Play(LOOP, gains=(1.0, 0.0)))
    show.run(0.5)
    show.device.heard(RATE // 2)
    levels = show.stage.levels()
    drums, bass = levels.parts
    assert drums == levels.whole > 0.01
    assert bass == 0.0
    show.stage.do(PlayNote(BASS, BASS.notes[0], 120.0))
    show.run(0.1)
    assert show.stage.levels() == Levels(), "nothing was asked for by the device meanwhile"


def test_there_are_no_levels_where_only_the_port_plays() -> None:
    show = Show(LiveSetup(heard_on=HeardOn.PORT))
    show.stage.do(Play(LOOP))
    show.run(0.5)
    assert show.stage.levels() == Levels()


def test_it_ends_when_the_system_s_time_stands_still(monkeypatch: pytest.MonkeyPatch) -> None:
    show = Show()
    show.stage.do(Play(LOOP))
    show.run(0.1)
    pauses = 0

    def pause(seconds: float) -> None:
        nonlocal pauses
        pauses += 1
        assert pauses < 10_000, "it waits for a time that never comes"

    monkeypatch.setattr(show.stage, "_pause", pause)
    monkeypatch.setattr(Outlets, "has_waiting", True)  # nobody takes them: the server is gone
    show.stage.close()
    assert not show.system.open
