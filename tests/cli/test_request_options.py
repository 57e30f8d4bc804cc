"""Options become a request: which parts are written, which bars of them, and what is only heard."""

from dataclasses import replace
from typing import Any

import pytest

from engine.cli.part_options import parse_part
from engine.cli.request_options import MusicOptions, RunOptions, build_request, parse_bars, parse_infill
from engine.messages import GenerationRequest, Keep, PartUse
from engine.music.general_midi import Role
from engine.music.harmony import Key, parse_chords
from engine.music.loop import Loop, Note, Track
from engine.music.timing import Meter

DRUMS = Track(Role.DRUMS, (Note(0, 36, 120),))
KEYS = Track(Role.KEYS, (Note(0, 60, 480), Note(1920, 62, 480)), program=4)
STEMS = Loop(Meter(4, 4), 98.0, 4, (DRUMS, KEYS), name="Night drive")


def uses(request: GenerationRequest) -> list[tuple[str, str, tuple[int, ...]]]:
    return [
        (track.role.value, wanted.use.value, wanted.bars)
        for track, wanted in zip(request.canvas.tracks, request.parts, strict=True)
    ]


def test_from_nothing_there_are_four_bars_at_120() -> None:
    request = build_request(MusicOptions(parts=(parse_part("bass"),)), None)
    assert (request.canvas.bars, request.canvas.tempo_bpm, str(request.canvas.meter)) == (4, 120.0, "4/4")
    assert uses(request) == [("bass", "replace", ())]


def test_parts_are_added_to_the_stems_even_of_the_same_role() -> None:
    request = build_request(MusicOptions(parts=(parse_part("keys:name=Pad"), parse_part("bass"))), STEMS)
    assert uses(request) == [
        ("drums", "context", ()),
        ("keys", "context", ()),
        ("keys", "replace", ()),
        ("bass", "replace", ()),
    ]
    assert request.canvas.tracks[1] == KEYS
    assert request.canvas.tracks[2] == Track(Role.KEYS, name="Pad")
    assert (request.canvas.tempo_bpm, request.canvas.name) == (98.0, "Night drive")


def test_infill_rewrites_bars_of_a_stem() -> None:
    request = build_request(MusicOptions(infill=(parse_infill("keys:3-4"),)), STEMS)
    assert uses(request) == [("drums", "context", ()), ("keys", "replace", (2, 3))]


def test_wishes_for_an_infilled_role_go_to_its_stem() -> None:
    music = MusicOptions(infill=(parse_infill("keys:2"),), parts=(parse_part("keys:density=6"), parse_part("bass")))
    request = build_request(music, STEMS)
    assert uses(request) == [("drums", "context", ()), ("keys", "replace", (1,)), ("bass", "replace", ())]
    assert request.parts[1].control("density") == 6


def test_several_infills_of_a_role_add_up() -> None:
    music = MusicOptions(infill=(parse_infill("keys:1"), parse_infill("keys:3")))
    assert uses(build_request(music, STEMS))[1] == ("keys", "replace", (0, 2))


def test_continuing_adds_bars_to_all_stems() -> None:
    request = build_request(MusicOptions(continue_bars=2), STEMS)
    assert request.canvas.bars == 6
    assert uses(request) == [("drums", "replace", (4, 5)), ("keys", "replace", (4, 5))]


def test_continuing_one_part_shows_the_others_only_where_they_play() -> None:
    request = build_request(MusicOptions(continue_bars=2, parts=(parse_part("drums"),)), STEMS)
    assert uses(request) == [("drums", "replace", (4, 5)), ("keys", "context", (0, 1, 2, 3))]


def test_remix_rewrites_all_stems_or_those_named() -> None:
    everything = build_request(MusicOptions(remix_percent=30), STEMS)
    assert uses(everything) == [("drums", "replace", ()), ("keys", "replace", ())]
    assert everything.remix_percent == 30
    one = build_request(MusicOptions(remix_percent=30, parts=(parse_part("keys"),)), STEMS)
    assert uses(one) == [("drums", "context", ()), ("keys", "replace", ())]


