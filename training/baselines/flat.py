"""The flat baseline's network: the same trunk over `flat_stream`, one head over all answers.

It gets the same grammar as the row model: what cannot come next, by type and by order, is masked.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.representation.vocabulary import DRUM_OFFSET, FIELD_SIZES, MICRO_ON_GRID, Field
from training.baselines.flat_stream import ANSWERS, END_TOKEN, TOKENS, Label, State, answer_range
from training.config import ModelConfig
from training.embedding import EMBED_STD
from training.model import FORBIDDEN, Block, FieldHead, Losses, LossModel, run_blocks

_TOKEN, _FIELD, _STATE = int(Label.TOKEN), int(Label.FIELD), int(Label.STATE)
_POSITION, _PITCH, _IS_DRUM = int(Label.POSITION), int(Label.PITCH), int(Label.IS_DRUM)
_POSITIONS, _PITCHES = answer_range(Field.POSITION), answer_range(Field.PITCH)


def _allowed_after() -> Tensor:
    """Return bool [2, states, ANSWERS]: what may follow, of pitched parts and of drums."""
    allowed = torch.zeros(2, len(State), ANSWERS, dtype=torch.bool)

    def allow(state: State, field: Field, drums: tuple[int, ...] = (0, 1)) -> None:
        first, behind = answer_range(field)
        for drum in drums:
            allowed[drum, state, first:behind] = True

    allow(State.CELL, Field.POSITION)
    allow(State.POSITION, Field.PITCH)
    allow(State.PITCH, Field.DURATION, (0,))
    allow(State.PITCH, Field.VELOCITY, (1,))
    allow(State.DURATION, Field.VELOCITY)
    allow(State.VELOCITY, Field.MICRO)
    allowed[:, State.VELOCITY, answer_range(Field.MICRO)[0] + MICRO_ON_GRID] = False  # that is left unsaid
    for state in (State.VELOCITY, State.MICRO):
        allow(state, Field.POSITION)
        allow(state, Field.PITCH)
    for state in (State.CELL, State.VELOCITY, State.MICRO):
        allowed[:, state, END_TOKEN] = True
    first = _PITCHES[0]
    allowed[0, :, first + DRUM_OFFSET : _PITCHES[1]] = False
    allowed[1, :, first : first + DRUM_OFFSET] = False
    return allowed


class FlatTransformer(LossModel):
    """The trunk over one token after another."""

    allowed: Tensor

    def __init__(self, shape: ModelConfig) -> None:
        super().__init__()
        self.shape = shape
        self.embed = nn.Embedding(TOKENS + 1, shape.d_model)
        nn.init.normal_(self.embed.weight, std=4 * EMBED_STD)  # as large as a row's dozen columns together
        self.layers = nn.ModuleList([Block(shape) for _ in range(shape.layers)])
        self.heads = nn.ModuleList([FieldHead(ANSWERS, shape)])
        self.register_buffer("allowed", _allowed_after(), persistent=False)
        self._run_trunk: Callable[[Tensor], Tensor] = self._trunk

    def compile_parts(self) -> None:
        self._run_trunk = torch.compile(self._trunk, dynamic=True)

    def _trunk(self, tokens: Tensor) -> Tensor:
        return run_blocks(self.layers, self.embed(tokens), self.shape)

    def forward(self, rows: Tensor, labels: Tensor) -> Losses:
        """Return the losses of token streams [B, T, 1] and their labels [B, T, 6]; see `flat_stream`."""
        hidden = self._run_trunk(rows[:, :, 0].long())
        flat = labels.reshape(-1, labels.shape[-1]).long()
        counted = (flat[:, _TOKEN] >= 0).nonzero().squeeze(1)
        flat = flat[counted]
        logits = self.heads[0](hidden.reshape(-1, hidden.shape[-1])[counted]) + self._mask(flat)
        nats = F.cross_entropy(logits, flat[:, _TOKEN], reduction="none")
        zeros = torch.zeros(len(Field), device=nats.device)
        sums = zeros.index_add(0, flat[:, _FIELD], nats)
        counts = torch.bincount(flat[:, _FIELD], minlength=len(Field))
        # Notes are told by their pitch here: notes of one onset share its Position.
        counts[int(Field.POSITION)] = counts[int(Field.PITCH)]
        return Losses(sums, counts, given_nats=sums.new_zeros(()), given_notes=counts.new_zeros(()))

    def _mask(self, labels: Tensor) -> Tensor:
        answers = torch.arange(ANSWERS, device=labels.device)
        allowed = self.allowed[labels[:, _IS_DRUM], labels[:, _STATE]]
        # An onset that is said is a later one; a pitch at the same onset is a higher one.
        step, pitch = answers - _POSITIONS[0], answers - _PITCHES[0]
        is_step = (step >= 0) & (step < FIELD_SIZES[Field.POSITION])
        is_pitch = (pitch >= 0) & (pitch < FIELD_SIZES[Field.PITCH])
        allowed = allowed & ~(is_step & (step <= labels[:, _POSITION, None]))
        allowed = allowed & ~(is_pitch & (pitch <= labels[:, _PITCH, None]))
        return torch.where(allowed, 0.0, FORBIDDEN)
