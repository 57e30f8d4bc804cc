"""How well loops are found in songs, and how fast.

    python -m benchmarks.mining known [--seeds 4] [--peers]
    python -m benchmarks.mining real --corpus FOLDER [--split valid] [--peers]

`known`: songs with two loops each (`synthetic_songs`), for every period, meter, feel, with and without a voice that
never repeats: precision (a found loop lies in a written one and has its length; a second one there is wrong) and
recall; also with one part that goes round under others that do not, searched by itself. `--peers` runs the rules of
others (`mining_rules`), which find one loop many times over: so precision is told with repeats allowed, too.

`real`: FOLDER holds MIDI files and a manifest.csv with their split. Songs with loops as they are and with their bars
shuffled (what is found then is a false alarm); drums played live; songs a second from bytes to loops, on one core.
All figures of the miner were set on the train split.
"""

import argparse
import csv
import itertools
import json
import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # figures are for one core

import numpy as np
import numpy.typing as npt

from benchmarks import mining_rules
from benchmarks.synthetic_songs import FEELS, Condition, KnownLoop, known_song, one_part_song
from engine.errors import MidiFileError
from engine.midi import smf
from engine.midi.song import Column
from engine.mining.loops import PERIODS, SongBars, find_loops, find_part_loops
from engine.mining.songs import song_bars
from engine.music.timing import Meter

METERS = (Meter(4, 4), Meter(3, 4), Meter(6, 8), Meter(7, 8), Meter(5, 4))
SONG_SETS = ("lakh_clean", "pop909", "freedoom", "simutrans", "easyrpg_rtp")
PEER_SONGS = 60
Found = set[tuple[int, int]]
Rule = Callable[[SongBars, npt.NDArray[np.int32]], Found]


class Tally:
    """Loops found once, written, found in all, and found rightly however often, by condition."""

    def __init__(self) -> None:
        self._counts: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])

    def add(self, names: Sequence[str], known: Sequence[KnownLoop], found: Found) -> None:
        hits = len([loop for loop in known if any(_is_hit(loop, *each) for each in found)])
        right = len([each for each in found if any(_is_hit(loop, *each) for loop in known)])
        for name in names:
            for index, more in enumerate((hits, len(known), len(found), right)):
                self._counts[name][index] += more

    def rows(self) -> Iterator[dict[str, object]]:
        for name, (hits, known, found, right) in self._counts.items():
            yield {
                "condition": name,
                "loops": known,
                "precision": round(hits / max(found, 1), 3),
                "precision_repeats_allowed": round(right / max(found, 1), 3),
                "recall": round(hits / known, 3),
            }


def _is_hit(loop: KnownLoop, start: int, bars: int) -> bool:
    return bars == loop.bars and loop.start_bar <= start and start + bars <= loop.end_bar


def ours(song: SongBars, _: npt.NDArray[np.int32]) -> Found:
    return {(loop.start_bar, loop.bars) for loop in find_loops(song)}


PEERS: dict[str, Rule] = {
    "S0, second lag": mining_rules.loops_by_lag,
    "S2 hard": mining_rules.loops_by_equal_sets,
    "S2 soft": mining_rules.loops_by_likeness,
}


def known_songs(seeds: int, *, with_peers: bool) -> None:
    rules: dict[str, Rule] = {"ours": ours} | (PEERS if with_peers else {})
    tallies = {rule: Tally() for rule in rules}
    alone = Tally()
    for period, meter, feel, seed in itertools.product(PERIODS, METERS, FEELS, range(seeds)):
        for has_voice in (False, True):
            known = known_song(Condition(period, meter, feel, has_voice), seed)
            names = ("all", f"{period} bars", str(meter), feel, "voice" if has_voice else "no voice")
            for name, rule in rules.items():
                tallies[name].add(names, known.loops, rule(known.song, known.velocity))
        known, part = one_part_song(Condition(period, meter, feel, has_voice=False), seed)
        found = {(loop.start_bar, loop.bars) for loop in find_part_loops(known.song).get(part, ())}
        alone.add(("one part alone", f"one part alone, {feel}"), known.loops, found)
    for name, tally in tallies.items():
        for row in tally.rows():
            print(json.dumps({"rule": name, **row}), flush=True)
    for row in alone.rows():
        print(json.dumps({"rule": "ours", **row}), flush=True)


def corpus_rows(corpus: Path, split: str, sets: Sequence[str]) -> list[dict[str, str]]:
    with (corpus / "manifest.csv").open(encoding="utf-8") as table:
        return [row for row in csv.DictReader(table) if row["split"] == split and row["set"] in sets]


