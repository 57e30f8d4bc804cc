"""From rows to figures: every measure by source, with its interval, beside *real against real* and the floor."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from engine.representation.controls import TRACK_CONTROLS
from engine.representation.sheet import Sheet
from engine.similarity.bar_encoder import BarEncoder
from training.evaluation.cut import CutScale, percentiles
from training.evaluation.damage import begun_late
from training.evaluation.distribution import frechet_figure, neighbourhood
from training.evaluation.items import BAR_LINES, Row
from training.evaluation.judge import Space, loop_points
from training.evaluation.music import Obedience
from training.evaluation.statistics import Figure, mean_figure, ratio_figure

REAL, LATE = "real", "a beat late"
_TOLD = "right cut told from one a beat late, by"
_SURPRISE_WEIGHT = 5.0  # of a nat a note, in the log odds of the ruler; set on 200 loops of the valid split
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
    seed: int,
) -> None:
    """Add what the judge says of whole sets.

    The real loops with even numbers are what all others are compared with; those with odd numbers are the row "real",
    and of every other source the loops that answer to odd numbers count: all sets have about as many loops.

    Args:
        summary: Gets the figures.
        encoder: The judge.
        sheets: Loops by source and number.
        training: Loops of the train split: the row "training".
        seed: Of the intervals.
    """
    points = {
        source: loop_points(encoder, [of[item] for item in of if item % 2]) for source, of in sheets.items() if of
    }
    reference = loop_points(encoder, [of for item, of in sheets[REAL].items() if item % 2 == 0])
    points["training"] = loop_points(encoder, training)
    space = Space.of(reference)
    for source, of in points.items():
        if len(of) > 5 and len(reference) > 5:
            _add_set(summary, source, space(reference), space(of), seed=seed)


def _add_set(summary: Summary, source: str, reference: np.ndarray, of: np.ndarray, *, seed: int) -> None:
    found = neighbourhood(reference, of)
    for measure in ("density", "coverage", "precision", "recall"):
        summary.add(measure, source, mean_figure(getattr(found, measure), seed=seed))
    summary.add("FID", source, frechet_figure(reference, of, seed=seed))


def add_cuts(summary: Summary, sheets: Mapping[str, Mapping[int, Sheet]], *, rows: Iterable[Row], seed: int) -> None:
    """Add how right loops are cut, and how often each measure tells a real loop from itself cut a beat late.

    Args:
        summary: Gets the figures.
        sheets: Loops by source and number.
        rows: Of the run; of them the surprise at bar lines.
        seed: Of the intervals.
    """
    scale = CutScale.open()
    items = list(sheets[REAL])
    real = scale.score(list(sheets[REAL].values()))
    late = scale.score([begun_late(sheet) for sheet in sheets[REAL].values()])
    scores = {source: scale.score(list(of.values())) for source, of in sheets.items() if of} | {LATE: late}
    for source, of in scores.items():
        summary.add("cut: percentile among real", source, mean_figure(percentiles(of, real), seed=seed))
    summary.add(f"{_TOLD} cut", REAL, mean_figure(real > late, seed=seed))
    nats = {(row.source, row.item): row.value for row in rows if row.measure == BAR_LINES}
    asked = np.array([[nats.get((source, i), np.nan) for i in items] for source in (REAL, LATE)])
    known = np.isfinite(asked).all(axis=0)
    summary.add(f"{_TOLD} surprise", REAL, mean_figure((asked[0] < asked[1])[known], seed=seed))
    both = real - late + _SURPRISE_WEIGHT * (asked[1] - asked[0])
    summary.add(f"{_TOLD} both", REAL, mean_figure(both[known] > 0, seed=seed))


def _short(value: float) -> float | None:
    return float(f"{value:.6g}") if np.isfinite(value) else None
