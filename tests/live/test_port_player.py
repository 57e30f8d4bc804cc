"""A loop to a port that only writes down: so many passes and not a note more."""

import pytest

from engine.jobs.live import HeardOn, LiveSetup
from engine.live.port_player import play_to_port
from engine.live.stage import Stage
from engine.music.general_midi import Role
from engine.music.loop import Loop, Note, Track
from tests.helpers.fake_midi import FakeSystem

LOOP = Loop(bars=1, tempo_bpm=133.7, tracks=(Track(Role.BASS, (Note(0, 40, 480), Note(1800, 41, 120))),))


class BusySystem(FakeSystem):
    """Nothing is done in no time here, and pauses are longer than asked."""

    def now(self) -> float:
        self.seconds += 0.0004
        return self.seconds

    def pause(self, seconds: float) -> None:
        self.seconds += 3 * seconds


@pytest.mark.parametrize("margin_seconds", [0.0, 0.002, 0.05])
@pytest.mark.parametrize("sends_clock", [False, True])
def test_so_many_passes_are_played_and_not_a_note_more(margin_seconds: float, sends_clock: bool) -> None:
    system = BusySystem(margin_seconds)
    setup = LiveSetup(HeardOn.PORT, sends_clock=sends_clock)
    stage = Stage(lambda _: None, open_system=lambda: system, setup=setup, virtual_out="out", pause=system.pause)
    play_to_port(LOOP, stage, passes=7, pause=system.pause)
    stage.close()
    notes = [data[:2] for _, data in system.sent["out"] if data[0] >> 4 in (8, 9)]
    assert notes == [b"\x90\x28", b"\x80\x28", b"\x90\x29", b"\x80\x29"] * 7
    onsets = [seconds for seconds, data in system.sent["out"] if data[:2] == b"\x90\x28"]
    assert onsets == pytest.approx([onsets[0] + index * LOOP.seconds for index in range(7)], abs=1e-9)
