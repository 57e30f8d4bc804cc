"""Sound to notes: how many notes of rendered stems are heard again, by mir_eval, and how fast.

    python -m benchmarks.transcription --corpus FOLDER [--split valid] [--count 50] [--roles bass keys drums]
        [--soundfont FILE]

FOLDER holds MIDI files and a manifest.csv with their split. From `count` songs a part of each role is taken, eight
bars of it are rendered with the default SoundFont or another, and what is transcribed is compared with what was
written: note F1, onsets within 50 ms, pitch exact, ends not compared. Drums are compared by what they strike. The
rules were set on the train split; the figures are the valid split's.
"""

import argparse
import csv
import json
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import mir_eval
import numpy as np
import soxr

from engine.audio.drums import KEYS_OF_DRUM, Drum, hear_drums
from engine.audio.reading import MODEL_RATE, Samples, Sound
from engine.audio.transcribing import heard
from engine.errors import EngineError
from engine.live.synth import DEFAULT_SAMPLE_RATE, render_loop
from engine.midi import smf
from engine.midi.song import cut_window
from engine.music.general_midi import Role
from engine.music.loop import Loop
from engine.music.timing import seconds_from_ticks

BARS = 8
TOLERANCE_SECONDS = 0.05
FEWEST_NOTES = 24
PIANOS = range(0, 8)
SETS = ("lakh_clean", "pop909")


@dataclass(frozen=True, slots=True)
class RenderedStem:
    """A part that was written, and its sound at `MODEL_RATE`; notes as (onset s, end s, pitch)."""

    name: str
    loop: Loop
    samples: Samples

    @property
    def notes(self) -> list[tuple[float, float, int]]:
        tempo = self.loop.tempo_bpm
        return [
            (seconds_from_ticks(n.onset, tempo), seconds_from_ticks(n.end, tempo), n.pitch)
            for n in self.loop.tracks[0].notes
        ]


def rendered_stems(
    corpus: Path, role: Role, *, split: str, count: int, seed: int = 5, soundfont: Path | None = None
) -> Iterator[RenderedStem]:
    """Yield `count` parts of a role, one a song, in an order that the seed gives."""
    for name, loop in written_stems(corpus, role, split=split, count=count, seed=seed):
        yield rendered(name, loop, soundfont)


def rendered(name: str, loop: Loop, soundfont: Path | None, program: int | None = None) -> RenderedStem:
    """Return a stem as a SoundFont plays it, with a program of its own if one is given."""
    track = loop.tracks[0]
    played = loop if program is None else loop.with_tracks([replace(track, program=program)])
    sound = render_loop(played, soundfont=soundfont).mean(axis=1)
    return RenderedStem(name, loop, soxr.resample(sound, DEFAULT_SAMPLE_RATE, MODEL_RATE))


def written_stems(corpus: Path, role: Role, *, split: str, count: int, seed: int = 5) -> Iterator[tuple[str, Loop]]:
    """Yield the names and notes of `count` parts of a role."""
    with (corpus / "manifest.csv").open(encoding="utf-8") as table:
        rows = [row for row in csv.DictReader(table) if row["split"] == split and row["set"] in SETS]
    found = 0
    for index in np.random.default_rng(seed).permutation(len(rows)).tolist():
        loop = _part(corpus / rows[index]["path"], role)
        if loop is None:
            continue
        yield rows[index]["path"], loop
        found += 1
        if found == count:
            return


