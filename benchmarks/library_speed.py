"""How fast a large library of takes opens and is searched.

`python -m benchmarks.library_speed` fills a library with 100,000 takes of about 200 notes (made-up music of every
key, tempo and part; the rows are real ones of the store, multiplied) and measures, in a process that begins anew each
time, opening it and showing the first page; then every filter alone and together, with rare and with common values.
Limits: 0.5 s to open, 100 ms a search. Prints medians and worst cases of `--rounds` rounds.
"""

import argparse
import os
import random
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from PySide6.QtWidgets import QApplication

from engine.jobs.library import MarkTake, Query
from engine.library.store import Origin, TakeStore
from engine.messages import GenerationRequest, PartRequest, PartUse, Take, TakeScores
from engine.music.general_midi import Role
from engine.music.harmony import Key, Mode
from engine.music.loop import Loop, Note, Track
from engine.music.timing import Meter
from engine.service import EngineService
from engine.worker import BundleLoader
from gui.engine_bridge import EngineBridge
from gui.panels.library import LibraryDialog
from gui.theme import DARK

TEMPLATES = 240
NOTES = 200
ROLES = (Role.DRUMS, Role.BASS, Role.KEYS, Role.LEAD, Role.PAD, Role.GUITAR)
GENRES = ("rock", "pop", "funk & soul", "jazz & blues", None)
NAMES = ("Night drive", "Café", "Sketch", "Half an idea", "Rain", "Untitled")
QUERIES = {
    "everything": Query(),
    "a common word": Query(text="keys"),
    "a rare word": Query(text="needle"),
    "two words": Query(text="night minor"),
    "one letter": Query(text="n"),
    "no such word": Query(text="xylophonist"),
    "key": Query(key="F# dorian"),
    "tempo": Query(min_tempo_bpm=118, max_tempo_bpm=121),
    "bars": Query(bars=16),
    "part": Query(part="guitar"),
    "rating": Query(min_rating=5),
    "favourites": Query(only_favourites=True),
    "discarded": Query(only_discarded=True),
    "a page in the middle": Query(before=50_000),
    "nothing matches": Query(key="C major", min_tempo_bpm=299, bars=1),
    "all at once": Query(text="night", key="A minor", min_tempo_bpm=80, max_tempo_bpm=140, bars=4, part="bass"),
    "a word and a rare rating": Query(text="keys", min_rating=5, bars=7),
}


