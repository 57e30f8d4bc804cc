"""The library: every take ever written, in one SQLite file, found by name, key, tempo, bars, part or mark.

What is searched lies in a narrow table, the music itself in another, so that a hundred thousand takes are searched
without reading any of them. The file is opened by two processes at once (the worker adds, the desk searches): WAL
lets them. A take is stored with its request as a recipe, so it can be made again exactly.
"""

import json
import sqlite3
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from engine.errors import LibraryError
from engine.jobs.library import KeptTake, Query, TakeRow
from engine.messages import GenerationRequest, PartUse, Take
from engine.music.loop_json import loop_of_plain, plain_of_loop
from engine.recipe import recipe_text, request_of_recipe

SCHEMA_VERSION = 1
BUSY_SECONDS = 5.0

_SCHEMA = """
CREATE TABLE takes (
    id INTEGER PRIMARY KEY,
    created REAL NOT NULL,
    name TEXT NOT NULL,
    key TEXT NOT NULL,
    tempo_bpm REAL NOT NULL,
    meter TEXT NOT NULL,
    bars INTEGER NOT NULL,
    roles TEXT NOT NULL,
    written TEXT NOT NULL,
    genre TEXT NOT NULL,
    notes INTEGER NOT NULL,
    seed INTEGER NOT NULL,
    number INTEGER NOT NULL,
    model TEXT NOT NULL,
    model_identity TEXT NOT NULL,
    log_likelihood REAL NOT NULL,
    seam REAL,
    is_favourite INTEGER NOT NULL DEFAULT 0,
    rating INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX takes_by_mark ON takes (is_favourite, id);
CREATE INDEX takes_by_rating ON takes (rating, id);
CREATE TABLE contents (
    take_id INTEGER PRIMARY KEY REFERENCES takes (id) ON DELETE CASCADE,
    loop BLOB NOT NULL,
    recipe BLOB NOT NULL
);
"""
_COLUMNS = (
    "id, created, name, key, tempo_bpm, meter, bars, roles, written, genre, notes, seed, number, model, "
    "model_identity, log_likelihood, seam, is_favourite, rating"
)


@dataclass(slots=True)
class _Conditions:
    """SQL conditions and their values."""

    texts: list[str] = field(default_factory=list[str])
    values: list[str | float] = field(default_factory=list[str | float])

    def add(self, text: str, *values: str | float) -> None:
        self.texts.append(text)
        self.values.extend(values)

    @property
    def where(self) -> str:
        return f" WHERE {' AND '.join(self.texts)}" if self.texts else ""


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
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
            version = int(self._db.execute("PRAGMA user_version").fetchone()[0])
            if version == 0:
                for statement in _SCHEMA.split(";"):
                    self._db.execute(statement)
                self._db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        if version > SCHEMA_VERSION:
            self._db.close()
            raise LibraryError("The library of takes belongs to a newer Turnaround.", f"Update Turnaround. ({path})")

    def close(self) -> None:
        self._db.close()

    def keep(self, request: GenerationRequest, take: Take, *, model: str = "", identity: str = "") -> int:
        """Store a take; it is on disk when this returns.

        Args:
            request: What was asked.
            take: What was written.
            model, identity: Name and identity of the model.

        Returns:
            Its row.

        Raises:
            LibraryError: The file cannot be written.
        """
        loop = take.loop
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
            model,
            identity,
            take.scores.log_likelihood,
            take.scores.seam,
        )
        columns = _COLUMNS.removeprefix("id, ").removesuffix(", is_favourite, rating")
        marks = ", ".join("?" * len(values))
        try:
            with self._db:
                cursor = self._db.execute(f"INSERT INTO takes ({columns}) VALUES ({marks})", values)
                row = int(cursor.lastrowid or 0)
                packed = (row, _packed(json.dumps(plain_of_loop(loop))), _packed(recipe_text(request)))
                self._db.execute("INSERT INTO contents VALUES (?, ?, ?)", packed)
        except sqlite3.Error as error:
            raise LibraryError("A take could not be kept in the library.", str(error)) from error
        return row

    def count(self) -> int:
        return int(self._db.execute("SELECT COUNT(*) FROM takes").fetchone()[0])

    def find(self, query: Query | None = None) -> tuple[TakeRow, ...]:
        """Return takes that match, the newest first."""
        query = query or Query()
        conditions = _conditions(query)
        sql = f"SELECT {_COLUMNS} FROM takes{conditions.where} ORDER BY id DESC LIMIT ?"
        rows = self._db.execute(sql, (*conditions.values, query.limit)).fetchall()
        return tuple(_row(values) for values in rows)

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
            loop = loop_of_plain(json.loads(zlib.decompress(content[0])))
            request = request_of_recipe(zlib.decompress(content[1]).decode(), name="The take's recipe")
        except (ValueError, zlib.error) as error:
            raise LibraryError("This take is damaged in the library.", str(error)) from error
        return KeptTake(_row(row), loop, request)

    def mark(self, id: int, *, is_favourite: bool | None = None, rating: int | None = None) -> None:
        """Change the producer's marks of a take."""
        with self._db:
            if is_favourite is not None:
                self._db.execute("UPDATE takes SET is_favourite = ? WHERE id = ?", (int(is_favourite), id))
            if rating is not None:
                self._db.execute("UPDATE takes SET rating = ? WHERE id = ?", (min(max(rating, 0), 5), id))

    def discard(self, id: int) -> None:
        """Delete a take for good."""
        with self._db:
            self._db.execute("DELETE FROM takes WHERE id = ?", (id,))


def _conditions(query: Query) -> _Conditions:
    conditions = _Conditions()
    for word in query.text.split():
        # One string of all that has words; LIKE's own signs are taken literally.
        text = "(name || ' ' || key || ' ' || roles || ' ' || genre || ' ' || meter)"
        escaped = word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        conditions.add(f"{text} LIKE ? ESCAPE '\\'", f"%{escaped}%")
    for text, value in (
        ("tempo_bpm >= ?", query.min_tempo_bpm),
        ("tempo_bpm <= ?", query.max_tempo_bpm),
        ("bars = ?", query.bars),
        ("rating >= ?", query.min_rating or None),
        ("id < ?", query.before or None),
    ):
        if value is not None:
            conditions.add(text, value)
    if query.only_favourites:
        conditions.add("is_favourite = 1")
    return conditions


def _row(values: tuple[object, ...]) -> TakeRow:
    *plain, is_favourite, rating = values  # in the order of `_COLUMNS`, which is that of the fields
    return TakeRow(*cast(tuple[Any, ...], (*plain, bool(is_favourite), rating)))


def _packed(text: str) -> bytes:
    return zlib.compress(text.encode(), 6)


def _written_roles(request: GenerationRequest) -> str:
    tracks = zip(request.parts, request.canvas.tracks, strict=True)
    return " ".join(track.role.value for part, track in tracks if part.use is PartUse.REPLACE)
