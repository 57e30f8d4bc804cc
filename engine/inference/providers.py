"""Chooses where a model runs: a graphics card only if it says the same as the processor, and says it sooner.

An accelerator that is listed may not load, may run half of the graph on the processor and copy in between, or may
be slower for so small a model; the runtime tells none of that. So every candidate is tried on the same few rows
beside the CPU, each time a model is opened.
"""

import logging
import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from engine.errors import ModelBundleError
from engine.inference.bundle import ModelBundle
from engine.inference.model import OnnxLoopModel
from engine.inference.sampling import field_slices
from engine.inference.tables import FloatArray, SamplingTables, Tables
from engine.representation.vocabulary import COLUMN_SIZES, SAMPLED_SIZE, Column
from engine.runtime import Provider, RuntimeSettings, available_providers

logger = logging.getLogger(__name__)

# CoreML has none of the graph's main operators, so it is tried only when asked for.
TRIED_UNASKED = (Provider.CUDA,)

TRIAL_PROMPT_ROWS = 24
TRIAL_STEPS = 8
# Providers round differently; a provider that is wrong is wrong by far more (logits spread over several units).
LARGEST_DIFFERENCE = 0.5
MEAN_DIFFERENCE = 0.05


@dataclass(frozen=True, slots=True)
class Trial:
    """What a model said of the trial's rows, and how fast.

    Attributes:
        logits: float32 [TRIAL_STEPS, SAMPLED_SIZE].
        seconds: Median of a step.
    """

    logits: FloatArray
    seconds: float

    def agrees_with(self, other: "Trial") -> bool:
        """Tell whether both come from the same model, up to rounding."""
        difference = np.abs(self.logits - other.logits)
        return bool(difference.max() <= LARGEST_DIFFERENCE and difference.mean() <= MEAN_DIFFERENCE)


@dataclass(frozen=True, slots=True)
class Choice:
    """Where a model runs, and why not elsewhere.

    Attributes:
        provider: The provider to use.
        message: For the user; empty if nothing else was wanted or to be had.
    """

    provider: Provider
    message: str = ""


def choose_provider(
    candidates: Iterable[Provider], try_provider: Callable[[Provider], Trial], *, is_asked_for: bool
) -> Choice:
    """Choose among accelerators and the CPU.

    Args:
        candidates: Accelerators to try, the most wanted first.
        try_provider: Runs the trial; raises `ModelBundleError` where the provider does not load.
        is_asked_for: Whether the user named the provider: it is then used even if it is slower.
    """
    message = ""
    reference: Trial | None = None
    for provider in candidates:
        name = provider.name
        reference = reference or try_provider(Provider.CPU)
        try:
            trial = try_provider(provider)
        except ModelBundleError as error:
            logger.info("%s was not usable: %s", name, error)
            message = f"{name} cannot run this model; the processor does."
            continue
        if not trial.agrees_with(reference):
            message = f"{name} gave other results than the processor, which is used instead."
        elif trial.seconds >= reference.seconds and not is_asked_for:
            message = f"{name} was slower than the processor, which is used instead."
        else:
            return Choice(provider)
        logger.info("%s: %.2f ms a step, CPU %.2f", name, trial.seconds * 1e3, reference.seconds * 1e3)
    return Choice(Provider.CPU, message)


def run_trial(model: OnnxLoopModel) -> Trial:
    """Run the trial's rows through a model that was opened `with_logits`."""
    rng = np.random.default_rng(0)
    shape = (TRIAL_PROMPT_ROWS + TRIAL_STEPS,)
    rows = np.stack([rng.integers(0, COLUMN_SIZES[column], shape) for column in Column], axis=-1).astype(np.int16)
    tables, sampling = Tables.unconstrained(1), SamplingTables.constant(1)
    # The first kind, position, pitch … is drawn whatever its logit, so that every provider continues alike.
    noise = np.full((1, SAMPLED_SIZE), -1e6, dtype=np.float32)
    noise[0, [part.start for part in field_slices().values()]] = 1e6
    state = model.begin([rows[:TRIAL_PROMPT_ROWS]], capacity=len(rows))
    logits: list[FloatArray] = []
    seconds: list[float] = []
    for row in rows[TRIAL_PROMPT_ROWS:]:
        start = time.perf_counter()
        sampled = model.step(state, row[None], tables=tables, sampling=sampling, noise=noise)
        seconds.append(time.perf_counter() - start)
        assert sampled.logits is not None
        logits.append(sampled.logits[0])
    return Trial(np.stack(logits), statistics.median(seconds))


def open_model(
    bundle: ModelBundle, *, wanted: Provider | None = None, settings: RuntimeSettings | None = None
) -> tuple[OnnxLoopModel, str]:
    """Open a model where it runs best, and return it with a message for the user, empty if all is as wanted.

    Args:
        bundle: What to run.
        wanted: Where to run; `None` to choose.
        settings: Threads and spinning.

    Raises:
        EngineError: onnxruntime is missing.
        ModelBundleError: the graphs cannot be loaded, not even on the CPU.
    """
    opened: dict[Provider, OnnxLoopModel] = {}

    def try_provider(provider: Provider) -> Trial:
        opened[provider] = OnnxLoopModel(bundle, settings=settings, provider=provider, with_logits=True)
        if opened[provider].provider is not provider:
            raise ModelBundleError(f"{provider.name} does not load.")
        return run_trial(opened[provider])

    listed = available_providers()
    asked = () if wanted in (None, Provider.CPU) else (wanted,)
    candidates = asked or (() if wanted else tuple(p for p in TRIED_UNASKED if p in listed))
    choice = choose_provider(candidates, try_provider, is_asked_for=bool(asked))
    model = opened.get(choice.provider) or OnnxLoopModel(bundle, settings=settings)
    model.with_logits = False
    return model, choice.message
