"""The encoder that ships: what a bar plays, counted, through one hidden layer.

It reads the same rows as the transformer beside it (`network.py`) and counts them as the library does
(`engine.similarity.loops`): six rows of square roots of counts, each of length 1, one bar at a time. Counts of a whole
loop know what it plays; the hidden layer sees what is played in one bar *together*. It costs so little that it can be
trained on tens of thousands of bars in minutes, and answers in a fraction of a millisecond.
"""

import numpy as np
import torch
import torch.nn.functional as F
from onnx import TensorProto, helper
from torch import Tensor, nn

from engine.representation.bars import BAR_COLUMN_SIZES, BarColumn
from engine.representation.vocabulary import PITCHES
from engine.similarity.loops import COUNTED, COUNTS
from training.encoder.graph import Graph

INPUT_SCALE = 4.0  # counts are small
COUNTS_HIDDEN, UNITS_HIDDEN = 0.1, 0.2  # dropped while training
_BEFORE_PITCH = sum(BAR_COLUMN_SIZES[column] - 1 for column in COUNTED if column < BarColumn.PITCH)


class SongNetwork(nn.Module):
    """Counts of a bar -> hidden layer -> vector.

    Args:
        middle: float32 [COUNTS], the counts of a usual bar.
        hidden: Units of the layer.
        width: Numbers of a vector.
    """

    middle: Tensor

    def __init__(self, middle: Tensor, *, hidden: int, width: int) -> None:
        super().__init__()
        self.width = width
        self.register_buffer("middle", middle)
        self.up, self.down = nn.Linear(COUNTS, hidden), nn.Linear(hidden, width)

    def forward(self, tokens: Tensor) -> Tensor:
        """Return the vector of each bar: int [B, T, 7] -> float32 [B, width]."""
        return self.of_counts(counts_of(tokens))

    def of_counts(self, counts: Tensor) -> Tensor:
        """Return vectors float32 [..., width] of counts [..., COUNTS]."""
        centred = INPUT_SCALE * (F.dropout(counts, COUNTS_HIDDEN, self.training) - self.middle)
        return self.down(F.dropout(F.gelu(self.up(centred)), UNITS_HIDDEN, self.training))

    @torch.no_grad()
    def graph(self) -> bytes:
        """Return the ONNX graph: `tokens` int16 [B, T, 7] -> `vectors` float32 [B, width]."""
        arrays = {"middle": self.middle, "up": self.up.weight.T * INPUT_SCALE, "up_bias": self.up.bias}
        arrays |= {"down": self.down.weight.T, "down_bias": self.down.bias}
        g = Graph({name: np.ascontiguousarray(array.float().numpy()) for name, array in arrays.items()})
        hidden = g.op("Add", g.op("MatMul", g.op("Sub", _counted(g), "middle"), "up"), "up_bias")
        g.last("Add", g.op("MatMul", g.gelu(hidden), "down"), "down_bias", name="vectors")
        tokens = helper.make_tensor_value_info("tokens", TensorProto.INT16, ["batch", "rows", len(BarColumn)])
        vectors = helper.make_tensor_value_info("vectors", TensorProto.FLOAT, ["batch", self.width])
        return g.serialised("song_encoder", tokens, vectors)


def _counted(g: Graph) -> str:
    """Count the notes of each bar; the header is no note."""
    axis, one = g.constant([1], np.int64), g.constant([1], np.int64)
    end, on_off = g.constant([np.iinfo(np.int32).max], np.int64), g.constant([0, 1], np.float32)
    notes = g.op("Slice", g.op("Cast", "tokens", to=TensorProto.INT64), one, end, axis)
    parts: list[str] = []
    for column in COUNTED:
        ids = g.op("Gather", notes, g.constant(int(column), np.int64), axis=2)
        each = g.op("OneHot", ids, g.constant([BAR_COLUMN_SIZES[column]], np.int64), on_off, axis=-1)
        counts = g.op("Slice", g.op("ReduceSum", each, axis, keepdims=0), one, end, axis)
        total = g.op("Max", g.op("ReduceSum", counts, axis, keepdims=1), g.constant(1, np.float32))
        parts.append(g.op("Sqrt", g.op("Div", counts, total)))
    return g.op("Concat", *parts, axis=1)


def counts_of(tokens: Tensor) -> Tensor:
    """Return what each bar plays: int [B, T, 7] -> float32 [B, COUNTS], as `engine.similarity.loops` counts loops."""
    parts: list[Tensor] = []
    for column in COUNTED:
        ids = tokens[:, 1:, column].long()
        counts = torch.zeros(len(tokens), BAR_COLUMN_SIZES[column])
        counts = counts.scatter_add_(1, ids, torch.ones(ids.shape))[:, 1:]
        parts.append((counts / counts.sum(1, keepdim=True).clamp(min=1)).sqrt())
    return torch.cat(parts, dim=1)


def in_another_key(counts: Tensor, semitones: int) -> Tensor:
    """Return counts [..., COUNTS] of the same bars, transposed; drums stay."""
    moved = counts.clone()
    pitched = slice(_BEFORE_PITCH, _BEFORE_PITCH + PITCHES)
    moved[..., pitched] = counts[..., pitched].roll(semitones, -1)
    return moved
