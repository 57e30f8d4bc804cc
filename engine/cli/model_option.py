"""Finds and opens the model that a command names: one that is installed, or any bundle by its folder."""

import time
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from engine.errors import ModelBundleError
from engine.inference.bundle import ModelBundle
from engine.inference.model import OnnxLoopModel
from engine.runtime import Provider, RuntimeSettings

DEFAULT_MODEL = "base"


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


def model_folder(name: str) -> Path:
    """Return the folder of a model, told by its name or its folder.

    Raises:
        ModelBundleError: There is no such model.
    """
    models = Path(__file__).parents[2] / "assets" / "models"
    for folder in (Path(name).expanduser(), models / name):
        if (folder / "manifest.json").is_file():
            return folder
    raise ModelBundleError(f'There is no model "{name}".', "Name an installed model, or the folder of one.")


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
    wanted = Provider.CPU if provider is ProviderOption.AUTO else Provider[provider.name]
    bundle = ModelBundle.open(model_folder(name))
    model = OnnxLoopModel(bundle, settings=RuntimeSettings(threads=threads), provider=wanted)
    return OpenModel(model, time.perf_counter() - began)
