"""Chosen parts are laid on each other, from any bar on and in corrected time."""

from dataclasses import replace
from pathlib import Path

import pytest

from engine.errors import RequestError
from engine.jobs.material import ChosenPart, FoundTiming, LayStems
from engine.midi import smf
from engine.music.general_midi import Role
from engine.music.harmony import Key, Mode
from engine.music.loop import Loop, Note, Track
from engine.music.timing import Meter
from engine.stems.lay import lay_stems

BAR = 1920
HITS = tuple(Note(480 * beat, (36, 38)[beat % 2], 120) for beat in range(16))
LINE = tuple(Note(BAR * bar + 960 * half, 45 + 3 * bar, 480) for bar in range(4) for half in range(2))
TIME = FoundTiming(100.0)


@pytest.fixture
def song(tmp_path: Path) -> str:
    path = tmp_path / "song.mid"
    smf.write(Loop(Meter(), 100.0, 4, (Track(Role.DRUMS, HITS), Track(Role.BASS, LINE, 33))), path)
    return str(path)


def test_parts_are_taken_in_the_roles_that_were_chosen(song: str) -> None:
    laid = lay_stems(LayStems((ChosenPart(song, 1, Role.LEAD, TIME), ChosenPart(song, 0, Role.DRUMS, TIME))))
    assert [(track.role, track.notes) for track in laid.loop.tracks] == [(Role.LEAD, LINE), (Role.DRUMS, HITS)]
    assert (laid.loop.bars, laid.loop.tempo_bpm) == (4, 100.0)
    assert isinstance(laid.loop.key, Key)
    assert len(laid.loop.chords) == 4


def test_a_part_begins_at_the_bar_that_was_chosen(song: str) -> None:
    laid = lay_stems(LayStems((ChosenPart(song, 1, Role.BASS, TIME, first_bar=2),), bars=4))
    # Two bars are left; they fill four.
    assert [note.pitch for note in laid.loop.tracks[0].notes] == [51, 51, 54, 54, 51, 51, 54, 54]


def test_twice_the_tempo_makes_twice_the_bars(song: str) -> None:
    laid = lay_stems(LayStems((ChosenPart(song, 1, Role.BASS, TIME.scaled(2)),)))
    assert (laid.loop.bars, laid.loop.tempo_bpm) == (8, 200.0)
    assert [note.onset for note in laid.loop.tracks[0].notes] == [2 * note.onset for note in LINE]


def test_bar_one_moves(song: str) -> None:
    later = TIME.with_bar_one(1.2)  # two beats at 100 BPM
    laid = lay_stems(LayStems((ChosenPart(song, 1, Role.BASS, later),)))
    assert [note.onset for note in laid.loop.tracks[0].notes] == [note.onset - 960 for note in LINE[1:]]


def test_parts_of_one_role_can_become_one(song: str) -> None:
    parts = (ChosenPart(song, 1, Role.BASS, TIME), ChosenPart(song, 1, Role.BASS, TIME, first_bar=1))
    laid = lay_stems(LayStems(parts, bars=1, one_a_role=True))
    assert [(track.role, len(track.notes)) for track in laid.loop.tracks] == [(Role.BASS, 4)]


def test_what_contradicts_itself_is_said(song: str) -> None:
    other = replace(TIME, meter=Meter(3, 4))
    with pytest.raises(RequestError, match="different meters"):
        lay_stems(LayStems((ChosenPart(song, 0, Role.DRUMS, TIME), ChosenPart(song, 1, Role.BASS, other))))
    with pytest.raises(RequestError, match="different tempi"):
        lay_stems(LayStems((ChosenPart(song, 0, Role.DRUMS, TIME), ChosenPart(song, 1, Role.BASS, TIME.scaled(2)))))
    with pytest.raises(RequestError, match="no part 8"):
        lay_stems(LayStems((ChosenPart(song, 7, Role.DRUMS, TIME),)))
    with pytest.raises(RequestError, match="no bar 9"):
        lay_stems(LayStems((ChosenPart(song, 0, Role.DRUMS, TIME, first_bar=8),)))


def test_a_minor_line_has_its_key(song: str) -> None:
    laid = lay_stems(LayStems((ChosenPart(song, 1, Role.BASS, TIME),)))
    assert laid.loop.key is not None
    assert laid.loop.key.mode in Mode
