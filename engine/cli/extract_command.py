"""`turnaround extract`: the loops in songs, as files and one table."""

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from engine.cli.console import people, say, say_json, usage_errors
from engine.jobs.material import PERIODS
from engine.mining.extract import TABLE, Extracted, ExtractOptions, extract
from engine.music.loop import MAX_BARS

_ALL_PERIODS = ",".join(map(str, PERIODS))


def extract_loops(
    files: Annotated[list[Path], typer.Argument(readable=False, help="MIDI files, or folders of them.")],
    out: Annotated[Path, typer.Option(help=f"Folder of the loops and their table, {TABLE}.")],
    bars: Annotated[str, typer.Option(help="Lengths to look for, in bars.")] = _ALL_PERIODS,
    per_track: Annotated[bool, typer.Option("--per-track", help="Search each part by itself, too.")] = False,
    processes: Annotated[int | None, typer.Option(min=1, help="How many work at once. (Default: all cores)")] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object in place of the files' names.")
    ] = False,
) -> None:
    """Find the loops in songs and write each as a MIDI file.

    A run that was stopped goes on where it was. A file that cannot be read is named with the reason, and the others go
    on; the exit status is 1 then.
    """
    with usage_errors():
        periods = _periods(bars)
    options = ExtractOptions(out, periods, per_track, processes or os.cpu_count() or 1)
    columns = (TextColumn("Searching"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=people(), transient=True) as progress:
        task = progress.add_task("", total=None)
        found = extract(files, options, lambda done, total: progress.update(task, completed=done, total=total))
    for problem in found.problems:
        people().print(problem, style="red", markup=False, soft_wrap=True)
    if as_json:
        say_json({"loops": found.rows, "problems": list(found.problems), "table": str(out / TABLE)})
    else:
        for row in found.rows:
            say(str(out / str(row["file"])))
    people().print(_summary(found, out), markup=False, soft_wrap=True)
    if found.problems:
        raise typer.Exit(1)


def _periods(text: str) -> tuple[int, ...]:
    """Read "1,2,4".

    Raises:
        ValueError: It is no list of lengths.
    """
    words = [word.strip() for word in text.split(",")]
    if not all(word.isdecimal() and 1 <= int(word) <= MAX_BARS for word in words):
        raise ValueError(f'"{text}" is no list of lengths; write it like 2,4,8, each 1 to {MAX_BARS} bars.')
    return tuple(sorted({int(word) for word in words}))


def _summary(found: Extracted, out: Path) -> str:
    searched = [song for song in found.songs if not song.problem]
    with_loops = sum(bool(song.rows) for song in searched)
    earlier = f", {len(found.songs) - found.fresh} of them before" if found.fresh < len(found.songs) else ""
    return f"{len(found.rows)} loops in {with_loops} of {len(searched)} songs{earlier}; {out / TABLE} lists them."
