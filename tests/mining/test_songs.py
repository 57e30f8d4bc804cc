"""Loops of a file come as music, with key, chords, density and feel."""

from pathlib import Path

from engine.jobs.material import FindLoops
from engine.midi import smf
from engine.mining.songs import loops_of_file
from engine.music.general_midi import Role
from engine.music.loop import Loop, Note, Track

BAR = 1920


def written(folder: Path) -> str:
    """Write eight bars: drums and bass go round every two, a voice never repeats."""
    hits = tuple(Note(240 * i, (36, 42, 38, 42)[i % 4], 60) for i in range(64))
    pitches = (33, 33, 36, 40, 41, 41, 40, 36)
    line = tuple(Note(480 * i, pitches[i % 8], 240) for i in range(32))
    voice = tuple(Note(BAR * bar + 120 * bar, 60 + 2 * bar, 960) for bar in range(8))
    path = folder / "song.mid"
    parts = (Track(Role.DRUMS, hits), Track(Role.BASS, line, 33), Track(Role.VOICE, voice, 52))
    smf.write(Loop(bars=8, tracks=parts), path, programs=True)
    return str(path)


def test_a_loop_has_its_music_and_what_is_told_of_it(tmp_path: Path) -> None:
    answer = loops_of_file(FindLoops(written(tmp_path)))
    (found,) = answer.loops
    assert (found.first_bar, found.loop.bars, answer.bars) == (0, 2, 8)
    assert [track.role for track in found.loop.tracks] == [Role.DRUMS, Role.BASS]
    assert found.loop.key is not None
    assert len(found.loop.chords) == 2
    assert found.density == 12
    assert found.feel == 0  # most onsets are on quarters


def test_each_part_is_searched_by_itself_too(tmp_path: Path) -> None:
    answer = loops_of_file(FindLoops(written(tmp_path), per_track=True))
    assert [(loop.part, loop.loop.bars) for loop in answer.loops] == [("", 2), ("Drums", 1), ("Bass", 2)]


def test_a_first_beat_played_early_is_at_the_loops_begin_and_not_at_its_end(tmp_path: Path) -> None:
    hits = tuple(Note(max(480 * beat - 12, 0), 36 + beat % 8, 60) for beat in range(64))
    smf.write(Loop(bars=16, tracks=(Track(Role.DRUMS, hits),)), tmp_path / "played.mid")
    loops = loops_of_file(FindLoops(str(tmp_path / "played.mid"))).loops
    assert [loop.loop.bars for loop in loops] == [2]
    notes = loops[0].loop.tracks[0].notes
    assert [note.pitch for note in notes] == list(range(36, 44))
    assert notes[0].onset == 0
