"""Drum layouts: every drum goes where the instrument has it, or to its nearest kin, or is told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.music.drum_maps import DRUM_MAPS, GENERAL_MIDI, DrumMap, drum_map, parse_own_notes
from engine.music.general_midi import DRUM_NAMES, Role
from engine.music.loop import Note, Track
from tests.helpers.present import present

maps = pytest.mark.parametrize("layout", DRUM_MAPS, ids=lambda layout: layout.name)
KIT = (35, 36, 37, 38, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 55, 57, 59)


@maps
def test_every_piece_of_a_kit_has_a_place(layout: DrumMap) -> None:
    assert all(layout.note_of(key) in layout.notes.values() for key in KIT)
    assert layout.source


@maps
def test_kick_snare_and_hats_stay_apart(layout: DrumMap) -> None:
    places = [layout.note_of(key) for key in (36, 38, 42, 46, 49, 51)]
    assert len(set(places)) == len(places)


@maps
def test_toms_keep_their_order(layout: DrumMap) -> None:
    falling = [present(layout.notes.get(key, layout.note_of(key))) for key in (50, 48, 47, 45, 43, 41)]
    ranks = [sorted(set(falling), reverse=True).index(place) for place in falling]
    assert ranks == sorted(ranks)


@maps
@given(key=st.integers(0, 127))
def test_any_key_ends_somewhere_or_nowhere(layout: DrumMap, key: int) -> None:
    assert layout.note_of(key) in {None, *layout.notes.values()}


def test_no_layout_plays_a_choke_or_another_drum_for_percussion() -> None:
    layout = drum_map("EZdrummer / Superior Drummer")
    chokes_and_hats = {50, 54, 56, 58, *range(60, 82)}
    assert not chokes_and_hats & {layout.note_of(key) for key in DRUM_NAMES}


def test_general_midi_changes_nothing() -> None:
    track = Track(Role.DRUMS, tuple(Note(0, key, 10) for key in range(128)))
    assert GENERAL_MIDI.remapped(track) == (track, ())
    assert drum_map("no such instrument") is GENERAL_MIDI


def test_two_drums_on_one_note_become_one_hit() -> None:
    layout = drum_map("Roland V-Drums")
    track, missing = layout.remapped(Track(Role.DRUMS, (Note(0, 35, 60), Note(0, 36, 90), Note(0, 72, 9))))
    assert [(note.pitch, note.duration) for note in track.notes] == [(36, 90)]
    assert missing == ("Long whistle",)


def test_own_notes_come_first() -> None:
    layout = drum_map("Roland V-Drums").with_own(parse_own_notes("36=24; 39 = 99,"))
    assert (layout.note_of(36), layout.note_of(35), layout.note_of(39), layout.note_of(38)) == (24, 24, 99, 38)


@pytest.mark.parametrize("text", ["36", "36=", "a=3", "36=128", "-1=3", "36=3=4"])
def test_own_notes_that_are_no_notes_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not like 36=24"):
        parse_own_notes(text)
