"""The Markov baseline: counts of fields given the fields before, backed off from order 3 to 0.

Every field of a note is predicted from its own earlier values in the same part (one, two, three notes
back), from what the chain has decided of this note, and from the part's role. Orders are interpolated as
Dirichlet priors: p_k = (count_k + s_k · p_{k-1}) / (total_k + s_k), with one strength s a field and order,
tuned on a part of the validation windows. The same grammar masks as the network's are applied, then
renormalised. It sees neither the other parts nor the controls: what is left when nothing is heard.

Source of the interpolation: MacKay & Peto, A hierarchical Dirichlet language model (1995).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from engine.representation.vocabulary import (
    DRUM_OFFSET,
    FIELD_COLUMNS,
    FIELD_SIZES,
    Column,
    Field,
    RowType,
)
from training.feed import TensorBatch

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
HISTORY = 3  # notes looked back on, the highest order
STRENGTHS = (0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 1000.0)
_CHUNK = 4096  # rows whose whole distributions are held at once
_SEED = 0x9E3779B97F4A7C15  # an odd 64-bit constant, to mix context values into keys


@dataclass(frozen=True, slots=True)
class Decisions:
    """Counted rows and what was before each.

    Attributes:
        labels: int64 [N, 6], as the network's.
        role: int64 [N].
        begins: bool [N], whether the cell has no note yet.
        history: int64 [N, HISTORY, 6], the part's notes before, nearest first, by field; -1 where none.
    """

    labels: IntArray
    role: IntArray
    begins: npt.NDArray[np.bool_]
    history: IntArray

    def take(self, where: npt.NDArray[np.intp] | npt.NDArray[np.bool_]) -> "Decisions":
        """Return some of the decisions."""
        return Decisions(self.labels[where], self.role[where], self.begins[where], self.history[where])

    def __len__(self) -> int:
        return len(self.labels)


def decisions_of(batches: Iterable[TensorBatch]) -> Decisions:
    """Collect the counted rows of batches and the notes before each in its part."""
    parts = [
        _of_window(rows, labels)
        for batch in batches
        for rows, labels in zip(batch.rows.numpy().astype(np.int64), batch.labels.numpy().astype(np.int64), strict=True)
    ]
    return Decisions(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _of_window(rows: IntArray, labels: IntArray) -> tuple[IntArray, IntArray, npt.NDArray[np.bool_], IntArray]:
    counted = np.flatnonzero(labels[:, Field.KIND] >= 0)
    history = np.full((len(rows), HISTORY, len(Field)), -1, np.int64)
    for slot in np.unique(rows[counted, Column.SLOT]):
        mine = counted[rows[counted, Column.SLOT] == slot]
        notes = mine[rows[mine, Column.TYPE] == RowType.NOTE]
        fields = np.full((len(notes) + 1, len(Field)), -1, np.int64)  # the last is "none"
        for name, column in FIELD_COLUMNS.items():
            fields[:-1, name] = rows[notes, column] - 1
        passed = np.searchsorted(notes, mine, side="right")
        for back in range(HISTORY):
            history[mine, back] = fields[np.where(passed > back, passed - 1 - back, -1)]
    begins = rows[counted, Column.TYPE] == RowType.START
    return labels[counted], rows[counted, Column.ROLE], begins, history[counted]


def contexts_of(decisions: Decisions, which: Field) -> tuple[tuple[IntArray, ...], ...]:
    """Return what a field's orders 0 to 3 know: each a tuple of columns, int64 [N]."""
    d, label = decisions, decisions.labels
    before = [d.history[:, back, which] for back in range(HISTORY)]
    # Positions count within the bar: of notes of an earlier cell they say nothing.
    steps = [np.where(d.begins, -1, d.history[:, back, Field.POSITION]) for back in range(HISTORY)]
    role, position, pitch = d.role, label[:, Field.POSITION], label[:, Field.PITCH]
    if which in (Field.KIND, Field.POSITION):
        base = (role, d.begins.astype(np.int64), steps[0])
        return ((role,), base, (*base, steps[1]), (*base, steps[1], steps[2]))
    same_onset = (position == steps[0]).astype(np.int64)
    drum = np.where(pitch >= DRUM_OFFSET, pitch, -1)
    phase = position % 24
    if which is Field.PITCH:
        base = (role, same_onset, before[0])
        return ((role, same_onset), base, (*base, before[1]), (*base, before[1], before[2]))
    if which is Field.DURATION:
        base = (role, same_onset, before[0])
        return ((role,), base, (*base, phase), (*base, phase, before[1]))
    base = (role, drum, before[0], same_onset)
    return ((role, drum), base, (*base, phase), (*base, phase, before[1]))


def _keys(columns: Sequence[IntArray]) -> npt.NDArray[np.uint64]:
    """Mix columns into one 64-bit key; contexts that collide are too rare to matter."""
    key = np.zeros(len(columns[0]), np.uint64)
    for column in columns:
        key = (key ^ (column + 7).astype(np.uint64)) * np.uint64(_SEED)
        key ^= key >> np.uint64(29)
    return key


