"""How fast takes come while a style is being learned on the same processor.

The shipped model writes loops alone, and then beside `turnaround finetune` at several niceness values (the window's own
is 19). Training's speed at each is told, too. Figures are JSON.

    python -m benchmarks.beside_training --runs 12
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.own_style import signature_song
from engine.cli.bench_command import measure
from engine.cli.model_option import open_model
from engine.midi import smf
from training.finetune.events import EVENTS_FILE

NICE = (19, 10, 0)
SONGS = 12
WARM_STEPS = 3
TOLD = ("loop_seconds_p50", "loop_seconds_p95", "first_note_seconds", "takes16_seconds", "notes_per_second")


def steps(work: Path) -> list[dict[str, Any]]:
    """Return the steps that a training has told of."""
    path = work / EVENTS_FILE
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return [event for event in map(json.loads, lines) if event["event"] == "step"]


def figures(runs: int) -> dict[str, float]:
    """Measure the shipped model."""
    found = measure(open_model("", threads=0), runs=runs)
    return {name: round(found[name], 3) for name in TOLD}


def beside(files: Path, work: Path, nice: int, runs: int) -> dict[str, float]:
    """Measure it while a training runs, and how fast that is meanwhile."""
    command = [
        sys.executable,
        "-m",
        "training",
        "finetune",
        str(files),
        "--out",
        str(work / "model"),
        "--work",
        str(work),
    ]
    settings = [f"course.nice={nice}", "course.sample_minutes=0.0", "course.passes=1000.0", "course.valid_steps=100000"]
    settings += ["material.rehearsal_loops=10", "material.valid_windows=8"]
    environment = os.environ | {"OMP_WAIT_POLICY": "PASSIVE"}
    training = subprocess.Popen(  # in a session of its own, as the window starts it
        [*command, *settings], stdout=subprocess.DEVNULL, env=environment, start_new_session=True
    )
    try:
        while len(steps(work)) < WARM_STEPS:
            if training.poll() is not None:
                raise SystemExit("the training ended")
            time.sleep(0.5)
        before, began = steps(work)[-1]["rows"], time.monotonic()
        found = figures(runs)
        learned = (steps(work)[-1]["rows"] - before) / (time.monotonic() - began)
    finally:
        training.kill()
        training.wait()
    return found | {"training_rows_per_second": round(learned)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=12)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        files = Path(scratch) / "files"
        files.mkdir()
        for seed in range(SONGS):
            smf.write(signature_song(seed), files / f"{seed:02d}.mid", programs=True)
        print(json.dumps({"alone": figures(options.runs)}), flush=True)
        for nice in NICE:
            found = beside(files, Path(scratch) / f"work{nice}", nice, options.runs)
            print(json.dumps({f"beside training, nice {nice}": found}), flush=True)


if __name__ == "__main__":
    main()
