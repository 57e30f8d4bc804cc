"""Requests as plans: what is impossible is said in one sentence, and what is possible is told to the model."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from engine.errors import RequestError
from engine.inference.take_plan import plan_take
from engine.messages import GenerationRequest, Keep, PartRequest, PartUse, WriteOrder
from engine.music.general_midi import Role
from engine.music.harmony import Chord, Key, parse_chords
from engine.music.loop import Loop, Note, Track
from engine.music.timing import Meter
from engine.representation.controls import GENRES
from engine.representation.layout import Use
from engine.representation.sheet import chord_id
from engine.representation.vocabulary import CONTROLS, Column, RowState, RowType

REPLACE, CONTEXT, IGNORE = (PartRequest(use) for use in (PartUse.REPLACE, PartUse.CONTEXT, PartUse.IGNORE))
MELODY = tuple(Note(bar * 1920 + at, 60 + bar, 240) for bar in range(4) for at in (0, 480, 960))


def melody_request(part: PartRequest = REPLACE, *others: PartRequest, **wishes: Any) -> GenerationRequest:
    tracks = (Track(Role.LEAD, MELODY), *(Track(Role.BASS, (Note(0, 40, 480),)) for _ in others))
    return GenerationRequest(Loop(tracks=tracks), (part, *others), **wishes)


def asking(**controls: float) -> PartRequest:
    return PartRequest(PartUse.REPLACE, controls=tuple(controls.items()))


@pytest.mark.parametrize(
    ("request_", "title"),
    [
        (melody_request(CONTEXT), "Nothing is to be written."),
        (melody_request(IGNORE), "Nothing is to be written."),
        (melody_request(key_locked=True), "The key is locked, but no key is set."),
        (melody_request(chords_locked=True), "The chords are locked, but there are none."),
        (melody_request(genre="polka"), 'There is no genre "polka".'),
        (melody_request(loop_length=5), "A loop length of 5 bars is not offered."),
        (melody_request(asking(swing=1)), 'There is no control "swing".'),
        (melody_request(asking(density=1000)), "lead: density 1000 is out of range."),
        (melody_request(asking(lowest_pitch=60, highest_pitch=50)), "Lead: no note lies from 60 to 50."),
        (melody_request(asking(feel=8)), "Lead: feel 8 is finer than the grid."),
        (melody_request(replace(REPLACE, rhythm="x...." * 2)), "Lead: 10 marks do not divide a bar of 4/4."),
        (melody_request(replace(REPLACE, rhythm="x.y.")), 'Lead: "x.y." is no rhythm.'),
        (melody_request(replace(REPLACE, rhythm="....")), "Lead: no step is left to play on."),
        (melody_request(replace(REPLACE, rhythm="x...|....", bars=(1, 3))), "Lead: no step is left to play on."),
        (melody_request(replace(REPLACE, locked=(12,))), "Lead: a locked note does not exist."),
        (
            melody_request(replace(REPLACE, locked=(0,), keep=Keep.PITCHES)),
            "Lead: notes cannot be locked while all pitches are kept.",
        ),
    ],
)
def test_what_cannot_be_is_said_before_the_model_runs(request_: GenerationRequest, title: str) -> None:
    with pytest.raises(RequestError) as raised:
        plan_take(request_, 0)
    assert raised.value.title == title


def test_a_range_without_a_note_of_the_scale_is_refused() -> None:
    request = melody_request(asking(lowest_pitch=61, highest_pitch=61))
    request = replace(request, canvas=replace(request.canvas, key=Key.parse("C major")), key_locked=True)
    with pytest.raises(RequestError, match="no note of C major lies from 61 to 61"):
        plan_take(request, 0)


@pytest.mark.parametrize(
    "change",
    [
        {"takes": 0},
        {"takes": 65},
        {"remix_percent": 101.0},
        {"seed": -1},
        {"seed": 2**64},
        {"parts": ()},
        {"parts": (replace(REPLACE, bars=(4,)),)},
    ],
)
def test_values_that_are_no_request_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"take|remix|seed|part|bars"):
        replace(melody_request(), **change)


def test_bars_of_parts_are_context_target_or_not_shown() -> None:
    request = melody_request(replace(REPLACE, bars=(1, 2)), replace(CONTEXT, bars=(0,)), IGNORE)
    use = plan_take(request, 0).plan.use
    assert use.tolist() == [
        [Use.CONTEXT, Use.TARGET, Use.TARGET, Use.CONTEXT],
        [Use.CONTEXT, Use.OUT, Use.OUT, Use.OUT],
        [Use.OUT] * 4,
    ]


def test_the_prompt_tells_all_that_is_asked() -> None:
    canvas = Loop(Meter(7, 8), 93.0, 2, (Track(Role.BASS, (), 33),), Key.parse("F dorian"), parse_chords("Fm7|Bb7 C7"))
    part = replace(asking(density=5, polyphony_max=1, feel=4), bar_density=(None, 8.0))
    request = GenerationRequest(
        canvas, (part,), genre="jazz & blues", loop_length=2, loop_count=1, order=WriteOrder.BARS
    )
    plan = plan_take(request, 0)
    controls = plan.prompt[:, Column.CONTROL].tolist()
    asked = {
        name
        for name, control in CONTROLS.items()
        if any(control.first <= i < control.first + control.bins for i in controls)
    }
    loop = {"meter_numerator", "meter_denominator", "tempo", "bars", "key_tonic", "key_mode", "genre", "order"}
    assert asked == loop | {"loopable", "loop_length", "loop_count", "density", "polyphony_max", "feel"}
    assert CONTROLS["genre"].first + GENRES.index("jazz & blues") in controls
    assert (plan.prompt[:, Column.TYPE] == RowType.CONTROL).all()
    assert plan.starts[:, Column.BAR_DENSITY].tolist()[0] == 0
    assert plan.starts[1, Column.BAR_DENSITY] > 0
    chords = [[chord_id(Chord.parse(name)) for name in names] for names in (("Fm7", "Fm7"), ("Bb7", "C7"))]
    assert plan.starts[:, [Column.CHORD_A, Column.CHORD_B]].tolist() == chords
    assert plan.starts[:, Column.PROGRAM].tolist() == [34, 34]


def test_open_wishes_are_not_told() -> None:
    plan = plan_take(melody_request(loopable=None), 0)
    assert len(plan.prompt) == 5  # meter (two rows), tempo, bars, order


def test_a_remix_spares_a_seeded_share_that_differs_from_take_to_take() -> None:
    request = melody_request(remix_percent=25.0, seed=5)
    kept = [plan_take(request, take).kept[0] for take in range(8)]
    assert {len(indices) for indices in kept} == {9}
    assert len(set(kept)) > 1
    assert kept == [plan_take(request, take).kept[0] for take in range(8)]
    locked = plan_take(request, 0).prompt
    assert (locked[:, Column.STATE] == RowState.LOCKED).sum() == 9


def test_a_remix_counts_only_notes_in_its_bars_that_are_not_locked() -> None:
    plan = plan_take(melody_request(replace(REPLACE, bars=(0, 1), locked=(0, 1)), remix_percent=50.0), 0)
    inside = {i for i in plan.kept[0] if i < 6}
    assert inside >= {0, 1}
    assert len(inside) == 4
    assert plan.kept[0] >= set(range(6, 12))


def test_a_remix_of_nothing_closes_the_part_unless_it_is_empty() -> None:
    request = melody_request(REPLACE, REPLACE, remix_percent=0.0)
    empty = replace(request, canvas=request.canvas.with_track(1, Track(Role.BASS)))
    assert plan_take(request, 0).rules[1].is_closed
    assert not plan_take(empty, 0).rules[1].is_closed


def test_a_note_just_before_the_line_belongs_to_the_next_bar() -> None:
    track = Track(Role.LEAD, (Note(1912, 60, 100), Note(1925, 62, 100), Note(7675, 64, 5)))
    request = GenerationRequest(Loop(tracks=(track,)), (replace(REPLACE, bars=(1, 3), locked=(0, 2)),))
    plan = plan_take(request, 0)
    assert plan.kept[0] == {0, 2}
    assert [(bar, [a.position for a in inside]) for bar, inside in plan.rules[0].anchors.items()] == [
        (1, [0]),
        (3, [95]),
    ]


def test_kept_rhythm_leaves_pitches_open_but_not_those_of_locked_notes() -> None:
    plan = plan_take(melody_request(replace(REPLACE, keep=Keep.RHYTHM, locked=(1,))), 0)
    assert [a.pitch for a in plan.rules[0].anchors[0]] == [None, 60, None]
    assert plan.rules[0].is_closed


def test_nothing_can_be_kept_of_a_part_that_is_empty_there() -> None:
    request = melody_request(replace(REPLACE, keep=Keep.RHYTHM))
    rules = plan_take(replace(request, canvas=request.canvas.with_track(0, Track(Role.LEAD))), 0).rules[0]
    assert (rules.keep, rules.is_closed) == (Keep.NOTHING, False)


def test_pitch_limits_at_the_ends_of_the_range_count() -> None:
    pitches = plan_take(melody_request(asking(lowest_pitch=0, highest_pitch=0)), 0).rules[0].pitches
    assert np.flatnonzero(pitches[0]).tolist() == [0]


def test_locked_chords_bind_the_bass_everywhere_and_others_on_beats() -> None:
    canvas = Loop(bars=1, tracks=(Track(Role.BASS), Track(Role.KEYS)), chords=parse_chords("Am F"))
    plan = plan_take(GenerationRequest(canvas, (REPLACE, REPLACE), chords_locked=True), 0)
    bass, keys = (plan.rules[part].pitch_table(0) for part in (0, 1))
    classes = [{int(p) % 12 for p in np.flatnonzero(table[at])} for table in (bass, keys) for at in (0, 1, 47, 48, 72)]
    everything = set(range(12))
    assert classes == [{9}, {9}, {9}, {5}, {5}, {9, 0, 4}, everything, everything, {5, 9, 0}, {5, 9, 0}]


def test_a_chord_out_of_range_gives_way_to_the_range() -> None:
    canvas = Loop(bars=1, tracks=(Track(Role.BASS),), chords=parse_chords("Am"))
    part = asking(lowest_pitch=40, highest_pitch=42)
    table = plan_take(GenerationRequest(canvas, (part,), chords_locked=True), 0).rules[0].pitch_table(0)
    assert np.flatnonzero(table[0]).tolist() == [40, 41, 42]


@pytest.mark.parametrize(
    ("meter", "feel", "bar_2"), [("4/4", 0, [0, 24, 48, 72]), ("7/8", 0, [12, 36, 60]), ("3/4", 1, [8, 24, 40, 56])]
)
def test_feel_is_a_grid_from_the_start_of_the_loop(meter: str, feel: int, bar_2: list[int]) -> None:
    canvas = Loop(Meter.parse(meter), bars=2, tracks=(Track(Role.BASS),))
    rules = plan_take(GenerationRequest(canvas, (asking(feel=feel),)), 0).rules[0]
    assert np.flatnonzero(rules.positions[1]).tolist() == bar_2
    assert rules.micro.tolist() == [False, False, True, False, False]


def test_rhythms_take_turns_bar_by_bar() -> None:
    rules = plan_take(melody_request(replace(REPLACE, rhythm="x...|..x.x...")), 0).rules[0]
    assert [np.flatnonzero(bar).tolist() for bar in rules.positions] == [[0], [24, 48]] * 2


def test_a_part_may_be_shown_less_of_itself() -> None:
    whole = plan_take(melody_request(PartRequest(PartUse.REPLACE, bars=(3,))), 0)
    assert whole.plan.use[0].tolist() == [Use.CONTEXT] * 3 + [Use.TARGET]
    less = plan_take(melody_request(PartRequest(PartUse.REPLACE, bars=(3,), shown=(1,))), 0)
    assert less.plan.use[0].tolist() == [Use.OUT, Use.CONTEXT, Use.OUT, Use.TARGET]
    with pytest.raises(ValueError, match="bars are 1 to 4"):
        melody_request(PartRequest(PartUse.REPLACE, bars=(3,), shown=(4,)))
