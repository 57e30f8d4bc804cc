"""A model of one's own, measured: what 20 minutes on two cores teach, and what they cost.

Two folders are learned from, each within the same processor time:

* *signature*: 30 songs of our making whose kick drum has one rhythm (x....x....x..x..) that music does not have. How
  often do takes have it, leaning on the style by nothing, a quarter, half, three quarters and all of it?
* *genre*: 30 songs of one genre of the test split, which no one trained on. How much likelier do 10 others of that
  genre become, and how much less likely the whole test split? Settings are chosen on the valid split (`--split valid`).

    python benchmarks/own_style.py --corpus CORPUS --packed PACKED --cpu-seconds 2400 [--seed 0]

Another seed is other songs, other files, another course and other takes; another `--kicks` another signature.
CORPUS holds manifest.csv and the files it names, PACKED is what `turnaround prepare` made of it. Figures are JSON.
"""

import argparse
import csv
import json
import random
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from engine.inference.bundle import ModelBundle
from engine.inference.generator import Generator
from engine.inference.model import OnnxLoopModel
from engine.messages import GenerationRequest, PartRequest, PartUse, TakeReady
from engine.midi import smf
from engine.music.general_midi import DEFAULT_PROGRAMS, Role
from engine.music.loop import Loop, Note, Track
from engine.music.timing import Meter
from engine.resources import model_folder
from training.dataset import SongPool
from training.evaluation.likelihood import evaluate_model
from training.finetune.config import FinetuneConfig
from training.finetune.folder import check_folder
from training.finetune.run import Result, finetune
from training.songs import write_shard

SIXTEENTH = 120
KICKS = (0, 5, 10, 13)  # 16ths of a bar

Kicks = tuple[int, ...]
SONGS, UNSEEN = 30, 10
TAKES, TAKE_BARS = 32, 4
SHARES = (0, 25, 50, 75, 100)
SCORED_SHARES = (0, 50, 100)
TEST_WINDOWS = 256


def signature_song(seed: int, kicks: Kicks = KICKS) -> Loop:
    """Return a song whose kick has the signature; all else varies from song to song."""
    rng = random.Random(seed)
    bars, tempo, root = 16, rng.randrange(84, 140), rng.randrange(12)
    roots = [root + rng.choice((0, 3, 5, 7, 8, 10)) for _ in range(4)]
    hat_step, snares = rng.choice((2, 4)), rng.choice(((4, 12), (8,), (4, 12, 15)))
    drums, bass, keys = [], [], []
    for bar in range(bars):
        start, low = bar * 16 * SIXTEENTH, 28 + roots[bar % 4] % 12

        def hit(step: int, pitch: int, velocity: int, *, start: int = start) -> None:
            drums.append(Note(start + step * SIXTEENTH, pitch, SIXTEENTH, velocity))

        for step in kicks:
            hit(step, 36, rng.randrange(96, 120))
            bass.append(Note(start + step * SIXTEENTH, low, 2 * SIXTEENTH, rng.randrange(80, 110)))
        for step in snares:
            hit(step, 38, rng.randrange(90, 115))
        for step in range(0, 16, hat_step):
            hit(step, 42, rng.randrange(60, 90))
        for pitch in (0, rng.choice((3, 4)), 7):
            keys.append(Note(start, 48 + low % 12 + pitch, 14 * SIXTEENTH, rng.randrange(60, 80)))
    tracks = (
        Track(Role.DRUMS, tuple(sorted(drums)), program=0),
        Track(Role.BASS, tuple(sorted(bass)), program=33),
        Track(Role.KEYS, tuple(sorted(keys)), program=4),
    )
    return Loop(Meter(4, 4), float(tempo), bars, tracks)


