"""Tempo, bar 1 and key of music whose own time is hidden: how often they are found.

    python -m benchmarks.timing_detection --corpus FOLDER [--split valid]

FOLDER holds Groove MIDI and POP909 with a manifest.csv. The detector gets seconds, begun at a moment drawn at random,
and the meter. True tempo and bar lines come from the files of Groove MIDI (played to a click) and from the beats
that go with POP909's, keys from its key texts. A tempo is right within 4 %; half, twice, a third, three times and
one and a half as fast are counted apart. Bar 1 is right if it is within 70 ms of a bar line; keys are right if tonic
and mode are; relatives, fifths and parallels are counted apart.
"""

import argparse
import csv
import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from engine.midi import smf
from engine.midi.song import Column, Song
from engine.music.analysis import pitch_class_weights, recognise_key
from engine.music.harmony import Key, Mode
from engine.music.played import PlayedNotes
from engine.music.tempo import find_timing
from engine.music.timing import Meter
from engine.stems.timing import played_notes

TOLERANCE, NEAR_SECONDS = 0.04, 0.07
STRICT_GRID = 0.85
ON_LINES_16THS = 0.25
OCTAVES = {"half": 1 / 2, "twice": 2, "third": 1 / 3, "three times": 3, "one and a half": 3 / 2, "two thirds": 2 / 3}


@dataclass(frozen=True, slots=True, eq=False)
class TimedSong:
    """Notes in seconds, and what is true of them."""

    name: str
    song: Song | None
    notes: PlayedNotes
    meter: Meter
    bpm: float
    bar_lines: npt.NDArray[np.float64]
    key: Key | None = None


def timed_songs(corpus: Path, split: str, sets: Sequence[str], *, begun_elsewhere: bool = True) -> Iterator[TimedSong]:
    """Yield songs and what is true of them, begun at a moment drawn at random or as they are."""
    with (corpus / "manifest.csv").open(encoding="utf-8") as table:
        rows = [row for row in csv.DictReader(table) if row["split"] == split and row["set"] in sets]
    for number, row in enumerate(rows):
        path = corpus / row["path"]
        song = smf.read_song(path)
        timed = _pop909(path, song) if row["set"] == "pop909" else _gmd(path, song)
        if timed is not None and len(timed.notes.onset) >= 4:
            yield _begun_elsewhere(timed, number) if begun_elsewhere else timed


def steady_files(corpus: Path, split: str, seed: int, *, is_strict: bool = True) -> Iterator[tuple[Path, float]]:
    """Yield files of Lakh in 4/4, and how far their notes lie beside the grid in sixteenths, in an order that is drawn.

    The manifest's offsets, 0 to 1, are shifts that put most notes near a line: 0.9 is a tenth before one, and what is
    below a quarter is as good as none.

    Args:
        corpus: The folder.
        split: Of the manifest.
        seed: Of the order.
        is_strict: Whether only those whose notes keep to sixteenths, and whose bar lines are as they say.
    """
    with (corpus / "manifest.csv").open(encoding="utf-8") as table:
        rows = [
            row
            for row in csv.DictReader(table)
            if (row["split"], row["set"], row["time_signature"]) == (split, "lakh_clean", "4/4")
            and (not is_strict or (row["downbeat_ok"] == "1" and float(row["grid16"] or 0) > STRICT_GRID))
        ]
    for index in np.random.default_rng(seed).permutation(len(rows)).tolist():
        offset = float(rows[index]["grid_offset_16ths"] or 0)
        offset -= round(offset)
        is_on_lines = abs(offset) < ON_LINES_16THS
        if is_on_lines or not is_strict:
            yield corpus / rows[index]["path"], 0.0 if is_on_lines else offset


def _gmd(path: Path, song: Song) -> TimedSong:
    meter = song.meter_of_bar(0)
    bpm = 60e6 / song.tempo_at(0)
    bars = np.arange(song.bars + 2) * meter.ticks_per_bar / 480 * 60 / bpm
    return TimedSong(str(path), song, played_notes(song), meter, bpm, bars)


def _pop909(path: Path, song: Song) -> TimedSong | None:
    beats_text = path.with_name(f"{path.stem}.beat_midi.txt")
    table = np.loadtxt(beats_text, ndmin=2)
    beats, is_down = table[:, 0], table[:, 2] > 0
    bpm = 60 / float(np.median(np.diff(beats)))
    key = _key_of(path.with_name(f"{path.stem}.key_audio.txt"))
    quarters = Counter(np.diff(np.flatnonzero(is_down)).tolist()).most_common(1)[0][0]
    meter = Meter(int(quarters), 4)
    return TimedSong(str(path), song, played_notes(song), meter, bpm, beats[is_down], key)


