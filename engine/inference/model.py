"""The one interface to a model that answers rows with rows: `LoopModel`.

The generator knows nothing of ONNX: it begins with prompts, feeds one row a take and step, and gets back
what was drawn. `OnnxLoopModel` does that on a model bundle; tests use one with uniform logits.
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from engine.inference.tables import FloatArray, Sampled, SamplingTables, Tables
from engine.representation.vocabulary import Rows


class DecodeState(Protocol):
    """What a model remembers of B running takes; belongs to the model that began it."""

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """Rows read so far by each take, prompt included: int64 [B]."""
        ...


class LoopModel(Protocol):
    """A model of loops as rows, one note each."""

    def begin(self, prompts: Sequence[Rows], *, capacity: int) -> DecodeState:
        """Read the prompts and return the state in which each take goes on from its own.

        Args:
            prompts: One a take, int16 [T, ROW_WIDTH] each, T ≥ 1, of any length; equal ones are read once.
            capacity: Rows that the longest take may come to hold, its prompt included.
        """
        ...

    def step(
        self, state: DecodeState, rows: Rows, *, tables: Tables, sampling: SamplingTables, noise: FloatArray
    ) -> Sampled:
        """Feed one row a take and draw each take's answer to it.

        Args:
            state: From `begin`; grows by one row a take.
            rows: int16 [B, ROW_WIDTH]; a finished take is fed PAD rows and its answer ignored.
            tables: What is legal in the answers.
            sampling: How to draw them.
            noise: float32 [B, SAMPLED_SIZE] Gumbel noise of this row of each take.
        """
        ...

    def score(self, rows: Rows, labels: npt.NDArray[np.int64]) -> FloatArray:
        """Return how unlikely given answers are, without any mask.

        Args:
            rows: int16 [B, T, ROW_WIDTH], padded at the end with PAD rows.
            labels: int64 [B, T, 6], 0-based ids in `Field` order, -1 = not counted.

        Returns:
            float32 [B, T, 6], negative log-likelihood in nats, 0 where a label is -1.
        """
        ...
