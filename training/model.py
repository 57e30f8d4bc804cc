"""The network in torch: a decoder over rows, whose answer to a row is the cell's next note or its end.

A row's columns are embedded and summed; a pre-norm decoder (RMSNorm, rotary positions, grouped key /
value heads, SwiGLU) reads the sequence; six small heads then answer one after the other, each knowing
the fields before it: the chain. Losses are computed at counted rows only, under the masks that the
grammar guarantees, so that the likelihood is that of what the generator can really write.

Unusual: while training, some embedding tables are sums of a free table and of shared factors (a pitch
is itself, its pitch class and its octave). `folded_weights` adds them up; the bundle knows only sums.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple, cast

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.representation.vocabulary import (
    DRUM_OFFSET,
    FIELD_SIZES,
    PITCHES,
    POSITIONS,
    Column,
    Field,
    RowState,
    RowType,
)
from training.config import ModelConfig
from training.embedding import EMBED_STD, FactoredTable, RowEmbedding

FED_FIELDS = (Field.POSITION, Field.PITCH, Field.DURATION, Field.VELOCITY)
# Added to the logits of impossible values: large enough to be nothing, and a finite loss shows a wrong label.
FORBIDDEN = -1e4

# Plain integers: the compiler compares tensors with enum members as objects.
_TYPE, _POSITION_COLUMN, _PITCH_COLUMN = int(Column.TYPE), int(Column.POSITION), int(Column.PITCH)
_POSITION, _PITCH = int(Field.POSITION), int(Field.PITCH)
_NOTE = int(RowType.NOTE)
_STATE, _TARGET = int(Column.STATE), int(RowState.TARGET)
_FIELD_NAMES = tuple(field.name.lower() for field in Field)

Weights = dict[str, npt.NDArray[np.float32]]


class Losses(NamedTuple):
    """Negative log-likelihood of a batch, by field.

    Attributes:
        nats: float32 [6], summed over counted labels of target rows.
        counts: int64 [6], counted labels of target rows.
        given_nats: float32 [], summed over labels of context rows, where a batch has them.
        given_notes: int64 [], notes among those.
        pull: float32 [], added to what is minimised, such as a pull to another model; in nats a note.
    """

    nats: Tensor
    counts: Tensor
    given_nats: Tensor
    given_notes: Tensor
    pull: Tensor = torch.zeros(())

    @property
    def notes(self) -> Tensor:
        """int64 [], the notes written: every note counts once, ends count as decisions but not as notes."""
        return self.counts[Field.POSITION]

    @property
    def per_note(self) -> Tensor:
        """float32 [], nats a note over all decisions, ends included."""
        return self.nats.sum() / self.notes.clamp(min=1)

    def objective(self, given_weight: float) -> Tensor:
        """Return what is minimised: nats a note, a note of the context counting `given_weight` of one."""
        notes = self.notes + given_weight * self.given_notes
        return (self.nats.sum() + given_weight * self.given_nats) / notes.clamp(min=1) + self.pull

    def plus(self, other: "Losses") -> "Losses":
        """Return the sums of two batches."""
        return Losses(*(one + another for one, another in zip(self, other, strict=True)))

    def detached(self) -> "Losses":
        """Return the same values without the way they came about."""
        return Losses(*(part.detach() for part in self))


def rms_norm(x: Tensor, weight: Tensor, eps: float) -> Tensor:
    """Return x scaled to unit mean square, times `weight`, in float32 whatever the precision around it."""
    x = x.float()
    return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + eps) * weight


class Norm(nn.Module):
    """RMSNorm with a weight."""

    def __init__(self, width: int, eps: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        return rms_norm(x, self.weight, self.eps)


def _linear(inputs: int, outputs: int, *, zero: bool = False) -> nn.Linear:
    layer = nn.Linear(inputs, outputs, bias=False)
    if zero:
        nn.init.zeros_(layer.weight)
    else:
        nn.init.normal_(layer.weight, std=inputs**-0.5)
    return layer


def rotary_tables(length: int, head_dim: int, theta: float, device: torch.device) -> tuple[Tensor, Tensor]:
    """Return cosines and sines, float32 [length, head_dim / 2], of the half-split rotary convention."""
    frequencies = theta ** (-torch.arange(0, head_dim, 2, device=device, dtype=torch.float32) / head_dim)
    angles = torch.arange(length, device=device, dtype=torch.float32)[:, None] * frequencies
    return angles.cos(), angles.sin()


def _rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    first, second = x.chunk(2, dim=-1)
    cos, sin = cos.to(x.dtype), sin.to(x.dtype)
    return torch.cat((first * cos - second * sin, second * cos + first * sin), dim=-1)


class Block(nn.Module):
    """x += Attention(norm(x)); x += SwiGLU(norm(x))."""

    def __init__(self, shape: ModelConfig) -> None:
        super().__init__()
        self.shape = shape
        width, head = shape.d_model, shape.head_dim
        self.attn_norm = Norm(width, shape.norm_eps)
        # Queries, keys and values in one product; the exported names are split.
        self.qkv = _linear(width, (shape.heads + 2 * shape.kv_heads) * head)
        self.out = _linear(shape.heads * head, width, zero=True)
        self.ffn_norm = Norm(width, shape.norm_eps)
        self.gate_up = _linear(width, 2 * shape.ffn)
        self.down = _linear(shape.ffn, width, zero=True)
        self.dropout = nn.Dropout(shape.dropout)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        x = x + self.dropout(self._attention(self.attn_norm(x), cos, sin))
        gate, up = self.gate_up(self.ffn_norm(x)).chunk(2, dim=-1)
        return x + self.dropout(self.down(F.silu(gate) * up))

    def _attention(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        batch, length, _ = x.shape
        heads, groups, size = self.shape.heads, self.shape.kv_heads, self.shape.head_dim
        qkv = self.qkv(x).view(batch, length, heads + 2 * groups, size).transpose(1, 2)
        query, key, value = qkv.split((heads, groups, groups), dim=1)
        query, key = _rotate(query, cos, sin), _rotate(key, cos, sin)
        if heads != groups:
            key = key.repeat_interleave(heads // groups, dim=1)
            value = value.repeat_interleave(heads // groups, dim=1)
        mixed = F.scaled_dot_product_attention(query, key, value, is_causal=True)
        return self.out(mixed.transpose(1, 2).reshape(batch, length, heads * size))


class FieldHead(nn.Module):
    """One sampled field's answer: norm, SwiGLU, logits."""

    def __init__(self, size: int, shape: ModelConfig) -> None:
        super().__init__()
        self.norm = Norm(shape.d_model, shape.norm_eps)
        self.gate_up = _linear(shape.d_model, 2 * shape.head_hidden)
        self.out = _linear(shape.head_hidden, size, zero=True)

    def forward(self, h: Tensor) -> Tensor:
        gate, up = self.gate_up(self.norm(h)).chunk(2, dim=-1)
        return self.out(F.silu(gate) * up).float()


