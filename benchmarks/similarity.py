"""Does "more like this" find the same loop again, and how fast? Variations of real loops among others; 100,000 takes.

    python -m benchmarks.similarity --data PACKED [--split test] [--loops 400] [--distractors 1600] [--seed 1]

Every loop of the split is varied (turned by bars, transposed by up to 6 semitones, played harder or softer, 10 % of its
notes changed) and looked for among all of them and loops of the train split. Recall@10: the share whose own loop is
among the ten most alike: as the library compares them, by bare counts, and by the judge's network, which was trained to
bring neighbouring bars together. Same-song retrieval: two loops of each song; chance is what a random order would give.
Then a vector is timed, and a library of 100,000 is searched as the desk does.
"""

import argparse
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from engine.library.similar import SimilarTakes
from engine.library.store import TakeStore
from engine.representation.sheet import Sheet
from engine.representation.vocabulary import VELOCITIES
from engine.resources import asset
from engine.similarity.bar_encoder import BarEncoder
from engine.similarity.loops import LoopSpace, loop_counts
from training.augment import rotated, transposed
from training.dataset import SongPool
from training.evaluation.damage import with_changed_notes
from training.evaluation.judge import JUDGE
from training.evaluation.material import real_loops
from training.similarity import two_loops_a_song

TOP = 10
LIBRARY = 100_000
Vectors = Callable[[list[Sheet]], np.ndarray]


def louder(sheet: Sheet, bins: int) -> Sheet:
    """Move all velocities by bins of 4."""
    notes = sheet.notes
    velocity = np.clip(notes.velocity + bins, 0, VELOCITIES - 1).astype(np.int32)
    return replace(sheet, notes=replace(notes, velocity=velocity))


def by_network(encoder: BarEncoder) -> Vectors:
    """Return the mean of the vectors of a loop's bars."""

    def vectors(sheets: list[Sheet]) -> np.ndarray:
        means = np.array([bars.mean(0) for bars in encoder.vectors_of(sheets)])
        return means / np.linalg.norm(means, axis=1, keepdims=True)

    return vectors


def bare_counts(sheets: list[Sheet]) -> np.ndarray:
    """Return counts as the library counts, but no directions."""
    found = np.array([loop_counts(sheet) for sheet in sheets])
    return found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-9)


def recall(asked: np.ndarray, among: np.ndarray) -> float:
    """Return the share of rows whose own row (of the same number) is among the `TOP` most alike."""
    likeness = asked @ among.T
    own = likeness[np.arange(len(asked)), np.arange(len(asked))]
    return float(((likeness > own[:, None] + 1e-6).sum(1) < TOP).mean())


def vector_ms(space: LoopSpace, sheets: list[Sheet]) -> float:
    """Return the median milliseconds of processor time that a loop's vector takes, one thread."""
    spent: list[float] = []
    for sheet in sheets:
        started = time.thread_time()
        space.loop_vectors([sheet])
        spent.append(1000 * (time.thread_time() - started))
    return statistics.median(spent)


def search_ms(space: LoopSpace, rounds: int = 50) -> tuple[float, float]:
    """Return median and worst milliseconds of a search over `LIBRARY` takes, vectors read."""
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        store = TakeStore(Path(folder) / "takes.sqlite")
        _fill(store.connection, space, rng)
        similar = SimilarTakes(store.connection, space)
        started = time.perf_counter()
        similar.nearest(1, TOP)
        print(f"first search, vectors read: {time.perf_counter() - started:.2f} s")
        spent: list[float] = []
        for _ in range(rounds):
            id = int(rng.integers(1, LIBRARY))
            started = time.perf_counter()
            store.rows([found for found, _ in similar.nearest(id, 50)])
            spent.append(1000 * (time.perf_counter() - started))
        store.close()
    return statistics.median(spent), max(spent)


def _fill(db: sqlite3.Connection, space: LoopSpace, rng: np.random.Generator) -> None:
    texts = {"INTEGER": 0, "REAL": 0.0, "TEXT": "''"}
    columns = [(row[1], row[2]) for row in db.execute("PRAGMA table_info(takes)") if row[1] != "id"]
    values = ", ".join(str(texts[kind]) for _, kind in columns)
    names = ", ".join(name for name, _ in columns)
    vectors = rng.normal(size=(LIBRARY, space.width)).astype(np.float16)
    with db:
        db.executemany(f"INSERT INTO takes (id, {names}) VALUES (?, {values})", ((i + 1,) for i in range(LIBRARY)))
        rows = ((i + 1, space.identity, vector.tobytes()) for i, vector in enumerate(vectors))
        db.executemany("INSERT INTO vectors VALUES (?, ?, ?)", rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--split", default="test")
    parser.add_argument("--loops", type=int, default=400)
    parser.add_argument("--distractors", type=int, default=1600)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    test = SongPool(options.data, options.split)
    sheets = [loop.sheet for loop in real_loops(test, options.loops, seed=options.seed)]
    others = [
        loop.sheet for loop in real_loops(SongPool(options.data, "train"), options.distractors, seed=options.seed)
    ]
    space = LoopSpace.open(asset("similarity"))
    counts_only = LoopSpace(space.middle, space.axes)
    varied = {
        "turned by bars": [rotated(s, int(rng.integers(1, s.bars))) for s in sheets],
        "transposed": [transposed(s, int(rng.choice((-1, 1)) * rng.integers(1, 7))) for s in sheets],
        "louder or softer": [louder(s, int(rng.choice((-1, 1)) * rng.integers(1, 6))) for s in sheets],
        "10 % of notes changed": [with_changed_notes(s, 0.1, rng) for s in sheets],
    }
    ways: dict[str, Vectors] = {
        "as the library compares": space.loop_vectors,
        "its counts alone": space.count_vectors,
        "its network alone": space.heard_vectors,
        "bare counts": bare_counts,
        "the judge's network": by_network(BarEncoder(JUDGE, threads=1)),
    }
    songs = two_loops_a_song(test, options.loops, options.seed)
    owner = np.arange(len(songs)) // 2
    print(f"{len(sheets)} {options.split} loops among {len(sheets) + len(others)}; recall@{TOP}")
    for name, vectors in ways.items():
        among = vectors(sheets + others)
        found = {kind: recall(vectors(of), among) for kind, of in varied.items()}
        pairs = vectors(songs)
        likeness = pairs @ pairs.T
        np.fill_diagonal(likeness, -np.inf)
        best = np.argsort(-likeness, axis=1)[:, :TOP]
        same = owner[best] == owner[:, None]
        print(f"{name:26}" + "  ".join(f"{kind} {value:.3f}" for kind, value in found.items()))
        print(f"{'':26}same song: first {same[:, 0].mean():.3f}, among {TOP} {same.any(1).mean():.3f}", end="")
        print(f" (chance {1 / (len(songs) - 1):.4f}, {TOP / (len(songs) - 1):.4f}; {len(songs)} loops)")
    print(
        f"one loop's vector: {vector_ms(space, sheets):.1f} ms, of which counts {vector_ms(counts_only, sheets):.1f} ms"
    )
    median, worst = search_ms(space)
    print(f"search over {LIBRARY:,} takes: median {median:.1f} ms, worst {worst:.1f} ms")


if __name__ == "__main__":
    main()
