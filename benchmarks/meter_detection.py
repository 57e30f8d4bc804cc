"""The meter, told from notes alone: a table of what it is and what is told.

    python -m benchmarks.meter_detection --corpus FOLDER [--split valid] [--songs 300]

FOLDER holds MIDI files and a manifest.csv. Four kinds of music: songs in five meters that `benchmarks.synthetic_songs`
writes, whose drums and stabs fall anywhere in the bar; the corpus's songs in 4/4, some of each; the
same remade in other meters by `benchmarks.other_meters`; and the few of the corpus that are in another meter. Tempo is
given; `find_timing` tells both where it is not. 6/4 counts as 3/4, 9/8 is not told at all.
"""

import argparse
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from benchmarks.fit_timing import SAME_METER, lakh_songs
from benchmarks.other_meters import PLANS, in_meter
from benchmarks.synthetic_songs import DRUMS, FEELS, Condition, known_song
from benchmarks.timing_detection import TimedSong, timed_songs
from engine.music.loop import COMMON_TIME
from engine.music.meters import METERS, find_meter
from engine.music.played import PlayedNotes
from engine.music.timing import Meter, seconds_from_ticks

SYNTHETIC_BPM, SEEDS = 110.0, 6


def synthetic() -> Iterator[tuple[Meter, Meter]]:
    """Yield the true meter and the one that is told of written songs."""
    for meter in METERS:
        for feel in FEELS:
            for period in (2, 4):
                for seed in range(SEEDS):
                    known = known_song(Condition(period, meter, feel, has_voice=True), seed)
                    song = known.song
                    onset, duration = (
                        np.array([seconds_from_ticks(t, SYNTHETIC_BPM) for t in ticks.tolist()])
                        for ticks in (song.onset, song.duration)
                    )
                    rows = zip(onset, duration, song.pitch, known.velocity, song.track == DRUMS, strict=True)
                    yield meter, find_meter(PlayedNotes.of_rows(rows), SYNTHETIC_BPM)


def told(songs: Iterable[TimedSong]) -> Iterator[tuple[Meter, Meter]]:
    """Yield the true meter and the one that is told."""
    for timed in songs:
        yield SAME_METER.get(timed.meter, timed.meter), find_meter(timed.notes, timed.bpm)


def remade(songs: Sequence[TimedSong], seed: int = 4) -> Iterator[TimedSong]:
    rng = np.random.default_rng(seed)
    for number, timed in enumerate(songs):
        meter = list(PLANS)[number % len(PLANS)]
        yield in_meter(timed, meter, rng)


def report(name: str, pairs: Iterable[tuple[Meter, Meter]]) -> None:
    """Print how often each meter is told for each."""
    counts: Counter[tuple[Meter, Meter]] = Counter(pairs)
    table: dict[str, dict[str, int]] = {}
    for (true, found), count in sorted(counts.items(), key=lambda item: (str(item[0][0]), -item[1])):
        table.setdefault(str(true), {})[str(found)] = count
    right = sum(count for (true, found), count in counts.items() if true == found)
    print(json.dumps({"songs": name, "right": round(right / counts.total(), 3), "true and told": table}), flush=True)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--split", default="valid", choices=("train", "valid"))
    parser.add_argument("--songs", type=int, default=300)
    options = parser.parse_args(arguments)
    report("written", synthetic())
    whole = list(timed_songs(options.corpus, options.split, ["gmd", "pop909"]))
    lakh = list(lakh_songs(options.corpus, options.split, options.songs, is_strict=False))
    for name, songs in (("Lakh", lakh), ("Groove MIDI and POP909", whole)):
        common = [timed for timed in songs if timed.meter == COMMON_TIME and timed.notes.onset[-1] * timed.bpm > 1000]
        report(f"{name} in 4/4", told(common))
        report(f"{name} in 4/4, remade", told(remade(common)))
    report("Groove MIDI and POP909 in others", told(timed for timed in whole if timed.meter != COMMON_TIME))


if __name__ == "__main__":
    main()
