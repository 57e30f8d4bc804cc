"""The loop around a model: takes, events, seeds, cancel, and what a take remembers."""

from dataclasses import replace
from types import GeneratorType
from typing import Any

import numpy as np
import pytest

from engine.errors import GenerationError, RequestError
from engine.inference import generator as generator_module
from engine.inference.generator import Generator
from engine.messages import (
    BarWritten,
    FieldSampling,
    Finished,
    GenerationEvent,
    GenerationRequest,
    Keep,
    PartRequest,
    PartUse,
    Progress,
    Sampling,
    Take,
    TakeReady,
    WriteOrder,
)
from engine.music.general_midi import Role
from engine.music.loop import Loop, Note, Track
from engine.representation.vocabulary import Column, Field, RowState, RowType
from tests.helpers.fourteen_requests import demo_canvas
from tests.helpers.request_grid import check_guarantees
from tests.helpers.stubborn_model import StubbornModel
from tests.helpers.uniform_model import UniformModel

REPLACE, CONTEXT = PartRequest(PartUse.REPLACE), PartRequest(PartUse.CONTEXT)


def keys_request(**wishes: Any) -> GenerationRequest:
    """Keys for given drums and bass."""
    canvas = demo_canvas(empty=(Role.KEYS,))
    return GenerationRequest(canvas, (CONTEXT, CONTEXT, REPLACE), seed=7, **wishes)


def events_of(request: GenerationRequest, will: str = "uniform", *, rank: bool = False) -> list[GenerationEvent]:
    return list(Generator(StubbornModel(will, strength=0.5), rank=rank).generate(request))


def takes_of(request: GenerationRequest, will: str = "uniform") -> list[Take]:
    takes = [event.take for event in events_of(request, will) if isinstance(event, TakeReady)]
    return sorted(takes, key=lambda take: take.number)


def test_a_take_is_the_same_however_many_are_made_beside_it() -> None:
    many = takes_of(keys_request(takes=5))
    for count in (1, 2, 3):
        assert [take.loop for take in takes_of(keys_request(takes=count))] == [t.loop for t in many[:count]]
    assert len({take.loop for take in many}) == 5


def test_favoured_pitches_are_written_more_often() -> None:
    plain = keys_request(takes=8)
    keys = replace(REPLACE, favoured=tuple(range(60, 72)))
    leaning = replace(plain, parts=(CONTEXT, CONTEXT, keys))

    def share(request: GenerationRequest) -> float:
        pitches = [note.pitch for take in takes_of(request) for note in take.loop.tracks[2].notes]
        return sum(60 <= pitch < 72 for pitch in pitches) / len(pitches)

    assert share(leaning) > 2 * share(plain)


def test_another_seed_is_another_loop() -> None:
    assert takes_of(keys_request(takes=1))[0].loop != takes_of(replace(keys_request(takes=1), seed=8))[0].loop


def test_context_stays_and_the_new_part_sounds() -> None:
    request = keys_request(takes=3)
    for take in takes_of(request):
        assert take.loop.tracks[:2] == request.canvas.tracks[:2]
        assert take.loop.tracks[2].notes
        assert check_guarantees(request, take) == []
        assert (take.seed, take.batch, take.attempt) == (7, 3, 0)


def test_events_tell_of_every_bar_and_end_with_finished() -> None:
    request = keys_request(takes=2)
    events = events_of(request, "dense")
    bars = [(e.take, e.part, e.bar) for e in events if isinstance(e, BarWritten)]
    assert sorted(bars) == [(take, 2, bar) for take in range(2) for bar in range(4)]
    progress = [e for e in events if isinstance(e, Progress)]
    assert {(p.cells_done, p.cells_total) for p in progress} == {(n, 4) for n in range(1, 5)}
    assert isinstance(events[-1], Finished)
    takes = [e.take for e in events if isinstance(e, TakeReady)]
    assert events[-1].notes == sum(len(take.loop.tracks[2].notes) for take in takes)
    assert not events[-1].was_cancelled


