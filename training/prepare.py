"""From a corpus of MIDI files to packed shards: `prepare`.

The files are read one after the other in this process and prepared in chunks by others. A chunk's songs go
into a file of their own, named by what went into it; a run that was killed finds the chunks that are
done and goes on. At the end the chunks are joined into shards by split, and weights are given, since only
then it is known how many songs share a group. Every file that was left out is in `rejects.csv` with a reason.

    prepare(PrepareConfig(inputs=(Path("corpus"),), out=Path("packed"), manifest=Path("manifest.csv.xz")))
"""

import csv
import hashlib
import json
import multiprocessing
import shutil
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field, replace
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
from training.songs import SUFFIX, PackedSong, Shard, ShardWriter, SongInfo, read_shard

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
        processes: How many work beside this one.
        min_grid: Files with a smaller share of onsets on the 16th grid are left out.
        min_notes: Songs with fewer notes are left out.
    """

    inputs: tuple[Path, ...]
    out: Path
    manifest: Path | None = None
    ratios: tuple[float, float, float] = (0.9, 0.05, 0.05)
    processes: int = 2
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
class _Chunk:
    """A task for one process: files, what is known of them, and where their songs go."""

    files: tuple[SourceFile, ...]
    rows: tuple[ManifestRow, ...]
    path: Path
    count: int
    config: PrepareConfig = field(repr=False)


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
    names = corpus.list_names(config.inputs)
    parts = config.out / "parts"
    parts.mkdir(parents=True, exist_ok=True)
    done = fresh = 0
    finished: list[Path] = []
    for chunk in _run_chunks(_chunks(config, manifest, names, parts), config.processes):
        finished.append(chunk.path)
        done += chunk.count
        fresh += len(chunk.files)
        if on_progress:
            left = (time.monotonic() - began) / fresh * (len(names) - done) if fresh else None
            on_progress(Progress(done, len(names), left))
    report = _join([read_shard(path) for path in finished], config, began)
    shutil.rmtree(parts)
    return report


def _chunks(
    config: PrepareConfig, manifest: dict[str, ManifestRow] | None, names: list[str], parts: Path
) -> Iterator[_Chunk]:
    """Yield the chunks in order; those that are done hold no files."""
    groups = [names[i : i + _CHUNK_FILES] for i in range(0, len(names), _CHUNK_FILES)]
    paths = [_chunk_path(config, group, manifest, parts) for group in groups]
    skip = frozenset(name for group, path in zip(groups, paths, strict=True) if path.exists() for name in group)
    files = corpus.read_files(config.inputs, skip)
    for group, path in zip(groups, paths, strict=True):
        if path.exists():
            yield _Chunk((), (), path, len(group), config)
            continue
        members = tuple(next(files) for _ in group)
        rows = tuple(_row(member.name, manifest, config) for member in members)
        yield _Chunk(members, rows, path, len(group), config)


def _chunk_path(config: PrepareConfig, group: list[str], manifest: dict[str, ManifestRow] | None, parts: Path) -> Path:
    rows = [_row(name, manifest, config) for name in group]
    content = repr((PIPELINE, config.min_grid, config.min_notes, rows))
    return parts / (hashlib.sha256(content.encode()).hexdigest()[:24] + SUFFIX)


def _row(name: str, manifest: dict[str, ManifestRow] | None, config: PrepareConfig) -> ManifestRow:
    if manifest is None:
        return corpus.row_without_manifest(name, config.ratios)
    return manifest.get(name, ManifestRow(SongInfo(name=name, split="")))


def _run_chunks(chunks: Iterator[_Chunk], processes: int) -> Iterator[_Chunk]:
    """Prepare chunks in other processes, a few ahead; yield each when it is done, in order."""
    context = multiprocessing.get_context("spawn")
    waiting: deque[tuple[_Chunk, Future[None] | None]] = deque()
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        for chunk in chunks:
            waiting.append((chunk, pool.submit(prepare_chunk, chunk) if chunk.files else None))
            if len(waiting) > 2 * processes:
                yield _finished(waiting)
        while waiting:
            yield _finished(waiting)


def _finished(waiting: deque[tuple[_Chunk, Future[None] | None]]) -> _Chunk:
    chunk, future = waiting.popleft()
    try:
        if future:
            future.result()
    except BrokenProcessPool as error:
        first, last = chunk.files[0].name, chunk.files[-1].name
        message = "Start it again: it goes on there. If it stops there again, leave a file of these out."
        raise CorpusError(f"A process died between {first} and {last}.", message) from error
    return chunk


def prepare_chunk(chunk: _Chunk) -> None:
    """Write a chunk's songs, and the reasons for what was left out, to its file."""
    rejects: list[tuple[str, str]] = []
    with ShardWriter(chunk.path) as writer:
        for file, row in zip(chunk.files, chunk.rows, strict=True):
            try:
                writer.add(prepare_song(file, row, chunk.config))
            except CorpusError as error:
                rejects.append((file.name, error.title))
            except (ValueError, IndexError, OverflowError) as error:  # one odd file must not stop a corpus
                rejects.append((file.name, f"cannot be prepared: {error}"))
        writer.notes["rejects"] = rejects


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
