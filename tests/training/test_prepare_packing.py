"""Canonical form of songs, and what single sets of the corpus need."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from engine.errors import CorpusError
from engine.midi.song import Column, Song, SongTrack, bar_lines
from engine.music.analysis import chord_id
from engine.music.general_midi import ROLES, Role
from engine.music.harmony import Chord, ChordQuality
from engine.music.timing import TICKS_PER_STEP
from training import packing, song_codec, sources
from training.songs import PackedSong, SongInfo

_INFO = SongInfo("x.mid")


def _song(
    notes: list[tuple[int, int, int, int, int]], tracks: tuple[SongTrack, ...], meter: tuple[int, int] = (4, 4)
) -> Song:
    table = np.array(notes, np.int32).reshape(-1, 5)
    table = table[np.lexsort((table[:, 3], table[:, 0], table[:, 1]))]
    meters = np.array([(0, *meter)], np.int32)
    end = int((table[:, 1] + table[:, 2]).max(initial=1))
    return Song(
        name="x",
        tracks=tracks,
        notes=table,
        tempos=np.array([(0, 500_000)], np.int32),
        meters=meters,
        bar_starts=bar_lines(meters, int(table[:, 1].max(initial=0)), end),
    )


_KEYS = SongTrack(Role.KEYS, 4)


def _raw_song(seed: int) -> Song:
    rng = np.random.default_rng(seed)
    count = int(rng.integers(1, 60))
    onset = rng.integers(0, 8000, count) // (1, 20, 60)[seed % 3] * (1, 20, 60)[seed % 3]
    columns = (rng.integers(0, 3, count), onset, rng.integers(1, 3000, count), rng.integers(20, 50, count))
    rows = np.stack([*columns, rng.integers(1, 128, count)], axis=1)
    return _song([tuple(row) for row in rows.tolist()], (SongTrack(Role.DRUMS, 0), _KEYS, SongTrack(Role.LEAD, 81)))


@given(st.integers(0, 2**32 - 1))
def test_canonical_notes_are_apart_and_close_to_what_they_were(seed: int) -> None:
    song = _raw_song(seed)
    packed = packing.pack(song, _INFO)
    assert len(packed.onset) <= len(song.notes)
    order = np.lexsort((packed.onset, packed.pitch, packed.track))
    onset, duration = packed.onset[order], packed.duration[order]
    same = (np.diff(packed.pitch[order]) == 0) & (np.diff(packed.track[order]) == 0)
    assert (np.diff(onset)[same] >= TICKS_PER_STEP).all()
    pitched = ~packed.is_drums[order][:-1]
    assert (onset[1:] >= onset[:-1] + duration[:-1])[same & pitched].all()
    starts = set(song.notes[:, Column.ONSET].tolist())
    nearest = [min(abs(int(tick) - start) for start in starts) for tick in packed.onset]
    assert max(nearest) <= TICKS_PER_STEP // 2
    assert np.isin(packed.duration, song_codec.DURATION_TICKS).all()
    assert (packed.velocity % 4 == 2).all()


@given(st.integers(0, 2**32 - 1))
def test_packing_a_packed_song_changes_nothing(seed: int) -> None:
    song = _raw_song(seed)
    once = packing.pack(song, _INFO)
    assume(len(once.onset) == len(song.notes))  # a part that lost notes may count as written the second time
    again = packing.pack(_unpacked(once), _INFO)
    for column in ("onset", "duration", "pitch", "velocity", "track"):
        np.testing.assert_array_equal(getattr(once, column), getattr(again, column))


def _unpacked(packed: PackedSong) -> Song:
    notes = np.stack([packed.track, packed.onset, packed.duration, packed.pitch, packed.velocity], axis=1)
    tracks = tuple(
        SongTrack(ROLES[role], int(program)) for role, program in zip(packed.roles, packed.programs, strict=True)
    )
    return _song([tuple(row) for row in notes.tolist()], tracks)


def test_a_written_part_goes_onto_the_grid_and_a_played_one_does_not() -> None:
    written = [(0, step * 240 + (7 if step == 5 else 0), 100, 60, 90) for step in range(20)]
    played = [(1, step * 240 + 7, 100, 72, 90) for step in range(20)]
    packed = packing.pack(_song([*written, *played], (_KEYS, SongTrack(Role.LEAD, 81))), _INFO)
    assert set((packed.onset[packed.track == 0] % 240).tolist()) == {0}
    assert set((packed.onset[packed.track == 1] % 240).tolist()) == {8}


def test_all_drums_are_one_part_and_doublings_fall_away() -> None:
    drums = SongTrack(Role.DRUMS, 0)
    rows = [(0, 0, 100, 36, 90), (1, 480, 100, 38, 90), (2, 0, 100, 60, 90), (3, 0, 200, 60, 70), (4, 0, 100, 64, 90)]
    packed = packing.pack(_song(rows, (drums, drums, _KEYS, SongTrack(Role.STRINGS, 48), _KEYS)), _INFO)
    assert [ROLES[role] for role in packed.roles] == [Role.DRUMS, Role.KEYS, Role.KEYS]
    assert packed.pitch.tolist() == [36, 60, 64, 38]


def test_a_low_single_line_is_the_bass_when_none_is_called_so() -> None:
    low = [(0, step * 240, 200, 33 + step % 3, 90) for step in range(20)]
    high = [(1, step * 240, 200, 60, 90) for step in range(20)]
    tracks = (SongTrack(Role.OTHER, 100), _KEYS)
    assert ROLES[packing.pack(_song([*low, *high], tracks), _INFO).roles[0]] is Role.BASS
    named = (SongTrack(Role.OTHER, 100), SongTrack(Role.BASS, 33))
    assert ROLES[packing.pack(_song([*low, *high], named), _INFO).roles[0]] is Role.OTHER


def test_an_empty_song_raises_the_one_error() -> None:
    with pytest.raises(CorpusError, match="no notes"):
        packing.pack(_song([], ()), _INFO)


def test_the_tempo_of_a_bar_is_its_mean() -> None:
    song = replace(
        _song([(0, 3000, 840, 60, 90)], (_KEYS,)), tempos=np.array([(0, 500_000), (2880, 1_000_000)], np.int32)
    )
    assert packing.bar_tempos(song).tolist() == [120.0, 80.0]


@pytest.mark.parametrize("offset", [-50, -21, 0, 14, 40])
def test_the_constant_shift_is_found(offset: int) -> None:
    rows = [(0, 480 + step * 120 + offset, 60, 60, 90) for step in range(40)]
    assert packing.grid_shift(_song(rows, (_KEYS,))) == -offset


@pytest.mark.parametrize("late", range(4))
def test_bars_are_moved_to_where_the_harmony_changes(late: int) -> None:
    rows: list[tuple[int, int, int, int, int]] = []
    for bar in range(16):
        start = bar * 1920 + late * 480
        root = (0, 5, 7, 9)[bar % 4]
        rows += [(0, start + beat * 480, 100, 36 if beat % 2 == 0 else 38, 90) for beat in range(4)]
        rows += [(1, start, 1900, 60 + root + step, 90) for step in (0, 4, 7)]
        rows += [(2, start + beat * 480, 400, 36 + root, 90) for beat in range(4)]
    song = _song(rows, (SongTrack(Role.DRUMS, 0), _KEYS, SongTrack(Role.BASS, 33)))
    assert packing.downbeat_shift(song) == (4 - late) % 4 * 480


def test_where_no_beat_stands_out_there_is_no_telling() -> None:
    rows = [(0, beat * 480, 100, 36, 90) for beat in range(64)]
    assert packing.downbeat_shift(_song(rows, (SongTrack(Role.DRUMS, 0),))) is None


def test_td11_zones_become_general_midi_keys() -> None:
    rows = [(0, index * 480, 60, pitch, 90) for index, pitch in enumerate((22, 26, 40, 36))]
    song = sources.with_general_midi_drums(_song(rows, (_KEYS,)))
    assert song.notes[:, Column.PITCH].tolist() == [42, 46, 38, 36]
    assert song.tracks[0].is_drums


def _beats(count: int, first_downbeat: int, seconds: float = 0.6, start: float = 0.3) -> str:
    lines = [f"{start + i * seconds} 0.0 {float((i - first_downbeat) % 4 == 0)}" for i in range(count)]
    return "\n".join(lines) + "\n"


def test_bars_come_from_the_beat_annotation() -> None:
    # At the file's 120 BPM a beat of 0.6 s is 576 ticks; the first beat stands at 0.3 s, the fourth of its bar.
    rows = [(0, 288 + 576 * beat, 500, 60, 90) for beat in range(9)]
    song = sources.with_beats(_song(rows, (_KEYS,)), _beats(9, first_downbeat=1))
    assert song.notes[:, Column.ONSET].tolist() == [(3 + beat) * 480 for beat in range(9)]
    assert song.bar_starts[:3].tolist() == [0, 1920, 3840]
    assert packing.bar_tempos(song).round().tolist()[:2] == [100.0, 100.0]


def test_chords_are_read_on_the_halves_of_bars() -> None:
    beats = _beats(12, first_downbeat=0, start=0.0)
    text = "0.0\t2.4\tN\n2.4\t3.6\tC:maj\n3.6\t4.8\tA:min7/b7\n4.8\t7.2\tF#:sus4(b7)\n"
    ids = sources.annotated_chords(text, beats, np.array([0, 1920, 3840, 5760], np.int32))
    expected = [
        [Chord(None)] * 2,
        [Chord(0), Chord(9, ChordQuality.MINOR_SEVENTH)],
        [Chord(6, ChordQuality.SUSPENDED)] * 2,
    ]
    assert ids.tolist() == [[chord_id(chord) for chord in bar] for bar in expected]


@pytest.mark.parametrize(
    ("label", "chord"),
    [
        ("Bb:maj(9)/3", Chord(10)),
        ("Ab:hdim7", Chord(8, ChordQuality.DIMINISHED)),
        ("G:7", Chord(7, ChordQuality.DOMINANT_SEVENTH)),
        ("C:maj7", Chord(0, ChordQuality.MAJOR_SEVENTH)),
        ("D:minmaj7", Chord(2, ChordQuality.MINOR)),
        ("N", Chord(None)),
    ],
)
def test_labels_become_the_nearest_chord(label: str, chord: Chord) -> None:
    assert sources.chord_of_label(label) == chord


@pytest.mark.parametrize("text", ["", "0.1 x 1", "0.1 0 1\n0.5 0 0\n", "0.1"])
def test_a_beat_annotation_without_bars_raises_the_one_error(text: str) -> None:
    with pytest.raises(CorpusError, match="beat annotation"):
        sources.read_beats(text)
