"""What one decoding step is given beside its row: what is legal, and how to draw.

`Tables` says what may come next (made by `masks.py`, which never sees logits); `SamplingTables` says how
adventurous the draw is. Both are applied inside the step graph, field after field, and in the same order by
the NumPy reference in `sampling.py`. They are plain arrays with a first axis of takes, so that a step can
copy them into bound memory without looking at them.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.representation.vocabulary import DURATION_STEPS, FIELD_SIZES, PITCHES, POSITIONS, Field

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]
LimitArray = npt.NDArray[np.int16]

FIELDS = len(Field)


@dataclass(frozen=True, slots=True)
class Tables:
    """What is legal in the next row of each of B takes, in a bar of P grid steps.

    A position is legal iff `position` says so; a pitch iff its `limit` at the sampled position is above 0; a
    duration iff `duration` says so and it is no longer than the limit at the sampled position and pitch.
    Whoever builds tables guarantees that no field is left empty, whatever was sampled before it; the step
    does not check that.

    Attributes:
        kind: bool [B, 2], in `Kind` order.
        position: bool [B, P], P ≤ `POSITIONS`.
        limit: int16 [B, P, 128], the longest legal duration in grid steps, 0 = illegal.
        duration: bool [B, durations].
        velocity: bool [B, velocities].
        micro: bool [B, microtimings].
        drums: bool [B], true where pitches are drums (the upper half of the pitch field).
    """

    kind: BoolArray
    position: BoolArray
    limit: LimitArray
    duration: BoolArray
    velocity: BoolArray
    micro: BoolArray
    drums: BoolArray

    def __post_init__(self) -> None:
        batch, positions = self.position.shape
        expected = {
            "kind": (batch, FIELD_SIZES[Field.KIND]),
            "limit": (batch, positions, PITCHES),
            "duration": (batch, FIELD_SIZES[Field.DURATION]),
            "velocity": (batch, FIELD_SIZES[Field.VELOCITY]),
            "micro": (batch, FIELD_SIZES[Field.MICRO]),
            "drums": (batch,),
        }
        for name, shape in expected.items():
            if getattr(self, name).shape != shape:
                raise ValueError(f"table {name} has shape {getattr(self, name).shape}, not {shape}")
        if not 0 < positions <= POSITIONS:
            raise ValueError(f"a bar has 1 … {POSITIONS} steps, not {positions}")

    @property
    def batch(self) -> int:
        """Number of takes, B."""
        return self.position.shape[0]

    @classmethod
    def unconstrained(cls, batch: int, *, positions: int = POSITIONS, drums: bool = False) -> "Tables":
        """Return tables in which everything is legal.

        Args:
            batch: Takes, B.
            positions: Grid steps of the bar, P.
            drums: Whether pitches are drums.
        """

        def every(*shape: int) -> BoolArray:
            return np.ones((batch, *shape), dtype=np.bool_)

        return cls(
            kind=every(FIELD_SIZES[Field.KIND]),
            position=every(positions),
            limit=np.full((batch, positions, PITCHES), DURATION_STEPS[-1], dtype=np.int16),
            duration=every(FIELD_SIZES[Field.DURATION]),
            velocity=every(FIELD_SIZES[Field.VELOCITY]),
            micro=every(FIELD_SIZES[Field.MICRO]),
            drums=np.full(batch, drums, dtype=np.bool_),
        )


@dataclass(frozen=True, slots=True)
class SamplingTables:
    """How each take draws each field; columns in `Field` order.

    Attributes:
        temperature: float32 [B, 6], ≥ 0.001; with noise 0 and 0.001 a draw is the argmax.
        min_p: float32 [B, 6], a value survives with at least this share of the likeliest one's probability; 0 = off.
        top_p: float32 [B, 6], the likeliest values that make up this mass survive; 1 = off.
        top_k: int64 [B, 6], this many of the likeliest values survive; 0 = off.
    """

    temperature: FloatArray
    min_p: FloatArray
    top_p: FloatArray
    top_k: IntArray

    def __post_init__(self) -> None:
        for name in ("temperature", "min_p", "top_p", "top_k"):
            shape = getattr(self, name).shape
            if shape != (self.temperature.shape[0], FIELDS):
                raise ValueError(f"sampling table {name} has shape {shape}, not [B, {FIELDS}]")
        if not (self.temperature >= 1e-3).all():
            raise ValueError("temperatures are 0.001 or more; argmax is 0.001 with noise 0")
        if not ((self.min_p >= 0).all() and (self.min_p <= 1).all()):
            raise ValueError("min_p is a share, 0 … 1")

    @property
    def batch(self) -> int:
        """Number of takes, B."""
        return self.temperature.shape[0]

    @classmethod
    def constant(
        cls, batch: int, *, temperature: float = 1.0, min_p: float = 0.0, top_p: float = 1.0, top_k: int = 0
    ) -> "SamplingTables":
        """Return the same way of drawing for all takes and fields; arguments as the attributes."""
        shape = (batch, FIELDS)
        return cls(
            temperature=np.full(shape, temperature, dtype=np.float32),
            min_p=np.full(shape, min_p, dtype=np.float32),
            top_p=np.full(shape, top_p, dtype=np.float32),
            top_k=np.full(shape, top_k, dtype=np.int64),
        )


@dataclass(frozen=True, slots=True)
class Sampled:
    """What one step drew for each of B takes.

    Attributes:
        ids: int64 [B, 6], 0-based ids in `Field` order. Where KIND is END the others mean nothing.
        log_prob: float32 [B, 6], log-probability of the chosen id among the legal ones, before temperature and cuts.
        logits: float32 [B, SAMPLED_SIZE], fields in order, before masking, each given the ids drawn before it;
            `None` unless asked for.
    """

    ids: IntArray
    log_prob: FloatArray
    logits: FloatArray | None = None
