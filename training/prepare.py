"""From a corpus of MIDI files to packed shards: `prepare`.

The files are read one after the other in this process and prepared in chunks by others, here or on a cluster
(`workers.py`). What comes back is written here, each chunk once, into a file that is named by the bytes that went into
it; a run that was killed finds the chunks that are done and goes on. At the end the chunks are joined into shards by
split, and weights are given, since only then it is known how many songs share a group. Every file that was left out is
in `rejects.csv` with a reason. The shards do not depend on who prepared what, nor on who died of it.

    prepare(PrepareConfig(inputs=(Path("corpus"),), out=Path("packed"), manifest=Path("manifest.csv.xz")))
"""

import csv
import hashlib
import json
import shutil
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np

from engine.errors import CorpusError, MidiFileError
from engine.midi.smf_read import read_song
from engine.midi.song import Song
from engine.mining.loops import SongBars, find_loops
from engine.music.analysis import pitch_class_weights, recognise_chords, recognise_key
from engine.music.harmony import Mode
from training import corpus, packing, sources
from training.corpus import ManifestRow, SourceFile
from training.songs import SUFFIX, PackedSong, Shard, ShardWriter, SongInfo, encoded, read_shard
from training.workers import Workers, workers

PIPELINE = 4  # raise when the same file would become another song: chunks of older runs are then redone
REPORT_NAME, REJECTS_NAME = "prepare.json", "rejects.csv"
_CHUNK_FILES = 64
_SHARD_BYTES = 16 << 20
_MODES = tuple(Mode)


@dataclass(frozen=True, slots=True)
class PrepareConfig:
    """What to prepare, and how.

    Attributes:
        inputs: Archives, folders or MIDI files.
        out: The folder that shards, report and reject log go to.
        manifest: The CSV that names files, splits and genres; None takes every file.
        ratios: Shares of train, valid and test without a manifest.
        processes: How many work beside this one, on this machine.
        scheduler: Of a Dask cluster that works instead: its address, or "local:N".
        min_grid: Files with a smaller share of onsets on the 16th grid are left out.
        min_notes: Songs with fewer notes are left out.
    """

    inputs: tuple[Path, ...]
    out: Path
    manifest: Path | None = None
    ratios: tuple[float, float, float] = (0.9, 0.05, 0.05)
    processes: int = 2
    scheduler: str = ""
    min_grid: float = 0.0
    min_notes: int = 4


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is: files done, files in all, and seconds left (None before it can be told)."""

    done: int
    total: int
    seconds_left: float | None


@dataclass(frozen=True, slots=True)
class PrepareReport:
    """What a run made.

    Attributes:
        songs: By split.
        notes: By split.
        size: Bytes of shards, by split.
        by_source: Songs by set, split and licence, one line each.
        rejected: Files left out, by reason.
        seconds: How long it took.
        shards: The files written.
    """

    songs: dict[str, int]
    notes: dict[str, int]
    size: dict[str, int]
    by_source: dict[str, int]
    rejected: dict[str, int]
    seconds: float
    shards: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Chunk:
    """A task for one process.

    Attributes:
        files: The files.
        rows: What is known of each.
        config: How they are prepared.
        pipeline: Version of the code that is meant.
    """

    files: tuple[SourceFile, ...]
    rows: tuple[ManifestRow, ...]
    config: PrepareConfig
    pipeline: int = PIPELINE

    def content_hash(self) -> str:
        """Return a name for what comes of it: a hash of its files' bytes and of all that decides."""
        digest = hashlib.sha256(repr((self.pipeline, self.config.min_grid, self.config.min_notes, self.rows)).encode())
        for file in self.files:
            for content in (file.data, *(text for pair in sorted(file.texts.items()) for text in _as_bytes(pair))):
                digest.update(len(content).to_bytes(8, "big") + content)
        return digest.hexdigest()[:24]


@dataclass(frozen=True, slots=True)
class PreparedChunk:
    """What came of a chunk: encoded songs, and files that were left out with the reason."""

    songs: tuple[tuple[SongInfo, bytes], ...]
    rejects: tuple[tuple[str, str], ...]


def prepare(config: PrepareConfig, on_progress: Callable[[Progress], None] | None = None) -> PrepareReport:
    """Pack a corpus for training; a run that was stopped goes on where it was.

    Args:
        config: What to prepare.
        on_progress: Called in this thread whenever a chunk is done.

    Raises:
        CorpusError: An input or the manifest cannot be read, or no file was usable.
    """
    began = time.monotonic()
    manifest = corpus.read_manifest(config.manifest) if config.manifest else None
    total = len(corpus.list_names(config.inputs))
    parts = config.out / "parts"
    parts.mkdir(parents=True, exist_ok=True)
    done = fresh = 0
    finished: list[Path] = []
    with workers(config.processes, config.scheduler) as crew:
        for task in _worked_at(_tasks(config, manifest, parts), crew):
            finished.append(task.path)
            done += len(task.chunk.files)
            fresh += len(task.chunk.files) if task.future else 0
            if on_progress:
                left = (time.monotonic() - began) / fresh * (total - done) if fresh else None
                on_progress(Progress(done, total, left))
    report = _join([read_shard(path) for path in finished], config, began)
    shutil.rmtree(parts)
    return report