def test_bars_come_as_they_will_sound_kept_notes_included() -> None:
    request = replace(keys_request(takes=2), canvas=demo_canvas(), remix_percent=50.0)
    events = events_of(request)
    for take in (e.take for e in events if isinstance(e, TakeReady)):
        written = {n[:2] for e in events if isinstance(e, BarWritten) and e.take == take.number for n in e.notes}
        assert {(n.onset, n.pitch) for n in take.loop.tracks[2].notes} == written


def test_bars_are_written_bar_by_bar_for_playing_along() -> None:
    request = replace(keys_request(takes=1, order=WriteOrder.BARS), parts=(CONTEXT, REPLACE, REPLACE))
    bars = [(e.bar, e.part) for e in events_of(request) if isinstance(e, BarWritten)]
    assert bars == [(bar, part) for bar in range(4) for part in (1, 2)]


def test_cancel_stops_within_one_step() -> None:
    model = StubbornModel("dense")
    steps_at_cancel: list[int] = []

    def is_cancelled() -> bool:
        if model.steps >= 5 and not steps_at_cancel:
            steps_at_cancel.append(model.steps)
        return bool(steps_at_cancel)

    events = list(Generator(model, rank=False).generate(keys_request(), is_cancelled=is_cancelled))
    assert model.steps == steps_at_cancel[0]
    assert isinstance(events[-1], Finished)
    assert events[-1].was_cancelled
    assert not any(isinstance(event, TakeReady) for event in events)


def test_closing_the_generator_stops_the_model() -> None:
    model = StubbornModel("dense")
    events = Generator(model, rank=False).generate(keys_request())
    next(iter(events))
    steps = model.steps
    assert isinstance(events, GeneratorType)
    events.close()
    assert model.steps == steps


def crowded_request(**wishes: Any) -> GenerationRequest:
    """More kept pitches than there are places: some have to be dropped."""
    notes = tuple(Note(480 * beat, 60, 240) for beat in range(4))
    part = PartRequest(PartUse.REPLACE, keep=Keep.PITCHES, rhythm="x.x.")
    return GenerationRequest(Loop(bars=1, tracks=(Track(Role.BASS, notes),)), (part,), **wishes)


def test_a_take_that_dropped_a_wish_is_tried_again_and_says_so_at_last() -> None:
    takes = takes_of(crowded_request(takes=2, max_attempts=3))
    assert [(take.number, take.attempt, take.relaxed) for take in takes] == [(0, 2, 2), (1, 2, 2)]


def test_takes_that_wait_for_another_attempt_are_not_lost_on_cancel() -> None:
    model = StubbornModel()
    cancel: list[bool] = []
    takes: list[Take] = []
    generator = Generator(model, rank=False)
    for event in generator.generate(crowded_request(takes=1, max_attempts=3), is_cancelled=lambda: bool(cancel)):
        if isinstance(event, Progress):
            cancel.append(True)
        if isinstance(event, TakeReady):
            takes.append(event.take)
    assert [take.attempt for take in takes] == [0]


@pytest.mark.parametrize("will", ["dense", "long", "late"])
def test_sixteen_bars_of_eight_parts_end_in_time(will: str) -> None:
    canvas = Loop(bars=16, tracks=tuple(Track(role) for role in list(Role)[:8]))
    request = GenerationRequest(canvas, (REPLACE,) * 8, takes=1, seed=3)
    take = takes_of(request, will)[0]
    assert check_guarantees(request, take) == []
    assert all(track.notes for track in take.loop.tracks)


def test_a_full_memory_ends_every_take_with_a_note_in_each_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generator_module, "BUCKETS", (160,))
    canvas = Loop(bars=8, tracks=tuple(Track(role) for role in list(Role)[:8]))
    request = GenerationRequest(canvas, (REPLACE,) * 8, takes=2, order=WriteOrder.BARS)
    for take in takes_of(request, "dense"):
        assert take.forced_ends > 0
        assert all(track.notes for track in take.loop.tracks)
        assert check_guarantees(request, take) == []