def shuffled(song: SongBars, seed: int) -> SongBars:
    """Return a song with its bars of the commonest length in a random order."""
    lengths = np.diff(song.bar_starts)
    common = np.bincount(lengths).argmax()
    bars = np.flatnonzero(lengths == common)
    goal = np.arange(len(lengths))
    goal[bars] = np.random.default_rng(seed).permutation(bars)
    bar = np.searchsorted(song.bar_starts, song.onset, side="right") - 1
    bar = np.clip(bar, 0, len(lengths) - 1)
    onset = song.bar_starts[goal[bar]] + song.onset - song.bar_starts[bar]
    return replace(song, onset=onset.astype(np.int32))


def real_songs(corpus: Path, split: str, most: int) -> None:
    rows = corpus_rows(corpus, split, SONG_SETS)
    rows = [rows[index] for index in np.random.default_rng(0).permutation(len(rows))[:most].tolist()]
    seconds: list[float] = []
    counts: list[int] = []
    alarms: list[str] = []
    part_alarms = parts = rejects = 0
    for number, row in enumerate(rows):
        path = corpus / row["path"]
        try:
            begun = time.process_time()
            song = song_bars(smf.read_song(path))
            found = find_loops(song)
            seconds.append(time.process_time() - begun)
        except MidiFileError:
            rejects += 1
            continue
        counts.append(len(found))
        mixed = shuffled(song, number)
        if find_loops(mixed):
            alarms.append(row["path"])
        part_alarms += len(find_part_loops(mixed))
        parts += len(np.unique(song.track))
    times = np.array(seconds)
    report = {
        "split": split,
        "songs": len(seconds),
        "rejected": rejects,
        "with_loops": round(float(np.mean(np.array(counts) > 0)), 3),
        "loops_a_song": round(float(np.mean(counts)), 2),
        "shuffled_with_loops": round(len(alarms) / len(seconds), 4),
        "shuffled_parts_with_loops": round(part_alarms / parts, 4),
        "songs_a_second_median": round(1 / float(np.median(times)), 1),
        "songs_a_second_mean": round(1 / float(times.mean()), 1),
        "worst_seconds": round(float(times.max()), 3),
    }
    print(json.dumps(report), flush=True)
    for path in alarms:
        print("false alarm:", path)


def peers_on_real_songs(corpus: Path, split: str, most: int) -> None:
    rows = corpus_rows(corpus, split, SONG_SETS)
    rows = [rows[index] for index in np.random.default_rng(0).permutation(len(rows))[:most].tolist()]
    songs = [smf.read_song(corpus / row["path"]) for row in rows]
    for name, rule in ({"ours": ours} | PEERS).items():
        seconds: list[float] = []
        alarms = 0
        for number, song in enumerate(songs):
            bars, velocity = song_bars(song), song.notes[:, Column.VELOCITY]
            begun = time.process_time()
            rule(bars, velocity)
            seconds.append(time.process_time() - begun)
            alarms += bool(rule(shuffled(bars, number), velocity))
        report = {
            "rule": name,
            "songs": len(songs),
            "shuffled_with_loops": round(alarms / len(songs), 3),
            "songs_a_second_median_reading_left_out": round(1 / float(np.median(seconds)), 2),
            "worst_seconds": round(max(seconds), 2),
        }
        print(json.dumps(report), flush=True)


def live_drums(corpus: Path, split: str) -> None:
    with_loops: list[bool] = []
    lengths: defaultdict[int, int] = defaultdict(int)
    for row in corpus_rows(corpus, split, ["gmd"]):
        song = song_bars(smf.read_song(corpus / row["path"]))
        if len(song.bar_starts) - 1 < 8:  # fills, and beats too short to go round
            continue
        found = find_loops(song)
        with_loops.append(bool(found))
        for loop in found:
            lengths[loop.bars] += 1
    share = round(float(np.mean(with_loops)), 3)
    print(json.dumps({"live_drums": len(with_loops), "with_loops": share, "by_bars": dict(sorted(lengths.items()))}))


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("known", "real"))
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--peers", action="store_true")
    parser.add_argument("--corpus", type=Path)
    parser.add_argument("--split", default="valid", choices=("train", "valid"))
    parser.add_argument("--most", type=int, default=100_000)
    options = parser.parse_args(arguments)
    if options.what == "known":
        known_songs(options.seeds, with_peers=options.peers)
    elif options.corpus is None:
        parser.error("real songs need --corpus")
    else:
        real_songs(options.corpus, options.split, options.most)
        live_drums(options.corpus, options.split)
        if options.peers:
            peers_on_real_songs(options.corpus, options.split, PEER_SONGS)


if __name__ == "__main__":
    main()
