"""Many loops to a folder: named, without near copies, stopped and started again."""

from dataclasses import replace
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from engine.jobs.files import FilesWritten, WriteFiles
from engine.jobs.pipes import Child, ChildStopped
from engine.jobs.writing import Cancel, Generate
from engine.messages import Failed, Finished, GenerationRequest, Originality, Take, TakeReady, TakeScores
from engine.music.loop import Note
from gui.app import App
from gui.batch import BatchProgress, content_of, is_near, time_text
from gui.panels.batch import progress_text
from tests.helpers.fake_service import FakeService

pytestmark = pytest.mark.gui
KEYS = 2


def a_take(request: GenerationRequest, number: int, pitch: int) -> Take:
    track = request.canvas.tracks[KEYS].with_notes([Note(0, pitch, 960), Note(960, pitch + 1, 960)])
    return Take(number, request.canvas.with_track(KEYS, track), request.seed, 0, (), TakeScores(-1.0))


class Night:
    """A batch, and an engine that answers it."""

    def __init__(self, app: App, service: FakeService, qtbot: QtBot, folder: Path, count: int) -> None:
        self.app, self.service, self.qtbot = app, service, qtbot
        self.batch = app.commands.batches.batch
        self.progress: list[BatchProgress] = []
        self.ends: list[str] = []
        self.batch.progressed.connect(self.progress.append)
        self.batch.ended.connect(self.ends.append)
        request = app.commands.current_request()
        assert request is not None
        self.batch.start(replace(request, seed=5), count, folder)

    @property
    def job(self) -> int:
        return max(i for i, question in enumerate(self.service.asked, start=1) if isinstance(question, Generate))

    def answer(self, *pitches: int) -> None:
        """Let a chunk be written, and its files."""
        job, request = self.job, self.service.requests[-1]
        asked = len(self.service.asked)
        with self.qtbot.waitSignal(self.app.bridge.finished):
            for number, pitch in enumerate(pitches):
                self.service.say(job, TakeReady(a_take(request, number, pitch)))
            self.service.say(job, Finished(1.0, 0.1, 9, "CPU", "base"))
        for number, question in enumerate(self.service.asked[asked:], start=asked + 1):
            if isinstance(question, WriteFiles):
                count = len(self.progress)
                self.service.say(number, FilesWritten(tuple(file.path for file in question.files)))
                self.qtbot.waitUntil(lambda count=count: len(self.progress) > count)


def test_a_batch_writes_what_differs_under_names_of_their_seeds(
    app: App, service: FakeService, qtbot: QtBot, tmp_path: Path
) -> None:
    night = Night(app, service, qtbot, tmp_path, 6)
    assert service.requests[-1].takes == 4
    night.answer(60, 60, 70, 75)
    assert service.requests[-1].seed != 5
    assert service.requests[-1].takes == 3, "three are still missing"
    night.answer(50, 52, 54)
    assert night.ends == [f"Done: 6 loops, 1 near copy left out in {tmp_path}."]
    names = [Path(q.files[0].path).name for q in service.asked if isinstance(q, WriteFiles)]
    assert names[:3] == [f"First loop_100bpm_Am_4bars_5-{n}.mid" for n in (1, 3, 4)]
    assert len(set(names)) == 6
    assert night.progress[-1].seconds_left == 0


def test_a_batch_leaves_out_what_is_too_like_a_known_song_unless_it_is_asked_for(
    app: App, service: FakeService, qtbot: QtBot, tmp_path: Path
) -> None:
    copied = Originality(0.8, 240.0, 40, 57)
    night = Night(app, service, qtbot, tmp_path, 2)
    take = replace(a_take(service.requests[-1], 0, 60), originality=copied)
    service.say(night.job, TakeReady(take))
    night.answer(70, 75)
    assert night.ends == [f"Done: 2 loops, 1 too like a known song left out in {tmp_path}."]
    assert night.progress[-1].too_like == 1
    night.batch.start(replace(service.requests[-1], seed=9), 1, tmp_path, offers_likenesses=True)
    with qtbot.waitSignal(app.bridge.take_ready):
        service.say(night.job, TakeReady(take))
    assert isinstance(service.asked[-1], WriteFiles)


def test_a_batch_is_stopped_and_a_lost_chunk_is_asked_anew(
    app: App, service: FakeService, qtbot: QtBot, tmp_path: Path
) -> None:
    night = Night(app, service, qtbot, tmp_path, 50)
    with qtbot.waitSignal(app.bridge.child_stopped):
        service.say(0, ChildStopped(Child.WORKER, (night.job,)))
    assert len(service.requests) == 2
    night.batch.stop()
    assert service.told[-1] == Cancel(night.job, keeps_partial=False)
    assert night.ends == [f"Stopped: 0 loops in {tmp_path}."]
    assert not night.batch.is_running


def test_a_batch_ends_when_there_is_nothing_new_or_no_place(
    app: App, service: FakeService, qtbot: QtBot, tmp_path: Path
) -> None:
    night = Night(app, service, qtbot, tmp_path, 50)
    night.answer(60)
    for _ in range(5):
        night.answer(60, 60)
    assert "no more that may be written" in night.ends[0]
    full = Night(app, service, qtbot, tmp_path, 2)
    service.say(full.job, TakeReady(a_take(service.requests[-1], 0, 40)))
    qtbot.waitUntil(lambda: isinstance(service.asked[-1], WriteFiles))
    service.say(service.job, Failed("The disk is full.", "Make room."))
    qtbot.waitUntil(lambda: bool(full.ends[-1:]) and "disk is full" in full.ends[-1])


def test_near_is_told_by_notes_on_the_grid(app: App) -> None:
    loop = app.document.loop
    content = content_of(loop, (0, 1, 2))
    assert is_near(content, content)
    assert not is_near(content, content_of(loop, (0,)))
    assert is_near(frozenset(), frozenset())


def test_time_is_told_as_people_say_it() -> None:
    assert [time_text(s) for s in (3, 80, 3599, 9000)] == ["less than a minute", "1 min", "1 h 0 min", "2 h 30 min"]
    assert progress_text(BatchProgress(3, 9, 1, 120.0)) == "3 of 9 loops, 1 near copy left out   ·   2 min left"
    assert progress_text(BatchProgress(3, 9, 2, None, 1)) == (
        "3 of 9 loops, 2 near copies and 1 too like a known song left out"
    )
