"""The player against a clock that a test moves: exact messages at exact times, and no note stuck or doubled."""

import random
from dataclasses import replace
from itertools import pairwise

import pytest

from engine.jobs.sound import Start
from engine.live.clock import ManualClock, SystemClock
from engine.live.player import Player
from engine.live.schedule import Voice, channels_of, pattern_of
from engine.midi.wire import START, STOP, VOLUME, TimedMessage, control
from engine.music.general_midi import Role
from engine.music.loop import Loop, Note, Track

AHEAD_SECONDS = 0.1


class RecordingSink:
    """Keeps what is due; what is past cannot be taken back."""

    margin_seconds = 0.0

    def __init__(self) -> None:
        self.messages: list[TimedMessage] = []

    def put(self, message: TimedMessage) -> None:
        assert not self.messages or message.seconds >= self.messages[-1].seconds - 1e-9
        self.messages.append(message)

    def cancel_from(self, seconds: float) -> None:
        while self.messages and self.messages[-1].seconds >= seconds:
            self.messages.pop()

    def notes(self) -> list[tuple[float, str]]:
        """Notes as (seconds, "+pitch" or "-pitch")."""
        return [
            (round(m.seconds, 4), f"{'+' if m.data[0] >> 4 == 9 else '-'}{m.data[1]}")
            for m in self.messages
            if m.data[0] >> 4 in (8, 9)
        ]


def bass(*notes: Note, bars: int = 1, tempo: float = 120.0) -> Loop:
    return Loop(bars=bars, tempo_bpm=tempo, tracks=(Track(Role.BASS, notes),))


class Stage:
    """A player, its clock and what came out."""

    def __init__(self, clock_port: str | None = None) -> None:
        self.clock, self.sink = ManualClock(), RecordingSink()
        self.player = Player(self.clock, self.sink, clock_port=clock_port)

    def run(self, seconds: float, step: float = 0.03) -> None:
        end = self.clock.seconds + seconds
        while self.clock.seconds < end - 1e-9:
            self.player.advance(self.clock.seconds + AHEAD_SECONDS)
            self.clock.seconds = min(end, self.clock.seconds + step)

    def balance(self) -> None:
        """Assert that no note is doubled or ended twice, and that all have ended."""
        on: set[tuple[str, int, int]] = set()
        for _, port, data in self.sink.messages:
            voice = (port, data[0] & 15, data[1] if len(data) > 1 else -1)
            if data[0] >> 4 == 9:
                assert voice not in on, f"{voice} is doubled"
                on.add(voice)
            elif data[0] >> 4 == 8:
                assert voice in on, f"{voice} ends without having begun"
                on.remove(voice)
        assert not on


def test_a_loop_comes_round_and_ends_a_tick_before_the_seam() -> None:
    stage = Stage()
    stage.player.play(pattern_of(bass(Note(0, 40, 480), Note(960, 41, 960))))
    stage.run(4.0)
    stage.player.stop()
    tick = 60 / 120 / 480
    one = [(0.0, "+40"), (0.5, "-40"), (1.0, "+41"), (round(2 - tick, 4), "-41")]
    assert stage.sink.notes() == one + [(round(t + 2, 4), name) for t, name in one]
    stage.balance()


def test_a_take_begins_on_the_next_bar_and_what_sounds_rings_to_its_own_end() -> None:
    stage = Stage()
    first = bass(Note(0, 40, 480), Note(1440, 50, 960), bars=2)
    stage.player.play(pattern_of(first))
    stage.run(1.9)  # past the look-ahead of the bar line
    stage.player.change(pattern_of(bass(Note(0, 60, 480), bars=1)), Start.NEXT_BAR)
    stage.run(1.5)
    stage.player.stop()
    assert stage.sink.notes()[2:6] == [(1.5, "+50"), (2.0, "+60"), (2.5, "-50"), (2.5, "-60")]
    stage.balance()


