"""The stage: commands become playing, on ports and as sound, by one player and one clock.

It is told what to do (`do`), does what is due when it is pumped, and tells what happens. It knows neither a pipe nor
a window: the player's process and `turnaround play` both drive one.
"""

import time
from collections.abc import Callable
from dataclasses import replace

from engine.jobs.live import (
    VIRTUAL_IN,
    VIRTUAL_OUT,
    HeardOn,
    LiveEvent,
    LiveSetup,
    LiveState,
    Panic,
    PortsListed,
    SetLive,
)
from engine.jobs.pipes import SoundCommand
from engine.jobs.sound import Play, PlayNote, Position, SetGains, SetMetronome, SoundState, Start, StopPlaying
from engine.live.arrangement import Arranger, count_in
from engine.live.clock import SystemClock
from engine.live.lateness import lateness_of
from engine.live.outlets import OpenSound, OpenSystem, Outlets, Watch
from engine.live.player import Player
from engine.live.sound import ASIDE, SOUND
from engine.live.sound_output import DeviceOutput
from engine.midi.ports import NO_VIRTUAL_PORTS, loopback, open_system
from engine.music.loop import Loop
from engine.music.timing import PPQ

AHEAD_SECONDS = 0.3
LOOK_SECONDS = 1.0  # how often ports are looked after and lateness is told
PLAYING_REST_SECONDS = 0.01
IDLE_REST_SECONDS = 1 / 30
FLUSH_SECONDS = 0.6

StageEvent = LiveEvent | SoundState
StageCommand = SoundCommand | SetLive | Panic


