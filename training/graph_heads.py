"""The heads as a chain, and the sampling, as nodes of the graphs.

Each sampled field has a small head; what was drawn is fed to the heads after it, so that a note's fields know of
each other. In the *step* graph the draw itself is made of nodes, in the order that
`engine/inference/sampling.py` defines: mask, temperature, cuts, noise, argmax. In the *score* graph the given
answers take the place of the drawn ones.
"""

from dataclasses import dataclass

import numpy as np
from onnx import TensorProto

from engine.inference.bundle import WEIGHTS_FILE, ModelBundle, ModelShape
from engine.inference.sampling import CUT, MASKED
from engine.inference.weights import Weights, WeightWriter
from engine.representation.vocabulary import (
    DRUM_OFFSET,
    DURATION_STEPS,
    FIELD_SIZES,
    PITCHES,
    ROW_WIDTH,
    SAMPLED_SIZE,
    Column,
    Field,
    RowType,
)
from training.graph import (
    FEEDING,
    GraphBuilder,
    Graphs,
    Residual,
    lay_out_weights,
    style_names,
    trunk,
)

FORBIDDEN = -1e4  # added to the logits of impossible answers, as in training: finite, so that a wrong label shows

_FIELDS = len(Field)
_FLOAT, _BOOL, _INT64 = TensorProto.FLOAT, TensorProto.BOOL, TensorProto.INT64


class HeadChain:
    """The heads, to be asked field after field.

    Args:
        b: Receives the nodes.
        trunk_output: The trunk's last residual sum.
    """

    def __init__(self, b: GraphBuilder, trunk_output: Residual) -> None:
        self._b = b
        self._h = trunk_output.x
        self._pending: str | None = trunk_output.y

    def logits(self, field: Field) -> str:
        """Return a field's logits, float32 […, FIELD_SIZES], given all that was fed."""
        b, head = self._b, f"heads.{field.name.lower()}"
        if self._pending is None:
            normed = b.norm(self._h, f"{head}.norm")
        else:
            normed, self._h = b.add_norm(self._h, self._pending, f"{head}.norm")
            self._pending = None
        return b.swiglu(normed, f"{head}.gate_up", f"{head}.w_out")

    def feed(self, field: Field, ids: str) -> None:
        """Let the heads after this field know what it is; `ids` int64 […]."""
        b = self._b
        self._pending = b.op("Gather", b.weight(f"heads.{field.name.lower()}.feed"), ids)


@dataclass(frozen=True, slots=True)
class _Drawing:
    """Names of the inputs that a draw needs, the wide ones cut into one a field, [B, 1] or [B, n]."""

    temperature: list[str]
    log_min_p: list[str]
    top_p: list[str]
    top_k: list[str]
    noise: list[str]


def _drawing_inputs(b: GraphBuilder) -> _Drawing:
    def per_field(name: str, kind: int) -> list[str]:
        return b.node("Split", b.input(name, kind, ["batch", _FIELDS]), outputs=_FIELDS, axis=1, num_outputs=_FIELDS)

    sizes = b.constant(list(FIELD_SIZES.values()), np.int64)
    noise = b.input("noise", _FLOAT, ["batch", SAMPLED_SIZE])
    return _Drawing(
        temperature=per_field("temperature", _FLOAT),
        log_min_p=per_field("log_min_p", _FLOAT),
        top_p=per_field("top_p", _FLOAT),
        top_k=per_field("top_k", _INT64),
        noise=b.node("Split", noise, sizes, outputs=_FIELDS, axis=1),
    )


def _draw(b: GraphBuilder, field: Field, logits: str, legal: str, drawing: _Drawing) -> tuple[str, str]:
    """Draw one field; return its ids int64 [B, 1] and their log-probabilities float32 [B, 1]."""
    size: str | None = None
    noise = drawing.noise[field]
    if field is Field.POSITION:  # the bar may be shorter than the longest bar
        size = b.op("Shape", legal, start=1, end=2)
        logits, noise = (
            b.op("Slice", name, b.constant([0], np.int64), size, b.constant([1], np.int64)) for name in (logits, noise)
        )
    masked = b.op("Where", legal, logits, b.constant(MASKED, np.float32))
    tempered = b.op("Div", masked, drawing.temperature[field])
    threshold = _threshold(b, field, tempered, size, drawing)
    noisy = b.op("Add", tempered, noise)
    survivors = b.op("Where", b.op("GreaterOrEqual", tempered, threshold), noisy, b.constant(CUT, np.float32))
    ids = b.op("ArgMax", survivors, axis=1, keepdims=1)
    log_prob = b.op("GatherElements", b.op("LogSoftmax", masked, axis=1), ids, axis=1)
    return ids, log_prob


