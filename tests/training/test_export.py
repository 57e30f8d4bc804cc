"""A bundle is written only where its graphs say what the trained model says."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.errors import ModelBundleError
from engine.inference.bundle import BundleInfo, recover_weights
from tests.helpers import numpy_model
from tests.helpers.random_weights import TINY, random_weights
from tests.helpers.random_windows import RandomSource
from training.export import FLOAT_TOLERANCE, Reference, export_bundle, measure_agreement

INFO = BundleInfo(
    name="trained", shape=TINY, bits=8, licence="MIT", provenance={"data": "ours"}, metrics={"steps": 3.0}
)


@pytest.fixture(scope="module")
def weights() -> dict[str, np.ndarray]:
    return random_weights(TINY)


@pytest.fixture(scope="module")
def references(weights: dict[str, np.ndarray]) -> list[Reference]:
    found = []
    for batch in RandomSource(length=48).chunk(0)[:2]:
        labels = batch.labels.astype(np.int64)
        nll = [
            numpy_model.negative_log_likelihood(weights, TINY, rows, answers)
            for rows, answers in zip(batch.rows, labels, strict=True)
        ]
        found.append(Reference(batch.rows, labels, np.stack(nll).astype(np.float32)))
    return found


def test_an_export_agrees_and_says_how_well(
    weights: dict[str, np.ndarray], references: list[Reference], tmp_path: Path
) -> None:
    bundle, agreement = export_bundle(weights, tmp_path / "trained", info=INFO, card="# Card\n", references=references)
    assert agreement.float_difference < 1e-4
    assert abs(agreement.relative_change) < 0.01
    assert agreement.nll_trained == pytest.approx(agreement.nll_shipped, rel=0.01)
    assert bundle.card() == "# Card\n"
    assert bundle.info.metrics["steps"] == 3.0
    assert bundle.info.metrics["export_nll_shipped_nats"] == agreement.nll_shipped


def test_weights_recovered_from_a_bundle_stay_within_a_percent(
    weights: dict[str, np.ndarray], references: list[Reference], tmp_path: Path
) -> None:
    bundle, trained = export_bundle(weights, tmp_path / "trained", info=INFO, card="", references=references)
    recovered = recover_weights(bundle)
    nll = [
        numpy_model.negative_log_likelihood(recovered, TINY, rows, labels).sum()
        for part in references
        for rows, labels in zip(part.rows, part.labels, strict=True)
    ]
    exact = sum(float(part.nll.sum(dtype=np.float64)) for part in references)
    assert sum(nll) == pytest.approx(exact, rel=0.01)
    assert trained.nll_shipped == pytest.approx(trained.nll_trained, rel=0.01)


def test_another_models_answers_are_refused(
    weights: dict[str, np.ndarray], references: list[Reference], tmp_path: Path
) -> None:
    other = [replace(part, nll=part.nll + 2 * FLOAT_TOLERANCE * (part.labels >= 0)) for part in references]
    with pytest.raises(ModelBundleError, match="do not say what the trained model says"):
        export_bundle(weights, tmp_path / "trained", info=INFO, card="", references=other)
    assert not any(tmp_path.iterdir())


def test_rounding_that_costs_too_much_is_refused(
    weights: dict[str, np.ndarray],
    references: list[Reference],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("training.export.QUANTISED_TOLERANCE", -1.0)
    with pytest.raises(ModelBundleError, match="export with more bits"):
        export_bundle(weights, tmp_path / "trained", info=INFO, card="", references=references)


def test_float_bundles_are_compared_too(weights: dict[str, np.ndarray], references: list[Reference]) -> None:
    agreement = measure_agreement(weights, TINY, bits=32, references=references)
    assert abs(agreement.relative_change) < 1e-5


@pytest.mark.torch
def test_torch_says_what_the_graphs_say(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    from training.config import ModelConfig
    from training.export_checkpoint import card_text, references_of
    from training.feed import first_windows
    from training.model import LoopTransformer
    from training.trained_model import shape_of

    torch.manual_seed(0)
    model = LoopTransformer(ModelConfig(d_model=32, layers=2, heads=2, kv_heads=1, head_dim=16, ffn=48, head_hidden=32))
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim == 2:
                parameter.normal_(std=parameter.shape[1] ** -0.5)  # no layer may be silent
    batches = first_windows(RandomSource(), 6, rows_per_batch=256)
    info = replace(INFO, shape=shape_of(model.eval()))
    references = references_of(model, batches)
    bundle, agreement = export_bundle(
        model.folded_weights(), tmp_path / "trained", info=info, card=card_text(info), references=references
    )
    assert agreement.float_difference < 1e-4
    assert "| steps | 3 |" in bundle.card()
    again = LoopTransformer(model.shape)
    again.load_weights(recover_weights(bundle))
    recovered = references_of(again.eval(), batches)
    for before, after in zip(references, recovered, strict=True):
        assert after.nll.sum() == pytest.approx(before.nll.sum(), rel=0.01)
