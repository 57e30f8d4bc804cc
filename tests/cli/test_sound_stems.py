"""Sounds among the stems are heard in the time that MIDI files beside them name."""

from pathlib import Path

import pytest

from engine.audio.extra import is_installed
from engine.cli.sound_stems import sounds_heard
from engine.midi import smf
from engine.music.general_midi import Role
from engine.music.loop import Loop, Note, Track
from engine.music.timing import Meter
from engine.stems.merge import Stem, merge_stems
from tests.helpers.sounding_stems import BEAT, bass, written

pytestmark = pytest.mark.skipif(not is_installed(), reason="needs the audio extra")
WALTZ = Meter(3, 4)


@pytest.fixture
def stems(tmp_path: Path) -> list[Stem]:
    """Return three bars of bass as sound, and as many of keys in 3/4 as MIDI."""
    line = bass()
    short = line.with_tracks([line.tracks[0].with_notes(line.tracks[0].notes[:9])])
    keys = Track(Role.KEYS).with_notes(Note(bar * 3 * BEAT, 60, 3 * BEAT) for bar in range(3))
    smf.write(Loop(WALTZ, line.tempo_bpm, 3, (keys,)), tmp_path / "keys.mid")
    return [Stem(Role.BASS, written(short, tmp_path / "bass.wav")), Stem(None, tmp_path / "keys.mid")]


def test_a_sound_is_heard_in_the_meter_and_tempo_that_a_midi_file_names(stems: list[Stem]) -> None:
    with sounds_heard(stems, tempo_bpm=None, meter=None) as files:
        heard = smf.read(files[0].path).loop
        assert (heard.meter, heard.tempo_bpm) == (WALTZ, bass().tempo_bpm)
        assert merge_stems(files).loop.meter == WALTZ


def test_what_is_told_comes_before_what_a_file_names(stems: list[Stem]) -> None:
    with sounds_heard(stems, tempo_bpm=90.0, meter=Meter(6, 8)) as files:
        heard = smf.read(files[0].path).loop
    assert (heard.meter, heard.tempo_bpm) == (Meter(6, 8), 90.0)
