"""Runs `generate`: one request after the other, each take written as soon as it is there."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from engine.cli.console import people
from engine.cli.model_option import OpenModel
from engine.cli.take_files import WriteOptions, WrittenTake, take_record, write_take
from engine.inference.generator import Generator
from engine.messages import Finished, GenerationEvent, GenerationRequest, TakeReady
from engine.messages import Progress as CellsProgress
from engine.similarity.originality import PhraseIndex


@dataclass(frozen=True, slots=True)
class Share:
    """Which of several workers this one is: the `--rank 0/1`.

    Attributes:
        rank: From 0.
        workers: How many there are.
    """

    rank: int = 0
    workers: int = 1

    @classmethod
    def parse(cls, text: str) -> "Share":
        """Read "0/4".

        Raises:
            ValueError: It is not a rank below a number of workers.
        """
        rank, slash, workers = text.partition("/")
        if not (slash and rank.isdecimal() and workers.isdecimal() and int(rank) < int(workers)):
            raise ValueError(f'"{text}" is no rank; write it like 0/4, from 0/4 to 3/4')
        return cls(int(rank), int(workers))

    def requests(self, request: GenerationRequest, batches: int) -> Iterator[GenerationRequest]:
        """Yield this worker's requests: every batch has a seed of its own, whoever runs it."""
        for batch in range(self.rank, batches, self.workers):
            yield replace(request, seed=request.seed + batch)


@dataclass(slots=True)
class RunResult:
    """All that came out of a run; `too_like` takes were not written."""

    takes: list[WrittenTake] = field(default_factory=list[WrittenTake])
    seconds: float = 0.0
    seconds_to_first_note: float | None = None
    notes: int = 0
    too_like: int = 0

    def finish(self, event: Finished) -> None:
        """Add one request's figures."""
        self.seconds += event.seconds
        self.notes += event.notes
        if self.seconds_to_first_note is None:
            self.seconds_to_first_note = event.first_note_seconds

    def records(self) -> list[dict[str, Any]]:
        """Return the takes as JSON can hold them, best first in `rank`, in the order of writing."""
        records = [take_record(written) for written in sorted(self.takes, key=_order)]
        for rank, record in enumerate(sorted(records, key=_goodness, reverse=True)):
            record["rank"] = rank + 1
        return records


def _order(written: WrittenTake) -> tuple[int, int]:
    return written.take.seed, written.take.number


def _goodness(record: dict[str, Any]) -> tuple[bool, float]:
    """A take that had to drop a wish comes last; among the others seam and likelihood count alike, in nats a note."""
    scores = record["scores"]
    return not record["relaxed"], scores["log_likelihood"] + (scores["seam"] or 0.0)


def run_requests(
    requests: Sequence[GenerationRequest], opened: OpenModel, options: WriteOptions, *, allows_likeness: bool = False
) -> RunResult:
    """Generate and write all takes of all requests, with a progress bar on stderr where a person looks.

    Takes that are too like a known song are counted, and written only if `allows_likeness`.

    Raises:
        RequestError: A request asks for what cannot be.
        GenerationError: A request is too long for the model.
        EngineError: A file cannot be written.
    """
    generator = Generator(opened.model, model_name=opened.name, provider=opened.provider)
    result = RunResult()
    index = None if allows_likeness else PhraseIndex.installed()
    with _progress_bar() as bar:
        task = bar.add_task("Writing", total=None, notes=0)

        def show(done: int, total: int, notes: int) -> None:
            bar.update(task, completed=done, total=total, notes=notes)

        for number, request in enumerate(requests):
            done_before = number / len(requests)
            events = _compared(generator.generate(request), request, index)
            _run(events, request, result, options, _scaled(show, done_before, len(requests)))
    return result


def _compared(
    events: Iterable[GenerationEvent], request: GenerationRequest, index: PhraseIndex | None
) -> Iterator[GenerationEvent]:
    for event in events:
        yield TakeReady(index.compared(request, event.take)) if index and isinstance(event, TakeReady) else event


def _run(
    events: Iterable[GenerationEvent],
    request: GenerationRequest,
    result: RunResult,
    options: WriteOptions,
    show: Callable[[float, int], None],
) -> None:
    done: dict[int, float] = {}
    for event in events:
        if isinstance(event, CellsProgress):
            done[event.take] = event.cells_done / event.cells_total
            show(sum(done.values()) / request.takes, result.notes + event.notes)
        elif isinstance(event, TakeReady):
            if event.take.originality is not None and event.take.originality.is_flagged:
                result.too_like += 1
            else:
                result.takes.append(write_take(request, event.take, options))
        elif isinstance(event, Finished):
            result.finish(event)


def _scaled(show: Callable[[int, int, int], None], before: float, parts: int) -> Callable[[float, int], None]:
    """Return a callback for the share done of one of several requests."""
    return lambda share, notes: show(round(1000 * (before + share / parts)), 1000, notes)


def _progress_bar() -> Progress:
    console = people()
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[notes]} notes"),
        TimeRemainingColumn(),
    )
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
