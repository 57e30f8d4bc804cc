"""What a take leaves behind: MIDI files under telling names, a table, and the JSON that scripts read.

Files are named `NAME_PART_120bpm_Am_4bars_SEED.mid`, in letters that every system, DAW and URL takes as they are:
sharps are written as flats, and the key is left out where it is unknown. `SEED` is the request's seed, with the
take's number where there are several.
"""

import csv
import io
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from engine.errors import EngineError
from engine.messages import GenerationRequest, PartUse, Take
from engine.midi import smf
from engine.music.naming import loop_file_name, part_labels


@dataclass(frozen=True, slots=True)
class WriteOptions:
    """How takes are written.

    Attributes:
        folder: Where; made if need be.
        name: What the files are called first.
        is_split: Whether each part gets a file of its own.
        with_stems: Whether the context is written too.
        with_programs: Whether files select General MIDI sounds.
    """

    folder: Path
    name: str = "loop"
    is_split: bool = False
    with_stems: bool = False
    with_programs: bool = False


@dataclass(frozen=True, slots=True)
class WrittenTake:
    """A take with the request it answers and the files it went to."""

    request: GenerationRequest
    take: Take
    paths: tuple[Path, ...]


def written_parts(request: GenerationRequest) -> tuple[int, ...]:
    """Return the indices of the parts that the request asks for."""
    return tuple(index for index, part in enumerate(request.parts) if part.use is PartUse.REPLACE)


def write_take(request: GenerationRequest, take: Take, options: WriteOptions) -> WrittenTake:
    """Write a take's files.

    Raises:
        MidiFileError: A file cannot be written.
        EngineError: The folder cannot be made.
    """
    loop = take.loop
    chosen = [index for index in written_parts(request) if loop.tracks[index].notes]
    if options.with_stems:
        chosen = [index for index, track in enumerate(loop.tracks) if track.notes]
    seed = f"{take.seed}-{take.number + 1}" if request.takes > 1 else str(take.seed)
    try:
        options.folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EngineError(f"The folder {options.folder} cannot be made.", error.strerror or str(error)) from error
    paths: list[Path] = []
    for indices in [[index] for index in chosen] if options.is_split else [chosen]:
        part = "-".join(part_labels(loop, indices))
        path = options.folder / loop_file_name(loop, name=options.name, part=part, last=seed)
        tracks = [loop.tracks[index] for index in indices]
        smf.write(replace(loop, tracks=tuple(tracks), name=options.name), path, programs=options.with_programs)
        paths.append(path)
    return WrittenTake(request, take, tuple(paths))


def take_record(written: WrittenTake) -> dict[str, Any]:
    """Return what is known of a take, as JSON can hold it."""
    request, take = written.request, written.take
    labels = dict(enumerate(part_labels(take.loop)))
    return {
        "paths": [str(path) for path in written.paths],
        "seed": take.seed,
        "take": take.number + 1,
        "attempt": take.attempt + 1,
        "bars": take.loop.bars,
        "tempo_bpm": take.loop.tempo_bpm,
        "meter": str(take.loop.meter),
        "key": str(take.loop.key) if take.loop.key else None,
        "notes": {labels[index]: len(take.loop.tracks[index].notes) for index in written_parts(request)},
        "controls": [
            {
                "part": labels.get(report.part),
                "name": report.name if report.bar < 0 else f"{report.name}_{report.bar + 1}",
                "asked": report.asked,
                "got": report.got,
                "is_met": report.is_met,
                "bin_error": report.bin_error,
            }
            for report in take.reports
        ],
        "scores": {"log_likelihood": take.scores.log_likelihood, "seam": take.scores.seam},
        "forced_ends": take.forced_ends,
        "relaxed": take.relaxed,
        "merged": take.merged,
    }


_COLUMNS = (
    "file", "seed", "take", "attempt", "part", "notes", "bars", "tempo_bpm", "meter", "key",
    "log_likelihood", "seam", "forced_ends", "relaxed",
)  # fmt: skip


def take_table(records: Sequence[dict[str, Any]]) -> str:
    """Return records as CSV: one line a part of a take, with what was asked and got in columns by control."""
    controls = sorted({control["name"] for record in records for control in record["controls"]})
    stream = io.StringIO()
    header = [*_COLUMNS, *(f"{control}_{side}" for control in controls for side in ("asked", "got"))]
    writer = csv.DictWriter(stream, header, restval="", lineterminator="\n")
    writer.writeheader()
    for record in records:
        for index, (part, notes) in enumerate(record["notes"].items()):
            paths = record["paths"]
            row = {column: record[column] for column in _COLUMNS if column in record} | record["scores"]
            row |= {"file": paths[min(index, len(paths) - 1)] if paths else "", "part": part, "notes": notes}
            for control in record["controls"]:
                if control["part"] == part:
                    row |= {f"{control['name']}_asked": control["asked"], f"{control['name']}_got": control["got"]}
            writer.writerow(row)
    return stream.getvalue()


def write_text(path: Path, text: str) -> None:
    """Write a text file, whole or not at all.

    Raises:
        EngineError: It cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(text, encoding="utf-8", newline="\n")
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise EngineError(f"{path.name} cannot be written.", error.strerror or str(error)) from error
