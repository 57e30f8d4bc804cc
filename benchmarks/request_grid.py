"""Thousands of requests with everything that can be asked at once, on a real model: does every take keep its word?

The seeded grid of `tests/helpers/request_grid.py` (bars × meter × key lock × chords × parts × context × infill ×
locks × keep × remix × polyphony × range × rhythm × feel × order × takes). A request is valid if all its takes arrive,
are not empty where something was to be written, and keep every hard guarantee.

    python -m benchmarks.request_grid --model assets/models/base --requests 2000
"""

import argparse
import collections
import json
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

from engine.inference.bundle import ModelBundle
from engine.inference.generator import Generator
from engine.inference.model import OnnxLoopModel
from engine.messages import GenerationRequest, Take, TakeReady
from engine.runtime import RuntimeSettings
from tests.helpers.request_grid import check_guarantees, draw_request


@dataclass(slots=True)
class Tally:
    """What became of the requests; shares are of takes unless named otherwise."""

    model: str
    requests: int = 0
    valid_requests: int = 0
    takes: int = 0
    takes_with_forced_ends: int = 0
    takes_retried: int = 0
    takes_relaxed: int = 0
    notes: int = 0
    seconds: float = 0.0
    reasons: dict[str, int] = field(default_factory=dict)

    def add(self, request: GenerationRequest, takes: list[Take], broken: list[str]) -> None:
        """Count one request."""
        self.requests += 1
        self.valid_requests += not broken
        self.takes += len(takes)
        self.takes_with_forced_ends += sum(take.forced_ends > 0 for take in takes)
        self.takes_retried += sum(take.attempt > 0 for take in takes)
        self.takes_relaxed += sum(take.relaxed > 0 for take in takes)
        self.notes += sum(take.loop.note_count for take in takes)
        for reason in broken:
            self.reasons[reason] = self.reasons.get(reason, 0) + 1


def main() -> None:
    """Run the grid and print the tally as JSON; exit 1 if a request was not valid."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True, help="folder of a model bundle")
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--first", type=int, default=0, help="first seed")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    bundle = ModelBundle.open(arguments.model)
    generator = Generator(OnnxLoopModel(bundle, settings=RuntimeSettings(threads=arguments.threads)), rank=False)
    tally = Tally(model=arguments.model.name)
    started = time.perf_counter()
    for seed in range(arguments.first, arguments.first + arguments.requests):
        request = draw_request(seed)
        takes, broken = run_request(generator, request)
        for what in broken:
            print(f"seed {seed}: {what}", file=sys.stderr)
        tally.add(request, takes, [what.partition(": ")[2] or what for what in broken])
        if (seed + 1) % 100 == 0:
            print(f"{seed + 1}: {tally.valid_requests} of {tally.requests} valid", file=sys.stderr)
    tally.seconds = round(time.perf_counter() - started, 1)
    print(json.dumps(asdict(tally), indent=2))
    sys.exit(tally.valid_requests != tally.requests)


def run_request(generator: Generator, request: GenerationRequest) -> tuple[list[Take], list[str]]:
    """Return a request's takes and everything that is wrong with them."""
    takes: list[Take] = []
    try:
        takes = [event.take for event in generator.generate(request) if isinstance(event, TakeReady)]
    except Exception as error:  # noqa: BLE001  # whatever goes wrong is a finding, the grid goes on
        return takes, [f"raised: {error!r}"]
    numbers = collections.Counter(take.number for take in takes)
    broken = [] if numbers == collections.Counter(range(request.takes)) else ["takes: some are missing"]
    for take in takes:
        broken += check_guarantees(request, take)
    return takes, broken


if __name__ == "__main__":
    main()
