"""A loop to a port that only writes down: so many passes and not a note more."""

import pytest

from engine.live.port_player import play_to_port
from engine.music.general_midi import Role
from engine.music.loop import Loop, Note, Track

LOOP = Loop(bars=1, tempo_bpm=133.7, tracks=(Track(Role.BASS, (Note(0, 40, 480), Note(1800, 41, 120))),))


class RecordingOutput:
    """A port whose time is moved by pauses; it keeps what was sent."""

    system = "test"

    def __init__(self, margin_seconds: float) -> None:
        self.margin_seconds = margin_seconds
        self.seconds = 0.0
        self.sent: list[tuple[float, bytes]] = []

    def now(self) -> float:
        self.seconds += 0.0004  # nothing is done in no time
        return self.seconds

    def put(self, seconds: float, data: bytes) -> None:
        self.sent.append((seconds, data))

    def cancel_from(self, seconds: float) -> None:
        while self.sent and self.sent[-1][0] >= seconds:
            self.sent.pop()

    def pump(self) -> None:
        """Everything is sent when it is put."""

    def close(self) -> None:
        """Nothing is held."""

    def pause(self, seconds: float) -> None:
        self.seconds += 3 * seconds  # as on a busy machine


@pytest.mark.parametrize("margin_seconds", [0.0, 0.002, 0.05])
@pytest.mark.parametrize("sends_clock", [False, True])
def test_so_many_passes_are_played_and_not_a_note_more(margin_seconds: float, sends_clock: bool) -> None:
    output = RecordingOutput(margin_seconds)
    play_to_port(LOOP, output, passes=7, sends_clock=sends_clock, pause=output.pause)
    notes = [data[:2] for _, data in output.sent if data[0] >> 4 in (8, 9)]
    assert notes == [b"\x90\x28", b"\x80\x28", b"\x90\x29", b"\x80\x29"] * 7
    onsets = [seconds for seconds, data in output.sent if data[:2] == b"\x90\x28"]
    assert onsets == pytest.approx([onsets[0] + index * LOOP.seconds for index in range(7)], abs=1e-9)
