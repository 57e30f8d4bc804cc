"""Does "more like this" find the same loop again, and how fast? Variations of real loops among others; 100,000 takes.

    python -m benchmarks.similarity --data PACKED [--loops 400] [--distractors 1600] [--seed 1]

Every test loop is varied (turned by bars, transposed by up to 6 semitones, played harder or softer, 10 % of its notes
changed) and looked for among all test loops and loops of the train split. Recall@10: the share whose own loop is among
the ten most alike: by the encoder as the library uses it; by the encoder of loops as they are, not brought into plain
form; by counts of raw features. Same-song retrieval: two loops of each song; chance is what a random
order would give. Then a library of 100,000 vectors is searched as the desk does.
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
from engine.representation.bars import BAR_COLUMN_SIZES, BarColumn, bar_tokens
from engine.representation.sheet import Sheet
from engine.representation.vocabulary import VELOCITIES
from engine.resources import asset
from engine.similarity.encoder import BarEncoder
from training.augment import rotated, transposed
from training.dataset import SongPool, WindowConfig, window_at
from training.evaluation.damage import with_changed_notes
from training.evaluation.material import fullest_parts, real_loops

TOP = 10
LIBRARY = 100_000
Vectors = Callable[[list[Sheet]], np.ndarray]


def louder(sheet: Sheet, bins: int) -> Sheet:
    """Move all velocities by bins of 4."""
    notes = sheet.notes
    velocity = np.clip(notes.velocity + bins, 0, VELOCITIES - 1).astype(np.int32)
    return replace(sheet, notes=replace(notes, velocity=velocity))


def as_it_is(encoder: BarEncoder) -> Vectors:
    """Return the encoder without the plain form."""

    def vectors(sheets: list[Sheet]) -> np.ndarray:
        means = np.array([bars.mean(0) for bars in encoder.vectors_of(sheets)])
        return means / np.linalg.norm(means, axis=1, keepdims=True)

    return vectors


def raw_features(sheets: list[Sheet]) -> np.ndarray:
    """Return how often each value of each column is met: what no network has looked at."""
    out = []
    for sheet in sheets:
        tokens = bar_tokens(sheet)[:, 1:]
        counts = [np.bincount(tokens[..., c].ravel(), minlength=BAR_COLUMN_SIZES[c])[1:] for c in BarColumn]
        out.append(np.concatenate(counts[:-1]).astype(np.float64))
    found = np.array(out)
    return found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-9)


def recall(asked: np.ndarray, among: np.ndarray) -> float:
    """Return the share of rows whose own row (of the same number) is among the `TOP` most alike."""
    likeness = asked @ among.T
    own = likeness[np.arange(len(asked)), np.arange(len(asked))]
    return float(((likeness > own[:, None] + 1e-6).sum(1) < TOP).mean())


def two_loops_a_song(songs: SongPool, count: int, seed: int) -> tuple[list[Sheet], np.ndarray]:
    """Return two mined loops of each of `count` songs, and the song of each."""
    rng, cut = np.random.default_rng(seed), WindowConfig(augment=False, max_rows=100_000)
    sheets: list[Sheet] = []
    for index in rng.permutation(len(songs)).tolist():
        song = songs[index]
        pair: list[Sheet] = []
        for start, bars in zip(song.loop_starts.tolist(), song.loop_bars.tolist(), strict=True):
            window = window_at(song, start, bars, cut, rng, is_loop=True, all_parts=True) if bars <= 8 else None
            if window is not None and len(window.sheet.notes) >= 16 and len(pair) < 2:
                pair.append(fullest_parts(window.sheet))
        if len(pair) == 2:
            sheets += pair
        if len(sheets) == 2 * count:
            break
    return sheets, np.repeat(np.arange(len(sheets) // 2), 2)


def search_ms(encoder: BarEncoder, rounds: int = 50) -> tuple[float, float]:
    """Return median and worst milliseconds of a search over `LIBRARY` takes, vectors read."""
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        store = TakeStore(Path(folder) / "takes.sqlite")
        _fill(store.connection, encoder, rng)
        similar = SimilarTakes(store.connection, encoder)
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


def _fill(db: sqlite3.Connection, encoder: BarEncoder, rng: np.random.Generator) -> None:
    texts = {"INTEGER": 0, "REAL": 0.0, "TEXT": "''"}
    columns = [(row[1], row[2]) for row in db.execute("PRAGMA table_info(takes)") if row[1] != "id"]
    values = ", ".join(str(texts[kind]) for _, kind in columns)
    names = ", ".join(name for name, _ in columns)
    vectors = rng.normal(size=(LIBRARY, encoder.info.width)).astype(np.float16)
    with db:
        db.executemany(f"INSERT INTO takes (id, {names}) VALUES (?, {values})", ((i + 1,) for i in range(LIBRARY)))
        rows = ((i + 1, encoder.info.identity, vector.tobytes()) for i, vector in enumerate(vectors))
        db.executemany("INSERT INTO vectors VALUES (?, ?, ?)", rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--loops", type=int, default=400)
    parser.add_argument("--distractors", type=int, default=1600)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    test = SongPool(options.data, "test")
    sheets = [loop.sheet for loop in real_loops(test, options.loops, seed=options.seed)]
    others = [
        loop.sheet for loop in real_loops(SongPool(options.data, "train"), options.distractors, seed=options.seed)
    ]
    encoder = BarEncoder(asset("models", "encoder"))
    varied = {
        "turned by bars": [rotated(s, int(rng.integers(1, s.bars))) for s in sheets],
        "transposed": [transposed(s, int(rng.choice((-1, 1)) * rng.integers(1, 7))) for s in sheets],
        "louder or softer": [louder(s, int(rng.choice((-1, 1)) * rng.integers(1, 6))) for s in sheets],
        "10 % of notes changed": [with_changed_notes(s, 0.1, rng) for s in sheets],
    }
    ways: dict[str, Vectors] = {
        "as the library compares": encoder.loop_vectors,
        "without the plain form": as_it_is(encoder),
        "raw features": raw_features,
    }
    songs, owner = two_loops_a_song(test, options.loops, options.seed)
    print(f"{len(sheets)} test loops among {len(sheets) + len(others)}; recall@{TOP}")
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
    median, worst = search_ms(encoder)
    print(f"search over {LIBRARY:,} takes: median {median:.1f} ms, worst {worst:.1f} ms")


if __name__ == "__main__":
    main()
