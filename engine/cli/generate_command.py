"""`turnaround generate`: every option of the main job, read into a request and run."""

import secrets
import time
from pathlib import Path
from typing import Annotated

import typer

from engine.cli.console import people, say, say_json, usage_errors
from engine.cli.generate_run import RunResult, Share, run_requests
from engine.cli.model_option import DEFAULT_MODEL, OpenModel, ProviderOption, open_model
from engine.cli.part_options import parse_part
from engine.cli.request_options import MusicOptions, RunOptions, build_request, parse_bars, parse_infill
from engine.cli.sampling_options import build_sampling
from engine.cli.sound_stems import sounds_heard
from engine.cli.stem_options import parse_stem
from engine.cli.take_files import WriteOptions, take_table, write_text
from engine.messages import GenerationRequest, WriteOrder, candidates_for
from engine.music.harmony import Key, parse_chords
from engine.music.loop import MAX_BARS
from engine.music.timing import MAX_TEMPO_BPM, MIN_TEMPO_BPM, Meter
from engine.recipe import read_recipe, write_recipe
from engine.stems.merge import merge_stems

_MUSIC, _DRAWING, _FILES, _MACHINE = "The music", "Chance", "Files", "The machine"
_VALUE = "VALUE|FIELD=VALUE"
_MAX_RANDOM_SEED = 1_000_000  # short enough to be read aloud


