"""The worker is killed at one moment after the other, with the shipped model and a real library: nothing is lost."""

import os
import random
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine.jobs.library import KeepTakes, Query, TakeKept, TakesKept
from engine.jobs.pipes import Child, ChildStopped, JobEvent
from engine.jobs.writing import Generate, WorkerReady
from engine.library.store import TakeStore
from engine.messages import (
    BarWritten,
    Failed,
    Finished,
    GenerationRequest,
    PartRequest,
    PartUse,
    Progress,
    Take,
    TakeReady,
    TakeScores,
)
from engine.music.general_midi import Role
from engine.music.loop import Loop, Note, Track
from engine.resources import assets_folder
from engine.service import EngineService
from engine.worker import BundleLoader

pytestmark = pytest.mark.skipif(not (assets_folder() / "models" / "base").exists(), reason="no model ships here")
PATIENCE_SECONDS = 60.0
DRUMS = Track(Role.DRUMS, tuple(Note(tick, 36, 60) for tick in range(0, 7680, 480)))
REQUEST = GenerationRequest(
    Loop(bars=4, tracks=(DRUMS, Track(Role.BASS), Track(Role.KEYS))),
    (PartRequest(), PartRequest(PartUse.REPLACE), PartRequest(PartUse.REPLACE)),
    takes=6,
)
RNG = random.Random(3)
MOMENTS: dict[str, Callable[[object], bool]] = {
    "before it has begun": lambda event: True,
    "while bars are written": lambda event: isinstance(event, BarWritten),
    "between a take kept and shown": lambda event: isinstance(event, TakeKept),
    "somewhere in between": lambda event: isinstance(event, Progress) and RNG.random() < 0.1,
}


@pytest.fixture
def service(tmp_path: Path) -> Iterator[EngineService]:
    service = EngineService(BundleLoader(), tmp_path / "takes.sqlite")
    service.start()
    yield service
    service.close()


def until(service: EngineService, is_last: Callable[[JobEvent], bool]) -> list[JobEvent]:
    """Collect events up to the one that ends the wait."""
    events: list[JobEvent] = []
    while not any(is_last(event) for event in events):
        new = service.wait(PATIENCE_SECONDS)
        assert new, f"nothing came for {PATIENCE_SECONDS} s"
        events.extend(new)
    return events


@pytest.mark.usefixtures("caplog")
def test_whenever_the_worker_is_killed_every_kept_take_stays_and_the_next_request_is_met(
    service: EngineService, tmp_path: Path
) -> None:
    kept: set[int] = set()
    until(service, lambda event: isinstance(event.event, WorkerReady))
    for moment, has_come in MOMENTS.items():
        job = service.ask(Generate(REQUEST))
        events: list[JobEvent] = []
        if moment != "before it has begun":
            events = until(
                service, lambda event, job=job, has_come=has_come: event.job == job and has_come(event.event)
            )
        os.kill(service.process_id(Child.WORKER), signal.SIGKILL)
        events += until(service, lambda event: isinstance(event.event, ChildStopped))
        (stopped,) = (event.event for event in events if isinstance(event.event, ChildStopped))
        assert stopped.child is Child.WORKER
        assert stopped.is_restarted
        finished = any(event.job == job and isinstance(event.event, Finished) for event in events)
        assert (job in stopped.lost_jobs) is not finished, moment
        kept |= {event.event.library_id for event in events if isinstance(event.event, TakeKept)}
        until(service, lambda event: isinstance(event.event, WorkerReady))
    job = service.ask(Generate(REQUEST))
    events = until(service, lambda event: event.job == job and isinstance(event.event, Finished | Failed))
    assert sum(isinstance(event.event, TakeReady) for event in events) == REQUEST.takes
    store = TakeStore(tmp_path / "takes.sqlite")
    rows = {row.id for row in store.find(Query())}
    assert kept <= rows
    assert all(store.load(row).loop.note_count for row in rows), "no take is half there"
    store.close()


def test_takes_that_no_model_wrote_are_kept_with_how_they_were_made(service: EngineService, tmp_path: Path) -> None:
    take = Take(0, REQUEST.canvas, 1, 0, (), TakeScores(0.0))
    job = service.ask(KeepTakes(REQUEST, (take, take), "morph"))
    events = until(service, lambda event: event.job == job)
    (kept,) = (event.event for event in events if event.job == job)
    assert isinstance(kept, TakesKept)
    store = TakeStore(tmp_path / "takes.sqlite")
    assert [store.load(id).row.made for id in kept.library_ids] == ["morph", "morph"]
    store.close()