def _threshold(b: GraphBuilder, field: Field, tempered: str, size: str | None, drawing: _Drawing) -> str:
    """Return the lowest value that survives min-p, top-p and top-k, float32 [B, 1]."""
    zero, one = b.constant([0], np.int64), b.constant([1], np.int64)
    ranks: str = b.constant(np.arange(FIELD_SIZES[field])[None], np.int64)
    if size:
        ranks = b.op("Slice", ranks, zero, size, one)
    ordered = b.node("TopK", tempered, size or b.constant([FIELD_SIZES[field]], np.int64), outputs=2, axis=1)[0]
    before = b.op("CumSum", b.op("Softmax", ordered, axis=1), b.constant(1, np.int64), exclusive=1)
    kept = b.op("And", b.op("Less", before, drawing.top_p[field]), b.op("Less", ranks, drawing.top_k[field]))
    lowest = b.op("ReduceMin", b.op("Where", kept, ordered, b.constant(-CUT, np.float32)), one, keepdims=1)
    best = b.op("ReduceMax", tempered, one, keepdims=1)
    return b.op("Max", lowest, b.op("Add", best, drawing.log_min_p[field]))


class _Legality:
    """What is legal for each field, as nodes; the tables are inputs of the graph."""

    def __init__(self, b: GraphBuilder) -> None:
        self._b = b
        self._fixed = {
            Field.KIND: b.input("kind", _BOOL, ["batch", FIELD_SIZES[Field.KIND]]),
            Field.POSITION: b.input("position", _BOOL, ["batch", "positions"]),
            Field.DURATION: b.input("duration", _BOOL, ["batch", FIELD_SIZES[Field.DURATION]]),
            Field.VELOCITY: b.input("velocity", _BOOL, ["batch", FIELD_SIZES[Field.VELOCITY]]),
            Field.MICRO: b.input("micro", _BOOL, ["batch", FIELD_SIZES[Field.MICRO]]),
        }
        self._limits = b.input("limit", TensorProto.INT16, ["batch", "positions", PITCHES])
        self._drums = b.input("drums", _BOOL, ["batch", 1])
        self._limit = ""

    def of(self, field: Field, ids: dict[Field, str]) -> str:
        """Return bool [B, n], given the ids drawn so far."""
        b = self._b
        if field is Field.PITCH:
            at_position = b.op("GatherND", self._limits, ids[Field.POSITION], batch_dims=1)
            self._limit = b.op("Cast", at_position, to=TensorProto.INT32)
            sounds = b.op("Greater", self._limit, b.constant(0, np.int32))
            upper = b.constant((np.arange(2 * PITCHES) >= PITCHES)[None], np.bool_)
            return b.op("And", b.op("Concat", sounds, sounds, axis=1), b.op("Equal", upper, self._drums))
        if field is Field.DURATION:
            pitch = b.op("Mod", ids[Field.PITCH], b.constant(PITCHES, np.int64))
            limit = b.op("GatherElements", self._limit, pitch, axis=1)
            fits = b.op("LessOrEqual", b.constant(np.array(DURATION_STEPS)[None], np.int32), limit)
            return b.op("And", fits, self._fixed[field])
        return self._fixed[field]


def _step_graph(b: GraphBuilder) -> bytes:
    rows = b.input("rows", TensorProto.INT16, ["batch", "rows", ROW_WIDTH])
    lengths = b.input("lengths", TensorProto.INT32, ["batch"])
    total = b.input("total", TensorProto.INT32, [1])
    chain = HeadChain(b, trunk(b, rows, lengths=lengths, total=total, cached=True))
    legality, drawing = _Legality(b), _drawing_inputs(b)
    ids: dict[Field, str] = {}
    logits: list[str] = []
    log_probs: list[str] = []
    for field in Field:
        logits.append(chain.logits(field))
        ids[field], log_prob = _draw(b, field, logits[-1], legality.of(field, ids), drawing)
        log_probs.append(log_prob)
        if field in FEEDING:
            chain.feed(field, b.op("Squeeze", ids[field], b.constant([1], np.int64)))
    for name, parts, kind, size in (
        ("sampled", list(ids.values()), _INT64, _FIELDS),
        ("log_prob", log_probs, _FLOAT, _FIELDS),
        ("logits", logits, _FLOAT, SAMPLED_SIZE),
    ):
        b.named("Concat", parts, [name], axis=1)
        b.output(name, kind, ["batch", size])
    return b.serialized("step")


