"""Files keep their own time where their notes do; else their notes tell it, and how they were played is not lost."""

from dataclasses import replace
from pathlib import Path

import mido
import numpy as np
import pytest

from engine.jobs.material import ChosenPart, FoundTiming, LayStems, TimingSource
from engine.midi import smf
from engine.midi.song import Column, tidied
from engine.music.general_midi import Role
from engine.music.loop import Loop, Note, Track
from engine.music.timing import Meter
from engine.stems.describe import described
from engine.stems.lay import lay_stems
from engine.stems.merge import Stem, merge_stems

GROOVE = (
    (0, 36),
    (0, 42),
    (2, 42),
    (4, 38),
    (4, 42),
    (6, 42),
    (7, 36),
    (8, 36),
    (8, 42),
    (10, 42),
    (12, 38),
    (12, 42),
    (14, 42),
)


def played(path: Path, *, bpm: float, start_seconds: float = 0.0, spread: int = 0, tempo_bpm: float = 120.0) -> Path:
    """Write eight bars played at `bpm` into a file whose own tempo is `tempo_bpm`; the spread is in ticks."""
    rng = np.random.default_rng(4)
    scale = 120 * tempo_bpm / bpm
    notes = [
        Note(
            round(start_seconds * 8 * tempo_bpm + (bar * 16 + step) * scale) + int(rng.integers(0, spread + 1)), key, 40
        )
        for bar in range(8)
        for step, key in GROOVE
    ]
    track = Track(Role.DRUMS).with_notes(notes)
    smf.write_part(track, path, tempo_bpm=tempo_bpm, meter=Loop().meter)
    return path


def at_tempo(path: Path, bpm: float) -> Path:
    """Write another tempo into a file, whatever it is."""
    data = path.read_bytes()
    at = data.index(b"\xff\x51\x03") + 3
    path.write_bytes(data[:at] + round(6e7 / bpm).to_bytes(3) + data[at + 3 :])
    return path


def test_a_file_whose_notes_keep_to_its_grid_is_believed(tmp_path: Path) -> None:
    timing = described(played(tmp_path / "a.mid", bpm=100.0, tempo_bpm=100.0, spread=15)).timing
    assert (timing.source, timing.tempo_bpm, timing.bar_one_seconds) == (TimingSource.FILE, 100.0, 0.0)
    assert set(timing.alternatives) == {200.0, 50.0}


def test_free_playing_is_timed_by_its_notes(tmp_path: Path) -> None:
    found = described(played(tmp_path / "a.mid", bpm=93.0, start_seconds=1.0, spread=10))
    assert found.timing.source is TimingSource.NOTES
    assert found.timing.tempo_bpm == pytest.approx(93.0, rel=0.01)
    assert found.timing.bar_one_seconds == pytest.approx(1.0, abs=0.05)
    assert found.bars == 8


def test_a_constant_distance_to_the_grid_leaves_the_tempo(tmp_path: Path) -> None:
    timing = described(played(tmp_path / "a.mid", bpm=100.0, tempo_bpm=100.0, start_seconds=0.075)).timing
    assert (timing.source, timing.tempo_bpm) == (TimingSource.NOTES, 100.0)
    assert timing.bar_one_seconds == pytest.approx(0.075, abs=0.01)


def test_a_tempo_that_no_loop_has_is_not_taken_for_another(tmp_path: Path) -> None:
    path = played(tmp_path / "a.mid", bpm=120.0, start_seconds=50 / 960)
    fast = described(at_tempo(path, 500.0)).timing
    assert (fast.source, fast.bar_one_seconds) == (TimingSource.FILE, 0.0)
    slow = described(at_tempo(path, 10.0))
    assert slow.timing.source is TimingSource.NOTES
    onsets = np.array([note.onset_seconds for note in slow.parts[0].drawn])
    sixteenths = (onsets - slow.timing.bar_one_seconds) * slow.timing.tempo_bpm / 15
    np.testing.assert_allclose(sixteenths, np.rint(sixteenths), atol=0.05)


def test_a_meter_is_told_at_the_files_own_tempo(tmp_path: Path) -> None:
    for number, bpm in enumerate((10.0, 500.0)):
        path = at_tempo(without_meter(waltz(tmp_path / f"{number}.mid")), bpm)
        assert described(path).timing.meter == Meter(3, 4)


def test_notes_are_laid_on_the_found_grid_with_their_own_timing(tmp_path: Path) -> None:
    path = played(tmp_path / "a.mid", bpm=93.0, start_seconds=1.0, spread=10)
    timing = replace(described(path).timing, tempo_bpm=93.0, bar_one_seconds=1.0)
    laid = lay_stems(LayStems((ChosenPart(str(path), 0, Role.DRUMS, timing),)))
    assert laid.loop.bars == 8
    away = [(note.onset + 60) % 120 - 60 for note in laid.loop.tracks[0].notes]
    assert all(abs(ticks) <= 10 for ticks in away)
    assert len(set(away)) > 3
    assert laid.loop.note_count == 8 * len(GROOVE)