def _as_bytes(text: tuple[str, bytes]) -> tuple[bytes, bytes]:
    return text[0].encode(), text[1]


@dataclass(slots=True)
class _Task:
    """A chunk, where its songs go, and the promise of them unless they are there already."""

    chunk: Chunk
    path: Path
    future: Future[PreparedChunk] | None = None


def chunk_of(files: tuple[SourceFile, ...], config: PrepareConfig, manifest: dict[str, ManifestRow] | None) -> Chunk:
    """Return files as a task, with what is known of each."""
    return Chunk(files, tuple(_row(file.name, manifest, config) for file in files), config)


def _tasks(config: PrepareConfig, manifest: dict[str, ManifestRow] | None, parts: Path) -> Iterator[_Task]:
    files = corpus.read_files(config.inputs)
    while group := tuple(islice(files, _CHUNK_FILES)):
        chunk = chunk_of(group, config, manifest)
        yield _Task(chunk, parts / (chunk.content_hash() + SUFFIX))


def _row(name: str, manifest: dict[str, ManifestRow] | None, config: PrepareConfig) -> ManifestRow:
    if manifest is None:
        return corpus.row_without_manifest(name, config.ratios)
    return manifest.get(name, ManifestRow(SongInfo(name=name, split="")))


def _worked_at(tasks: Iterator[_Task], crew: Workers) -> Iterator[_Task]:
    """Have chunks prepared, a few ahead; write each when it is done, and yield it, in order."""
    waiting: deque[_Task] = deque()
    for task in tasks:
        if not task.path.exists():
            task.future = crew.executor.submit(prepare_chunk, task.chunk)
        waiting.append(task)
        if len(waiting) > 2 * max(1, crew.count()):
            yield _written(waiting.popleft(), crew)
    while waiting:
        yield _written(waiting.popleft(), crew)


def _written(task: _Task, crew: Workers) -> _Task:
    if task.future is None:
        return task
    try:
        prepared = task.future.result()
    except crew.died as error:
        first, last = task.chunk.files[0].name, task.chunk.files[-1].name
        message = "Start it again: it goes on there. If it stops there again, leave a file of these out."
        raise CorpusError(f"A process died between {first} and {last}.", message) from error
    with ShardWriter(task.path) as writer:
        for info, blob in prepared.songs:
            writer.add_encoded(info, blob)
        writer.notes["rejects"] = list(prepared.rejects)
    return task


def prepare_chunk(chunk: Chunk) -> PreparedChunk:
    """Prepare a chunk's songs, wherever this runs.

    Raises:
        CorpusError: This machine has another version of the code.
    """
    if chunk.pipeline != PIPELINE:
        raise CorpusError(
            f"A worker prepares songs by version {PIPELINE}, not {chunk.pipeline}.",
            "Install the same Turnaround there.",
        )
    songs: list[tuple[SongInfo, bytes]] = []
    rejects: list[tuple[str, str]] = []
    for file, row in zip(chunk.files, chunk.rows, strict=True):
        try:
            songs.append(encoded(prepare_song(file, row, chunk.config)))
        except CorpusError as error:
            rejects.append((file.name, error.title))
        except (ValueError, IndexError, OverflowError) as error:  # one odd file must not stop a corpus
            rejects.append((file.name, f"cannot be prepared: {error}"))
    return PreparedChunk(tuple(songs), tuple(rejects))


def prepare_song(file: SourceFile, row: ManifestRow, config: PrepareConfig) -> PackedSong:
    """Make one file into a packed song with key, chords and loops.

    Raises:
        CorpusError: The file is left out; its title says why.
    """
    _check_wanted(row, config)
    try:
        song = _packed(read_song(file.data, name=file.name), file, row)
    except MidiFileError as error:
        raise CorpusError(error.title) from error
    if len(song.onset) < config.min_notes:
        raise CorpusError("too few notes")
    return analysed(song)


def analysed(song: PackedSong) -> PackedSong:
    """Return a packed song with its key, its chords unless they are known, and its loops."""
    pitched = ~song.is_drums
    key = recognise_key(pitch_class_weights(song.pitch[pitched], song.duration[pitched]))
    if pitched.any() and not song.chords.any():
        chords = recognise_chords(
            onsets=song.onset[pitched],
            durations=song.duration[pitched],
            pitches=song.pitch[pitched],
            bar_starts=song.bar_starts,
        )
        song = replace(song, chords=chords)
    ids = (key.tonic, _MODES.index(key.mode)) if key else (-1, -1)
    return _with_loops(replace(song, info=replace(song.info, key=ids)))


