"""How unlikely a model finds real music that it has not seen: the figure by which models are compared.

Windows and tasks are drawn from a split as in training, but without augmentation and from a fixed seed, so that every
model is asked the same. What is counted is every decision of a written note, summed over its fields and divided by
the notes; bundles are scored as they ship, quantised, without torch.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from engine.errors import CorpusError
from engine.inference.model import LoopModel
from engine.representation.vocabulary import Field, Kind, Rows
from training.dataset import SongPool, WindowConfig, example, padded

WINDOWS_AT_ONCE = 8
_CONFIG = WindowConfig(augment=False)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What a model says of a split.

    Attributes:
        windows: Windows it was asked about.
        notes: Notes that were to be written in them.
        nats_per_note: Negative log-likelihood a note, all decisions.
        nats_by_field: The same, field by field.
    """

    windows: int
    notes: int
    nats_per_note: float
    nats_by_field: dict[str, float]

    @property
    def bits_per_note(self) -> float:
        """The same in bits."""
        return self.nats_per_note / math.log(2)


def evaluate_model(model: LoopModel, songs: SongPool, *, windows: int = 256, seed: int = 20_000) -> Evaluation:
    """Score a model on windows of a split.

    Args:
        model: What to score.
        songs: The split.
        windows: How many to draw.
        seed: Of the draw.

    Raises:
        CorpusError: The songs hold nothing to be written.
    """
    sequences = [rows for rows, _ in zip(_windows(songs, seed), range(windows), strict=False)]
    sequences.sort(key=len)
    totals = np.zeros(len(Field))
    notes = 0
    for start in range(0, len(sequences), WINDOWS_AT_ONCE):
        chosen = sequences[start : start + WINDOWS_AT_ONCE]
        batch = padded(chosen, max(len(rows) for rows in chosen))
        totals += model.score(batch.rows, batch.labels.astype(np.int64)).sum(axis=(0, 1), dtype=np.float64)
        notes += int((batch.labels[..., Field.KIND] == Kind.NOTE).sum())
    if not notes:
        raise CorpusError("There is nothing to be written in these songs.", "Prepare more of them.")
    by_field = {field.name.lower(): float(totals[field]) / notes for field in Field}
    return Evaluation(len(sequences), notes, float(totals.sum()) / notes, by_field)


def window_of(songs: SongPool, rng: np.random.Generator) -> Rows:
    """Return the rows of one task on one window of a song drawn by its weight.

    Raises:
        CorpusError: A thousand songs gave none.
    """
    for _ in range(1000):
        song = songs[int(rng.choice(len(songs), p=songs.probabilities))]
        rows = example(song, _CONFIG, rng)
        if rows is not None:
            return rows
    raise CorpusError("There is nothing to be written in these songs.", "Prepare more of them.")


def _windows(songs: SongPool, seed: int) -> Iterator[Rows]:
    """Yield windows of songs drawn by their weight, without end."""
    rng = np.random.default_rng(seed)
    while True:
        yield window_of(songs, rng)
