"""Builds the ONNX graphs that are shipped, node by node, from a flat dict of weights; needs no torch.

Two graphs share one weights file (its layout: `engine/inference/weights.py`):

* *step* reads T rows of each of B takes into the caches and draws one answer a take, sampling included, so that
  a note costs one call. T > 1 is the prefill of a prompt (its answer is not used);
* *score* gives the negative log-likelihood of given answers to [B, T] rows at once, without caches.

Exporters make several times as many nodes of the same model and miss the runtime's own operators
(`GroupQueryAttention` over a cache that input and output share, `SkipSimplifiedLayerNormalization`,
`MatMulNBits`), which is why this is done by hand. Heads and sampling: `training/graph_heads.py`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper

from engine.inference.bundle import WEIGHTS_FILE, ModelShape
from engine.inference.weights import FLOAT_BITS, StoredTensor, Weights, WeightWriter
from engine.representation.vocabulary import COLUMN_SIZES, FIELD_SIZES, ROW_WIDTH, Column, Field

MAX_ROWS = 4096  # the longest sequence that rotary tables are made for
MIN_QUANTISED = 16  # narrower matrices stay float32: they weigh nothing
FEEDING = (Field.POSITION, Field.PITCH, Field.DURATION, Field.VELOCITY)

_OPSET = 18
_IR_VERSION = 10
_CONTRIB = "com.microsoft"


@dataclass(frozen=True, slots=True)
class Graphs:
    """The files of a model, ready to be put into a bundle."""

    step: bytes
    score: bytes
    data: bytes
    tensors: tuple[StoredTensor, ...]


class GraphBuilder:
    """Collects nodes; every method that adds one returns the names of its outputs.

    Args:
        tensors: The weights file's tensors by name.
        shape: The model's sizes.
    """

    def __init__(self, tensors: Mapping[str, StoredTensor], shape: ModelShape) -> None:
        self.tensors = tensors
        self.shape = shape
        self._nodes: list[onnx.NodeProto] = []
        self._initializers: dict[str, onnx.TensorProto] = {}
        self._inputs: list[onnx.ValueInfoProto] = []
        self._outputs: list[onnx.ValueInfoProto] = []
        self._style = ""

    def input(self, name: str, kind: int, dims: Sequence[int | str]) -> str:
        """Declare an input."""
        self._inputs.append(helper.make_tensor_value_info(name, kind, dims))
        return name

    def output(self, name: str, kind: int, dims: Sequence[int | str]) -> None:
        """Declare an output, which some node must produce under this name."""
        self._outputs.append(helper.make_tensor_value_info(name, kind, dims))

    def node(self, op: str, *inputs: str, outputs: int = 1, contrib: bool = False, **attributes: Any) -> list[str]:
        """Add a node with several outputs."""
        names = [f"{op}_{len(self._nodes)}" + (f"_{n}" if n else "") for n in range(outputs)]
        self.named(op, inputs, names, contrib=contrib, **attributes)
        return names

    def named(
        self, op: str, inputs: Sequence[str], outputs: Sequence[str], *, contrib: bool = False, **attributes: Any
    ) -> None:
        """Add a node whose outputs have given names, "" for those not wanted."""
        domain = _CONTRIB if contrib else ""
        self._nodes.append(helper.make_node(op, inputs, outputs, domain=domain, **attributes))

    def op(self, op: str, *inputs: str, contrib: bool = False, **attributes: Any) -> str:
        """Add a node with one output."""
        return self.node(op, *inputs, contrib=contrib, **attributes)[0]

    def constant(self, value: npt.ArrayLike, dtype: npt.DTypeLike) -> str:
        """Return a small constant, kept in the graph itself and made once."""
        array = np.asarray(value, dtype=dtype)
        name = f"const_{array.dtype}_{'x'.join(map(str, array.shape))}_{array.tobytes().hex()}"[:120]
        if name not in self._initializers:
            self._initializers[name] = onnx.numpy_helper.from_array(array, name)
        return name

    def weight(self, name: str) -> str:
        """Return a float32 tensor of the weights file."""
        tensor = self.tensors[name]
        return self._external(name, TensorProto.FLOAT, tensor.shape, tensor.offset, tensor.values_bytes)

    def matmul(self, x: str, name: str) -> str:
        """Multiply by a matrix of the weights file, however it is stored, and by its style's factors beside it."""
        product = self._stored_matmul(x, name)
        inner, outer = style_names(name)
        if inner not in self.tensors:
            return product
        self._style = self._style or self.input("style", TensorProto.FLOAT, [1])
        narrow = self.op("Mul", self.op("MatMul", x, self.weight(inner)), self._style)
        return self.op("Add", product, self.op("MatMul", narrow, self.weight(outer)))

    def _stored_matmul(self, x: str, name: str) -> str:
        tensor = self.tensors[name]
        if tensor.bits == FLOAT_BITS:
            return self.op("MatMul", x, self.weight(name))
        values = self._external(
            f"{name}.values", TensorProto.UINT8, tensor.values_shape, tensor.offset, tensor.values_bytes
        )
        scale = self._external(
            f"{name}.scale", TensorProto.FLOAT, (tensor.scales,), tensor.scale_offset, 4 * tensor.scales
        )
        # Accuracy level 4: activations are rounded to 8 bits too, block by block; about twice as fast.
        sizes = {"K": tensor.shape[0], "N": tensor.shape[1], "bits": tensor.bits, "block_size": tensor.block}
        return self.op("MatMulNBits", x, values, scale, contrib=True, accuracy_level=4, **sizes)

    def swiglu(self, x: str, gate_up: str, down: str) -> str:
        """Return `down · (silu(gate x) * (up x))`; gate and up are stored side by side."""
        gate, up = self.node("Split", self.matmul(x, gate_up), outputs=2, axis=-1, num_outputs=2)
        # QuickGelu with alpha 1 is x · sigmoid(x) in one node.
        return self.matmul(self.op("Mul", self.op("QuickGelu", gate, contrib=True, alpha=1.0), up), down)

    def norm(self, x: str, name: str) -> str:
        """Return RMSNorm(x)."""
        return self.op("SimplifiedLayerNormalization", x, self.weight(name), axis=-1, epsilon=self.shape.norm_eps)

    def add_norm(self, x: str, y: str, name: str) -> tuple[str, str]:
        """Return RMSNorm(x + y) and x + y."""
        normed, total = (f"{part}_{len(self._nodes)}" for part in ("normed", "total"))
        inputs, outputs = [x, y, self.weight(name)], [normed, "", "", total]
        self.named("SkipSimplifiedLayerNormalization", inputs, outputs, contrib=True, epsilon=self.shape.norm_eps)
        return normed, total

    def serialized(self, name: str) -> bytes:
        """Return the finished model, whose large tensors lie in `WEIGHTS_FILE` beside it."""
        graph = helper.make_graph(self._nodes, name, self._inputs, self._outputs, list(self._initializers.values()))
        opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid(_CONTRIB, 1)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=_IR_VERSION, producer_name="turnaround")
        return model.SerializeToString()

    def _external(self, name: str, kind: int, dims: Sequence[int], offset: int, length: int) -> str:
        if name not in self._initializers:
            tensor = TensorProto(name=name, data_type=kind, dims=dims, data_location=TensorProto.EXTERNAL)
            for key, value in (("location", WEIGHTS_FILE), ("offset", offset), ("length", length)):
                tensor.external_data.add(key=key, value=str(value))
            self._initializers[name] = tensor
        return name


