"""What parts do, told from their notes alone, for files whose channels, programs and names say nothing.

A small network on `part_features`, fitted by `benchmarks/fit_roles.py`; its weights are plain numbers in an asset.
First the drums are told, then what the others are beside each other.
"""

from functools import cache

import numpy as np
import numpy.typing as npt

from engine.midi.part_features import part_features
from engine.midi.song import Song
from engine.music.general_midi import Role
from engine.resources import asset

CONTENT_ROLES = (Role.DRUMS, Role.BASS, Role.KEYS, Role.GUITAR, Role.LEAD, Role.PAD, Role.STRINGS, Role.BRASS)

FloatArray = npt.NDArray[np.float64]


def roles_by_content(song: Song) -> tuple[Role, ...]:
    """Return the role that each part of a song seems to have, one of `CONTENT_ROLES`."""
    chances = role_chances(song)
    return tuple(CONTENT_ROLES[index] for index in chances.argmax(axis=1).tolist())


def role_chances(song: Song) -> FloatArray:
    """Return the likelihood of each role for each part, [parts, roles], rows summing to 1."""
    alone = part_features(song.notes, song.bar_starts, drums=[True] * len(song.tracks))
    drums = _chances(alone).argmax(axis=1) == 0
    return _chances(part_features(song.notes, song.bar_starts, drums=drums.tolist()))


def _chances(features: FloatArray) -> FloatArray:
    hidden, output = _weights()
    first = np.tanh(_with_one(features) @ hidden)
    scores = _with_one(first) @ output
    likely = np.exp(scores - scores.max(axis=1, keepdims=True))
    return likely / likely.sum(axis=1, keepdims=True)


def _with_one(table: FloatArray) -> FloatArray:
    return np.concatenate([table, np.ones((len(table), 1))], axis=1)


@cache
def _weights() -> tuple[FloatArray, FloatArray]:
    with np.load(asset("roles", "weights.npz")) as file:
        return file["hidden"].astype(np.float64), file["output"].astype(np.float64)
