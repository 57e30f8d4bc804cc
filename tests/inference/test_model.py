"""Takes do not feel each other, nor how their prompt came to be known."""

import importlib
from pathlib import Path

import numpy as np
import pytest

from engine.errors import EngineError, GenerationError, ModelBundleError
from engine.inference.bundle import ModelBundle
from engine.inference.model import BUCKETS, PREFILL_ROWS, DecodeState, LoopModel, OnnxLoopModel
from engine.inference.sampling import GumbelNoise
from engine.inference.tables import Sampled, SamplingTables, Tables
from engine.representation.vocabulary import SAMPLED_SIZE, Rows
from engine.runtime import Session, load_onnxruntime
from tests.helpers.random_rows import random_rows
from tests.helpers.tiny_bundle import write_tiny_bundle
from tests.helpers.uniform_model import UniformModel


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> ModelBundle:
    return write_tiny_bundle(tmp_path_factory.mktemp("models") / "tiny")


def _step(model: LoopModel, state: DecodeState, rows: Rows, *, row: int = 0) -> Sampled:
    batch = len(rows)
    noise = np.stack([GumbelNoise(5, b).row(row) for b in range(batch)])
    return model.step(
        state, rows, tables=Tables.unconstrained(batch), sampling=SamplingTables.constant(batch), noise=noise
    )


def _run(model: LoopModel, prompts: list[Rows], steps: Rows) -> np.ndarray:
    state = model.begin(prompts, capacity=500)
    batch = len(prompts)
    return np.stack(
        [_step(model, state, np.repeat(row[None], batch, 0), row=n).log_prob for n, row in enumerate(steps)]
    )


def test_a_decode_runs_end_to_end_on_either_model(bundle: ModelBundle) -> None:
    rng = np.random.default_rng(0)
    for model in (OnnxLoopModel(bundle), UniformModel()):
        state = model.begin([random_rows(rng, 3), random_rows(rng, 9)], capacity=20)
        for row in range(5):
            sampled = _step(model, state, random_rows(rng, 2), row=row)
            assert sampled.ids.shape == (2, 6)
            assert sampled.logits is None or isinstance(model, UniformModel)
        assert state.lengths.tolist() == [8, 14]
        assert model.score(random_rows(rng, 2, 7), np.zeros((2, 7, 6), np.int64)).shape == (2, 7, 6)


