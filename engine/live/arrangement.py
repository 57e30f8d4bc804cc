"""What is played, as a pattern: a loop's parts on their ports and in the internal sound, and the metronome's clicks."""

from collections import Counter
from dataclasses import dataclass, replace

from engine.jobs.live import HeardOn, LiveSetup, PartRoute
from engine.jobs.sound import Play
from engine.live.part_synth import BANK, DRUM_KIT
from engine.live.schedule import Controls, Onset, Pattern, Voice, channels_of, pattern_of
from engine.live.sound import ASIDE, BAR_CLICK_PITCH, CLICK_CHANNEL, CLICK_PITCH, SOUND, volume
from engine.live.synth import program_of
from engine.midi.wire import VOLUME, control, program
from engine.music.loop import Loop, Track

CLICK_TICKS = 20
PORT_PREFIX = "Turnaround"


@dataclass(frozen=True, slots=True)
class Arranger:
    """Makes patterns.

    Attributes:
        setup: What holds.
        output: Name of the port of all parts that have no other.
        has_metronome: Whether beats click.
    """

    setup: LiveSetup
    output: str
    has_metronome: bool = False

    @property
    def has_sound(self) -> bool:
        return self.setup.heard_on is not HeardOn.PORT

    @property
    def has_port(self) -> bool:
        return self.setup.heard_on is not HeardOn.INTERNAL

    def pattern(self, play: Play) -> Pattern:
        """Return a loop as a pattern that remembers what it was made of."""
        routes = self.routes(play.loop)
        made = pattern_of(play.loop, play.gains, routes, port=self.output, token=play.token)
        onsets = list(made.onsets) if self.has_port else []
        controls: Controls = ()
        if self.has_sound:
            onsets += _sound_onsets(play.loop)
            controls = _sound_controls(play.loop, play.gains)
        if self.has_metronome:
            onsets += _clicks(play.loop, play.loop.bars)
        return replace(made, onsets=tuple(sorted(onsets)), controls=controls, source=play)

    def again(self, pattern: Pattern) -> Pattern:
        """Return a pattern made anew, after something changed here; a count-in stays."""
        return self.pattern(pattern.source) if isinstance(pattern.source, Play) else pattern

    def with_gains(self, pattern: Pattern, gains: tuple[float, ...]) -> Pattern:
        """Return a pattern made anew with other levels; a count-in stays."""
        return self.pattern(replace(pattern.source, gains=gains)) if isinstance(pattern.source, Play) else pattern

    def routes(self, loop: Loop) -> tuple[PartRoute, ...]:
        """Return each part's route."""
        routes = [*self.setup.routes, *[PartRoute()] * len(loop.tracks)][: len(loop.tracks)]
        if self.setup.has_port_a_part:
            named = zip(routes, part_ports(loop), strict=True)
            routes = [route if route.port else replace(route, port=name) for route, name in named]
        return tuple(routes)

    def ports(self, loop: Loop) -> tuple[tuple[str, bool], ...]:
        """Return the ports that a loop needs besides `output`, and whether each is ours to make."""
        own = set(part_ports(loop)) if self.setup.has_port_a_part else set[str]()
        named = dict.fromkeys(route.port for route in self.routes(loop) if route.port)
        return tuple((name, name in own) for name in named if name != self.output)

    def voices(self, track: Track, pitch: int, loop: Loop | None) -> list[tuple[Voice, Controls]]:
        """Return where a single note of a part is heard, and what goes before it."""
        found: list[tuple[Voice, Controls]] = []
        if self.has_sound:
            found.append((Voice(ASIDE, 0, pitch), tuple((ASIDE, data) for data in _voicing(0, track, 1.0))))
        if self.has_port:
            roles = [each.role for each in loop.tracks] if loop is not None else []
            band = loop if loop is not None and track.role in roles else Loop(tracks=(track,))
            index = [each.role for each in band.tracks].index(track.role)
            routes = self.routes(band)
            found.append((Voice(routes[index].port or self.output, channels_of(band, routes)[index], pitch), ()))
        return found


def count_in(loop: Loop) -> Pattern:
    """Return a bar of clicks."""
    meter = loop.meter
    onsets = tuple(_clicks(loop, 1))
    return Pattern(
        onsets, meter.ticks_per_bar, meter.ticks_per_bar, meter.ticks_per_beat, loop.tempo_bpm, is_count_in=True
    )


def part_ports(loop: Loop) -> tuple[str, ...]:
    """Return the name of each part's own port: the role, counted where there are several."""
    seen: Counter[str] = Counter()
    names: list[str] = []
    for track in loop.tracks:
        role = track.role.value.capitalize()
        seen[role] += 1
        names.append(f"{PORT_PREFIX} {role}" + (f" {seen[role]}" if seen[role] > 1 else ""))
    return tuple(names)


def _sound_onsets(loop: Loop) -> list[Onset]:
    """Return all notes; a part that is muted is turned down, so that it can be heard again at any time."""
    return [
        Onset(note.onset, Voice(SOUND, index, note.pitch), note.velocity, note.duration)
        for index, track in enumerate(loop.tracks)
        for note in track.notes
    ]


def _sound_controls(loop: Loop, gains: tuple[float, ...]) -> Controls:
    levels = [*gains, *[1.0] * len(loop.tracks)]
    return tuple(
        (SOUND, data) for index, track in enumerate(loop.tracks) for data in _voicing(index, track, levels[index])
    )


def _voicing(channel: int, track: Track, gain: float) -> tuple[bytes, ...]:
    """Return what gives a part's channel its sound and level."""
    return (
        control(channel, BANK, DRUM_KIT if track.is_drums else 0),
        program(channel, program_of(track)),
        control(channel, VOLUME, volume(gain)),
    )


def _clicks(loop: Loop, bars: int) -> list[Onset]:
    bar, beat = loop.meter.ticks_per_bar, loop.meter.ticks_per_beat
    return [
        Onset(start + tick, Voice(ASIDE, CLICK_CHANNEL, CLICK_PITCH if tick else BAR_CLICK_PITCH), 100, CLICK_TICKS)
        for start in range(0, bars * bar, bar)
        for tick in range(0, bar, beat)
    ]