def test_takes_with_prompts_of_different_length_share_one_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    # Two notes share a step: where remix spares both, one row less is in the prompt.
    notes = tuple(sorted(Note(120 * i + at, 60, 4) for i in range(16) for at in (0, 5)))
    request = GenerationRequest(Loop(bars=1, tracks=(Track(Role.KEYS, notes),)), (REPLACE,), remix_percent=50, takes=8)
    prompts: set[int] = set()
    begin = StubbornModel.begin
    monkeypatch.setattr(generator_module, "BUCKETS", (80,))
    monkeypatch.setattr(
        StubbornModel,
        "begin",
        lambda self, p, *, capacity: (prompts.update(map(len, p)), begin(self, p, capacity=capacity))[1],
    )
    for take in takes_of(request, "dense"):
        assert check_guarantees(request, take) == []
    assert len(prompts) > 1


def test_a_request_beyond_the_model_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generator_module, "BUCKETS", (64,))
    with pytest.raises(GenerationError, match="too long"):
        takes_of(keys_request())


def test_the_model_is_fed_start_rows_and_what_it_answered() -> None:
    model = UniformModel()
    list(Generator(model, rank=False).generate(keys_request(takes=1)))
    (state,) = model.states
    rows = np.concatenate(state.rows)
    assert (rows[:, Column.STATE] == RowState.TARGET).all()
    assert (rows[:, Column.TYPE] == RowType.START).sum() == 4
    for before, sampled, row in zip(rows, state.sampled, rows[1:], strict=False):
        if row[Column.TYPE] == RowType.NOTE:
            assert row[Column.PITCH] - 1 == sampled.ids[0, Field.PITCH]
            assert row[Column.BAR] == before[Column.BAR]


def test_a_temperature_of_zero_leaves_nothing_to_chance() -> None:
    cold = Sampling(default=FieldSampling(temperature=0.0))
    takes = takes_of(keys_request(takes=3, sampling=cold))
    assert len({take.loop for take in takes}) == 1


def test_a_repetition_penalty_makes_pitches_rarer() -> None:
    free = Sampling(default=FieldSampling(min_p=0))
    strict = replace(free, repetition_penalty=4.0)
    part = PartRequest(PartUse.REPLACE, controls=(("lowest_pitch", 60.0), ("highest_pitch", 62.0)))

    def repeats(sampling: Sampling) -> float:
        request = replace(keys_request(takes=8, sampling=sampling), parts=(CONTEXT, CONTEXT, part))
        pairs = [
            (a.pitch, b.pitch)
            for take in takes_of(request, "short")
            for a, b in zip(take.loop.tracks[2].notes, take.loop.tracks[2].notes[1:], strict=False)
        ]
        return sum(a == b for a, b in pairs) / len(pairs)

    assert repeats(strict) <= repeats(free)


def test_asked_stands_beside_got() -> None:
    part = PartRequest(PartUse.REPLACE, controls=(("highest_pitch", 60.0), ("polyphony_max", 2.0), ("density", 4.0)))
    request = replace(keys_request(takes=1), parts=(CONTEXT, CONTEXT, part))
    take = takes_of(request, "dense")[0]
    reports = {report.name: report for report in take.reports}
    assert set(reports) == {"highest_pitch", "polyphony_max", "density", "chords"}
    assert reports["highest_pitch"].is_met
    assert reports["highest_pitch"].got == max(n.pitch for n in take.loop.tracks[2].notes)
    assert reports["polyphony_max"].is_met
    assert not reports["density"].is_met
    assert reports["density"].bin_error != 0


def test_the_seam_is_scored_when_asked_for() -> None:
    ready = [e.take for e in events_of(keys_request(takes=1), "dense", rank=True) if isinstance(e, TakeReady)]
    assert ready[0].scores.seam is not None
    assert ready[0].scores.log_likelihood < 0


