"""The committed demo stems are what their script writes."""

from pathlib import Path

import pytest

from assets.demo import make_demo
from engine.midi import smf
from engine.music.loop import Loop

DEMO = Path(make_demo.__file__).parent


@pytest.mark.parametrize("part", ["drums", "bass", "keys"])
def test_demo_stems_are_what_their_script_writes(part: str) -> None:
    read = smf.read(DEMO / f"{part}.mid")
    track = next(track for track in make_demo.demo().tracks if track.role.value == part)
    assert read == smf.ReadResult(Loop(tempo_bpm=100.0, bars=4, tracks=(track,)))
