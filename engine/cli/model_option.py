"""Finds and opens the model that a command names: one that is installed, or any bundle by its folder."""

import time
from dataclasses import dataclass
from enum import StrEnum

from engine.cli.console import people
from engine.inference.bundle import ModelBundle
from engine.inference.model import OnnxLoopModel
from engine.inference.providers import open_model as open_where_best
from engine.resources import DEFAULT_MODEL, model_folder
from engine.runtime import Provider, RuntimeSettings

__all__ = ["DEFAULT_MODEL", "OpenModel", "ProviderOption", "open_model"]


class ProviderOption(StrEnum):
    """What `--provider` takes."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"
    COREML = "coreml"


@dataclass(frozen=True, slots=True)
class OpenModel:
    """A model at work, and how long it took to get there."""

    model: OnnxLoopModel
    load_seconds: float

    @property
    def name(self) -> str:
        """The bundle's name."""
        return self.model.bundle.info.name

    @property
    def provider(self) -> str:
        """What it really runs on: "cpu", "cuda" or "coreml"."""
        return self.model.provider.name.lower()


def open_model(name: str, *, provider: ProviderOption = ProviderOption.AUTO, threads: int = 0) -> OpenModel:
    """Open a model.

    Args:
        name: An installed model's name, or a folder.
        provider: Where it shall run.
        threads: Of one step; 0 for what suits the machine.

    Raises:
        ModelBundleError: It is missing, damaged, or made for another version.
        EngineError: ONNX Runtime is not installed.
    """
    began = time.perf_counter()
    wanted = None if provider is ProviderOption.AUTO else Provider[provider.name]
    bundle = ModelBundle.open(model_folder(name))
    model, message = open_where_best(bundle, wanted=wanted, settings=RuntimeSettings(threads=threads))
    if message:
        people().print(message)
    return OpenModel(model, time.perf_counter() - began)
