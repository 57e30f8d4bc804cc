"""The service with its two real processes; the worker's model is uniform noise."""

import os
import signal
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine.jobs.files import (
    FilesRead,
    FilesWritten,
    FileToWrite,
    ReadFiles,
    RenderProgress,
    RenderWav,
    StopRendering,
    WriteFiles,
)
from engine.jobs.material import (
    ChosenPart,
    DescribeFiles,
    FilesDescribed,
    FindLoops,
    LayStems,
    LoopsFound,
    ReadingProgress,
    StemsLaid,
    StopReading,
)
from engine.jobs.pipes import Answer, Child, ChildStopped, JobEvent
from engine.jobs.writing import Cancel, Generate, WorkerReady
from engine.messages import Failed, Finished, GenerationRequest, PartRequest, PartUse, TakeReady
from engine.music.general_midi import Role
from engine.music.loop import Loop, Note, Track
from engine.service import EngineService
from engine.worker import BundleLoader
from tests.helpers.uniform_loader import UniformLoader

PATIENCE_SECONDS = 60.0
CANVAS = Loop(bars=1, tracks=(Track(Role.BASS, program=33),))


def request(*, takes: int = 2) -> GenerationRequest:
    return GenerationRequest(CANVAS, (PartRequest(use=PartUse.REPLACE),), takes=takes)


def until(service: EngineService, is_last: Callable[[JobEvent], bool]) -> list[JobEvent]:
    """Collect events up to the one that ends the wait."""
    events: list[JobEvent] = []
    while not any(is_last(event) for event in events):
        new = service.wait(PATIENCE_SECONDS)
        assert new, f"nothing came for {PATIENCE_SECONDS} s after {events}"
        events.extend(new)
    return events


def is_end_of(job: int) -> Callable[[JobEvent], bool]:
    return lambda event: event.job == job and isinstance(event.event, Finished | Failed | Answer)


@pytest.fixture(scope="module")
def service() -> Iterator[EngineService]:
    service = EngineService(UniformLoader())
    service.start()
    yield service
    service.close()


def test_takes_come_one_by_one_and_then_the_end(service: EngineService) -> None:
    job = service.ask(Generate(request()))
    mine = [event.event for event in until(service, is_end_of(job)) if event.job == job]
    takes = [event.take for event in mine if isinstance(event, TakeReady)]
    assert sorted(take.number for take in takes) == [0, 1]
    assert isinstance(mine[-1], Finished)
    assert not mine[-1].was_cancelled
    # Each was compared with the songs of training; noise is no one's.
    assert all(take.originality is not None and not take.originality.is_flagged for take in takes)


def test_a_cancelled_job_ends_and_says_so(service: EngineService) -> None:
    job = service.ask(Generate(request(takes=64)))
    service.tell(Cancel(job))
    last = until(service, is_end_of(job))[-1].event
    assert isinstance(last, Finished)
    assert last.was_cancelled


def test_what_cannot_be_asked_is_answered_not_raised(service: EngineService) -> None:
    nothing_to_write = GenerationRequest(CANVAS, (PartRequest(use=PartUse.IGNORE),))
    job = service.ask(Generate(nothing_to_write))
    last = until(service, is_end_of(job))[-1].event
    assert isinstance(last, Failed)
    assert last.title


def test_files_are_written_and_read_by_the_desk(service: EngineService, tmp_path: Path) -> None:
    loop = CANVAS.with_track(0, Track(Role.BASS, (Note(0, 40, 480, 100),)))
    path = tmp_path / "new folder" / "Bass é.mid"
    project = path.with_suffix(".dawproject")
    alone = loop.with_tracks(loop.tracks[:1])
    written = service.ask(WriteFiles((FileToWrite(str(path), alone), FileToWrite(str(project), loop))))
    assert until(service, is_end_of(written))[-1].event == FilesWritten((str(path), str(project)))
    assert zipfile.is_zipfile(project)
    louder = alone.with_track(0, Track(Role.BASS, (Note(0, 40, 480, 120),)))
    for asked, expected in ((alone, path), (louder, path.with_stem("2")), (loop, project)):
        again = expected.with_stem("2")
        file = FileToWrite(str(again), asked, instead=(str(path), str(project)))
        job = service.ask(WriteFiles((file,)))
        assert until(service, is_end_of(job))[-1].event == FilesWritten((str(expected),))
        assert again.exists() == (again == expected)
    job = service.ask(ReadFiles((str(path), str(tmp_path / "missing.mid"))))
    read = until(service, is_end_of(job))[-1].event
    assert isinstance(read, FilesRead)
    assert read.files[0].loop is not None
    assert read.files[0].loop.tracks[0].notes == loop.tracks[0].notes
    assert read.files[1].loop is None
    assert "missing.mid" in read.files[1].dropped[0]


