"""Reading is lenient, exact where the file is sound, and says what it dropped."""

import struct
from pathlib import Path

import pytest

from engine.errors import MidiFileError
from engine.midi import smf
from engine.music.general_midi import Role
from engine.music.loop import Note
from engine.music.timing import Meter
from tests.helpers.midi_bytes import (
    delta,
    end,
    header,
    meta,
    meter,
    midi,
    name,
    off,
    on,
    pedal,
    program,
    tempo,
    track,
)

BAR = 4 * 480
QUARTER = (Note(0, 60, 480, 100),)
ONE_BAR = track(on(0, 60), off(480, 60), end(BAR - 480))


def read(data: bytes, tmp_path: Path, *, first_bar: int = 0, bars: int | None = None) -> smf.ReadResult:
    path = tmp_path / "stem.mid"
    path.write_bytes(data)
    return smf.read(path, first_bar=first_bar, bars=bars)


def notes(result: smf.ReadResult) -> tuple[Note, ...]:
    assert len(result.loop.tracks) == 1
    return result.loop.tracks[0].notes


# --- length -------------------------------------------------------------------------------------------------


def test_silence_before_the_end_of_track_counts(tmp_path: Path) -> None:
    result = read(midi(track(on(0, 60), off(480, 60), end(4 * BAR - 480))), tmp_path)
    assert (result.loop.bars, notes(result), result.dropped) == (4, QUARTER, ())


@pytest.mark.parametrize(("last_tick", "bars"), [(BAR - 1, 1), (BAR + 60, 1), (BAR + 61, 2), (2 * BAR - 300, 2)])
def test_length_is_rounded_to_the_bar_line_within_a_32nd_note(last_tick: int, bars: int, tmp_path: Path) -> None:
    result = read(midi(track(on(0, 60), off(last_tick, 60), end())), tmp_path)
    assert result.loop.bars == bars
    assert notes(result)[0].duration == min(last_tick, bars * BAR)


def test_no_end_of_track_ends_with_the_last_note(tmp_path: Path) -> None:
    result = read(midi(track(on(0, 60), off(480, 60))), tmp_path)
    assert (result.loop.bars, notes(result)) == (1, QUARTER)


def test_the_longest_track_decides(tmp_path: Path) -> None:
    assert read(midi(track(end(3 * BAR)), ONE_BAR), tmp_path).loop.bars == 3


def test_a_song_keeps_its_first_16_bars_and_says_so(tmp_path: Path) -> None:
    song = midi(track(on(0, 60), off(480, 60), on(18 * BAR, 62), off(480, 62), end()))
    result = read(song, tmp_path)
    assert (result.loop.bars, notes(result)) == (16, QUARTER)
    assert result.dropped == ("Bars 17 to 19 were left out: a loop has at most 16.",)


def test_bars_can_be_chosen(tmp_path: Path) -> None:
    song = midi(track(on(0, 60), off(480, 60), on(18 * BAR, 62), off(480, 62), end()))
    result = read(song, tmp_path, first_bar=18, bars=1)
    assert notes(result) == (Note(480, 62, 480, 100),)
    assert read(midi(ONE_BAR), tmp_path, bars=4).loop.bars == 4


def test_a_bar_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(MidiFileError, match=r"stem\.mid cannot be read: there is no bar 3; it has 1"):
        read(midi(ONE_BAR), tmp_path, first_bar=2)


def test_the_first_meter_is_kept_where_it_changes(tmp_path: Path) -> None:
    conductor = track(meter(0, 3, 2), meter(2 * 1440, 7, 3), end(7 * 240))
    result = read(midi(conductor, track(on(0, 60), off(2 * 1440 + 100, 60), on(0, 62), off(10, 62), end())), tmp_path)
    assert (result.loop.meter, result.loop.bars) == (Meter(3, 4), 2)
    assert notes(result) == (Note(0, 60, 2880, 100),)
    assert result.dropped == (
        "Bar 3 was left out: there the meter changes.",
        "Cut at the loop's end: 1 note.",
    )


def test_notes_from_before_the_window_are_left_out(tmp_path: Path) -> None:
    song = midi(track(on(0, 60), off(BAR + 480, 60), on(0, 62), off(480, 62), end()))
    result = read(song, tmp_path, first_bar=1, bars=1)
    assert notes(result) == (Note(480, 62, 480, 100),)
    assert result.dropped == ("Left out: 1 note that rang in from before the first bar.",)


