"""`turnaround evaluate … --out DIR`: the whole evaluation, from items to the report."""

import json
import logging
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from engine.errors import EngineError
from engine.inference.bundle import ModelBundle
from engine.midi import smf
from engine.music.loop import Loop
from engine.representation.sheet import Sheet
from engine.similarity.bar_encoder import BarEncoder
from training.dataset import SongPool
from training.evaluation.items import QUICK, Row, Sizes
from training.evaluation.judge import JUDGE
from training.evaluation.material import real_loops
from training.evaluation.report import About, report_html
from training.evaluation.run import Measured, RunConfig, run
from training.evaluation.statistics import Figure, mean_figure
from training.evaluation.summary import Summary, add_cuts, add_judged, summarised

logger = logging.getLogger(__name__)

FIGURES, REPORT, EXAMPLES = "figures.json", "report.html", "examples"
TINY = Sizes(loops=12, windows=4, takes=2)


@dataclass(frozen=True, slots=True)
class Written:
    """Where an evaluation's results are."""

    figures: Path
    report: Path
    summary: Summary


def evaluate_bundle(
    config: RunConfig,
    *,
    judge: Path | None = JUDGE,
    examples: int = 0,
    told: Callable[[int, int], None] = lambda done, total: None,
) -> Written:
    """Do an evaluation and write its figures and its report.

    Args:
        config: What, of what, and where to.
        judge: Folder of the judge; None leaves out what it says.
        examples: How many real loops to write as MIDI files, with the model's answers beside them.
        told: Is called with items done and items in all.
    """
    bundle = ModelBundle.open(config.bundle)
    measured = run(config, bundle.identity, told)
    summary = summarised(measured.rows, seed=config.seed)
    sheets = _sheets(measured)
    add_cuts(summary, sheets, rows=measured.rows, seed=config.seed)
    judged = "No judge was at hand: the measures that need one are left out."
    if judge is not None:
        encoder = BarEncoder(judge, threads=1)
        count = (config.sizes.loops + 1) // 2
        training = [loop.sheet for loop in real_loops(SongPool(config.data, "train"), count, seed=config.seed)]
        add_judged(summary, encoder, sheets, training=training, seed=config.seed)
        judged = f"{encoder.info.name} ({encoder.info.identity}): {encoder.info.purpose}"
    if examples:
        write_examples(measured.loops, config.out / EXAMPLES, examples)
    return _write(config, bundle, summary, measured.times, judged)


def sizes_named(*, quick: bool, loops: int | None, windows: int | None) -> Sizes:
    """Return how much to measure: all of it or `QUICK`, unless numbers are named."""
    sizes = QUICK if quick else Sizes()
    sizes = sizes if loops is None else replace(sizes, loops=loops)
    return sizes if windows is None else replace(sizes, windows=windows)


def write_examples(loops: dict[tuple[str, int], Loop], folder: Path, count: int) -> list[Path]:
    """Write real loops and the loops that answer to them as MIDI files, one folder each, named by what they are."""
    if folder.exists():
        shutil.rmtree(folder)
    paths: list[Path] = []
    for item in sorted({item for _, item in loops})[:count]:
        for source, name in (("real", "true"), ("fully", "fully-conditioned"), ("partly", "partly-conditioned")):
            if (source, item) in loops:
                path = folder / f"{item:03}" / f"{name}.mid"
                path.parent.mkdir(parents=True, exist_ok=True)
                smf.write(loops[source, item], path, programs=True)
                paths.append(path)
    return paths


def _sheets(measured: Measured) -> dict[str, dict[int, Sheet]]:
    sheets: dict[str, dict[int, Sheet]] = {}
    for (source, item), loop in measured.loops.items():
        sheet = Sheet.from_loop(loop)
        if len(sheet.notes):
            sheets.setdefault(source, {})[item] = sheet
    return sheets


def _write(config: RunConfig, bundle: ModelBundle, summary: Summary, times: Iterable[Row], judged: str) -> Written:
    settings = config.settings(bundle.identity)
    plain: dict[str, Any] = {"settings": settings, **summary.plain()}
    figures, report = config.out / FIGURES, config.out / REPORT
    sizes = config.sizes
    about = About(
        model=bundle.info.name,
        identity=bundle.identity,
        settings=(
            ("split", config.split),
            ("seed", str(config.seed)),
            ("real loops", str(sizes.loops)),
            ("windows", str(sizes.windows)),
            ("takes a request", str(sizes.takes)),
        ),
        command=f"turnaround evaluate {config.bundle} --data {config.data.name} --split {config.split} "
        f"--seed {config.seed} --loops {sizes.loops} --windows {sizes.windows} --out {config.out.name}",
        judge=judged,
    )
    html = report_html(about, summary, _times(times))
    for path, text in ((figures, json.dumps(plain, indent=1)), (report, html)):
        fresh = path.with_name(path.name + ".part")
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(path)
    return Written(figures, report, summary)


def _times(rows: Iterable[Row]) -> dict[str, dict[str, Figure]]:
    values: dict[str, dict[str, list[float]]] = {}
    for row in rows:
        values.setdefault(row.measure.removeprefix("time: "), {}).setdefault(row.source, []).append(row.value)
    found: dict[str, dict[str, Figure]] = {}
    for measure, by_source in values.items():
        for source, of in by_source.items():
            found.setdefault(f"{measure}, mean", {})[source] = mean_figure(of)
            middle, slow = np.percentile(of, (50, 95))
            for name, value in (("p50", middle), ("p95", slow)):
                found.setdefault(f"{measure}, {name}", {})[source] = Figure(
                    float(value), float(value), float(value), len(of)
                )
    return found


def checked_folder(out: Path) -> Path:
    """Return the folder of the run.

    Raises:
        EngineError: It is a file.
    """
    if out.exists() and not out.is_dir():
        raise EngineError(f"{out} is a file.", "Name a folder for the evaluation.")
    return out