@pytest.mark.parametrize(("start", "at"), [(Start.NEXT_BEAT, 0.5), (Start.NEXT_BAR, 2.0), (Start.NEXT_LOOP, 4.0)])
def test_a_change_waits_for_its_place(start: Start, at: float) -> None:
    stage = Stage()
    stage.player.play(pattern_of(bass(bars=2)))
    stage.run(0.3)
    every_beat = [Note(beat * 480, 60, 240) for beat in range(8)]
    stage.player.change(pattern_of(bass(*every_beat, bars=2)), start)
    stage.run(5.0)
    assert stage.sink.notes()[0] == (at, "+60")


def test_an_edit_in_place_keeps_what_both_hold() -> None:
    stage = Stage()
    stage.player.play(pattern_of(bass(Note(0, 40, 960), Note(0, 47, 960))))
    stage.run(0.25)
    stage.player.change(pattern_of(bass(Note(0, 40, 1440))), Start.IN_PLACE)
    stage.run(1.5)
    assert stage.sink.notes() == [(0.0, "+40"), (0.0, "+47"), (0.25, "-47"), (1.5, "-40")]


def test_tempo_changes_keep_the_place() -> None:
    stage = Stage()
    notes = [Note(beat * 480, 60, 240) for beat in range(4)]
    stage.player.play(pattern_of(bass(*notes)))
    stage.run(1.0)
    stage.player.change(pattern_of(bass(*notes, tempo=240)), Start.IN_PLACE)
    stage.run(1.0)
    assert [t for t, name in stage.sink.notes() if name == "+60"][:6] == [0.0, 0.5, 1.0, 1.25, 1.5, 1.75]


def test_stop_silences_every_channel_in_use() -> None:
    stage = Stage()
    stage.player.play(pattern_of(bass(Note(0, 40, 1920))))
    stage.run(0.5)
    stage.player.stop()
    assert [m.data for m in stage.sink.messages[-3:]] == [b"\x80\x28\x00", b"\xb0\x7b\x00", b"\xb0\x78\x00"]


def test_midi_clock_never_pauses_and_the_loop_begins_with_a_clock() -> None:
    stage = Stage(clock_port="out")
    stage.run(0.4)
    stage.player.play(pattern_of(bass(Note(0, 40, 480))))
    stage.run(1.0)
    stage.player.stop()
    stage.run(0.5)
    clocks = [m.seconds for m in stage.sink.messages if m.data == b"\xf8"]
    assert len(clocks) >= 90
    assert all(abs(b - a - 1 / 48) < 1e-6 for a, b in pairwise(clocks))
    begin = next(m.seconds for m in stage.sink.messages if m.data[0] == 0x90)
    assert any(abs(begin - clock) < 1e-9 for clock in clocks)
    names = [m.data[0] for m in stage.sink.messages if m.data[0] in (0xFA, 0xFC)]
    assert names == [0xFA, 0xFC]


def test_drums_have_their_channel_and_the_others_go_round_it() -> None:
    loop = Loop(tracks=tuple(Track(role) for role in (Role.BASS, Role.DRUMS, *[Role.LEAD] * 9)))
    assert channels_of(loop) == (0, 9, 1, 2, 3, 4, 5, 6, 7, 8, 10)


@pytest.mark.parametrize("place", range(0, 1920, 40))
def test_a_command_at_the_instant_of_an_onset_leaves_no_note_on(place: int) -> None:
    stage = Stage()
    stage.player.play(pattern_of(bass(Note(place, 40, 20), tempo=90)))
    at = stage.clock.seconds_at(place)  # by rounding this may be a little after the tick, or before
    stage.player.advance(at + AHEAD_SECONDS)
    stage.clock.seconds = at
    stage.player.advance(at + AHEAD_SECONDS)
    stage.player.change(pattern_of(bass(tempo=90)), Start.NEXT_LOOP)
    stage.run(3.0)
    stage.balance()


