"""A graphics card is used only if it agrees with the processor and is faster."""

from pathlib import Path

import numpy as np
import pytest

from engine.errors import ModelBundleError
from engine.inference.model import OnnxLoopModel
from engine.inference.providers import TRIAL_STEPS, Trial, choose_provider, open_model, run_trial
from engine.representation.vocabulary import SAMPLED_SIZE
from engine.runtime import Provider, RuntimeSettings, available_providers
from tests.helpers.tiny_bundle import write_tiny_bundle

RIGHT = np.linspace(-5, 5, TRIAL_STEPS * SAMPLED_SIZE, dtype=np.float32).reshape(TRIAL_STEPS, SAMPLED_SIZE)
CPU = Trial(RIGHT, 0.002)


def _choose(card: Trial | None, *, is_asked_for: bool = False) -> tuple[Provider, str]:
    def try_provider(provider: Provider) -> Trial:
        if provider is Provider.CPU:
            return CPU
        if card is None:
            raise ModelBundleError("no such library")
        return card

    choice = choose_provider([Provider.CUDA], try_provider, is_asked_for=is_asked_for)
    return choice.provider, choice.message


def test_a_faster_card_that_agrees_is_used() -> None:
    assert _choose(Trial(RIGHT + np.float32(0.01), 0.001)) == (Provider.CUDA, "")


def test_a_slower_card_is_used_only_when_asked_for() -> None:
    slower = Trial(RIGHT, 0.003)
    provider, message = _choose(slower)
    assert provider is Provider.CPU
    assert "slower" in message
    assert _choose(slower, is_asked_for=True) == (Provider.CUDA, "")


@pytest.mark.parametrize("logits", [RIGHT + 1, RIGHT[:, ::-1], np.full_like(RIGHT, np.nan)])
def test_a_card_with_other_results_is_never_used(logits: np.ndarray) -> None:
    provider, message = _choose(Trial(logits, 0.0001), is_asked_for=True)
    assert provider is Provider.CPU
    assert "other results" in message


def test_a_card_that_does_not_load_is_passed_over() -> None:
    provider, message = _choose(None)
    assert provider is Provider.CPU
    assert "CUDA cannot run this model" in message


def test_the_first_good_candidate_is_taken() -> None:
    def try_provider(provider: Provider) -> Trial:
        return CPU if provider is not Provider.COREML else Trial(RIGHT, 0.001)

    choice = choose_provider([Provider.CUDA, Provider.COREML], try_provider, is_asked_for=False)
    assert choice.provider is Provider.COREML


def test_without_candidates_nothing_is_tried_and_nothing_said() -> None:
    def try_provider(provider: Provider) -> Trial:
        raise AssertionError(provider)

    assert choose_provider([], try_provider, is_asked_for=False).message == ""


def test_a_trial_is_the_same_each_time(tmp_path: Path) -> None:
    bundle = write_tiny_bundle(tmp_path / "tiny")
    first, second = (run_trial(OnnxLoopModel(bundle, with_logits=True)) for _ in range(2))
    assert np.array_equal(first.logits, second.logits)
    other = OnnxLoopModel(write_tiny_bundle(tmp_path / "other", seed=1), with_logits=True)
    assert not run_trial(other).agrees_with(first)


def test_a_model_opens_on_the_processor_where_there_is_nothing_else(tmp_path: Path) -> None:
    if Provider.CUDA in available_providers():
        pytest.skip("this machine's runtime has CUDA")
    bundle = write_tiny_bundle(tmp_path / "tiny")
    model, message = open_model(bundle, settings=RuntimeSettings(threads=1))
    assert (model.provider, message) == (Provider.CPU, "")
    model, message = open_model(bundle, wanted=Provider.CUDA, settings=RuntimeSettings(threads=1))
    assert model.provider is Provider.CPU
    assert "CUDA cannot run" in message
