"""Rows back to a loop: in ticks new notes give way to given ones, and to each other where voices are few."""

from engine.inference.assembly import assembled, bar_notes
from engine.inference.take_plan import TakePlan, plan_take
from engine.messages import GenerationRequest, PartRequest, PartUse
from engine.music.general_midi import Role
from engine.music.loop import Loop, Note, Track
from engine.representation.layout import note_row
from engine.representation.vocabulary import DURATION_STEPS, Kind, Rows

EARLY, ON, LATE = 0, 2, 4  # bins of microtiming: -8, 0 and +8 ticks


def planned(*given: Note, bars: int = 1, voices: int | None = None) -> tuple[GenerationRequest, TakePlan]:
    controls = () if voices is None else (("polyphony_max", float(voices)),)
    part = PartRequest(PartUse.REPLACE, controls=controls, locked=tuple(range(len(given))))
    request = GenerationRequest(Loop(bars=bars, tracks=(Track(Role.KEYS, given),)), (part,))
    return request, plan_take(request, 0)


def row(plan: TakePlan, position: int, pitch: int, *, steps: int = 6, micro: int = ON, cell: int = 0) -> Rows:
    return note_row(plan.starts[cell], (Kind.NOTE, position, pitch, DURATION_STEPS.index(steps), 20, micro))


def joined(request: GenerationRequest, plan: TakePlan, *rows: Rows) -> list[tuple[int, int, int]]:
    notes = assembled(request, plan, rows).tracks[0].notes
    return [(note.onset, note.end, note.pitch) for note in notes]


def test_given_notes_come_back_to_the_tick() -> None:
    given = Note(487, 60, 333, 77)
    request, plan = planned(given)
    assert given in assembled(request, plan, [row(plan, 0, 62)]).tracks[0].notes


def test_a_new_note_ends_where_a_given_one_of_its_pitch_begins() -> None:
    request, plan = planned(Note(487, 60, 100))
    assert joined(request, plan, row(plan, 18, 60, micro=LATE)) == [(368, 487, 60), (487, 587, 60)]


def test_an_early_note_waits_for_a_given_one_of_its_pitch_to_end() -> None:
    request, plan = planned(Note(0, 60, 478))
    assert joined(request, plan, row(plan, 24, 60, micro=EARLY)) == [(0, 478, 60), (478, 592, 60)]


def test_a_note_that_reaches_beyond_the_loop_is_cut() -> None:
    request, plan = planned()
    assert joined(request, plan, row(plan, 90, 60, micro=LATE)) == [(1808, 1920, 60)]


def test_a_late_note_leaves_its_voice_to_an_early_one() -> None:
    request, plan = planned(voices=1)
    rows = (row(plan, 0, 60, micro=LATE), row(plan, 6, 64, micro=EARLY))
    assert joined(request, plan, *rows) == [(8, 112, 60), (112, 232, 64)]


def test_an_early_note_waits_for_the_voice_of_a_given_one() -> None:
    request, plan = planned(Note(0, 40, 118), voices=1)
    assert joined(request, plan, row(plan, 6, 64, micro=EARLY)) == [(0, 118, 40), (118, 232, 64)]


def test_a_late_note_is_cut_where_a_given_one_takes_its_voice() -> None:
    request, plan = planned(Note(120, 40, 100), voices=1)
    assert joined(request, plan, row(plan, 0, 64, micro=LATE)) == [(8, 120, 64), (120, 220, 40)]


def test_without_a_limit_voices_may_touch() -> None:
    request, plan = planned()
    rows = (row(plan, 0, 60, micro=LATE), row(plan, 6, 64, micro=EARLY))
    assert joined(request, plan, *rows) == [(8, 128, 60), (112, 232, 64)]


def test_a_bar_is_its_kept_and_its_new_notes() -> None:
    given = (Note(0, 60, 100), Note(1915, 62, 100))
    request, plan = planned(*given, bars=2)
    first, second = ([row(plan, 95, 70, cell=0)], [row(plan, 0, 72, cell=1)])
    assert [(n.onset, n.pitch) for n in bar_notes(request, plan, 0, first)] == [(0, 60), (1900, 70)]
    assert [(n.onset, n.pitch) for n in bar_notes(request, plan, 1, second)] == [(1915, 62), (1920, 72)]


def test_of_an_early_chord_one_note_waits_for_the_voice_of_a_given_one() -> None:
    request, plan = planned(Note(0, 40, 113), voices=3)
    rows = (row(plan, 6, pitch, micro=EARLY) for pitch in (60, 64, 67))
    assert joined(request, plan, *rows) == [(0, 113, 40), (112, 232, 60), (112, 232, 64), (113, 232, 67)]
