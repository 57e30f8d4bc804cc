"""Ten thousand random commands on a stage: ports come and go, systems die, players are killed; no note is left on."""

import random

import pytest

from engine.errors import MidiPortError, SoundError
from engine.jobs.live import ClockSource, HeardOn, LiveSetup, Panic, PartRoute, SetLive
from engine.jobs.sound import Play, PlayNote, SetGains, SetMetronome, Start, StopPlaying
from engine.live.guardian import Watcher
from engine.live.sound_output import SoundOutput
from engine.live.stage import Stage, StageCommand
from engine.midi.ports import MidiSystem
from engine.music.general_midi import Role
from engine.music.loop import Loop, Note, Track
from tests.helpers.fake_midi import FakeOutput, FakeSystem

NAMED = ("Synth:in", "Sampler:in")
PITCHES = range(40, 46)
STARTS = list(Start)


class Receiver(FakeSystem):
    """A system that keeps account of what sounds at each of its ports."""

    def __init__(self, margin_seconds: float) -> None:
        super().__init__(margin_seconds)
        self.others_out = list(NAMED)
        self.heard: dict[str, int] = {}
        self.on: dict[str, set[tuple[int, int]]] = {}
        self.notes = 0

    def listen(self) -> None:
        """Hear what is due; a note that begins twice fails."""
        for port, sent in self.sent.items():
            start = self.heard.get(port, 0)
            on = self.on.setdefault(port, set())
            for number in range(start, len(sent)):
                seconds, data = sent[number]
                if seconds >= self.sent_until:
                    break
                self.heard[port] = number + 1
                voice = (data[0] & 15, data[1] if len(data) > 1 else -1)
                if data[0] >> 4 == 9:
                    assert voice not in on, f"{port}: {voice} is doubled"
                    assert voice[1] in PITCHES
                    on.add(voice)
                    self.notes += 1
                elif data[0] >> 4 == 8:
                    on.discard(voice)
                elif data[0] >> 4 == 0xB and data[1] == 123:
                    on -= {each for each in on if each[0] == voice[0]}

    def open_output(self, port: str, *, is_virtual: bool) -> FakeOutput:
        is_silencing = port not in self.others_out and not is_virtual and port in self.sent
        return super().open_output(port, is_virtual=is_virtual or is_silencing)

    def destinations(self, address: str) -> tuple[str, ...]:
        return (address.removeprefix("Fake:"),)

    def lose(self, port: str) -> None:
        """Let a port of others vanish, with whatever sounds there."""
        if port in self.others_out:
            self.others_out.remove(port)
        for name in [name for name, output in self.open.items() if output.name == port]:
            self.open[name].close()
        self.on.pop(port, None)