def style_names(matrix: str) -> tuple[str, str]:
    """Return the names of a matrix's style factors, [in, rank] and [rank, out]."""
    return f"{matrix}.style_in", f"{matrix}.style_out"


def weight_shapes(shape: ModelShape) -> dict[str, tuple[int, ...]]:
    """Return the name and shape of every weight of a model, as it is trained; matrices are [in, out]."""
    d, query, kv = shape.d_model, shape.heads * shape.head_dim, shape.kv_heads * shape.head_dim
    shapes: dict[str, tuple[int, ...]] = {
        f"embed.{column.name.lower()}": (COLUMN_SIZES[column], d) for column in Column
    }
    for layer in (f"layers.{index}" for index in range(shape.layers)):
        shapes |= {f"{layer}.attn_norm": (d,), f"{layer}.wq": (d, query), f"{layer}.wk": (d, kv)}
        shapes |= {f"{layer}.wv": (d, kv), f"{layer}.wo": (query, d), f"{layer}.ffn_norm": (d,)}
        shapes |= {
            f"{layer}.w_gate": (d, shape.ffn),
            f"{layer}.w_up": (d, shape.ffn),
            f"{layer}.w_down": (shape.ffn, d),
        }
    for field in Field:
        head, size, hidden = f"heads.{field.name.lower()}", FIELD_SIZES[field], shape.head_hidden
        shapes |= {f"{head}.norm": (d,), f"{head}.w_gate": (d, hidden), f"{head}.w_up": (d, hidden)}
        shapes[f"{head}.w_out"] = (hidden, size)
        if field in FEEDING:
            shapes[f"{head}.feed"] = (size, d)
    return shapes