def _check_wanted(row: ManifestRow, config: PrepareConfig) -> None:
    if not row.info.split:
        raise CorpusError("not in the manifest")
    if row.grid is not None and row.grid < config.min_grid and row.info.source != "gmd":
        raise CorpusError("off the grid")


def _packed(song: Song, file: SourceFile, row: ManifestRow) -> PackedSong:
    """Bring the song into canonical form, as its set needs it."""
    if row.info.source == "gmd":  # played to a click: its distance to the grid is what it is there for
        return packing.pack(sources.with_general_midi_drums(song), row.info)
    if sources.BEATS_TEXT in file.texts:
        beats = file.texts[sources.BEATS_TEXT].decode()
        song = sources.with_beats(sources.with_pop909_roles(song), beats)
        packed = packing.pack(packing.shifted(song, packing.grid_shift(song)), row.info)
        chords = sources.annotated_chords(file.texts[sources.CHORDS_TEXT].decode(), beats, packed.bar_starts)
        return replace(packed, chords=chords)
    song = packing.shifted(song, packing.grid_shift(song))
    if row.is_downbeat_right is False:
        shift = packing.downbeat_shift(song)
        if shift is None:
            raise CorpusError("no telling where bars begin")
        song = packing.shifted(song, shift)
    return packing.pack(song, row.info)


def _with_loops(song: PackedSong) -> PackedSong:
    if song.info.source == "dmp_patterns":
        starts, lengths, scores = [0], [song.bars], [1.0]
    else:
        notes = SongBars(song.track, song.onset, song.duration, song.pitch, song.bar_starts, ~song.is_drums)
        found = find_loops(notes)
        starts, lengths = [loop.start_bar for loop in found], [loop.bars for loop in found]
        scores = [loop.score for loop in found]
    return replace(
        song,
        loop_starts=np.array(starts, np.int32),
        loop_bars=np.array(lengths, np.int32),
        loop_scores=np.array(scores, np.float32),
    )


def _join(parts: list[Shard], config: PrepareConfig, began: float) -> PrepareReport:
    """Join chunks into shards by split, and write the report and the reject log."""
    rejects = [(name, reason) for part in parts for name, reason in part.notes["rejects"]]
    _write_rejects(config.out / REJECTS_NAME, rejects)
    songs = [(info, blob) for part in parts for info, blob in zip(part.infos, part.blobs, strict=True)]
    if not songs:
        raise CorpusError("No file of the corpus could be used.", f"The reasons are in {REJECTS_NAME}.")
    infos = corpus.weighted([info for info, _ in songs])
    weighted = [(info, blob) for info, (_, blob) in zip(infos, songs, strict=True)]
    shards: list[Path] = []
    for split in corpus.SPLITS:
        shards += _write_split(config.out, split, [song for song in weighted if song[0].split == split])
    report = PrepareReport(
        songs=dict(Counter(info.split for info in infos)),
        notes={split: sum(info.notes for info in infos if info.split == split) for split in corpus.SPLITS},
        size={s: sum(p.stat().st_size for p in shards if p.name.startswith(s)) for s in corpus.SPLITS},
        by_source=dict(Counter(f"{info.source} {info.split} {info.licence}" for info in infos)),
        rejected=dict(Counter(reason for _, reason in rejects)),
        seconds=round(time.monotonic() - began, 1),
        shards=tuple(shards),
    )
    _write_report(config.out / REPORT_NAME, report)
    return report


def _write_split(out: Path, split: str, songs: list[tuple[SongInfo, bytes]]) -> list[Path]:
    """Write one split's shards in place of those of an earlier run."""
    shards: list[Path] = []
    position = 0
    while position < len(songs):
        shards.append(out / f"{split}-{len(shards):03d}{SUFFIX}")
        with ShardWriter(shards[-1]) as writer:
            while position < len(songs) and writer.size < _SHARD_BYTES:
                writer.add_encoded(*songs[position])
                position += 1
    for old in set(out.glob(f"{split}-*{SUFFIX}")) - set(shards):
        old.unlink()
    return shards


def _write_rejects(path: Path, rejects: list[tuple[str, str]]) -> None:
    temporary = path.with_name(path.name + ".part")
    with temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("file", "reason"))
        writer.writerows(rejects)
    temporary.replace(path)


def _write_report(path: Path, report: PrepareReport) -> None:
    values = {
        "songs": report.songs,
        "notes": report.notes,
        "bytes": report.size,
        "sources": report.by_source,
        "rejected": report.rejected,
        "seconds": report.seconds,
        "shards": [shard.name for shard in report.shards],
    }
    temporary = path.with_name(path.name + ".part")
    temporary.write_text(json.dumps(values, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    temporary.replace(path)
