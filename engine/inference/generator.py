"""The loop: tables → step → rows → stop. Takes are batch rows; everything is streamed; cancel is a return.

`Generator.generate` is a Python generator of events, so that whoever consumes it (the worker process, the
command line, a test) decides what to do with them, and closing it stops the work within one step.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from engine.errors import GenerationError
from engine.inference.assembly import assembled, bar_notes
from engine.inference.candidates import nearest
from engine.inference.masks import TakeMasks
from engine.inference.model import BUCKETS, LoopModel
from engine.inference.ranking import rank_seams
from engine.inference.reports import control_reports
from engine.inference.sampling import GumbelNoise, field_slices
from engine.inference.tables import Sampled, SamplingTables, Tables
from engine.inference.take_plan import TakePlan, plan_take
from engine.messages import (
    SAMPLED_FIELD_NAMES,
    BarWritten,
    Finished,
    GenerationEvent,
    GenerationRequest,
    Progress,
    Take,
    TakeReady,
    TakeScores,
)
from engine.representation.vocabulary import DRUM_OFFSET, SAMPLED_SIZE, Field, Kind

EXPECTED_NOTES_A_CELL = 32
PENALTY_WINDOW = 16  # notes
FAVOUR = 4.0  # times as likely as the model thinks
LOWEST_TEMPERATURE = 1e-3
# What is heard of a style grows far faster than its factors: with 71, 84 and 93 % of them, 19, 41 and 69 % of takes
# have a rhythm that 88 % have with all (`benchmarks/own_style.py`, by which this was set). So a quarter, half and three
# quarters of the slider are those shares.
STYLE_CURVE = 0.25


class Generator:
    """Turns requests into takes with one model.

    Args:
        model: What answers rows with rows.
        model_name, provider: Reported with the result.
        rank: Whether takes are scored for their seam (costs a few forward passes a take).

    Threads: use one instance from one thread; `is_cancelled` may look at anything.
    """

    def __init__(self, model: LoopModel, *, model_name: str = "", provider: str = "", rank: bool = True) -> None:
        self._model = model
        self._model_name = model_name
        self._provider = provider
        self._rank = rank

    def generate(
        self, request: GenerationRequest, *, is_cancelled: Callable[[], bool] = lambda: False
    ) -> Iterator[GenerationEvent]:
        """Yield what happens: progress and bars as they are written, each take, then `Finished`.

        When it is cancelled, takes of which at least one bar is complete come as they are, with `missing` bars.

        Raises:
            RequestError: The request asks for what cannot be (before anything is yielded).
            GenerationError: The request is larger than the model's memory.
        """
        run = _Run(self._model, request)
        for attempt in range(max(1, request.max_attempts)):
            again: list[Take] = []
            for event in nearest(run.write(attempt, is_cancelled), request.candidates):
                if not isinstance(event, TakeReady):
                    yield event
                elif event.take.relaxed and not event.take.missing and attempt + 1 < request.max_attempts:
                    again.append(event.take)
                else:
                    yield self._rated(event.take)
            run.pending = [take.number for take in again]
            if is_cancelled():
                for take in again:  # there will be no better attempt
                    yield self._rated(take)
                break
            if not again:
                break
        yield Finished(
            seconds=run.seconds,
            first_note_seconds=run.first_note_seconds or run.seconds,
            notes=run.notes,
            provider=self._provider,
            model=self._model_name,
            was_cancelled=is_cancelled(),
        )

    def _rated(self, take: Take) -> TakeReady:
        if not self._rank or take.missing:
            return TakeReady(take)
        seam = rank_seams(self._model, [take.loop])[0]
        return TakeReady(replace(take, scores=replace(take.scores, seam=seam)))


class _Run:
    """One request on its way."""

    def __init__(self, model: LoopModel, request: GenerationRequest) -> None:
        self._model, self._request = model, request
        model.use_style((request.style_percent / 100) ** STYLE_CURVE)
        self._started = time.perf_counter()
        self._plans = [plan_take(request, take) for take in range(request.takes)]
        self.pending = list(range(request.takes))
        self.first_note_seconds: float | None = None
        self.notes = 0

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self._started

    def write(self, attempt: int, is_cancelled: Callable[[], bool]) -> Iterator[GenerationEvent]:
        """Decode all candidates of all pending takes together and yield their events; only first ones are watched."""
        candidates = self._request.candidates
        takes = [take for take in self.pending for _ in range(candidates)]
        is_watched = [i % candidates == 0 for i in range(len(takes))]
        plans = [self._plans[take] for take in takes]
        capacity = _capacity(plans)
        # All takes are fed as many rows as the longest, so that each may have as many as the longest prompt leaves.
        longest = max(len(plan.prompt) for plan in plans)
        masks = [TakeMasks(plan, capacity - longest + len(plan.prompt)) for plan in plans]
        noises = [
            GumbelNoise(self._request.seed, take + ((attempt * candidates + i % candidates) << 32))
            for i, take in enumerate(takes)
        ]
        sampling = _sampling_tables(self._request, len(takes))
        tables = Tables.unconstrained(len(takes), positions=plans[0].sheet.meter.steps_per_bar)
        state = self._model.begin([plan.prompt for plan in plans], capacity=capacity)
        rows = np.stack([mask.start for mask in masks])
        log_probs = [0.0] * len(takes)
        noise = np.zeros((len(takes), SAMPLED_SIZE), dtype=np.float32)
        is_random = _random_fields(self._request)
        row_index = 0
        while not all(mask.is_done for mask in masks) and not is_cancelled():
            active = [i for i, mask in enumerate(masks) if not mask.is_done]
            for i in active:
                masks[i].fill(tables, i)
                noise[i] = noises[i].row(row_index) * is_random
                _lean(noise[i], masks[i], self._request)
            sampled = self._model.step(state, rows, tables=tables, sampling=sampling, noise=noise)
            row_index += 1
            for i in active:
                log_probs[i] += _log_prob(sampled, i)
                cells_done = masks[i].cells_done
                rows[i] = masks[i].accept(sampled.ids[i].tolist())
                self.notes += int(sampled.ids[i, Field.KIND] == Kind.NOTE)
                if self.first_note_seconds is None and self.notes:
                    self.first_note_seconds = self.seconds
                if masks[i].cells_done == cells_done:
                    continue
                if is_watched[i]:
                    yield _bar_written(self._request, plans[i], masks[i], take=takes[i], cell=cells_done)
                    yield Progress(takes[i], cells_done + 1, len(plans[i].cells), self.notes, self.seconds)
                if masks[i].is_done:
                    take = _finished_take(self._request, plans[i], masks[i], log_prob=log_probs[i])
                    yield TakeReady(replace(take, number=takes[i], attempt=attempt, batch=len(takes)))
        for i, mask in enumerate(masks):
            if not mask.is_done and mask.cells_done:  # stopped half-way: what is complete in bars is a take of its own
                take = _finished_take(self._request, plans[i], mask, log_prob=log_probs[i])
                yield TakeReady(replace(take, number=takes[i], attempt=attempt, batch=len(takes)))


def _finished_take(request: GenerationRequest, plan: TakePlan, masks: TakeMasks, *, log_prob: float) -> Take:
    done = masks.cells_done
    rows = [row for cell in range(done) for row in masks.new_rows_of_cell(cell)]
    loop = assembled(request, plan, rows, missing=plan.cells[done:]).with_bars_repeated(request.repeats)
    return Take(
        number=0,
        loop=loop,
        seed=request.seed,
        attempt=0,
        reports=control_reports(request, loop),
        scores=TakeScores(log_likelihood=log_prob / max(1, masks.notes_written)),
        forced_ends=masks.forced_ends,
        relaxed=masks.relaxed,
        merged=plan.sheet.merged,
        missing=len(plan.cells) - done,
    )


def _capacity(plans: list[TakePlan]) -> int:
    """Return the cache bucket that holds every take's prompt, cells and expected notes."""
    fixed = max(
        len(plan.prompt)
        + len(plan.cells)
        + sum(len(inside) for rules in plan.rules.values() for inside in rules.anchors.values())
        for plan in plans
    )
    expected = fixed + EXPECTED_NOTES_A_CELL * max(len(plan.cells) for plan in plans)
    for capacity in BUCKETS:
        if capacity >= expected:
            return capacity
    if fixed + 64 > BUCKETS[-1]:
        raise GenerationError("The request is too long for the model.", "Use fewer bars or fewer parts at once.")
    return BUCKETS[-1]