def test_a_cancelled_take_comes_with_the_bars_that_are_complete() -> None:
    canvas = demo_canvas(empty=(Role.KEYS,))
    request = GenerationRequest(canvas, (REPLACE, CONTEXT, REPLACE), seed=7, takes=1)
    whole = takes_of(request)[0]
    done: list[Progress] = []
    partial: list[Take] = []
    for event in Generator(StubbornModel("uniform", strength=0.5), rank=False).generate(
        request, is_cancelled=lambda: len(done) >= canvas.bars + 2
    ):
        if isinstance(event, Progress):
            done.append(event)
        elif isinstance(event, TakeReady):
            partial.append(event.take)
    (take,) = partial
    assert take.missing == canvas.bars - 2
    assert take.loop.tracks[0] == whole.loop.tracks[0]
    edge = 2 * canvas.meter.ticks_per_bar
    assert take.loop.tracks[2].notes_between(0, edge - 1) == whole.loop.tracks[2].notes_between(0, edge - 1)
    assert take.loop.tracks[2].notes_between(edge, canvas.length) == ()
    assert take.scores.seam is None


def test_bars_that_a_stopped_rewrite_did_not_reach_keep_their_notes() -> None:
    canvas = demo_canvas()
    request = GenerationRequest(canvas, (CONTEXT, CONTEXT, REPLACE), seed=7, takes=1)
    done: list[Progress] = []
    takes: list[Take] = []
    for event in Generator(StubbornModel("uniform", strength=0.5), rank=False).generate(
        request, is_cancelled=lambda: bool(done)
    ):
        if isinstance(event, Progress):
            done.append(event)
        elif isinstance(event, TakeReady):
            takes.append(event.take)
    edge = canvas.meter.ticks_per_bar
    assert takes[0].missing == canvas.bars - 1
    later = [note for note in takes[0].loop.tracks[2].notes if note.onset >= edge]
    assert later == [note for note in canvas.tracks[2].notes if note.onset >= edge]


def test_bars_that_repeat_are_copies_and_unseen() -> None:
    canvas = demo_canvas(empty=(Role.KEYS,))
    keys = PartRequest(PartUse.REPLACE, bars=(0, 1))
    request = GenerationRequest(canvas, (CONTEXT, CONTEXT, keys), repeats=((2, 0), (3, 1)), takes=1)
    (take,) = takes_of(request)
    bar = canvas.meter.ticks_per_bar
    for track in (take.loop.tracks[0], take.loop.tracks[2]):
        first = [(n.onset, n.pitch) for n in track.notes_between(0, 2 * bar)]
        assert first
        assert [(n.onset - 2 * bar, n.pitch) for n in track.notes_between(2 * bar, 4 * bar)] == first


@pytest.mark.parametrize("will", ["uniform", "dense"])
def test_of_drums_only_those_that_are_asked_for_are_new(will: str) -> None:
    kicks, hats = (
        tuple(Note(at, pitch, 60) for at in range(0, 3840, every)) for pitch, every in ((36, 960), (42, 480))
    )
    beat = tuple(sorted((*kicks, *hats)))
    canvas = Loop(bars=2, tracks=(Track(Role.DRUMS, beat),))
    request = GenerationRequest(canvas, (PartRequest(PartUse.REPLACE, drums=(42, 46)),), takes=2, seed=5)
    for take in takes_of(request, will):
        notes = take.loop.tracks[0].notes
        assert tuple(note for note in notes if note.pitch == 36) == kicks
        assert {note.pitch for note in notes} <= {36, 42, 46}
        assert notes != beat


def test_a_key_that_is_no_drum_is_refused() -> None:
    canvas = Loop(bars=1, tracks=(Track(Role.DRUMS, (Note(0, 36, 60),)),))
    with pytest.raises(RequestError, match="key 20 is no drum"):
        takes_of(GenerationRequest(canvas, (PartRequest(PartUse.REPLACE, drums=(20,)),)))
