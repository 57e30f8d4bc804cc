"""Is the next loop there before the one that plays is over? The share of loops that are, as a performer would count.

    python -m benchmarks.next_loop_in_time --loops 500

The real engine (worker, desk and player as processes of their own, a library on disk) plays a loop of 4 bars and 4
parts at 140 BPM, 6.86 s, round and round, and is asked for the next one as often as it can answer: one take, all four
parts anew, another key and genre each time. A loop is in time if it has arrived, has been kept and may be offered
0.3 s before the end of a pass that began with the question: the player plays ahead by as much. One that is too like a
known song is asked for again, on the same clock; one that fails, or comes late, is a miss, since the current loop is
heard again. Asked back to back, the worker gets none of the rest that it would have on stage.
"""

import argparse
import os
import random
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from engine.jobs.sound import Play, Start
from engine.jobs.writing import Generate, WorkerReady
from engine.messages import Failed, Finished, GenerationRequest, PartRequest, PartUse, Take, TakeReady
from engine.music.general_midi import Role
from engine.music.harmony import Key, Mode
from engine.music.loop import Loop, Track
from engine.representation.controls import GENRES
from engine.service import EngineService
from engine.worker import BundleLoader

TEMPO_BPM, BARS = 140.0, 4
ROLES = (Role.DRUMS, Role.BASS, Role.KEYS, Role.LEAD)
AHEAD_SECONDS = 0.3
ATTEMPTS = 5


def request_of(index: int) -> GenerationRequest:
    """Return the question for one loop."""
    rng = random.Random(index)
    key = Key(rng.randrange(12), rng.choice((Mode.MAJOR, Mode.MINOR)))
    canvas = Loop(bars=BARS, tempo_bpm=TEMPO_BPM, key=key, tracks=tuple(Track(role) for role in ROLES))
    parts = (PartRequest(use=PartUse.REPLACE),) * len(ROLES)
    genre = rng.choice((None, *GENRES))
    return GenerationRequest(canvas, parts, genre=genre, key_locked=True, seed=rng.randrange(1 << 31), takes=1)


def is_offered(take: Take) -> bool:
    """Tell whether the window would let a take be heard."""
    return take.originality is None or not take.originality.is_flagged


class Stage:
    """The engine, playing.

    Args:
        model: Name or folder of a model.
        folder: Where the library is.
    """

    def __init__(self, model: str, folder: Path) -> None:
        self._service = EngineService(BundleLoader(model), folder / "takes.sqlite")
        self._service.start()
        while not any(isinstance(event.event, WorkerReady) for event in self._service.wait(1.0)):
            pass

    def next_loop(self, request: GenerationRequest) -> tuple[Take | None, int]:
        """Return the next loop and how often it had to be asked for; None when there is none."""
        for attempt in range(1, ATTEMPTS + 1):
            take = self._answer(self._service.ask(Generate(request)))
            if take is None or is_offered(take):
                return take, attempt
            request = replace(request, seed=request.seed + 1)
        return None, ATTEMPTS

    def _answer(self, job: int) -> Take | None:
        take = None
        while True:
            for event in self._service.wait(1.0):
                if event.job != job:
                    continue
                if isinstance(event.event, TakeReady):
                    take = event.event.take
                elif isinstance(event.event, Finished | Failed):
                    return take

    def play(self, loop: Loop, token: int) -> None:
        self._service.tell(Play(loop, start=Start.NEXT_LOOP, token=token))

    def close(self) -> None:
        self._service.close()


def main() -> None:
    """Write the loops and print the share that came in time."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="", help="name or folder; the one that ships")
    parser.add_argument("--loops", type=int, default=500)
    arguments = parser.parse_args()
    beats = BARS * 4
    limit = beats * 60 / TEMPO_BPM - AHEAD_SECONDS
    seconds: list[float] = []
    misses, again, notes = 0, 0, 0
    with tempfile.TemporaryDirectory() as folder:
        stage = Stage(arguments.model, Path(folder))
        try:
            stage.next_loop(request_of(-1))  # the first one warms up: a performer has played before
            for index in range(arguments.loops):
                began = time.perf_counter()
                take, attempts = stage.next_loop(request_of(index))
                taken = time.perf_counter() - began
                seconds.append(taken)
                again += attempts - 1
                misses += take is None or taken > limit
                if take is not None:
                    notes += take.loop.note_count
                    stage.play(take.loop, index)
        finally:
            stage.close()
    seconds.sort()
    in_time = arguments.loops - misses
    print(f"{in_time} of {arguments.loops} in time ({100 * in_time / arguments.loops:.2f} %), limit {limit:.2f} s")
    print(
        f"ready after p50 {statistics.median(seconds):.3f} s, p99 {seconds[int(0.99 * (len(seconds) - 1))]:.3f} s, "
        f"max {seconds[-1]:.3f} s; {notes / arguments.loops:.0f} notes a loop; {again} asked for again"
    )
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