def a_take(rng: random.Random, seed: int) -> tuple[GenerationRequest, Take]:
    """Return a request and its take, all made up."""
    bars = rng.choice((1, 2, 4, 4, 4, 8, 16))
    meter = Meter.parse(rng.choice(("4/4", "4/4", "3/4", "7/8")))
    roles = rng.sample(ROLES, rng.randint(2, 4))
    length = bars * meter.ticks_per_bar
    count = max(4, NOTES // len(roles))
    tracks = [
        Track(role).with_notes(
            Note(step, rng.randrange(36, 84), min(240, length - step), rng.randrange(40, 120))
            for step in (rng.randrange(0, length, 60) for _ in range(count))
        )
        for role in roles
    ]
    key = Key(rng.randrange(12), rng.choice(list(Mode)))
    loop = Loop(meter, round(rng.uniform(60, 180), 1), bars, tuple(tracks), key, name=rng.choice(NAMES))
    written = rng.randrange(len(roles))
    canvas = loop.with_track(written, Track(roles[written]))
    parts = tuple(PartRequest(use=PartUse.REPLACE if i == written else PartUse.CONTEXT) for i in range(len(roles)))
    request = GenerationRequest(canvas, parts, genre=rng.choice(GENRES), seed=seed)
    return request, Take(seed % 4, loop, seed, 0, (), TakeScores(rng.uniform(-3, -1), rng.uniform(-1, 1)), batch=4)


def fill(path: Path, takes: int) -> None:
    """Make a library of many takes: some hundred are kept as the program keeps them, then multiplied."""
    rng = random.Random(1)
    store = TakeStore(path)
    for seed in range(TEMPLATES):
        store.keep(*a_take(rng, seed), Origin("base", "0" * 64, "CPU", 2, "a build"))
    store.mark(MarkTake(3, note="the needle in the haystack"))
    store.close()
    with sqlite3.connect(path) as db:
        columns = [row[1] for row in db.execute("PRAGMA table_info(takes)") if row[1] not in ("id", "created", "seed")]
        names = ", ".join(columns)
        shift = (
            f"WITH RECURSIVE copies (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM copies WHERE n < {takes // TEMPLATES})"
        )
        db.execute(
            f"{shift} INSERT INTO takes (id, created, seed, {names}) SELECT id + n * {TEMPLATES}, created + n, "
            f"seed + n, {names} FROM copies, takes WHERE id + n * {TEMPLATES} <= {takes}"
        )
        db.execute("UPDATE takes SET note = '' WHERE id > 3")
        db.execute("UPDATE takes SET tempo_bpm = 60 + (id * 7919 % 12000) / 100.0 WHERE id > 1")
        db.execute("UPDATE takes SET rating = 5 WHERE id % 997 = 0")
        db.execute("UPDATE takes SET is_favourite = 1 WHERE id % 499 = 0")
        db.execute("UPDATE takes SET is_discarded = 1 WHERE id % 89 = 0")
        db.execute("INSERT INTO contents SELECT t.id, c.loop, c.recipe FROM takes t JOIN contents c "
                   f"ON c.take_id = 1 + (t.id - 1) % {TEMPLATES} WHERE t.id > {TEMPLATES}")  # fmt: skip
        db.execute(f"INSERT INTO words (rowid, text) SELECT t.id, w.text FROM takes t JOIN words w "
                   f"ON w.rowid = 1 + (t.id - 1) % {TEMPLATES} WHERE t.id > {TEMPLATES} AND w.rowid <> 3")  # fmt: skip
    db.close()


def opened(path: Path) -> float:
    """Return the seconds that a new process needs to open the library and get the first page, imports left out."""
    code = (
        "import sys, time; from pathlib import Path; from engine.library.store import TakeStore\n"
        "began = time.perf_counter(); store = TakeStore(Path(sys.argv[1])); store.find(); store.count()\n"
        "print(time.perf_counter() - began)"
    )
    result = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    return float(result.stdout)


def searched(store: TakeStore, query: Query) -> tuple[float, int]:
    """Return the seconds of a search, with the count that the window shows beside it, and how many were found."""
    began = time.perf_counter()
    rows = store.find(query)
    store.count()
    return time.perf_counter() - began, len(rows)


def shown(path: Path, rounds: int) -> tuple[list[float], list[float]]:
    """Return the seconds until the window shows the library's first page, and those of a search seen in it."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    qt = QApplication([])
    service = EngineService(BundleLoader(), path)
    service.start()
    bridge = EngineBridge(service)
    bridge.start()
    opening: list[float] = []
    searching: list[float] = []

    def until_shown(dialog: LibraryDialog, before: object) -> None:
        while dialog.model.rows is before:
            qt.processEvents()
        dialog.grab()

    for round_ in range(rounds + 1):  # the first starts the desk's own look at the file
        dialog = LibraryDialog(bridge, lambda: DARK)
        began, before = time.perf_counter(), dialog.model.rows
        dialog.show()
        until_shown(dialog, before)
        opening.append(time.perf_counter() - began)
        for words in ("night minor", "keys"):
            dialog.text.setText(f"{words} {'k' * (round_ % 2)}")
            began, before = time.perf_counter(), dialog.model.rows
            dialog.search()
            until_shown(dialog, before)
            searching.append(time.perf_counter() - began)
        dialog.close()
    bridge.close()
    return opening[1:], searching[2:]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--takes", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--file", type=Path, help="a library made before; made here if it is not there")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = options.file or Path(folder) / "takes.sqlite"
        if not path.exists():
            fill(path, options.takes)
        print(f"{path.stat().st_size / 1e6:.0f} MB")
        times = [opened(path) for _ in range(options.rounds)]
        print(f"open and first page: median {statistics.median(times):.3f} s, worst {max(times):.3f} s")
        opening, searching = shown(path, options.rounds)
        print(f"in the window, painted: open {statistics.median(opening):.3f} s, worst {max(opening):.3f} s; "
              f"search {statistics.median(searching):.3f} s, worst {max(searching):.3f} s")  # fmt: skip
        store = TakeStore(path)
        for name, query in QUERIES.items():
            runs = [searched(store, query) for _ in range(options.rounds)]
            milliseconds = [1000 * seconds for seconds, _ in runs]
            median, worst = statistics.median(milliseconds), max(milliseconds)
            print(f"{name:26} {runs[0][1]:4} found  median {median:6.1f} ms  worst {worst:6.1f} ms")
        store.close()


if __name__ == "__main__":
    main()
