"""The grammar of a take, step by step: promises are kept by what is legal, or dropped and counted."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from engine.inference.masks import MAX_NOTES_A_CELL, TakeMasks
from engine.inference.tables import Tables
from engine.inference.take_plan import plan_take
from engine.messages import GenerationRequest, Keep, PartRequest, PartUse
from engine.music.general_midi import Role
from engine.music.loop import Loop, Note, Track
from engine.representation.vocabulary import (
    DRUM_OFFSET,
    DURATION_STEPS,
    FED_DRUM_DURATION,
    Column,
    Field,
    Kind,
    Rows,
    RowType,
)
from tests.helpers.request_grid import draw_request
from tests.helpers.stubborn_model import empty_fields

REPLACE = PartRequest(PartUse.REPLACE)
END = (Kind.END, 0, 0, 0, 0, 0)


def note(position: int, pitch: int, steps: int = 6) -> tuple[int, ...]:
    return (Kind.NOTE, position, pitch, DURATION_STEPS.index(steps), 20, 2)


class Walk:
    """A take that is written by hand."""

    def __init__(self, *parts: tuple[Track, PartRequest], bars: int = 1, capacity: int = 4096, **wishes: Any) -> None:
        canvas = Loop(bars=bars, tracks=tuple(track for track, _ in parts))
        request = GenerationRequest(canvas, tuple(part for _, part in parts), **wishes)
        self.plan = plan_take(request, 0)
        self.masks = TakeMasks(self.plan, capacity)
        self.tables = Tables.unconstrained(1, positions=canvas.meter.steps_per_bar)
        self.fill()

    def fill(self) -> None:
        self.masks.fill(self.tables, 0)
        assert empty_fields(self.tables) == []

    def give(self, ids: tuple[int, ...]) -> Rows:
        row = self.masks.accept(ids)
        if not self.masks.is_done:
            self.fill()
        return row

    @property
    def kinds(self) -> tuple[bool, bool]:
        can_sound, can_end = self.tables.kind[0].tolist()
        return can_sound, can_end

    @property
    def positions(self) -> list[int]:
        return np.flatnonzero(self.tables.position[0]).tolist()

    def pitches(self, position: int) -> list[int]:
        return np.flatnonzero(self.tables.limit[0, position]).tolist()


def keys(*notes: Note) -> Track:
    return Track(Role.KEYS, notes)


def test_cells_are_opened_by_their_start_rows_and_the_take_ends_with_pad() -> None:
    walk = Walk((keys(), REPLACE), bars=2)
    assert walk.masks.start[Column.BAR] == 1
    row = walk.give(note(0, 60))
    assert (row[Column.TYPE], row[Column.BAR], row[Column.POSITION], row[Column.PITCH]) == (RowType.NOTE, 1, 1, 61)
    assert walk.give(END).tolist() == walk.plan.starts[1].tolist()
    assert not walk.give(END).any()
    assert walk.masks.is_done
    assert (walk.masks.cells_done, walk.masks.notes_written) == (2, 1)


def test_notes_rise_in_time_and_pitch() -> None:
    walk = Walk((keys(), REPLACE))
    walk.give(note(24, 60, 12))
    assert walk.positions == list(range(24, 96))
    assert walk.pitches(24) == list(range(61, 128))
    assert walk.pitches(30) == [p for p in range(128) if p != 60]
    assert walk.pitches(36) == list(range(128))


def test_a_part_has_to_sound_before_its_last_bar_is_over() -> None:
    walk = Walk((keys(), REPLACE), bars=2)
    assert walk.kinds == (True, True)
    walk.give(END)
    assert walk.kinds == (True, False)
    walk.give(note(0, 60))
    assert walk.kinds == (True, True)


def test_a_part_has_to_sound_while_it_still_can() -> None:
    walk = Walk((keys(), replace(REPLACE, rhythm="x|.")), bars=2)
    assert walk.kinds == (True, False)
    walk.give(note(0, 60))
    walk.give(END)
    assert walk.kinds == (False, True)


def test_a_part_that_cannot_sound_is_counted() -> None:
    held = Note(0, 60, 3840)
    part = PartRequest(PartUse.REPLACE, bars=(1,), controls=(("polyphony_max", 1.0),))
    walk = Walk((keys(held), part), bars=2)
    assert walk.kinds == (False, True)
    assert walk.masks.relaxed == 1


def test_a_locked_note_is_waited_for_and_comes_as_it_was() -> None:
    locked = Note(480, 60, 480, 77)
    walk = Walk((keys(locked), replace(REPLACE, locked=(0,))))
    assert walk.kinds == (True, False)
    assert walk.positions == list(range(25))
    assert walk.pitches(24) == list(range(61))
    assert walk.tables.limit[0, 0, 60] == 24
    row = walk.give(note(24, 60, 6))
    assert DURATION_STEPS[row[Column.DURATION] - 1] == 24
    assert row[Column.VELOCITY] - 1 == 77 // 4
    assert walk.kinds == (True, True)
    assert walk.masks.new_rows == []


def test_locked_notes_of_a_chord_come_in_order_with_new_ones_between() -> None:
    chord = (Note(0, 60, 480), Note(0, 67, 480))
    walk = Walk((keys(*chord), replace(REPLACE, locked=(0, 1))))
    walk.give(note(0, 60))
    assert (walk.positions, walk.pitches(0)) == ([0], list(range(61, 68)))
    walk.give(note(0, 64))
    walk.give(note(0, 67))
    assert [int(row[Column.PITCH]) - 1 for row in walk.masks.new_rows] == [64]


def test_a_locked_note_outside_range_and_rhythm_stays() -> None:
    part = PartRequest(
        PartUse.REPLACE, controls=(("lowest_pitch", 60.0), ("highest_pitch", 61.0)), rhythm="x...", locked=(0,)
    )
    walk = Walk((keys(Note(480, 40, 100)), part))
    assert walk.positions == [0, 24]
    assert (walk.pitches(0), walk.pitches(24)) == ([60, 61], [40])


def test_drums_have_their_half_and_their_length() -> None:
    walk = Walk((Track(Role.DRUMS), REPLACE))
    assert walk.tables.drums[0]
    assert np.flatnonzero(walk.tables.duration[0]).tolist() == [FED_DRUM_DURATION]
    row = walk.give(note(0, DRUM_OFFSET + 36))
    assert row[Column.PITCH] == 1 + DRUM_OFFSET + 36
    assert 36 in walk.pitches(1)  # a roll is legal: the hit before is cut


def test_voices_are_never_more_than_asked() -> None:
    walk = Walk((keys(), PartRequest(PartUse.REPLACE, controls=(("polyphony_max", 2.0),))))
    walk.give(note(0, 60, 12))
    walk.give(note(0, 64, 24))
    assert walk.positions == list(range(12, 96))
    walk.give(note(12, 50, 6))
    assert walk.positions == list(range(18, 96))


def kept(keep: Keep, *notes: Note, **part: Any) -> Walk:
    return Walk((keys(*notes), replace(REPLACE, keep=keep, **part)), bars=1)


def test_a_kept_rhythm_leaves_only_the_pitch_open() -> None:
    walk = kept(Keep.RHYTHM, Note(0, 60, 240), Note(0, 64, 240), Note(480, 60, 480))
    assert walk.kinds == (True, False)
    assert walk.positions == [0]
    assert walk.pitches(0) == list(range(127))  # one is left for the second note of the chord
    row = walk.give(note(0, 50, 1))
    assert DURATION_STEPS[row[Column.DURATION] - 1] == 12
    assert walk.pitches(0) == list(range(51, 128))
    walk.give(note(0, 51))
    assert walk.positions == [24]
    walk.give(note(24, 10))
    assert walk.kinds == (False, True)


def test_a_kept_rhythm_gives_way_to_voices_and_says_so() -> None:
    walk = kept(Keep.RHYTHM, Note(0, 60, 240), Note(0, 64, 240), controls=(("polyphony_max", 1.0),))
    walk.give(note(0, 50))
    assert walk.kinds == (False, True)
    assert walk.masks.relaxed == 1


def test_kept_pitches_come_in_order_with_time_left_for_all() -> None:
    walk = kept(Keep.PITCHES, Note(0, 60, 240), Note(480, 60, 240), Note(960, 67, 240), rhythm="xxxx")
    assert walk.positions == [0, 24, 48]  # a second 60 must follow; 67 may share its place
    assert walk.pitches(0) == [60]
    walk.give(note(48, 60, 24))
    assert (walk.positions, walk.pitches(72)) == ([72], [60])
    walk.give(note(72, 60, 6))
    assert (walk.positions, walk.pitches(72)) == ([72], [67])
    walk.give(note(72, 67, 6))
    assert walk.kinds == (False, True)
    assert walk.masks.relaxed == 0


def test_kept_pitches_that_do_not_fit_are_dropped_and_counted() -> None:
    walk = kept(Keep.PITCHES, Note(0, 60, 240), Note(480, 60, 240), Note(960, 60, 240), rhythm="x.x.")
    assert walk.masks.relaxed == 1
    assert walk.positions == [0]


def test_kept_pitches_leave_each_other_a_voice() -> None:
    walk = kept(Keep.PITCHES, Note(0, 60, 240), Note(480, 62, 240), rhythm="x.x.", controls=(("polyphony_max", 1.0),))
    assert walk.positions == [0]
    assert walk.tables.limit[0, 0, 60] == 48


def test_a_full_cell_is_ended_and_counted() -> None:
    walk = Walk((keys(), REPLACE), bars=2)
    for index in range(MAX_NOTES_A_CELL):
        walk.give(note(index // 2, 60 + index % 2 + 2 * (index // 2 % 20), 1))
    assert walk.kinds == (False, True)
    assert walk.masks.forced_ends == 1


def test_a_full_memory_ends_cells_but_keeps_a_row_for_each_part() -> None:
    tracks = ((keys(), REPLACE), (Track(Role.BASS), REPLACE))
    rows = len(Walk(*tracks, bars=2).plan.prompt) + 4
    walk = Walk(*tracks, bars=2, capacity=rows + 2 + 3)
    for position in range(4):
        walk.give(note(position, 60))
    assert walk.kinds == (False, True)
    for _ in range(2):
        walk.give(END)
    assert walk.kinds == (True, True)  # the bass's own row is still there
    walk.give(END)
    assert walk.kinds == (True, False)
    walk.give(note(0, 40))
    assert walk.kinds == (False, True)
    walk.give(END)
    assert walk.masks.is_done
    assert walk.masks.notes_written == 5
    assert walk.masks.forced_ends == 3


def test_locked_notes_have_their_rows_set_aside() -> None:
    notes = tuple(Note(480 * beat, 60, 100) for beat in range(4))
    part = replace(REPLACE, locked=(0, 1, 2, 3))
    walk = Walk((keys(*notes), part), capacity=0)
    for beat in range(4):
        assert (walk.positions, walk.pitches(24 * beat)) == ([24 * beat], [60])
        walk.give(note(24 * beat, 60))
    assert walk.kinds == (False, True)


def first(legal: np.ndarray) -> int:
    return int(np.flatnonzero(legal)[0])


def last(legal: np.ndarray) -> int:
    return int(np.flatnonzero(legal)[-1])


@pytest.mark.parametrize("choose", [first, last])
@pytest.mark.parametrize("seeds", [range(1000 + 10 * i, 1010 + 10 * i) for i in range(4)], ids=str)
def test_whatever_is_chosen_a_legal_value_is_left(seeds: range, choose: Callable[[np.ndarray], int]) -> None:
    """Always the first or the last legal value: the corners of what may be drawn."""
    for seed in seeds:
        plan = plan_take(draw_request(seed), 0)
        masks = TakeMasks(plan, len(plan.prompt) + len(plan.cells) + 40)
        tables = Tables.unconstrained(1, positions=plan.sheet.meter.steps_per_bar)
        while not masks.is_done:
            masks.fill(tables, 0)
            assert empty_fields(tables) == [], seed
            kind = Kind.NOTE if tables.kind[0, Kind.NOTE] else Kind.END
            position = choose(tables.position[0])
            pitch = choose(tables.limit[0, position] > 0)
            fits = np.array(DURATION_STEPS) <= tables.limit[0, position, pitch]
            ids = [0] * len(Field)
            ids[: Field.DURATION + 1] = [kind, position, pitch, choose(tables.duration[0] & fits)]
            ids[Field.PITCH] += DRUM_OFFSET * int(tables.drums[0])
            ids[Field.MICRO] = choose(tables.micro[0])
            masks.accept(ids)
