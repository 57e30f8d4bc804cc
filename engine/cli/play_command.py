"""`turnaround play` and `turnaround ports`: a loop to a MIDI port, for a DAW or a synth to play."""

import signal
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from engine.cli.console import people, say
from engine.errors import MidiFileError
from engine.jobs.live import VIRTUAL_IN, VIRTUAL_OUT, ClockSource, HeardOn, LiveSetup, LiveState
from engine.live.guardian import Guardian
from engine.live.port_player import play_to_port
from engine.live.priority import raise_priority
from engine.live.stage import Stage, StageEvent
from engine.midi import smf
from engine.midi.ports import find_port, open_system
from engine.music.loop import Loop


class Clock(StrEnum):
    """What `--clock` takes."""

    OUT = "out"
    IN = "in"
    LINK = "link"


_SOURCES = {Clock.OUT: ClockSource.OWN, Clock.IN: ClockSource.MIDI, Clock.LINK: ClockSource.LINK}
_STOPPING = (signal.SIGINT, signal.SIGTERM)


def play(
    file: Annotated[Path, typer.Argument(help="A MIDI file.")],
    virtual: Annotated[str, typer.Option(help="Name of the port that is made for others to find.")] = VIRTUAL_OUT,
    port: Annotated[str, typer.Option(help="A port to send to in its place; part of its name is enough.")] = "",
    listen: Annotated[str, typer.Option(help=f"A port to hear MIDI clock from, besides “{VIRTUAL_IN}”.")] = "",
    clock: Annotated[
        Clock | None,
        typer.Option(help="Send MIDI clock (out), begin and go on with that of others (in), or join a Link session."),
    ] = None,
    passes: Annotated[int, typer.Option(min=0, help="How often; 0 until Ctrl+C.")] = 0,
) -> None:
    """Play a MIDI file to a port, round and round without a gap; drums on channel 10."""
    loop = _loop(file)
    is_following = clock is Clock.IN
    if is_following and passes:
        raise typer.BadParameter("with --clock in, the others' stop ends it", param_hint="--passes")
    setup = LiveSetup(
        HeardOn.PORT,
        output=port,
        input=listen,
        sends_clock=clock is Clock.OUT,
        clock=ClockSource.OWN if clock is None else _SOURCES[clock],
    )
    system = open_system()
    if port:
        find_port(port, system.outputs())
    stopped: list[int] = []
    before = {each: signal.signal(each, lambda number, _: stopped.append(number)) for each in _STOPPING}
    raise_priority()
    guardian = Guardian()
    guardian.start()
    stage = Stage(
        _say_warning,
        open_system=lambda: system,
        watch=guardian.watch,
        setup=setup,
        virtual_out="" if port else virtual,
        virtual_in=VIRTUAL_IN if is_following else "",
    )
    try:
        waiting = f", begins with the clock on “{listen or VIRTUAL_IN}”" if is_following else ""
        people().print(f"{system.name}: playing to “{port or virtual}”{waiting}, Ctrl+C stops", markup=False)
        play_to_port(loop, stage, passes=passes, waits=is_following, is_stopped=lambda: bool(stopped))
    finally:
        stage.close()
        guardian.close()
        for each, handler in before.items():
            signal.signal(each, handler)


def _loop(file: Path) -> Loop:
    read = smf.read(file)
    for sentence in read.dropped:
        people().print(sentence, style="yellow", markup=False, soft_wrap=True)
    if not read.loop.note_count:
        raise MidiFileError(f"{file.name} holds no notes.", "There is nothing to be played.")
    return read.loop


def _say_warning(event: StageEvent) -> None:
    if isinstance(event, LiveState) and event.is_warning:
        people().print(event.sentence, style="yellow", markup=False, soft_wrap=True)


def ports() -> None:
    """List the MIDI ports that notes can be sent to."""
    system = open_system()
    names = system.outputs()
    people().print(f"{system.name}: {len(names)} port{'s' if len(names) != 1 else ''}", markup=False)
    for name in names:
        say(name)
    system.close()
