"""The library: every take ever written, in one SQLite file, found by words, key, tempo, bars, part or mark.

The file is opened by two processes at once (the worker adds, the desk searches): WAL lets them. A take is stored with
its request as a recipe and with what decides its last bits, so it can be made again exactly.
"""

import json
import logging
import sqlite3
import time
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from engine.errors import LibraryError
from engine.jobs.library import KeptTake, MarkTake, Query, TakeRow
from engine.library.schema import SCHEMA_VERSION, migrate
from engine.library.search import search_sql
from engine.messages import GenerationRequest, Originality, PartUse, Take
from engine.music.loop import Loop
from engine.music.loop_json import loop_of_plain, plain_of_loop
from engine.recipe import recipe_text, request_of_recipe

logger = logging.getLogger(__name__)

BUSY_SECONDS = 5.0
IDS_AT_ONCE = 500  # SQLite takes so many values in one statement, and more
MAX_WORDS = 2000  # letters of a note or of tags

_COLUMNS = (
    "id, created, name, key, tempo_bpm, meter, bars, roles, written, genre, notes, seed, number, model, "
    "model_identity, log_likelihood, seam, rating, attempt, batch, provider, threads, build, made, missing, tags, "
    "note, is_favourite, is_discarded, is_used, written_bars"
)
_MARKS = slice(-4, -1)  # the columns that are true or false
_WORDS = "name || ' ' || key || ' ' || roles || ' ' || genre || ' ' || meter || ' ' || tags || ' ' || note"


@dataclass(frozen=True, slots=True)
class Origin:
    """What a take came from, beside its request.

    Attributes:
        model, identity: Name and identity of the model.
        provider, threads: What it ran on.
        build: Versions of what decides the last bits of its arithmetic.
        made: How it came about if no model wrote it.
    """

    model: str = ""
    identity: str = ""
    provider: str = ""
    threads: int = 0
    build: str = ""
    made: str = ""


