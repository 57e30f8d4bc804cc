"""A network as its checkpoint left it, and what it makes of music."""

import json
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from engine.errors import ModelBundleError
from engine.inference.bundle import ModelBundle, ModelShape, recover_weights
from engine.representation.vocabulary import Field, vocabulary_hash
from training.checkpoints import CheckpointError, State, read_checkpoint
from training.config import ModelConfig
from training.feed import TensorBatch
from training.model import LoopTransformer, Losses
from training.records import Score
from training.sharding import placed_like


@torch.no_grad()
def evaluate(model: Any, batches: Sequence[TensorBatch], *, device: torch.device) -> Score:
    """Return the likelihood of batches, every decision counted."""
    was_training = model.training
    model.eval()
    nats = torch.zeros(len(Field), dtype=torch.float64)
    counts = torch.zeros(len(Field), dtype=torch.int64)
    for batch in batches:
        losses: Losses = model(batch.rows.to(device), batch.labels.to(device))
        nats += losses.nats.double().cpu()
        counts += losses.counts.cpu()
    model.train(was_training)
    return Score.of(nats, counts)


def check_vocabulary(state: State) -> None:
    """Refuse a checkpoint whose ids mean something else.

    Raises:
        CheckpointError: It was trained with another vocabulary.
    """
    if state.get("vocabulary") != vocabulary_hash():
        raise CheckpointError("The checkpoint was trained with another vocabulary.", "Start a new run.")


def averaged_weights(state: State) -> dict[str, Tensor]:
    """Return the averaged weights of a checkpoint, by parameter name."""
    check_vocabulary(state)
    return state["average"]


def trained_state(model: nn.Module) -> dict[str, Tensor]:
    """Return what a run moves, by name: all of a network trained from nothing, a style's factors alone."""
    return {name: p.detach() for name, p in model.named_parameters() if p.requires_grad}


@torch.no_grad()
def load_trained(model: nn.Module, weights: dict[str, Tensor]) -> None:
    """Take weights by the names of `trained_state`.

    Raises:
        CheckpointError: They belong to a network of other names or sizes.
    """
    own = {name: p for name, p in model.named_parameters() if p.requires_grad}
    if own.keys() != weights.keys() or any(p.shape != weights[name].shape for name, p in own.items()):
        raise CheckpointError("The checkpoint belongs to a network of another shape.", "Start a new run.")
    for name, parameter in own.items():
        parameter.copy_(placed_like(weights[name], parameter))


def shape_of(model: LoopTransformer) -> ModelShape:
    """Return the sizes that a bundle of the model states."""
    return ModelShape(**{field.name: getattr(model.shape, field.name) for field in fields(ModelShape)})


def open_base(path: Path) -> ModelBundle:
    """Open a bundle from which a training can begin.

    Raises:
        ModelBundleError: It cannot be read, or is a style, whose own weights are another bundle's.
    """
    bundle = ModelBundle.open(path)
    if bundle.info.style is not None:
        raise ModelBundleError(f"{bundle.info.name} is a style on top of another model.", "Begin with that model.")
    return bundle


def begin_from(model: nn.Module, path: Path) -> None:
    """Take the averaged weights of a checkpoint, or those of a bundle's folder, as rounded as it stores them.

    Raises:
        CheckpointError: They belong to another network or vocabulary, or the checkpoint cannot be read.
        ModelBundleError: The bundle cannot be read, or is a style.
    """
    if not path.is_dir():
        load_trained(model, averaged_weights(read_checkpoint(path)))
        return
    bundle = open_base(path)
    if not isinstance(model, LoopTransformer) or shape_of(model) != bundle.shape:
        raise CheckpointError(f"{path} holds a network of another shape.", "Start from a bundle of the same sizes.")
    model.load_weights(recover_weights(bundle))


def load_model(path: Path) -> tuple[LoopTransformer, State]:
    """Return the averaged model of a checkpoint, ready to be exported, and what else the file tells.

    Raises:
        CheckpointError: The file cannot be read, or belongs to another vocabulary.
    """
    state = read_checkpoint(path)
    shape = ModelConfig(**json.loads(state["config"])["model"])
    model = LoopTransformer(shape)
    load_trained(model, averaged_weights(state))
    return model.eval(), state
