"""The tether that keeps a model of one's own near its base: what the base says of its own loops stays what it says.

Who learns a style from few files forgets what else he could. Beside each batch of own files a batch of loops that the
base wrote is read, and the divergence KL(base ‖ model) of all decisions in them is added to what is minimised (Li and
Hoiem, Learning without Forgetting, arXiv:1606.09282). To learn those loops as if they were music would not do: drawn as
takes are, they are likelier than what the base knows, and a model can get better at them while it forgets.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from engine.representation.vocabulary import Field, Kind
from training.feed import TensorBatch
from training.model import LoopTransformer, Losses, LossModel


@dataclass(frozen=True, slots=True)
class Said:
    """A batch, and what the base says of it.

    Attributes:
        batch: The rows.
        answers: The base's log-probabilities by field, float32 [N, size], of the rows that are counted.
    """

    batch: TensorBatch
    answers: tuple[Tensor, ...]


@torch.no_grad()
def said_of(model: LoopTransformer, batches: Sequence[TensorBatch]) -> list[Said]:
    """Return what a network says of batches now; it must be the base still."""
    model.eval()
    found: list[Said] = []
    for batch in batches:
        answers, _ = model.answers(batch.rows, batch.labels)
        found.append(Said(batch, tuple(F.log_softmax(logits, dim=-1) for logits in answers)))
    return found


def entropy(said: Sequence[Said]) -> float:
    """Return how many bits a note costs the base in what it says itself: what drift is measured against."""
    nats = torch.zeros((), dtype=torch.float64)
    notes = 0
    for each in said:
        labels = _counted(each.batch)
        for index, answer in enumerate(each.answers):
            own = -(answer.exp() * answer).sum(-1)
            nats += (own * (labels[:, index] >= 0)).sum().double()
        notes += _notes(labels)
    return float(nats) / max(1, notes) / math.log(2)


@torch.no_grad()
def drift(model: LoopTransformer, said: Sequence[Said], *, device: torch.device) -> float:
    """Return how far a network has come from the base: bits a note, 0 for the base itself."""
    was_training = model.training
    model.eval()
    nats = sum(float(_divergence(model, each, device)) for each in said)
    model.train(was_training)
    return nats / max(1, sum(_notes(_counted(each.batch)) for each in said)) / math.log(2)


def _divergence(model: LoopTransformer, said: Said, device: torch.device) -> Tensor:
    """Return KL(base ‖ model) of a batch in nats, summed over its decisions."""
    answers, labels = model.answers(said.batch.rows.to(device), said.batch.labels.to(device))
    total = labels.new_zeros((), dtype=torch.float32)
    for index, (logits, base) in enumerate(zip(answers, said.answers, strict=True)):
        each = F.kl_div(F.log_softmax(logits, dim=-1), base.to(device), reduction="none", log_target=True).sum(-1)
        total = total + (each * (labels[:, index] >= 0)).sum()
    return total


def _counted(batch: TensorBatch) -> Tensor:
    labels = batch.labels.reshape(-1, len(Field))
    return labels[labels[:, Field.KIND] >= 0]


def _notes(labels: Tensor) -> int:
    return int((labels[:, Field.KIND] == Kind.NOTE).sum())


class Tethered(LossModel):
    """A network whose loss, in training, holds a pull to what the base says.

    Attributes:
        model: The network.
        said: Batches of the base's loops; none: it is not held.
        weight: How many nats of own files a nat of drift is worth.
    """

    def __init__(self, model: LoopTransformer, said: Sequence[Said], weight: float) -> None:
        super().__init__()
        self.model, self.said, self.weight = model, said, weight

    def compile_parts(self) -> None:
        """See `LossModel`."""
        self.model.compile_parts()

    def forward(self, rows: Tensor, labels: Tensor) -> Losses:
        """See `LossModel`; the batch itself decides which loops stand beside it: the same in a resumed run."""
        losses = self.model(rows, labels)
        if not (self.training and self.said and self.weight):
            return losses
        said = self.said[int(rows.sum()) % len(self.said)]
        notes = max(1, _notes(_counted(said.batch)))
        return losses._replace(pull=self.weight * _divergence(self.model, said, rows.device) / notes)
