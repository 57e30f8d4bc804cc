"""What a screen reader reads of the program, on a real accessibility bus with real keys."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.gui.test_end_to_end import Trial
from tests.helpers.desktop import Desktop, missing_tools, until
from tests.helpers.screen_reader import ScreenReader, missing_parts

MISSING = [*missing_tools(), *missing_parts()]
pytestmark = [
    pytest.mark.gui,
    pytest.mark.slow,
    pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}"),
]


@pytest.fixture
def desktop(tmp_path: Path) -> Iterator[Desktop]:
    desktop = Desktop(tmp_path / "home")
    yield desktop
    desktop.close()


def test_notes_places_bars_and_controls_are_read_as_they_are_come_to(desktop: Desktop) -> None:
    reader = ScreenReader(desktop)
    trial = Trial(desktop)
    until(lambda: (trial.data / "journal.jsonl").exists(), "the first loop")
    notes = trial.history().current.tracks[2].notes
    desktop.press("space", "ctrl+Right")
    reader.wait_for("Focus", f"velocity {notes[0].velocity}")
    desktop.press("ctrl+Right", "ctrl+Up")
    reader.wait_for("PropertyChange", f"velocity {notes[1].velocity + 8}")
    desktop.press("alt+Page_Up")
    reader.wait_for("Announcement", "empty")
    desktop.press("bracketleft", "Next", "w")
    reader.wait_for("Announcement", "Bass: bar 2 chosen for G.")
    desktop.press("F6", "Tab")
    reader.wait_for("Focus", "Say what you want in words")
    desktop.press("ctrl+q")
    assert trial.process.wait(30) == 0
    reader.close()
