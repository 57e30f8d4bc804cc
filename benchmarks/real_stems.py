"""Parts for the stems of real songs, through the command line: is every file what was asked?

    python -m benchmarks.real_stems --data PACKED [--model assets/models/base] [--songs 20] [--takes 4]

For songs of the test split: a keys part for drums and bass, and a drums part for bass and keys. Every file is
opened with mido and must be exactly the stems' bars long on every track, hold the one part that was asked
and at least one note, drums on channel 10, nothing hanging, nothing after the end.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import mido
import numpy as np

from benchmarks.music_quality import BARS, reduced
from engine.midi import smf
from engine.music.general_midi import DRUM_CHANNEL, Role
from engine.music.loop import Loop
from engine.music.timing import PPQ
from training.dataset import SongPool, WindowConfig, window_at

ROLES = (Role.DRUMS, Role.BASS, Role.KEYS)


def song_loops(songs: SongPool, *, count: int, seed: int) -> Iterator[tuple[str, Loop]]:
    """Yield name and a 4-bar loop of drums, bass and keys of each of `count` songs."""
    rng = np.random.default_rng(seed)
    config = WindowConfig(max_rows=2000, augment=False)
    found = 0
    for index in rng.permutation(len(songs)).tolist():
        song = songs[index]
        start = song.bars // 2 // BARS * BARS
        window = window_at(song, start, BARS, config, rng, is_loop=False, all_parts=True)
        sheet = reduced(window.sheet, ROLES) if window else None
        if sheet is None:
            continue
        yield song.info.name, sheet.to_loop()
        found += 1
        if found == count:
            return


def faults(path: Path, loop: Loop, *, is_drums: bool) -> list[str]:
    """Return what is wrong with a written file."""
    file = mido.MidiFile(path)
    wrong: list[str] = []
    sounding: set[tuple[int, int]] = set()
    notes, channels, parts = 0, set[int](), 0
    for track in file.tracks:
        now, has_notes = 0, False
        for message in track:
            now += message.time
            if not isinstance(message, mido.Message):
                continue
            if message.type == "note_on" and message.velocity:
                sounding.add((message.channel, message.note))
                channels.add(message.channel)
                notes, has_notes = notes + 1, True
            elif message.type in ("note_off", "note_on"):
                sounding.discard((message.channel, message.note))
        parts += has_notes
        if now * PPQ // file.ticks_per_beat != loop.length:
            wrong.append(f"a track is {now} ticks long, not {loop.length}")
    if sounding:
        wrong.append("notes hang")
    if not notes or parts != 1:
        wrong.append(f"{notes} notes in {parts} parts")
    if is_drums != (channels == {DRUM_CHANNEL}):
        wrong.append(f"channels {sorted(channels)}")
    return wrong


def generate(stems: dict[Role, Path], part: Role, out: Path, options: argparse.Namespace) -> list[Path]:
    """Run the command line and return the files it says it wrote."""
    command = [sys.executable, "turnaround.py", "generate", "--part", part.value, "--bars", str(BARS), "--json"]
    command += ["--takes", str(options.takes), "--seed", "7", "--model", str(options.model), "--out", str(out)]
    for role, path in stems.items():
        command += ["--stem", f"{role.value}={path}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}\n{done.stderr}")
    return [Path(path) for take in json.loads(done.stdout)["takes"] for path in take["paths"]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", type=Path, default=Path("assets/models/base"))
    parser.add_argument("--songs", type=int, default=20)
    parser.add_argument("--takes", type=int, default=4)
    options = parser.parse_args()
    files = bad = 0
    with tempfile.TemporaryDirectory() as scratch:
        for number, (name, loop) in enumerate(song_loops(SongPool(options.data, "test"), count=options.songs, seed=1)):
            folder = Path(scratch) / str(number)
            folder.mkdir()
            stems: dict[Role, Path] = {}
            for track in loop.tracks:
                stems[track.role] = folder / f"{track.role.value}.mid"
                smf.write(loop.with_tracks([track]), stems[track.role])
            for part, given in ((Role.KEYS, ROLES[:2]), (Role.DRUMS, ROLES[1:])):
                out = folder / f"new-{part.value}"
                for path in generate({role: stems[role] for role in given}, part, out, options):
                    wrong = faults(path, loop, is_drums=part is Role.DRUMS)
                    files, bad = files + 1, bad + bool(wrong)
                    if wrong:
                        print(f"{name} {part.value} {path.name}: {'; '.join(wrong)}")
            print(f"{number + 1:3} {name[:60]:60} files so far {files}, faulty {bad}", flush=True)
    print(f"{files} files, {bad} faulty")


if __name__ == "__main__":
    main()