class Evening:
    """A stage, its receiver, and a performer who does anything."""

    def __init__(self, seed: int, up_seconds: float) -> None:
        self.up_seconds = up_seconds  # the machine's own time, from which the MIDI system's differs
        self.draw = random.Random(seed)
        self.system = Receiver(self.draw.choice((0.0, 0.02, 0.05)))
        self.is_there = True
        self.stage = self.begin()
        self.next_pulse = 0.0

    def begin(self) -> Stage:
        """Begin anew, as when the player is started again."""
        self.watcher = Watcher(self.system, send_seconds=0.0)
        return Stage(
            lambda event: None,
            open_system=self.find,
            open_sound=self.no_sound,
            watch=self.watcher.add,
            pause=lambda seconds: self.run(seconds, 0.001),
            own_time=lambda: self.system.seconds + self.up_seconds,
        )

    def find(self) -> MidiSystem:
        if not self.is_there:
            raise MidiPortError("There is no MIDI system here.", "A test.")
        self.system.is_alive = True
        return self.system

    def no_sound(self) -> SoundOutput:
        raise SoundError("Silent: a test.")

    def run(self, seconds: float, step: float) -> None:
        """Let time pass, with MIDI clock from outside."""
        end = self.system.seconds + seconds
        while self.system.seconds < end:
            while self.next_pulse <= self.system.seconds:
                self.system.incoming.append((self.next_pulse, b"\xf8"))
                self.next_pulse += 0.02
            self.stage.pump()
            self.system.seconds += step
            self.system.listen()

    def loop(self) -> Loop:
        draw = self.draw
        bars = draw.choice((1, 1, 2))
        places = [(draw.randrange(bars * 1920), draw.choice(PITCHES)) for _ in range(10)]
        notes = [Note(onset, pitch, min(draw.randint(1, 900), bars * 1920 - onset)) for onset, pitch in places]
        tracks = [Track(draw.choice((Role.BASS, Role.DRUMS, Role.KEYS))).with_notes(notes) for _ in range(2)]
        return Loop(bars=bars, tempo_bpm=draw.choice((90.0, 120.0, 200.0)), tracks=tuple(tracks))

    def setup(self) -> LiveSetup:
        draw = self.draw
        routes = tuple(PartRoute(draw.choice((None, 0, 5)), draw.choice(("", *NAMED))) for _ in range(2))
        return LiveSetup(
            draw.choice(list(HeardOn)),
            output=draw.choice(("", *NAMED)),
            routes=draw.choice(((), routes)),
            has_port_a_part=draw.random() < 0.3,
            clock=draw.choice((ClockSource.OWN, ClockSource.OWN, ClockSource.MIDI)),
            sends_clock=draw.random() < 0.3,
            latencies_ms=draw.choice(((), (("Turnaround Out", draw.choice((-20.0, 30.0))),))),
        )

    def act(self) -> None:
        """Do one thing."""
        if self.draw.random() < 0.8:
            self.stage.do(self.command())
        else:
            self.draw.choice((self.hear, self.hear, self.lose_or_find, self.lose_or_find, self.die, self.kill))()

    def command(self) -> StageCommand:
        draw = self.draw
        gains = (draw.choice((0.0, 0.5, 1.0)), 1.0)
        tick, has_count_in, token = draw.randrange(1920), draw.random() < 0.2, draw.randrange(99)
        play = Play(self.loop(), gains, draw.choice(STARTS), tick=tick, has_count_in=has_count_in, token=token)
        note = PlayNote(Track(Role.BASS), Note(0, draw.choice(PITCHES), 300), 120.0)
        others = (note, SetLive(self.setup()), SetMetronome(draw.random() < 0.5), StopPlaying(), Panic())
        return draw.choice((play, play, SetGains(gains, draw.choice(STARTS)), draw.choice(others)))

    def hear(self) -> None:
        message = self.draw.choice((b"\xfa", b"\xfb", b"\xfc", b"\xf2\x05\x00", b"\x90\x3c\x40", b"\xb0\x07\x10"))
        self.system.incoming.append((self.system.seconds, message))

    def lose_or_find(self) -> None:
        port = self.draw.choice(NAMED)
        if port in self.system.others_out:
            self.system.lose(port)
        else:
            self.system.others_out.append(port)

    def die(self) -> None:
        """Let the MIDI system die with all that sounds, and come back."""
        self.system.is_alive = self.is_there = False
        self.system.on.clear()
        self.stage.pump()
        self.is_there = True
        self.stage.ports()

    def kill(self) -> None:
        """Kill the player: what waits is lost, and only the guardian is left."""
        self.watcher.glance(self.system.seconds)
        for output in list(self.system.open.values()):
            output.close()
        self.system.open_inputs.clear()
        self.watcher.silence()
        self.system.seconds += 0.001
        self.system.listen()
        assert not any(self.system.on.values()), f"left on: {self.system.on}"
        for output in list(self.system.open.values()):
            output.close()
        self.stage = self.begin()


@pytest.mark.parametrize("up_seconds", [0.0, 28_000.77, 5_000_000.3])
@pytest.mark.parametrize("seed", [0, 1, 5, 22, 24])  # each but the first once found something
def test_two_thousand_random_commands_leave_no_note_on(seed: int, up_seconds: float) -> None:
    evening = Evening(seed, up_seconds)
    for _ in range(2_000):
        evening.act()
        evening.run(evening.draw.choice((0.0, 0.01, 0.1, 0.3)), evening.draw.choice((0.01, 0.04)))
    evening.stage.close()
    evening.run(0.1, 0.01)
    evening.system.listen()
    assert not any(evening.system.on.values()), f"left on: {evening.system.on}"
    assert evening.system.notes > 500
