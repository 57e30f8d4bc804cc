"""Takes being written."""

from dataclasses import dataclass

from engine.jobs.numbers import NO_JOB
from engine.messages import GenerationRequest


@dataclass(frozen=True, slots=True)
class Generate:
    """Write takes. Answered by generation events up to `Finished` or `Failed`."""

    request: GenerationRequest
    job: int = NO_JOB


@dataclass(frozen=True, slots=True)
class Cancel:
    """Stop writing; what is complete stays. The job still ends with `Finished`."""

    job: int


@dataclass(frozen=True, slots=True)
class WorkerReady:
    """The model is loaded.

    Attributes:
        model: Its name.
        identity: What a take remembers it by.
        provider: What it runs on.
    """

    model: str
    identity: str
    provider: str
