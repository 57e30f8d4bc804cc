"""A take out of the library is made again to the bit, by another process with the shipped model."""

from pathlib import Path

import pytest

from engine.jobs.library import LoadTake, TakeKept, TakeLoaded
from engine.jobs.writing import Cancel, Generate
from engine.messages import Failed, Finished, GenerationRequest, PartRequest, PartUse, Take, TakeReady
from engine.music.general_midi import Role
from engine.music.harmony import Key
from engine.music.loop import Loop, Note, Track
from engine.resources import assets_folder
from engine.service import EngineService
from engine.worker import BundleLoader

pytestmark = pytest.mark.skipif(not (assets_folder() / "models" / "base").exists(), reason="no model ships here")
PATIENCE_SECONDS = 60.0
DRUMS = Track(Role.DRUMS, tuple(Note(tick, 36, 60) for tick in range(0, 3840, 480)))
REQUEST = GenerationRequest(
    Loop(bars=2, tracks=(DRUMS, Track(Role.BASS), Track(Role.KEYS)), key=Key.parse("A minor")),
    (PartRequest(), PartRequest(PartUse.REPLACE, controls=(("density", 6.0),)), PartRequest(PartUse.REPLACE)),
    key_locked=True,
    seed=11,
    takes=3,
)


def written(service: EngineService, request: GenerationRequest) -> tuple[list[Take], list[int]]:
    """Return a request's takes and their rows in the library."""
    job = service.ask(Generate(request))
    takes: list[Take] = []
    rows: list[int] = []
    while True:
        for event in service.wait(PATIENCE_SECONDS):
            match event.event:
                case TakeReady(take) if event.job == job:
                    takes.append(take)
                case TakeKept(_, row) if event.job == job:
                    rows.append(row)
                case Finished() if event.job == job:
                    return takes, rows
                case Failed(title, message):
                    raise AssertionError(f"{title} {message}")
                case _:
                    pass


def loaded(service: EngineService, row: int) -> TakeLoaded:
    job = service.ask(LoadTake(row))
    while True:
        for event in service.wait(PATIENCE_SECONDS):
            if event.job == job:
                assert isinstance(event.event, TakeLoaded), event.event
                return event.event


def test_a_take_is_made_again_to_the_bit_in_a_new_process(tmp_path: Path) -> None:
    library = tmp_path / "takes.sqlite"
    first = EngineService(BundleLoader(), library)
    first.start()
    takes, rows = written(first, REQUEST)
    first.close()
    second = EngineService(BundleLoader(), library)
    second.start()
    try:
        kept = loaded(second, rows[1]).kept
        assert kept.loop == takes[1].loop
        assert kept.row.threads > 0
        assert kept.row.build.startswith("onnxruntime")
        assert kept.row.batch == REQUEST.takes
        again, _ = written(second, kept.request)
        assert again == takes, "music, scores and reports"
    finally:
        second.close()


def test_what_was_complete_when_it_was_stopped_is_kept_as_a_partial_take(tmp_path: Path) -> None:
    service = EngineService(BundleLoader(), tmp_path / "takes.sqlite")
    service.start()
    canvas = Loop(bars=16, tracks=(DRUMS, Track(Role.KEYS), Track(Role.LEAD)))
    replace = PartRequest(PartUse.REPLACE)
    try:
        job = service.ask(Generate(GenerationRequest(canvas, (PartRequest(), replace, replace), takes=2)))
        takes: list[Take] = []
        is_over = is_told = False
        while not is_over:
            for event in service.wait(PATIENCE_SECONDS):
                if event.job == job and type(event.event).__name__ == "BarWritten" and not is_told:
                    is_told = True
                    service.tell(Cancel(job))
                if event.job == job and isinstance(event.event, TakeReady):
                    takes.append(event.event.take)
                is_over |= event.job == job and isinstance(event.event, Finished)
        assert takes
        assert all(0 < take.missing < 32 for take in takes)
        assert loaded(service, 1).kept.row.missing == takes[0].missing
    finally:
        service.close()
