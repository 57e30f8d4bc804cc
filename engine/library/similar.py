"""Takes that sound alike: a vector of each, the nearest to one, and all of them as points on a map.

Vectors are kept in the library's file beside the takes, 256 half-precision numbers each, with the space they are of;
takes that have none yet get one when they are first asked about, a few at a time, so that the desk stays free. All
vectors are held in memory once they are asked for: a search is one product of a matrix and a vector, exact, a few
milliseconds over a hundred thousand takes.
"""

import json
import sqlite3
import zlib

import numpy as np
import numpy.typing as npt

from engine.errors import LibraryError
from engine.music.loop_json import loop_of_plain
from engine.representation.sheet import Sheet
from engine.similarity.loops import LoopSpace

TAKES_AT_ONCE = 16  # takes without a vector that one question makes vectors for
FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]


class SimilarTakes:
    """The vectors of a library.

    Args:
        db: The library's connection.
        space: What makes vectors; those of another space are made anew.
    """

    def __init__(self, db: sqlite3.Connection, space: LoopSpace) -> None:
        self._db, self._space = db, space
        self._version = (-1, -1)
        self._ids: IntArray = np.zeros(0, np.int64)
        self._vectors: FloatArray = np.zeros((0, space.width), np.float32)

    def fill(self, count: int = TAKES_AT_ONCE) -> int:
        """Make vectors for takes that have none, the newest first; return how many still have none."""
        identity = self._space.identity
        missing = "FROM takes LEFT JOIN vectors ON take_id = id WHERE encoder IS NULL OR encoder != ?"
        ids = [row[0] for row in self._db.execute(f"SELECT id {missing} ORDER BY id DESC LIMIT ?", (identity, count))]
        if ids:
            vectors = self._space.loop_vectors([self._sheet(id) for id in ids])
            rows = [(id, identity, v.astype(np.float16).tobytes()) for id, v in zip(ids, vectors, strict=True)]
            with self._db:
                self._db.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)", rows)
        return int(self._db.execute(f"SELECT COUNT(*) {missing}", (identity,)).fetchone()[0]) if ids else 0

    def nearest(self, id: int, count: int) -> list[tuple[int, float]]:
        """Return the takes most like one, itself left out: (id, cosine), most alike first.

        Raises:
            LibraryError: There is no such take.
        """
        self._read()
        if not (self._ids == id).any():
            vector = self._space.loop_vectors([self._sheet(id)])[0]
        else:
            vector = self._vectors[int(np.flatnonzero(self._ids == id)[0])]
        likeness = self._vectors @ vector
        likeness[self._ids == id] = -np.inf
        count = min(count, len(likeness))
        best = np.argpartition(-likeness, count - 1)[:count] if count else np.zeros(0, np.intp)
        best = best[np.lexsort((self._ids[best], -likeness[best]))]
        return [(int(self._ids[i]), float(likeness[i])) for i in best if np.isfinite(likeness[i])]

    def map(self, count: int) -> tuple[IntArray, FloatArray]:
        """Return the newest takes and their places on the map: ids [N], and [N, 2] within ±1.

        The axes are the two directions in which the takes differ most.
        """
        self._read()
        newest = np.argsort(-self._ids)[:count]
        return self._ids[newest], projected(self._vectors[newest])

    def _read(self) -> None:
        """Take over vectors that came since, and forget takes that are gone."""
        # Whether anyone else wrote to the file, and whether this connection did: asked in microseconds.
        version = (int(self._db.execute("PRAGMA data_version").fetchone()[0]), self._db.total_changes)
        if version == self._version:
            return
        self._version = version
        identity = self._space.identity
        usable = "vectors JOIN takes ON take_id = id WHERE encoder = ? AND is_discarded = 0"
        found = self._db.execute(f"SELECT COUNT(*), TOTAL(take_id) FROM {usable}", (identity,)).fetchone()
        if found == (len(self._ids), float(self._ids.sum())):
            return
        rows = self._db.execute(f"SELECT take_id, vector FROM {usable} ORDER BY take_id", (identity,)).fetchall()
        self._ids = np.array([row[0] for row in rows], np.int64)
        flat = np.frombuffer(b"".join(row[1] for row in rows), np.float16)
        self._vectors = flat.reshape(len(rows), self._space.width).astype(np.float32)

    def _sheet(self, id: int) -> Sheet:
        row = self._db.execute("SELECT loop FROM contents WHERE take_id = ?", (id,)).fetchone()
        if row is None:
            raise LibraryError("This take is no longer in the library.")
        try:
            return Sheet.from_loop(loop_of_plain(json.loads(zlib.decompress(row[0]))))
        except (ValueError, zlib.error) as error:
            raise LibraryError("A take is damaged in the library.", str(error)) from error


def projected(vectors: FloatArray) -> FloatArray:
    """Return vectors [N, D] in the two directions in which they differ most, float32 [N, 2] within ±1."""
    if len(vectors) < 3:
        return np.zeros((len(vectors), 2), np.float32)
    centred = (vectors - vectors.mean(0)).astype(np.float64)
    _, axes = np.linalg.eigh(centred.T @ centred)
    axes = axes[:, [-1, -2]]
    axes *= np.sign(axes[np.abs(axes).argmax(0), [0, 1]])  # the same picture whichever sign the solver gives
    places = centred @ axes
    reach = np.maximum(np.quantile(np.abs(places), 0.99, axis=0), 1e-9)
    return np.clip(places / reach, -1, 1).astype(np.float32)
