"""Where a part may still sound, on music small enough to count by hand."""

import numpy as np

from engine.inference.part_room import PartRoom, longest_bin
from engine.inference.take_plan import PartRules, plan_take
from engine.messages import GenerationRequest, PartRequest, PartUse
from engine.music.general_midi import Role
from engine.music.loop import Loop, Note, Track
from engine.representation.vocabulary import DURATION_STEPS


def room_of(*notes: Note, role: Role = Role.KEYS, voices: int | None = None) -> PartRoom:
    """Two bars of which the second is written; notes are kept, in whichever bar."""
    controls = () if voices is None else (("polyphony_max", float(voices)),)
    part = PartRequest(PartUse.REPLACE, bars=(1,), controls=controls, locked=tuple(range(len(notes))))
    request = GenerationRequest(Loop(bars=2, tracks=(Track(role, notes),)), (part,))
    return PartRoom(rules_of(request), 192)


def rules_of(request: GenerationRequest) -> PartRules:
    return plan_take(request, 0).rules[0]


def test_an_empty_bar_has_room_until_the_loop_ends() -> None:
    room = room_of().room(96, 96)
    assert (room >= np.arange(96, 0, -1)[:, None]).all()
    assert (room <= np.arange(96, 0, -1)[:, None] * 1.06).all()


def test_a_note_that_rings_into_the_bar_takes_its_pitch() -> None:
    room = room_of(Note(1000, 60, 1000)).room(96, 96)  # to tick 2000: step 4 of bar 2 is the first free one
    assert (room[:4, 60] == 0).all()
    assert room[4, 60] > 0
    assert (room[:4, 61] > 0).all()


def test_a_later_note_of_the_pitch_ends_what_comes_before() -> None:
    room = room_of(Note(1920 + 480, 60, 240)).room(96, 96)
    assert room[:24, 60].tolist()[::8] == [24, 16, 8]
    assert (room[24:36, 60] == 0).all()
    assert room[36, 60] == 60


def test_room_reaches_the_bin_nearest_to_the_gap() -> None:
    room = room_of(Note(1920 + 26 * 20, 60, 240)).room(96, 96)
    assert room[0, 60] == 27
    assert 27 in DURATION_STEPS
    assert 26 not in DURATION_STEPS


def test_given_notes_count_from_the_step_they_touch_to_the_step_they_touch() -> None:
    room = room_of(Note(1920 + 15, 60, 10)).room(96, 96)  # ticks 15 to 25
    assert np.flatnonzero(room[:4, 60] == 0).tolist() == [0, 1]


def test_drums_have_one_length_and_no_hit_while_a_given_one_rings() -> None:
    room = room_of(Note(1920, 36, 200), role=Role.DRUMS).room(96, 96)
    assert (room[:10, 36] == 0).all()
    assert (room[10:, 36] == 6).all()
    assert (room[:, 38] == 6).all()


def test_voices_end_where_the_last_free_one_is_taken() -> None:
    part = room_of(Note(1920 + 480, 60, 480), voices=1)
    room = part.within_voices(part.room(96, 96), 96)
    assert room[0, 72] == 24
    assert (room[24:48] == 0).all()
    assert room[48, 72] == 48
    assert part.free_voices(96, 96).tolist() == [1] * 24 + [0] * 24 + [1] * 48
    part.write(96, 72, 10)
    room = part.within_voices(part.room(96, 96), 96)
    assert (room[:10] == 0).all()
    assert room[10, 50] == 14


def test_open_voices_leave_the_room_as_it_is() -> None:
    part = room_of()
    room = part.room(96, 96)
    assert part.within_voices(room, 96) is room


def test_a_bar_in_which_every_voice_is_taken_cannot_sound() -> None:
    assert not room_of(Note(1900, 60, 1940), voices=1).can_sound(1, 96)
    assert room_of(Note(1900, 60, 1939), voices=2).can_sound(1, 96)


def test_the_longest_bin_within_some_steps_is_found() -> None:
    assert [DURATION_STEPS[longest_bin(steps)] for steps in (0, 1, 16, 17, 26, 27, 10_000)] == [
        1,
        1,
        16,
        16,
        24,
        27,
        3072,
    ]