def _sampling_tables(request: GenerationRequest, takes: int) -> SamplingTables:
    settings = [request.sampling.of(name) for name in SAMPLED_FIELD_NAMES]

    def column(values: list[float], dtype: type[np.generic]) -> np.ndarray:
        return np.tile(np.array(values, dtype=dtype), (takes, 1))

    return SamplingTables(
        temperature=column([max(s.temperature, LOWEST_TEMPERATURE) for s in settings], np.float32),
        min_p=column([s.min_p for s in settings], np.float32),
        top_p=column([s.top_p for s in settings], np.float32),
        top_k=column([s.top_k for s in settings], np.int64),
    )


def _random_fields(request: GenerationRequest) -> np.ndarray:
    """Return float32 [SAMPLED_SIZE], 0 where a temperature of 0 asks for the likeliest value."""
    chance = np.ones(SAMPLED_SIZE, dtype=np.float32)
    for name, part in zip(SAMPLED_FIELD_NAMES, field_slices().values(), strict=True):
        chance[part] = request.sampling.of(name).temperature > 0
    return chance


def _lean(noise: np.ndarray, masks: TakeMasks, request: GenerationRequest) -> None:
    """Make the part's latest pitches rarer, favoured ones likelier: a bias on the noise is one on tempered logits."""
    pitches = noise[field_slices()[Field.PITCH]]
    if (penalty := request.sampling.repetition_penalty) != 1.0:
        for pitch in set(masks.recent_pitches(PENALTY_WINDOW)):
            pitches[pitch] -= np.log(penalty)
    is_drums = request.canvas.tracks[masks.part].is_drums
    for pitch in request.parts[masks.part].favoured:
        pitches[pitch + DRUM_OFFSET * is_drums] += np.log(FAVOUR)


def _log_prob(sampled: Sampled, take: int) -> float:
    """Return the log-probability of what counts in the answer: END alone, or NOTE and its fields."""
    values = sampled.log_prob[take]
    if sampled.ids[take, Field.KIND] == Kind.END:
        return float(values[Field.KIND])
    is_drum = sampled.ids[take, Field.PITCH] >= DRUM_OFFSET
    return float(values.sum() - (values[Field.DURATION] if is_drum else 0.0))


def _bar_written(request: GenerationRequest, plan: TakePlan, masks: TakeMasks, *, take: int, cell: int) -> BarWritten:
    part, bar = plan.cells[cell]
    notes = bar_notes(request, plan, cell, masks.new_rows_of_cell(cell))
    return BarWritten(take, part, bar, tuple((n.onset, n.pitch, n.duration, n.velocity) for n in notes))
