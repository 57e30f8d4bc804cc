"""The report: one HTML file with all figures, their intervals and plots, to be read without knowing the code."""

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

from engine.representation.controls import TRACK_CONTROLS
from training.evaluation.plots import dots, number, shades
from training.evaluation.statistics import Figure
from training.evaluation.summary import Summary

CHAPTERS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (
        "How well it knows music",
        "Nats a note: how unlikely the model finds the notes of windows it has not seen, field by field. Lower "
        "is better.",
        ("nats a note", "nats of "),
    ),
    (
        "Do its loops lie where real ones lie?",
        "An encoder that the model never saw turns loops into points. Precision: the share of its loops that "
        "lie among "
        "real ones; density the same, counting how many; coverage: the share of real loops that have one of its "
        "loops near; "
        "recall: the share that lies within the spread of its loops. FID is a distance of the two clouds, 0 the "
        "same. "
        "The row “real” is real loops against other real loops: the best that can be hoped for.",
        ("=density", "=coverage", "=precision", "=recall", "=FID"),
    ),
    (
        "The seam",
        "Seam ratio: how surprising the first bar is after the last, over the surprise at the other bar lines; "
        "1 is a join "
        "like any other. Cut percentile: how many real loops seem less rightly cut, by a ruler fitted to tell loops "
        "that begin at a bar line from the same loops begun late; the last rows say how often it is right about that.",
        ("seam ratio", "nats at", "rings to the end", "cut", "right cut told"),
    ),
    (
        "Is it a loop?",
        "The loop detector is given the loop twice in a row. For “shuffled” and “random” the second time is the "
        "damaged "
        "loop: what the detector finds by chance.",
        ("found as a loop",),
    ),
    (
        "Does it do what is asked?",
        "“Fully”: all controls of a real loop are asked for, with its key and chords; “partly”: a third of the "
        "controls. "
        "Exact: the bin that was asked for; within one: that or its neighbour. Limits (highest, lowest, voices) "
        "are kept "
        "however far inside them the music stays, so their exact rates say little.",
        (": exact", ": within one bin", "share: "),
    ),
    (
        "Does it listen?",
        "One part is asked for, the others are given: how much its pitch classes are theirs, how many of its "
        "onsets fall "
        "together with theirs, and how unlikely the model finds it there; beside the real part and that of "
        "another song.",
        ("stems: ",),
    ),
    (
        "Is it its own?",
        "The share of a loop's phrases (five or six notes in a row, in any key) that one group of training songs has; "
        "the longest "
        "run of notes shared; the share of loops that are too like one. Real held-out loops say what is usual.",
        ("like a song", "longest shared", "too like"),
    ),
    (
        "Does it work?",
        "Valid: the share of takes that have the frame, the parts and the limits that were asked for. "
        "Difference: 0 if two "
        "takes of a request are the same, 1 if they share no note.",
        ("valid", "difference between takes", "bars that were full"),
    ),
)
_SHARES = (
    "=coverage",
    "=precision",
    "=recall",
    "cut: percentile",
    "right cut told",
    "found as a loop",
    ": exact",
    ": within one bin",
    "share: ",
    "stems: pitch classes",
    "stems: onsets",
    "=valid",
    "difference between takes",
)
SOURCES = {
    "model": "the model",
    "real": "real held-out loops",
    "partly": "its loops, partly conditioned",
    "fully": "its loops, fully conditioned",
    "takes": "its part",
    "another song's": "the part of another song",
    "training": "loops retrieved from training",
    "shuffled": "real loops, each part's bars shuffled",
    "random": "real loops, notes at random places",
    "a beat late": "real loops, cut one beat late",
}
_STYLE = """
:root { color-scheme: light; } body { font: 15px/1.5 system-ui, sans-serif; max-width: 980px; margin: 32px auto;
padding: 0 20px; color: #1f2328; } h1 { font-size: 28px; margin: 0 0 4px; } h2 { margin: 44px 0 4px; font-size: 20px; }
h3 { font-size: 15px; margin: 22px 0 4px; } p { max-width: 76ch; } .muted { color: #59636e; }
table { border-collapse: collapse; margin: 10px 0 18px; } td, th { padding: 3px 12px; text-align: right;
border-bottom: 1px solid #d1d9e0; font-variant-numeric: tabular-nums; } th { font-weight: 600; }
td.word, th.word { text-align: left; } svg { display: block; overflow: visible; }
svg text { font: 13px system-ui, sans-serif; }
.axis { stroke: #d1d9e0; } svg text.end { font-size: 11px; fill: #59636e; } code { overflow-wrap: anywhere; }
.grid { display: flex; flex-wrap: wrap; gap: 28px; } details { margin: 8px 0; }
"""