def _key_of(path: Path) -> Key | None:
    """Return the key that lasts longest, None where the text names none that we know."""
    lasting: defaultdict[str, float] = defaultdict(float)
    for line in path.read_text().split("\n"):
        if len(words := line.split()) == 3:
            lasting[words[2]] += float(words[1]) - float(words[0])
    if not lasting:
        return None
    name, _, mode = max(lasting, key=lasting.__getitem__).partition(":")
    return replace(Key.parse(name), mode=Mode.MINOR if mode.startswith("min") else Mode.MAJOR)


def _begun_elsewhere(timed: TimedSong, seed: int) -> TimedSong:
    shift = float(np.random.default_rng([seed, 11]).uniform(0.5, 8.0)) - float(timed.notes.onset[0])
    notes = replace(timed.notes, onset=timed.notes.onset + shift)
    return replace(timed, notes=notes, bar_lines=timed.bar_lines + shift)


def tempo_word(found: float, true: float) -> str:
    if abs(found / true - 1) <= TOLERANCE:
        return "right"
    near = [word for word, factor in OCTAVES.items() if abs(found / (true * factor) - 1) <= TOLERANCE]
    return near[0] if near else "wrong"


def key_word(found: Key | None, true: Key) -> str:
    if found is None:
        return "none"
    minor = (Mode.MINOR, Mode.DORIAN, Mode.PHRYGIAN, Mode.HARMONIC_MINOR)
    is_minor, away = found.mode in minor, (found.tonic - true.tonic) % 12
    true_minor = true.mode in minor
    if is_minor == true_minor:
        return {0: "right", 7: "fifth", 5: "fifth"}.get(away, "wrong")
    if away == 0:
        return "parallel"
    return "relative" if away == (9 if is_minor else 3) else "wrong"


def report(name: str, songs: Sequence[TimedSong]) -> None:
    tempi: Counter[str] = Counter()
    keys: Counter[str] = Counter()
    bars = known_bars = among = 0
    for timed in songs:
        guess = find_timing(timed.notes, meter=timed.meter)
        word = tempo_word(guess.bpm, timed.bpm)
        tempi[word] += 1
        others = (guess.bpm, *guess.alternatives)
        among += any(tempo_word(bpm, timed.bpm) == "right" for bpm in others)
        bars += word == "right" and _is_bar_line(guess.bar_one_seconds, timed)
        known = find_timing(timed.notes, meter=timed.meter, bpm=timed.bpm)
        known_bars += _is_bar_line(known.bar_one_seconds, timed)
        if timed.key is not None and timed.song is not None:
            pitched = timed.song.notes[~timed.song.is_drums]
            weights = pitch_class_weights(pitched[:, Column.PITCH], pitched[:, Column.DURATION])
            keys[key_word(recognise_key(weights), timed.key)] += 1
    total = len(songs)
    shares = {word: round(count / total, 3) for word, count in tempi.most_common()}
    row: dict[str, object] = {
        "songs": name,
        "n": total,
        "tempo": shares,
        "tempo_among_those_offered": round(among / total, 3),
        "tempo_and_bar_one": round(bars / total, 3),
        "bar_one_with_the_tempo_given": round(known_bars / total, 3),
    }
    if keys:
        row["key"] = {word: round(count / sum(keys.values()), 3) for word, count in keys.most_common()}
    print(json.dumps(row), flush=True)


def _is_bar_line(seconds: float, timed: TimedSong) -> bool:
    """Tell whether a moment is a true bar line, those before and after the annotated ones among them."""
    bar = timed.meter.ticks_per_bar / 480 * 60 / timed.bpm
    nearest = float(timed.bar_lines[np.argmin(np.abs(timed.bar_lines - seconds))])
    away = abs((seconds - nearest + bar / 2) % bar - bar / 2)
    return away <= NEAR_SECONDS


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--split", default="valid", choices=("train", "valid", "test"))
    options = parser.parse_args(arguments)
    drums = list(timed_songs(options.corpus, options.split, ["gmd"]))
    report("Groove MIDI, all", drums)
    report("Groove MIDI, 4 bars or more", [timed for timed in drums if timed.song and timed.song.bars >= 4])
    report("POP909", list(timed_songs(options.corpus, options.split, ["pop909"])))


if __name__ == "__main__":
    main()
