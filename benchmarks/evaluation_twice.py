"""Does the evaluation say the same twice, and how long does it take? The whole command, in two fresh folders.

    python -m benchmarks.evaluation_twice MODEL --data PACKED [--quick] [--processes 2] [--seed 1]

Runs `turnaround evaluate … --out` twice with one seed, the second time with one process fewer if there is more than
one, compares figures and rows byte by byte, and prints the minutes. Exit status 1 if anything differs.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

COMPARED = ("figures.json", "rows.csv")


def evaluated(options: argparse.Namespace, out: Path, processes: int) -> float:
    """Run the command and return its seconds."""
    command = [sys.executable, "-m", "turnaround", "evaluate", options.model, "--data", str(options.data)]
    command += ["--split", "test", "--seed", str(options.seed), "--processes", str(processes), "--out", str(out)]
    started = time.monotonic()
    subprocess.run([*command, *(["--quick"] if options.quick else [])], check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    differ: list[str] = []
    with tempfile.TemporaryDirectory() as scratch:
        folders = [Path(scratch) / name for name in ("first", "second")]
        for folder, processes in zip(folders, (options.processes, max(1, options.processes - 1)), strict=True):
            seconds = evaluated(options, folder, processes)
            print(f"{processes} process{'es' if processes > 1 else ''}: {seconds / 60:.1f} min", flush=True)
        differ = [name for name in COMPARED if len({(folder / name).read_bytes() for folder in folders}) > 1]
    print("different: " + ", ".join(differ) if differ else "the same to the byte: " + ", ".join(COMPARED))
    sys.exit(bool(differ))


if __name__ == "__main__":
    main()
