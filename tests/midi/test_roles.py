"""Roles are told from channel, name and program, and from the notes where those say nothing."""

from dataclasses import replace

import numpy as np
import pytest

from engine.midi.part_features import FEATURES, part_features
from engine.midi.role_content import CONTENT_ROLES, role_chances
from engine.midi.roles import told_roles
from engine.midi.song import Song, SongTrack, bar_lines
from engine.music.general_midi import Role, RoleSource

KIT = [(480 * beat // 2, 60, (36, 42, 38, 42)[beat % 4], 100) for beat in range(64)]
LINE = [(480 * beat, 400, (33, 33, 36, 40, 41, 41, 40, 36)[beat % 8], 90) for beat in range(32)]
CHORDS = [(1920 * bar, 1900, pitch, 70) for bar in range(8) for pitch in (60 + bar % 3, 64 + bar % 3, 67 + bar % 3)]


def song(*parts: list[tuple[int, int, int, int]], tracks: tuple[SongTrack, ...] = ()) -> Song:
    rows = sorted(
        (onset, part, length, pitch, loud) for part, notes in enumerate(parts) for onset, length, pitch, loud in notes
    )
    notes = np.array([(part, onset, length, pitch, loud) for onset, part, length, pitch, loud in rows], np.int32)
    meters = np.array([[0, 4, 4]], np.int32)
    starts = bar_lines(meters, int(notes[-1, 1]), int(notes[-1, 1]) + 1)
    silent = tuple(SongTrack(Role.KEYS) for _ in parts)
    return Song("made", tracks or silent, notes, np.array([[0, 500_000]], np.int32), meters, starts)


def test_notes_alone_tell_drums_and_bass() -> None:
    told = told_roles(song(KIT, LINE, CHORDS))
    assert [(one.role, one.source) for one in told[:2]] == [
        (Role.DRUMS, RoleSource.CONTENT),
        (Role.BASS, RoleSource.CONTENT),
    ]
    assert told[2].role not in (Role.DRUMS, Role.BASS)


@pytest.mark.parametrize(("notes", "role"), [(KIT, Role.DRUMS), (LINE, Role.BASS)])
def test_a_stem_alone_is_told_as_well(notes: list[tuple[int, int, int, int]], role: Role) -> None:
    assert told_roles(song(notes))[0].role is role


def test_names_go_before_programs_and_programs_before_notes() -> None:
    tracks = (SongTrack(Role.KEYS, 33, "Lead synth"), SongTrack(Role.KEYS, 48), SongTrack(Role.DRUMS))
    told = told_roles(song(LINE, CHORDS, KIT, tracks=tracks))
    assert [(one.role, one.source) for one in told] == [
        (Role.LEAD, RoleSource.NAME),
        (Role.STRINGS, RoleSource.PROGRAM),
        (Role.DRUMS, RoleSource.CHANNEL),
    ]


def test_a_piano_is_a_piano_where_other_parts_have_programs() -> None:
    tracks = (SongTrack(Role.KEYS, 0), SongTrack(Role.BASS, 33))
    assert told_roles(song(LINE, CHORDS, tracks=tracks))[0].source is RoleSource.PROGRAM
    nothing = tuple(replace(track, program=0) for track in tracks)
    assert told_roles(song(LINE, CHORDS, tracks=nothing))[0].source is RoleSource.CONTENT


def test_features_are_numbers_whatever_is_played() -> None:
    odd = song([(0, 1, 0, 1)], [(5, 90_000, 127, 127)], [])
    odd = replace(odd, tracks=(*odd.tracks,))
    table = part_features(odd.notes, odd.bar_starts, drums=[False] * 3)
    assert table.shape == (3, FEATURES)
    assert np.isfinite(table).all()
    assert not table[2].any()
    chances = role_chances(odd)
    assert chances.shape == (3, len(CONTENT_ROLES))
    assert chances.sum(axis=1) == pytest.approx(1)