class Stage:
    """Plays.

    Args:
        tell: Hears of ports, clocks, sound and lateness.
        open_system: Finds the MIDI system.
        open_sound: Finds the sound device.
        watch: Hears of each port and channel that a note was sent to.
        setup: What holds at first.
        virtual_out, virtual_in: Names of the ports that are made for others to find; "" for none.
        pause: Waits, in seconds.
    """

    def __init__(
        self,
        tell: Callable[[StageEvent], None],
        *,
        open_system: OpenSystem = open_system,
        open_sound: OpenSound = DeviceOutput,
        watch: Watch = lambda port, channel: None,
        setup: LiveSetup = LiveSetup(),  # noqa: B008  # frozen
        virtual_out: str = VIRTUAL_OUT,
        virtual_in: str = VIRTUAL_IN,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._tell, self._pause = tell, pause
        self._virtual_out, self._virtual_in = virtual_out, virtual_in
        self._outlets = Outlets(open_system, open_sound, watch)
        self._arranger = Arranger(setup, setup.output or virtual_out)
        self._loop: Loop | None = None  # the last that was played
        self._part_ports: dict[str, bool] = {}
        self._state: LiveState | None = None
        self._outlets.look(has_to_search=True)
        self._player = Player(SystemClock(now=self._outlets.now), self._outlets)
        self._set_up(setup)
        self._next_look = self._outlets.now() + LOOK_SECONDS

    # What is asked.

    @property
    def is_playing(self) -> bool:
        return self._player.is_playing

    def now(self) -> float:
        """Return the time in seconds."""
        return self._outlets.now()

    def position(self) -> Position:
        """Return where playing is."""
        tick, token, passes = self._player.position()
        return Position(tick, token, passes, self._player.clock.tempo_bpm)

    def ports(self) -> PortsListed:
        """Return which ports there are."""
        self._look(has_to_search=True)
        system = self._outlets.system
        if system is None:
            return PortsListed("", advice=self._outlets.problem)
        outputs = system.outputs()
        has_way = system.has_virtual_ports or loopback(outputs)
        return PortsListed(system.name, outputs, system.inputs(), "" if has_way else NO_VIRTUAL_PORTS)

    def rest_seconds(self) -> float:
        """Return how long `pump` need not be called."""
        rest = PLAYING_REST_SECONDS if self._player.is_busy else IDLE_REST_SECONDS
        due = self._outlets.next_due()
        return rest if due is None else min(rest, max(0.0, due - self._outlets.now()))

    # What is done.

    def do(self, command: StageCommand) -> None:
        """Carry out a command."""
        match command:
            case Play():
                self._play(command)
            case SetGains(gains, start):
                self._player.revise(lambda pattern: self._arranger.with_gains(pattern, gains), start)
            case SetMetronome(is_on):
                self._arranger = replace(self._arranger, has_metronome=is_on)
                self._player.revise(self._arranger.again)
            case PlayNote():
                self._play_note(command)
            case StopPlaying():
                self._player.stop()
            case Panic():
                self._player.panic((*self._outlets.open_ports, SOUND, ASIDE))
            case SetLive(setup):
                self._set_up(setup)
        self.pump()

    def play_to_the_end(self, command: Play, passes: int) -> float:
        """Play a loop so often and no more; return when it is over, by `now`."""
        self._play(command)
        return self._player.end_after(passes)

    def _play(self, command: Play) -> None:
        self._loop = command.loop
        if self._arranger.setup.has_port_a_part or self._arranger.setup.routes:
            self._want_ports()
        self._open_sound()
        pattern = self._arranger.pattern(command)
        if self._player.is_playing and command.start is not Start.NOW:
            self._player.change(pattern, command.start)
        else:
            lead_in = count_in(command.loop) if command.has_count_in else None
            self._player.play(pattern, tick=command.tick, count_in=lead_in)

    def _play_note(self, command: PlayNote) -> None:
        self._open_sound()
        note = command.note
        voices = self._arranger.voices(command.track, note.pitch, self._loop)
        self._player.sound(voices, note.velocity, min(note.duration, PPQ))

    def _open_sound(self) -> None:
        if self._arranger.has_sound:
            name = self._outlets.open_sound()
            if name is not None:
                problem = self._outlets.sound_problem
                self._tell(SoundState(not problem, problem or f"Sound: {name}"))

    def _set_up(self, setup: LiveSetup) -> None:
        self._outlets.sound_problem = ""
        self._outlets.look(has_to_search=True)
        self._arranger = replace(self._arranger, setup=setup, output=self._output(setup))
        self._want_ports()
        self._player.revise(self._arranger.again)
        self._player.send_clock(self._arranger.output if setup.sends_clock else None)
        self._outlets.set_latencies(setup.latencies_ms)
        self._tell_state()

    def _output(self, setup: LiveSetup) -> str:
        """Return the name of the port for all that is not routed elsewhere."""
        system = self._outlets.system
        if setup.output or system is None or system.has_virtual_ports:
            return setup.output or self._virtual_out
        return loopback(system.outputs())

    def _want_ports(self) -> None:
        setup, system = self._arranger.setup, self._outlets.system
        can_make = system is None or system.has_virtual_ports
        outputs = {self._virtual_out: True} if can_make and self._virtual_out else {}
        if self._arranger.output:
            outputs.setdefault(self._arranger.output, False)
        if self._loop is not None:
            ports = dict(self._arranger.ports(self._loop))
            self._part_ports.update((name, True) for name, is_ours in ports.items() if is_ours)
            outputs.update((name, False) for name, is_ours in ports.items() if not is_ours)
        if setup.has_port_a_part:
            outputs.update(self._part_ports)
        inputs = {self._virtual_in: True} if can_make and self._virtual_in else {}
        if setup.input:
            inputs[setup.input] = False
        self._outlets.want(outputs, inputs)

    # What happens by itself.

    def pump(self) -> None:
        """Do what is due; see `rest_seconds`."""
        now = self._outlets.now()
        self._player.advance(now + AHEAD_SECONDS)
        self._outlets.pump()
        if now >= self._next_look or self._outlets.has_to_look:
            self._next_look = now + LOOK_SECONDS
            self._look()
            lateness = lateness_of(self._outlets.latenesses())
            if lateness.messages:
                self._tell(lateness)

    def _look(self, *, has_to_search: bool = False) -> None:
        had_system = self._outlets.system is not None
        self._outlets.look(has_to_search=has_to_search)
        if self._outlets.system is not None and not had_system:
            self._arranger = replace(self._arranger, output=self._output(self._arranger.setup))
            self._want_ports()
        self._tell_state()

    def _tell_state(self) -> None:
        setup, outlets = self._arranger.setup, self._outlets
        system = outlets.system
        missing = outlets.missing
        is_warning = True
        if system is None and outlets.is_system_lost:
            sentence = "The MIDI system is gone; playing goes on, and it is used again when it is back."
        elif system is None:
            sentence = outlets.problem
            is_warning = bool(setup.heard_on is HeardOn.PORT or setup.output or setup.input)
        elif missing:
            names = ", ".join(f"“{name}”" for name in missing)
            sentence = f"{names} is not there; playing goes on, and it is used when it is there."
        elif not self._arranger.output:
            sentence = NO_VIRTUAL_PORTS
        else:
            sentence, is_warning = f"Sending to {self._arranger.output} ({system.name}).", False
        state = LiveState(system.name if system is not None else "", sentence, is_warning)
        if state != self._state:
            self._state = state
            self._tell(state)

    def close(self) -> None:
        """Stop, let the last messages out, and take all ports away."""
        self._player.stop()
        end = self._outlets.now() + FLUSH_SECONDS
        while self._outlets.has_waiting and self._outlets.now() < end:
            self._outlets.pump()
            self._pause(0.001)
        self._outlets.close()
