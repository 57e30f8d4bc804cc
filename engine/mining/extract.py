"""Loops of many songs as files: several processes, a table of all loops, and a journal to go on from.

Each song's loops are written as soon as they are found, then a line of the journal tells that the song is done. A run
that was stopped, or started again with more songs, leaves out what the journal has and rewrites the table from it.
"""

import csv
import io
import json
import multiprocessing
import os
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass
from pathlib import Path

from engine.errors import EngineError, MidiFileError
from engine.jobs.material import PERIODS, FindLoops, SongLoop
from engine.midi import smf
from engine.midi.folders import midi_files
from engine.mining.songs import loops_of_file
from engine.music.feel import FEEL_NAMES
from engine.music.naming import loop_file_name, safe_word

TABLE, JOURNAL = "loops.csv", ".extract.jsonl"
_FILES_A_TASK = 8

COLUMNS = (
    "file", "song", "first_bar", "bars", "part", "parts", "score", "tempo_bpm", "meter", "key", "chords", "notes",
    "notes_a_bar", "feel", "nomml",
)  # fmt: skip
Row = dict[str, str | int | float]


@dataclass(frozen=True, slots=True)
class ExtractOptions:
    """What is looked for, and where it goes.

    Attributes:
        out: The folder of loops, table and journal; made if need be.
        periods: Lengths of loops, in bars.
        per_track: Whether each part is searched by itself, too.
        processes: How many work beside this one.
    """

    out: Path
    periods: tuple[int, ...] = PERIODS
    per_track: bool = False
    processes: int = 1


