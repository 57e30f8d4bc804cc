"""Tempo and bar 1 of sounds: how often they are found in rendered music whose own time is hidden.

    python -m benchmarks.sound_timing --corpus FOLDER [--split valid] [--count 45] [--cache FOLDER]

FOLDER holds MIDI files and a manifest.csv. Music rendered by `benchmarks.rendered_sounds` is heard as the program hears
a file. Each sound begins at a moment drawn at random, within a bar; “exported” counts how often bar 1 is found where a
sound begins with it, as stems of a DAW do, and is heard anew. Tolerances are those of `benchmarks.timing_detection`.
Songs, moments and hearings are the same each time. Hearing takes most of the time, three quarters of an hour on a busy
machine; `--cache` keeps hearings for another run.
"""

import argparse
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from benchmarks.hearings import hearings
from benchmarks.rendered_sounds import KINDS, TimedSound, rendered_sounds
from benchmarks.timing_detection import NEAR_SECONDS, tempo_word
from engine.audio.transcribing import common_tempo
from engine.music.heard import HeardStem


def both_begins(sounds: Iterator[TimedSound]) -> Iterator[TimedSound]:
    """Yield each sound from within its first bar on, then from its first bar line on."""
    for number, sound in enumerate(sounds):
        yield sound.begun_within(number)
        yield sound.begun_with_a_bar()


def report(name: str, heard: Iterator[tuple[TimedSound, HeardStem]]) -> None:
    """Print how often tempo and bar 1 are found of what `both_begins` yields."""
    tempi: Counter[str] = Counter()
    meters: Counter[str] = Counter()
    among = both = known = exported = total = 0
    for (within, stem), (from_line, its_stem) in zip(heard, heard, strict=True):
        found = common_tempo([stem])
        word = tempo_word(found.bpm, within.bpm)
        tempi[word] += 1
        meters[str(found.meter)] += 1
        among += any(tempo_word(bpm, within.bpm) == "right" for bpm in (found.bpm, *found.alternatives))
        with_meter = common_tempo([stem], meter=within.meter)
        both += word == "right" and _is_bar_line(with_meter.bar_one_seconds, within)
        known += _is_bar_line(_bar_one(stem, within), within)
        exported += _is_bar_line(_bar_one(its_stem, from_line), from_line)
        total += 1
    row = {
        "sounds": name,
        "n": total,
        "tempo": {word: round(count / total, 3) for word, count in tempi.most_common()},
        "meter": dict(meters),
        "tempo_among_those_offered": round(among / total, 3),
        "tempo_and_bar_one": round(both / total, 3),
        "bar_one_with_the_tempo_given": round(known / total, 3),
        "and_exported": round(exported / total, 3),
    }
    print(json.dumps(row), flush=True)


def _bar_one(stem: HeardStem, sound: TimedSound) -> float:
    return common_tempo([stem], meter=sound.meter, tempo_bpm=sound.bpm).bar_one_seconds


def _is_bar_line(seconds: float, sound: TimedSound) -> bool:
    """Tell whether a moment is a true bar line, those before and after the annotated ones among them."""
    bar = sound.bar_seconds
    nearest = float(sound.bar_lines[np.argmin(np.abs(sound.bar_lines - seconds))])
    return abs((seconds - nearest + bar / 2) % bar - bar / 2) <= NEAR_SECONDS


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--split", default="valid", choices=("train", "valid", "test"))
    parser.add_argument("--count", type=int, default=45, help="Sounds of each kind.")
    parser.add_argument("--kinds", nargs="+", default=list(KINDS), choices=KINDS)
    parser.add_argument("--cache", type=Path, help="A folder outside the project that keeps hearings.")
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args(arguments)
    for kind in options.kinds:
        sounds = both_begins(rendered_sounds(options.corpus, options.split, options.count, kind))
        report(kind, hearings(sounds, processes=options.processes, cache=options.cache))


if __name__ == "__main__":
    main()
