"""The model as plain NumPy, written from its definition and not from the graph: what the graph is held to."""

import numpy as np

from engine.inference.bundle import ModelShape
from engine.representation.vocabulary import DRUM_OFFSET, FIELD_SIZES, Column, Field, Rows, RowType

Weights = dict[str, np.ndarray]
FEEDING = (Field.POSITION, Field.PITCH, Field.DURATION, Field.VELOCITY)


def _rms_norm(x: np.ndarray, gamma: np.ndarray, eps: float) -> np.ndarray:
    return x / np.sqrt((x**2).mean(axis=-1, keepdims=True) + eps) * gamma


def _silu(x: np.ndarray) -> np.ndarray:
    return x / (1 + np.exp(-x))


def _rotate(x: np.ndarray, theta: float) -> np.ndarray:
    """Turn [T, heads, head_dim] by each row's place; a pair is (i, i + head_dim / 2)."""
    length, _, width = x.shape
    angles = np.arange(length)[:, None] * theta ** (-np.arange(width // 2) * 2 / width)
    cos, sin = np.cos(angles)[:, None], np.sin(angles)[:, None]
    left, right = x[..., : width // 2], x[..., width // 2 :]
    return np.concatenate([left * cos - right * sin, right * cos + left * sin], axis=-1)


def trunk(weights: Weights, shape: ModelShape, rows: Rows) -> np.ndarray:
    """Return float64 [T, d] for int16 [T, ROW_WIDTH]."""
    x = sum(weights[f"embed.{column.name.lower()}"].astype(np.float64)[rows[:, column]] for column in Column)
    assert isinstance(x, np.ndarray)
    length = len(rows)
    causal = np.tril(np.ones((length, length), bool))
    for layer in (f"layers.{index}" for index in range(shape.layers)):
        n = _rms_norm(x, weights[f"{layer}.attn_norm"], shape.norm_eps)
        q, k, v = ((n @ weights[f"{layer}.w{part}"]).reshape(length, -1, shape.head_dim) for part in "qkv")
        q, k = _rotate(q, shape.rope_theta), _rotate(k, shape.rope_theta)
        heads = []
        for head in range(shape.heads):
            group = head * shape.kv_heads // shape.heads
            affinity = np.where(causal, q[:, head] @ k[:, group].T / np.sqrt(shape.head_dim), -np.inf)
            affinity = np.exp(affinity - affinity.max(axis=1, keepdims=True))
            heads.append(affinity / affinity.sum(axis=1, keepdims=True) @ v[:, group])
        x = x + np.concatenate(heads, axis=1) @ weights[f"{layer}.wo"]
        n = _rms_norm(x, weights[f"{layer}.ffn_norm"], shape.norm_eps)
        gated = _silu(n @ weights[f"{layer}.w_gate"]) * (n @ weights[f"{layer}.w_up"])
        x = x + gated @ weights[f"{layer}.w_down"]
    return x


def head_logits(weights: Weights, shape: ModelShape, h: np.ndarray, given: np.ndarray) -> list[np.ndarray]:
    """Return each field's logits [T, n] from trunk outputs [T, d], given the answers [T, 6] of the fields before it."""
    fed = h
    result = []
    for field in Field:
        head = f"heads.{field.name.lower()}"
        n = _rms_norm(fed, weights[f"{head}.norm"], shape.norm_eps)
        gated = _silu(n @ weights[f"{head}.w_gate"]) * (n @ weights[f"{head}.w_up"])
        result.append(gated @ weights[f"{head}.w_out"])
        if field in FEEDING:
            fed = fed + weights[f"{head}.feed"][given[:, field]]
    return result


def forbidden(rows: Rows, labels: np.ndarray, field: Field) -> np.ndarray:
    """Return bool [T, n]: positions before the row's own, pitches not above at its onset, the pitches' other half."""
    is_note = rows[:, Column.TYPE] == RowType.NOTE
    position = np.where(is_note, rows[:, Column.POSITION] - 1, 0)[:, None]
    ids = np.arange(FIELD_SIZES[field])
    if field is Field.POSITION:
        return ids < position
    if field is Field.PITCH:
        pitch = np.where(is_note, rows[:, Column.PITCH] - 1, -1)[:, None]
        too_low = (labels[:, Field.POSITION, None] == position) & (ids <= pitch)
        return too_low | ((ids >= DRUM_OFFSET) != (labels[:, Field.PITCH, None] >= DRUM_OFFSET))
    return np.zeros((len(rows), len(ids)), bool)


def negative_log_likelihood(weights: Weights, shape: ModelShape, rows: Rows, labels: np.ndarray) -> np.ndarray:
    """Return float64 [T, 6], 0 where a label is -1, for rows [T, ROW_WIDTH] and labels [T, 6]."""
    given = np.maximum(labels, 0)
    nll = np.zeros(labels.shape)
    for field, raw in zip(Field, head_logits(weights, shape, trunk(weights, shape, rows), given), strict=True):
        logits = raw - 1e4 * forbidden(rows, given, field)
        peak = logits.max(axis=1)
        log_sum = peak + np.log(np.exp(logits - peak[:, None]).sum(axis=1))
        nll[:, field] = log_sum - logits[np.arange(len(rows)), given[:, field]]
    return np.where(labels >= 0, nll, 0)
