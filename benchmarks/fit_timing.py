"""Fits the judgements by which tempo, bar 1 and meter are told (`engine.music.judging`), on the train split.

    python -m benchmarks.fit_timing --corpus FOLDER [--songs 900] [--sounds 48] [--only beat bar] [--cache FOLDER]

Writes `assets/timing/weights.npz`: plain numbers. Seen are Groove MIDI, POP909 by its beats, songs of Lakh that keep
one tempo, whole and part by part, from a moment drawn at random, and what is heard in rendered music. Each judgement
chooses one of several candidates: tempi, turns of the bar, meters. Half an hour on a core, most of it for sounds.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.hearings import hearings
from benchmarks.other_meters import PLANS, in_meter
from benchmarks.rendered_sounds import KINDS, TimedSound, rendered_sounds
from benchmarks.small_networks import Array, averaged, choosing_network, write_weights
from benchmarks.timing_detection import TOLERANCE, TimedSong, steady_files, timed_songs
from engine.errors import MidiFileError
from engine.midi import smf
from engine.midi.song import Song
from engine.music.bar_lines import WINDOW_BARS, bar_profiles, slots_a_bar, turned
from engine.music.general_midi import Role
from engine.music.heard import played
from engine.music.loop import COMMON_TIME
from engine.music.meters import FEWEST_BARS, METERS, meter_features
from engine.music.played import PlayedNotes
from engine.music.slots import slots_of
from engine.music.tempo import beat_candidates
from engine.music.timing import Meter
from engine.resources import assets_folder
from engine.stems.timing import played_notes

FEWEST_NOTES = 40
WRITTEN = 400
JUDGEMENTS = ("beat", "bar", "meter")
MOST_STRETCHES, SURE_SHARE = 4, 0.8
REMADE_SHARE, PLAN_SHARES = 0.5, (0.35, 0.35, 0.15, 0.15)
SAME_METER = {Meter(6, 4): Meter(3, 4)}


def lakh_songs(corpus: Path, split: str, most: int, *, is_strict: bool = True) -> Iterator[TimedSong]:
    """Yield pieces of songs that keep one tempo, and of two parts of each."""
    rng = np.random.default_rng(0)
    for path, offset_16ths in islice(steady_files(corpus, split, 0, is_strict=is_strict), most):
        try:
            song = smf.read_song(path)
        except MidiFileError:
            continue
        if len(song.tempos) == 1 and len(song.meters) == 1 and len(song.notes):
            yield from _pieces(song, offset_16ths, rng)


def heard_songs(corpus: Path, split: str, most: int, *, processes: int, cache: Path | None) -> Iterator[TimedSong]:
    """Yield what is heard in rendered music, `most` sounds of each kind, half of them begun with a bar."""
    for kind in KINDS:
        sounds = _begun(rendered_sounds(corpus, split, most, kind))
        for sound, stem in hearings(sounds, processes=processes, cache=cache):
            parts = [(stem.notes, stem.role is Role.DRUMS), (stem.strokes, True)]
            yield TimedSong("heard", None, played(parts), sound.meter, sound.bpm, sound.bar_lines)


def _begun(sounds: Iterator[TimedSound]) -> Iterator[TimedSound]:
    for number, sound in enumerate(sounds):
        yield sound.begun_within(number)
        if number % 2 == 0:
            yield sound.begun_with_a_bar()


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
    return PlayedNotes(
        notes.onset[chosen], notes.duration[chosen], notes.pitch[chosen], notes.velocity[chosen], notes.is_drum[chosen]
    )


def beat_examples(songs: Sequence[TimedSong]) -> tuple[list[Array], list[Array]]:
    """Return features of each song's candidates, and which of them are right (shares of 1)."""
    tables: list[Array] = []
    truths: list[Array] = []
    missed = 0
    for timed in songs:
        bpms, features = beat_candidates(timed.notes)
        right = (np.abs(bpms / timed.bpm - 1) <= TOLERANCE).astype(float)
        if not right.any():
            missed += 1
            continue
        tables.append(features)
        truths.append(right / right.sum())
    print(f"{missed} of {len(songs)} without the true tempo among the candidates")
    return tables, truths


