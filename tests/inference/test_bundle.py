"""A bundle is opened only when every byte of it is what its manifest says, and its manifest is for us."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import ModelBundleError
from engine.inference.bundle import MANIFEST, REQUIRED_FILES, ModelBundle, ModelShape, recover_weights, write_bundle
from engine.inference.weights import dequantise, quantise
from tests.helpers.random_weights import TINY, random_weights
from tests.helpers.tiny_bundle import write_tiny_bundle


@pytest.fixture
def bundle(tmp_path: Path) -> ModelBundle:
    return write_tiny_bundle(tmp_path / "models" / "tiny")


def _edit(bundle: ModelBundle, change: Callable[[dict[str, Any]], None]) -> None:
    path = bundle.folder / MANIFEST
    manifest = json.loads(path.read_text(encoding="utf-8"))
    change(manifest)
    path.write_text(json.dumps(manifest), encoding="utf-8")


def test_what_was_written_is_what_is_opened(bundle: ModelBundle) -> None:
    again = ModelBundle.open(bundle.folder)
    assert again == bundle
    assert again.shape == TINY
    assert again.info.bits == 8
    assert again.info.provenance == {"data": "none: random weights"}
    assert again.card().startswith("# Random weights")
    assert len(again.identity) == 16


def test_nothing_but_the_bundle_is_left_behind(bundle: ModelBundle) -> None:
    assert [path.name for path in bundle.folder.parent.iterdir()] == ["tiny"]
    assert {path.name for path in bundle.folder.iterdir()} == {MANIFEST, *REQUIRED_FILES}


def test_writing_again_replaces_the_bundle(bundle: ModelBundle) -> None:
    other = write_tiny_bundle(bundle.folder, seed=1)
    assert other.identity != bundle.identity
    assert ModelBundle.open(bundle.folder).identity == other.identity


def test_identity_depends_on_the_weights_alone(tmp_path: Path) -> None:
    first = write_tiny_bundle(tmp_path / "a" / "same")
    second = write_tiny_bundle(tmp_path / "b" / "same")
    assert first.identity == second.identity


def test_a_failed_write_leaves_the_old_bundle(bundle: ModelBundle) -> None:
    with pytest.raises(ModelBundleError, match=r"has no card\.md"):
        write_bundle(
            bundle.folder, bundle.info, files={"step.onnx": b"", "score.onnx": b"", "weights.bin": b""}, tensors=()
        )
    assert ModelBundle.open(bundle.folder) == bundle


@pytest.mark.parametrize("name", REQUIRED_FILES)
def test_a_missing_file_is_named(bundle: ModelBundle, name: str) -> None:
    bundle.file(name).unlink()
    with pytest.raises(ModelBundleError, match=name):
        ModelBundle.open(bundle.folder)


@pytest.mark.parametrize("name", REQUIRED_FILES)
def test_a_damaged_or_cut_file_is_named(bundle: ModelBundle, name: str) -> None:
    whole = bundle.file(name).read_bytes()
    bundle.file(name).write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(ModelBundleError, match=f"{name}.*damaged"):
        ModelBundle.open(bundle.folder)
    bundle.file(name).write_bytes(whole[:-1])
    with pytest.raises(ModelBundleError, match=f"{name}.*bytes instead of"):
        ModelBundle.open(bundle.folder)


def test_an_empty_folder_and_no_folder_are_no_model(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(ModelBundleError, match="no model in"):
            ModelBundle.open(folder)


def test_another_vocabulary_is_refused(bundle: ModelBundle) -> None:
    _edit(bundle, lambda manifest: manifest["vocabulary"].update(hash="0" * 16))
    with pytest.raises(ModelBundleError, match="made for vocabulary"):
        ModelBundle.open(bundle.folder)


def test_a_newer_format_is_refused(bundle: ModelBundle) -> None:
    _edit(bundle, lambda manifest: manifest.update(schema=3))
    with pytest.raises(ModelBundleError, match="Update Turnaround"):
        ModelBundle.open(bundle.folder)


@pytest.mark.parametrize("name", ["../card.md", "/etc/passwd", "C:\\x", "sub/x", "..", "", ".hidden", MANIFEST, "a\n"])
def test_file_names_outside_the_folder_are_refused(bundle: ModelBundle, name: str) -> None:
    _edit(bundle, lambda manifest: manifest["files"].update({name: {"bytes": 1, "sha256": "0"}}))
    with pytest.raises(ModelBundleError, match="outside its folder"):
        ModelBundle.open(bundle.folder)


def test_a_link_out_of_the_folder_is_refused(bundle: ModelBundle, tmp_path: Path) -> None:
    card = bundle.file("card.md")
    card.replace(tmp_path / "card.md")
    try:
        card.symlink_to(tmp_path / "card.md")
    except OSError:
        pytest.skip("links need a privilege here")
    with pytest.raises(ModelBundleError, match="link out of its folder"):
        ModelBundle.open(bundle.folder)


@pytest.mark.parametrize(
    "change",
    [
        lambda manifest: manifest["shape"].update(heads=3, kv_heads=2),
        lambda manifest: manifest["shape"].pop("layers"),
        lambda manifest: manifest["tensors"][1].update(shape=[-4]),
        lambda manifest: manifest["tensors"][1].update(offset=10**15),
        lambda manifest: manifest["tensors"][0]["parts"][0].__setitem__(1, 7),
        lambda manifest: manifest.update(files=[]),
        lambda manifest: manifest.update(metrics=3),
        lambda manifest: manifest.clear(),
    ],
)
def test_a_manifest_that_makes_no_sense_is_refused(
    bundle: ModelBundle, change: Callable[[dict[str, Any]], None]
) -> None:
    _edit(bundle, change)
    with pytest.raises(ModelBundleError):
        ModelBundle.open(bundle.folder)


@settings(max_examples=60, deadline=None)
@given(
    content=st.one_of(
        st.binary(max_size=60), st.sampled_from([b"[" * 100_000, b"null", b"[]", b"{}", b'"x"', b"1e999"])
    )
)
def test_a_manifest_of_any_bytes_raises_only_our_error(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    folder = tmp_path_factory.mktemp("bundle")
    (folder / MANIFEST).write_bytes(content)
    with pytest.raises(ModelBundleError):
        ModelBundle.open(folder)


def test_float_weights_come_back_to_the_bit(tmp_path: Path) -> None:
    weights = random_weights(TINY)
    recovered = recover_weights(write_tiny_bundle(tmp_path / "plain", bits=32))
    assert recovered.keys() == weights.keys()
    for name, array in weights.items():
        assert np.array_equal(recovered[name], array), name


@pytest.mark.parametrize(("bits", "tolerance"), [(8, 1 / 254), (4, 1 / 8)])
def test_quantised_weights_come_back_within_a_step(tmp_path: Path, bits: int, tolerance: float) -> None:
    weights = random_weights(TINY)
    recovered = recover_weights(write_tiny_bundle(tmp_path / "rounded", bits=bits))
    for name, array in weights.items():
        assert np.abs(recovered[name] - array).max() <= tolerance * np.abs(array).max() + 1e-6, name


def test_recovered_weights_export_to_the_same_file(bundle: ModelBundle, tmp_path: Path) -> None:
    again = write_tiny_bundle(tmp_path / "again", weights=recover_weights(bundle))
    assert again.file("weights.bin").read_bytes() == bundle.file("weights.bin").read_bytes()


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    inner=st.integers(1, 70),
    outer=st.integers(1, 9),
    bits=st.sampled_from([8, 4]),
    block=st.sampled_from([16, 32, 64]),
)
def test_quantising_rounds_to_the_nearest_step(seed: int, inner: int, outer: int, bits: int, block: int) -> None:
    rng = np.random.default_rng(seed)
    matrix = (rng.normal(size=(inner, outer)) * rng.choice([0, 1e-3, 1, 100], outer)).astype(np.float32)
    values, scale = quantise(matrix, bits=bits, block=block)
    assert values.shape == (outer, -(-inner // block), block * bits // 8)
    again = dequantise(values, scale, bits=bits, inner=inner)
    step = np.repeat(np.abs(scale), block, axis=1)[:, :inner].T
    # In 4 bits the far end has one step less on one side.
    assert (np.abs(again - matrix) <= step * (0.501 if bits == 8 else 1.001)).all()


def test_impossible_shapes_are_refused() -> None:
    for sizes in ({"heads": 3, "kv_heads": 2}, {"head_dim": 24}, {"layers": 0}):
        numbers = {"d_model": 32, "layers": 2, "heads": 2, "kv_heads": 1, "head_dim": 16, "ffn": 48, "head_hidden": 32}
        with pytest.raises(ValueError, match="shape"):
            ModelShape(**(numbers | sizes))