@dataclass(frozen=True, slots=True)
class About:
    """What the report is of.

    Attributes:
        model, identity: Of the bundle.
        settings: (name, value) pairs of the run.
        command: What makes it again.
        judge: What the encoder is, and what it was trained on.
    """

    model: str
    identity: str
    settings: tuple[tuple[str, str], ...]
    command: str
    judge: str


def report_html(about: About, summary: Summary, times: Mapping[str, Mapping[str, Figure]]) -> str:
    """Return the whole report."""
    told = "".join(
        f"<tr><td class=word>{escape(name)}</td><td>{escape(value)}</td></tr>" for name, value in about.settings
    )
    known = [
        f"<tr><td class=word>{escape(name)}</td><td class=word>{escape(meaning)}</td></tr>"
        for name, meaning in SOURCES.items()
        if any(name in by_source for by_source in summary.figures.values())
    ]
    body = [
        f"<h1>Evaluation of “{escape(about.model)}”</h1>",
        f"<p class=muted>Model {escape(about.identity)}. Every figure has the number of things it was measured "
        f"on (n) and "
        "the interval that holds the truth in 95 of 100 such evaluations, from resampling.</p>",
        f"<table>{told}</table><p>Made by <code>{escape(about.command)}</code></p>",
        f"<h2>What is compared</h2><table>{''.join(known)}</table>",
    ]
    shown: set[str] = set()
    for title, text, beginnings in CHAPTERS:
        measures = [m for m in summary.figures if m not in shown and _belongs(m, beginnings)]
        shown.update(measures)
        if measures:
            body.append(_chapter(title, text, {m: _in_order(summary.figures[m]) for m in measures}))
        if title.startswith("Does it do what"):
            body.append(_confusions(summary))
    body.append(_chapter("Speed", "On the machine of this run, one thread.", times))
    body.append(f"<h2>The judge</h2><p>{escape(about.judge)}</p>")
    return (
        "<!doctype html><html lang=en><head><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>Evaluation of {escape(about.model)}</title><style>{_STYLE}</style></head><body>"
        f"{''.join(body)}</body></html>\n"
    )


def _belongs(measure: str, patterns: tuple[str, ...]) -> bool:
    """Tell whether a measure is named (=name), ends so (: end) or begins so."""
    return any(
        measure == p[1:] if p.startswith("=") else measure.endswith(p) if p.startswith(":") else measure.startswith(p)
        for p in patterns
    )


def _in_order(by_source: Mapping[str, Figure]) -> dict[str, Figure]:
    return {name: by_source[name] for name in SOURCES if name in by_source}


def _chapter(title: str, text: str, figures: Mapping[str, Mapping[str, Figure]]) -> str:
    parts = [f"<h2>{escape(title)}</h2><p>{escape(text)}</p>"]
    for measure, by_source in figures.items():
        parts.append(f"<h3>{escape(_named(measure))}</h3>{dots(by_source, 1.0 if _is_share(measure) else None)}")
    parts.append(f"<details><summary>Table, with intervals and n</summary>{_table(figures)}</details>")
    return "".join(parts)


def _is_share(measure: str) -> bool:
    """Tell whether a measure lies between 0 and 1, so that its charts share a scale."""
    return _belongs(measure, _SHARES)


def _named(measure: str) -> str:
    """Return a measure's name for people: controls by their labels."""
    name, colon, rest = measure.partition(": ")
    return f"{TRACK_CONTROLS[name].label}: {rest}" if colon and name in TRACK_CONTROLS else measure


def _table(figures: Mapping[str, Mapping[str, Figure]]) -> str:
    rows = ["<tr><th class=word>measure</th><th class=word>of</th><th>value</th><th>95 % interval</th><th>n</th></tr>"]
    for measure, by_source in figures.items():
        for source, f in by_source.items():
            interval = f"{number(f.low)} … {number(f.high)}" if f.is_known else ""
            value = number(f.value) if f.is_known else "not measured"
            rows.append(
                f"<tr><td class=word>{escape(_named(measure))}</td><td class=word>{escape(source)}</td><td>{value}</td>"
                f"<td>{interval}</td><td>{f.n}</td></tr>"
            )
    return f"<table>{''.join(rows)}</table>"


def _confusions(summary: Summary) -> str:
    cells = [
        f"<div><h3>{escape(TRACK_CONTROLS[name].label)}</h3>{shades(control.confusion().tolist())}</div>"
        for name, by_source in sorted(summary.obedience.items())
        for source, control in by_source.items()
        if source == "fully"
    ]
    if not cells:
        return ""
    about = (
        "Fully conditioned. Rows are the bins that were asked for, columns those that were got: the nearer to the "
        "diagonal, the better."
    )
    return f"<h3>Asked beside got</h3><p>{about}</p><div class=grid>{''.join(cells)}</div>"
