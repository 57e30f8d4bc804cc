"""From trained weights to a bundle that is only written if it says what the trained model says.

Three models are compared on the same rows: the trained one (its answers are given), the float32 graphs, and the
graphs that ship. Float32 must agree on every single decision, in both graphs; what was rounded to 8 or 4 bits may
shift decisions, but hardly the likelihood of music. Needs no torch; checkpoints: `training/export_checkpoint.py`.
"""

import logging
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from engine.errors import ModelBundleError
from engine.inference.bundle import (
    CARD,
    SCORE_GRAPH,
    STEP_GRAPH,
    WEIGHTS_FILE,
    BundleInfo,
    ModelBundle,
    ModelShape,
    write_bundle,
)
from engine.inference.model import OnnxLoopModel
from engine.inference.sampling import field_slices
from engine.inference.tables import FloatArray, SamplingTables, Tables
from engine.inference.weights import FLOAT_BITS, Weights
from engine.representation.vocabulary import (
    DRUM_OFFSET,
    DURATION_STEPS,
    FED_DRUM_DURATION,
    POSITIONS,
    SAMPLED_SIZE,
    Column,
    Field,
    Rows,
    RowType,
)
from training.graph import Graphs
from training.graph_heads import build_graphs, build_style_graphs

logger = logging.getLogger(__name__)

FLOAT_TOLERANCE = 2e-3  # nats of any one decision, float32 graphs against the trained model
QUANTISED_TOLERANCE = 0.01  # of the likelihood of a note, the shipped graphs against the trained model
STEPPED_ROWS = 48  # decisions of the first sequence that are also taken one by one through the step graph


