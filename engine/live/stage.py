"""The stage: commands become playing, on ports and as sound, by one player and one clock.

It is told what to do (`do`), does what is due when it is pumped, and tells what happens. It knows neither a pipe nor
a window: the player's process and `turnaround play` both drive one.
"""

import time
from collections.abc import Callable
from dataclasses import replace

from engine.errors import MidiPortError
from engine.jobs.live import (
    VIRTUAL_IN,
    VIRTUAL_OUT,
    Captured,
    ClockSource,
    HeardOn,
    LiveEvent,
    LiveSetup,
    LiveState,
    Panic,
    PortsListed,
    SetLive,
    TransportMoved,
)
from engine.jobs.pipes import SoundCommand
from engine.jobs.sound import Levels, Play, PlayNote, Position, SetGains, SetMetronome, SoundState, Start, StopPlaying
from engine.live.arrangement import Arranger, count_in
from engine.live.followed_clock import Moved
from engine.live.lateness import lateness_of
from engine.live.leads import Lead, OwnLead, lead_of
from engine.live.outlets import OpenSound, OpenSystem, Outlets, Watch
from engine.live.play_in import PlayIn
from engine.live.player import Player
from engine.live.sound import ASIDE, SOUND
from engine.live.sound_output import DeviceOutput
from engine.midi.ports import NO_VIRTUAL_PORTS, loopback, open_system
from engine.music.loop import Loop
from engine.music.timing import PPQ