def _part(path: Path, role: Role) -> Loop | None:
    """Return eight bars from a third into the song of its first part of a role that plays enough there."""
    try:
        song = smf.read_song(path)
        loop = cut_window(song, first_bar=song.bars // 3, bars=BARS).loop
    except (EngineError, ValueError):
        return None
    for track in loop.tracks:
        is_wanted = track.role is role and (role is not Role.KEYS or track.program in PIANOS)
        if is_wanted and len(track.notes) >= FEWEST_NOTES and loop.seconds < 60:
            return loop.with_tracks([track])
    return None


Notes = list[tuple[float, int]]  # onset in seconds, pitch


def _matched(reference: Notes, estimate: Notes) -> list[tuple[int, int]]:
    def arrays(notes: Notes) -> tuple[np.ndarray, np.ndarray]:
        times = np.array([[onset, onset + 0.1] for onset, _ in notes]).reshape(-1, 2)
        return times, mir_eval.util.midi_to_hz(np.array([pitch for _, pitch in notes], float))

    if not reference or not estimate:
        return []
    return mir_eval.transcription.match_notes(
        *arrays(reference),
        *arrays(estimate),
        onset_tolerance=TOLERANCE_SECONDS,
        offset_ratio=None,  # pyright: ignore[reportArgumentType]  # documented, its type is told from the default
    )


def f1(matched: int, reference: int, estimate: int) -> float:
    return 2 * matched / (reference + estimate) if reference + estimate else 1.0


def pitched_report(role: Role, stems: Iterator[RenderedStem]) -> dict[str, object]:
    """Return note F1 of a pitched role and what was heard instead."""
    scores: list[float] = []
    wrong: Counter[str] = Counter()
    offsets: list[float] = []
    sound_seconds = used_seconds = 0.0
    for stem in stems:
        begun = time.perf_counter()
        found = heard(Sound(stem.samples, MODEL_RATE, MODEL_RATE, 1), "stem", role=role)
        used_seconds += time.perf_counter() - begun
        sound_seconds += len(stem.samples) / MODEL_RATE
        reference = [(onset, pitch) for onset, _, pitch in stem.notes]
        estimate = [(note.onset_seconds, note.pitch) for note in found.notes]
        pairs = _matched(reference, estimate)
        scores.append(f1(len(pairs), len(reference), len(estimate)))
        offsets += [estimate[j][0] - reference[i][0] for i, j in pairs]
        wrong.update(_confusions(reference, estimate, pairs))
    return {
        "stems": len(scores),
        "f1_mean": round(float(np.mean(scores)), 3),
        "f1_median": round(float(np.median(scores)), 3),
        "f1_worst": round(min(scores), 3),
        "onset_error_ms_median": round(1000 * float(np.median(np.abs(offsets))), 1),
        "confused": dict(wrong.most_common(8)),
        "times_real_time": round(sound_seconds / used_seconds, 1),
    }


def _confusions(reference: Notes, estimate: Notes, pairs: list[tuple[int, int]]) -> Iterator[str]:
    """Yield what each unmatched note is: missed, or heard at another pitch or time."""
    written, found = {i for i, _ in pairs}, {j for _, j in pairs}
    yield from ("missed" for i in range(len(reference)) if i not in written)
    for j, (onset, pitch) in enumerate(estimate):
        if j in found:
            continue
        together = [pitch - p for o, p in reference if abs(o - onset) < TOLERANCE_SECONDS]
        same = any(p == pitch and abs(o - onset) < 0.25 for o, p in reference)
        nearest = min(together, key=abs, default=None)
        octave = any(abs(step) in (12, 24) for step in together)
        yield (
            "twice or early or late" if same else "octave" if octave else "alone" if nearest is None else "other pitch"
        )


def drum_report(stems: Iterator[RenderedStem]) -> dict[str, object]:
    """Return F1 by kind of drum, over all strokes, and which kinds were heard for which."""
    counts = {drum: [0, 0, 0] for drum in Drum}  # matched, written, heard
    confused: Counter[str] = Counter()
    sound_seconds = used_seconds = 0.0
    number = 0
    for stem in stems:
        number += 1
        begun = time.perf_counter()
        found = hear_drums(stem.samples)
        used_seconds += time.perf_counter() - begun
        sound_seconds += len(stem.samples) / MODEL_RATE
        for drum, tally in counts.items():
            # Two keys of a kind struck at once are one stroke.
            written = sorted({(round(o, 3), drum.value) for o, _, p in stem.notes if p in KEYS_OF_DRUM[drum]})
            struck = [(note.onset_seconds, note.pitch) for note in found if note.pitch == drum.value]
            pairs = _matched(written, struck)
            for at, more in enumerate((len(pairs), len(written), len(struck))):
                tally[at] += more
            hit = {j for _, j in pairs}
            for j, (onset, _) in enumerate(struck):
                if j not in hit:
                    at_once = {
                        k.name for o, _, p in stem.notes for k in Drum if p in KEYS_OF_DRUM[k] and abs(o - onset) < 0.05
                    }
                    confused[f"{drum.name} for {'+'.join(sorted(at_once)) or 'nothing or other'}"] += 1
    return {
        "stems": number,
        "f1": {drum.name.lower(): round(f1(*tally), 3) for drum, tally in counts.items()},
        "strokes": {drum.name.lower(): tally[1] for drum, tally in counts.items()},
        "confused": dict(confused.most_common(10)),
        "times_real_time": round(sound_seconds / used_seconds, 1),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--split", default="valid", choices=("train", "valid"))
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--roles", nargs="+", default=["bass", "keys", "drums"], choices=("bass", "keys", "drums"))
    parser.add_argument("--soundfont", type=Path, help="a .sf2 or .sf3 file that nothing was fitted on")
    options = parser.parse_args(arguments)
    for role in map(Role, options.roles):
        stems = rendered_stems(
            options.corpus, role, split=options.split, count=options.count, soundfont=options.soundfont
        )
        report = drum_report(stems) if role is Role.DRUMS else pitched_report(role, stems)
        print(json.dumps({"role": role.value, "split": options.split, **report}), flush=True)


if __name__ == "__main__":
    main()