def generate(
    out: Annotated[Path, typer.Option(help="Folder for the MIDI files; made if need be.", rich_help_panel=_FILES)],
    part: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ROLE:FIELD=…",
            help="A part to write, such as keys or bass:density=6:range=28-48:polyphony=1. Fields: density (notes a "
            "bar, or one number a bar: 4,8), polyphony, range, program (0-127), feel, rhythm (x..x..x.), velocity, "
            "dynamics, repetition, duration, keep (rhythm or pitches), name.",
            rich_help_panel=_MUSIC,
        ),
    ] = None,
    stem: Annotated[
        list[str] | None,
        typer.Option(metavar="ROLE=FILE", help="A MIDI or sound file the new parts shall fit.", rich_help_panel=_MUSIC),
    ] = None,
    bars: Annotated[
        int | None,
        typer.Option(min=1, max=MAX_BARS, help="Bars of the loop. (Default: the stems', or 4)", rich_help_panel=_MUSIC),
    ] = None,
    meter: Annotated[
        str | None, typer.Option(help="Such as 4/4, 6/8, 7/8. (Default: the stems', or 4/4)", rich_help_panel=_MUSIC)
    ] = None,
    tempo: Annotated[
        float | None,
        typer.Option(
            min=MIN_TEMPO_BPM,
            max=MAX_TEMPO_BPM,
            help="Quarter notes a minute. (Default: the stems', or 120)",
            rich_help_panel=_MUSIC,
        ),
    ] = None,
    key: Annotated[
        str | None, typer.Option(help='Such as "A minor", Bb, "F# dorian"; no other notes.', rich_help_panel=_MUSIC)
    ] = None,
    lock_key: Annotated[
        bool | None,
        typer.Option(
            "--lock-key/--no-lock-key",
            help="Only notes of the key. (Default: yes, if --key is given)",
            rich_help_panel=_MUSIC,
        ),
    ] = None,
    chords: Annotated[
        str | None, typer.Option(help='One bar after the other: "Am|F|C G|G7".', rich_help_panel=_MUSIC)
    ] = None,
    lock_chords: Annotated[
        bool,
        typer.Option(
            "--lock-chords/--no-lock-chords",
            help="Bass on the roots, other parts on chord tones at every beat.",
            rich_help_panel=_MUSIC,
        ),
    ] = False,
    genre: Annotated[
        str | None, typer.Option(help="Such as rock, funk & soul, electronic.", rich_help_panel=_MUSIC)
    ] = None,
    infill: Annotated[
        list[str] | None,
        typer.Option(metavar="ROLE:BARS", help="Write bars of a stem anew: keys:3-4.", rich_help_panel=_MUSIC),
    ] = None,
    continue_: Annotated[
        int,
        typer.Option("--continue", min=0, max=MAX_BARS, help="Bars to add after the stems.", rich_help_panel=_MUSIC),
    ] = 0,
    remix: Annotated[
        float | None,
        typer.Option(min=0, max=100, help="Percent of the notes to write anew.", rich_help_panel=_MUSIC),
    ] = None,
    prompt_bars: Annotated[
        str | None,
        typer.Option(metavar="BARS", help="Bars of the stems that count, such as 1-2.", rich_help_panel=_MUSIC),
    ] = None,
    loop: Annotated[
        bool, typer.Option("--loop/--ending", help="Lead back to the beginning, or end.", rich_help_panel=_MUSIC)
    ] = True,
    loop_length: Annotated[
        int | None, typer.Option(help="Bars after which the music repeats.", rich_help_panel=_MUSIC)
    ] = None,
    loop_count: Annotated[int | None, typer.Option(min=0, help="How often it does.", rich_help_panel=_MUSIC)] = None,
    order: Annotated[
        WriteOrder, typer.Option(help="Write part by part, or all parts bar by bar.", rich_help_panel=_MUSIC)
    ] = WriteOrder.PARTS,
    takes: Annotated[
        int | None, typer.Option(min=1, max=64, help="Loops at once. (Default: 4)", rich_help_panel=_DRAWING)
    ] = None,
    batches: Annotated[
        int, typer.Option(min=1, help="How often, each time with the next seed.", rich_help_panel=_DRAWING)
    ] = 1,
    rank: Annotated[
        str, typer.Option(help="This worker's number and how many share the batches.", rich_help_panel=_MACHINE)
    ] = "0/1",
    candidates: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Written for each take; the nearest to your wishes is kept. (Default: 3 with wishes, else 1)",
            rich_help_panel=_DRAWING,
        ),
    ] = None,
    max_attempts: Annotated[
        int | None,
        typer.Option(min=1, help="Tries for a take that had to drop a wish. (Default: 3)", rich_help_panel=_DRAWING),
    ] = None,
    style: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=100,
            help="Per cent of its own style, for a model that has one. (Default: 100)",
            rich_help_panel=_DRAWING,
        ),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="The same seed gives the same loops.", rich_help_panel=_DRAWING)
    ] = None,
    temperature: Annotated[
        list[str] | None,
        typer.Option(
            metavar=_VALUE,
            help="0 is the likeliest, 1 as learned. Fields: kind, position, pitch, duration, velocity, micro.",
            rich_help_panel=_DRAWING,
        ),
    ] = None,
    top_p: Annotated[
        list[str] | None,
        typer.Option(metavar=_VALUE, help="Keep the likeliest, up to this mass.", rich_help_panel=_DRAWING),
    ] = None,
    top_k: Annotated[
        list[str] | None,
        typer.Option(metavar=_VALUE, help="Keep so many of the likeliest.", rich_help_panel=_DRAWING),
    ] = None,
    min_p: Annotated[
        list[str] | None,
        typer.Option(metavar=_VALUE, help="Drop what is below this share of the likeliest.", rich_help_panel=_DRAWING),
    ] = None,
    repetition_penalty: Annotated[
        float | None, typer.Option(help="Above 1 repeats pitches less.", rich_help_panel=_DRAWING)
    ] = None,
    recipe: Annotated[Path | None, typer.Option(help="Do again what a recipe says.", rich_help_panel=_FILES)] = None,
    save_recipe: Annotated[
        Path | None, typer.Option(help="Keep what was asked as a recipe.", rich_help_panel=_FILES)
    ] = None,
    name: Annotated[str | None, typer.Option(help="First word of the file names.", rich_help_panel=_FILES)] = None,
    split: Annotated[bool, typer.Option("--split", help="One file a part.", rich_help_panel=_FILES)] = False,
    with_stems: Annotated[
        bool, typer.Option("--with-stems", help="Write the stems too.", rich_help_panel=_FILES)
    ] = False,
    programs: Annotated[
        bool, typer.Option("--programs", help="Select General MIDI sounds in the files.", rich_help_panel=_FILES)
    ] = False,
    csv: Annotated[Path | None, typer.Option(help="A table of the takes.", rich_help_panel=_FILES)] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.", rich_help_panel=_FILES)] = False,
    allow_likeness: Annotated[
        bool,
        typer.Option(
            "--allow-likeness", help="Write takes that are too like a known song, too.", rich_help_panel=_FILES
        ),
    ] = False,
    model: Annotated[
        str, typer.Option(metavar="NAME|PATH", help="The model.", rich_help_panel=_MACHINE)
    ] = DEFAULT_MODEL,
    provider: Annotated[
        ProviderOption, typer.Option(help="Where the model runs.", rich_help_panel=_MACHINE)
    ] = ProviderOption.AUTO,
) -> None:
    """Write loops that fit your stems, or from nothing.

    turnaround generate --stem drums=beat.mid --part bass --part keys:polyphony=3-4 --key "A minor" --out loops
    """
    with usage_errors():
        music = MusicOptions(
            bars=bars,
            meter=Meter.parse(meter) if meter else None,
            tempo_bpm=tempo,
            key=Key.parse(key) if key else None,
            chords=parse_chords(chords) if chords else (),
            genre=genre,
            parts=tuple(parse_part(text) for text in part or ()),
            prompt_bars=parse_bars(prompt_bars) if prompt_bars else (),
            infill=tuple(parse_infill(text) for text in infill or ()),
            continue_bars=continue_,
            remix_percent=remix,
            is_key_locked=lock_key,
            are_chords_locked=lock_chords,
            loopable=loop,
            loop_length=loop_length,
            loop_count=loop_count,
            order=order,
        )
        share = Share.parse(rank)
        request = _request(music, stem or [], recipe)
        sampling = build_sampling(
            temperature=temperature or (),
            top_p=top_p or (),
            top_k=top_k or (),
            min_p=min_p or (),
            repetition_penalty=repetition_penalty,
            base=request.sampling,
        )
        if recipe is None:
            seed = secrets.randbelow(_MAX_RANDOM_SEED) if seed is None else seed
            max_attempts = max_attempts or 3
            candidates = candidates or candidates_for(request.parts, takes or request.takes)
        request = RunOptions(seed, takes, candidates, max_attempts, sampling, style).apply(request)
        requests = list(share.requests(request, batches))
    if save_recipe is not None:
        write_recipe(request, save_recipe)
    began = time.perf_counter()
    opened = open_model(model, provider=provider)
    writing = WriteOptions(out, name or request.canvas.name or "loop", split, with_stems, programs)
    result = run_requests(requests, opened, writing, allows_likeness=allow_likeness)
    _report(result, opened, csv=csv, is_json=json, wall_seconds=time.perf_counter() - began)


