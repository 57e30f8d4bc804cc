"""`turnaround prepare | train | export | evaluate`: next to the engine's commands, but never needed by them.

`prepare` and `evaluate` run without the training extra. The others import torch when they run, and where it is
missing they say what to install instead of showing a traceback.
"""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from engine.errors import CorpusError, EngineError
from engine.inference.bundle import ModelBundle
from engine.inference.model import OnnxLoopModel
from engine.resources import assets_folder, model_folder
from engine.similarity.originality import FILE_NAME
from training.dataset import SongPool
from training.evaluation.command import EXAMPLES, checked_folder, evaluate_bundle, sizes_named
from training.evaluation.likelihood import evaluate_model
from training.evaluation.run import RunConfig
from training.prepare import PrepareConfig, PrepareReport, prepare
from training.prepare_estimate import estimate_prepare

CONFIGS = Path(__file__).with_name("configs")


class MissingExtraError(EngineError):
    """Raised when torch is wanted and not installed."""


@contextmanager
def training_extra() -> Generator[None]:
    """Turn a missing package of the training extra into one clear sentence.

    Raises:
        MissingExtraError: torch, Lightning or onnx is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("torch", "lightning", "onnx", "tensorboard"):
            raise
        raise MissingExtraError(
            f"{error.name} is not installed, so nothing can be trained here.",
            "Install Turnaround with its extra: uv sync --extra training, or pip install turnaround[training].",
        ) from error


def prepare_command(
    inputs: Annotated[list[Path], typer.Argument(help="Archives, folders or MIDI files.")],
    out: Annotated[Path, typer.Option(help="Folder for the packed songs.")],
    manifest: Annotated[Path | None, typer.Option(help="CSV that names files, splits and genres.")] = None,
    ratios: Annotated[str, typer.Option(help="Shares of train, valid and test without a manifest.")] = "0.9,0.05,0.05",
    processes: Annotated[int, typer.Option(min=1, help="How many work at once.")] = 2,
    scheduler: Annotated[
        str, typer.Option(metavar="ADDRESS|local:N", help="Of a Dask cluster that works instead; see docs/cluster.md.")
    ] = "",
    min_grid: Annotated[float, typer.Option(min=0, max=1, help="Least share of onsets on the 16th grid.")] = 0.0,
    min_notes: Annotated[int, typer.Option(min=1, help="Least notes a song.")] = 4,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell how long it takes, and how much disk.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Pack MIDI files for training; a run that was stopped goes on where it was."""
    missing = [path for path in inputs if not path.exists()]
    if missing:
        raise CorpusError(f"{missing[0]} does not exist.", "Name an archive, a folder or a MIDI file.")
    config = PrepareConfig(
        tuple(inputs),
        out,
        manifest,
        ratios=_ratios(ratios),
        processes=processes,
        scheduler=scheduler,
        min_grid=min_grid,
        min_notes=min_notes,
    )
    if dry_run:
        estimate = estimate_prepare(config)
        typer.echo(json.dumps(asdict(estimate), indent=2) if as_json else "\n".join(estimate.lines()))
        return
    console = Console(stderr=True)
    columns = (TextColumn("Preparing"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[left]}"))
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=None, left="")
        report = prepare(
            config,
            lambda at: bar.update(task, completed=at.done, total=at.total, left=_left(at.seconds_left)),
        )
    if as_json:
        typer.echo(json.dumps(_plain(report), indent=2))
        return
    for split, songs in report.songs.items():
        size = report.size[split] / 1e6
        typer.echo(f"{split:6} {songs:7} songs {report.notes[split]:10} notes {size:8.1f} MB")
    for reason, files in report.rejected.items():
        typer.echo(f"left out {files:6}: {reason}")


def _ratios(text: str) -> tuple[float, float, float]:
    try:
        train, valid, test = (float(share) for share in text.split(","))
    except ValueError as error:
        raise typer.BadParameter(f'"{text}" is not three shares such as 0.9,0.05,0.05') from error
    if min(train, valid, test) < 0 or abs(train + valid + test - 1) > 1e-6:
        raise typer.BadParameter(f'"{text}": the shares must add up to 1')
    return train, valid, test


def _left(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds / 60:.0f} min left" if seconds > 90 else f"{seconds:.0f} s left"


def _plain(report: PrepareReport) -> dict[str, Any]:
    return {
        "songs": report.songs,
        "notes": report.notes,
        "bytes": report.size,
        "rejected": report.rejected,
        "seconds": report.seconds,
        "shards": [str(path) for path in report.shards],
    }


