"""Is it dull, and does it listen? Default takes beside real loops; a bass given its own and another song's drums.

    python -m benchmarks.music_quality --data PACKED [--model assets/models/base] [--takes 500] [--seed 1]

Prints, for notes a bar, pitch-class entropy, distinct bars and velocity spread: the median over default takes and
the 5th, 50th and 95th percentile over 4-bar loops of the test split with drums, bass and keys. Then the model's
negative log-likelihood a note of real basses given their own drums and given another loop's.
"""

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from engine.inference.bundle import ModelBundle
from engine.inference.generator import Generator
from engine.inference.model import OnnxLoopModel
from engine.messages import GenerationRequest, PartRequest, PartUse, TakeReady
from engine.music.general_midi import DEFAULT_PROGRAMS, Role
from engine.music.loop import Loop, Track
from engine.representation.controls import exact_loop_ids
from engine.representation.layout import Plan, Use, labels_of, training_rows
from engine.representation.sheet import Sheet, velocity_of_bin
from engine.representation.vocabulary import DRUM_OFFSET, Field, Kind
from training.dataset import SongPool, WindowConfig, window_at
from training.songs import PackedSong

PARTS = (Role.DRUMS, Role.BASS, Role.KEYS)
BARS = 4
MEASURES = ("notes a bar", "pitch-class entropy (bits)", "distinct bars", "velocity spread")


def measures(sheet: Sheet) -> tuple[float, float, float, float]:
    """Return the four measures of a sheet, in the order of `MEASURES`."""
    notes = sheet.notes
    pitched = notes.pitch[notes.pitch < DRUM_OFFSET] % 12
    share = np.bincount(pitched, minlength=12) / max(1, len(pitched))
    entropy = float(-(share[share > 0] * np.log2(share[share > 0])).sum())
    content = [
        frozenset(zip(*(c[notes.bar == bar].tolist() for c in (notes.track, notes.position, notes.pitch)), strict=True))
        for bar in range(sheet.bars)
    ]
    return len(notes) / sheet.bars, entropy, float(len(set(content))), float(velocity_of_bin(notes.velocity).std())


def real_loops(songs: SongPool, rng: np.random.Generator) -> Iterator[Sheet]:
    """Yield 4-bar loops found in the songs, reduced to one drums, bass and keys part each."""
    config = WindowConfig(max_rows=2000, augment=False)
    for index in rng.permutation(len(songs)).tolist():
        song: PackedSong = songs[index]
        starts = song.loop_starts[song.loop_bars == BARS]
        for start in starts[:2].tolist():
            window = window_at(
                song, int(start), BARS, config, np.random.default_rng(index), is_loop=True, all_parts=True
            )
            sheet = reduced(window.sheet, PARTS) if window else None
            if sheet is not None:
                yield sheet


def reduced(sheet: Sheet, roles: tuple[Role, ...]) -> Sheet | None:
    """Keep the fullest part of each role; None where a role is missing."""
    kept: list[int] = []
    for role in roles:
        parts = [part for part, other in enumerate(sheet.roles) if other is role]
        if not parts:
            return None
        kept.append(max(parts, key=lambda part: int((sheet.notes.track == part).sum())))
    renumber = np.full(len(sheet.roles), -1, dtype=np.int32)
    renumber[kept] = np.arange(len(kept))
    notes = sheet.notes.take(np.isin(sheet.notes.track, kept))
    notes = replace(notes, track=renumber[notes.track])
    notes = notes.take(np.lexsort((notes.pitch, notes.position, notes.bar, notes.track)))
    return replace(sheet, roles=roles, programs=tuple(sheet.programs[i] for i in kept), notes=notes, names=())


def default_takes(generator: Generator, *, takes: int, seed: int) -> Iterator[Sheet]:
    """Yield the takes of default requests: drums, bass and keys, four bars, nothing else asked."""
    canvas = Loop(bars=BARS, tracks=tuple(Track(role, program=DEFAULT_PROGRAMS[role]) for role in PARTS))
    wanted = (PartRequest(use=PartUse.REPLACE),) * len(PARTS)
    for first in range(0, takes, 16):
        request = GenerationRequest(canvas, wanted, seed=seed + first, takes=min(16, takes - first))
        for event in generator.generate(request):
            if isinstance(event, TakeReady):
                yield Sheet.from_loop(event.take.loop)


def bass_nll(model: OnnxLoopModel, sheet: Sheet, drums: Sheet) -> float:
    """Return nats a note of the bass of `sheet` given the drums of `drums`."""
    of = [replace(s.notes.take(s.notes.track == part)) for s, part in ((drums, 0), (sheet, 1))]
    columns = (np.concatenate(pair) for pair in zip(of[0].columns(), of[1].columns(), strict=True))
    notes = type(sheet.notes)(*columns)
    pair = replace(sheet, roles=PARTS[:2], programs=(drums.programs[0], sheet.programs[1]), notes=notes, names=())
    use = np.full((2, sheet.bars), Use.CONTEXT, dtype=np.int8)
    use[1] = Use.TARGET
    ids = tuple(sorted(exact_loop_ids(pair.meter, pair.tempo_bpm, pair.bars).values()))
    chords = np.zeros_like(pair.chords)
    rows = training_rows(replace(pair, chords=chords), Plan(use=use, slots=(1, 2), loop_ids=ids))
    labels = labels_of(rows).astype(np.int64)
    nll = model.score(rows[None], labels[None]).sum()
    return float(nll / max(1, (labels[:, Field.KIND] == Kind.NOTE).sum()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", type=Path, default=Path("assets/models/base"))
    parser.add_argument("--takes", type=int, default=500)
    parser.add_argument("--loops", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    songs = SongPool(options.data, "test")
    model = OnnxLoopModel(ModelBundle.open(options.model))
    loops = [sheet for sheet, _ in zip(real_loops(songs, rng), range(options.loops), strict=False)]
    real = np.array([measures(sheet) for sheet in loops])
    takes = default_takes(Generator(model, rank=False), takes=options.takes, seed=options.seed)
    got = np.array([measures(sheet) for sheet in takes])
    print(f"{len(got)} default takes beside {len(real)} real loops of {len(songs)} test songs; roles {[*PARTS]}")
    print(f"{'measure':28} {'takes, median':>14} {'real: 5 %':>10} {'50 %':>8} {'95 %':>8}  inside")
    for index, name in enumerate(MEASURES):
        low, middle, high = np.percentile(real[:, index], (5, 50, 95))
        median = float(np.median(got[:, index]))
        inside = "yes" if low <= median <= high else "NO"
        print(f"{name:28} {median:14.2f} {low:10.2f} {middle:8.2f} {high:8.2f}  {inside}")
    own = np.array([bass_nll(model, sheet, sheet) for sheet in loops])
    other = np.array([bass_nll(model, sheet, loops[(i + 1) % len(loops)]) for i, sheet in enumerate(loops)])
    error = (other - own).std() / np.sqrt(len(own))
    print(f"bass, nats a note: own drums {own.mean():.3f}, another song's {other.mean():.3f}", end="")
    print(f" (difference {(other - own).mean():.3f} ± {1.96 * error:.3f}, n = {len(own)})")


if __name__ == "__main__":
    main()