# --- tempo and meter ----------------------------------------------------------------------------------------


def test_a_song_in_bars_of_one_beat_names_no_meter_and_a_loop_in_them_does(tmp_path: Path) -> None:
    song = read(midi(track(meter(0, 1, 2), on(0, 60), off(480, 60), end(19 * 480))), tmp_path)
    assert (song.loop.meter, song.states_meter) == (Meter(4, 4), False)
    loop = read(midi(track(meter(0, 1, 2), on(0, 60), off(480, 60), end(15 * 480))), tmp_path)
    assert (loop.loop.meter, loop.loop.bars, loop.states_meter) == (Meter(1, 4), 16, True)


def test_without_tempo_and_meter_it_is_120_in_common_time(tmp_path: Path) -> None:
    loop = read(midi(ONE_BAR), tmp_path).loop
    assert (loop.tempo_bpm, loop.meter) == (120.0, Meter(4, 4))


def test_of_several_tempi_the_first_is_kept(tmp_path: Path) -> None:
    result = read(midi(track(tempo(0, 500_001), tempo(480, 400_000), end()), ONE_BAR), tmp_path)
    assert result.loop.tempo_bpm == 120.0
    assert result.dropped == ("Changes of tempo were dropped; 120 BPM, the first, is kept.",)


def test_a_late_first_tempo_counts_from_the_start(tmp_path: Path) -> None:
    assert read(midi(track(tempo(7, 600_000), end()), ONE_BAR), tmp_path).loop.tempo_bpm == 100.0


def test_a_tempo_no_loop_can_have_is_clamped(tmp_path: Path) -> None:
    result = read(midi(track(tempo(0, 100_000), end()), ONE_BAR), tmp_path)
    assert (result.loop.tempo_bpm, result.dropped) == (400.0, ("A tempo of 600 BPM was taken for 400 BPM.",))


def test_meters_that_cannot_be_counted_are_ignored(tmp_path: Path) -> None:
    result = read(midi(track(meter(0, 33, 1), meta(0, 0x58, b"\x04\x09\x18\x08"), end()), ONE_BAR), tmp_path)
    assert result.loop.meter == Meter(4, 4)
    assert result.dropped == (
        "A time signature that means nothing was ignored.",
        "Time signatures that cannot be counted were ignored: 33/2.",
    )


def test_tempo_and_meter_events_cut_short_are_ignored(tmp_path: Path) -> None:
    result = read(
        midi(track(meta(0, 0x51, b"\x07"), meta(0, 0x51, b"\0\0\0"), meta(0, 0x58, b"\3"), end()), ONE_BAR), tmp_path
    )
    assert (result.loop.tempo_bpm, result.loop.meter, notes(result)) == (120.0, Meter(4, 4), QUARTER)


# --- notes --------------------------------------------------------------------------------------------------


def test_running_status_and_velocity_0(tmp_path: Path) -> None:
    body = on(0, 60) + delta(480) + bytes((60, 0)) + delta(0) + bytes((62, 90)) + delta(480) + bytes((62, 0))
    assert notes(read(midi(track(body, end())), tmp_path)) == (*QUARTER, Note(480, 62, 480, 90))


def test_running_status_survives_a_meta_event(tmp_path: Path) -> None:
    body = on(0, 60) + meta(240, 0x01, b"la") + delta(240) + bytes((60, 0))
    assert notes(read(midi(track(body, end())), tmp_path)) == QUARTER


def test_overlaps_of_one_pitch_are_cut_at_the_later_onset(tmp_path: Path) -> None:
    body = (on(0, 60), on(480, 60, 90), off(240, 60), off(240, 60), end())
    assert notes(read(midi(track(*body)), tmp_path)) == (*QUARTER, Note(480, 60, 480, 90))


def test_the_longest_of_notes_that_start_together_stays(tmp_path: Path) -> None:
    body = (on(0, 60, 50), on(0, 60, 70), off(240, 60), off(240, 60), end())
    assert notes(read(midi(track(*body)), tmp_path)) == (Note(0, 60, 480, 70),)


def test_unclosed_notes_end_with_their_track(tmp_path: Path) -> None:
    result = read(midi(track(on(0, 60), end(BAR))), tmp_path)
    assert notes(result) == (Note(0, 60, BAR, 100),)
    assert result.dropped == ("Notes that never ended (1) were ended with their track.",)


