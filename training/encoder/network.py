"""The network of the bar encoder: notes as a set, a pre-norm transformer, the mean over rows.

A bar's rows (`engine.representation.bars`) are embedded and summed over their columns; there are no positions but
those that notes tell. Padding is masked in attention and pooling alike: a test holds that it changes nothing. Every
layer gives a vector a bar, the mean of its rows; the last one is what is used, the others are probed.
"""

from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.representation.bars import BAR_COLUMN_SIZES, BarColumn
from training.embedding import FactoredTable
from training.model import rms_norm

EPSILON = 1e-6
PREDICTED = (BarColumn.PROGRAM, BarColumn.POSITION, BarColumn.PITCH, BarColumn.DURATION, BarColumn.VELOCITY)

Weights = dict[str, npt.NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class EncoderShape:
    """Sizes of the network.

    Attributes:
        width: Of a row's vector, and of the bar's.
        layers: Blocks.
        heads: Of attention; divides `width`.
        ffn: Width inside a block's feed-forward part.
    """

    width: int = 128
    layers: int = 3
    heads: int = 4
    ffn: int = 384


class Block(nn.Module):
    """Attention among the rows of a bar, then a feed-forward part."""

    def __init__(self, shape: EncoderShape, dropout: float) -> None:
        super().__init__()
        self.heads, self.dropout = shape.heads, dropout
        self.attention_norm = nn.Parameter(torch.ones(shape.width))
        self.qkv = nn.Linear(shape.width, 3 * shape.width, bias=False)
        self.out = nn.Linear(shape.width, shape.width, bias=False)
        self.ffn_norm = nn.Parameter(torch.ones(shape.width))
        self.up = nn.Linear(shape.width, shape.ffn)
        self.down = nn.Linear(shape.ffn, shape.width)
        for layer in (self.out, self.down):
            nn.init.normal_(layer.weight, std=0.02)

    def forward(self, x: Tensor, is_row: Tensor) -> Tensor:
        """Return float32 [B, T, width]; `is_row` is bool [B, T], False for padding."""
        batch, rows, width = x.shape
        normed = rms_norm(x, self.attention_norm, EPSILON)
        q, k, v = self.qkv(normed).view(batch, rows, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=is_row[:, None, None, :])
        x = x + self._dropped(self.out(mixed.transpose(1, 2).reshape(batch, rows, width)))
        normed = rms_norm(x, self.ffn_norm, EPSILON)
        return x + self._dropped(self.down(F.gelu(self.up(normed))))

    def _dropped(self, x: Tensor) -> Tensor:
        return F.dropout(x, self.dropout, self.training)


class BarNetwork(nn.Module):
    """The encoder, and the heads that predict masked fields while it is trained.

    Args:
        shape: Its sizes.
        dropout: Share of activations dropped while training.
    """

    offsets: Tensor

    def __init__(self, shape: EncoderShape | None = None, *, dropout: float = 0.0) -> None:
        super().__init__()
        self.shape = shape or EncoderShape()
        width = self.shape.width
        self.tables = nn.ModuleList(
            [FactoredTable(c.name.lower(), BAR_COLUMN_SIZES[c] - 1, width, std=0.1) for c in BarColumn]
        )
        self.masked = nn.Parameter(torch.randn(len(BarColumn), width) * 0.1)  # in place of a field that is hidden
        self.blocks = nn.ModuleList([Block(self.shape, dropout) for _ in range(self.shape.layers)])
        self.norm = nn.Parameter(torch.ones(width))
        self.heads = nn.ModuleDict({c.name: nn.Linear(width, BAR_COLUMN_SIZES[c]) for c in PREDICTED})
        sizes = np.cumsum([0, *BAR_COLUMN_SIZES[:-1]])
        self.register_buffer("offsets", torch.from_numpy(sizes), persistent=False)

    def table(self) -> Tensor:
        """Return all columns' vectors, float32 [sum of sizes, width]; id 0 of each is zero."""
        zero = torch.zeros(1, self.shape.width)
        return torch.cat([part for t in self.tables for part in (zero, cast("FactoredTable", t).folded())])

    def rows(self, tokens: Tensor, hidden: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Embed rows.

        Args:
            tokens: int [B, T, 7].
            hidden: bool [B, T, 7], fields that are masked; None masks none.

        Returns:
            float32 [B, T, width], and bool [B, T]: which rows are no padding.
        """
        is_row = (tokens > 0).any(-1)
        vectors = F.embedding(tokens.long() + self.offsets, self.table())
        if hidden is not None:
            vectors = torch.where(hidden[..., None], self.masked, vectors)
        return vectors.sum(2), is_row

    def layer_rows(self, tokens: Tensor, hidden: Tensor | None = None) -> tuple[list[Tensor], Tensor]:
        """Return every layer's rows, embeddings first, normed last: float32 [B, T, width] each; and `is_row`."""
        x, is_row = self.rows(tokens, hidden)
        layers = [x]
        for block in self.blocks:
            x = block(x, is_row)
            layers.append(x)
        layers[-1] = rms_norm(x, self.norm, EPSILON)
        return layers, is_row

    def layer_vectors(self, tokens: Tensor) -> list[Tensor]:
        """Return every layer's vector of each bar, embeddings first: float32 [B, width] each."""
        layers, is_row = self.layer_rows(tokens)
        return [pooled(layer, is_row) for layer in layers]

    def forward(self, tokens: Tensor) -> Tensor:
        """Return the vector of each bar: int [B, T, 7] -> float32 [B, width]."""
        return self.layer_vectors(tokens)[-1]

    def predictions(self, rows: Tensor) -> dict[BarColumn, Tensor]:
        """Return logits of the predicted fields at rows [N, width]."""
        return {column: self.heads[column.name](rows) for column in PREDICTED}

    @torch.no_grad()
    def exported_weights(self) -> Weights:
        """Return what inference needs, as float32 arrays; matrices are [in, out]."""
        weights: Weights = {"table": _array(self.table()), "norm": _array(self.norm)}
        for index, block in enumerate(self.blocks):
            of = cast("Block", block)
            name = f"layers.{index}"
            weights |= {f"{name}.attention_norm": _array(of.attention_norm), f"{name}.ffn_norm": _array(of.ffn_norm)}
            weights |= {f"{name}.qkv": _array(of.qkv.weight.T), f"{name}.out": _array(of.out.weight.T)}
            weights |= {f"{name}.up": _array(of.up.weight.T), f"{name}.up_bias": _array(of.up.bias)}
            weights |= {f"{name}.down": _array(of.down.weight.T), f"{name}.down_bias": _array(of.down.bias)}
        return weights


def pooled(rows: Tensor, is_row: Tensor) -> Tensor:
    """Return the mean over the rows that are no padding, float32 [B, width]."""
    weight = is_row[..., None].to(rows.dtype)
    return (rows * weight).sum(1) / weight.sum(1).clamp(min=1)


def _array(tensor: Tensor) -> npt.NDArray[np.float32]:
    return tensor.detach().float().contiguous().numpy()