AHEAD_SECONDS = 0.3
FOLLOWING_AHEAD_SECONDS = 0.02  # besides the margin: the tempo of others may change at any time
LOOK_SECONDS = 1.0  # how often ports are looked after and lateness is told
PLAYING_REST_SECONDS = 0.01
IDLE_REST_SECONDS = 1 / 30
FLUSH_SECONDS = 0.6
FLUSH_STEP_SECONDS = 0.001

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
        own_time: The time in seconds where there is no MIDI system, from any beginning.
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
        own_time: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._tell, self._pause = tell, pause
        self._virtual_out, self._virtual_in = virtual_out, virtual_in
        self._outlets = Outlets(open_system, open_sound, watch, own_time)
        self._arranger = Arranger(setup, setup.output or virtual_out)
        self._last: Play | None = None
        self._play_in = PlayIn()
        self._part_ports: dict[str, bool] = {}
        self._state: LiveState | None = None
        self._outlets.look(has_to_search=True)
        self._lead: Lead = OwnLead(self._outlets.now)
        self._lead_problem = ""
        self._player = Player(self._lead.clock, self._outlets)
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

    def levels(self) -> Levels:
        """Return how loud the sound was since this was last asked."""
        return self._outlets.levels()

    def ports(self) -> PortsListed:
        """Return which ports there are."""
        self._look(has_to_search=True)
        system = self._outlets.system
        if system is None:
            return PortsListed("", advice=self._outlets.problem)
        outputs = system.outputs()
        has_way = system.has_virtual_ports or loopback(outputs)
        return PortsListed(system.name, outputs, system.inputs(), "" if has_way else NO_VIRTUAL_PORTS)

    def captured(self, bars: int) -> Captured:
        """Return what was played in during the last bars."""
        now = self._player.clock.tick_at(self._outlets.now())
        loop = self._last.loop if self._last is not None else Loop()
        return Captured(self._play_in.captured(now, bars, loop, self._player.origin()))

    def rest_seconds(self) -> float:
        """Return how long `pump` need not be called."""
        is_following = self._lead.source is not ClockSource.OWN
        rest = PLAYING_REST_SECONDS if self._player.is_busy or is_following else IDLE_REST_SECONDS
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
                self._lead.tell(is_playing=False)
            case Panic():
                self._player.panic((*self._outlets.open_ports, SOUND, ASIDE))
            case SetLive(setup):
                self._set_up(setup)
        self.pump()

    def play_to_the_end(self, command: Play, passes: int) -> float:
        """Play a loop so often and no more; return when it is over, by `now`."""
        self._play(command)
        return self._player.end_after(passes)

    def load(self, command: Play) -> None:
        """Have a loop ready to be started from outside."""
        self._last = command
        if self._arranger.setup.has_port_a_part or self._arranger.setup.routes:
            self._want_ports()
        self._open_sound(len(command.loop.tracks))

    def _play(self, command: Play) -> None:
        self.load(command)
        pattern = self._arranger.pattern(command)
        if self._player.is_playing and command.start is not Start.NOW:
            self._player.change(pattern, command.start)
            return
        self._lead.tell(is_playing=True)
        lead_in = count_in(command.loop) if command.has_count_in else None
        origin, now = self._lead.origin, self._player.first_open_tick()
        if origin is None:
            self._player.play(pattern, tick=command.tick, count_in=lead_in)
        elif command.start is Start.IN_PLACE:
            self._player.play(pattern, tick=(now - origin) % pattern.length, at=now)
        else:
            at = now + (origin - now) % pattern.bar
            self._player.play(pattern, tick=command.tick, at=at, count_in=lead_in)

    def _play_note(self, command: PlayNote) -> None:
        self._open_sound()
        note = command.note
        voices = self._arranger.voices(command.track, note.pitch, self._last.loop if self._last else None)
        self._player.sound(voices, note.velocity, min(note.duration, PPQ))

    def _open_sound(self, parts: int = 0) -> None:
        if self._arranger.has_sound:
            name = self._outlets.open_sound(parts)
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
        self._choose_lead(setup)
        self._tell_state()

    def _choose_lead(self, setup: LiveSetup) -> None:
        if setup.clock is self._lead.source:
            return
        was_playing = self._player.is_playing
        tempo_bpm = self._player.clock.tempo_bpm
        self._lead_problem = ""
        try:
            lead = lead_of(setup, self._outlets.now, tempo_bpm)
        except MidiPortError as error:
            lead, self._lead_problem = OwnLead(self._outlets.now), f"{error.title} {error.message}"
        self._lead.close()
        self._lead = lead
        self._player.follow(lead.clock)
        self._play_in.forget()
        if was_playing and self._last is not None:
            self._play(replace(self._last, start=Start.NOW, tick=0, has_count_in=False))

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
        if self._last is not None:
            ports = dict(self._arranger.ports(self._last.loop))
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
        self._hear()
        now = self._outlets.now()
        is_own = self._lead.source is ClockSource.OWN
        self._player.advance(
            now + (AHEAD_SECONDS if is_own else self._outlets.margin_seconds + FOLLOWING_AHEAD_SECONDS)
        )
        self._outlets.pump()
        if now >= self._next_look or self._outlets.has_to_look:
            self._next_look = now + LOOK_SECONDS
            self._look()
            lateness = lateness_of(self._outlets.latenesses())
            if lateness.messages:
                self._tell(lateness)

    def _hear(self) -> None:
        """Take what came in, and do as those do who lead."""
        for seconds, data in self._outlets.received():
            moved = self._lead.hear(seconds, data)
            self._play_in.hear(self._player.clock.tick_at(seconds), data)
            if moved is not None:
                self._move(moved)
        for control in self._play_in.moved():
            self._tell(control)
        moved = self._lead.look()
        if moved is not None:
            self._move(moved)
        elif self._lead.has_jumped and self._player.is_playing and self._last is not None:
            self._play(replace(self._last, start=Start.NOW, tick=0, has_count_in=False))

    def _move(self, moved: Moved) -> None:
        """Begin or stop as others did."""
        was_playing = self._player.is_playing
        if not moved.is_playing:
            self._player.stop()
        elif self._last is not None:
            pattern = self._arranger.pattern(self._last)
            at = moved.at
            if self._lead.source is ClockSource.LINK:
                now = self._player.first_open_tick()
                at = now + -now % pattern.bar
            self._player.play(pattern, tick=moved.place % pattern.length, at=at)
        if was_playing != moved.is_playing:
            self._tell(TransportMoved(moved.is_playing))

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
        if self._lead_problem:
            sentence, is_warning = self._lead_problem, True
        lead = self._lead
        tempo_bpm = 0.0 if lead.source is ClockSource.OWN else round(lead.clock.tempo_bpm, 1)
        name = system.name if system is not None else ""
        state = LiveState(name, sentence, is_warning, lead.source, lead.is_lost, lead.peers, tempo_bpm)
        if state != self._state:
            self._state = state
            self._tell(state)

    def close(self) -> None:
        """Stop, let the last messages out, and take all ports away."""
        self._player.stop()
        self._lead.close()
        for _ in range(round(FLUSH_SECONDS / FLUSH_STEP_SECONDS)):  # counted: a system that is gone stops its time
            if not self._outlets.has_waiting:
                break
            self._outlets.pump()
            self._pause(FLUSH_STEP_SECONDS)
        self._outlets.close()