class _Order:
    """What a row itself forbids of its answer, as in training: notes of a cell are ordered, drums stay drums."""

    def __init__(self, b: GraphBuilder, rows: str, answers: dict[Field, str]) -> None:
        self._b = b
        self._answers = answers
        sizes = b.constant([1] * ROW_WIDTH, np.int64)
        columns = b.node("Split", b.op("Cast", rows, to=_INT64), sizes, outputs=ROW_WIDTH, axis=2)
        is_note = b.op("Equal", columns[Column.TYPE], b.constant(int(RowType.NOTE), np.int64))
        zero, one, none = (b.constant(value, np.int64) for value in (0, 1, -1))
        self._position = b.op("Where", is_note, b.op("Sub", columns[Column.POSITION], one), zero)
        self._pitch = b.op("Where", is_note, b.op("Sub", columns[Column.PITCH], one), none)

    def masked(self, field: Field, logits: str) -> str:
        """Return logits [B, T, n] with what is impossible far below the rest."""
        b = self._b
        ids = b.constant(np.arange(FIELD_SIZES[field])[None, None], np.int64)
        if field is Field.POSITION:
            forbidden = b.op("Less", ids, self._position)
        elif field is Field.PITCH:
            same_onset = b.op("Equal", self._answers[Field.POSITION], self._position)
            above = b.op("Add", self._pitch, b.constant(1, np.int64))
            too_low = b.op("Less", ids, b.op("Where", same_onset, above, b.constant(0, np.int64)))
            drums = b.op("GreaterOrEqual", self._answers[Field.PITCH], b.constant(DRUM_OFFSET, np.int64))
            upper = b.constant((np.arange(FIELD_SIZES[field]) >= DRUM_OFFSET)[None, None], np.bool_)
            forbidden = b.op("Or", too_low, b.op("Xor", upper, drums))
        else:
            return logits
        mask = b.op("Where", forbidden, b.constant(FORBIDDEN, np.float32), b.constant(0, np.float32))
        return b.op("Add", logits, mask)


def _score_graph(b: GraphBuilder) -> bytes:
    rows = b.input("rows", TensorProto.INT16, ["batch", "rows", ROW_WIDTH])
    labels = b.input("labels", _INT64, ["batch", "rows", _FIELDS])
    batch, length = (b.op("Shape", rows, start=axis, end=axis + 1) for axis in (0, 1))
    total = b.op("Cast", length, to=TensorProto.INT32)
    lengths = b.op("Expand", b.op("Sub", total, b.constant([1], np.int32)), batch)
    chain = HeadChain(b, trunk(b, rows, lengths=lengths, total=total, cached=False))
    given = b.op("Max", labels, b.constant(0, np.int64))
    answers = dict(zip(Field, b.node("Split", given, outputs=_FIELDS, axis=2, num_outputs=_FIELDS), strict=True))
    order = _Order(b, rows, answers)
    log_probs: list[str] = []
    for field, answer in answers.items():
        log_prob = b.op("LogSoftmax", order.masked(field, chain.logits(field)), axis=2)
        log_probs.append(b.op("GatherElements", log_prob, answer, axis=2))
        if field in FEEDING:
            chain.feed(field, b.op("Squeeze", answer, b.constant([2], np.int64)))
    surprise = b.op("Neg", b.op("Concat", *log_probs, axis=2))
    counted = b.op("GreaterOrEqual", labels, b.constant(0, np.int64))
    b.named("Where", [counted, surprise, b.constant(0, np.float32)], ["nll"])
    b.output("nll", _FLOAT, ["batch", "rows", _FIELDS])
    return b.serialized("score")


def build_graphs(weights: Weights, shape: ModelShape, *, bits: int = 8, block: int = 256) -> Graphs:
    """Build both graphs and their weights file.

    Args:
        weights: Flat dict of float32 arrays by the names they are trained under, matrices [in, out].
        shape: The model's sizes.
        bits: How matrices are stored: 32 (plain), 8 or 4.
        block: Values that share a scale when quantised.

    Raises:
        ValueError: a weight is missing, or has another shape than the model's.
    """
    return _graphs(lay_out_weights(weights, shape, bits=bits, block=block), shape)


def build_style_graphs(base: ModelBundle, factors: Weights) -> Graphs:
    """Build the graphs of a model with a style beside it, both as they are: nothing is rounded again.

    Args:
        base: The model that the style was learned on.
        factors: Float32 by `style_names`, [in, rank] and [rank, out], for any of the shape's `matrices`.

    Raises:
        ValueError: factors are for another model.
    """
    writer = WeightWriter.after(base.tensors, base.file(WEIGHTS_FILE).read_bytes())
    expected = base.shape.matrices()
    for matrix, (inner, outer) in expected.items():
        names = style_names(matrix)
        if names[0] not in factors:
            continue
        first, second = (factors[name] for name in names)
        if first.shape[0] != inner or second.shape[1] != outer or first.shape[1] != second.shape[0]:
            raise ValueError(f"the style of {matrix} has shapes {first.shape} and {second.shape}")
        for name in names:
            writer.add(name, {name: factors[name]})
    unknown = set(factors) - {name for matrix in expected for name in style_names(matrix)}
    if unknown:
        raise ValueError(f"{min(unknown)} belongs to no matrix of the model")
    return _graphs(writer, base.shape)


def _graphs(writer: WeightWriter, shape: ModelShape) -> Graphs:
    tensors = writer.tensors
    return Graphs(
        step=_step_graph(GraphBuilder(tensors, shape)),
        score=_score_graph(GraphBuilder(tensors, shape)),
        data=writer.data,
        tensors=tuple(tensors.values()),
    )
