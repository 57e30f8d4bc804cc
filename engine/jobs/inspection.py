"""Takes as the model reads them."""

from dataclasses import dataclass

from engine.jobs.numbers import NO_JOB
from engine.messages import GenerationRequest
from engine.music.loop import Loop


@dataclass(frozen=True, slots=True)
class InspectTake:
    """Show the rows of a take. Answered by `TakeInspected` or `Failed`.

    Attributes:
        request: What was, or would be, asked.
        number: Which of its takes.
        loop: What was written; None where nothing is yet.
    """

    request: GenerationRequest
    number: int = 0
    loop: Loop | None = None
    job: int = NO_JOB


@dataclass(frozen=True, slots=True)
class TakeInspected:
    """One line a row: those of the prompt, and those of the bars that were written."""

    prompt: tuple[str, ...]
    written: tuple[str, ...]