def lay_out_weights(weights: Weights, shape: ModelShape, *, bits: int, block: int) -> WeightWriter:
    """Lay trained weights out in the weights file, joined where one input meets several matrices.

    Args:
        weights: By the names they are trained under, matrices [in, out]; `embed` rows of id 0 count as zero.
        shape: The model's sizes.
        bits: 32, 8 or 4: how matrices are stored.
        block: Block size of quantised matrices.

    Raises:
        ValueError: a weight is missing, or has another shape than the model's.
    """
    for name, expected in weight_shapes(shape).items():
        found = weights[name].shape if name in weights else None
        if found != expected:
            raise ValueError(f"weight {name} has shape {found}, not {expected}")
    writer = WeightWriter(bits=bits, block=block)

    def add(name: str, *parts: str, axis: int = 0, quantised: bool = False) -> None:
        writer.add(name, {part: weights[part] for part in parts}, axis=axis, quantised=quantised)

    embeddings = {name: np.array(weights[name]) for name in (f"embed.{column.name.lower()}" for column in Column)}
    for table in embeddings.values():
        table[0] = 0
    writer.add("embed", embeddings)
    for layer in (f"layers.{index}" for index in range(shape.layers)):
        add(f"{layer}.attn_norm", f"{layer}.attn_norm")
        add(f"{layer}.qkv", f"{layer}.wq", f"{layer}.wk", f"{layer}.wv", axis=1, quantised=True)
        add(f"{layer}.wo", f"{layer}.wo", quantised=True)
        add(f"{layer}.ffn_norm", f"{layer}.ffn_norm")
        add(f"{layer}.gate_up", f"{layer}.w_gate", f"{layer}.w_up", axis=1, quantised=True)
        add(f"{layer}.w_down", f"{layer}.w_down", quantised=True)
    for field in Field:
        head = f"heads.{field.name.lower()}"
        add(f"{head}.norm", f"{head}.norm")
        add(f"{head}.gate_up", f"{head}.w_gate", f"{head}.w_up", axis=1, quantised=True)
        add(f"{head}.w_out", f"{head}.w_out", quantised=FIELD_SIZES[field] >= MIN_QUANTISED)
        if field in FEEDING:
            add(f"{head}.feed", f"{head}.feed")
    for name, table in _rotary_tables(shape).items():
        writer.add_derived(name, table)
    return writer


def _rotary_tables(shape: ModelShape) -> dict[str, npt.NDArray[np.float32]]:
    """Return cosines and sines of half a head's frequencies at every place, float32 [MAX_ROWS, head_dim / 2]."""
    half = shape.head_dim // 2
    frequencies = shape.rope_theta ** (-np.arange(half, dtype=np.float64) / half)
    angles = np.arange(MAX_ROWS, dtype=np.float64)[:, None] * frequencies
    return {
        "rotary.cos": np.cos(angles).astype(np.float32),
        "rotary.sin": np.sin(angles).astype(np.float32),
    }


def embed_rows(b: GraphBuilder, rows: str) -> str:
    """Return the sum of a row's embeddings: int16 [B, T, ROW_WIDTH] -> float32 [B, T, d]."""
    starts = np.cumsum([0] + [COLUMN_SIZES[column] for column in Column])[:ROW_WIDTH]
    ids = b.op("Add", b.op("Cast", rows, to=TensorProto.INT32), b.constant(starts, np.int32))
    return b.op("ReduceSum", b.op("Gather", b.weight("embed"), ids), b.constant([2], np.int64), keepdims=0)


@dataclass(frozen=True, slots=True)
class Residual:
    """The trunk's output as two summands, so that the first norm of the heads adds them in the same node."""

    x: str
    y: str


def trunk(b: GraphBuilder, rows: str, *, lengths: str, total: str, cached: bool) -> Residual:
    """Run the decoder over embedded rows.

    Args:
        b: Receives the nodes.
        rows: Name of int16 [B, T, ROW_WIDTH].
        lengths: Name of int32 [B]: rows each take holds after this call, less one.
        total: Name of int32 [1]: rows the longest take holds after this call.
        cached: Whether keys and values come from and go to caches, and only the last row is wanted.
    """
    shape = b.shape
    x = embed_rows(b, rows)
    normed = b.norm(x, "layers.0.attn_norm")
    for index in range(shape.layers):
        layer = f"layers.{index}"
        attended = b.matmul(_attention(b, normed, index, lengths=lengths, total=total, cached=cached), f"{layer}.wo")
        if cached and index == shape.layers - 1:
            last = b.constant(-1, np.int64)
            x, attended = (b.op("Gather", name, last, axis=1) for name in (x, attended))
        normed, x = b.add_norm(x, attended, f"{layer}.ffn_norm")
        y = b.swiglu(normed, f"{layer}.gate_up", f"{layer}.w_down")
        if index == shape.layers - 1:
            return Residual(x, y)
        normed, x = b.add_norm(x, y, f"layers.{index + 1}.attn_norm")
    raise AssertionError("a model has layers")


def _attention(b: GraphBuilder, x: str, index: int, *, lengths: str, total: str, cached: bool) -> str:
    shape = b.shape
    dims = ["batch", shape.kv_heads, "capacity", shape.head_dim]
    past, present = ["", ""], [f"unused_key_{index}", f"unused_value_{index}"]
    if cached:
        past = [b.input(f"past_{part}_{index}", TensorProto.FLOAT, dims) for part in ("key", "value")]
        present = [f"present_{part}_{index}" for part in ("key", "value")]
        for name in present:
            b.output(name, TensorProto.FLOAT, dims)
    qkv = b.matmul(x, f"layers.{index}.qkv")
    inputs = [qkv, "", "", *past, lengths, total, b.weight("rotary.cos"), b.weight("rotary.sin")]
    output = f"attention_{index}"
    b.named(
        "GroupQueryAttention",
        inputs,
        [output, *present],
        contrib=True,
        num_heads=shape.heads,
        kv_num_heads=shape.kv_heads,
        do_rotary=1,
        rotary_interleaved=0,
    )
    return output
