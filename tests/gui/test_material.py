"""What came in is laid on the grid as found or corrected, and nothing that was corrected is lost without need."""

from dataclasses import replace

import numpy as np
import pytest

from engine.jobs.material import FoundTiming, TimingSource
from engine.messages import PartUse
from engine.music.general_midi import Role
from engine.music.harmony import Key, Mode
from engine.music.heard import HeardNote, HeardStem, TempoGuess
from engine.music.loop import MAX_TRACKS, Loop, Note, Track
from engine.music.timing import Meter, seconds_from_ticks
from gui.material import Material, fullest_bar
from gui.material_row import StemRow, row_of_sound
from gui.panels.import_head import Taps

BEAT = 480
MINOR = Key(9, Mode.MINOR)


def sound(name: str = "bass", beats: int = 32, bpm: float = 120.0, bar_one: float = 0.5) -> StemRow:
    """A bass on every beat from bar 1 on, and a pick-up before it."""
    second = 60 / bpm
    notes = [HeardNote(0.1, 40, 0.3)] + [
        HeardNote(bar_one + i * second, 33 + i % 5, bar_one + (i + 0.5) * second) for i in range(beats)
    ]
    tempo = TempoGuess(bpm, bar_one, 0.9)
    peaks = np.zeros((10, 2), np.float32)
    stem = HeardStem(f"{name}.wav", Role.BASS, tuple(notes), bar_one + beats * second, tempo, MINOR, peaks)
    return row_of_sound(f"/stems/{name}.wav", stem)


def midi(part: int = 0, bars: int = 4, *, role: Role = Role.KEYS, tempo: float = 120.0) -> StemRow:
    last = bars * 4 * BEAT - BEAT // 2
    row = StemRow("/stems/song.mid", part, f"part {part}", role, FoundTiming(tempo), bars, 9, bar_notes=(9,) * bars)
    return replace(row, last_onset=last, last_onset_seconds=seconds_from_ticks(last, tempo))


def laid_midi(*roles: Role) -> Loop:
    return Loop(bars=4, tracks=tuple(Track(role, (Note(0, 60, BEAT),), program=7) for role in roles))


def onsets(material: Material, midi_loop: Loop | None = None) -> list[int]:
    draft = material.laid(midi_loop)
    assert draft is not None
    return [note.onset for note in draft.loop.tracks[-1].notes]


def test_a_sound_is_laid_from_bar_one_on() -> None:
    material = Material().with_rows((sound(),))
    assert (material.first_bar, material.bars, material.rows[0].bars) == (0, 8, 8)
    draft = material.laid(None)
    assert draft is not None
    assert draft.loop.tempo_bpm == 120
    assert onsets(material) == [i * BEAT for i in range(32)]
    assert material.question() is None


def test_a_sound_longer_than_a_loop_is_taken_in_part_and_the_part_can_be_chosen() -> None:
    material = Material().with_rows((sound(beats=96),))
    assert (material.longest, material.bars) == (24, 8)
    later = material.with_window(22, 4)
    assert onsets(later) == [i * BEAT for i in range(8)], "two bars are left, silence after them"
    draft = later.laid(None)
    assert draft is not None
    assert [note.pitch for note in draft.loop.tracks[0].notes[:2]] == [33 + 88 % 5, 33 + 89 % 5]


def test_twice_the_tempo_is_twice_as_many_bars_of_the_same_moments() -> None:
    material = Material().with_rows((sound(),)).scaled(2.0)
    assert material.tempo == 240
    assert material.rows[0].bars == 16
    assert onsets(material) == [2 * i * BEAT for i in range(16)]
    assert onsets(material.scaled(0.5)) == onsets(Material().with_rows((sound(),)))


