"""A `LoopModel` with a will: it always wants the same, and looks at every table it is given for empty fields."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.inference.model import DecodeState
from engine.inference.sampling import field_slices, sample_reference
from engine.inference.tables import FloatArray, Sampled, SamplingTables, Tables
from engine.representation.vocabulary import DURATION_STEPS, FIELD_SIZES, SAMPLED_SIZE, Field, Kind, Rows

_STEPS = np.array(DURATION_STEPS)
_LIKES: dict[str, dict[Field, float]] = {
    "uniform": {},
    "dense": {Field.KIND: -1.0, Field.POSITION: -0.3},  # as many notes as there may be
    "long": {Field.KIND: -0.5, Field.POSITION: -0.1, Field.DURATION: 1.0},  # everything rings
    "short": {Field.KIND: -0.7, Field.POSITION: -0.05, Field.DURATION: -0.5},
    "late": {Field.KIND: -1.0, Field.POSITION: 0.3, Field.PITCH: 0.2},  # the end of the bar, the highest pitch
    "silent": {Field.KIND: 1.0},  # ends as soon as it may
}
WILLS = tuple(_LIKES)


@dataclass(slots=True)
class StubbornState:
    """How many rows each take has been fed."""

    capacity: int
    lengths: npt.NDArray[np.int64]


class StubbornModel:
    """Prefers low or high ids, field by field.

    Args:
        will: One of `WILLS`.
        strength: How much; 0 is uniform.
    """

    def __init__(self, will: str = "uniform", *, strength: float = 10.0) -> None:
        self._logits = np.zeros(SAMPLED_SIZE, dtype=np.float32)
        self.steps = 0
        for field, slope in _LIKES[will].items():
            self._logits[field_slices()[field]] = strength * slope * np.arange(FIELD_SIZES[field])

    def begin(self, prompts: Sequence[Rows], *, capacity: int) -> StubbornState:
        """Remember nothing but the lengths."""
        lengths = np.array([len(prompt) for prompt in prompts], dtype=np.int64)
        assert 0 < lengths.min() <= lengths.max() <= capacity
        return StubbornState(capacity, lengths)

    def step(
        self, state: DecodeState, rows: Rows, *, tables: Tables, sampling: SamplingTables, noise: FloatArray
    ) -> Sampled:
        """Check the tables and draw."""
        assert isinstance(state, StubbornState)
        state.lengths += 1
        self.steps += 1
        assert state.lengths.max() <= state.capacity, "more rows than asked for"
        assert not (empty := empty_fields(tables)), empty
        return sample_reference(np.tile(self._logits, (len(rows), 1)), tables, sampling, noise)

    def use_style(self, share: float) -> None:
        """Have no style."""

    def score(self, rows: Rows, labels: npt.NDArray[np.int64]) -> FloatArray:
        """Return 1 nat wherever there is a label."""
        return (labels >= 0).astype(np.float32)


def empty_fields(tables: Tables) -> list[str]:
    """Return where a field is empty for some ids that may be drawn before it; none, if tables keep their promise."""
    found: list[str] = []
    for take in range(tables.batch):
        shortest = _STEPS[tables.duration[take]].min(initial=DURATION_STEPS[-1] + 1)
        limit = tables.limit[take][tables.position[take]]
        reasons = {
            "kind": not tables.kind[take].any(),
            "position": not tables.position[take].any(),
            "pitch": not (limit > 0).any(axis=1).all(),
            "duration": bool(((limit > 0) & (limit < shortest)).any()),
            "velocity": not tables.velocity[take].any(),
            "micro": not tables.micro[take].any(),
            "illegal note": bool(tables.kind[take, Kind.NOTE]) and not limit.any(),
        }
        found += [f"take {take}: {reason}" for reason, is_so in reasons.items() if is_so]
    return found
