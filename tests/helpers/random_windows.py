"""Random but legal rows for tests of the network and its training; written by us, seeded."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.music.general_midi import Role
from engine.representation.layout import Plan, Use, training_rows
from engine.representation.sheet import Sheet
from engine.representation.vocabulary import Rows
from training.dataset import Batch, padded


def random_rows(rng: np.random.Generator, *, bars: int = 2, notes: int = 12) -> Rows:
    """Return the rows of two random parts, a bass to be written beside given drums."""
    sheet = Sheet.from_ticks(
        track=rng.integers(0, 2, notes),
        onset=rng.integers(0, bars * 16, notes) * 120,
        duration=rng.integers(1, 4, notes) * 120,
        pitch=rng.integers(36, 60, notes),
        velocity=rng.integers(40, 120, notes),
        roles=(Role.DRUMS, Role.BASS),
        programs=(0, 33),
        bars=bars,
    )
    use = np.array([[Use.CONTEXT] * bars, [Use.TARGET] * bars], dtype=np.int8)
    return training_rows(sheet, Plan(use=use, slots=(1, 2)))


@dataclass(frozen=True)
class RandomSource:
    """Chunks of random windows in the place of packed songs."""

    seed: int = 0
    batches_a_chunk: int = 3
    windows: int = 4
    length: int = 64

    def chunk(self, number: int) -> Sequence[Batch]:
        rng = np.random.default_rng((self.seed, number))
        return tuple(
            padded([random_rows(rng, notes=int(rng.integers(6, 30))) for _ in range(self.windows)], self.length)
            for _ in range(self.batches_a_chunk)
        )