@dataclass(frozen=True, slots=True)
class ExtractedSong:
    """One song that was searched.

    Attributes:
        path: Which, absolute.
        stamp: What tells that neither it nor what was asked has changed.
        name: What its files are called first.
        rows: One a loop, keys as in `COLUMNS`.
        problem: Why it could not be searched; "" otherwise.
    """

    path: str
    stamp: str
    name: str
    rows: tuple[Row, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Extracted:
    """What a run gave.

    Attributes:
        songs: All that were searched, now or before, in the order of the files.
        problems: A sentence for each file and folder that could not be used.
        fresh: How many songs were searched now.
    """

    songs: tuple[ExtractedSong, ...]
    problems: tuple[str, ...]
    fresh: int

    @property
    def rows(self) -> list[Row]:
        return [row for song in self.songs for row in song.rows]


def extract(
    paths: Sequence[str | Path], options: ExtractOptions, on_progress: Callable[[int, int], None] | None = None
) -> Extracted:
    """Write the loops of songs as files, and a table of them.

    Args:
        paths: Files and folders.
        options: What to look for, and where to write.
        on_progress: Called with songs done and songs in all.

    Raises:
        EngineError: The folder cannot be written, or a process died.
    """
    files, unusable = midi_files(paths)
    try:
        options.out.mkdir(parents=True, exist_ok=True)
        done = _read_journal(options.out / JOURNAL)
        tasks = _named(files, options, done)
        waiting = [task for task in tasks if task.path not in done or done[task.path].stamp != task.stamp]
        results = {path: song for path, song in done.items() if path in {task.path for task in tasks}}
        for path in [task.path for task in waiting]:
            results.pop(path, None)
        try:
            with (options.out / JOURNAL).open("a", encoding="utf-8") as journal:
                for song in _searched(waiting, options):
                    results[song.path] = song
                    journal.write(json.dumps(asdict(song), ensure_ascii=False) + "\n")
                    journal.flush()
                    if on_progress:
                        on_progress(len(results), len(tasks))
        finally:
            songs = tuple(results[task.path] for task in tasks if task.path in results)
            _write_table(options.out / TABLE, [row for song in songs for row in song.rows])
    except OSError as error:
        raise EngineError(
            f"{error.filename or options.out} cannot be written.", error.strerror or str(error)
        ) from error
    problems = (*map(str, unusable), *(song.problem for song in songs if song.problem))
    return Extracted(songs, problems, len(waiting))


def _named(files: Sequence[Path], options: ExtractOptions, done: dict[str, ExtractedSong]) -> list[ExtractedSong]:
    """Return the songs to search, each with a name that no other song has."""
    names = {song.name: path for path, song in done.items()}
    tasks: list[ExtractedSong] = []
    for file in files:
        path = str(file.absolute())
        stamp = f"{_state(file)} {options.periods} {options.per_track}"
        if path in done:
            name = done[path].name
        else:
            base = name = safe_word(file.stem)
            number = 2
            while names.get(name, path) != path:
                name, number = f"{base}-{number}", number + 1
        names[name] = path
        tasks.append(ExtractedSong(path, stamp, name))
    return tasks


def _state(file: Path) -> str:
    """Return what changes when a file does."""
    try:
        state = file.stat()
    except OSError:  # it is gone by now; the search will tell
        return ""
    return f"{state.st_size} {state.st_mtime_ns}"


def _searched(tasks: Sequence[ExtractedSong], options: ExtractOptions) -> Generator[ExtractedSong]:
    """Search songs in other processes; yield each when it is done."""
    groups = [tuple(tasks[at : at + _FILES_A_TASK]) for at in range(0, len(tasks), _FILES_A_TASK)]
    if options.processes < 2 or len(groups) < 2:
        for group in groups:
            yield from _search(group, options)
        return
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # of the children: one core each
    pool = ProcessPoolExecutor(options.processes, mp_context=multiprocessing.get_context("spawn"))
    try:
        running: set[Future[list[ExtractedSong]]] = set()
        for group in groups:
            running.add(pool.submit(_search, group, options))
            while len(running) > 2 * options.processes:
                finished, running = wait(running, return_when="FIRST_COMPLETED")
                for future in finished:
                    yield from future.result()
        for future in running:
            yield from future.result()
    except BrokenProcessPool as error:
        raise EngineError("A process that searched songs died.", "Start it again: it goes on there.") from error
    finally:
        pool.shutdown(cancel_futures=True)


def _search(tasks: Sequence[ExtractedSong], options: ExtractOptions) -> list[ExtractedSong]:
    return [_search_one(task, options) for task in tasks]


def _search_one(task: ExtractedSong, options: ExtractOptions) -> ExtractedSong:
    """Find and write the loops of one song; whatever is wrong with the file is told, not raised."""
    try:
        found = loops_of_file(FindLoops(task.path, options.periods, options.per_track)).loops
    except MidiFileError as error:
        return ExtractedSong(task.path, task.stamp, task.name, problem=str(error))
    except (ValueError, IndexError, OverflowError) as error:  # one odd file must not stop the others
        return ExtractedSong(task.path, task.stamp, task.name, problem=f"{task.path} cannot be searched: {error}.")
    rows: list[Row] = []
    for loop in found:
        part = loop.part or "all"
        place = loop_file_name(loop.loop, name=task.name, part=part, last=f"bar{loop.first_bar + 1}")
        smf.write(loop.loop, options.out / place, programs=True)
        rows.append(_row(loop, task, place))
    return ExtractedSong(task.path, task.stamp, task.name, tuple(rows))


def _row(found: SongLoop, task: ExtractedSong, place: str) -> Row:
    loop = found.loop
    values = (
        place,
        task.path,
        found.first_bar + 1,
        loop.bars,
        found.part or "all",
        "+".join(dict.fromkeys(track.role.value for track in loop.tracks)),
        round(found.score, 3),
        loop.tempo_bpm,
        str(loop.meter),
        str(loop.key or ""),
        " | ".join(" ".join(map(str, bar)) for bar in loop.chords),
        loop.note_count,
        round(found.density, 2),
        FEEL_NAMES[found.feel],
        found.feel,
    )
    return dict(zip(COLUMNS, values, strict=True))


def _read_journal(path: Path) -> dict[str, ExtractedSong]:
    """Return the songs that are done; a line that was cut off by a crash counts for nothing."""
    done: dict[str, ExtractedSong] = {}
    if not path.exists():
        return done
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            values = json.loads(line)
            song = ExtractedSong(**values | {"rows": tuple(values["rows"])})
        except (ValueError, TypeError, KeyError):
            continue
        done[song.path] = song
    return done


def _write_table(path: Path, rows: Sequence[Row]) -> None:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([row[column] for column in COLUMNS] for row in rows)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        temporary.write_text(stream.getvalue(), encoding="utf-8", newline="")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
