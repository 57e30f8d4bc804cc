"""The process that hears sound files: it tells how far it is, stops when told to, and names what it cannot hear."""

import multiprocessing
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from engine import listener
from engine.audio import extra
from engine.audio.extra import is_installed
from engine.jobs.listening import FileHeard, Listened, ListenProgress, ListenTo, StopListening
from engine.jobs.pipes import JobEvent, Shutdown
from engine.live.synth import write_wav
from engine.messages import Failed
from engine.music.general_midi import Role
from engine.service import EngineService
from tests.helpers.sounding_stems import bass, drums, written
from tests.helpers.uniform_loader import UniformLoader

PATIENCE_SECONDS = 60.0
pytestmark = pytest.mark.skipif(not is_installed(), reason="needs the audio extra")


@pytest.fixture(scope="module")
def service() -> Iterator[EngineService]:
    """Return an engine of which only the listener runs: it comes when it is first asked."""
    service = EngineService(UniformLoader())
    assert events_of(service, service.ask(ListenTo(("nowhere.wav",))))
    yield service
    service.close()


def events_of(service: EngineService, job: int) -> list[object]:
    events: list[object] = []
    while not any(isinstance(event, Listened | Failed) for event in events):
        # Nothing comes of the call that the new process wakes.
        events += [event.event for event in service.wait(PATIENCE_SECONDS) if event.job == job]
    return events


def test_files_are_heard_one_by_one_and_their_tempo_together(service: EngineService, tmp_path: Path) -> None:
    paths = [written(drums(), tmp_path / "drums.wav"), written(bass(), tmp_path / "b.wav"), tmp_path / "none.wav"]
    events = events_of(service, service.ask(ListenTo(tuple(map(str, paths)), (None, Role.BASS, None))))
    answer = events[-1]
    assert isinstance(answer, Listened)
    assert [file.path for file in answer.files] == [str(path) for path in paths]
    assert [event.path for event in events if isinstance(event, FileHeard)] == list(map(str, paths))
    heard = [file.stem for file in answer.files if file.stem is not None]
    assert [stem.role for stem in heard] == [Role.DRUMS, Role.BASS]
    assert answer.files[2].problem == "none.wav does not exist. Check the name."
    assert answer.tempo is not None
    assert answer.tempo.bpm == pytest.approx(104, rel=0.04)
    assert answer.tempo.bar_one_seconds == pytest.approx(0, abs=0.03)
    told = [event.done for event in events if isinstance(event, ListenProgress) and event.path == str(paths[1])]
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_listening_stops_when_it_is_told_to(service: EngineService, tmp_path: Path) -> None:
    noise = np.random.default_rng(1).uniform(-0.3, 0.3, (22_050 * 120, 1)).astype(np.float32)
    write_wav(str(tmp_path / "long.wav"), np.repeat(noise, 2, axis=1), 22_050)
    job = service.ask(ListenTo((str(tmp_path / "long.wav"), str(tmp_path / "next.wav"))))
    service.tell(StopListening(job))
    answer = events_of(service, job)[-1]
    assert answer == Listened((), None, was_stopped=True)


def test_without_the_extra_the_answer_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(extra.importlib, "import_module", missing)
    monkeypatch.setattr(listener.signal, "signal", lambda *_: None)  # belongs to the main thread
    path = tmp_path / "bass.wav"
    path.write_bytes(b"RIFF")
    ours, theirs = multiprocessing.Pipe()
    thread = threading.Thread(target=listener.main, args=(theirs,))
    thread.start()
    ours.send(ListenTo((str(path),), job=7))
    events: list[JobEvent] = []
    while not events or not isinstance(events[-1].event, Failed):
        assert ours.poll(PATIENCE_SECONDS)
        events.append(ours.recv())
    ours.send(Shutdown())
    thread.join()
    ours.close()
    theirs.close()
    assert events[-1].job == 7
    assert "extra `audio`" in events[-1].event.message
