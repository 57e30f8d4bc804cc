"""From rows to figures: every measure by source, with its interval, beside *real against real* and the floor."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from engine.representation.controls import TRACK_CONTROLS
from engine.representation.sheet import Sheet
from engine.similarity.encoder import BarEncoder
from training.evaluation.damage import begun_late
from training.evaluation.distribution import frechet_figure, neighbourhood
from training.evaluation.items import BAR_LINES, Row
from training.evaluation.judge import JoinScale, Space, loop_points, percentiles
from training.evaluation.music import Obedience
from training.evaluation.statistics import Figure, mean_figure, ratio_figure

REAL, LATE = "real", "a beat late"
_TOLD = "right cut told from one a beat late, by"
_CONTROL, _NATS = "control: ", "nats"
_TOTALS = ("nats", "stems: nats")  # sums over notes: figures are ratios of totals


@dataclass(slots=True)
class Summary:
    """All figures of an evaluation.

    Attributes:
        figures: By measure, then by source.
        obedience: Of every control, by source.
    """

    figures: dict[str, dict[str, Figure]] = field(default_factory=dict[str, dict[str, Figure]])
    obedience: dict[str, dict[str, Obedience]] = field(default_factory=dict[str, dict[str, Obedience]])

    def add(self, measure: str, source: str, figure: Figure) -> None:
        self.figures.setdefault(measure, {})[source] = figure

    def plain(self) -> dict[str, Any]:
        """Return all of it as JSON would have it, figures to six digits."""
        figures = {
            measure: {
                source: {"value": _short(f.value), "low": _short(f.low), "high": _short(f.high), "n": f.n}
                for source, f in by_source.items()
            }
            for measure, by_source in self.figures.items()
        }
        confusion = {
            name: {source: control.confusion().tolist() for source, control in by_source.items()}
            for name, by_source in self.obedience.items()
        }
        return {"figures": figures, "confusion": confusion}


def summarised(rows: Iterable[Row], *, seed: int) -> Summary:
    """Return the figures that rows give by themselves."""
    summary = Summary()
    values: dict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
    for row in rows:
        if row.measure.startswith(_CONTROL):
            name = row.measure.removeprefix(_CONTROL)
            by_source = summary.obedience.setdefault(name, {})
            control = by_source.setdefault(row.source, Obedience(name, TRACK_CONTROLS[name].bins))
            control.add(int(row.other), int(row.value))
        else:
            values[row.measure, row.source].append((row.value, row.other))
    for (measure, source), pairs in values.items():
        got, weight = np.array(pairs).T
        if measure in _TOTALS or measure.startswith(f"{_NATS} of"):
            summary.add(f"{measure} a note", source, ratio_figure(got, weight, seed=seed))
        else:
            summary.add(measure, source, mean_figure(got, seed=seed))
    for name, by_source in summary.obedience.items():
        for source, control in by_source.items():
            summary.add(f"{name}: exact", source, control.exact(seed=seed))
            summary.add(f"{name}: within one bin", source, control.within_one(seed=seed))
    return summary


def add_judged(
    summary: Summary,
    encoder: BarEncoder,
    sheets: Mapping[str, Mapping[int, Sheet]],
    *,
    training: Sequence[Sheet],
    rows: Iterable[Row],
    seed: int,
) -> None:
    """Add what the judge says of whole sets, and of the seams of their loops.

    The real loops with even numbers are what all others are compared with; those with odd numbers are the row "real",
    and of every other source the loops that answer to odd numbers count: all sets have about as many loops.

    Args:
        summary: Gets the figures.
        encoder: The judge.
        sheets: Loops by source and number.
        training: Loops of the train split: the joins' scale is fitted on the first half of them, the second half
            is the row "training".
        rows: Of the run; of them the surprise at bar lines.
        seed: Of the intervals.
    """
    points = {
        source: loop_points(encoder, [of[item] for item in of if item % 2]) for source, of in sheets.items() if of
    }
    reference = loop_points(encoder, [of for item, of in sheets[REAL].items() if item % 2 == 0])
    half = len(training) // 2
    points["training"] = loop_points(encoder, list(training[half : half + len(reference)]))
    space = Space.of(reference)
    for source, of in points.items():
        if len(of) > 5 and len(reference) > 5:
            _add_set(summary, source, space(reference), space(of), seed=seed)
    nats = {(row.source, row.item): row.value for row in rows if row.measure == BAR_LINES}
    _add_joins(summary, encoder, sheets, fitted_on=training[:half], nats=nats, seed=seed)


def _add_set(summary: Summary, source: str, reference: np.ndarray, of: np.ndarray, *, seed: int) -> None:
    found = neighbourhood(reference, of)
    for measure in ("density", "coverage", "precision", "recall"):
        summary.add(measure, source, mean_figure(getattr(found, measure), seed=seed))
    summary.add("FID", source, frechet_figure(reference, of, seed=seed))


def _add_joins(
    summary: Summary,
    encoder: BarEncoder,
    sheets: Mapping[str, Mapping[int, Sheet]],
    *,
    fitted_on: Sequence[Sheet],
    nats: Mapping[tuple[str, int], float],
    seed: int,
) -> None:
    if not fitted_on:
        return
    scale = JoinScale.fit(encoder, fitted_on)
    real = scale.score(encoder, list(sheets[REAL].values()))
    for source, of in sheets.items():
        scores = scale.score(encoder, list(of.values()))
        summary.add("join: percentile among real", source, mean_figure(percentiles(scores, real), seed=seed))
    late = scale.score(encoder, [begun_late(sheet) for sheet in sheets[REAL].values()])
    summary.add("join: percentile among real", LATE, mean_figure(percentiles(late, real), seed=seed))
    summary.add(f"{_TOLD} join", REAL, mean_figure(real > late, seed=seed))
    items = list(sheets[REAL])
    asked = np.array([[nats.get((source, i), np.nan) for i in items] for source in (REAL, LATE)])
    surprise = asked[0] < asked[1]
    known = np.isfinite(asked).all(axis=0)
    summary.add(f"{_TOLD} surprise", REAL, mean_figure(surprise[known], seed=seed))
    # Both together, each in units of how much its differences differ.
    parts = (real - late, asked[1] - asked[0])
    together = sum(part / max(float(np.nanstd(part)), 1e-9) for part in parts)
    summary.add(f"{_TOLD} both", REAL, mean_figure(np.asarray(together)[known] > 0, seed=seed))


def _short(value: float) -> float | None:
    return float(f"{value:.6g}") if np.isfinite(value) else None
