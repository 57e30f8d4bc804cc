"""What `prepare` would take: a sample of the corpus is prepared and thrown away."""

import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from engine.errors import CorpusError
from training import corpus
from training.prepare import PrepareConfig, chunk_of, prepare_chunk
from training.workers import workers

_SAMPLE_FILES = 48
_COPIES = 2  # chunks and shards lie side by side while they are joined


@dataclass(frozen=True, slots=True)
class PrepareEstimate:
    """What a run would take.

    Attributes:
        files: MIDI files in the inputs.
        sampled: Files that were prepared to tell.
        usable: Of those, the share that was not left out.
        workers: Who would work.
        seconds: Wall clock, if nothing else runs.
        shard_bytes: Of the result.
        disk_bytes: While it runs, at most.
        free_bytes: On that disk.
    """

    files: int
    sampled: int
    usable: float
    workers: int
    seconds: float
    shard_bytes: int
    disk_bytes: int
    free_bytes: int

    def lines(self) -> list[str]:
        """Return it in words."""
        room = "" if self.free_bytes > self.disk_bytes else "  TOO LITTLE: name another folder"
        return [
            f"files      {self.files:,}, of which about {self.usable:.0%} can be used",
            f"time       about {duration_text(self.seconds)} with {self.workers} at work",
            f"result     about {self.shard_bytes / 1e6:,.1f} MB of shards",
            f"disk       about {self.disk_bytes / 1e6:,.1f} MB at most, {self.free_bytes / 1e6:,.0f} MB free{room}",
            f"from       {self.sampled} files that were prepared to tell",
        ]


def duration_text(seconds: float) -> str:
    """Return a time in the unit that suits it."""
    for unit, size in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:,.1f} {unit}"
    return f"{seconds:,.0f} seconds"


def estimate_prepare(config: PrepareConfig) -> PrepareEstimate:
    """Prepare a sample of a corpus, spread evenly over it, and tell what all of it would take.

    Raises:
        CorpusError: An input or the manifest cannot be read, there are no files, or no scheduler answers.
    """
    began = time.monotonic()
    names = corpus.list_names(config.inputs)
    if not names:
        raise CorpusError("There are no MIDI files in what was named.", "Name archives, folders or MIDI files.")
    manifest = corpus.read_manifest(config.manifest) if config.manifest else None
    listing = time.monotonic() - began
    chosen = frozenset(names[:: max(1, len(names) // _SAMPLE_FILES)])
    sample = chunk_of(tuple(corpus.read_files(config.inputs, chosen)), config, manifest)
    began = time.process_time()  # of this process alone: what else the machine does now is not the corpus's
    prepared = prepare_chunk(sample)
    a_file = (time.process_time() - began) / len(sample.files)
    size = sum(len(blob) for _, blob in prepared.songs) / len(sample.files) * len(names)
    with workers(config.processes, config.scheduler) as crew:
        count = crew.count()
    return PrepareEstimate(
        files=len(names),
        sampled=len(sample.files),
        usable=len(prepared.songs) / len(sample.files),
        workers=count,
        seconds=round(2 * listing + a_file * len(names) / max(1, count), 1),
        shard_bytes=round(size),
        disk_bytes=round(size * _COPIES),
        free_bytes=free_disk_bytes(config.out),
    )


def free_disk_bytes(folder: Path) -> int:
    """Return what is free where a folder is, or would be made."""
    place = folder.absolute()
    while not place.exists():
        place = place.parent
    return shutil.disk_usage(place).free
