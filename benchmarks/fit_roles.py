"""Fits the small network by which roles are told from notes (`engine.midi.role_content`), on the train split.

    python -m benchmarks.fit_roles --corpus FOLDER [--songs 5000]

Writes `assets/roles/weights.npz`: plain numbers. Parts are seen beside the others of their song and, as often, alone.
Roles count by the root of how many parts have them. Minutes on a core.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.roles import parts_of, songs, true_roles
from benchmarks.small_networks import Adam, Array, write_weights
from engine.midi.part_features import FEATURES, part_features
from engine.midi.role_content import CONTENT_ROLES
from engine.resources import assets_folder

HIDDEN, PASSES, BATCH, RATE, DECAY = 96, 40, 512, 5e-3, 1e-2

Labels = npt.NDArray[np.int64]


def examples(corpus: Path, most: int) -> tuple[Array, Labels]:
    """Return features [N, `FEATURES`] and roles [N] of the parts of the train split."""
    tables: list[Array] = []
    labels: list[int] = []
    for song in songs(corpus, "train", most):
        true = true_roles(song)
        drums = [track.is_drums for track in song.tracks]
        together = part_features(song.notes, song.bar_starts, drums=drums)
        for index, part in enumerate(parts_of(song)):
            role = true[index]
            if role is None:
                continue
            alone = part_features(part.notes, part.bar_starts, drums=[drums[index]])
            tables += [together[index : index + 1], alone]
            labels += [CONTENT_ROLES.index(role)] * 2
    return np.concatenate(tables), np.array(labels)


def fitted(table: Array, labels: Labels, seed: int = 0) -> dict[str, Array]:
    """Return the weights of one hidden layer, by Adam."""
    rng = np.random.default_rng(seed)
    middle, scale = table.mean(axis=0), 1 / np.maximum(table.std(axis=0), 1e-3)
    inputs = np.concatenate([(table - middle) * scale, np.ones((len(table), 1))], axis=1)
    outcomes = len(CONTENT_ROLES)
    first = [
        rng.normal(0, (FEATURES + 1) ** -0.5, (FEATURES + 1, HIDDEN)),
        rng.normal(0, HIDDEN**-0.5, (HIDDEN + 1, outcomes)),
    ]
    importance = np.bincount(labels, minlength=outcomes) ** -0.5
    importance /= importance[labels].mean()
    steps = PASSES * len(labels) // BATCH
    adam = Adam(first, rate=RATE, decay=DECAY, steps=steps)
    for _ in range(steps):
        rows = rng.integers(0, len(labels), BATCH)
        adam.move(_gradients(inputs[rows], labels[rows], adam.weights, importance[labels[rows]]))
    hidden, output = adam.weights
    plain = hidden[:-1] * scale[:, None]
    return {"hidden": np.concatenate([plain, (hidden[-1] - middle @ plain)[None]]), "output": output}


def _gradients(inputs: Array, labels: Labels, weights: list[Array], importance: Array) -> list[Array]:
    hidden = np.tanh(inputs @ weights[0])
    extended = np.concatenate([hidden, np.ones((len(hidden), 1))], axis=1)
    scores = extended @ weights[1]
    likely = np.exp(scores - scores.max(axis=1, keepdims=True))
    likely /= likely.sum(axis=1, keepdims=True)
    likely[np.arange(len(labels)), labels] -= 1
    slope = likely * importance[:, None] / len(labels)
    back = (slope @ weights[1][:-1].T) * (1 - hidden**2)
    return [inputs.T @ back, extended.T @ slope]


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--songs", type=int, default=5000)
    options = parser.parse_args(arguments)
    table, labels = examples(options.corpus, options.songs)
    weights = fitted(table, labels)
    folder = assets_folder() / "roles"
    folder.mkdir(exist_ok=True)
    write_weights(folder / "weights.npz", weights)
    print(len(labels), "parts,", sum(value.size for value in weights.values()), "numbers")


if __name__ == "__main__":
    main()