@dataclass(slots=True)
class _Order:
    """Counts of one field at one order: sorted contexts, and sorted (context, value) pairs."""

    contexts: npt.NDArray[np.uint64]
    totals: FloatArray
    pairs: IntArray  # context index * size + value
    counts: FloatArray
    size: int

    @classmethod
    def count(cls, columns: Sequence[IntArray], values: IntArray, size: int) -> "_Order":
        contexts, where, totals = np.unique(_keys(columns), return_inverse=True, return_counts=True)
        pairs, counts = np.unique(where * size + values, return_counts=True)
        return cls(contexts, totals.astype(np.float64), pairs, counts.astype(np.float64), size)

    def lookup(self, columns: Sequence[IntArray]) -> tuple[FloatArray, FloatArray]:
        """Return counts, float64 [N, size], and totals, float64 [N, 1], of contexts; 0 where never seen."""
        keys = _keys(columns)
        index = np.minimum(np.searchsorted(self.contexts, keys), len(self.contexts) - 1)
        is_known = self.contexts[index] == keys
        wanted = index[:, None] * self.size + np.arange(self.size)
        at = np.minimum(np.searchsorted(self.pairs, wanted), len(self.pairs) - 1)
        counts = np.where((self.pairs[at] == wanted) & is_known[:, None], self.counts[at], 0.0)
        return counts, np.where(is_known, self.totals[index], 0.0)[:, None]


@dataclass(slots=True)
class MarkovModel:
    """Counts of every field and order, and how strongly each order leans on the one below."""

    orders: dict[Field, list[_Order]] = field(default_factory=dict[Field, list[_Order]])
    strengths: dict[Field, list[float]] = field(default_factory=dict[Field, list[float]])

    @classmethod
    def fit(cls, decisions: Decisions) -> "MarkovModel":
        """Count; `tune` still has to weigh the orders."""
        model = cls()
        for which in Field:
            counted = decisions.take(decisions.labels[:, which] >= 0)
            values, size = counted.labels[:, which], FIELD_SIZES[which]
            model.orders[which] = [_Order.count(c, values, size) for c in contexts_of(counted, which)]
            model.strengths[which] = [10.0] * len(model.orders[which])
        return model

    def tune(self, decisions: Decisions) -> None:
        """Choose each field's strengths, lowest order first, for the best likelihood of these decisions."""
        for which in Field:
            for order in range(len(self.orders[which])):
                tried: list[tuple[float, float]] = []
                for strength in STRENGTHS:
                    self.strengths[which][order] = strength
                    tried.append((self._nats(decisions, which, order), strength))
                self.strengths[which][order] = min(tried)[1]

    def nats(self, decisions: Decisions, *, highest: int = HISTORY) -> FloatArray:
        """Return the negative log-likelihood of decisions by field, float64 [6], in nats, summed."""
        return np.array([self._nats(decisions, which, highest) for which in Field])

    def _nats(self, decisions: Decisions, which: Field, highest: int) -> float:
        counted = np.flatnonzero(decisions.labels[:, which] >= 0)
        return sum(
            self._chunk_nats(decisions.take(counted[at : at + _CHUNK]), which, highest)
            for at in range(0, len(counted), _CHUNK)
        )

    def _chunk_nats(self, decisions: Decisions, which: Field, highest: int) -> float:
        size = FIELD_SIZES[which]
        p = np.full((len(decisions), size), 1.0 / size)
        contexts = contexts_of(decisions, which)
        for order in range(highest + 1):
            counts, totals = self.orders[which][order].lookup(contexts[order])
            strength = self.strengths[which][order]
            p = (counts + strength * p) / (totals + strength)
        p *= _legal(decisions, which)
        chosen = p[np.arange(len(p)), decisions.labels[:, which]]
        return float(-np.log(chosen / p.sum(1)).sum())


def _legal(decisions: Decisions, which: Field) -> npt.NDArray[np.bool_]:
    """Return what the grammar allows, bool [N, size]: the masks of the network's losses."""
    values = np.arange(FIELD_SIZES[which])
    previous = np.where(decisions.begins, 0, decisions.history[:, 0, Field.POSITION])
    if which is Field.POSITION:
        return values >= previous[:, None]
    if which is Field.PITCH:
        is_same = ~decisions.begins & (decisions.labels[:, Field.POSITION] == previous)
        lowest = np.where(is_same, decisions.history[:, 0, Field.PITCH] + 1, 0)
        is_drum = decisions.labels[:, Field.PITCH] >= DRUM_OFFSET
        return (values >= lowest[:, None]) & ((values >= DRUM_OFFSET) == is_drum[:, None])
    return np.ones((1, len(values)), dtype=np.bool_)