def test_what_another_clock_brings_does_not_take_back_how_the_first_ended() -> None:
    stage = Stage()
    stage.player.play(pattern_of(bass(Note(0, 40, 1900))))
    stage.run(0.5003)  # between two ticks: it ends at the next, and the other clock's first is now
    stage.player.follow(SystemClock(now=stage.clock.now))
    stage.player.play(pattern_of(bass(Note(0, 50, 1900))))
    stage.player.advance(stage.clock.now() + AHEAD_SECONDS)
    stage.player.stop()
    stage.balance()


def test_a_start_that_is_heard_late_misses_no_stroke() -> None:
    stage = Stage()
    stage.clock.seconds = 0.05  # 48 ticks after the start
    stage.player.play(pattern_of(bass(Note(0, 36, 48), Note(0, 40, 480), Note(960, 41, 480))), at=0)
    stage.run(2.0)
    assert stage.sink.notes()[:4] == [(0.05, "+36"), (0.05, "+40"), (0.1, "-36"), (0.5, "-40")]
    stage.player.stop()
    stage.balance()


def test_what_a_command_sent_is_not_taken_back_by_another_at_the_same_instant() -> None:
    stage = Stage(clock_port="")
    voice = [(Voice("", 0, 60), ())]
    stage.player.play(pattern_of(bass(Note(0, 40, 1900))))
    stage.player.sound(voice, 90, 100)
    stage.run(0.5)
    stage.player.stop()
    stage.player.sound(voice, 90, 100)
    stage.run(0.5)
    heard = [message.data for message in stage.sink.messages]
    assert heard.count(START) == heard.count(STOP) == 1
    tick = 60 / 120 / 480
    ends = [seconds for seconds, name in stage.sink.notes() if name == "-40"]
    assert ends == [pytest.approx(0.5, abs=2 * tick)]
    stage.balance()


def test_a_change_in_place_and_a_note_at_the_same_instant_both_hold() -> None:
    stage = Stage()
    stage.player.play(pattern_of(bass(Note(0, 40, 1900), Note(0, 47, 1900))))
    stage.run(0.5)
    level = control(0, VOLUME, 20)
    quiet = replace(pattern_of(bass(Note(0, 40, 1900))), controls=(("", level),))
    stage.player.change(quiet, Start.IN_PLACE)
    stage.player.sound([(Voice("", 0, 60), ())], 90, 100)
    stage.run(0.3)
    assert level in [message.data for message in stage.sink.messages]
    assert stage.sink.notes()[2] == (0.5, "-47")
    stage.player.stop()
    stage.balance()


def random_loop(draw: random.Random) -> Loop:
    bars = draw.choice((1, 1, 2, 3))
    notes = [
        Note(onset, pitch, min(draw.randint(1, 900), bars * 1920 - onset))
        for onset, pitch in ((draw.randrange(bars * 1920), draw.randrange(40, 46)) for _ in range(12))
    ]
    track = Track(Role.BASS).with_notes(notes)
    return Loop(bars=bars, tempo_bpm=draw.choice((90.0, 120.0, 200.0)), tracks=(track, Track(Role.LEAD, track.notes)))


def test_ten_thousand_random_commands_leave_no_note_stuck_or_doubled() -> None:
    draw = random.Random(4)
    stage = Stage(clock_port="")
    allowed: set[int] = set()
    for _ in range(10_000):
        gains = (draw.choice((0.0, 0.5, 1.0)), 1.0)
        pattern = pattern_of(random_loop(draw), gains)
        allowed |= {onset.voice.pitch for onset in pattern.onsets}
        match draw.randrange(6):
            case 0:
                stage.player.play(pattern, tick=draw.randrange(1920))
            case 1:
                stage.player.stop()
            case 2:
                stage.player.panic([""])
            case _:
                stage.player.change(pattern, draw.choice(list(Start)))
        stage.run(draw.choice((0.0, 0.01, 0.1, 0.4)), step=draw.choice((0.01, 0.05)))
    stage.player.stop()
    stage.balance()
    assert {m.data[1] for m in stage.sink.messages if m.data[0] >> 4 == 9} <= allowed
