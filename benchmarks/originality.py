"""Are copies caught, and is real music by others let through? Planted copies of training loops beside held-out loops.

    python -m benchmarks.originality --data PACKED [--split test] [--loops 600] [--seed 1]

Loops are those that were mined from songs, one a song whatever versions it has; sources without pitch are left out.
Copies: as they are, transposed by up to 6 semitones, with 10 % of the pitched notes given another pitch. Held-out
loops are of the split that is named, of artists and titles that the train split does not have; the limits in
`engine/messages.py` were set with `--split valid --seed 5`. Prints the share that is flagged, for loops of any length
and of 4 bars or more: of all, and of those that have, before any change, `ENOUGH` phrases or more of their own (four
equal notes are no one's).
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
from training.songs import SongInfo

ENOUGH = 16
WITHOUT_PITCH = ("gmd", "dmp_patterns")
_CUT = WindowConfig(augment=False, max_rows=9000)


def artist(info: SongInfo) -> str:
    """Return the folder of a song's artist, or of its set."""
    return info.name.split("/")[1] if info.name.startswith("lakh") else info.name


def title(info: SongInfo) -> str:
    """Return the letters of a song's title: a version by somebody else is a copy, and rightly caught."""
    return "".join(c for c in Path(info.name).stem.lower() if c.isalpha())


def loops(songs: SongPool, count: int, seed: int, *, not_of: SongPool | None = None) -> Iterator[Sheet]:
    """Yield one mined loop of each of `count` songs; of versions of a song one; of no artist or title of `not_of`."""
    rng = np.random.default_rng(seed)
    known = {of(song.info) for song in not_of or () for of in (artist, title)}
    for index in rng.permutation(len(songs)).tolist():
        song = songs[index]
        info = song.info
        if info.source in WITHOUT_PITCH or known & {artist(info), title(info), info.song_group or info.name}:
            continue
        if not len(song.loop_starts):
            continue
        chosen = int(rng.integers(len(song.loop_starts)))
        start, bars = int(song.loop_starts[chosen]), int(song.loop_bars[chosen])
        window = window_at(song, start, bars, _CUT, rng, is_loop=True, all_parts=True)
        if window is not None:
            known.add(info.song_group or info.name)
            yield window.sheet
            count -= 1
        if not count:
            return


def row(name: str, found: list[tuple[Sheet, int, Originality]]) -> str:
    """Return one line: shares flagged, and how long the longest shared runs are.

    Args:
        name: What they are.
        found: Each loop, how many phrases it has before any change, and what was said of it.
    """
    cells: list[str] = []
    for shortest in (1, 4):
        for enough in (0, ENOUGH):
            of = [o.is_flagged for sheet, phrases, o in found if sheet.bars >= shortest and phrases >= enough]
            cells.append(f"{np.mean(of):7.1%} ({len(of):3})")
    runs = np.percentile([o.longest_run for *_, o in found], (50, 95))
    return f"{name:26}" + "  ".join(cells) + f"   {runs[0]:4.0f} {runs[1]:4.0f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--split", default="test")
    parser.add_argument("--loops", type=int, default=600)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    train, others = SongPool(options.data, "train"), SongPool(options.data, options.split)
    path = asset("originality", FILE_NAME)
    index = PhraseIndex.open(path)
    planted = list(loops(train, options.loops, options.seed))
    had = [index.originality(sheet).phrases for sheet in planted]
    rng = np.random.default_rng(options.seed)
    changes: dict[str, Callable[[Sheet], Sheet]] = {
        "copies, exact": lambda sheet: sheet,
        "copies, transposed": lambda sheet: transposed(sheet, int(rng.integers(1, 7)) * int(rng.choice((-1, 1)))),
        "copies, 10 % changed": lambda sheet: with_changed_notes(sheet, 0.1, rng),
    }
    megabytes = path.stat().st_size / 1e6
    print(f"{index.songs} songs, {megabytes:.1f} MB; flagged, of all | of those with {ENOUGH} phrases or more")
    print(f"{'':26}{'any length':>30}  {'4 bars or more':>30}   run: 50 % 95 %")
    for name, change in changes.items():
        answers = [(s, phrases, index.originality(change(s))) for s, phrases in zip(planted, had, strict=True)]
        print(row(name, answers))
    held = list(loops(others, options.loops, options.seed, not_of=train))
    started = time.perf_counter()
    found = [index.originality(sheet) for sheet in held]
    seconds = time.perf_counter() - started
    print(row("held out, other artists", [(s, o.phrases, o) for s, o in zip(held, found, strict=True)]))
    print(f"{1000 * seconds / len(held):.2f} ms a loop")


if __name__ == "__main__":
    main()