def train_command(
    config: Annotated[str, typer.Argument(metavar="CONFIG", help="A TOML file, or one of ours: tiny, small, base …")],
    settings: Annotated[
        list[str] | None, typer.Argument(metavar="[GROUP.KEY=VALUE]…", help="Settings to change, by name.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell how long it takes, how much memory and how much disk.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="With --dry-run: print one JSON object.")] = False,
) -> None:
    """Train a model; started again, it goes on from its last checkpoint."""
    # Read when torch loads. Threads that spin while they wait for one that another program has delayed cost two
    # thirds of a busy machine's training speed.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    with training_extra():
        from training.config import TrainConfig
        from training.train import train

        chosen = TrainConfig.load(_config_path(config), settings or ())
        if dry_run:
            from training.train_estimate import estimate_train

            estimate = estimate_train(chosen)
            typer.echo(json.dumps(asdict(estimate), indent=2) if as_json else "\n".join(estimate.lines()))
            return
        logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
        outcome = train(chosen)
    state = "finished" if outcome.is_finished else "stopped, to be gone on with"
    typer.echo(f"{state} at step {outcome.progress.step}")


def _config_path(name: str) -> Path:
    shipped = CONFIGS / f"{name}.toml"
    return shipped if shipped.is_file() and not Path(name).exists() else Path(name)


def export_command(
    checkpoint: Annotated[Path, typer.Argument(help="A .ckpt file of a run.")],
    out: Annotated[Path, typer.Option(help="Folder of the bundle.")],
    name: Annotated[str | None, typer.Option(help="Short name, shown to people.  (Default: the folder's)")] = None,
    data: Annotated[Path | None, typer.Option(help="Packed songs, if they moved since the training.")] = None,
    bits: Annotated[int, typer.Option(help="How weights are stored: 32, 8 or 4 bits.")] = 8,
    licence: Annotated[str, typer.Option(help="SPDX expression of the weights.")] = "MIT",
    card: Annotated[
        Path | None, typer.Option(help="The model card, Markdown; written from the run if left out.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Write a checkpoint as a model bundle that `generate --model` takes; checked against the trained model."""
    if bits not in (32, 8, 4):
        raise typer.BadParameter(f"weights are stored in 32, 8 or 4 bits, not {bits}")
    with training_extra():
        from training.export_checkpoint import Publication, export_checkpoint

        text = _card_text(card)
        publication = Publication(name or out.name, licence=licence, bits=bits, card=text)
        bundle, agreement = export_checkpoint(checkpoint, out, publication=publication, data=data)
    if as_json:
        figures = {
            "folder": str(bundle.folder),
            "name": bundle.info.name,
            "bits": bundle.info.bits,
            "bytes": sum(path.stat().st_size for path in bundle.folder.iterdir()),
            "metrics": dict(bundle.info.metrics),
        }
        typer.echo(json.dumps(figures, indent=2))
        return
    typer.echo(f"{bundle.folder}: likelihood of a note changed by {agreement.relative_change:+.2%} in storing it")


def _card_text(path: Path | None) -> str:
    if path is None:
        return ""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise EngineError(f"{path.name} cannot be read.", error.strerror or str(error)) from error


def evaluate_command(
    model: Annotated[str, typer.Argument(metavar="NAME|PATH", help="A model bundle.")],
    data: Annotated[Path, typer.Option(help="Folder of packed songs.")],
    split: Annotated[str | None, typer.Option(help="train, valid or test.  (Default: valid, with --out test)")] = None,
    windows: Annotated[int | None, typer.Option(min=1, help="Windows to draw from the split.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the draw; the same for models that are compared.")] = 20_000,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    out: Annotated[Path | None, typer.Option(help="Measure all there is, and write figures and a report here.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="With --out: few loops, in minutes.")] = False,
    loops: Annotated[int | None, typer.Option(min=12, help="With --out: real loops that are asked for.")] = None,
    processes: Annotated[int, typer.Option(min=1, help="With --out: how many work at once.")] = 2,
    examples: Annotated[int, typer.Option(min=0, help="With --out: real loops to write as MIDI, with answers.")] = 0,
    sound: Annotated[bool, typer.Option("--sound", help="With --examples: as WAV too.")] = False,
) -> None:
    """Tell how unlikely a model finds music that it has not seen; with --out, measure all there is.

    A run with --out that was stopped goes on where it was; the same seed gives the same figures.
    """
    bundle = ModelBundle.open(model_folder(model))
    if out is not None:
        sizes = sizes_named(quick=quick, loops=loops, windows=windows)
        config = RunConfig(bundle.folder, data, checked_folder(out), split or "test", seed, sizes, processes)
        _evaluate_all(config, examples=examples, sound=sound, as_json=as_json)
        return
    split = split or "valid"
    found = evaluate_model(OnnxLoopModel(bundle), SongPool(data, split), windows=windows or 256, seed=seed)
    if as_json:
        figures = {"model": bundle.info.name, "identity": bundle.identity, "split": split, "seed": seed}
        typer.echo(json.dumps(figures | asdict(found) | {"bits_per_note": found.bits_per_note}, indent=2))
        return
    typer.echo(f"{bundle.info.name}: {found.nats_per_note:.3f} nats a note ({found.bits_per_note:.3f} bits)")
    typer.echo(f"{found.notes} notes in {found.windows} windows of {split}")
    for field, nats in found.nats_by_field.items():
        typer.echo(f"{field:10} {nats:.3f}")


def _evaluate_all(config: RunConfig, *, examples: int, sound: bool, as_json: bool) -> None:
    index = assets_folder() / "originality" / FILE_NAME
    config = replace(config, index=index if index.exists() else None)
    console = Console(stderr=True)
    columns = (TextColumn("Measuring"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("")
        written = evaluate_bundle(
            config, examples=examples, told=lambda done, total: bar.update(task, completed=done, total=total)
        )
    if sound:
        _render(config.out / EXAMPLES)
    if as_json:
        typer.echo(written.figures.read_text(encoding="utf-8"))
        return
    for measure, by_source in written.summary.figures.items():
        for source, figure in by_source.items():
            interval = f"{figure.low:.3f} … {figure.high:.3f}"
            typer.echo(f"{measure:44} {source:16} {figure.value:9.3f}   {interval:20} n = {figure.n}")
    typer.echo(f"{written.report}")


def _render(folder: Path) -> None:
    """Let the engine's own command make sound of every example."""
    for path in sorted(folder.rglob("*.mid")):
        command = [sys.executable, "-m", "turnaround", "render", str(path), "--out", str(path.with_suffix(".wav"))]
        if subprocess.run(command, check=False, capture_output=True).returncode:
            raise EngineError(f"{path.name} could not be made sound of.", "Leave --sound out, or check the SoundFont.")
