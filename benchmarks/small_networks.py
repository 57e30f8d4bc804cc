"""Networks of one hidden layer, fitted with NumPy alone: what judges roles, tempi and bar lines in the engine."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


class Adam:
    """Moves weights against their gradients, ever slower."""

    def __init__(self, weights: Sequence[Array], *, rate: float, decay: float, steps: int) -> None:
        self.weights = list(weights)
        self._moments = [(np.zeros_like(w), np.zeros_like(w)) for w in weights]
        self._rate, self._decay, self._steps, self._step = rate, decay, steps, 0

    def move(self, gradients: Sequence[Array]) -> None:
        self._step += 1
        rate = self._rate * (1 - self._step / (self._steps + 1))
        for weight, gradient, (first, second) in zip(self.weights, gradients, self._moments, strict=True):
            first += 0.1 * (gradient - first)
            second += 0.001 * (gradient**2 - second)
            size = np.sqrt(second / (1 - 0.999**self._step)) + 1e-8
            weight -= rate * (first / (1 - 0.9**self._step) / size + self._decay * weight)


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
    inputs = np.zeros((len(tables), most, size + 1), np.float64)
    truth, is_there = np.zeros((len(tables), most)), np.zeros((len(tables), most), np.bool_)
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
        adam.move(_choice_gradients(inputs[rows], truth[rows], is_there[rows], adam.weights))
    inner, outer, direct = adam.weights
    scores = np.where(is_there, np.tanh(inputs @ inner) @ outer + inputs @ direct, -np.inf)
    right = float((np.take_along_axis(truth, scores.argmax(axis=1)[:, None], axis=1) > 0).mean())
    plain = inner[:size] * scale[:, None]
    return {
        "inner": np.concatenate([plain, (inner[size] - middle @ plain)[None]]),
        "outer": outer,
        "direct": direct[:size] * scale,
    }, right


def _choice_gradients(
    inputs: Array, truth: Array, is_there: npt.NDArray[np.bool_], weights: Sequence[Array]
) -> list[Array]:
    inner, outer, direct = weights
    units = np.tanh(inputs @ inner)
    scores = np.where(is_there, units @ outer + inputs @ direct, -1e9)
    likely = np.exp(scores - scores.max(axis=1, keepdims=True))
    slope = (likely / likely.sum(axis=1, keepdims=True) - truth) / len(inputs)
    back = slope[..., None] * outer * (1 - units**2)
    return [
        np.einsum("ncf,nch->fh", inputs, back),
        np.einsum("nc,nch->h", slope, units),
        np.einsum("nc,ncf->f", slope, inputs),
    ]
