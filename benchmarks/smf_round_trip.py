"""Do our readers lose anything, and how fast are they? Whole songs of a corpus, beside three other readers.

    python -m benchmarks.smf_round_trip CORPUS [--manifest manifest.csv.xz --split valid] [--compared 200] [--seed 1]

1. Every song is read with `read_song`; rejects are listed with their reason.
2. Up to four 4-bar loops of every song are written and read back: they must be equal.
3. On `--compared` songs drawn at random, `read_song_exact` must give the same song; pretty_midi and miditoolkit
   are asked for every note's onset, and what only one side has is counted.
4. A table of files a second (processor time, bytes to notes) for all of them on the same songs.
"""

import argparse
import csv
import io
import lzma
import random
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import miditoolkit
import pretty_midi
import symusic

from engine.errors import MidiFileError
from engine.midi import smf
from engine.midi.song import Column, Song, cut_window
from engine.music.timing import PPQ

LOOP_BARS, LOOPS_A_SONG = 4, 4

Onsets = set[tuple[int, int, bool]]  # tick at PPQ, pitch, whether on the drum channel


def song_paths(corpus: Path, manifest: Path | None, split: str) -> list[Path]:
    """Return the songs of a split, or of the whole folder where no manifest is given."""
    if manifest is None:
        return sorted(corpus.rglob("*.mid"))
    raw = manifest.read_bytes()
    text = (lzma.decompress(raw) if manifest.suffix == ".xz" else raw).decode()
    return sorted(corpus / row["path"] for row in csv.DictReader(io.StringIO(text)) if row["split"] == split)


def round_trip_failures(song: Song, folder: Path) -> tuple[int, int]:
    """Write and read back loops of a song; return how many, and how many came back different."""
    starts = [bar for bar in range(0, song.bars, LOOP_BARS) if song.is_regular(bar, LOOP_BARS)]
    failures = 0
    for first_bar in starts[:: max(1, len(starts) // LOOPS_A_SONG)][:LOOPS_A_SONG]:
        loop = cut_window(song, first_bar=first_bar, bars=LOOP_BARS).loop
        loop = loop.with_tracks(replace(track, name=track.role.value) for track in loop.tracks)
        smf.write(loop, folder / "loop.mid", programs=True)
        back = smf.read(folder / "loop.mid")
        expected = loop.with_tracks(replace(track, name="") for track in loop.tracks)
        failures += back != smf.ReadResult(expected)
    return len(starts[:: max(1, len(starts) // LOOPS_A_SONG)][:LOOPS_A_SONG]), failures


def scaled(tick: int, ticks_per_quarter: int) -> int:
    return (tick * 2 * PPQ + ticks_per_quarter) // (2 * ticks_per_quarter)


def our_onsets(song: Song) -> Onsets:
    columns = (song.notes[:, column].tolist() for column in (Column.TRACK, Column.ONSET, Column.PITCH))
    return {(onset, pitch, song.tracks[track].is_drums) for track, onset, pitch in zip(*columns, strict=True)}


def miditoolkit_onsets(data: bytes) -> Onsets:
    file = miditoolkit.MidiFile(file=io.BytesIO(data))
    return {
        (scaled(note.start, file.ticks_per_beat), note.pitch, part.is_drum)
        for part in file.instruments
        for note in part.notes
    }


def pretty_midi_onsets(data: bytes) -> Onsets:
    file = pretty_midi.PrettyMIDI(io.BytesIO(data))
    return {
        (scaled(file.time_to_tick(note.start), file.resolution), note.pitch, part.is_drum)
        for part in file.instruments
        for note in part.notes
    }


def files_a_second(reader: Callable[[bytes], object], files: Sequence[bytes]) -> float:
    started = time.process_time()
    for data in files:
        try:
            reader(data)
        except Exception:  # noqa: BLE001  (other readers raise anything; what counts here is their time)
            continue
    return len(files) / (time.process_time() - started)


def read_all(paths: Sequence[Path]) -> None:
    """Steps 1 and 2."""
    rejects: Counter[str] = Counter()
    notes = loops = failures = 0
    with tempfile.TemporaryDirectory() as folder:
        for path in paths:
            try:
                song = smf.read_song(path)
            except MidiFileError as error:
                rejects[str(error).partition("cannot be read: ")[2]] += 1
                continue
            notes += len(song.notes)
            tried, failed = round_trip_failures(song, Path(folder))
            loops, failures = loops + tried, failures + failed
    print(f"{len(paths):,} songs, {sum(rejects.values())} rejected {dict(rejects)}, {notes:,} notes")
    print(f"{loops:,} loops of {LOOP_BARS} bars written and read back, {failures} came back different")


def compare(files: Sequence[bytes]) -> None:
    """Step 3."""
    different = 0
    others: dict[str, Callable[[bytes], Onsets]] = {
        "miditoolkit": miditoolkit_onsets,
        "pretty_midi": pretty_midi_onsets,
    }
    only_ours, only_theirs, refused, shared = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    for data in files:
        song = smf.read_song(data, name="song")
        different += not song.same_as(smf.read_song_exact(data, name="song"))
        ours = our_onsets(song)
        for name, reader in others.items():
            try:
                theirs = reader(data)
            except Exception:  # noqa: BLE001  (what they refuse is counted)
                refused[name] += 1
                continue
            only_ours[name] += len(ours - theirs)
            only_theirs[name] += len(theirs - ours)
            shared[name] += len(ours & theirs)
    print(f"{len(files)} songs read exactly as well: {different} differ from read_song")
    print(f"{'onsets against':16}{'both':>12}{'only ours':>12}{'only theirs':>12}{'refused':>10}")
    for name in others:
        print(f"{name:16}{shared[name]:12,}{only_ours[name]:12,}{only_theirs[name]:12,}{refused[name]:10}")


def speed_table(files: Sequence[bytes]) -> None:
    """Step 4."""
    readers: dict[str, Callable[[bytes], object]] = {
        "symusic alone": symusic.Score.from_midi,
        "read_song": lambda data: smf.read_song(data, name="song"),
        "miditoolkit": lambda data: miditoolkit.MidiFile(file=io.BytesIO(data)),
        "pretty_midi": lambda data: pretty_midi.PrettyMIDI(io.BytesIO(data)),
        "read_song_exact": lambda data: smf.read_song_exact(data, name="song"),
    }
    print(f"{'reader':18}{'files/s':>10}")
    for name, reader in readers.items():
        print(f"{name:18}{files_a_second(reader, files):10.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--manifest", type=Path)
    parser.add_argument("--split", default="valid")
    parser.add_argument("--compared", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # pretty_midi's about tempi outside the first track
    paths = song_paths(options.corpus, options.manifest, options.split)
    chosen = random.Random(options.seed).sample(paths, min(options.compared, len(paths)))
    files = [path.read_bytes() for path in chosen]
    read_all(paths)
    compare(files)
    speed_table(files)


if __name__ == "__main__":
    main()