class LossModel(nn.Module, ABC):
    """What can be trained: sequences and labels in, losses out."""

    @abstractmethod
    def compile_parts(self) -> None:
        """Have the expensive parts compiled at their first use."""

    @abstractmethod
    def forward(self, rows: Tensor, labels: Tensor) -> Losses:
        """Return the summed losses of a batch padded on the right."""


def run_blocks(blocks: Iterable[nn.Module], x: Tensor, shape: ModelConfig) -> Tensor:
    """Return the trunk's output for embedded rows x, float32 [B, T, d_model]."""
    cos, sin = rotary_tables(x.shape[1], shape.head_dim, shape.rope_theta, x.device)
    for block in blocks:
        x = block(x, cos, sin)
    return x


class LoopTransformer(LossModel):
    """The model of a loop: rows in, losses (training) or logits (checks) out."""

    def __init__(self, shape: ModelConfig) -> None:
        super().__init__()
        self.shape = shape
        self.embed = RowEmbedding(shape.d_model)
        self.layers = nn.ModuleList([Block(shape) for _ in range(shape.layers)])
        self.heads = nn.ModuleDict({f.name.lower(): FieldHead(FIELD_SIZES[f], shape) for f in Field})
        fed = FED_FIELDS if shape.chained else ()
        self.feeds = nn.ModuleDict(
            {f.name.lower(): FactoredTable(f.name.lower(), FIELD_SIZES[f], shape.d_model, std=EMBED_STD) for f in fed}
        )
        self._run_trunk: Callable[[Tensor], Tensor] = self._trunk
        self._run_heads: Callable[[Tensor, Tensor, Tensor], Tensor] = self._head_losses

    def compile_parts(self) -> None:
        """Compile trunk and heads apart: the first sees [batch, length], the second a flat list of counted rows."""
        self._run_trunk = torch.compile(self._trunk, dynamic=True)
        self._run_heads = torch.compile(self._head_losses, dynamic=True)

    def _trunk(self, rows: Tensor) -> Tensor:
        return run_blocks(self.layers, self.embed(rows), self.shape)

    def forward(self, rows: Tensor, labels: Tensor) -> Losses:
        """Return the summed losses of a batch.

        Args:
            rows: int [B, T, ROW_WIDTH], padded on the right with PAD rows. Attention is causal, so padding
                needs no mask.
            labels: int [B, T, 6] in `Field` order, 0-based, -1 where nothing is counted.
        """
        hidden = self._run_trunk(rows)
        flat_labels = labels.reshape(-1, len(Field)).long()
        counted = (flat_labels[:, Field.KIND] >= 0).nonzero().squeeze(1)
        flat_labels = flat_labels[counted]
        flat_rows = rows.reshape(-1, rows.shape[-1])[counted].long()
        nats = self._run_heads(hidden.reshape(-1, hidden.shape[-1])[counted], flat_labels, flat_rows)
        is_target = (flat_rows[:, _STATE] == _TARGET)[:, None]
        is_counted = flat_labels >= 0
        return Losses(
            nats=(nats * is_target).sum(0),
            counts=(is_counted & is_target).sum(0),
            given_nats=(nats * ~is_target).sum(),
            given_notes=(is_counted & ~is_target)[:, _POSITION].sum(),
        )

    def _head_losses(self, hidden: Tensor, labels: Tensor, rows: Tensor) -> Tensor:
        """Return float32 [N, 6], nats of every counted label, 0 of the others."""
        losses = [
            F.cross_entropy(logits, labels[:, index], ignore_index=-1, reduction="none")
            for index, logits in enumerate(self._chain(hidden, labels, rows))
        ]
        return torch.stack(losses, dim=1)

    def _chain(self, hidden: Tensor, labels: Tensor, rows: Tensor) -> list[Tensor]:
        """Return each field's masked logits, float32 [N, size], given the true earlier fields."""
        answers: list[Tensor] = []
        for index, name in enumerate(_FIELD_NAMES):
            logits = cast("FieldHead", self.heads[name])(hidden)
            if index == _POSITION:
                logits = logits + _position_mask(rows)
            elif index == _PITCH:
                logits = logits + _pitch_mask(rows, labels)
            answers.append(logits)
            if name in self.feeds:
                table = cast("FactoredTable", self.feeds[name]).folded()
                # A drum's length is no label: 0 is fed, `FED_DRUM_DURATION`.
                hidden = hidden + F.embedding(labels[:, index].clamp(min=0), table)
        return answers

    def answers(self, rows: Tensor, labels: Tensor) -> tuple[list[Tensor], Tensor]:
        """Return every field's masked logits, float32 [N, size], at the N counted rows, and their labels [N, 6]."""
        hidden = self._trunk(rows)
        flat_labels = labels.reshape(-1, len(Field)).long()
        counted = (flat_labels[:, Field.KIND] >= 0).nonzero().squeeze(1)
        flat_labels, flat_rows = flat_labels[counted], rows.reshape(-1, rows.shape[-1])[counted].long()
        return self._chain(hidden.reshape(-1, hidden.shape[-1])[counted], flat_labels, flat_rows), flat_labels

    def logits(self, rows: Tensor, labels: Tensor) -> list[Tensor]:
        """Return every field's masked logits, float32 [B, T, size], teacher-forced, for checks and scoring."""
        hidden = self._trunk(rows)
        flat = self._chain(
            hidden.reshape(-1, hidden.shape[-1]),
            labels.reshape(-1, len(Field)).long(),
            rows.reshape(-1, rows.shape[-1]).long(),
        )
        return [logits.view(*rows.shape[:2], -1) for logits in flat]

    def folded_weights(self) -> Weights:
        """Return the weights by the names a bundle stores, matrices as [in, out], tables summed up."""
        weights: dict[str, Tensor] = {}
        shape = self.shape
        for column, table in zip(Column, self.embed.tables, strict=True):
            folded = cast("FactoredTable", table).folded()
            weights[f"embed.{column.name.lower()}"] = torch.cat([folded.new_zeros(1, shape.d_model), folded])
        for index, module in enumerate(self.layers):
            layer, prefix = cast("Block", module), f"layers.{index}"
            split = [shape.heads * shape.head_dim, *[shape.kv_heads * shape.head_dim] * 2]
            weights[f"{prefix}.attn_norm"] = layer.attn_norm.weight
            for key, part in zip(("wq", "wk", "wv"), layer.qkv.weight.split(split), strict=True):
                weights[f"{prefix}.{key}"] = part.T
            weights[f"{prefix}.wo"] = layer.out.weight.T
            weights[f"{prefix}.ffn_norm"] = layer.ffn_norm.weight
            weights[f"{prefix}.w_gate"], weights[f"{prefix}.w_up"] = (p.T for p in layer.gate_up.weight.chunk(2))
            weights[f"{prefix}.w_down"] = layer.down.weight.T
        for name, module in self.heads.items():
            head, prefix = cast("FieldHead", module), f"heads.{name}"
            weights[f"{prefix}.norm"] = head.norm.weight
            weights[f"{prefix}.w_gate"], weights[f"{prefix}.w_up"] = (p.T for p in head.gate_up.weight.chunk(2))
            weights[f"{prefix}.w_out"] = head.out.weight.T
        for name, table in self.feeds.items():
            weights[f"heads.{name}.feed"] = cast("FactoredTable", table).folded()
        return {k: np.ascontiguousarray(v.detach().float().cpu().numpy()) for k, v in weights.items()}

    @torch.no_grad()
    def load_weights(self, weights: Mapping[str, npt.NDArray[np.float32]]) -> None:
        """Take weights by their bundle names; the free tables take all, shared factors start from nothing.

        Raises:
            KeyError: A weight is missing.
            RuntimeError: A weight has another shape.
        """

        def get(name: str) -> Tensor:
            return torch.from_numpy(np.asarray(weights[name], np.float32))

        for column, table in zip(Column, self.embed.tables, strict=True):
            cast("FactoredTable", table).set_folded(get(f"embed.{column.name.lower()}")[1:])
        for index, module in enumerate(self.layers):
            layer, prefix = cast("Block", module), f"layers.{index}"
            layer.attn_norm.weight.copy_(get(f"{prefix}.attn_norm"))
            layer.qkv.weight.copy_(torch.cat([get(f"{prefix}.{k}") for k in ("wq", "wk", "wv")], dim=1).T)
            layer.out.weight.copy_(get(f"{prefix}.wo").T)
            layer.ffn_norm.weight.copy_(get(f"{prefix}.ffn_norm"))
            layer.gate_up.weight.copy_(torch.cat([get(f"{prefix}.w_gate"), get(f"{prefix}.w_up")], dim=1).T)
            layer.down.weight.copy_(get(f"{prefix}.w_down").T)
        for name, module in self.heads.items():
            head, prefix = cast("FieldHead", module), f"heads.{name}"
            head.norm.weight.copy_(get(f"{prefix}.norm"))
            head.gate_up.weight.copy_(torch.cat([get(f"{prefix}.w_gate"), get(f"{prefix}.w_up")], dim=1).T)
            head.out.weight.copy_(get(f"{prefix}.w_out").T)
        for name, table in self.feeds.items():
            cast("FactoredTable", table).set_folded(get(f"heads.{name}.feed"))


