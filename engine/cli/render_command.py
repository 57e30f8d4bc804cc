"""`turnaround render`: a MIDI file as sound, so that a loop can be heard, seam included, without a DAW."""

from pathlib import Path
from typing import Annotated

import typer

from engine.cli.console import people, say
from engine.errors import EngineError, SoundError
from engine.jobs.files import RenderWav
from engine.live.render import render_now
from engine.live.synth import DEFAULT_SAMPLE_RATE
from engine.midi import smf


def render(
    file: Annotated[Path, typer.Argument(help="A MIDI file.")],
    out: Annotated[Path, typer.Option(help="The WAV file.")],
    passes: Annotated[int, typer.Option(min=1, max=64, help="How often it is played.")] = 4,
    mix: Annotated[bool, typer.Option(help="The whole, in the file named by --out.")] = True,
    stems: Annotated[bool, typer.Option("--stems", help="Also one file a part; together they are the mix.")] = False,
    count_in: Annotated[int, typer.Option(min=0, max=4, help="Bars of clicks before it begins.")] = 0,
    soundfont: Annotated[Path | None, typer.Option(help="A .sf2 or .sf3 file. (Default: a General MIDI one)")] = None,
    sample_rate: Annotated[int, typer.Option(min=8_000, max=192_000, help="In Hz.")] = DEFAULT_SAMPLE_RATE,
) -> None:
    """Play a MIDI file into a WAV file, again and again without a gap."""
    if not (mix or stems):
        raise typer.BadParameter("without the mix, --stems is needed")
    read = smf.read(file)
    for sentence in read.dropped:
        people().print(sentence, style="yellow", markup=False, soft_wrap=True)
    if not read.loop.note_count:
        raise SoundError(f"{file.name} holds no notes.", "There is nothing to be heard.")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EngineError(f"The folder {out.parent} cannot be made.", error.strerror or str(error)) from error
    wish = RenderWav(str(out), read.loop, passes, has_mix=mix, has_stems=stems, count_in_bars=count_in)
    for path in render_now(wish, sample_rate=sample_rate, soundfont=soundfont):
        say(path)
