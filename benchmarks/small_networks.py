"""Networks of one hidden layer, fitted with NumPy alone: what judges roles, tempi and bar lines in the engine."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Single = npt.NDArray[np.float32]


class Adam:
    """Moves weights against their gradients, ever slower."""

    def __init__(self, weights: Sequence[Array], *, rate: float, decay: float, steps: int) -> None:
        self.weights = list(weights)
        self._moments = [(np.zeros_like(w), np.zeros_like(w)) for w in weights]
        self._rate, self._decay, self._steps, self._step = rate, decay, steps, 0

    def move(self, gradients: Sequence[Array | Single]) -> None:
        self._step += 1
        rate = self._rate * (1 - self._step / (self._steps + 1))
        for weight, gradient, (first, second) in zip(self.weights, gradients, self._moments, strict=True):
            first += 0.1 * (gradient - first)
            second += 0.001 * (gradient**2 - second)
            size = np.sqrt(second / (1 - 0.999**self._step)) + 1e-8
            weight -= rate * (first / (1 - 0.9**self._step) / size + self._decay * weight)


def write_weights(path: Path, weights: Mapping[str, Array]) -> None:
    """Write weights as the engine reads them: float32, by their names."""
    singles: dict[str, Any] = {name: value.astype(np.float32) for name, value in weights.items()}
    np.savez(path, **singles)


def choosing_network(
    tables: Sequence[Array], truths: Sequence[Array], *, hidden: int, passes: int, decay: float, seed: int = 0
) -> tuple[dict[str, Array], float]:
    """Fit what chooses one of several candidates by score = tanh(x · inner) · outer + x · direct.

    Args:
        tables: One a choice, [candidates, features].
        truths: One a choice, [candidates], shares of 1 of those that are right.
        hidden: Units of the hidden layer.
        passes: How often all choices are seen.
        decay: Of weights.
        seed: Of first weights and order.

    Returns:
        "inner" [features + 1, hidden], "outer" [hidden] and "direct" [features], for features as they are; and the
        share of choices that are right.
    """
    rng = np.random.default_rng(seed)
    most, size = max(map(len, tables)), tables[0].shape[1]
    inputs = np.zeros((len(tables), most, size + 1), np.float32)
    truth, is_there = np.zeros((len(tables), most), np.float32), np.zeros((len(tables), most), np.bool_)
    together = np.concatenate(tables)
    middle, scale = together.mean(axis=0), 1 / np.maximum(together.std(axis=0), 1e-6)
    for at, (table, goal) in enumerate(zip(tables, truths, strict=True)):
        inputs[at, : len(table), :size] = (table - middle) * scale
        inputs[at, : len(table), size] = 1
        truth[at, : len(goal)], is_there[at, : len(goal)] = goal, True
    batch, count = 64, len(tables)
    steps = passes * count // batch
    first = [rng.normal(0, size**-0.5, (size + 1, hidden)), np.zeros(hidden), np.zeros(size + 1)]
    adam = Adam(first, rate=2e-3, decay=decay, steps=steps)
    for _ in range(steps):
        rows = rng.integers(0, count, batch)
        weights = [weight.astype(np.float32) for weight in adam.weights]
        adam.move(_choice_gradients(inputs[rows], truth[rows], is_there[rows], weights))
    inner, outer, direct = adam.weights
    scores = np.where(is_there, np.tanh(inputs @ inner) @ outer + inputs @ direct, -np.inf)
    right = float((np.take_along_axis(truth, scores.argmax(axis=1)[:, None], axis=1) > 0).mean())
    plain = inner[:size] * scale[:, None]
    return {
        "inner": np.concatenate([plain, (inner[size] - middle @ plain)[None]]),
        "outer": outer,
        "direct": direct[:size] * scale,
    }, right


def marking_network(
    table: Array, truth: Array, weight: Array, *, hidden: int, passes: int, decay: float, left_out: float, seed: int = 0
) -> dict[str, Array]:
    """Fit what marks each thing as several kinds or none by score = tanh(x · inner) · outer, each a log-odds.

    Args:
        table: What things are judged by, [n, features].
        truth: 1 for the kinds of each, [n, kinds].
        weight: How much each thing counts, [n].
        hidden: Units of the hidden layer.
        passes: How often all things are seen.
        decay: Of weights.
        left_out: Share of features that are left out at random, others each time.
        seed: Of first weights, order and what is left out.

    Returns:
        "inner" [features + 1, hidden] and "outer" [hidden + 1, kinds], the last row of each added as it is.
    """
    rng = np.random.default_rng(seed)
    count, size = table.shape
    middle, scale = table.mean(axis=0), 1 / np.maximum(table.std(axis=0), 1e-6)
    inputs, goals = ((table - middle) * scale).astype(np.float32), truth.astype(np.float32)
    counted = (weight / weight.mean()).astype(np.float32)[:, None]
    batch, kinds = 256, truth.shape[1]
    steps = passes * count // batch
    first = [rng.normal(0, size**-0.5, (size, hidden)), np.zeros(hidden)]
    first += [rng.normal(0, hidden**-0.5, (hidden, kinds)), np.zeros(kinds)]
    adam = Adam(first, rate=3e-3, decay=decay, steps=steps)
    for _ in range(steps):
        rows = rng.integers(0, count, batch)
        seen = inputs[rows] * (rng.random((batch, size)) >= left_out) / (1 - left_out)
        inner, inner_bias, outer, outer_bias = (weights.astype(np.float32) for weights in adam.weights)
        units = np.tanh(seen @ inner + inner_bias)
        slope = (1 / (1 + np.exp(-(units @ outer + outer_bias))) - goals[rows]) * counted[rows] / (batch * kinds)
        back = slope @ outer.T * (1 - units**2)
        adam.move([seen.T @ back, back.sum(axis=0), units.T @ slope, slope.sum(axis=0)])
    inner, inner_bias, outer, outer_bias = adam.weights
    plain = inner * scale[:, None]
    return {
        "inner": np.concatenate([plain, (inner_bias - middle @ plain)[None]]),
        "outer": np.concatenate([outer, outer_bias[None]]),
    }


def averaged(networks: Sequence[dict[str, Array]]) -> dict[str, Array]:
    """Return the network whose scores are the mean of those of others, as wide as all of them together."""
    return {
        "inner": np.concatenate([network["inner"] for network in networks], axis=1),
        "outer": np.concatenate([network["outer"] for network in networks]) / len(networks),
        "direct": np.mean([network["direct"] for network in networks], axis=0),
    }


def _choice_gradients(
    inputs: Single, truth: Single, is_there: npt.NDArray[np.bool_], weights: Sequence[Single]
) -> list[Single]:
    inner, outer, direct = weights
    units = np.tanh(inputs @ inner)
    scores = np.where(is_there, units @ outer + inputs @ direct, -1e9)
    likely = np.exp(scores - scores.max(axis=1, keepdims=True))
    slope = (likely / likely.sum(axis=1, keepdims=True) - truth) / len(inputs)
    back = slope[..., None] * outer * (1 - units**2)
    flat = inputs.reshape(-1, inputs.shape[-1])
    return [
        flat.T @ back.reshape(len(flat), -1),
        slope.reshape(-1) @ units.reshape(len(flat), -1),
        slope.reshape(-1) @ flat,
    ]
