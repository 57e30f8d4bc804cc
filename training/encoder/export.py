"""Writes a trained bar encoder as one ONNX graph with its weights inside, checked against the network.

python -m training.encoder.export CHECKPOINT --out runs/judge_encoder --name judge --purpose "…"
"""

import argparse
import math
import tempfile
from pathlib import Path

import numpy as np
import torch
from onnx import TensorProto, helper

from engine.errors import ModelBundleError
from engine.representation.bars import BAR_COLUMN_SIZES, BarColumn, BarTokens
from engine.similarity.bar_encoder import CARD, GRAPH, BarEncoder, write_manifest
from training.encoder.graph import Graph
from training.encoder.network import EPSILON, BarNetwork, EncoderShape
from training.encoder.song_network import SongNetwork
from training.encoder.train import load_encoder

TOLERANCE = 1e-4


def encoder_graph(network: BarNetwork) -> bytes:
    """Return the graph: `tokens` int16 [B, T, 7] -> `vectors` float32 [B, width]."""
    shape = network.shape
    g = Graph(network.exported_weights())
    offsets = np.cumsum([0, *BAR_COLUMN_SIZES[:-1]])
    ids = g.op("Add", g.op("Cast", "tokens", to=TensorProto.INT64), g.constant(offsets, np.int64))
    x = g.op("ReduceSum", g.op("Gather", "table", ids), g.constant([2], np.int64), keepdims=0)
    highest = g.op("ReduceMax", g.op("Cast", "tokens", to=TensorProto.INT32), g.constant([2], np.int64), keepdims=1)
    is_row = g.op("Cast", g.op("Greater", highest, g.constant(0, np.int32)), to=TensorProto.FLOAT)  # [B, T, 1]
    away = g.op("Mul", g.op("Sub", is_row, g.constant(1, np.float32)), g.constant(1e9, np.float32))
    bias = g.op("Unsqueeze", g.op("Transpose", away, perm=[0, 2, 1]), g.constant([1], np.int64))  # [B, 1, 1, T]
    for index in range(shape.layers):
        x = _block(g, x, bias, f"layers.{index}", shape)
    rows = g.op("Mul", _norm(g, x, "norm"), is_row)
    axis = g.constant([1], np.int64)
    count = g.op("Max", g.op("ReduceSum", is_row, axis, keepdims=0), g.constant(1, np.float32))
    g.last("Div", g.op("ReduceSum", rows, axis, keepdims=0), count, name="vectors")
    tokens = helper.make_tensor_value_info("tokens", TensorProto.INT16, ["batch", "rows", len(BarColumn)])
    vectors = helper.make_tensor_value_info("vectors", TensorProto.FLOAT, ["batch", shape.width])
    return g.serialised("bar_encoder", tokens, vectors)


def _norm(g: Graph, x: str, weight: str) -> str:
    return g.op("SimplifiedLayerNormalization", x, weight, axis=-1, epsilon=EPSILON)


def _block(g: Graph, x: str, bias: str, name: str, shape: EncoderShape) -> str:
    size = shape.width // shape.heads
    qkv = g.op("MatMul", _norm(g, x, f"{name}.attention_norm"), f"{name}.qkv")
    split = g.op("Reshape", qkv, g.constant([0, 0, 3, shape.heads, size], np.int64))
    turned = g.op("Transpose", split, perm=[2, 0, 3, 1, 4])
    q, k, v = (g.op("Gather", turned, g.constant(part, np.int64), axis=0) for part in range(3))
    scores = g.op("MatMul", q, g.op("Transpose", k, perm=[0, 1, 3, 2]))
    scaled = g.op("Add", g.op("Mul", scores, g.constant(1 / math.sqrt(size), np.float32)), bias)
    mixed = g.op("MatMul", g.op("Softmax", scaled, axis=-1), v)
    joined = g.op("Reshape", g.op("Transpose", mixed, perm=[0, 2, 1, 3]), g.constant([0, 0, shape.width], np.int64))
    x = g.op("Add", x, g.op("MatMul", joined, f"{name}.out"))
    up = g.op("Add", g.op("MatMul", _norm(g, x, f"{name}.ffn_norm"), f"{name}.up"), f"{name}.up_bias")
    return g.op("Add", x, g.op("Add", g.op("MatMul", g.gelu(up), f"{name}.down"), f"{name}.down_bias"))


def export_encoder(
    network: BarNetwork | SongNetwork, out: Path, *, name: str, purpose: str, card: str, provenance: dict[str, str]
) -> BarEncoder:
    """Write an encoder's folder and return it, opened.

    Raises:
        ModelBundleError: The graph does not say what the network says.
    """
    out = out.absolute()
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-", ignore_cleanup_errors=True) as scratch:
        fresh = Path(scratch) / out.name
        fresh.mkdir()
        is_transformer = isinstance(network, BarNetwork)
        (fresh / GRAPH).write_bytes(encoder_graph(network) if is_transformer else network.graph())
        (fresh / CARD).write_text(card, encoding="utf-8")
        width = network.shape.width if is_transformer else network.width
        write_manifest(fresh, name=name, width=width, purpose=purpose, provenance=provenance)
        _check(BarEncoder(fresh), network)
        if out.exists():
            out.rename(Path(scratch) / "replaced")
        fresh.rename(out)
    return BarEncoder(out)


def _check(encoder: BarEncoder, network: BarNetwork | SongNetwork) -> None:
    tokens = random_tokens(np.random.default_rng(0))
    with torch.no_grad():
        wanted = network.eval()(torch.from_numpy(tokens)).numpy()
    difference = float(np.abs(encoder.bar_vectors(tokens) - wanted).max())
    if difference > TOLERANCE:
        raise ModelBundleError(
            "The exported encoder does not say what the network says.", f"It is {difference:.2g} off."
        )


def random_tokens(rng: np.random.Generator, *, bars: int = 6, rows: int = 20) -> BarTokens:
    """Return bars of random ids, the last rows padding."""
    tokens = np.stack([rng.integers(0, size, (bars, rows)) for size in BAR_COLUMN_SIZES], axis=-1).astype(np.int16)
    tokens[:, rows * 3 // 4 :] = 0
    return tokens


def main() -> None:
    """Export from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--name", required=True)
    parser.add_argument("--purpose", required=True)
    parser.add_argument("--card", type=Path, required=True)
    options = parser.parse_args()
    state = torch.load(options.checkpoint, weights_only=True)
    export_encoder(
        load_encoder(options.checkpoint),
        options.out,
        name=options.name,
        purpose=options.purpose,
        card=options.card.read_text(encoding="utf-8"),
        provenance={"training": state["config"], "steps": str(state["step"])},
    )


if __name__ == "__main__":
    main()
