"""Rows and labels of any ids, for models that do not mind nonsense."""

import numpy as np

from engine.representation.vocabulary import COLUMN_SIZES, FIELD_SIZES, Column, Field, Rows


def random_rows(rng: np.random.Generator, *shape: int) -> Rows:
    """Return int16 [*shape, ROW_WIDTH]."""
    return np.stack([rng.integers(0, COLUMN_SIZES[column], shape) for column in Column], axis=-1).astype(np.int16)


def random_labels(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Return int64 [*shape, 6], about a third of them -1."""
    labels = np.stack([rng.integers(0, FIELD_SIZES[field], shape) for field in Field], axis=-1)
    return np.where(rng.random(labels.shape) < 0.3, -1, labels)
