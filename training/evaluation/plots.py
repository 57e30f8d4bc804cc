"""Small plots as SVG text: dots with intervals, and confusion tables as shades. No library: the report is one file."""

from collections.abc import Mapping
from html import escape

from training.evaluation.statistics import Figure

_WIDTH, _ROW, _LABEL, _RIGHT, _SCALE = 620, 22, 130, 120, 18
COLOURS: Mapping[str, str] = {
    "real": "#1a7f37",
    "partly": "#0969da",
    "fully": "#8250df",
    "takes": "#0969da",
    "model": "#0969da",
}
_FLOOR = "#9a6700"


def dots(figures: Mapping[str, Figure], highest: float | None = None) -> str:
    """Return one row a source: a dot, its interval, and the number beside it; below them the scale.

    Args:
        figures: By source.
        highest: Where the scale ends, so that charts can be compared; None: behind the last interval.
    """
    known = {name: f for name, f in figures.items() if f.is_known}
    if not known:
        return ""
    low = min(0.0, *(f.low for f in known.values()))
    high = max(f.high for f in known.values()) if highest is None else highest
    high = high if high > low else low + 1.0
    span = _WIDTH - _LABEL - _RIGHT

    def x(value: float) -> float:
        return _LABEL + span * (value - low) / (high - low)

    floor = _ROW * len(known)
    parts: list[str] = []
    for value in (0.0, high):
        end = f'x1="{x(value):.1f}" x2="{x(value):.1f}" y1="0" y2="{floor}"'
        parts.append(f'<line {end} class="axis"/>')
        parts.append(
            f'<text x="{x(value):.1f}" y="{floor + 13}" text-anchor="middle" class="end">{number(value)}</text>'
        )
    for index, (name, f) in enumerate(known.items()):
        y, colour = _ROW * index + _ROW / 2, COLOURS.get(name, _FLOOR)
        parts += [
            f'<text x="{_LABEL - 10}" y="{y + 4:.1f}" text-anchor="end">{escape(name)}</text>',
            f'<line x1="{x(f.low):.1f}" x2="{x(f.high):.1f}" y1="{y}" y2="{y}" stroke="{colour}" stroke-width="3"/>',
            f'<circle cx="{x(f.value):.1f}" cy="{y}" r="5" fill="{colour}"/>',
            f'<text x="{_WIDTH - _RIGHT + 14}" y="{y + 4:.1f}">{number(f.value)}</text>',
        ]
    height = floor + _SCALE
    return f'<svg viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}" role="img">{"".join(parts)}</svg>'


def shades(counts: list[list[int]]) -> str:
    """Return a confusion table: rows what was asked, columns what was got, darker where more often."""
    size, cell = len(counts), max(7, min(20, 320 // max(1, len(counts))))
    parts: list[str] = []
    for asked, row in enumerate(counts):
        total = sum(row)
        for got, count in enumerate(row):
            share = count / total if total else 0
            title = f"<title>asked bin {asked}, got bin {got}: {count} of {total}</title>"
            place = f'x="{got * cell}" y="{asked * cell}" width="{cell - 1}" height="{cell - 1}"'
            parts.append(f'<rect {place} fill="#0969da" fill-opacity="{0.04 + 0.96 * share:.3f}">{title}</rect>')
    side = size * cell
    return f'<svg viewBox="0 0 {side} {side}" width="{side}" height="{side}" role="img">{"".join(parts)}</svg>'


def number(value: float) -> str:
    """Return a number to three digits, as people read it."""
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"
