"""Random weights for models that no one trained."""

import numpy as np

from engine.inference.bundle import ModelShape
from engine.representation.vocabulary import COLUMN_SIZES, FIELD_SIZES, Column, Field

TINY = ModelShape(d_model=32, layers=2, heads=2, kv_heads=1, head_dim=16, ffn=48, head_hidden=32)


def random_weights(shape: ModelShape, *, seed: int = 0) -> dict[str, np.ndarray]:
    """Return weights under the names they are trained under, scaled so that activations neither die nor explode."""
    rng = np.random.default_rng(seed)

    def matrix(rows: int, columns: int) -> np.ndarray:
        return rng.normal(0, rows**-0.5, (rows, columns)).astype(np.float32)

    def norm() -> np.ndarray:
        return rng.uniform(0.5, 1.5, shape.d_model).astype(np.float32)

    d, query, kv = shape.d_model, shape.heads * shape.head_dim, shape.kv_heads * shape.head_dim
    weights: dict[str, np.ndarray] = {}
    for column in Column:
        table = rng.normal(0, 0.5, (COLUMN_SIZES[column], d)).astype(np.float32)
        table[0] = 0
        weights[f"embed.{column.name.lower()}"] = table
    for layer in (f"layers.{index}" for index in range(shape.layers)):
        weights |= {f"{layer}.attn_norm": norm(), f"{layer}.ffn_norm": norm()}
        weights |= {f"{layer}.wq": matrix(d, query), f"{layer}.wk": matrix(d, kv), f"{layer}.wv": matrix(d, kv)}
        weights |= {f"{layer}.wo": matrix(query, d), f"{layer}.w_down": matrix(shape.ffn, d)}
        weights |= {f"{layer}.w_gate": matrix(d, shape.ffn), f"{layer}.w_up": matrix(d, shape.ffn)}
    for field in Field:
        head, size = f"heads.{field.name.lower()}", FIELD_SIZES[field]
        weights |= {f"{head}.norm": norm(), f"{head}.w_out": 2 * matrix(shape.head_hidden, size)}
        weights |= {f"{head}.w_gate": matrix(d, shape.head_hidden), f"{head}.w_up": matrix(d, shape.head_hidden)}
        if field in (Field.POSITION, Field.PITCH, Field.DURATION, Field.VELOCITY):
            weights[f"{head}.feed"] = rng.normal(0, 0.5, (size, d)).astype(np.float32)
    return weights
