"""Written files: what a DAW finds in them, and that they read back equal."""

import math
from pathlib import Path

import mido
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.errors import MidiFileError
from engine.midi import smf
from engine.music.general_midi import Role
from engine.music.loop import Loop, Note, Track
from engine.music.timing import Meter
from tests.helpers.strategies import plain_loops

BEAT = Track(Role.DRUMS, (Note(0, 36, 120, 110), Note(960, 38, 120, 100)))
LINE = Track(Role.BASS, (Note(0, 33, 480, 90), Note(480, 33, 480, 80), Note(1440, 40, 480, 85)), program=33)
GROOVE = Loop(tempo_bpm=124.0, bars=2, tracks=(BEAT, LINE), name="Groove")


def messages_of(track: mido.MidiTrack) -> list[mido.Message]:
    """Return what is for instruments."""
    return [message for message in track if isinstance(message, mido.Message)]


@given(loop=plain_loops())
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_written_loop_reads_back_equal(loop: Loop, tmp_path: Path) -> None:
    path = tmp_path / "loop.mid"
    smf.write(loop, path, programs=True)
    assert smf.read(path) == smf.ReadResult(loop)


def test_one_part_gives_type_0_and_several_type_1_with_a_tempo_track(tmp_path: Path) -> None:
    smf.write(GROOVE, tmp_path / "both.mid")
    smf.write(GROOVE, tmp_path / "bass.mid", part=1)
    both, bass = mido.MidiFile(tmp_path / "both.mid"), mido.MidiFile(tmp_path / "bass.mid")
    assert (both.type, len(both.tracks)) == (1, 3)
    assert (bass.type, len(bass.tracks)) == (0, 1)
    assert [track.name for track in both.tracks] == ["Groove", "Drums", "Bass"]
    assert bass.tracks[0].name == "Bass"


@pytest.mark.parametrize("meter", ["4/4", "3/4", "6/8", "7/8", "12/8", "5/4"])
def test_every_track_ends_exactly_with_the_loop(meter: str, tmp_path: Path) -> None:
    loop = Loop(Meter.parse(meter), 97.0, 3, (BEAT, Track(Role.KEYS, (Note(0, 60, 10),))))
    smf.write(loop, tmp_path / "loop.mid")
    for track in mido.MidiFile(tmp_path / "loop.mid").tracks:
        assert track[-1].type == "end_of_track"
        assert sum(message.time for message in track) == 3 * Meter.parse(meter).ticks_per_bar


def test_tempo_is_rounded_not_truncated(tmp_path: Path) -> None:
    smf.write(GROOVE, tmp_path / "loop.mid")
    messages = mido.MidiFile(tmp_path / "loop.mid").tracks[0]
    tempi = [m.tempo for m in messages if isinstance(m, mido.MetaMessage) and m.type == "set_tempo"]
    assert tempi == [483871]
    assert math.isclose(smf.read(tmp_path / "loop.mid").loop.tempo_bpm, 124.0)


def test_tempo_may_be_left_out(tmp_path: Path) -> None:
    smf.write(GROOVE, tmp_path / "loop.mid", include_tempo=False)
    assert not [m for track in mido.MidiFile(tmp_path / "loop.mid").tracks for m in track if m.type == "set_tempo"]


def test_drums_are_on_channel_10_and_nothing_else_is(tmp_path: Path) -> None:
    keys = tuple(Track(Role.KEYS, (Note(0, 60 + i, 10),)) for i in range(14))
    smf.write(Loop(tracks=(keys[0], BEAT, *keys[1:])), tmp_path / "loop.mid")
    file = mido.MidiFile(tmp_path / "loop.mid")
    channels = [{m.channel for m in messages_of(track) if m.type == "note_on"} for track in file.tracks[1:]]
    assert channels[1] == {9}
    assert [c for i, c in enumerate(channels) if i != 1] == [{c} for c in range(15) if c != 9]


def test_no_program_change_unless_asked(tmp_path: Path) -> None:
    smf.write(GROOVE, tmp_path / "without.mid")
    smf.write(GROOVE, tmp_path / "with.mid", programs=True)
    found = {
        name: [
            m.program
            for track in mido.MidiFile(tmp_path / f"{name}.mid").tracks
            for m in messages_of(track)
            if m.type == "program_change"
        ]
        for name in ("without", "with")
    }
    assert found == {"without": [], "with": [33]}


def test_note_offs_come_before_note_ons_of_the_same_tick(tmp_path: Path) -> None:
    smf.write(GROOVE, tmp_path / "bass.mid", part=1)
    tick, order = 0, []
    for message in mido.MidiFile(tmp_path / "bass.mid").tracks[0]:
        tick += message.time
        if message.type in ("note_on", "note_off") and tick == 480:
            order.append(message.type)
    assert order == ["note_off", "note_on"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [("Bässe", "Basse"), ("弦", "Strings"), ("x" * 50, "x" * 32), ("tab\tnul\0", "tabnul"), ("", "Strings")],
)
def test_part_names_are_ascii_and_short(name: str, expected: str, tmp_path: Path) -> None:
    loop = Loop(tracks=(Track(Role.STRINGS, (Note(0, 60, 10),), name=name),))
    smf.write(loop, tmp_path / "loop.mid")
    assert mido.MidiFile(tmp_path / "loop.mid").tracks[0].name == expected


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    with pytest.raises(MidiFileError, match=r"loop\.mid cannot be written"):
        smf.write(GROOVE, tmp_path / "missing" / "loop.mid")
    smf.write(GROOVE, tmp_path / "loop.mid")
    assert [path.name for path in tmp_path.iterdir()] == ["loop.mid"]


@given(loop=plain_loops(), programs=st.booleans())
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_fast_and_exact_reader_agree_on_written_files(loop: Loop, programs: bool, tmp_path: Path) -> None:
    path = tmp_path / "loop.mid"
    smf.write(loop, path, programs=programs)
    assert smf.read_song(path).same_as(smf.read_song_exact(path))
