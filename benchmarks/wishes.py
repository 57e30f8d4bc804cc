"""How often a take is what was asked, with one and with more candidates written for it.

    python -m benchmarks.wishes --data PACKED [--model assets/models/base] [--split test] [--candidates 1 3]

For real loops of the split: their fullest pitched part is asked for anew, all others given, with a random quarter of
its controls as they are measured on the real part. Printed are the shares of controls in the asked bin and in it or its
neighbour, how the seam is (nats a note, 0 is like any other bar line) and the processor time of four takes.
"""

import argparse
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from engine.inference.bundle import ModelBundle
from engine.inference.generator import Generator
from engine.inference.model import OnnxLoopModel
from engine.messages import GenerationRequest, Take, TakeReady
from training.dataset import SongPool
from training.evaluation.material import answered_part, drawn_controls, real_loops, request_for_part

SHARE = 0.25
TAKES = 4


def requests(songs: SongPool, *, count: int, seed: int) -> Iterator[GenerationRequest]:
    """Yield a request for one part of each real loop, with wishes."""
    for index, real in enumerate(real_loops(songs, count, seed=seed)):
        part = answered_part(real.sheet)
        if part is None:
            continue
        request = request_for_part(real, part, takes=TAKES, seed=index)
        controls = tuple(drawn_controls(real.sheet, part, SHARE, np.random.default_rng((seed, index))))
        asked = replace(request.parts[part], controls=controls)
        yield replace(request, parts=(*request.parts[:part], asked, *request.parts[part + 1 :]))


def takes_of(generator: Generator, request: GenerationRequest) -> tuple[list[Take], float]:
    """Return the takes of a request and the processor seconds that they took."""
    began = time.process_time()
    takes = [event.take for event in generator.generate(request) if isinstance(event, TakeReady)]
    return takes, time.process_time() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", type=Path, default=Path("assets/models/base"))
    parser.add_argument("--split", default="test")
    parser.add_argument("--loops", type=int, default=30)
    parser.add_argument("--candidates", type=int, nargs="+", default=[1, 3])
    parser.add_argument("--seed", type=int, default=5)
    options = parser.parse_args()
    generator = Generator(OnnxLoopModel(ModelBundle.open(options.model)))
    asked = list(requests(SongPool(options.data, options.split), count=options.loops, seed=options.seed))
    print(f"{'candidates':>10} {'wishes':>7} {'exact':>7} {'within 1':>9} {'seam':>7} {'CPU s, median':>14}")
    for candidates in options.candidates:
        results = [takes_of(generator, replace(request, candidates=candidates)) for request in asked]
        takes = [take for found, _ in results for take in found]
        errors = np.array([r.bin_error for take in takes for r in take.reports if r.part >= 0])
        met = np.mean([r.is_met for take in takes for r in take.reports if r.part >= 0])
        seams = [take.scores.seam for take in takes if take.scores.seam is not None]
        seconds = np.median([seconds for _, seconds in results])
        print(
            f"{candidates:10} {len(errors):7} {met:7.1%} {np.mean(np.abs(errors) <= 1):9.1%} {np.mean(seams):7.2f}"
            f" {seconds:14.2f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