class TakeStore:
    """The library's file, open.

    Args:
        path: The file; made with its folder if it is not there.
        now: The time in seconds since 1970; a test passes its own.

    Raises:
        LibraryError: The file cannot be opened, or belongs to a newer version.
    """

    def __init__(self, path: Path, now: Callable[[], float] = time.time) -> None:
        self._now = now
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, timeout=BUSY_SECONDS)
            self._prepare(path)
        except (OSError, sqlite3.Error) as error:
            raise LibraryError("The library of takes cannot be opened.", f"{path}: {error}") from error

    def _prepare(self, path: Path) -> None:
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.execute("PRAGMA foreign_keys = ON")
        version = migrate(self._db)
        if version > SCHEMA_VERSION:
            self._db.close()
            raise LibraryError("The library of takes belongs to a newer Turnaround.", f"Update Turnaround. ({path})")

    def close(self) -> None:
        self._db.close()

    @property
    def connection(self) -> sqlite3.Connection:
        """What `engine.library.similar` reads and writes by."""
        return self._db

    def keep(self, request: GenerationRequest, take: Take, origin: Origin | None = None) -> int:
        """Store a take; it is on disk when this returns.

        Args:
            request: What was asked.
            take: What was written.
            origin: What it came from.

        Returns:
            Its row.

        Raises:
            LibraryError: The file cannot be written.
        """
        loop, origin = take.loop, origin or Origin()
        values = (
            self._now(),
            loop.name,
            "" if loop.key is None else str(loop.key),
            loop.tempo_bpm,
            str(loop.meter),
            loop.bars,
            " ".join(track.role.value for track in loop.tracks),
            _written_roles(request),
            request.genre or "",
            loop.note_count,
            take.seed,
            take.number,
            origin.model,
            origin.identity,
            take.scores.log_likelihood,
            take.scores.seam,
            0,
            take.attempt,
            take.batch,
            origin.provider,
            origin.threads,
            origin.build,
            origin.made,
            take.missing,
            _written_bars(request),
        )
        columns = _COLUMNS.removeprefix("id, ").replace(" tags, note, is_favourite, is_discarded, is_used,", "")
        marks = ", ".join("?" * len(values))
        try:
            with self._db:
                cursor = self._db.execute(f"INSERT INTO takes ({columns}) VALUES ({marks})", values)
                row = int(cursor.lastrowid or 0)
                packed = (row, _packed(json.dumps(plain_of_loop(loop))), _packed(recipe_text(request)))
                self._db.execute("INSERT INTO contents VALUES (?, ?, ?)", packed)
                if (of := take.originality) is not None:
                    found = (row, of.similarity, of.shared, of.phrases, of.longest_run)
                    self._db.execute("INSERT INTO originality VALUES (?, ?, ?, ?, ?)", found)
                self._db.execute(f"INSERT INTO words (rowid, text) SELECT id, {_WORDS} FROM takes WHERE id = ?", (row,))
        except sqlite3.Error as error:
            raise LibraryError("A take could not be kept in the library.", str(error)) from error
        return row

    def count(self, *, is_discarded: bool = False) -> int:
        """Return how many takes there are, or how many were thrown away."""
        found = self._db.execute("SELECT COUNT(*) FROM takes WHERE is_discarded = ?", (int(is_discarded),))
        return int(found.fetchone()[0])

    def find(self, query: Query | None = None) -> tuple[TakeRow, ...]:
        """Return takes that match, the newest first."""
        sql, values = search_sql(query or Query(), _COLUMNS)
        rows = self._db.execute(sql, values).fetchall()
        return tuple(_row(values) for values in rows)

    def rows(self, ids: Sequence[int]) -> tuple[TakeRow, ...]:
        """Return what the library shows of takes, in the order in which they are named."""
        marks = ", ".join("?" * len(ids))
        found = self._db.execute(f"SELECT {_COLUMNS} FROM takes WHERE id IN ({marks})", tuple(ids)).fetchall()
        by_id = {values[0]: _row(values) for values in found}
        return tuple(by_id[id] for id in ids if id in by_id)

    def load(self, id: int) -> KeptTake:
        """Return a take with its music and its request.

        Raises:
            LibraryError: There is no such take, or it is damaged.
        """
        row = self._db.execute(f"SELECT {_COLUMNS} FROM takes WHERE id = ?", (id,)).fetchone()
        content = self._db.execute("SELECT loop, recipe FROM contents WHERE take_id = ?", (id,)).fetchone()
        if row is None or content is None:
            raise LibraryError("This take is no longer in the library.")
        try:
            loop = _unpacked(content[0])
            request = request_of_recipe(zlib.decompress(content[1]).decode(), name="The take's recipe")
        except (ValueError, zlib.error) as error:
            raise LibraryError("This take is damaged in the library.", str(error)) from error
        return KeptTake(_row(row), loop, request, self._originality(id))

    def _originality(self, id: int) -> Originality | None:
        columns = "similarity, shared, phrases, longest_run"
        found = self._db.execute(f"SELECT {columns} FROM originality WHERE take_id = ?", (id,)).fetchone()
        return None if found is None else Originality(*found)

    def loops(self, ids: Sequence[int]) -> tuple[tuple[int, Loop], ...]:
        """Return the music of takes by their rows; those that are gone or damaged are left out."""
        marks = ", ".join("?" * len(ids))
        found = self._db.execute(f"SELECT take_id, loop FROM contents WHERE take_id IN ({marks})", tuple(ids))
        read: list[tuple[int, Loop]] = []
        for id, packed in found.fetchall():
            try:
                read.append((id, _unpacked(packed)))
            except (ValueError, zlib.error) as error:
                logger.warning("take %d is damaged in the library: %s", id, error)
        return tuple(read)

    def written(self, ids: Sequence[int]) -> tuple[str, ...]:
        """Return the roles that were written in takes, in the order in which they are named; "" where one is gone."""
        found: dict[int, str] = {}
        for at in range(0, len(ids), IDS_AT_ONCE):
            some = tuple(ids[at : at + IDS_AT_ONCE])
            found.update(
                self._db.execute(f"SELECT id, written FROM takes WHERE id IN ({', '.join('?' * len(some))})", some)
            )
        return tuple(found.get(id, "") for id in ids)

    def mark(self, mark: MarkTake) -> None:
        """Change the producer's marks and words of a take."""
        changes: dict[str, str | int] = {}
        for name in ("is_favourite", "is_discarded", "is_used"):
            if (value := getattr(mark, name)) is not None:
                changes[name] = int(value)
        if mark.rating is not None:
            changes["rating"] = min(max(mark.rating, 0), 5)
        for name in ("tags", "note"):
            if (value := getattr(mark, name)) is not None:
                changes[name] = " ".join(value.split())[:MAX_WORDS]
        with self._db:
            for name, value in changes.items():
                self._db.execute(f"UPDATE takes SET {name} = ? WHERE id = ?", (value, mark.library_id))
            if changes.keys() & {"tags", "note"}:
                sql = f"UPDATE words SET text = (SELECT {_WORDS} FROM takes WHERE id = ?) WHERE rowid = ?"
                self._db.execute(sql, (mark.library_id, mark.library_id))

    def discard(self, id: int) -> None:
        """Delete a take for good."""
        with self._db:
            self._db.execute("DELETE FROM takes WHERE id = ?", (id,))
            self._db.execute("DELETE FROM words WHERE rowid = ?", (id,))


def _row(values: tuple[object, ...]) -> TakeRow:
    fields = list(cast(tuple[Any, ...], values))  # in the order of `_COLUMNS`, which is that of the fields
    fields[_MARKS] = map(bool, fields[_MARKS])
    return TakeRow(*fields)


def _packed(text: str) -> bytes:
    return zlib.compress(text.encode(), 6)


def _unpacked(packed: bytes) -> Loop:
    """Return the music of a take.

    Raises:
        ValueError, zlib.error: It is damaged.
    """
    return loop_of_plain(json.loads(zlib.decompress(packed)))


def _written_roles(request: GenerationRequest) -> str:
    tracks = zip(request.parts, request.canvas.tracks, strict=True)
    return " ".join(track.role.value for part, track in tracks if part.use is PartUse.REPLACE)


def _written_bars(request: GenerationRequest) -> str:
    written = (part.bars for part in request.parts if part.use is PartUse.REPLACE)
    return " ".join(",".join(str(bar + 1) for bar in bars) or "*" for bars in written)