def test_a_prompt_read_in_chunks_equals_one_read_at_once(bundle: ModelBundle, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    prompt, steps = random_rows(rng, 2 * PREFILL_ROWS + 17), random_rows(rng, 3)
    in_chunks = _run(OnnxLoopModel(bundle), [prompt], steps)
    monkeypatch.setattr("engine.inference.model.PREFILL_ROWS", 10_000)
    assert in_chunks == pytest.approx(_run(OnnxLoopModel(bundle), [prompt], steps), abs=1e-2)


def test_equal_prompts_give_equal_takes(bundle: ModelBundle) -> None:
    rng = np.random.default_rng(2)
    prompt, other, steps = random_rows(rng, 40), random_rows(rng, 60), random_rows(rng, 4)
    model = OnnxLoopModel(bundle)
    state = model.begin([prompt, other, prompt.copy()], capacity=100)
    for row in steps:
        sampled = model.step(
            state,
            np.repeat(row[None], 3, 0),
            tables=Tables.unconstrained(3),
            sampling=SamplingTables.constant(3),
            noise=np.zeros((3, SAMPLED_SIZE), np.float32),
        )
        assert np.array_equal(sampled.log_prob[0], sampled.log_prob[2])
        assert not np.array_equal(sampled.log_prob[0], sampled.log_prob[1])


def test_a_take_is_the_same_to_the_bit_with_any_neighbours(bundle: ModelBundle) -> None:
    rng = np.random.default_rng(3)
    mine, steps = random_rows(rng, 30), random_rows(rng, 6)
    runs = [_run(OnnxLoopModel(bundle), [mine, random_rows(rng, n)], steps)[:, 0] for n in (3, 30, 150)]
    assert np.array_equal(runs[0], runs[1])
    assert np.array_equal(runs[0], runs[2])


def test_what_is_known_of_a_prompt_changes_nothing(bundle: ModelBundle) -> None:
    rng = np.random.default_rng(4)
    prompt, steps = random_rows(rng, 2 * PREFILL_ROWS + 40), random_rows(rng, 3)
    cold = _run(OnnxLoopModel(bundle), [prompt], steps)
    model = OnnxLoopModel(bundle)
    for known in (prompt, prompt[: PREFILL_ROWS + 5], prompt[:3], np.concatenate([prompt, steps]), random_rows(rng, 9)):
        model.warm(known)
        assert np.array_equal(_run(model, [prompt], steps), cold)


def test_a_known_prompt_is_read_no_further_than_it_differs(
    bundle: ModelBundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(5)
    prompt = random_rows(rng, 3 * PREFILL_ROWS)
    model = OnnxLoopModel(bundle)
    read: list[int] = []
    run = model._step.binding  # the frames made are the runs made
    monkeypatch.setattr(model._step, "binding", lambda: read.append(1) or run())
    model.warm(prompt)
    first = len(read)
    model.warm(prompt)
    assert len(read) - first == 1, "only the state's own frame"


def test_states_grow_to_their_bucket_and_no_further(bundle: ModelBundle) -> None:
    rng = np.random.default_rng(6)
    model = OnnxLoopModel(bundle)
    state = model.begin([random_rows(rng, BUCKETS[0] - 1)], capacity=BUCKETS[0])
    _step(model, state, random_rows(rng, 1))
    with pytest.raises(ValueError, match="room for"):
        _step(model, state, random_rows(rng, 1))


def test_too_long_a_loop_is_an_error_for_people(bundle: ModelBundle) -> None:
    with pytest.raises(GenerationError, match="Ask for fewer bars"):
        OnnxLoopModel(bundle).begin([random_rows(np.random.default_rng(0), 2)], capacity=BUCKETS[-1] + 1)


def test_prompts_must_fit(bundle: ModelBundle) -> None:
    rng = np.random.default_rng(0)
    for prompts in ([], [random_rows(rng, 0)], [random_rows(rng, 9)]):
        with pytest.raises(ValueError, match="one row or more"):
            OnnxLoopModel(bundle).begin(prompts, capacity=8)


def test_scores_do_not_depend_on_how_they_are_cut(bundle: ModelBundle, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(7)
    rows, labels = random_rows(rng, 5, 11), np.zeros((5, 11, 6), np.int64)
    whole = OnnxLoopModel(bundle).score(rows, labels)
    monkeypatch.setattr("engine.inference.model.SCORED_ROWS", 25)
    assert OnnxLoopModel(bundle).score(rows, labels) == pytest.approx(whole, abs=1e-5)


def test_a_graph_that_cannot_be_loaded_is_named(tmp_path: Path) -> None:
    (tmp_path / "step.onnx").write_bytes(b"not a graph")
    with pytest.raises(ModelBundleError, match=r"step\.onnx"):
        Session(tmp_path / "step.onnx")


def test_a_graph_may_not_read_files_elsewhere(bundle: ModelBundle, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    graph = bundle.file("step.onnx").read_bytes()
    assert graph.count(b"weights.bin")
    # A name of the same length keeps the protobuf intact.
    (tmp_path / "sub" / "step.onnx").write_bytes(graph.replace(b"weights.bin", b"../evil.bin"))
    (tmp_path / "evil.bin").write_bytes(bundle.file("weights.bin").read_bytes())
    with pytest.raises(ModelBundleError, match=r"step\.onnx"):
        Session(tmp_path / "sub" / "step.onnx")


def test_without_onnxruntime_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> object:
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(EngineError, match=r"turnaround\[cpu\]"):
        load_onnxruntime()
