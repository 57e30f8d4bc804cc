"""Real drags from the real window into real DAWs: the saved session holds exactly our notes, parts and length.

Qtractor runs wherever it is installed (it is the quickest); Ardour is slow. Both with Xvfb, openbox and a JACK server
that the test starts and ends.
"""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.music.loop import Loop
from gui.app import first_loop
from tests.helpers.daws import DAWS, SETTLE_SECONDS, Daw, expected_notes, path_of_program, press, save
from tests.helpers.desktop import Desktop, missing_tools, until
from tests.helpers.jack import JackServer, is_jack_installed

WINDOW = "Turnaround"
SCREEN = (2600, 960)
BADGE = (1130, 48)
BASS_CARD = (60, 232)
QTRACTOR_BAR_1 = (118, 700)
BASS = 1
BESIDE_PX = 1150  # Ardour is no narrower
DRAGS = 20
HOLD_SECONDS = 1.0

pytestmark = [
    pytest.mark.gui,
    pytest.mark.skipif(bool(missing_tools()), reason=f"not installed: {', '.join(missing_tools())}"),
    pytest.mark.skipif(not is_jack_installed(), reason="not installed: jackd, jack_lsp"),
]


def daw(name: str, *marks: pytest.MarkDecorator) -> object:
    missing = pytest.mark.skipif(not path_of_program(name).exists(), reason=f"not installed: {name}")
    return pytest.param(name, marks=[missing, *marks])


@pytest.fixture
def desktop(tmp_path: Path) -> Iterator[Desktop]:
    desktop = Desktop(tmp_path / "home", SCREEN)
    try:
        with JackServer(desktop.environment) as server:
            desktop.environment |= server.environment
            yield desktop
            desktop.close()  # before the server, or its clients complain
    finally:
        desktop.close()


class Stage:
    """Our window beside a DAW, whose session has the loop's tempo unless another is given."""

    def __init__(self, desktop: Desktop, name: str, *, tempo_bpm: float | None = None, has_tempo: bool = True) -> None:
        self.desktop = desktop
        config = desktop.home / ".config" / "Turnaround"
        config.mkdir(parents=True)
        (config / "settings.json").write_text(json.dumps({"schema_version": 1, "is_padded": True}))
        self.loop: Loop = first_loop()
        self.daw: Daw = DAWS[name][1](desktop, tempo_bpm or self.loop.tempo_bpm)
        desktop.start("-m", "gui")
        desktop.wait_for_window(WINDOW)
        data = desktop.home / ".local" / "share" / "Turnaround"
        until(lambda: (data / "journal.jsonl").exists(), "the first loop")
        until(lambda: (data / "takes.sqlite").exists(), "the engine")
        desktop.move(WINDOW, BESIDE_PX, 0)
        desktop.keep_above(WINDOW)
        until(lambda: desktop.origin(WINDOW)[0] >= BESIDE_PX, "the window in its place")
        time.sleep(SETTLE_SECONDS)

    def drop(self, place: tuple[int, int], to: tuple[int, int] | None = None) -> None:
        """Drag from a place in our window into the DAW, to where it takes drops unless `to` tells another place."""
        (x, y), (left, top) = self.desktop.origin(WINDOW), self.desktop.origin(self.daw.title)
        (across, down), (right, below) = place, to or self.daw.drop_point
        self.desktop.drag((x + across, y + down), (left + right, top + below), hold_seconds=HOLD_SECONDS)

    def files(self) -> list[Path]:
        return sorted((self.desktop.home / "Music" / "Turnaround").rglob("*.mid"))


@pytest.mark.parametrize("name", [daw("qtractor"), daw("ardour", pytest.mark.slow)])
def test_the_loop_arrives_whole(desktop: Desktop, name: str) -> None:
    stage = Stage(desktop, name)
    loop = stage.loop
    beats = loop.length / 480
    stage.drop(BADGE)
    save(desktop, stage.daw)
    clips = stage.daw.clips()
    assert [clip.notes for clip in clips] == [expected_notes(loop, part) for part in range(len(loop.tracks))]
    assert [clip.length_beats for clip in clips] == [pytest.approx(beats)] * len(loop.tracks)
    assert [clip.channel == 9 for clip in clips] == [track.is_drums for track in loop.tracks]


@pytest.mark.parametrize("name", [daw("qtractor"), daw("ardour", pytest.mark.slow)])
def test_a_part_arrives_whole_under_its_name(desktop: Desktop, name: str) -> None:
    stage = Stage(desktop, name)
    stage.drop(BASS_CARD)
    save(desktop, stage.daw)
    (clip,) = stage.daw.clips()
    assert "Bass" in clip.track
    assert clip.notes == expected_notes(stage.loop, BASS)
    assert clip.length_beats == pytest.approx(stage.loop.length / 480)


@pytest.mark.parametrize("name", [daw("qtractor")])
def test_an_empty_session_at_another_tempo_takes_the_loop_s_at_bar_1_and_then_drops_anywhere(
    desktop: Desktop, name: str
) -> None:
    stage = Stage(desktop, name, tempo_bpm=90.0)
    loop = stage.loop
    notes = [expected_notes(loop, part) for part in range(len(loop.tracks))]
    for drops, place in enumerate((QTRACTOR_BAR_1, stage.daw.drop_point), 1):
        stage.drop(BADGE, place)
        save(desktop, stage.daw)
        clips = stage.daw.clips()
        assert [clip.notes for clip in clips] == notes * drops
        assert [clip.length_beats for clip in clips] == [pytest.approx(loop.length / 480)] * len(clips)


@pytest.mark.slow
@pytest.mark.parametrize("name", [daw("qtractor")])
def test_twenty_drags_in_a_row_all_arrive(desktop: Desktop, name: str) -> None:
    stage = Stage(desktop, name)
    for number in range(DRAGS):
        stage.drop(BASS_CARD)
        save(desktop, stage.daw)
        (clip,) = stage.daw.clips()
        assert clip.notes == expected_notes(stage.loop, BASS)
        assert len(stage.files()) == number + 1  # a fresh file a drag
        press(desktop, stage.daw, "ctrl+z", lambda: stage.daw.is_modified)  # room for the next one
        save(desktop, stage.daw)
