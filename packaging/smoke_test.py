"""Does the frozen build live? `python packaging/smoke_test.py [dist/turnaround/turnaround] [--pack FOLDER]`.

It writes a part for the demo stems from the command line, renders it to sound, hears that as notes (where the audio
extra was built in), opens the window on a screen of its own (Xvfb), presses G and waits until the takes are in the
library. With `--pack dist/training` it also has the training pack learn for a few steps, kills it, has the program go
on, and writes with the model that comes of it. Needs xvfb and xdotool; exit 0 only if all was seen.
"""

import argparse
import json
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DEMO = ROOT / "assets" / "demo"
DEADLINE_SECONDS = 60.0
TAKES = 4
KILLED_AT_STEP = 7  # after a checkpoint: there is one whenever it validates
SHORT_COURSE = (
    "course.max_rows=100000",
    "course.valid_steps=5",
    "course.threads=1",
    "course.nice=0",
    "style.learning_rate=0.01",
    "style.warmup_rows=5000",
    "style.ema_rows=10000",
    "material.rehearsal_loops=10",
)


def command_line(program: Path, scratch: Path, environment: dict[str, str]) -> None:
    """Generate and render with the frozen program."""
    out = scratch / "out"
    stems = ["--stem", f"drums={DEMO / 'drums.mid'}", "--stem", f"bass={DEMO / 'bass.mid'}"]
    subprocess.run([program, "generate", *stems, "--part", "keys", "--out", out], check=True, env=environment)
    take = next(out.glob("*.mid"))
    subprocess.run([program, "render", take, "--out", scratch / "take.wav"], check=True, env=environment)
    if (scratch / "take.wav").stat().st_size < 100_000:
        raise SystemExit("the rendered file is too short")
    if list(program.parent.rglob("nmp.onnx")):  # built with the audio extra
        heard = scratch / "heard"
        subprocess.run([program, "transcribe", scratch / "take.wav", "--out", heard], check=True, env=environment)
        if not list(heard.glob("*.mid")):
            raise SystemExit("nothing was heard in the rendered file")


def training(program: Path, pack: Path, home: Path, scratch: Path, environment: dict[str, str]) -> None:
    """Kill the pack while it learns, have the frozen program find it and go on, and write with what was learned."""
    started = time.monotonic()
    data = home / ".local" / "share" / "Turnaround"
    data.mkdir(parents=True, exist_ok=True)
    (data / "training").symlink_to(pack.resolve(), target_is_directory=True)
    songs = scratch / "songs"
    songs.mkdir()
    for number in range(12):
        (songs / f"{number}.mid").write_bytes(_song(number))
    arguments = ["finetune", songs, "--out", "Mine", *SHORT_COURSE]
    killed = subprocess.Popen(
        [pack.resolve() / "turnaround-training", *arguments, "--json"], stdout=subprocess.PIPE, env=environment
    )
    _until_step(killed, KILLED_AT_STEP)
    killed.kill()
    killed.wait()
    events = data / "models" / ".Mine.training" / "events.jsonl"
    before = len(_steps(events))
    subprocess.run([program, *arguments], check=True, env=environment)
    if not 1 < _steps(events)[before] <= KILLED_AT_STEP + 1:
        raise SystemExit("the training did not go on where it was killed")
    if not (data / "models" / "Mine" / "manifest.json").is_file():
        raise SystemExit("no model came of the training")
    out = scratch / "mine"
    subprocess.run(
        [program, "generate", "--model", "Mine", "--out", out, "--part", "bass"], check=True, env=environment
    )
    if not list(out.glob("*.mid")):
        raise SystemExit("the new model wrote nothing")
    sys.stdout.write(f"a model of one's own after {time.monotonic() - started:.1f} s\n")


def _until_step(process: "subprocess.Popen[bytes]", step: int) -> None:
    """Read what a training tells until it has come to a step."""
    assert process.stdout is not None
    for line in process.stdout:
        event = json.loads(line)
        if event["event"] == "step" and event["step"] >= step:
            return
    raise SystemExit(f"the training ended before step {step}")


