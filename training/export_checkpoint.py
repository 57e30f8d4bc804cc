"""From a checkpoint to a bundle: the averaged weights, checked on rows of the validation split.

The trained model answers in float32 on the CPU, whatever it was trained in; the rest is `training/export.py`.
"""

import json
import logging
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
import torch.nn.functional as F

from engine.errors import CorpusError
from engine.inference.bundle import BundleInfo, ModelBundle, ModelShape
from engine.representation.vocabulary import Field
from training.config import TrainConfig
from training.export import Agreement, Reference, export_bundle
from training.feed import SongSource, TensorBatch, first_windows
from training.model import LoopTransformer
from training.trained_model import load_model, shape_of

logger = logging.getLogger(__name__)

CHECKED_WINDOWS = 96
CHECKED_ROWS = 4096  # rows of one batch of the comparison


@dataclass(frozen=True, slots=True)
class Publication:
    """What a bundle says about itself besides figures.

    Attributes:
        name: Short name, shown to people.
        licence: SPDX expression of the weights.
        provenance: What it was trained on, as short text by heading; training's own figures are added.
        bits: How matrices are stored: 32, 8 or 4 bits.
        card: The model card, Markdown; written from the rest if empty.
    """

    name: str
    licence: str = "MIT"
    provenance: Mapping[str, str] | None = None
    bits: int = 8
    card: str = ""


def export_checkpoint(
    checkpoint: Path, folder: Path, *, publication: Publication, data: Path | None = None
) -> tuple[ModelBundle, Agreement]:
    """Write a checkpoint's averaged model as a bundle.

    Args:
        checkpoint: A `step-….ckpt` or `best.ckpt`.
        folder: Where the bundle shall lie.
        publication: What it says about itself.
        data: Folder of the packed songs, if they moved since the training.

    Raises:
        CheckpointError: the checkpoint cannot be read or belongs to another vocabulary.
        CorpusError: there are no packed songs of the validation split.
        ModelBundleError: the exported graphs do not say what the model says.
    """
    model, state = load_model(checkpoint)
    if not model.shape.chained:
        raise CorpusError("A model with independent heads has no bundle.", "It is a baseline; export a chained one.")
    config = TrainConfig.from_mapping(json.loads(state["config"]), source=checkpoint.name)
    settings = replace(config.data, directory=str(data)) if data else config.data
    batches = first_windows(SongSource.open(settings, split="valid"), CHECKED_WINDOWS, rows_per_batch=CHECKED_ROWS)
    info = _info(config, state, publication, shape_of(model))
    card = publication.card or card_text(info)
    return export_bundle(model.folded_weights(), folder, info=info, card=card, references=references_of(model, batches))


@torch.no_grad()
def references_of(model: LoopTransformer, batches: Iterable[TensorBatch]) -> list[Reference]:
    """Return what a network says of batches, decision by decision."""
    references: list[Reference] = []
    for batch in batches:
        labels = batch.labels.long()
        nll = torch.zeros(labels.shape)
        for field, logits in zip(Field, model.logits(batch.rows, labels), strict=True):
            chosen = F.log_softmax(logits, dim=-1).gather(2, labels[..., field, None].clamp(min=0))
            nll[..., field] = torch.where(labels[..., field] >= 0, -chosen[..., 0], 0.0)
        references.append(Reference(batch.rows.numpy(), labels.numpy(), nll.numpy().astype(np.float32)))
    return references


def _info(config: TrainConfig, state: Mapping[str, Any], publication: Publication, shape: ModelShape) -> BundleInfo:
    progress = cast("Mapping[str, float]", state["progress"])
    metrics = {f"training_{name}": float(value) for name, value in progress.items() if math.isfinite(value)}
    score = cast("Mapping[str, float]", state.get("score") or {})
    metrics |= {f"valid_bits_per_note_{name}": float(value) for name, value in score.items()}
    provenance = dict(publication.provenance or {})
    provenance["training"] = _without_places(config).to_json()
    return BundleInfo(
        name=publication.name,
        shape=shape,
        bits=publication.bits,
        licence=publication.licence,
        provenance=provenance,
        metrics=metrics,
    )


def _without_places(config: TrainConfig) -> TrainConfig:
    """Return a configuration that names folders without where they lie: that is the trainer's own business."""
    data, run = config.data, config.run
    return replace(
        config,
        data=replace(data, directory=Path(data.directory).name),
        run=replace(run, directory=Path(run.directory).name, start_from=Path(run.start_from).name),
    )


def card_text(info: BundleInfo, *, notes: Sequence[str] = ()) -> str:
    """Return a model card in Markdown from what a manifest says.

    Args:
        info: What the manifest says.
        notes: Paragraphs put before the figures.
    """
    told = [f"- **{heading}**: {text}" for heading, text in info.provenance.items()]
    figures = [f"| {name} | {value:.6g} |" for name, value in info.metrics.items()]
    shape = ", ".join(f"{field.name} {getattr(info.shape, field.name)}" for field in fields(ModelShape))
    parts = [
        f"# {info.name}",
        f"Writes loops as rows, one a note. Licence of the weights: {info.licence}. Stored in {info.bits} bits.",
        *notes,
        f"Sizes: {shape}.",
        "\n".join(told),
        "\n".join(["| figure | value |", "|---|---|", *figures]) if figures else "",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"