def _request(music: MusicOptions, stems: list[str], recipe: Path | None) -> GenerationRequest:
    if recipe is not None:
        if stems or music != MusicOptions():
            raise ValueError("a recipe says all about the music; only chance, files and machine can be told beside it")
        return read_recipe(recipe)
    if not stems:
        return build_request(music, None)
    files = [parse_stem(text) for text in stems]
    with sounds_heard(files, tempo_bpm=music.tempo_bpm, meter=music.meter) as midi_files:
        merged = merge_stems(midi_files, bars=music.bars, meter=music.meter, tempo_bpm=music.tempo_bpm)
    for sentence in merged.notes_for_user:
        people().print(sentence, style="yellow", markup=False, soft_wrap=True)
    return build_request(music, merged.loop)


def _report(result: RunResult, opened: OpenModel, *, csv: Path | None, is_json: bool, wall_seconds: float) -> None:
    records = result.records()
    if csv is not None:
        write_text(csv, take_table(records))
    notes_per_second = result.notes / result.seconds if result.seconds else 0.0
    if is_json:
        say_json(
            {
                "takes": records,
                "too_like": result.too_like,
                "seconds_to_first_note": result.seconds_to_first_note,
                "seconds": result.seconds,
                "notes_per_second": notes_per_second,
                "load_seconds": opened.load_seconds,
                "wall_seconds": wall_seconds,
                "provider": opened.provider,
                "model": opened.name,
            }
        )
        return
    for record in records:
        for path in record["paths"]:
            say(path)
    console = people()
    dropped = sum(1 for record in records if record["relaxed"])
    console.print(
        f"{len(records)} takes, {result.notes} notes in {result.seconds:.2f} s ({notes_per_second:.0f} notes/s, "
        f"{opened.name} on {opened.provider})" + (f"; {dropped} could not keep every lock" if dropped else "")
    )
    if result.too_like:
        console.print(
            f"{result.too_like} more too like a known song, not written; --allow-likeness writes them.", style="yellow"
        )
