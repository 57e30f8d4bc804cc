"""Random masks that keep what callers of a model guarantee: no field is ever left empty."""

import numpy as np

from engine.inference.tables import Tables
from engine.representation.vocabulary import DURATION_STEPS, FIELD_SIZES, PITCHES, Field


def _some(rng: np.random.Generator, batch: int, size: int) -> np.ndarray:
    legal = rng.random((batch, size)) < rng.uniform(0.05, 0.9)
    legal[np.arange(batch), rng.integers(0, size, batch)] = True
    return legal


def random_tables(rng: np.random.Generator, batch: int, positions: int) -> Tables:
    """Return tables in which every field has a legal value whatever was drawn before it.

    Args:
        rng: Source of randomness.
        batch: Takes, B.
        positions: Grid steps of the bar, P.
    """
    duration = _some(rng, batch, FIELD_SIZES[Field.DURATION])
    shortest = np.array(DURATION_STEPS)[duration.argmax(axis=1)]
    position = _some(rng, batch, positions)
    limit = rng.integers(0, DURATION_STEPS[-1] + 1, (batch, positions, PITCHES))
    limit[rng.random(limit.shape) < 0.7] = 0
    limit[limit < shortest[:, None, None]] = 0
    # At least one pitch at every legal position takes the shortest legal duration.
    pitch = rng.integers(0, PITCHES, (batch, positions))
    take, step = np.nonzero(position)
    limit[take, step, pitch[take, step]] = np.maximum(limit[take, step, pitch[take, step]], shortest[take])
    return Tables(
        kind=_some(rng, batch, FIELD_SIZES[Field.KIND]),
        position=position,
        limit=limit.astype(np.int16),
        duration=duration,
        velocity=_some(rng, batch, FIELD_SIZES[Field.VELOCITY]),
        micro=_some(rng, batch, FIELD_SIZES[Field.MICRO]),
        drums=rng.random(batch) < 0.5,
    )
