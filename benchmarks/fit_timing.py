"""Fits the judgements by which tempo and bar 1 are told (`engine.music.tempo`), on the train split.

    python -m benchmarks.fit_timing --corpus FOLDER [--songs 1200]

Writes `assets/timing/weights.npz`: plain numbers. Seen are Groove MIDI, POP909 by its beats, and songs of Lakh that
keep one tempo, whole and part by part, from a bar or a moment drawn at random. Each judgement chooses one of several
candidates: tempi, turns of the bar. Minutes on a core.
"""

import argparse
import csv
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.small_networks import Array, choosing_network
from benchmarks.timing_detection import TOLERANCE, TimedSong, timed_songs
from engine.errors import MidiFileError
from engine.midi import smf
from engine.midi.song import Song
from engine.music.tempo import SLOTS, PlayedNotes, bar_profile, beat_candidates
from engine.music.timing import Meter
from engine.resources import assets_folder
from engine.stems.timing import played_notes

FEWEST_NOTES = 40
PASSES, DECAY = 40, 0.01


def lakh_songs(corpus: Path, most: int) -> Iterator[TimedSong]:
    with (corpus / "manifest.csv").open(encoding="utf-8") as table:
        rows = [
            row
            for row in csv.DictReader(table)
            if (row["split"], row["set"], row["downbeat_ok"]) == ("train", "lakh_clean", "1")
            and row["time_signature"] == "4/4"
            and float(row["grid16"] or 0) > 0.85
        ]
    rng = np.random.default_rng(0)
    for index in rng.permutation(len(rows))[:most].tolist():
        try:
            song = smf.read_song(corpus / rows[index]["path"])
        except MidiFileError:
            continue
        if len(song.tempos) > 1 or len(song.meters) > 1 or not len(song.notes):
            continue
        yield from _pieces(song, float(rows[index]["grid_offset_16ths"] or 0), rng)


def _pieces(song: Song, offset_16ths: float, rng: np.random.Generator) -> Iterator[TimedSong]:
    """Yield a song and two of its parts, each from somewhere on for a while."""
    bpm = 60e6 / song.tempo_at(0)
    lines = (song.bar_starts / 480 + offset_16ths / 4) * 60 / bpm
    notes = played_notes(song)
    tracks = song.notes[:, 0]
    for part in (-1, *rng.permutation(len(song.tracks))[:2].tolist()):
        begin = float(lines[rng.integers(0, max(len(lines) - 9, 1))]) - 0.02
        if rng.random() < 0.3:
            begin += float(rng.uniform(0, 4))
        chosen = (notes.onset >= begin) & (notes.onset < begin + rng.uniform(15, 100))
        chosen &= (tracks == part) | (part < 0)
        if chosen.sum() >= FEWEST_NOTES:
            yield TimedSong(song.name, song, _taken(notes, chosen), Meter(), bpm, lines)


def _taken(notes: PlayedNotes, chosen: npt.NDArray[np.bool_]) -> PlayedNotes:
    columns = (notes.onset, notes.duration, notes.pitch, notes.velocity, notes.is_drum)
    return PlayedNotes(*(column[chosen] for column in columns))


def beat_examples(songs: Sequence[TimedSong]) -> tuple[list[Array], list[Array]]:
    """Return features of each song's candidates, and which of them are right (shares of 1)."""
    tables: list[Array] = []
    truths: list[Array] = []
    missed = 0
    for timed in songs:
        bpms, features = beat_candidates(timed.notes, timed.notes.channels())
        right = (np.abs(bpms / timed.bpm - 1) <= TOLERANCE).astype(float)
        if not right.any():
            missed += 1
            continue
        tables.append(features)
        truths.append(right / right.sum())
    print(f"{missed} of {len(songs)} without the true tempo among the candidates")
    return tables, truths


def bar_examples(songs: Sequence[TimedSong]) -> tuple[list[Array], list[Array]]:
    """Return each song's profile in its turns, [turns, features], and the right turn."""
    tables: list[Array] = []
    truths: list[Array] = []
    for timed in songs:
        if timed.meter != Meter():
            continue
        origin, profile = bar_profile(timed.notes, timed.notes.channels(), timed.bpm, timed.meter)
        slots = profile.shape[1]
        slot = 60 / timed.bpm / SLOTS
        turn = round((float(timed.bar_lines[0]) - origin) / slot) % slots
        tables.append(np.array([np.roll(profile, -each, axis=1).reshape(-1) for each in range(slots)]))
        truths.append(np.eye(slots)[turn])
    return tables, truths


def crops(timed: TimedSong, rng: np.random.Generator) -> Iterator[TimedSong]:
    """Yield pieces of a longer recording, each from a bar line on for a while."""
    for _ in range(min(len(timed.bar_lines) // 8, 3)):
        begin = float(timed.bar_lines[rng.integers(0, len(timed.bar_lines) - 4)]) - 0.04
        chosen = (timed.notes.onset >= begin) & (timed.notes.onset < begin + rng.uniform(6, 60))
        if chosen.sum() >= FEWEST_NOTES // 2:
            yield replace(timed, notes=_taken(timed.notes, chosen))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--songs", type=int, default=1200)
    options = parser.parse_args()
    whole = list(timed_songs(options.corpus, "train", ["gmd", "pop909"]))
    rng = np.random.default_rng(1)
    songs = [*whole, *(piece for timed in whole for piece in crops(timed, rng))]
    songs += list(lakh_songs(options.corpus, options.songs))
    weights: dict[str, Array] = {}
    for name, examples, hidden in (("beat", beat_examples(songs), 16), ("bar", bar_examples(songs), 24)):
        network, right = choosing_network(*examples, hidden=hidden, passes=PASSES, decay=DECAY)
        weights |= {f"{name}_{part}": value.astype(np.float32) for part, value in network.items()}
        print(f"{name}: {len(examples[0])} examples, {right:.3f} right")
    folder = assets_folder() / "timing"
    folder.mkdir(exist_ok=True)
    np.savez(folder / "weights.npz", **weights)


if __name__ == "__main__":
    main()