def _steps(events: Path) -> list[int]:
    """Return the steps that a training told of, those of all its parts."""
    told = [json.loads(line) for line in events.read_text(encoding="utf-8").splitlines()]
    return [event["step"] for event in told if event["event"] == "step"]


def _song(number: int) -> bytes:
    """Return sixteen bars of a bass in eighths, as a Standard MIDI File: a bar of its own, again and again."""
    bar = random.Random(number).choices((33, 36, 38, 40, 43, 45), k=8)
    steps = bar * 16
    # Delta times of 0 and 240 ticks; 240 is 0x81 0x70.
    notes = b"".join(bytes((0, 0x90, pitch, 90, 0x81, 0x70, 0x80, pitch, 0)) for pitch in steps) + b"\x00\xff\x2f\x00"
    header = b"MThd" + (6).to_bytes(4, "big") + bytes((0, 0, 0, 1)) + (480).to_bytes(2, "big")
    return header + b"MTrk" + len(notes).to_bytes(4, "big") + notes


def window_names(environment: dict[str, str]) -> str:
    """Return what xdotool finds of the window, "" while there is none."""
    search = ["xdotool", "search", "--onlyvisible", "--name", "Turnaround"]
    return subprocess.run(search, capture_output=True, text=True, env=environment, check=False).stdout.strip()


def kept_takes(home: Path) -> int:
    """Return how many takes the library holds."""
    path = home / ".local" / "share" / "Turnaround" / "takes.sqlite"
    if not path.exists():
        return 0
    with closing(sqlite3.connect(path)) as library:
        return int(library.execute("SELECT count(*) FROM takes").fetchone()[0])


def window(program: Path, home: Path, environment: dict[str, str]) -> None:
    """Open the window, press G, wait for the takes."""
    started = time.monotonic()
    process = subprocess.Popen([program], env=environment)
    try:
        while not window_names(environment):
            _wait(started, process, "no window opened")
        opened = time.monotonic() - started
        time.sleep(2.0)  # the first loop is being loaded
        found = window_names(environment).splitlines()[-1]
        subprocess.run(["xdotool", "windowfocus", found, "key", "--clearmodifiers", "g"], check=True, env=environment)
        while kept_takes(home) < TAKES:
            _wait(started, process, "no takes arrived")
        sys.stdout.write(f"window after {opened:.1f} s, {TAKES} takes after {time.monotonic() - started:.1f} s\n")
    finally:
        process.terminate()
        process.wait(10)


def _wait(started: float, process: "subprocess.Popen[bytes]", complaint: str) -> None:
    if process.poll() is not None or time.monotonic() - started > DEADLINE_SECONDS:
        raise SystemExit(complaint)
    time.sleep(0.1)


def main() -> None:
    parser = argparse.ArgumentParser(description="Does the frozen build live?")
    parser.add_argument("program", type=Path, nargs="?", default=ROOT / "dist" / "turnaround" / "turnaround")
    parser.add_argument("--pack", type=Path, help="the training pack's folder")
    options = parser.parse_args()
    program: Path = options.program.resolve()
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch) / "home"
        home.mkdir()
        read, write = os.pipe()
        screen = subprocess.Popen(
            ["Xvfb", "-displayfd", str(write), "-screen", "0", "1440x900x24"],
            pass_fds=[write],
            stderr=subprocess.DEVNULL,
        )
        os.close(write)
        with open(read, encoding="ascii") as numbers:
            display = f":{numbers.readline().strip()}"
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "QT_", "XDG_"))}
        environment = kept | {"HOME": str(home), "DISPLAY": display}
        try:
            command_line(program, Path(scratch), environment)
            window(program, home, environment)
            if options.pack is not None:
                training(program, options.pack, home, Path(scratch), environment)
        finally:
            screen.terminate()
            screen.wait(10)


if __name__ == "__main__":
    main()