def bar_examples(songs: Sequence[TimedSong]) -> tuple[list[Array], list[Array]]:
    """Return stretches of songs in their turns, [turns, features], and the right turn of each."""
    tables: list[Array] = []
    truths: list[Array] = []
    rng = np.random.default_rng(2)
    for timed in songs:
        if timed.meter != Meter():
            continue
        slots = slots_of(timed.notes, timed.bpm)
        count = slots_a_bar(timed.meter)
        windows = bar_profiles(slots, timed.meter)
        line = np.rint((timed.bar_lines - slots.origin_seconds) / slots.seconds).astype(np.int64)
        window = np.clip(line // (count * WINDOW_BARS), 0, len(windows) - 1)
        for at in rng.permutation(len(windows))[:MOST_STRETCHES].tolist():
            votes = np.bincount(line[window == at] % count, minlength=count)
            if votes.max() >= SURE_SHARE * max(votes.sum(), 1):
                tables.append(turned(windows[at : at + 1])[0])
                truths.append(np.eye(count)[int(votes.argmax())])
    return tables, truths


def meter_examples(songs: Sequence[TimedSong], seed: int = 3) -> tuple[list[Array], list[Array]]:
    """Return what each meter is judged by of songs as they are, and of some of those in 4/4 remade in others."""
    rng = np.random.default_rng(seed)
    tables: list[Array] = []
    truths: list[Array] = []
    for timed in songs:
        known = [replace(timed, meter=SAME_METER.get(timed.meter, timed.meter))]
        if timed.meter == COMMON_TIME and rng.random() < REMADE_SHARE:
            known.append(in_meter(timed, list(PLANS)[int(rng.choice(len(PLANS), p=PLAN_SHARES))], rng))
        for each in known:
            is_enough = len(each.notes.onset) >= FEWEST_NOTES // 2
            if is_enough and each.meter in METERS and np.ptp(each.notes.onset) * each.bpm / 60 >= FEWEST_BARS * 4:
                tables.append(meter_features(slots_of(each.notes, each.bpm)))
                truths.append(np.eye(len(METERS))[METERS.index(each.meter)])
    return tables, truths


def written_beats(count: int, seed: int = 7) -> Iterator[TimedSong]:
    """Yield what a drum machine plays: kicks on one and three, snares on two and four, hats, and kicks between."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        bpm, bars = float(rng.uniform(62, 170)), int(rng.integers(3, 17))
        hats = range(0, 16, int(rng.choice([1, 2, 4], p=[0.25, 0.6, 0.15])))
        between = rng.choice([3, 6, 7, 10, 11, 14, 15], int(rng.integers(0, 4)), replace=False).tolist()
        pattern = [(at, 36) for at in (0, 8, *between)] + [(4, 38), (12, 38)] + [(at, 42) for at in hats]
        spread = float(rng.choice([0.0, 0.006, 0.012]))
        notes = PlayedNotes.of_rows(
            (
                (bar * 16 + at) * 15 / bpm + float(rng.uniform(-spread, spread)),
                0.1,
                key,
                int(rng.integers(70, 115)),
                True,
            )
            for bar in range(bars)
            for at, key in pattern
        )
        yield TimedSong("written", None, notes, Meter(), bpm, np.arange(bars + 1) * 240 / bpm)


def written_lines(count: int, seed: int = 8) -> Iterator[TimedSong]:
    """Yield even lines of one voice, in quarters or eighths, some of them left out."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        bpm, bars, a_bar = float(rng.uniform(62, 170)), int(rng.integers(3, 17)), int(rng.choice([4, 8]))
        step, spread = 240 / bpm / a_bar, float(rng.choice([0.0, 0.006, 0.012]))
        chosen = np.flatnonzero(rng.random(bars * a_bar) < rng.choice([0.7, 0.85, 1.0])).tolist()
        notes = PlayedNotes.of_rows(
            (at * step + float(rng.uniform(-spread, spread)), step, int(rng.integers(30, 50)), 90, False)
            for at in chosen
        )
        yield TimedSong("written", None, notes, Meter(), bpm, np.arange(bars + 1) * 240 / bpm)


def crops(timed: TimedSong, rng: np.random.Generator) -> Iterator[TimedSong]:
    """Yield pieces of a longer recording, each from a bar line on for a while."""
    for _ in range(min(len(timed.bar_lines) // 8, 3)):
        begin = float(timed.bar_lines[rng.integers(0, len(timed.bar_lines) - 4)]) - 0.04
        chosen = (timed.notes.onset >= begin) & (timed.notes.onset < begin + rng.uniform(6, 60))
        if chosen.sum() >= FEWEST_NOTES // 2:
            yield replace(timed, notes=_taken(timed.notes, chosen))


@dataclass(frozen=True, slots=True)
class Fit:
    """How a judgement is fitted: see `choosing_network`; its networks differ in their seeds and are averaged."""

    hidden: int
    passes: int
    decay: float
    networks: int


def fitted(fit: Fit, examples: tuple[list[Array], list[Array]]) -> list[dict[str, Array]]:
    """Return networks that choose rightly among each example's candidates."""
    networks: list[dict[str, Array]] = []
    for seed in range(fit.networks):
        network, right = choosing_network(*examples, hidden=fit.hidden, passes=fit.passes, decay=fit.decay, seed=seed)
        networks.append(network)
        print(f"{len(examples[0])} examples, {right:.3f} right", flush=True)
    return networks


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--songs", type=int, default=900, help="Of Lakh.")
    parser.add_argument("--sounds", type=int, default=48, help="Of each kind.")
    parser.add_argument("--only", nargs="+", default=list(JUDGEMENTS), choices=JUDGEMENTS, help="The others stay.")
    parser.add_argument("--cache", type=Path, help="A folder outside the project that keeps hearings.")
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    rng = np.random.default_rng(1)
    whole = list(timed_songs(options.corpus, "train", ["gmd", "pop909"]))
    sounds = list(
        heard_songs(options.corpus, "train", options.sounds, processes=options.processes, cache=options.cache)
    )
    songs = [*whole, *(piece for timed in [*whole, *sounds] for piece in crops(timed, rng)), *sounds]
    songs += lakh_songs(options.corpus, "train", options.songs)
    loose = lakh_songs(options.corpus, "train", options.songs, is_strict=False)
    rare = [timed for timed in songs if timed.meter != COMMON_TIME]
    beats = [*songs, *whole, *sounds, *sounds, *written_beats(WRITTEN)]
    with_lines = [*beats, *written_lines(WRITTEN)]
    beat_fit, bar_fit, meter_fit = Fit(16, 30, 0.1, 2), Fit(24, 20, 1.0, 3), Fit(16, 60, 0.01, 1)
    path = assets_folder() / "timing" / "weights.npz"
    weights: dict[str, Array] = dict(np.load(path)) if path.exists() else {}
    if "beat" in options.only:
        networks = [*fitted(beat_fit, beat_examples(beats)), *fitted(beat_fit, beat_examples(with_lines))]
        weights |= _named("beat", networks)
    if "bar" in options.only:
        weights |= _named("bar", fitted(bar_fit, bar_examples([*songs, *sounds])))
    if "meter" in options.only:
        weights |= _named("meter", fitted(meter_fit, meter_examples([*songs[::2], *loose, *rare])))
    path.parent.mkdir(exist_ok=True)
    write_weights(path, weights)


def _named(judgement: str, networks: list[dict[str, Array]]) -> dict[str, Array]:
    return {f"{judgement}_{part}": value for part, value in averaged(networks).items()}


if __name__ == "__main__":
    main()