def test_a_note_of_no_length_lasts_one_tick(tmp_path: Path) -> None:
    assert notes(read(midi(track(on(0, 60), off(0, 60), end(BAR))), tmp_path)) == (Note(0, 60, 1, 100),)


def test_the_sustain_pedal_is_folded_into_durations(tmp_path: Path) -> None:
    body = (
        pedal(0, 127),
        on(0, 60),
        off(100, 60),
        on(0, 64),
        off(100, 64),
        on(40, 60),
        off(0, 60),
        pedal(240, 0),
        end(),
    )
    assert notes(read(midi(track(*body)), tmp_path)) == (
        Note(0, 60, 240, 100),  # until it is struck again
        Note(100, 64, 380, 100),
        Note(240, 60, 240, 100),
    )


def test_a_pedal_that_never_comes_up_holds_nothing(tmp_path: Path) -> None:
    assert notes(read(midi(track(pedal(0, 127), on(0, 60), off(480, 60), end(BAR))), tmp_path)) == QUARTER


def test_drums_take_no_pedal(tmp_path: Path) -> None:
    body = (pedal(0, 127, channel=9), on(0, 36, channel=9), off(60, 36, channel=9), pedal(480, 0, channel=9), end())
    assert notes(read(midi(track(*body)), tmp_path)) == (Note(0, 36, 60, 100),)


@pytest.mark.parametrize("division", [24, 96, 120, 220, 384, 960, 15360])
def test_every_division_becomes_480_ticks_a_quarter(division: int, tmp_path: Path) -> None:
    body = track(on(0, 60), off(division, 60), on(division, 62), off(2 * division, 62), end())
    found = notes(read(midi(body, division=division), tmp_path))
    assert found == (*QUARTER, Note(960, 62, 960, 100))


def test_lyrics_and_text_are_dropped(tmp_path: Path) -> None:
    body = (meta(0, 0x05, b"la"), meta(0, 0x01, b"by nobody"), meta(0, 0x06, b"verse"), on(0, 60), off(480, 60), end())
    result = read(midi(track(*body)), tmp_path)
    assert (notes(result), result.loop.name, result.loop.tracks[0].name) == (QUARTER, "", "")


# --- parts --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("part", "role"),
    [
        ((on(0, 36, channel=9), off(9, 36, channel=9)), Role.DRUMS),
        ((name("Bass"), on(0, 60), off(9, 60)), Role.BASS),
        ((name("Bass"), program(0, 0), on(0, 60), off(9, 60)), Role.BASS),
        ((program(0, 33), on(0, 60), off(9, 60)), Role.BASS),
        ((name("Synth Bass 2"), program(0, 81), on(0, 60), off(9, 60)), Role.BASS),
        ((name("Lead Guitar"), on(0, 60), off(9, 60)), Role.GUITAR),
        ((name("Rhodes_01"), on(0, 60), off(9, 60)), Role.KEYS),
        ((name("E Gtr L"), on(0, 60), off(9, 60)), Role.GUITAR),
        ((name("Brass"), on(0, 60), off(9, 60)), Role.BRASS),
        ((on(0, 60), off(9, 60)), Role.KEYS),
    ],
)
def test_roles_come_from_channel_name_and_program(part: tuple[bytes, ...], role: Role, tmp_path: Path) -> None:
    assert read(midi(track(*part, end())), tmp_path).loop.tracks[0].role is role


def test_channels_of_one_track_are_parts_of_their_own(tmp_path: Path) -> None:
    body = (
        program(0, 33, channel=1),
        on(0, 40, channel=1),
        on(0, 36, channel=9),
        off(9, 36, channel=9),
        off(9, 40, channel=1),
    )
    loop = read(midi(track(*body, end()), kind=0), tmp_path).loop
    assert [(part.role, part.program) for part in loop.tracks] == [(Role.BASS, 33), (Role.DRUMS, None)]


def test_more_parts_than_a_loop_takes_are_left_out(tmp_path: Path) -> None:
    tracks = [track(*(on(10, 60) + off(10, 60) for _ in range(1 + (i != 3))), end()) for i in range(17)]
    result = read(midi(*tracks), tmp_path)
    assert [len(part.notes) for part in result.loop.tracks] == [2] * 16
    assert result.dropped == ("Left out: the 1 part with the fewest notes.",)


