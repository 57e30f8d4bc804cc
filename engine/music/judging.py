"""The judgements of tempo, bar lines and meter: small networks that choose one of several candidates."""

from functools import cache

import numpy as np

from engine.music.played import FloatArray
from engine.resources import asset


def judged(what: str, features: FloatArray) -> FloatArray:
    """Return the score of each candidate, [..., C], from its features [..., C, F]; e to it goes as its likelihood."""
    inner, outer, direct = _weights(what)
    return np.tanh(features @ inner[:-1] + inner[-1]) @ outer + features @ direct


@cache
def _weights(what: str) -> tuple[FloatArray, ...]:
    with np.load(asset("timing", "weights.npz")) as file:
        return tuple(file[f"{what}_{part}"].astype(np.float64) for part in ("inner", "outer", "direct"))
