"""Does the frozen build live? `python packaging/smoke_test.py [dist/turnaround/turnaround]`.

It writes a part for the demo stems from the command line, renders it to sound, hears that as notes (where the audio
extra was built in), opens the window on a screen of its own (Xvfb), presses G and waits until the takes are in the
library. Needs xvfb and xdotool; exit 0 only if all was seen.
"""

import os
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
    program = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "dist" / "turnaround" / "turnaround").resolve()
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
        finally:
            screen.terminate()
            screen.wait(10)


if __name__ == "__main__":
    main()
