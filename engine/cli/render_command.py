"""`turnaround render`: a MIDI file as sound, so that a loop can be heard, seam included, without a DAW."""

from pathlib import Path
from typing import Annotated

import typer

from engine.cli.console import people, say
from engine.cli.take_files import part_labels, safe_word
from engine.errors import EngineError, SoundError
from engine.live.synth import DEFAULT_SAMPLE_RATE, render_loop, render_parts, write_wav
from engine.midi import smf


def render(
    file: Annotated[Path, typer.Argument(help="A MIDI file.")],
    out: Annotated[Path, typer.Option(help="The WAV file.")],
    passes: Annotated[int, typer.Option(min=1, max=64, help="How often it is played.")] = 4,
    stems: Annotated[bool, typer.Option("--stems", help="Also one file a part; together they are the mix.")] = False,
    soundfont: Annotated[Path | None, typer.Option(help="A .sf2 or .sf3 file. (Default: a General MIDI one)")] = None,
    sample_rate: Annotated[int, typer.Option(min=8_000, max=192_000, help="In Hz.")] = DEFAULT_SAMPLE_RATE,
) -> None:
    """Play a MIDI file into a WAV file, again and again without a gap."""
    read = smf.read(file)
    for sentence in read.dropped:
        people().print(sentence, style="yellow", markup=False, soft_wrap=True)
    if not read.loop.note_count:
        raise SoundError(f"{file.name} holds no notes.", "There is nothing to be heard.")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EngineError(f"The folder {out.parent} cannot be made.", error.strerror or str(error)) from error
    if not stems:
        write_wav(out, render_loop(read.loop, passes=passes, sample_rate=sample_rate, soundfont=soundfont), sample_rate)
        say(str(out))
        return
    parts = render_parts(read.loop, passes=passes, sample_rate=sample_rate, soundfont=soundfont)
    write_wav(out, sum(parts[1:], start=parts[0]), sample_rate)
    say(str(out))
    for label, audio in zip(part_labels(read.loop), parts, strict=True):
        path = out.with_name(f"{out.stem}_{safe_word(label)}{out.suffix}")
        write_wav(path, audio, sample_rate)
        say(str(path))
