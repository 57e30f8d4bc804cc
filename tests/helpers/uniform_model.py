"""A `LoopModel` that finds everything equally likely and remembers all that it was fed."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from engine.inference.model import DecodeState
from engine.inference.sampling import sample_reference
from engine.inference.tables import FloatArray, Sampled, SamplingTables, Tables
from engine.representation.vocabulary import FIELD_SIZES, SAMPLED_SIZE, Field, Rows


@dataclass(slots=True)
class UniformState:
    """The prompts, and each row fed since, with the tables that came with it and what was drawn."""

    prompts: tuple[Rows, ...]
    capacity: int
    lengths: npt.NDArray[np.int64]
    rows: list[Rows] = field(default_factory=list)
    tables: list[Tables] = field(default_factory=list)
    sampled: list[Sampled] = field(default_factory=list)


class UniformModel:
    """Draws uniformly among what is legal: only the tables give its loops any shape."""

    def __init__(self) -> None:
        self.states: list[UniformState] = []

    def begin(self, prompts: Sequence[Rows], *, capacity: int) -> UniformState:
        """Remember the prompts."""
        lengths = np.array([len(prompt) for prompt in prompts], dtype=np.int64)
        assert (lengths > 0).all()
        assert lengths.max() <= capacity
        state = UniformState(tuple(np.array(prompt) for prompt in prompts), capacity, lengths)
        self.states.append(state)
        return state

    def step(
        self, state: DecodeState, rows: Rows, *, tables: Tables, sampling: SamplingTables, noise: FloatArray
    ) -> Sampled:
        """Draw from uniform logits."""
        assert isinstance(state, UniformState)
        state.lengths += 1
        assert state.lengths.max() <= state.capacity, "more rows than asked for"
        sampled = sample_reference(np.zeros((len(rows), SAMPLED_SIZE), np.float32), tables, sampling, noise)
        state.rows.append(np.array(rows))
        state.tables.append(tables)
        state.sampled.append(sampled)
        return sampled

    def use_style(self, share: float) -> None:
        """Have no style."""

    def score(self, rows: Rows, labels: npt.NDArray[np.int64]) -> FloatArray:
        """Return the logarithm of each field's size wherever there is a label."""
        sizes = np.log(np.array([FIELD_SIZES[f] for f in Field], dtype=np.float32))
        return np.where(labels >= 0, sizes, np.float32(0.0))