def has_signature(loop: Loop, kicks: Kicks = KICKS) -> bool:
    """Tell whether the kick of most bars has exactly the signature."""
    bar_ticks = loop.meter.ticks_per_bar
    drums = next(track for track in loop.tracks if track.role is Role.DRUMS)
    found = 0
    for bar in range(loop.bars):
        inside = [n.onset - bar * bar_ticks for n in drums.notes if n.onset // bar_ticks == bar and n.pitch in (35, 36)]
        found += tuple(sorted({round(onset / SIXTEENTH) for onset in inside})) == kicks
    return found > loop.bars / 2


def takes_of(model: OnnxLoopModel, percent: float, *, seed: int) -> list[Loop]:
    """Return takes of drums, bass and keys from nothing."""
    roles = (Role.DRUMS, Role.BASS, Role.KEYS)
    tracks = tuple(Track(role, program=DEFAULT_PROGRAMS[role]) for role in roles)
    request = GenerationRequest(
        Loop(Meter(4, 4), 110.0, TAKE_BARS, tracks),
        tuple(PartRequest(PartUse.REPLACE) for _ in roles),
        seed=seed,
        takes=TAKES,
        style_percent=percent,
    )
    return [e.take.loop for e in Generator(model, rank=False).generate(request) if isinstance(e, TakeReady)]


def genre_files(corpus: Path, genre: str, split: str, seed: int) -> tuple[list[Path], list[Path]]:
    """Return files of a genre or a set to learn from, and others to be told likelier."""
    with (corpus / "manifest.csv").open(encoding="utf-8") as file:
        rows = [r for r in csv.DictReader(file) if r["split"] == split and genre in (r["genre"], r["set"])]
    usable = [row for row in rows if row["set"] != "lakh_clean" or _is_in_time(row)]
    paths = [corpus / row["path"] for row in random.Random(seed).sample(usable, SONGS + UNSEEN)]
    return paths[:SONGS], paths[SONGS:]


def _is_in_time(row: dict[str, str]) -> bool:
    return float(row["grid16"] or 0) >= 0.9 and row["downbeat_ok"] == "1"


def likelihood(model: OnnxLoopModel, songs: SongPool, percent: float) -> float:
    """Return nats a note, leaning on the style by a share."""
    model.use_style(percent / 100)
    return evaluate_model(model, songs, windows=TEST_WINDOWS).nats_per_note


def learn(folder: Path, scratch: Path, settings: list[str]) -> tuple[Result, dict[str, Any]]:
    """Fine-tune and tell what it took."""
    began = time.monotonic()
    result = finetune(folder, scratch / "model", FinetuneConfig.load(None, settings), work=scratch / "work")
    told = {
        "state": result.state.value,
        "verdict": result.text,
        "minutes": round((time.monotonic() - began) / 60, 1),
        "steps": result.curve.points[-1].step,
        "own_bits": [round(result.curve.start.own, 3), round(result.curve.best.own, 3)],
        "base_loops_bits": [round(result.curve.start.base, 3), round(result.curve.best.base, 3)],
    }
    return result, told


def measure_signature(
    scratch: Path, packed: Path | None, kicks: Kicks, split: str, seed: int, settings: list[str]
) -> dict[str, Any]:
    """Learn the signature and count it in takes."""
    files = scratch / "files"
    files.mkdir(parents=True)
    for number in range(SONGS):
        smf.write(signature_song(seed * SONGS + number, kicks), files / f"{number:02d}.mid", programs=True)
    result, told = learn(files, scratch, settings)
    if result.bundle is not None:
        model = OnnxLoopModel(result.bundle)
        counts = {p: sum(has_signature(loop, kicks) for loop in takes_of(model, p, seed=seed + 5)) for p in SHARES}
        told["takes_with_signature"] = {f"{p} %": round(count / TAKES, 3) for p, count in counts.items()}
        told |= _forgetting(model, packed, split)
    return told


def measure_genre(
    scratch: Path, corpus: Path, packed: Path | None, genre: str, split: str, seed: int, settings: list[str]
) -> dict[str, Any]:
    """Learn a genre and score files that were not learned from."""
    known, unseen = genre_files(corpus, genre, split, seed=seed + 7)
    for name, paths in (("files", known), ("unseen", unseen)):
        (scratch / name).mkdir(parents=True)
        for index, path in enumerate(paths):
            shutil.copy(path, scratch / name / f"{index:02d}.mid")
    result, told = learn(scratch / "files", scratch, settings)
    if result.bundle is not None:
        (scratch / "scored").mkdir()
        write_shard(scratch / "scored" / "test-000.songs", check_folder(scratch / "unseen")[1])
        songs, model = SongPool(scratch / "scored", "test"), OnnxLoopModel(result.bundle)
        nats = {p: likelihood(model, songs, p) for p in SCORED_SHARES}
        told["unseen_nats"] = {f"{p} %": round(value, 4) for p, value in nats.items()}
        told["unseen_change"] = round(nats[100] / nats[0] - 1, 4)
        told |= _forgetting(model, packed, split)
    return told


def _forgetting(model: OnnxLoopModel, packed: Path | None, split: str) -> dict[str, Any]:
    if packed is None:
        return {}
    songs = SongPool(packed, split)
    nats = {p: likelihood(model, songs, p) for p in (0, 100)}
    return {
        f"{split}_nats": {f"{p} %": round(value, 4) for p, value in nats.items()},
        f"{split}_change": round(nats[100] / nats[0] - 1, 4),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("settings", nargs="*", help="group.key=value, as `turnaround finetune` takes them")
    parser.add_argument("--corpus", type=Path, help="for the genre")
    parser.add_argument("--packed", type=Path, help="for what was forgotten")
    parser.add_argument("--genre", default="pop909", help="a genre or a set of the manifest")
    parser.add_argument("--split", default="test", choices=("test", "valid"), help="valid while settings are chosen")
    parser.add_argument("--cpu-seconds", type=float, default=2400.0, help="of training, for each folder")
    parser.add_argument("--only", choices=("signature", "genre"))
    parser.add_argument("--kicks", default=",".join(map(str, KICKS)), help="16ths of a bar that the signature has")
    parser.add_argument("--seed", type=int, default=0, help="of files, course and takes")
    parser.add_argument("--keep", type=Path, help="where models and work stay")
    options = parser.parse_args()
    kicks = tuple(int(step) for step in options.kicks.split(","))
    course = {"max_cpu_seconds": options.cpu_seconds, "sample_minutes": 0.0, "seed": options.seed + 1}
    settings = [*(f"course.{name}={value}" for name, value in course.items()), *options.settings]
    scratch = options.keep or Path(tempfile.mkdtemp())
    base = ModelBundle.open(model_folder())
    figures: dict[str, Any] = {"base": f"{base.info.name} {base.identity}", "cpu_seconds": options.cpu_seconds}
    np.seterr(all="raise", under="ignore")
    if options.only != "genre":
        figures["signature"] = measure_signature(
            scratch / "signature", options.packed, kicks, options.split, options.seed, settings
        )
        print(json.dumps(figures, indent=2), flush=True)
    if options.only != "signature" and options.corpus:
        genre = measure_genre(
            scratch / "genre", options.corpus, options.packed, options.genre, options.split, options.seed, settings
        )
        figures["genre"] = {"name": options.genre} | genre
        print(json.dumps(figures, indent=2), flush=True)


if __name__ == "__main__":
    main()
