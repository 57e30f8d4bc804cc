"""Stems become one context: what they agree on is taken, what they contradict is asked."""

from pathlib import Path

import mido
import pytest

from engine.errors import MidiFileError, RequestError
from engine.midi import smf
from engine.music.general_midi import Role
from engine.music.loop import Loop, Note, Track
from engine.music.timing import Meter
from engine.stems.merge import MergedStems, Stem, merge_stems
from tests.stems.test_timing import played

BAR = 1920
HIT = (Note(0, 36, 120, 100), Note(960, 38, 120, 90))
LINE = (Note(0, 33, 480, 90), Note(1440, 40, 480, 80))


def stem(folder: Path, role: Role, loop: Loop, *, name: str = "", include_tempo: bool = True) -> Stem:
    path = folder / f"{name or role.value}.mid"
    smf.write(loop, path, include_tempo=include_tempo)
    return Stem(role, path)


def drums(bars: int = 1, *, meter: Meter | None = None, tempo_bpm: float = 100.0) -> Loop:
    return Loop(meter or Meter(), tempo_bpm, bars, (Track(Role.DRUMS, HIT),))


def bass(bars: int = 4, *, tempo_bpm: float = 100.0) -> Loop:
    notes = tuple(Note(note.onset + bar * BAR, note.pitch, note.duration) for bar in range(bars) for note in LINE)
    return Loop(Meter(), tempo_bpm, bars, (Track(Role.BASS, notes),))


def test_tempo_meter_and_length_come_from_the_stems(tmp_path: Path) -> None:
    merged = merge_stems([stem(tmp_path, Role.DRUMS, drums(4)), stem(tmp_path, Role.BASS, bass(4))])
    assert merged == MergedStems(Loop(Meter(), 100.0, 4, (Track(Role.DRUMS, HIT), *bass(4).tracks)), ())


def test_a_shorter_stem_that_divides_the_length_is_repeated(tmp_path: Path) -> None:
    merged = merge_stems([stem(tmp_path, Role.DRUMS, drums(2)), stem(tmp_path, Role.BASS, bass(4))])
    assert merged.loop.bars == 4
    assert [note.onset for note in merged.loop.tracks[0].notes] == [0, 960, 2 * BAR, 2 * BAR + 960]
    assert merged.notes_for_user == ("drums.mid: its 2 bars were repeated 2 times.",)


def test_a_shorter_stem_that_does_not_divide_it_is_padded(tmp_path: Path) -> None:
    merged = merge_stems([stem(tmp_path, Role.DRUMS, drums(3)), stem(tmp_path, Role.BASS, bass(4))])
    assert merged.loop.tracks[0].notes == HIT
    assert merged.notes_for_user == ("drums.mid: its 3 bars are followed by silence up to 4 bars.",)


def test_a_longer_stem_is_cut_to_the_length_asked(tmp_path: Path) -> None:
    long_note = Loop(tempo_bpm=100.0, bars=4, tracks=(Track(Role.PAD, (Note(0, 60, 4 * BAR),)),))
    merged = merge_stems([stem(tmp_path, Role.PAD, long_note)], bars=2)
    assert merged.loop.tracks[0].notes == (Note(0, 60, 2 * BAR),)
    assert merged.notes_for_user == ("pad.mid: only 2 bars of 4 were taken.",)


def test_a_stem_without_tempo_takes_that_of_the_others(tmp_path: Path) -> None:
    silent = stem(tmp_path, Role.DRUMS, drums(4, tempo_bpm=77.0), include_tempo=False)
    assert merge_stems([silent, stem(tmp_path, Role.BASS, bass(4))]).loop.tempo_bpm == 100.0
    alone = merge_stems([silent])
    assert alone.loop.tempo_bpm == 120.0
    assert alone.notes_for_user == ("No stem names its tempo; 120 BPM was assumed.",)


def test_a_stem_without_meter_is_counted_in_that_of_the_others(tmp_path: Path) -> None:
    waltz = stem(tmp_path, Role.DRUMS, drums(4, meter=Meter(3, 4)))
    plain = stem(tmp_path, Role.BASS, bass(3))
    data = plain.path.read_bytes()
    at = data.index(b"\xff\x58")
    plain.path.write_bytes(data[:at] + b"\xff\x01" + data[at + 2 :])  # its meter becomes a text
    merged = merge_stems([waltz, plain])
    assert (merged.loop.meter, merged.loop.bars) == (Meter(3, 4), 4)
    assert merged.notes_for_user == ()


def test_contradicting_tempi_are_an_error_that_a_given_tempo_solves(tmp_path: Path) -> None:
    stems = [stem(tmp_path, Role.DRUMS, drums(4, tempo_bpm=90.0)), stem(tmp_path, Role.BASS, bass(4))]
    with pytest.raises(RequestError, match=r"different tempi: drums\.mid 90 BPM, bass\.mid 100 BPM"):
        merge_stems(stems)
    assert merge_stems(stems, tempo_bpm=95.0).loop.tempo_bpm == 95.0


