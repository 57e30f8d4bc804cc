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
    """Stop writing; what is complete stays. The job still ends with `Finished`.

    Attributes:
        job: Which.
        keeps_partial: Whether takes that are complete in some bars are wanted as they are.
    """

    job: int
    keeps_partial: bool = True


@dataclass(frozen=True, slots=True)
class WorkerReady:
    """The model is loaded.

    Attributes:
        model: Its name.
        identity: What a take remembers it by.
        provider, threads: What it runs on.
        build: Versions of what decides the last bits of its arithmetic.
        folder: Where the model lies.
        has_style: Whether it leans on a style by a share.
    """

    model: str
    identity: str
    provider: str
    threads: int = 0
    build: str = ""
    folder: str = ""
    has_style: bool = False
