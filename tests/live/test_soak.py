"""An hour on stage, faster than time: no note is lost, nothing drifts and memory stays flat."""

import gc
import tracemalloc

import pytest

from engine.jobs.live import LiveSetup
from engine.jobs.sound import Play, SetGains, Start, StopPlaying
from engine.live.stage import Stage
from engine.music.general_midi import Role
from engine.music.loop import Loop, Note, Track
from tests.helpers.fake_midi import FakeDevice, FakeSystem

MINUTES = 60
PORT = "Turnaround Out"
STEP_SECONDS = 0.01
LOOP = Loop(
    bars=1,
    tempo_bpm=120.0,
    tracks=(
        Track(Role.DRUMS, tuple(Note(step * 120, 42, 60, 90) for step in range(16))),
        Track(Role.BASS, (Note(0, 40, 1920, 100),)),
    ),
)


@pytest.mark.slow
def test_an_hour_loses_no_note_and_no_memory() -> None:
    system, device = FakeSystem(), FakeDevice()
    stage = Stage(
        lambda event: None,
        open_system=lambda: system,
        open_sound=lambda: device,
        setup=LiveSetup(sends_clock=True),
    )
    onsets: list[float] = []
    offs = clocks = 0
    held: list[int] = []
    stage.do(Play(LOOP))
    tracemalloc.start()
    for minute in range(MINUTES):
        for _ in range(round(60 / STEP_SECONDS)):
            stage.pump()
            device.heard(round(STEP_SECONDS * device.sample_rate))
            system.seconds += STEP_SECONDS
        # Half a minute in, a take comes in and a part is muted and heard again, all in time.
        stage.do(Play(LOOP, start=Start.NEXT_LOOP, token=minute))
        stage.do(SetGains((1.0, 0.5), Start.NEXT_BEAT))
        sent = system.sent[PORT]
        past = next((index for index, (seconds, _) in enumerate(sent) if seconds > system.seconds), len(sent))
        onsets += [seconds for seconds, data in sent[:past] if data[:2] == b"\x99\x2a"]
        offs += sum(data[:2] == b"\x89\x2a" for _, data in sent[:past])
        clocks += sum(data == b"\xf8" for _, data in sent[:past])
        del sent[:past]
        gc.collect()
        held.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    stage.do(StopPlaying())
    start = onsets[0]
    assert len(onsets) == offs + 1 or len(onsets) == offs
    assert len(onsets) == pytest.approx(MINUTES * 60 * 8, abs=2)
    assert onsets == pytest.approx([start + index * 0.125 for index in range(len(onsets))], abs=1e-6)
    assert clocks == pytest.approx(MINUTES * 60 * 48, abs=2)
    assert held[-1] - held[9] < 64 * 1024 + (len(onsets) - 8 * 600) * 40  # the test's own list of onsets grows