def test_contradicting_meters_are_an_error_that_a_given_meter_solves(tmp_path: Path) -> None:
    stems = [stem(tmp_path, Role.DRUMS, drums(4, meter=Meter(7, 8))), stem(tmp_path, Role.BASS, bass(7))]
    with pytest.raises(RequestError, match=r"different meters: drums\.mid 7/8, bass\.mid 4/4"):
        merge_stems(stems)
    merged = merge_stems(stems, meter=Meter(7, 8))
    assert (merged.loop.meter, merged.loop.bars) == (Meter(7, 8), 8)


def test_the_parts_of_a_stem_with_a_role_become_one(tmp_path: Path) -> None:
    split = Loop(tempo_bpm=100.0, bars=1, tracks=tuple(Track(Role.DRUMS, (note,)) for note in HIT))
    mixed = split.with_tracks((*split.tracks, Track(Role.KEYS, (Note(0, 60, 10),))))
    merged = merge_stems([stem(tmp_path, Role.DRUMS, mixed)])
    assert merged.loop.tracks == (Track(Role.DRUMS, HIT),)
    assert merged.notes_for_user == ("drums.mid: left out 1 pitched part of a drums stem.",)


def test_without_a_role_a_file_keeps_its_parts(tmp_path: Path) -> None:
    both = Loop(tempo_bpm=100.0, bars=1, tracks=(Track(Role.DRUMS, HIT), Track(Role.BASS, LINE)))
    given = stem(tmp_path, Role.OTHER, both)
    assert merge_stems([Stem(None, given.path)]).loop == both


def test_a_pitched_file_can_be_given_as_drums(tmp_path: Path) -> None:
    given = stem(tmp_path, Role.KEYS, Loop(tempo_bpm=100.0, bars=1, tracks=(Track(Role.KEYS, HIT),)))
    assert merge_stems([Stem(Role.DRUMS, given.path)]).loop.tracks == (Track(Role.DRUMS, HIT),)


def test_what_reading_dropped_is_told_with_the_file_name(tmp_path: Path) -> None:
    given = stem(tmp_path, Role.BASS, bass(1))
    given.path.write_bytes(given.path.read_bytes()[:-4])
    text = merge_stems([given]).notes_for_user[0]
    assert text == "bass.mid: A track's length was wrong in the file."


def test_what_cannot_be_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="no stems"):
        merge_stems([])
    with pytest.raises(RequestError, match="1 to 16 bars"):
        merge_stems([stem(tmp_path, Role.BASS, bass(1))], bars=17)
    with pytest.raises(MidiFileError, match=r"pad\.mid holds no notes"):
        merge_stems([stem(tmp_path, Role.PAD, Loop(tempo_bpm=100.0))])
    with pytest.raises(RequestError, match="hold 17 parts"):
        merge_stems([stem(tmp_path, Role.BASS, bass(1), name=str(i)) for i in range(17)])
    with pytest.raises(MidiFileError, match=r"gone\.mid cannot be read"):
        merge_stems([Stem(Role.BASS, tmp_path / "gone.mid")])


def test_what_was_played_without_a_click_is_laid_on_bars(tmp_path: Path) -> None:
    path = played(tmp_path / "take.mid", bpm=93.0, start_seconds=1.0, spread=10)
    merged = merge_stems([Stem(Role.DRUMS, path)])
    loop = merged.loop
    assert loop.tempo_bpm == pytest.approx(93.0, rel=0.01)
    assert "told from its notes" in merged.notes_for_user[0]
    kicks = [note.onset for note in loop.tracks[0].notes if note.pitch == 36 and note.onset < BAR]
    assert kicks == [pytest.approx(step * 120, abs=30) for step in (0, 7, 8)]


def test_the_tempo_at_which_it_was_played_can_be_told(tmp_path: Path) -> None:
    path = played(tmp_path / "take.mid", bpm=93.0, start_seconds=1.0, spread=10)
    loop = merge_stems([Stem(Role.DRUMS, path)], tempo_bpm=46.5).loop
    assert loop.tempo_bpm == 46.5
    assert loop.bars in (4, 5)  # eight bars at 93 BPM


def test_a_part_of_which_the_file_says_nothing_is_told_by_its_notes(tmp_path: Path) -> None:
    path = tmp_path / "untitled.mid"
    smf.write_part(Track(Role.BASS, bass(4).tracks[0].notes), path, tempo_bpm=100.0, meter=Meter())
    file = mido.MidiFile(path)
    for track in file.tracks:
        track[:] = [each for each in track if each.type not in ("track_name", "program_change")]
    file.save(path)
    assert [track.role for track in merge_stems([Stem(None, path)]).loop.tracks] == [Role.BASS]
