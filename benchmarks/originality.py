"""Are copies caught, and is real music by others let through? Planted copies of training loops beside held-out loops.

    python -m benchmarks.originality --data PACKED [--split test] [--loops 600] [--each 1] [--seed 1] [--names]

Loops are those that were mined from songs, one a song whatever versions it has (`--each`: of held-out songs more);
sources without pitch are left out. Copies: as they are, transposed by up to 6 semitones, with 10 % of the pitched notes
given another pitch. Held-out loops are of the split that is named, of artists and titles that the train split does not
have; the limit in `engine/messages.py` was set with `--split valid --seed 5 --each 4`. Prints the share that is
flagged: of all loops, of those with `ENOUGH` phrases or more, of those of `LONG` bars or more; with `--names` which
held-out songs are: some are versions of a known song under another title.
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

LONG, ENOUGH = 4, 4  # bars; phrases, before any change: four equal notes are no one's
WITHOUT_PITCH = ("gmd", "dmp_patterns")
_CUT = WindowConfig(augment=False, max_rows=9000)


def artist(info: SongInfo) -> str:
    """Return the folder of a song's artist, or of its set."""
    return info.name.split("/")[1] if info.name.startswith("lakh") else info.name


def title(info: SongInfo) -> str:
    """Return the letters of a song's title: a version by somebody else is a copy, and rightly caught."""
    return "".join(c for c in Path(info.name).stem.lower() if c.isalpha())


def loops(
    songs: SongPool, count: int, seed: int, *, each: int = 1, not_of: SongPool | None = None
) -> Iterator[tuple[str, Sheet]]:
    """Yield name and mined loops, up to `each`, of `count` songs; of versions of a song one; of no song of `not_of`."""
    rng = np.random.default_rng(seed)
    known = {of(song.info) for song in not_of or () for of in (artist, title)}
    for index in rng.permutation(len(songs)).tolist():
        song = songs[index]
        info = song.info
        if info.source in WITHOUT_PITCH or known & {artist(info), title(info), info.song_group or info.name}:
            continue
        found = False
        for chosen in rng.permutation(len(song.loop_starts))[:each].tolist():
            start, bars = int(song.loop_starts[chosen]), int(song.loop_bars[chosen])
            window = window_at(song, start, bars, _CUT, rng, is_loop=True, all_parts=True)
            if window is not None:
                found = True
                yield info.name, window.sheet
        if found:
            known.add(info.song_group or info.name)
            count -= 1
        if not count:
            return


def row(name: str, sheets: list[Sheet], had: list[int], found: list[Originality]) -> str:
    """Return one line: shares flagged, and how long the longest shared runs are.

    Args:
        name: What they are.
        sheets: The loops.
        had: How many phrases each has before any change.
        found: What was said of each.
    """
    cells: list[str] = []
    for shortest, fewest in ((1, 0), (1, ENOUGH), (LONG, 0)):
        loops = zip(sheets, had, found, strict=True)
        of = [o.is_flagged for sheet, phrases, o in loops if sheet.bars >= shortest and phrases >= fewest]
        cells.append(f"{np.mean(of):7.1%} ({len(of):4})")
    runs = np.percentile([o.longest_run for o in found], (50, 95))
    return f"{name:26}" + "  ".join(cells) + f"   {runs[0]:4.0f} {runs[1]:4.0f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--split", default="test")
    parser.add_argument("--loops", type=int, default=600)
    parser.add_argument("--each", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--names", action="store_true")
    options = parser.parse_args()
    train, others = SongPool(options.data, "train"), SongPool(options.data, options.split)
    path = asset("originality", FILE_NAME)
    index = PhraseIndex.open(path)
    planted = [sheet for _, sheet in loops(train, options.loops, options.seed)]
    rng = np.random.default_rng(options.seed)
    changes: dict[str, Callable[[Sheet], Sheet]] = {
        "copies, exact": lambda sheet: sheet,
        "copies, transposed": lambda sheet: transposed(sheet, int(rng.integers(1, 7)) * int(rng.choice((-1, 1)))),
        "copies, 10 % changed": lambda sheet: with_changed_notes(sheet, 0.1, rng),
    }
    print(f"{index.songs} songs, {path.stat().st_size / 1e6:.1f} MB; flagged of loops of")
    columns = ("any length", f"{ENOUGH} phrases", f"{LONG} bars")
    print(f"{'':26}{'  '.join(f'{column:>14}' for column in columns)}   run: 50 % 95 %")
    had = [index.originality(sheet).phrases for sheet in planted]
    for name, change in changes.items():
        print(row(name, planted, had, [index.originality(change(sheet)) for sheet in planted]))
    held = list(loops(others, options.loops, options.seed, each=options.each, not_of=train))
    started = time.perf_counter()
    found = [index.originality(sheet) for _, sheet in held]
    seconds = time.perf_counter() - started
    print(row("held out, other artists", [sheet for _, sheet in held], [o.phrases for o in found], found))
    print(f"{1000 * seconds / len(held):.2f} ms a loop")
    for (name, sheet), of in zip(held, found, strict=True):
        if options.names and of.is_flagged:
            print(f"  {name}, {sheet.bars} bars: likeness {of.likeness:.2f}, similarity {of.similarity:.2f}")


if __name__ == "__main__":
    main()
