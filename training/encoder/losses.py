"""What the encoder is trained for: hidden fields, and which bars shall lie together.

Every mode predicts hidden fields; all but the first also ask that a bar lie nearer to its *view* than to the other
bars of the batch (NT-Xent). What the view is makes the mode:

* `mlm`: there is none;
* `augmented`: the bar transposed and made louder or softer;
* `neighbour`: the bar beside it in the song;
* `dropout`: the same bar, other activations dropped;
* `apart`: as `dropout`, but against the other bars of its own song alone, those that are the same left out, so that
  a song's bars are pushed apart and only true repeats stay close.

Source: Chen et al. (SimCLR) 2020 for NT-Xent; the modes follow Lee, Han and Kim's bar embeddings.
"""

from enum import StrEnum

import torch
import torch.nn.functional as F
from torch import Tensor

from engine.representation.bars import BarColumn

TEMPERATURE, WEIGHT = 0.1, 0.1


class Mode(StrEnum):
    """How views are made."""

    MLM = "mlm"
    AUGMENTED = "augmented"
    NEIGHBOUR = "neighbour"
    DROPOUT = "dropout"
    APART = "apart"


def masked_loss(predictions: dict[BarColumn, Tensor], tokens: Tensor, hidden: Tensor) -> Tensor:
    """Return the mean over fields of the mean negative log-likelihood of their hidden values, nats.

    Args:
        predictions: Logits of each field at the rows where any is hidden, [N, size].
        tokens: int64 [N, 7], those rows.
        hidden: bool [N, 7].
    """
    losses = [
        F.cross_entropy(logits[hidden[:, column]].float(), tokens[hidden[:, column], column])
        for column, logits in predictions.items()
        if bool(hidden[:, column].any())
    ]
    return torch.stack(losses).mean()


def contrast_loss(anchors: Tensor, views: Tensor, allowed: Tensor | None = None) -> Tensor:
    """Return NT-Xent: each anchor against all views, and each view against all anchors.

    Args:
        anchors: float [B, D].
        views: float [B, D], row i belongs to anchor i.
        allowed: bool [B, B], which others count as negatives; None: all.
    """
    a, v = F.normalize(anchors.float(), dim=-1), F.normalize(views.float(), dim=-1)
    logits = a @ v.T / TEMPERATURE
    if allowed is not None:
        own = torch.eye(len(a), dtype=torch.bool, device=a.device)
        logits = logits.masked_fill(~(allowed | own), -1e4)
    goal = torch.arange(len(a), device=a.device)
    return (F.cross_entropy(logits, goal) + F.cross_entropy(logits.T, goal)) / 2


def apart_pairs(song: Tensor, tokens: Tensor) -> Tensor:
    """Return bool [B, B]: bars of one song that are not the same notes."""
    flat = tokens.flatten(1)
    same = (flat[:, None] == flat[None]).all(-1)
    return (song[:, None] == song[None]) & ~same