def test_a_typed_tempo_lays_sounds_anew_and_leaves_midi_on_its_bars() -> None:
    material = Material().with_rows((midi(), sound())).with_tempo(60.0)
    question = material.question()
    assert question is not None
    assert question.tempo_bpm == 60
    assert question.parts[0].timing.source is TimingSource.FILE
    assert onsets(material, laid_midi(Role.KEYS))[:3] == [0, BEAT // 2, BEAT]


def test_bar_one_moves_all_sounds_together_or_one_alone() -> None:
    material = Material().with_rows((sound("a"), sound("b")))
    together = material.with_bar_one(0, 1.0)
    assert [row.timing.bar_one_seconds for row in together.rows] == [1.0, 1.0]
    alone = material.with_bar_one(1, 1.0, is_alone=True)
    assert [row.timing.bar_one_seconds for row in alone.rows] == [0.5, 1.0]
    assert onsets(together)[0] == 0
    draft = together.laid(None)
    assert draft is not None
    assert draft.loop.tracks[0].notes[0].pitch == 34


def test_bar_one_that_stays_where_it_is_corrects_nothing() -> None:
    material = Material().with_rows((midi(), sound()))
    assert material.with_bar_one(0, 0.0) is material
    assert material.with_bar_one(1, 0.50001) is material


def test_bar_one_of_midi_that_was_played_without_a_click_moves_with_the_sounds_and_of_other_midi_alone() -> None:
    played = replace(midi(1), path="/stems/played.mid", timing=FoundTiming(120.0, 0.5, source=TimingSource.NOTES))
    material = Material().with_rows((sound(), played, midi(0)))
    assert [row.timing.bar_one_seconds for row in material.with_bar_one(0, 1.0).rows] == [1.0, 1.0, 0.0]
    assert [row.timing.bar_one_seconds for row in material.with_bar_one(2, 1.0).rows] == [0.5, 0.5, 1.0]


def test_what_sounds_tell_together_spares_each_thing_that_the_producer_set() -> None:
    material = Material().with_rows((sound("a"), sound("b")))
    guess, both = TempoGuess(121.0, 0.7, 0.9, meter=Meter(3, 4)), ("/stems/a.wav", "/stems/b.wav")
    told = material.with_guess(guess, both).rows[0].timing
    assert (told.tempo_bpm, told.bar_one_seconds, told.meter, told.confidence) == (121.0, 0.7, Meter(3, 4), 0.9)
    assert (told.source, told.meter_source) == (TimingSource.NOTES, TimingSource.NOTES)
    in_meter = material.with_meter(Meter(7, 8)).with_guess(guess, both)
    assert (in_meter.tempo, str(in_meter.meter), in_meter.rows[0].timing.bar_one_seconds) == (121.0, "7/8", 0.7)
    moved = material.with_bar_one(1, 1.0, is_alone=True).with_guess(guess, both)
    assert [(row.timing.tempo_bpm, row.timing.bar_one_seconds) for row in moved.rows] == [(121.0, 0.7), (120.0, 1.0)]
    assert str(moved.meter) == "3/4"


def test_a_typed_tempo_holds_for_sounds_that_are_heard_later() -> None:
    typed = Material().with_rows((sound("a"),)).with_tempo(60.0)
    material = typed.with_rows((*typed.rows, sound("b"))).with_guess(TempoGuess(121.0, 0.5, 0.9), ("/stems/b.wav",))
    assert [row.timing.tempo_bpm for row in material.rows] == [60.0, 60.0]
    assert not material.contradictions()


def test_corrected_notes_of_a_sound_outlive_another_tempo_and_another_window() -> None:
    material = Material().with_rows((sound(),))
    draft = material.laid(None)
    assert draft is not None
    notes = draft.loop.tracks[0].notes
    corrected = material.with_notes(0, (replace(notes[0], pitch=50), *notes[2:]))
    assert onsets(corrected) == [0, *(i * BEAT for i in range(2, 32))]
    faster = corrected.scaled(2.0)
    assert onsets(faster)[:2] == [0, 4 * BEAT]
    assert onsets(faster.with_window(1, 4).with_window(0, 8).scaled(0.5)) == onsets(corrected)
    assert corrected.rows[0].stem is not None
    assert corrected.rows[0].stem.notes[0].pitch == 40, "what was before bar 1 is still there"


def test_corrected_notes_of_a_midi_part_hold_until_its_window_changes() -> None:
    material = Material().with_rows((midi(),))
    corrected = material.with_notes(0, (Note(BEAT, 61, BEAT),))
    assert onsets(corrected, laid_midi(Role.KEYS)) == [BEAT]
    assert onsets(corrected.with_window(1, 2), laid_midi(Role.KEYS)) == [0]


def test_a_shorter_sound_is_repeated_where_that_fills_the_bars() -> None:
    material = Material().with_rows((sound("short", beats=8), midi(bars=4)))
    assert material.bars == 4
    assert onsets(material, laid_midi(Role.KEYS)) == [i * BEAT for i in range(16)]
    edited = material.with_notes(0, (Note(7 * BEAT, 40, BEAT),))
    assert onsets(edited, laid_midi(Role.KEYS)) == [7 * BEAT]


def test_what_is_not_taken_stays_out_and_uses_go_with_the_parts() -> None:
    rows = (sound(), midi(0, role=Role.DRUMS), midi(1), midi(2))
    material = Material().with_rows(rows).with_changed(2, is_taken=False).with_changed(0, use=PartUse.REPLACE)
    question = material.question()
    assert question is not None
    assert [part.part for part in question.parts] == [0, 2]
    draft = material.laid(laid_midi(Role.DRUMS, Role.KEYS))
    assert draft is not None
    assert draft.rows == (1, 3, 0)
    assert draft.uses == (PartUse.CONTEXT, PartUse.CONTEXT, PartUse.REPLACE)
    assert [track.name for track in draft.loop.tracks] == ["part 0", "part 2", ""]


def test_parts_of_one_role_become_one() -> None:
    material = Material().with_rows((midi(0), midi(1, role=Role.BASS), midi(2))).with_one_a_role(is_on=True)
    draft = material.laid(laid_midi(Role.KEYS, Role.BASS))
    assert draft is not None
    assert draft.rows == (0, 1)


def test_files_of_other_meters_are_counted_in_the_first_ones() -> None:
    other = replace(midi(1), timing=FoundTiming(120.0, meter=Meter(3, 4)))
    material = Material().with_rows((midi(0), other))
    assert {str(row.timing.meter) for row in material.rows} == {"4/4"}
    assert str(material.with_meter(Meter(7, 8)).meter) == "7/8"


def told_by_notes(meter: Meter) -> StemRow:
    timing = FoundTiming(120.0, 0.0, meter, TimingSource.NOTES, meter_source=TimingSource.NOTES)
    return replace(midi().with_timing(timing), told_meter=meter)


def test_the_meter_told_most_often_holds_in_whichever_order_parts_come() -> None:
    told = [told_by_notes(meter) for meter in (Meter(4, 4), Meter(3, 4), Meter(3, 4))]
    one_by_one = Material()
    for row in told:
        one_by_one = one_by_one.with_rows((*one_by_one.rows, row))
    assert {str(row.timing.meter) for row in one_by_one.rows} == {"3/4"}
    assert one_by_one.rows == Material().with_rows(tuple(told)).rows
    assert one_by_one.known_meter is None


def test_a_part_that_is_counted_in_the_meter_of_another_file_names_none_itself() -> None:
    named = replace(midi(1), timing=FoundTiming(120.0, meter=Meter(3, 4)), told_meter=Meter(3, 4))
    material = Material().with_rows((told_by_notes(Meter(4, 4)), named, midi(2)))
    assert material.known_meter == Meter(3, 4)
    notes, file = TimingSource.NOTES, TimingSource.FILE
    assert [row.timing.meter_source for row in material.rows] == [notes, file, notes]
    assert {row.timing.meter_source for row in material.with_meter(Meter(2, 4)).rows} == {TimingSource.PRODUCER}


def test_files_that_differ_in_tempo_are_named() -> None:
    slow = replace(midi(1, tempo=90.0), path="/stems/slow.mid")
    assert "song.mid 120, slow.mid 90 BPM" in Material().with_rows((midi(0), slow)).contradictions()
    assert not Material().with_rows((midi(0), midi(1))).contradictions()


def test_the_window_begins_where_most_parts_play() -> None:
    early = replace(midi(0, 32), bar_notes=(3,) * 32)
    late = replace(midi(1, 32), bar_notes=(0,) * 16 + (3,) * 16)
    assert fullest_bar((early, late), 8) == 12
    assert Material().with_rows((early, late)).first_bar == 12


def test_bars_that_the_producer_chose_are_kept_when_more_comes_in() -> None:
    chosen = Material().with_rows((midi(bars=16),)).with_window(4, 2)
    more = chosen.with_rows((*chosen.rows, sound(beats=96)))
    assert (more.first_bar, more.bars) == (4, 2)
    told = more.with_guess(TempoGuess(121.0, 0.5, 0.9), ("/stems/bass.wav",))
    assert (told.first_bar, told.bars) == (4, 2)


def test_no_more_is_taken_than_a_loop_holds() -> None:
    material = Material().with_rows(tuple(midi(i) for i in range(MAX_TRACKS + 4)))
    assert len(material.taken) == MAX_TRACKS


def test_the_key_is_the_one_set_or_the_one_of_the_notes() -> None:
    scale = laid_midi(Role.KEYS)
    notes = tuple(Note(i * BEAT, pitch, BEAT) for i, pitch in enumerate((69, 71, 72, 74, 76, 77, 68, 69, 64, 69)))
    scale = scale.with_track(0, scale.tracks[0].with_notes(notes))
    told = Material().with_rows((midi(),))
    draft, without = told.laid(scale), told.with_key(None).laid(scale)
    assert draft is not None
    assert without is not None
    assert draft.loop.key is not None
    assert draft.loop.key.tonic == 9
    assert without.loop.key is None


def test_four_taps_tell_a_tempo_and_a_long_rest_begins_anew() -> None:
    times = iter([0.0, 0.5, 1.0, 1.5, 2.0, 9.0, 9.6, 10.2, 10.8])
    taps = Taps(lambda: next(times))
    assert [taps.tap() for _ in range(9)] == [None, None, None, 120.0, 120.0, None, None, None, pytest.approx(100.0)]
