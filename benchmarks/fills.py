"""Is a fill a fill? The drums' fills of real songs, and those that the model writes where they were taken out.

    python -m benchmarks.fills --data PACKED [--model assets/models/base] [--split test] [--songs 60] [--takes 4]

A real fill is a bar of drums that differs from the three before it, which are alike, and after which the beat comes
back: strokes by position and drum, alike from a Jaccard index of 0.8, different below 0.5. The model is given the three
bars and a plain fourth, with bass and keys where there are some, and asked for fills as the window does. Printed for
both: strokes against the bar before, share of toms and of crashes and splashes, share of strokes other than the beat's,
and where in the bar the first stroke is that is not the beat's. For the model's also: how many are
within 15 % of the share of new strokes that was asked.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from engine.inference.bundle import ModelBundle
from engine.inference.generator import Generator
from engine.inference.model import OnnxLoopModel
from engine.messages import TakeReady
from engine.music.general_midi import Role
from engine.music.loop import MAX_TRACKS, Loop
from gui.arrangements import fill_request
from gui.panels.arrange import DEPARTURES
from gui.session import LoopWishes, PartSettings
from training.dataset import SongPool, WindowConfig, window_at

BARS = 4
ALIKE, DIFFERENT = 0.8, 0.5
FEWEST_STROKES = 4
PASSES = 2
MET = 0.15
TOMS, CRASHES = frozenset({41, 43, 45, 47, 48, 50}), frozenset({49, 52, 55, 57})
SLOTS_A_BEAT = 4

Bar = frozenset[tuple[int, int]]  # (position in 16ths, key)


@dataclass(frozen=True, slots=True)
class Measured:
    """One fill beside the beat: ratios and shares of 1; `begins` in beats from the start of the bar."""

    lift: float
    toms: float
    crashes: float
    new: float
    begins: float

    @classmethod
    def of(cls, fill: Bar, beat: Bar) -> "Measured":
        count = max(1, len(fill))
        new = fill - beat
        begins = min((position for position, _ in new), default=0) / SLOTS_A_BEAT
        toms, crashes = (sum(key in keys for _, key in fill) / count for keys in (TOMS, CRASHES))
        return cls(len(fill) / len(beat), toms, crashes, len(new) / count, begins)


def jaccard(one: Bar, other: Bar) -> float:
    """Return how alike two bars are, 0 to 1."""
    return len(one & other) / max(1, len(one | other))


def drum_bars(loop: Loop) -> list[Bar]:
    """Return the strokes of each bar, all drum parts together."""
    length, step = loop.meter.ticks_per_bar, 480 // SLOTS_A_BEAT
    notes = [note for track in loop.tracks if track.is_drums for note in track.notes]
    return [
        frozenset((note.onset % length // step, note.pitch) for note in notes if note.onset // length == bar)
        for bar in range(loop.bars)
    ]


def passages(songs: SongPool, *, count: int, seed: int) -> Iterator[tuple[Loop, Bar, Bar]]:
    """Yield a passage of four bars of one song each, its beat and the fill that ended it; the fill is taken out."""
    config = WindowConfig(max_rows=4000, augment=False)
    rng = np.random.default_rng(seed)
    found = 0
    for index in rng.permutation(len(songs)).tolist():
        song = songs[index]
        for start in rng.permutation(max(0, song.bars - BARS)).tolist()[:40]:
            window = window_at(song, start, BARS + 1, config, rng, is_loop=False, all_parts=True)
            if window is None or len(window.sheet.roles) > MAX_TRACKS:
                continue
            loop = window.sheet.to_loop()
            bars = drum_bars(loop)
            beat, fill = bars[2], bars[3]
            is_plain = all(jaccard(bar, beat) >= ALIKE for bar in (bars[0], bars[1]))
            is_fill = jaccard(fill, beat) < DIFFERENT and jaccard(bars[4], beat) >= DIFFERENT
            if is_plain and is_fill and min(len(beat), len(fill)) >= FEWEST_STROKES:
                yield plain(loop), fill, beat
                found += 1
                break
        if found == count:
            return


def plain(loop: Loop) -> Loop:
    """Return the first four bars, at most one part of each role, with the third bar's drums in the fourth."""
    length = loop.meter.ticks_per_bar
    tracks = []
    for track in loop.tracks:
        if track.role not in (Role.DRUMS, Role.BASS, Role.KEYS) or track.role in {other.role for other in tracks}:
            continue
        kept = [note for note in track.notes if note.onset < (3 if track.is_drums else BARS) * length]
        if track.is_drums:
            kept += [replace(note, onset=note.onset + length) for note in kept if note.onset >= 2 * length]
        kept = [replace(note, duration=min(note.duration, BARS * length - note.onset)) for note in kept]
        tracks.append(track.with_notes(kept))
    return Loop(bars=BARS, tracks=tuple(tracks), meter=loop.meter, tempo_bpm=loop.tempo_bpm)


def written(generator: Generator, loop: Loop, *, departure: float, takes: int, seed: int) -> Iterator[Bar]:
    """Yield the last bars of the takes of a fill."""
    parts = (PartSettings(),) * len(loop.tracks)
    filling = tuple(i for i, track in enumerate(loop.tracks) if track.is_drums)
    wishes = LoopWishes(seed=seed, takes=takes)
    request = fill_request(loop, parts, wishes, passes=PASSES, filling=filling, departure=departure)
    for event in generator.generate(request):
        if isinstance(event, TakeReady):
            yield drum_bars(event.take.loop)[-1]


def row(name: str, found: list[Measured], asked: float | None = None) -> str:
    """Return a line of medians."""
    columns = {key: np.array([getattr(each, key) for each in found]) for key in Measured.__slots__}
    low, middle, high = np.percentile(columns["lift"], (10, 50, 90))
    met = "" if asked is None else f"{np.mean(np.abs(columns['new'] - asked) <= MET):6.0%}"
    means = "  ".join(f"{columns[key].mean():6.2f}" for key in ("toms", "crashes", "new", "begins"))
    return f"{name:24} {len(found):5} {middle:6.2f} ({low:.2f}-{high:.2f})  {means}  {met}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", type=Path, default=Path("assets/models/base"))
    parser.add_argument("--split", default="test")
    parser.add_argument("--songs", type=int, default=60)
    parser.add_argument("--takes", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    generator = Generator(OnnxLoopModel(ModelBundle.open(options.model)), rank=False)
    found = list(passages(SongPool(options.data, options.split), count=options.songs, seed=options.seed))
    print(f"{'':24} {'n':>5} {'lift, 10-90 %':18}   toms  crashes    new  begins  new met")
    print(row("real fills", [Measured.of(fill, beat) for _, fill, beat in found]))
    for word, share in DEPARTURES:
        fills = [
            Measured.of(bar, beat)
            for i, (loop, _, beat) in enumerate(found)
            for bar in written(generator, loop, departure=share, takes=options.takes, seed=options.seed + i)
        ]
        print(row(f"{word}, {share:g}", fills, share))


if __name__ == "__main__":
    main()