def _previous(rows: Tensor) -> tuple[Tensor, Tensor]:
    """Return the position of the note that a row is (0 for the start of a cell) and its pitch id (-1)."""
    is_note = rows[:, _TYPE] == _NOTE
    position = torch.where(is_note, rows[:, _POSITION_COLUMN] - 1, 0)
    return position, torch.where(is_note, rows[:, _PITCH_COLUMN] - 1, -1)


def _position_mask(rows: Tensor) -> Tensor:
    """Forbid positions before the cell's previous note: float32 [N, POSITIONS]."""
    previous, _ = _previous(rows)
    steps = torch.arange(POSITIONS, device=rows.device)
    return torch.where(steps < previous[:, None], FORBIDDEN, 0.0)


def _pitch_mask(rows: Tensor, labels: Tensor) -> Tensor:
    """Forbid the other half of the field and, at an onset already begun, pitches not above: float32 [N, 256]."""
    position, pitch = _previous(rows)
    at_same_onset = labels[:, _POSITION] == position
    lowest = torch.where(at_same_onset, pitch + 1, 0)
    ids = torch.arange(2 * PITCHES, device=rows.device)
    is_drum = labels[:, _PITCH, None] >= DRUM_OFFSET
    forbidden = (ids < lowest[:, None]) | ((ids >= DRUM_OFFSET) != is_drum)
    return torch.where(forbidden, FORBIDDEN, 0.0)
