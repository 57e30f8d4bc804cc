"""`turnaround check` and `turnaround finetune`: a folder of one's own files, looked at and learned from."""

import json
import os
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from engine.errors import EngineError
from engine.resources import models_folder
from training.cli import training_extra
from training.finetune.folder import FolderReport, check_folder, report_lines


def check_command(
    folder: Annotated[Path, typer.Argument(help="A folder of MIDI files, an archive, or one file.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Tell what a folder of MIDI files holds for a model of your own: what can be used, what not and why."""
    console = Console(stderr=True)
    if console.is_terminal:
        with console.status("Reading …") as status:
            report, _ = check_folder(folder, lambda done, total: status.update(f"Reading {done} of {total} …"))
    else:
        report, _ = check_folder(folder)
    typer.echo(json.dumps(report.plain(), ensure_ascii=False, indent=2) if as_json else "\n".join(report_lines(report)))


def finetune_command(
    folder: Annotated[Path, typer.Argument(help="Your MIDI files.")],
    out: Annotated[
        Path, typer.Option(help="The new model: a name, to install it in the window's menu, or a folder's path.")
    ],
    settings: Annotated[
        list[str] | None, typer.Argument(metavar="[GROUP.KEY=VALUE]…", help="Settings to change, by name.")
    ] = None,
    config: Annotated[Path | None, typer.Option(help="A TOML file of settings.")] = None,
    work: Annotated[
        Path | None, typer.Option(help="Folder to work in.  (Default: beside the model, .training)")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print what happens, one JSON object a line.")] = False,
) -> None:
    """Teach the model your style; started again, it goes on from its last checkpoint."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as `turnaround train`
    with training_extra():
        from training.finetune.config import FinetuneConfig
        from training.finetune.run import State, finetune

        bundle = out if out.is_absolute() or len(out.parts) > 1 else models_folder() / out
        place = work or bundle.with_name(f".{bundle.name}.training")
        printer = partial(_print_json, place) if as_json else _print_words
        chosen = FinetuneConfig.load(config, settings or ())
        try:
            result = finetune(folder, bundle, chosen, work=place, on_event=printer)
        except EngineError as error:
            if as_json:
                _print_json(place, {"event": "end", "state": "failed", "text": str(error), "bundle": None})
            raise
    if not as_json:
        typer.echo(result.text)
        if result.bundle:
            typer.echo(f"{result.bundle.folder}: turnaround generate --model {result.bundle.folder} …")
    if result.state is State.NOTHING:
        raise typer.Exit(3)


def _print_json(work: Path, event: dict[str, Any]) -> None:
    """Print a line; once nobody reads them, because the window is gone, let the training save itself and end."""
    from training.train import PAUSE

    try:
        typer.echo(json.dumps(event, ensure_ascii=False))
    except OSError:
        (work / PAUSE).touch()


def _print_words(event: dict[str, Any]) -> None:
    match event["event"]:
        case "report":
            typer.echo("\n".join(report_lines(FolderReport.of_plain(event["report"]))))
        case "state":
            typer.echo(event["text"])
        case "step" if event["step"] % 10 == 0:
            left = f"{event['seconds_left'] / 60:.0f} min left at most"
            typer.echo(f"step {event['step']}: {event['bits']:.2f} bits a note, {left}")
        case "valid":
            base = "" if event["base"] is None else f", base {event['base']:.3f} (was {event['base_start']:.3f})"
            typer.echo(f"step {event['step']}: own files {event['own']:.3f} (was {event['own_start']:.3f}){base}")
        case "sample":
            typer.echo(f"to hear: {event['path']}")
        case _:
            pass
