"""A style beside a base: nothing at 0, all at 1, a share in between, and no weight of the base touched."""

from pathlib import Path

import numpy as np
import pytest

from engine.inference.bundle import BundleInfo, ModelBundle, StyleInfo, recover_weights
from engine.inference.bundle_file import pack_bundle, unpack_bundle
from engine.inference.model import OnnxLoopModel
from tests.helpers.random_rows import random_rows
from tests.helpers.random_weights import TINY
from tests.helpers.tiny_bundle import write_tiny_bundle
from training.export import write_style_bundle
from training.graph import style_names
from training.graph_heads import build_style_graphs

RANK = 4


def random_factors(seed: int = 0, scale: float = 0.3) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    factors: dict[str, np.ndarray] = {}
    for name, (inner, outer) in TINY.matrices().items():
        for key, size in zip(style_names(name), ((inner, RANK), (RANK, outer)), strict=True):
            factors[key] = rng.normal(0, scale, size).astype(np.float32)
    return factors


def _info(base: ModelBundle) -> BundleInfo:
    return BundleInfo("mine", base.shape, base.info.bits, "unstated", {}, {}, style=StyleInfo(base.identity, RANK))


@pytest.fixture(scope="module", params=[8, 32])
def base(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> ModelBundle:
    return write_tiny_bundle(tmp_path_factory.mktemp("models") / "base", bits=request.param)


@pytest.fixture(scope="module")
def styled(base: ModelBundle, tmp_path_factory: pytest.TempPathFactory) -> ModelBundle:
    folder = tmp_path_factory.mktemp("models") / "mine"
    return write_style_bundle(random_factors(), folder, base=base, info=_info(base))


def _score(model: OnnxLoopModel) -> np.ndarray:
    rng = np.random.default_rng(7)
    rows = random_rows(rng, 2, 24)
    labels = np.stack([rng.integers(0, 2, (2, 24)) for _ in range(6)], axis=-1).astype(np.int64)
    return model.score(rows, labels)


def test_at_nothing_it_is_the_base_to_the_bit(base: ModelBundle, styled: ModelBundle) -> None:
    model = OnnxLoopModel(styled)
    model.use_style(0.0)
    assert np.array_equal(_score(model), _score(OnnxLoopModel(base)))


def test_at_all_it_is_the_sum_of_base_and_factors(base: ModelBundle, styled: ModelBundle, tmp_path: Path) -> None:
    weights = recover_weights(base)
    factors = random_factors()
    joined = {"qkv": ("wq", "wk", "wv"), "gate_up": ("w_gate", "w_up")}
    for matrix in base.shape.matrices():
        inner, outer = (factors[name] for name in style_names(matrix))
        whole, last = matrix.rsplit(".", 1)
        names = [f"{whole}.{part}" for part in joined.get(last, (last,))]
        cuts = np.cumsum([weights[name].shape[1] for name in names])[:-1]
        for name, part in zip(names, np.split(inner @ outer, cuts, axis=1), strict=True):
            weights[name] = weights[name] + part
    merged = write_tiny_bundle(tmp_path / "merged", bits=32, weights=weights)
    difference = np.abs(_score(OnnxLoopModel(styled)) - _score(OnnxLoopModel(merged)))
    # Before the base's matrices, not before the factors, activations are rounded to 8 bits.
    assert difference.max() < (2e-3 if base.info.bits == 32 else 1.0)
    assert difference.mean() < (1e-4 if base.info.bits == 32 else 0.1)


def test_in_between_is_between(base: ModelBundle, styled: ModelBundle) -> None:
    model = OnnxLoopModel(styled)
    far = []
    for share in (0.0, 0.1, 0.5, 1.0):
        model.use_style(share)
        far.append(float(np.abs(_score(model) - _score(OnnxLoopModel(base))).mean()))
    assert far == sorted(far)
    assert far[0] == 0 < far[1]


def test_a_prompt_is_read_anew_when_the_share_changes(styled: ModelBundle) -> None:
    prompt = random_rows(np.random.default_rng(3), 40)
    model, fresh = OnnxLoopModel(styled), OnnxLoopModel(styled)
    model.begin([prompt], capacity=50)
    for each in (model, fresh):
        each.use_style(0.3)
    read_before, read_now = (each.begin([prompt], capacity=50).caches.values for each in (model, fresh))
    assert np.array_equal(read_before, read_now)


def test_a_model_without_style_minds_no_share(base: ModelBundle) -> None:
    model = OnnxLoopModel(base)
    before = _score(model)
    model.use_style(0.2)
    assert np.array_equal(_score(model), before)


def test_the_bases_weights_are_not_touched(base: ModelBundle, styled: ModelBundle) -> None:
    ours, theirs = (bundle.file("weights.bin").read_bytes() for bundle in (styled, base))
    assert ours.startswith(theirs)
    assert styled.info.style == StyleInfo(base.identity, RANK)
    recovered = recover_weights(styled)
    for name, weight in recover_weights(base).items():
        assert np.array_equal(recovered[name], weight)


def test_a_style_travels_as_one_file(styled: ModelBundle, tmp_path: Path) -> None:
    found = unpack_bundle(pack_bundle(styled, tmp_path / "mine"), tmp_path / "models")
    assert found.info.style == styled.info.style
    assert np.array_equal(_score(OnnxLoopModel(found)), _score(OnnxLoopModel(styled)))


def test_factors_of_another_model_are_refused(base: ModelBundle) -> None:
    factors = random_factors()
    name = style_names("layers.0.qkv")[1]
    with pytest.raises(ValueError, match=r"layers\.0\.qkv"):
        build_style_graphs(base, factors | {name: factors[name][:, 1:]})
    with pytest.raises(ValueError, match="belongs to no matrix"):
        build_style_graphs(base, factors | {"layers.9.qkv.style_in": factors["layers.0.qkv.style_in"]})
