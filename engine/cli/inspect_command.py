"""`turnaround inspect`: what a MIDI file holds, measured as the model would be told, down to the rows it would see."""

from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from engine.cli.console import people, say, say_json
from engine.midi import smf
from engine.music.analysis import loop_chords, loop_key
from engine.music.feel import FEEL_NAMES
from engine.music.loop import Loop
from engine.music.naming import part_labels
from engine.representation.controls import DURATION_CLASSES, TRACK_CONTROLS, exact_loop_ids, part_view
from engine.representation.layout import Plan, Use, describe_rows, training_rows
from engine.representation.sheet import Sheet


def inspect(
    file: Annotated[Path, typer.Argument(help="A MIDI file.")],
    tokens: Annotated[bool, typer.Option("--tokens", help="Print the rows that the model sees.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Tell what a MIDI file holds: meter, tempo, bars, key, chords, and what each part plays."""
    read = smf.read(file)
    record = loop_record(read.loop) | {"file": str(file), "dropped": list(read.dropped)}
    rows = describe_rows(loop_rows(read.loop)) if tokens else []
    if json:
        say_json(record | ({"rows": rows} if tokens else {}))
        return
    for sentence in read.dropped:
        people().print(sentence, style="yellow", markup=False, soft_wrap=True)
    for row in rows:
        say(row)
    if not tokens:
        _print(record)


def loop_record(loop: Loop) -> dict[str, Any]:
    """Return what a loop holds, as JSON can hold it; controls are measured on its canonical form."""
    sheet = Sheet.from_loop(loop)
    key = loop.key or loop_key(loop)
    is_pitched = any(track.notes and not track.is_drums for track in loop.tracks)
    chords = loop.chords or (loop_chords(loop) if is_pitched else ())
    return {
        "name": loop.name,
        "meter": str(loop.meter),
        "tempo_bpm": loop.tempo_bpm,
        "bars": loop.bars,
        "ticks": loop.length,
        "seconds": loop.seconds,
        "key": str(key) if key else None,
        "chords": "|".join(" ".join(map(str, bar)) for bar in chords),
        "parts": [_part_record(loop, sheet, index, label) for index, label in enumerate(part_labels(loop))],
        "merged": sheet.merged,
    }


def _part_record(loop: Loop, sheet: Sheet, index: int, label: str) -> dict[str, Any]:
    track = loop.tracks[index]
    view = part_view(sheet, index, tuple(range(loop.bars)))
    measured = {
        name: round(control.measure(view), 3)
        for name, control in TRACK_CONTROLS.items()
        if len(view.notes) and (control.for_drums or not track.is_drums)
    }
    return {
        "label": label,
        "role": track.role.value,
        "program": track.program,
        "notes": len(track.notes),
        "controls": measured,
    }


def loop_rows(loop: Loop) -> np.ndarray:
    """Return the rows of a loop that was asked for whole, part by part: int16 [N, ROW_WIDTH]."""
    sheet = Sheet.from_loop(loop)
    plan = Plan(
        use=np.full((len(loop.tracks), loop.bars), Use.TARGET, dtype=np.int8),
        slots=tuple(range(1, len(loop.tracks) + 1)),
        loop_ids=tuple(sorted(exact_loop_ids(loop.meter, loop.tempo_bpm, loop.bars).values())),
    )
    return training_rows(sheet, plan)


def _print(record: dict[str, Any]) -> None:
    bars = "1 bar" if record["bars"] == 1 else f"{record['bars']} bars"
    key = f", {record['key']}" if record["key"] else ""
    say(f"{record['file']}: {bars} of {record['meter']} at {record['tempo_bpm']:g} BPM{key}")
    if record["chords"]:
        say(f"chords: {record['chords']}")
    table = Table("part", "role", "notes", "a bar", "voices", "range", "length", "velocity", "alike", "feel", box=None)
    for part in record["parts"]:
        table.add_row(part["label"], part["role"], str(part["notes"]), *_cells(part["controls"]))
    Console(highlight=False).print(table)


def _cells(controls: dict[str, float]) -> list[str]:
    """Return the measured controls of a part in the order of the table's columns; empty where one has no meaning."""
    is_pitched = "lowest_pitch" in controls
    if not controls:
        return [""] * 7
    return [
        f"{controls['density']:g}",
        f"{controls['polyphony_min']:g}-{controls['polyphony_max']:g}" if is_pitched else "",
        f"{controls['lowest_pitch']:g}-{controls['highest_pitch']:g}" if is_pitched else "",
        DURATION_CLASSES[round(controls["duration_class"])] if is_pitched else "",
        f"{controls['mean_velocity']:.0f}",
        f"{controls['repetition']:.2f}",
        FEEL_NAMES[round(controls["feel"])],
    ]
