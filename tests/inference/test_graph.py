"""The graphs compute what the model's definition says, and draw what the reference draws."""

from pathlib import Path

import numpy as np
import onnx
import pytest

from engine.inference.bundle import ModelShape
from engine.inference.model import OnnxLoopModel
from engine.inference.sampling import GumbelNoise, sample_reference
from engine.inference.tables import SamplingTables, Tables
from engine.representation.vocabulary import FIELD_SIZES, Column, Field, RowType
from tests.helpers import numpy_model
from tests.helpers.random_rows import random_labels, random_rows
from tests.helpers.random_tables import random_tables
from tests.helpers.random_weights import TINY, random_weights
from tests.helpers.tiny_bundle import write_tiny_bundle
from training.graph_heads import build_graphs

SHAPES = (TINY, ModelShape(d_model=48, layers=3, heads=4, kv_heads=2, head_dim=32, ffn=40, head_hidden=24))


def _model(folder: Path, *, bits: int = 32, shape: ModelShape = TINY) -> OnnxLoopModel:
    return OnnxLoopModel(write_tiny_bundle(folder / "model", bits=bits, shape=shape), with_logits=True)


@pytest.mark.parametrize("shape", SHAPES)
def test_scores_equal_the_definition(tmp_path: Path, shape: ModelShape) -> None:
    rng = np.random.default_rng(0)
    rows, labels = random_rows(rng, 3, 20), random_labels(rng, 3, 20)
    found = _model(tmp_path, shape=shape).score(rows, labels)
    for b in range(3):
        expected = numpy_model.negative_log_likelihood(random_weights(shape), shape, rows[b], labels[b])
        assert found[b] == pytest.approx(expected, rel=1e-6, abs=1e-4)
    assert (found[labels < 0] == 0).all()


@pytest.mark.parametrize("shape", SHAPES)
def test_step_logits_equal_the_definition(tmp_path: Path, shape: ModelShape) -> None:
    rng = np.random.default_rng(1)
    weights = random_weights(shape)
    model = _model(tmp_path, shape=shape)
    rows = [random_rows(rng, length) for length in (5, 12)]
    state = model.begin([prompt[:-3] for prompt in rows], capacity=20)
    tables, sampling = Tables.unconstrained(2, positions=96), SamplingTables.constant(2)
    for step in (-3, -2, -1):
        noise = np.stack([GumbelNoise(2, b).row(step + 3) for b in range(2)])
        fed = np.stack([prompt[step] for prompt in rows])
        sampled = model.step(state, fed, tables=tables, sampling=sampling, noise=noise)
        assert sampled.logits is not None
        for b, prompt in enumerate(rows):
            read = prompt[: len(prompt) + step + 1]
            h = numpy_model.trunk(weights, shape, read)[-1:]
            expected = np.concatenate(numpy_model.head_logits(weights, shape, h, sampled.ids[b : b + 1]), axis=1)[0]
            assert sampled.logits[b] == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("positions", [1, 72, 192])
@pytest.mark.parametrize("bits", [32, 8])
def test_graph_draws_what_the_reference_draws(tmp_path: Path, bits: int, positions: int) -> None:
    rng = np.random.default_rng(positions)
    batch = 5
    model = _model(tmp_path, bits=bits)
    state = model.begin([random_rows(rng, 4)] * batch, capacity=100)
    shape = (batch, len(Field))
    for step in range(40):
        tables = random_tables(rng, batch, positions)
        sampling = SamplingTables(
            temperature=rng.uniform(0.001, 2, shape).astype(np.float32),
            min_p=(rng.uniform(0, 0.3, shape) * rng.integers(0, 2, shape)).astype(np.float32),
            top_p=np.minimum(rng.uniform(0.2, 1.5, shape), 1).astype(np.float32),
            top_k=rng.integers(0, 30, shape),
        )
        noise = np.stack([GumbelNoise(9, b).row(step) for b in range(batch)])
        drawn = model.step(state, random_rows(rng, batch), tables=tables, sampling=sampling, noise=noise)
        assert drawn.logits is not None
        expected = sample_reference(drawn.logits, tables, sampling, noise)
        assert np.array_equal(drawn.ids, expected.ids)
        assert drawn.log_prob == pytest.approx(expected.log_prob, abs=1e-5)


def test_log_probabilities_of_a_free_draw_are_the_score(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    model = _model(tmp_path)
    rows = random_rows(rng, 6)
    rows[-1, Column.TYPE] = RowType.START  # nothing in its cell yet, so that every answer is possible
    state = model.begin([rows[:-1]], capacity=10)
    drawn = model.step(
        state,
        rows[-1:],
        tables=Tables.unconstrained(1),
        sampling=SamplingTables.constant(1),
        noise=GumbelNoise(1, 0).rows(0, 1),
    )
    labels = np.full((1, 6, len(Field)), -1)
    labels[0, -1] = drawn.ids[0]
    score = model.score(rows[None], labels)[0, -1]
    assert score == pytest.approx(-drawn.log_prob[0], abs=1e-5)


@pytest.mark.parametrize(("bits", "tolerance"), [(8, 0.02), (4, 0.2)])
def test_quantised_scores_stay_near(tmp_path: Path, bits: int, tolerance: float) -> None:
    rng = np.random.default_rng(4)
    rows, labels = random_rows(rng, 8, 32), random_labels(rng, 8, 32)
    exact = _model(tmp_path / "exact").score(rows, labels)
    rounded = _model(tmp_path / "rounded", bits=bits).score(rows, labels)
    counted = labels >= 0
    assert abs(rounded[counted].mean() - exact[counted].mean()) < tolerance
    assert np.abs(rounded[counted] - exact[counted]).mean() < 5 * tolerance


def test_graphs_are_well_formed_and_share_one_file(tmp_path: Path) -> None:
    graphs = build_graphs(random_weights(TINY), TINY, bits=8)
    assert len(graphs.step) < 60_000, "weights belong into the weights file"
    locations: set[str] = set()
    for content in (graphs.step, graphs.score):
        model = onnx.load_from_string(content)
        produced = {name for node in model.graph.node for name in node.output}
        known = produced | {i.name for i in model.graph.input} | {i.name for i in model.graph.initializer} | {""}
        assert all(name in known for node in model.graph.node for name in node.input)
        locations |= {
            entry.value
            for tensor in model.graph.initializer
            for entry in tensor.external_data
            if entry.key == "location"
        }
    assert locations == {"weights.bin"}


def test_weights_of_another_shape_are_refused() -> None:
    weights = random_weights(TINY)
    with pytest.raises(ValueError, match=r"layers\.1\.wo has shape None"):
        build_graphs({name: array for name, array in weights.items() if name != "layers.1.wo"}, TINY)
    with pytest.raises(ValueError, match=r"embed\.chord_a"):
        build_graphs(weights | {"embed.chord_a": weights["embed.chord_a"][:-1]}, TINY)
    with pytest.raises(ValueError, match=r"heads\.pitch\.w_out"):
        build_graphs(weights | {"heads.pitch.w_out": weights["heads.pitch.w_out"][:, : FIELD_SIZES[Field.KIND]]}, TINY)