def test_keeping_the_rhythm_rewrites_the_stem() -> None:
    request = build_request(MusicOptions(parts=(parse_part("keys:keep=rhythm"),)), STEMS)
    assert uses(request) == [("drums", "context", ()), ("keys", "replace", ())]
    assert request.parts[1].keep is Keep.RHYTHM
    assert request.canvas.tracks[1] == KEYS


def test_prompt_bars_are_all_that_is_shown() -> None:
    request = build_request(MusicOptions(prompt_bars=parse_bars("1-2"), parts=(parse_part("bass"),)), STEMS)
    assert [wanted.bars for wanted in request.parts if wanted.use is PartUse.CONTEXT] == [(0, 1), (0, 1)]


def test_a_given_key_is_locked_unless_told_otherwise() -> None:
    given = MusicOptions(parts=(parse_part("bass"),), key=Key.parse("A minor"))
    assert build_request(given, STEMS).key_locked
    loose = MusicOptions(parts=(parse_part("bass"),), key=Key.parse("A minor"), is_key_locked=False)
    assert not build_request(loose, STEMS).key_locked


def test_chords_are_repeated_to_the_end() -> None:
    music = MusicOptions(parts=(parse_part("bass"),), chords=parse_chords("Am|F G"))
    chords = build_request(music, STEMS).canvas.chords
    assert [[str(chord) for chord in bar] for bar in chords] == [["Am"], ["F", "G"], ["Am"], ["F", "G"]]


@pytest.mark.parametrize(
    ("music", "complaint"),
    [
        (MusicOptions(), "nothing is to be written"),
        (MusicOptions(infill=(parse_infill("bass:1"),)), "no stem of that role"),
        (MusicOptions(infill=(parse_infill("keys:5"),)), "bars lie between 1 and 4"),
        (MusicOptions(infill=(parse_infill("bass:1"),), parts=(parse_part("bass"),)), "there is no stem of bass"),
        (MusicOptions(parts=(parse_part("bass:keep=pitches"),)), "there is no stem of bass"),
        (MusicOptions(parts=(parse_part("bass"),), prompt_bars=(4,)), "--prompt-bars lie between 1 and 4"),
        (MusicOptions(parts=(parse_part("bass"),), genre="polka core"), "genres are rock"),
        (MusicOptions(parts=(parse_part("bass"),), is_key_locked=True), "--lock-key needs a key"),
        (MusicOptions(parts=(parse_part("bass"),), are_chords_locked=True), "--lock-chords needs chords"),
        (MusicOptions(continue_bars=16), "1 to 16 bars"),
    ],
)
def test_options_that_do_not_fit_together_are_refused(music: MusicOptions, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        build_request(music, STEMS)


@pytest.mark.parametrize("change", [{"continue_bars": 2}, {"remix_percent": 10.0}, {"infill": (parse_infill("keys"),)}])
def test_without_stems_there_is_nothing_to_change(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="change stems: give one"):
        build_request(MusicOptions(**change), None)


@pytest.mark.parametrize("text", ["0", "2-1", "x", "-3", ""])
def test_bars_that_cannot_be_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"bars|range|number|ends"):
        parse_bars(text)


def test_how_a_request_is_drawn_can_be_changed_alone() -> None:
    request = build_request(MusicOptions(parts=(parse_part("bass"),)), STEMS)
    assert RunOptions().apply(request) == request
    changed = RunOptions(seed=9, takes=2).apply(request)
    assert (changed.seed, changed.takes, changed.canvas) == (9, 2, request.canvas)
    assert RunOptions(takes=16).apply(replace(request, candidates=12)).candidates == 4
    assert RunOptions(takes=16, candidates=2).apply(replace(request, candidates=12)).candidates == 2
