"""Counter-based noise, and the NumPy reference of what the step graph does with it.

A draw is `argmax(logits / temperature + Gumbel noise)` over what is legal, so all randomness of a take is a
table of noise that depends on nothing but (seed, take, row, field): it is the same however many takes run
beside it, and in whatever order rows are asked for. `sample_reference` applies masks, temperature, cuts and
noise in exactly the graph's order; a test holds both to the same rows from dumped logits, and models
without a graph (uniform logits in tests) draw through it.

Masking comes before every cut: a cut that looked at illegal values could remove all legal ones.
"""

import functools
from dataclasses import dataclass

import numpy as np

from engine.inference.tables import BoolArray, FloatArray, IntArray, Sampled, SamplingTables, Tables
from engine.representation.vocabulary import DURATION_STEPS, FIELD_SIZES, PITCHES, SAMPLED_SIZE, Field

# Finite, so that a field without any legal value gives an arbitrary id instead of NaN; still far below every logit
# and far from overflow when divided by the lowest temperature.
MASKED = np.float32(-1e30)
CUT = np.float32(-1e38)  # below MASKED at any temperature

BLOCK_ROWS = 16  # rows drawn at once; part of the definition of the noise: changing it changes every take

_SEED_LIMIT = 1 << 64
# Philox makes four 64-bit words a counter, each cut into two numbers of 32 bits.
_BLOCK_WORDS = BLOCK_ROWS * SAMPLED_SIZE // 2
_BLOCK_COUNTERS = -(-_BLOCK_WORDS // 4)


def field_slices() -> dict[Field, slice]:
    """Return where each field lies in a row of logits or noise, `SAMPLED_SIZE` wide."""
    slices: dict[Field, slice] = {}
    start = 0
    for field in Field:
        slices[field] = slice(start, start + FIELD_SIZES[field])
        start += FIELD_SIZES[field]
    return slices


class GumbelNoise:
    """The Gumbel noise of one take, row by row.

    Args:
        seed: 0 ≤ seed < 2⁶⁴, the request's.
        take: 0 ≤ take < 2⁶⁴, the take's number within the request.

    Source: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (Philox); the Gumbel-max trick.
    """

    def __init__(self, seed: int, take: int) -> None:
        if not (0 <= seed < _SEED_LIMIT and 0 <= take < _SEED_LIMIT):
            raise ValueError("seed and take are 0 … 2**64 - 1")
        self._key = np.array([seed, take], dtype=np.uint64)
        self._block = functools.lru_cache(maxsize=4)(self._draw_block)

    def _draw_block(self, block: int) -> FloatArray:
        counter = np.array([block * _BLOCK_COUNTERS, 0, 0, 0], dtype=np.uint64)
        # Raw words, not Generator methods: only the raw stream is promised to stay the same between NumPy versions.
        words = np.random.Philox(key=self._key, counter=counter).random_raw(_BLOCK_WORDS)
        bits = words.astype("<u8", copy=False).view("<u4").reshape(BLOCK_ROWS, SAMPLED_SIZE) >> np.uint32(9)
        # 23 bits and a half: strictly between 0 and 1 in float32, so that both logarithms are finite.
        uniform = (bits.astype(np.float32) + np.float32(0.5)) * np.float32(2.0**-23)
        noise = -np.log(-np.log(uniform))
        noise.setflags(write=False)
        return noise

    def row(self, index: int) -> FloatArray:
        """Return the noise of one row: float32 [SAMPLED_SIZE], read-only."""
        block, offset = divmod(index, BLOCK_ROWS)
        return self._block(block)[offset]

    def rows(self, start: int, count: int) -> FloatArray:
        """Return the noise of rows `start` … `start + count - 1`: float32 [count, SAMPLED_SIZE], a new array."""
        noise = np.empty((count, SAMPLED_SIZE), dtype=np.float32)
        for index in range(count):
            noise[index] = self.row(start + index)
        return noise


def sample_reference(logits: FloatArray, tables: Tables, sampling: SamplingTables, noise: FloatArray) -> Sampled:
    """Draw one row a take, as the step graph does.

    Args:
        logits: float32 [B, SAMPLED_SIZE], fields in order. Where they come from a model they belong to the very
            ids that will be drawn (a field's logits are given the fields before it).
        tables: What is legal.
        sampling: How to draw.
        noise: float32 [B, SAMPLED_SIZE], Gumbel noise; 0 for the likeliest value.
    """
    slices, cuts = field_slices(), Cuts.of(sampling)
    takes = np.arange(tables.batch)
    ids = np.zeros((tables.batch, len(Field)), dtype=np.int64)
    log_prob = np.zeros((tables.batch, len(Field)), dtype=np.float32)
    for field in Field:
        legal = _legal(tables, field, ids)
        part = slice(slices[field].start, slices[field].start + legal.shape[1])
        masked: FloatArray = np.where(legal, logits[:, part], MASKED).astype(np.float32, copy=False)
        tempered = masked / sampling.temperature[:, field, None]
        kept = tempered >= _threshold(tempered, cuts, field)
        ids[:, field] = np.where(kept, tempered + noise[:, part], CUT).argmax(axis=1)
        peak = masked.max(axis=1)
        log_sum = np.log(np.exp(masked - peak[:, None]).sum(axis=1))
        log_prob[:, field] = masked[takes, ids[:, field]] - peak - log_sum
    return Sampled(ids=ids, log_prob=log_prob, logits=logits)


def _legal(tables: Tables, field: Field, ids: IntArray) -> BoolArray:
    """Return what is legal for a field, bool [B, n], given the fields drawn before it."""
    takes = np.arange(tables.batch)
    if field is Field.PITCH:
        legal = tables.limit[takes, ids[:, Field.POSITION]] > 0
        drums = tables.drums[:, None]
        return np.concatenate([legal & ~drums, legal & drums], axis=1)
    if field is Field.DURATION:
        limit = tables.limit[takes, ids[:, Field.POSITION], ids[:, Field.PITCH] % PITCHES]
        return tables.duration & (np.array(DURATION_STEPS) <= limit[:, None])
    return {
        Field.KIND: tables.kind,
        Field.POSITION: tables.position,
        Field.VELOCITY: tables.velocity,
        Field.MICRO: tables.micro,
    }[field]


@dataclass(frozen=True, slots=True)
class Cuts:
    """`SamplingTables` in the form in which the draw applies them; all [B, 6].

    Attributes:
        log_min_p: float32, how far below the likeliest value one may lie; -inf = off.
        top_p: float32, above 0, so that the likeliest value always survives.
        top_k: int64, above 0.
    """

    log_min_p: FloatArray
    top_p: FloatArray
    top_k: IntArray

    @classmethod
    def of(cls, sampling: SamplingTables) -> "Cuts":
        """Return the cuts of these tables."""
        with np.errstate(divide="ignore"):
            log_min_p: FloatArray = np.log(sampling.min_p)
        return cls(
            log_min_p=log_min_p,
            top_p=np.maximum(sampling.top_p, np.float32(1e-6)),
            top_k=np.where(sampling.top_k > 0, sampling.top_k, SAMPLED_SIZE),
        )


def _threshold(tempered: FloatArray, cuts: Cuts, field: Field) -> FloatArray:
    """Return the lowest value that survives all cuts, float32 [B, 1]; ties with it survive as well."""
    ordered: FloatArray = -np.sort(-tempered, axis=1)
    best = ordered[:, :1]
    weights: FloatArray = np.exp(ordered - best)
    share: FloatArray = weights / weights.sum(axis=1, keepdims=True)
    before: FloatArray = np.zeros_like(share)
    np.cumsum(share[:, :-1], axis=1, out=before[:, 1:])
    ranks: IntArray = np.arange(ordered.shape[1], dtype=np.int64)
    kept: BoolArray = np.less(before, cuts.top_p[:, field, None]) & np.less(ranks, cuts.top_k[:, field, None])
    lowest: FloatArray = np.where(kept, ordered, -CUT).min(axis=1, keepdims=True)
    return np.maximum(lowest, best + cuts.log_min_p[:, field, None])