@dataclass(frozen=True, slots=True)
class Reference:
    """What the trained model says of some rows.

    Attributes:
        rows: int16 [B, T, ROW_WIDTH], padded at the end.
        labels: int64 [B, T, 6], -1 = not counted.
        nll: float32 [B, T, 6], the trained model's negative log-likelihood in nats, in float32.
    """

    rows: Rows
    labels: npt.NDArray[np.int64]
    nll: FloatArray


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far the graphs are from the trained model.

    Attributes:
        float_difference: Largest difference of any one decision, float32 graphs, in nats.
        nll_trained: Nats a note over all decisions, of the trained model.
        nll_shipped: The same of the graphs that ship.
    """

    float_difference: float
    nll_trained: float
    nll_shipped: float

    @property
    def relative_change(self) -> float:
        """How much the likelihood of a note changes by rounding; above 0 is worse."""
        return (self.nll_shipped - self.nll_trained) / self.nll_trained


def export_bundle(
    weights: Weights,
    folder: Path,
    *,
    info: BundleInfo,
    card: str,
    references: Sequence[Reference],
) -> tuple[ModelBundle, Agreement]:
    """Build the graphs, compare them with the trained model, and write the bundle.

    Args:
        weights: By the names they are trained under, matrices [in, out].
        folder: Where the bundle shall lie.
        info: What its manifest says; the agreement is added to its metrics.
        card: The model card, Markdown.
        references: What the trained model says of rows of the validation split, one batch or more.

    Raises:
        ModelBundleError: the graphs disagree with the trained model; nothing is written then.
    """
    agreement = measure_agreement(weights, info.shape, bits=info.bits, references=references)
    _require(agreement)
    metrics = dict(info.metrics) | {
        "export_float_difference_nats": agreement.float_difference,
        "export_nll_trained_nats": agreement.nll_trained,
        "export_nll_shipped_nats": agreement.nll_shipped,
    }
    return write_plain_bundle(weights, folder, replace(info, metrics=metrics), card=card), agreement


def write_style_bundle(
    factors: Weights, folder: Path, *, base: ModelBundle, info: BundleInfo, card: str = ""
) -> ModelBundle:
    """Write a base with a style beside it; the base's weights are copied to the bit.

    Args:
        factors: By `training.graph.style_names`.
        folder: Where the bundle shall lie.
        base: The model that the style was learned on.
        info: What its manifest says; shape and bits are the base's.
        card: The model card, Markdown.
    """
    graphs = build_style_graphs(base, factors)
    info = replace(info, shape=base.shape, bits=base.info.bits)
    return _write_graphs(graphs, folder, info, card=card)


def relative_change(model: OnnxLoopModel, references: Sequence[Reference]) -> float:
    """Return how much less likely a bundle finds music than the network that it was made of, as a share."""
    trained = sum(float(part.nll.sum(dtype=np.float64)) for part in references)
    shipped = sum(float(model.score(part.rows, part.labels).sum(dtype=np.float64)) for part in references)
    return (shipped - trained) / trained


def measure_agreement(weights: Weights, shape: ModelShape, *, bits: int, references: Sequence[Reference]) -> Agreement:
    """Compare float32 graphs and those of the given bits with the trained model; arguments as `export_bundle`."""
    info = BundleInfo(name="check", shape=shape, bits=FLOAT_BITS, licence="", provenance={}, metrics={})
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        plain = OnnxLoopModel(write_plain_bundle(weights, Path(scratch) / "plain", info))
        difference = max(
            *(float(np.abs(plain.score(part.rows, part.labels) - part.nll).max()) for part in references),
            *(_step_difference(plain, references[0], sequence) for sequence in _stepped(references[0])),
        )
        shipped = plain
        if bits != FLOAT_BITS:
            shipped = OnnxLoopModel(write_plain_bundle(weights, Path(scratch) / "shipped", replace(info, bits=bits)))
        scored = [shipped.score(part.rows, part.labels) for part in references]
    notes = sum(int((part.labels[..., Field.POSITION] >= 0).sum()) for part in references)
    agreement = Agreement(
        float_difference=difference,
        nll_trained=sum(float(part.nll.sum(dtype=np.float64)) for part in references) / max(1, notes),
        nll_shipped=sum(float(nll.sum(dtype=np.float64)) for nll in scored) / max(1, notes),
    )
    logger.info("on %d notes: %s", notes, agreement)
    return agreement


def _require(agreement: Agreement) -> None:
    if not agreement.float_difference <= FLOAT_TOLERANCE:
        raise ModelBundleError(
            "The exported graphs do not say what the trained model says.",
            f"A decision differs by {agreement.float_difference:.2g} nats; {FLOAT_TOLERANCE} are allowed.",
        )
    if not agreement.relative_change <= QUANTISED_TOLERANCE:
        raise ModelBundleError(
            "Rounding the weights costs the model too much.",
            f"A note's likelihood gets worse by {agreement.relative_change:.1%}; export with more bits.",
        )


def write_plain_bundle(weights: Weights, folder: Path, info: BundleInfo, *, card: str = "") -> ModelBundle:
    """Write a bundle of all weights, unchecked."""
    return _write_graphs(build_graphs(weights, info.shape, bits=info.bits), folder, info, card=card)


def _write_graphs(graphs: Graphs, folder: Path, info: BundleInfo, *, card: str) -> ModelBundle:
    files: Mapping[str, bytes] = {
        STEP_GRAPH: graphs.step,
        SCORE_GRAPH: graphs.score,
        WEIGHTS_FILE: graphs.data,
        CARD: card.encode(),
    }
    return write_bundle(folder, info, files=files, tensors=graphs.tensors)


def _stepped(reference: Reference) -> set[int]:
    """Return which sequences are fed row by row: the first, and the one that answers with the most drums."""
    drums = (reference.labels[..., Field.PITCH] >= DRUM_OFFSET).sum(axis=1)
    return {0, int(drums.argmax())}


def _step_difference(model: OnnxLoopModel, reference: Reference, sequence: int) -> float:
    """Return the largest difference of a decision when a sequence is fed row by row to the step graph."""
    rows, labels, nll = reference.rows[sequence], reference.labels[sequence], reference.nll[sequence]
    answered = np.flatnonzero(labels[:, Field.KIND] >= 0)
    if not len(answered):
        return 0.0
    first = max(1, int(answered[0]))
    state = model.begin([rows[:first]], capacity=len(rows))
    sampling = SamplingTables.constant(1)
    largest = 0.0
    for index in range(first, min(len(rows), first + STEPPED_ROWS)):
        tables, noise = _forced(rows[index], labels[index])
        sampled = model.step(state, rows[index][None], tables=tables, sampling=sampling, noise=noise)
        counted = labels[index] >= 0
        largest = max(largest, float(np.abs(sampled.log_prob[0] + nll[index])[counted].max(initial=0.0)))
    return largest


def _forced(row: npt.NDArray[np.int16], labels: npt.NDArray[np.int64]) -> tuple[Tables, FloatArray]:
    """Return the masks of training for one row, and noise that draws its labels."""
    is_drum = bool(labels[Field.PITCH] >= DRUM_OFFSET)
    tables = Tables.unconstrained(1, drums=is_drum)
    if row[Column.TYPE] == RowType.NOTE:
        position, pitch = int(row[Column.POSITION]) - 1, int(row[Column.PITCH]) - 1
        tables.position[0] = np.arange(POSITIONS) >= position
        tables.limit[0, position, : pitch % DRUM_OFFSET + 1] = 0
        if not tables.limit[0, position].any():
            tables.limit[0, position] = DURATION_STEPS[-1]
    noise = np.zeros((1, SAMPLED_SIZE), dtype=np.float32)
    drawn = labels.copy()
    if is_drum:
        drawn[Field.DURATION] = FED_DRUM_DURATION
    for field, part in field_slices().items():
        if drawn[field] >= 0:
            noise[0, part.start + int(drawn[field])] = 1e6
    return tables, noise
