"""`turnaround bench`: how fast this machine writes loops, in the figures that a producer feels.

The jobs are the same everywhere: a keys part of 4 bars for drums and a bass that this module makes up, one take and
sixteen; and a loop of drums, bass and keys from nothing. Each run has its own seed, since loops differ in length.
"""

import sys
import time
from dataclasses import replace
from typing import Annotated, Any

import numpy as np
import typer
from rich.progress import track

from engine.cli.console import people, say, say_json
from engine.cli.model_option import DEFAULT_MODEL, OpenModel, ProviderOption, open_model
from engine.inference.generator import Generator
from engine.messages import Finished, GenerationRequest, PartRequest, PartUse
from engine.music.general_midi import Role
from engine.music.loop import Loop, Note, Track
from engine.music.timing import PPQ


def bench(
    runs: Annotated[int, typer.Option(min=3, help="Loops to write one by one.")] = 20,
    threads: Annotated[int, typer.Option(min=0, help="Of the model; 0 for what suits the machine.")] = 0,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    model: Annotated[str, typer.Option(metavar="NAME|PATH", help="The model.")] = DEFAULT_MODEL,
    provider: Annotated[ProviderOption, typer.Option(help="Where the model runs.")] = ProviderOption.AUTO,
) -> None:
    """Measure how fast loops are written here."""
    figures = measure(open_model(model, provider=provider, threads=threads), runs=runs)
    if json:
        say_json(figures)
        return
    for name, value in figures.items():
        say(f"{name:22} {value:.4g}" if isinstance(value, float) else f"{name:22} {value}")


def measure(opened: OpenModel, *, runs: int) -> dict[str, Any]:
    """Return the figures of an open model.

    Args:
        opened: The model.
        runs: Loops written one by one.
    """
    # Nobody waits for scores while notes appear, so they are not part of the first note; they are part of 16 takes.
    plain = Generator(opened.model, rank=False)
    ranked = Generator(opened.model)
    _finished(plain, replace(part_request(), seed=1))  # the first run allocates
    firsts: list[Finished] = []
    loops: list[Finished] = []
    console = people()
    for seed in track(range(runs), "Measuring", console=console, transient=True, disable=not console.is_terminal):
        firsts.append(_finished(plain, replace(part_request(), seed=seed)))
        loops.append(_finished(plain, replace(loop_request(), seed=seed)))
    began = time.perf_counter()
    _finished(ranked, replace(part_request(), takes=16))
    takes16_seconds = time.perf_counter() - began
    seconds = np.array([finished.seconds for finished in loops])
    return {
        "loop_seconds_p50": float(np.percentile(seconds, 50)),
        "loop_seconds_p95": float(np.percentile(seconds, 95)),
        "loop_notes_p50": float(np.median([finished.notes for finished in loops])),
        "first_note_seconds": float(np.median([finished.first_note_seconds for finished in firsts])),
        "takes16_seconds": takes16_seconds,
        "notes_per_second": sum(finished.notes for finished in loops) / float(seconds.sum()),
        "load_seconds": opened.load_seconds,
        "resident_mb": resident_mb(),
        "model": opened.name,
        "provider": opened.provider,
        "threads": opened.model.threads,
        "runs": runs,
    }


def _finished(generator: Generator, request: GenerationRequest) -> Finished:
    last = None
    for event in generator.generate(request):
        last = event
    assert isinstance(last, Finished)
    return last


def loop_request() -> GenerationRequest:
    """Return the request for a loop of drums, bass and keys from nothing."""
    roles = (Role.DRUMS, Role.BASS, Role.KEYS)
    canvas = Loop(tempo_bpm=100.0, tracks=tuple(Track(role) for role in roles))
    return GenerationRequest(canvas, (PartRequest(PartUse.REPLACE),) * 3, takes=1)


def part_request() -> GenerationRequest:
    """Return the request for a keys part to plain drums and bass."""
    eighth, bars = PPQ // 2, 4
    drums = [Note(step * eighth, 42, eighth // 2, 80) for step in range(8 * bars)]
    drums += [Note(beat * PPQ, 36 if beat % 2 == 0 else 38, eighth // 2, 100) for beat in range(4 * bars)]
    roots = (33, 41, 36, 43)
    bass = [Note(step * PPQ, roots[step // 4], eighth, 96) for step in range(4 * bars)]
    tracks = (Track(Role.DRUMS).with_notes(drums), Track(Role.BASS).with_notes(bass), Track(Role.KEYS))
    canvas = Loop(tempo_bpm=100.0, tracks=tracks)
    return GenerationRequest(canvas, (PartRequest(), PartRequest(), PartRequest(PartUse.REPLACE)), takes=1)


def resident_mb() -> float | None:
    """Return the most memory that this process has held, in MB; None where the system does not say."""
    if sys.platform == "win32":
        return None
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e6 if sys.platform == "darwin" else 1e3)  # bytes there, kilobytes here