def test_corrections_are_the_producers(tmp_path: Path) -> None:
    twice = FoundTiming(90.0, alternatives=(180.0, 45.0)).scaled(2)
    assert (twice.tempo_bpm, twice.source, twice.alternatives) == (180.0, TimingSource.PRODUCER, (45.0, 90.0))
    assert FoundTiming(90.0).with_bar_one(0.5).source is TimingSource.PRODUCER


def test_moved_notes_are_sorted_and_do_not_overlap() -> None:
    notes = np.array([[0, 50, 100, 60, 90], [0, 0, 80, 60, 90], [0, 0, 40, 60, 90], [1, 0, 10, 40, 90]], np.int32)
    assert tidied(notes)[:, [Column.TRACK, Column.ONSET, Column.DURATION]].tolist() == [
        [0, 0, 50],
        [1, 0, 10],
        [0, 50, 100],
    ]


def without_meter(path: Path) -> Path:
    """Turn the meter of a file into a text."""
    data = path.read_bytes()
    at = data.index(b"\xff\x58")
    path.write_bytes(data[:at] + b"\xff\x01" + data[at + 2 :])
    return path


def waltz(path: Path, *, bars: int = 16) -> Path:
    """Write a waltz of three parts, a chord a bar."""
    beats = [(bar, beat, 36 + (0, 9, 5, 7)[bar % 4]) for bar in range(bars) for beat in range(3)]
    drums = [Note(bar * 1440 + beat * 480, 36 if beat == 0 else 38, 60) for bar, beat, _ in beats]
    bass = [Note(bar * 1440, root, 900) for bar, beat, root in beats if beat == 0]
    chords = [
        Note(bar * 1440 + beat * 480, root + 24 + step, 400) for bar, beat, root in beats if beat for step in (0, 4, 7)
    ]
    parts = ((Role.DRUMS, drums), (Role.BASS, bass), (Role.KEYS, chords))
    tracks = tuple(Track(role).with_notes(notes) for role, notes in parts)
    smf.write(Loop(Meter(3, 4), 100.0, bars, tracks), path)
    return path


def test_a_meter_that_a_file_does_not_name_is_told_from_its_notes(tmp_path: Path) -> None:
    found = described(without_meter(waltz(tmp_path / "waltz.mid")))
    assert (found.timing.meter, found.timing.meter_source) == (Meter(3, 4), TimingSource.NOTES)
    assert (found.timing.source, found.bars) == (TimingSource.FILE, 16)
    assert found.told == ("waltz.mid names no meter; 3/4 was told from its notes.",)
    assert found.parts[1].bar_notes == (1,) * 16
    named = described(waltz(tmp_path / "named.mid"))
    assert (named.timing.meter_source, named.told) == (TimingSource.FILE, ())


def test_a_bar_of_one_beat_is_no_meter(tmp_path: Path) -> None:
    path = waltz(tmp_path / "waltz.mid")
    data = path.read_bytes()
    path.write_bytes(data.replace(b"\xff\x58\x04\x03", b"\xff\x58\x04\x01"))
    found = described(path)
    assert (found.timing.meter, found.bars) == (Meter(3, 4), 16)


def test_stems_that_name_no_meter_are_counted_in_the_one_that_their_notes_tell(tmp_path: Path) -> None:
    merged = merge_stems([Stem(None, without_meter(waltz(tmp_path / "waltz.mid")))])
    assert merged.loop.meter == Meter(3, 4)
    assert merged.notes_for_user[0] == "No stem names its meter; 3/4 was told from the notes."


def test_a_part_has_its_notes_in_seconds_for_a_picture(tmp_path: Path) -> None:
    found = described(waltz(tmp_path / "waltz.mid", bars=4))
    assert [note.onset_seconds for note in found.parts[1].drawn] == pytest.approx([0.0, 1.8, 3.6, 5.4])
    assert (found.seconds, found.last_onset_seconds) == pytest.approx((7.2, 6.6))


def test_the_last_note_is_told_in_ticks_and_by_all_tempi(tmp_path: Path) -> None:
    path = waltz(tmp_path / "waltz.mid", bars=4)
    file = mido.MidiFile(path)
    *_, end = file.tracks[0]
    end.time -= 1440
    file.tracks[0].insert(-1, mido.MetaMessage("set_tempo", tempo=1_200_000, time=1440))
    file.save(path)
    found = described(path)
    assert (found.timing.source, found.last_onset) == (TimingSource.FILE, 11 * 480)
    assert (found.seconds, found.last_onset_seconds) == pytest.approx((7.2, 3 * 0.6 + 8 * 1.2))


def test_a_few_loose_notes_do_not_overrule_a_tempo(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    for n in range(20):
        onsets = np.sort(rng.choice(16 * 4, 13, replace=False)) * 120 + rng.integers(0, 120, 13)
        track = Track(Role.KEYS).with_notes(Note(int(onset), 60, 100) for onset in onsets)
        smf.write_part(track, tmp_path / f"{n}.mid", tempo_bpm=127.0, meter=Loop().meter)
    told = [described(tmp_path / f"{n}.mid").timing for n in range(20)]
    assert [timing.tempo_bpm for timing in told].count(127.0) >= 18