def test_a_name_outside_ascii_is_kept(tmp_path: Path) -> None:
    assert read(midi(track(name("Bässe"), on(0, 60), off(9, 60), end())), tmp_path).loop.tracks[0].name == "Bässe"
    latin = meta(0, 0x03, "Bässe".encode("latin-1"))
    assert read(midi(track(latin, on(0, 60), off(9, 60), end())), tmp_path).loop.tracks[0].name == "Bässe"


# --- containers and damage ----------------------------------------------------------------------------------


def riff(data: bytes) -> bytes:
    padded = data + b"\0" * (len(data) % 2)
    inner = b"RMID" + b"data" + struct.pack("<I", len(data)) + padded
    return b"RIFF" + struct.pack("<I", len(inner)) + inner


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (riff(midi(ONE_BAR)), "RIFF-wrapped (.rmi)"),
        (b"\0junk before" + midi(ONE_BAR), "garbage before the header"),
        (midi(ONE_BAR) + b"\xff\0 after", "garbage behind the last track"),
        (header(2) + track(end()) + b"\x91\x3b\xff\x01" + ONE_BAR, "garbage between chunks"),
        (header(2) + b"XFIH\0\0\0\3MTr" + ONE_BAR, "a foreign chunk"),
        (header(2) + track(end(), length=999) + ONE_BAR, "a length too long"),
        (header(2) + track(on(0, 60), off(480, 60), end(BAR - 480), length=3), "a length too short"),
        (header(9) + ONE_BAR, "more tracks announced than there are"),
        (midi(track(), ONE_BAR), "a track of no length"),
        (ONE_BAR, "no header"),
        (midi(ONE_BAR, kind=7), "a type there is not"),
        (b"MThd\0\0\0\x08\0\1\0\1\1\xe0\0\0" + ONE_BAR, "a longer header"),
        (midi(track(delta(0) + b"\xf0\x03\x01\x02\xf7", on(0, 60), off(480, 60), end(BAR - 480))), "system exclusive"),
        (midi(track(delta(0) + b"\x40\x40", on(0, 60), off(480, 60), end(BAR - 480))), "data without status"),
        (midi(track(delta(0) + b"\xf8", on(0, 60), off(480, 60), end(BAR - 480))), "a clock byte in a file"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_surrounds_the_music_does_not_hide_it(data: bytes, why: str, tmp_path: Path) -> None:
    result = read(data, tmp_path)
    assert (result.loop.bars, notes(result)) == (1, QUARTER), why


def test_impossible_values_are_clamped(tmp_path: Path) -> None:
    result = read(midi(track(on(0, 60, 0xFF), off(480, 60), end(BAR - 480))), tmp_path)
    assert notes(result) == (Note(0, 60, 480, 127),)
    assert result.dropped == ("Events with impossible values were clamped: 1.",)


def test_of_independent_sequences_the_first_is_read(tmp_path: Path) -> None:
    result = read(midi(track(end()), ONE_BAR, track(on(0, 72), off(9, 72), end()), kind=2), tmp_path)
    assert notes(result) == QUARTER
    assert result.dropped == ("Only the first of several independent sequences (MIDI type 2) was read.",)


def test_film_frames_are_seconds(tmp_path: Path) -> None:
    # 25 frames a second, 40 ticks a frame: a tick is a millisecond; at 100 BPM a quarter lasts 600 of them.
    data = midi(track(tempo(0, 600_000), on(0, 60), off(600, 60), end(1800)), division=(256 - 25) << 8 | 40)
    result = read(data, tmp_path)
    assert (result.loop.tempo_bpm, result.loop.bars, notes(result)) == (100.0, 1, QUARTER)
    assert result.dropped == ("Times in film frames were read at 100 BPM.",)


@pytest.mark.parametrize("data", [b"", b"MThd", b"hello, world", b"RIFF\0\0\0\0WAVE", header(1), b"\0" * 1000])
def test_what_is_no_midi_file_raises_one_error_that_names_it(data: bytes, tmp_path: Path) -> None:
    with pytest.raises(MidiFileError, match=r"stem\.mid cannot be read"):
        read(data, tmp_path)


def test_a_missing_file_raises_the_same_error(tmp_path: Path) -> None:
    with pytest.raises(MidiFileError, match=r"nowhere\.mid cannot be read"):
        smf.read(tmp_path / "nowhere.mid")
    with pytest.raises(MidiFileError, match="cannot be read"):
        smf.read(tmp_path)
