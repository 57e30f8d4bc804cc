"""Sets the weights by which transcription judges what it hears, on rendered music of the train split.

    python -m benchmarks.fit_transcription --corpus FOLDER [--count 80] > engine/audio/weights.py

A logistic regression each, with a little weight decay, every stem counting alike. Minutes on two cores.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.transcription import RenderedStem, rendered_stems
from engine.audio.decoding import candidates, features
from engine.audio.drums import KEYS_OF_DRUM, Drum, drum_features
from engine.audio.onsets import HOPS_A_SECOND, onset_envelope
from engine.audio.pitched import BASS_RULES, LOWEST_KEY, POLYPHONIC_RULES, PitchRules, hear_pitches
from engine.music.general_midi import Role

NEAR_SECONDS = 0.05
Array = npt.NDArray[np.float64]


def fitted(table: Array, truth: Array, weight: Array, *, decay: float = 0.05) -> list[float]:
    """Return the weights of a logistic regression, by Newton's method."""
    w = np.zeros(table.shape[1])
    for _ in range(30):
        p = 1 / (1 + np.exp(-np.clip(table @ w, -30, 30)))
        slope = table.T @ (weight * (truth - p)) - decay * w
        bend = (table * (weight * p * (1 - p))[:, None]).T @ table + decay * np.eye(len(w))
        w += np.linalg.solve(bend, slope)
    return [round(x, 2) for x in w.tolist()]


def pitched_weights(stems: Sequence[RenderedStem], rules: PitchRules) -> list[float]:
    tables: list[Array] = []
    truths: list[Array] = []
    for stem in stems:
        sounding, beginning = hear_pitches(stem.samples)
        found = candidates(sounding, beginning, onset_envelope(stem.samples), rules)
        if not found:
            continue
        truth = np.zeros(len(found))
        for onset, _, pitch in stem.notes:
            away = [
                (abs(c.onset_seconds - onset), i)
                for i, c in enumerate(found)
                if c.key + LOWEST_KEY == pitch and abs(c.onset_seconds - onset) < NEAR_SECONDS and not truth[i]
            ]
            if away:
                truth[min(away)[1]] = 1
        tables.append(features(found, sounding))
        truths.append(truth)
    return fitted(np.concatenate(tables), np.concatenate(truths), _alike(tables))


def drum_weights(stems: Sequence[RenderedStem]) -> dict[str, list[float]]:
    tables: list[Array] = []
    truths: list[Array] = []
    for stem in stems:
        frames, table = drum_features(stem.samples)
        if not len(frames):
            continue
        times, truth = frames / HOPS_A_SECOND, np.zeros((len(frames), len(Drum)))
        for onset, _, pitch in stem.notes:
            for kind, drum in enumerate(Drum):
                nearest = int(np.argmin(abs(times - onset)))
                if pitch in KEYS_OF_DRUM[drum] and abs(times[nearest] - onset) < NEAR_SECONDS:
                    truth[nearest, kind] = 1
        tables.append(table)
        truths.append(truth)
    table, truth, weight = np.concatenate(tables), np.concatenate(truths), _alike(tables)
    return {drum.name: fitted(table, truth[:, kind], weight, decay=0.5) for kind, drum in enumerate(Drum)}


def _alike(tables: Sequence[Array]) -> Array:
    return np.concatenate([np.full(len(table), 100 / len(table)) for table in tables])


def text_of(bass: list[float], polyphonic: list[float], drums: dict[str, list[float]]) -> str:
    """Return the module of weights."""
    rows = "".join(f'    "{name}": {_tuple(row)},\n' for name, row in drums.items())
    return (
        '"""Weights of the judgements in `decoding.py` and `drums.py`.\n\n'
        'Written by `benchmarks/fit_transcription.py` from rendered music of the train split.\n"""\n\n'
        f"# fmt: off\nBASS_WEIGHTS = {_tuple(bass)}\nPOLYPHONIC_WEIGHTS = {_tuple(polyphonic)}\n"
        f"DRUM_WEIGHTS: dict[str, tuple[float, ...]] = {{\n{rows}}}\n# fmt: on\n"
    )


def _tuple(row: list[float]) -> str:
    """Return a tuple of at most 12 numbers a line."""
    lines = [", ".join(f"{x:g}" for x in row[at : at + 12]) for at in range(0, len(row), 12)]
    return "(\n        " + ",\n        ".join(lines) + ",\n    )"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--count", type=int, default=80)
    options = parser.parse_args()

    def stems(role: Role) -> list[RenderedStem]:
        return list(rendered_stems(options.corpus, role, split="train", count=options.count))

    bass = pitched_weights(stems(Role.BASS), BASS_RULES)
    polyphonic = pitched_weights(stems(Role.KEYS), POLYPHONIC_RULES)
    sys.stdout.write(text_of(bass, polyphonic, drum_weights(stems(Role.DRUMS))))


if __name__ == "__main__":
    main()