def test_a_killed_worker_is_reported_and_started_again(
    service: EngineService, caplog: pytest.LogCaptureFixture
) -> None:
    ready_job = service.ask(Generate(request(takes=1)))
    until(service, is_end_of(ready_job))
    lost = service.ask(Generate(request(takes=64)))
    process = service.process_id(Child.WORKER)
    os.kill(process, signal.SIGKILL)
    stopped = until(service, lambda event: isinstance(event.event, ChildStopped))[-1].event
    assert stopped == ChildStopped(Child.WORKER, (lost,))
    assert "the worker stopped" in caplog.text
    again = service.ask(Generate(request(takes=1)))
    assert isinstance(until(service, is_end_of(again))[-1].event, Finished)


def test_a_missing_model_is_told_and_not_fatal() -> None:
    service = EngineService(BundleLoader("no such model"))
    service.start()
    try:
        first = until(service, lambda event: isinstance(event.event, Failed | WorkerReady))[-1]
        assert isinstance(first.event, Failed)
        job = service.ask(Generate(request()))
        assert isinstance(until(service, is_end_of(job))[-1].event, Failed)
    finally:
        service.close()


def test_a_rendering_tells_how_far_it_is_and_can_be_stopped(service: EngineService, tmp_path: Path) -> None:
    loop = CANVAS.with_track(0, Track(Role.BASS, (Note(0, 40, 480, 100),)))
    job = service.ask(RenderWav(str(tmp_path / "a.wav"), loop, passes=3))
    events = until(service, is_end_of(job))
    assert [e.event for e in events if isinstance(e.event, RenderProgress)][-1] == RenderProgress(1.0)
    assert events[-1].event == FilesWritten((str(tmp_path / "a.wav"),))
    long = service.ask(RenderWav(str(tmp_path / "b.wav"), loop, passes=64))
    until(service, lambda event: event.job == long)
    service.tell(StopRendering(long))
    assert until(service, is_end_of(long))[-1].event == FilesWritten(())
    assert not (tmp_path / "b.wav").exists()


def test_a_rendering_that_fails_is_told(service: EngineService, tmp_path: Path) -> None:
    job = service.ask(RenderWav(str(tmp_path / "a.wav"), CANVAS.with_tracks([Track(Role.PAD)])))
    assert until(service, is_end_of(job))[-1].event == Failed(
        "There is nothing to be heard.", "No part that is not muted has notes."
    )


def test_files_are_described_laid_and_searched_for_loops_by_the_desk(service: EngineService, tmp_path: Path) -> None:
    line = tuple(Note(480 * beat, 33 + 3 * (beat % 8), 240) for beat in range(32))
    path = str(tmp_path / "bass.mid")
    written = service.ask(WriteFiles((FileToWrite(path, Loop(bars=8, tracks=(Track(Role.BASS, line, 33),))),)))
    until(service, is_end_of(written))
    events = until(service, is_end_of(service.ask(DescribeFiles((path,)))))
    assert ReadingProgress(0, 1) in [event.event for event in events]
    described = events[-1].event
    assert isinstance(described, FilesDescribed)
    (found,) = described.files
    laid = until(service, is_end_of(service.ask(LayStems((ChosenPart(path, 0, Role.BASS, found.timing),)))))[-1].event
    assert isinstance(laid, StemsLaid)
    assert laid.loop.tracks[0].notes == line
    loops = until(service, is_end_of(service.ask(FindLoops(path))))[-1].event
    assert isinstance(loops, LoopsFound)
    assert [loop.loop.bars for loop in loops.loops] == [2]


def test_looking_at_many_files_can_be_stopped(service: EngineService, tmp_path: Path) -> None:
    for number in range(200):
        (tmp_path / f"{number}.mid").write_bytes(b"nothing")
    long = service.ask(DescribeFiles((str(tmp_path),)))
    until(service, lambda event: event.job == long)
    service.tell(StopReading(long))
    last = until(service, is_end_of(long))[-1].event
    assert isinstance(last, FilesDescribed)
    assert len(last.files) in (0, 200)
