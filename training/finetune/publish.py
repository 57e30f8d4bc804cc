"""From what was learned to a bundle: with its card, and only if it says what the trained network says.

A style is written beside its base (`write_style_bundle`); a model whose every weight was learned is rounded anew.
"""

import platform
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import torch

from engine.errors import ModelBundleError
from engine.inference.bundle import BundleInfo, ModelBundle, StyleInfo
from engine.inference.model import OnnxLoopModel
from training.export import QUANTISED_TOLERANCE, export_bundle, relative_change, write_plain_bundle, write_style_bundle
from training.export_checkpoint import references_of
from training.feed import TensorBatch
from training.finetune.adapters import factors_of
from training.finetune.config import FinetuneConfig, Method
from training.finetune.curves import Curve
from training.finetune.folder import FolderReport
from training.model import LoopTransformer
from training.trained_model import shape_of

_CHECKED_BATCHES = 4


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a model comes from, for its card.

    Attributes:
        base: The model it began as.
        report: The files.
        config: The settings.
        curve: The validations.
        verdict: What became of it, in words.
    """

    base: ModelBundle
    report: FolderReport
    config: FinetuneConfig
    curve: Curve
    verdict: str


def publish(
    model: LoopTransformer, folder: Path, *, name: str, origin: Origin, batches: Sequence[TensorBatch]
) -> ModelBundle:
    """Write a network that holds its best weights as a bundle.

    Args:
        model: The network, adapted.
        folder: Where the bundle shall lie.
        name: What it is called.
        origin: Where it comes from.
        batches: Rows on which bundle and network are compared.

    Raises:
        ModelBundleError: The bundle does not say what the network says, or cannot be written.
    """
    method = Method(origin.config.style.method)
    info = _info(model, name, origin, method)
    card = card_of(info, origin)
    references = references_of(model.eval(), batches[:_CHECKED_BATCHES])
    if method is Method.ALL:
        return export_bundle(model.folded_weights(), folder, info=info, card=card, references=references)[0]
    factors = factors_of(model)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        tried = write_style_bundle(factors, Path(scratch) / "tried", base=origin.base, info=info)
        change = relative_change(OnnxLoopModel(tried), references)
    if not abs(change) <= QUANTISED_TOLERANCE:
        raise ModelBundleError(
            "The model on disk would not say what the trained one says.",
            f"A note's likelihood differs by {change:.1%}.",
        )
    return write_style_bundle(factors, folder, base=origin.base, info=info, card=card)


def write_sketch(model: LoopTransformer, folder: Path, *, base: ModelBundle, method: Method) -> ModelBundle:
    """Write what a network is at this moment, unchecked, to let it be heard."""
    info = BundleInfo("sketch", shape_of(model), base.info.bits, "", {}, {}, style=_style(base, 1, method))
    if method is Method.LORA:
        return write_style_bundle(factors_of(model), folder, base=base, info=info)
    return write_plain_bundle(model.folded_weights(), folder, info)


def _style(base: ModelBundle, rank: int, method: Method) -> StyleInfo | None:
    return StyleInfo(base.identity, rank) if method is Method.LORA else None


def _info(model: LoopTransformer, name: str, origin: Origin, method: Method) -> BundleInfo:
    report, curve = origin.report, origin.curve
    start, best = curve.start, curve.best
    provenance = {
        "base": f"{origin.base.info.name} ({origin.base.identity}), {origin.base.info.licence}",
        "files": f"{len(report.used)} files, {report.notes} notes, {report.loops} loops",
        "settings": origin.config.to_json(),
        "date": datetime.now(UTC).date().isoformat(),
        "versions": f"turnaround {_version('turnaround')}, torch {torch.__version__}, {platform.system()}",
        "verdict": origin.verdict,
    }
    metrics = {
        "own_bits_per_note_base": start.own,
        "own_bits_per_note": best.own,
        "base_bits_per_note_base": start.base,
        "base_bits_per_note": best.base,
        "steps": float(best.step),
    }
    return BundleInfo(
        name,
        shape_of(model),
        origin.base.info.bits,
        origin.config.course.licence,
        provenance,
        {key: value for key, value in metrics.items() if value == value},  # a curve that was not drawn is NaN
        style=_style(origin.base, origin.config.style.rank, method),
    )


def _version(package: str) -> str:
    try:
        return version(package)
    except ModuleNotFoundError:
        return "unknown"


def card_of(info: BundleInfo, origin: Origin) -> str:
    """Return the model card, Markdown: what it is made of, and how it went."""
    report = origin.report
    told: Mapping[str, str] = info.provenance
    lean = "It can lean on that style by 0 to 100 %." if info.style else "All its weights were learned."
    files = "\n".join(
        f"| {Path(file.name).name.replace('|', ' ')} | `{file.sha256}` | {file.notes} |" for file in report.used
    )
    curve = "\n".join(f"| {p.step} | {p.own:.3f} | {p.base:.3f} |" for p in origin.curve.points)
    return f"""# {info.name}

A model of one's own, on top of {told["base"]}. {lean}
Licence of what was added: {info.licence}. Made on {told["date"]} with {told["versions"]}.

{origin.verdict}

## What it was trained on

{told["files"]}. The files stay with their owner; nothing of them is in the bundle but what the weights learned.

| file | SHA-256 | notes |
|---|---|---|
{files}

## How it went

Bits a note: files that were kept aside, and loops of the base itself.

| step | own | base |
|---|---|---|
{curve}
"""
