"""A take as the model reads it: the rows of its prompt and of its notes, one readable line each."""

from dataclasses import replace

from engine.inference.take_plan import plan_take
from engine.messages import GenerationRequest
from engine.music.loop import Loop
from engine.representation.layout import describe_rows, training_rows
from engine.representation.sheet import Sheet
from engine.representation.vocabulary import Column, RowState


def prompt_lines(request: GenerationRequest, number: int) -> list[str]:
    """Return the rows that are read before the first note of a take is written.

    Raises:
        RequestError: The request asks for what cannot be.
    """
    return describe_rows(plan_take(request, number).prompt)


def take_lines(request: GenerationRequest, number: int, loop: Loop) -> list[str]:
    """Return the rows of the bars that were written, notes that stayed included, in the order of writing.

    Raises:
        RequestError: See `prompt_lines`.
    """
    plan = replace(plan_take(request, number).plan, locked=None)
    rows = training_rows(Sheet.from_loop(loop), plan)
    return describe_rows(rows[rows[:, Column.STATE] == RowState.TARGET])
