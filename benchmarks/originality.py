"""Are copies caught, and is real music by others let through? Planted copies of training loops beside held-out loops.

    python -m benchmarks.originality --data PACKED [--loops 400] [--seed 1]

Loops are those that were mined from songs, one a song; sources without pitch are left out. Copies: as they are,
transposed by up to 6 semitones, with 10 % of the pitched notes given another pitch. Held-out loops are of the test
split, of artists of whom the train split has nothing. Prints the share that is flagged, for loops of any length and
of 4 bars or more: of all, and of those with `ENOUGH` phrases or more to look for (four equal notes are no one's).
"""

import argparse
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from engine.representation.sheet import Sheet
from engine.resources import asset
from engine.similarity.originality import FILE_NAME, Originality, PhraseIndex
from training.augment import transposed
from training.dataset import SongPool, WindowConfig, window_at
from training.evaluation.damage import with_changed_notes

ENOUGH = 6
WITHOUT_PITCH = ("gmd", "dmp_patterns")
_CUT = WindowConfig(augment=False, max_rows=9000)


def artist(name: str) -> str:
    """Return the folder of a song's artist, or of its set."""
    return name.split("/")[1] if name.startswith("lakh") else name


def loops(songs: SongPool, count: int, seed: int, known: frozenset[str] = frozenset()) -> Iterator[Sheet]:
    """Yield one mined loop of each of `count` songs of artists that are not known."""
    rng = np.random.default_rng(seed)
    for index in rng.permutation(len(songs)).tolist():
        song = songs[index]
        if song.info.source in WITHOUT_PITCH or artist(song.info.name) in known or not len(song.loop_starts):
            continue
        chosen = int(rng.integers(len(song.loop_starts)))
        start, bars = int(song.loop_starts[chosen]), int(song.loop_bars[chosen])
        window = window_at(song, start, bars, _CUT, rng, is_loop=True, all_parts=True)
        if window is not None:
            yield window.sheet
            count -= 1
        if not count:
            return


def row(name: str, found: list[tuple[int, Originality]]) -> str:
    """Return one line: shares flagged, and how long the longest shared runs are."""
    cells: list[str] = []
    for shortest in (1, 4):
        for enough in (0, ENOUGH):
            of = [o.is_flagged for bars, o in found if bars >= shortest and o.phrases >= enough]
            cells.append(f"{np.mean(of):7.1%} ({len(of):3})")
    runs = np.percentile([o.longest_run for _, o in found], (50, 95))
    return f"{name:26}" + "  ".join(cells) + f"   {runs[0]:4.0f} {runs[1]:4.0f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--loops", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    train, test = SongPool(options.data, "train"), SongPool(options.data, "test")
    known = frozenset(artist(song.info.name) for song in train)
    index = PhraseIndex.open(asset("originality", FILE_NAME))
    planted = list(loops(train, options.loops, options.seed))
    rng = np.random.default_rng(options.seed)
    changes: dict[str, Callable[[Sheet], Sheet]] = {
        "copies, exact": lambda sheet: sheet,
        "copies, transposed": lambda sheet: transposed(sheet, int(rng.integers(1, 7)) * int(rng.choice((-1, 1)))),
        "copies, 10 % changed": lambda sheet: with_changed_notes(sheet, 0.1, rng),
    }
    print(f"{index.songs} songs, {index.table.nbytes / 1e6:.1f} MB; flagged, of all | of those with enough phrases")
    print(f"{'':26}{'any length':>30}  {'4 bars or more':>30}   run: 50 % 95 %")
    for name, change in changes.items():
        print(row(name, [(sheet.bars, index.originality(change(sheet))) for sheet in planted]))
    held = list(loops(test, options.loops, options.seed, known))
    started = time.perf_counter()
    found = [(sheet.bars, index.originality(sheet)) for sheet in held]
    seconds = time.perf_counter() - started
    print(row("held out, other artists", found))
    print(
        row("held out, any artist", [(s.bars, index.originality(s)) for s in loops(test, options.loops, options.seed)])
    )
    print(f"{1000 * seconds / len(held):.2f} ms a loop")


if __name__ == "__main__":
    main()
