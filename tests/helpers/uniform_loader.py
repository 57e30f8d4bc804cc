"""Loads a `UniformModel` in the worker process, where tests and trials need no bundle."""

from dataclasses import dataclass

from engine.inference.generator import Generator
from engine.jobs.writing import WorkerReady
from engine.worker import LoadedModel
from tests.helpers.uniform_model import UniformModel


@dataclass(frozen=True, slots=True)
class UniformLoader:
    """A `ModelLoader` whose model finds everything equally likely."""

    def __call__(self) -> LoadedModel:
        generator = Generator(UniformModel(), model_name="uniform", provider="none", rank=False)
        return LoadedModel(generator, WorkerReady("uniform", "0" * 16, "none"))
