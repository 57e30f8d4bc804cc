"""Words move knobs that can be seen, and nothing else."""

import pytest

from engine.music.general_midi import DRUM_NAMES, Role
from engine.music.loop import Loop
from engine.representation.controls import GENRES, TRACK_CONTROLS
from gui.drum_words import DRUM_WORDS, drums_text
from gui.prompt_words import ADJECTIVES, GENRE_WORDS, understood
from gui.session import LoopWishes


def loop_after(text: str, loop: Loop | None = None) -> Loop:
    loop = loop or Loop()
    for change in understood(text).loop_edits:
        loop = change(loop)
    return loop


def test_a_sentence_sets_parts_loop_and_genre() -> None:
    told = understood("busy funky drums, low simple bass and soft keys, 92 bpm in D dorian, 8 bars, 6 takes")
    assert told.controls == [
        (Role.DRUMS, "density", 6),
        (Role.BASS, "mean_pitch", 28.0),
        (Role.BASS, "density", 3),
        (Role.KEYS, "mean_velocity", 64 - 6),
    ]
    assert told.roles == [Role.DRUMS, Role.BASS, Role.KEYS]
    assert told.unknown == []
    wishes = LoopWishes()
    for change in told.wish_edits:
        wishes = change(wishes)
    assert (wishes.genre, wishes.takes) == ("funk & soul", 6)
    loop = loop_after("busy funky drums, low simple bass and soft keys, 92 bpm in D dorian, 8 bars, 6 takes")
    assert (loop.tempo_bpm, str(loop.key), loop.bars) == (92.0, "D dorian", 8)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("in A minor", "A minor"),
        ("F# m", "F# minor"),
        ("Bb major", "A# major"),
        ("E harmonic minor", "E harmonic minor"),
    ],
)
def test_keys_are_read_as_musicians_write_them(text: str, key: str) -> None:
    assert str(loop_after(text).key) == key


def test_a_progression_goes_over_all_bars() -> None:
    loop = loop_after("sparse keys, chords Am F C G7", Loop(bars=8))
    assert [str(bar[0]) for bar in loop.chords] == ["Am", "F", "C", "G7"] * 2


def test_parts_behind_for_are_there_to_be_fitted() -> None:
    assert understood("sparse keys for these drums and bass").roles == [Role.KEYS]
    assert understood("keys and lead over my beat").roles == [Role.KEYS, Role.LEAD]


def test_meter_and_words_behind_the_part() -> None:
    assert str(loop_after("7/8").meter) == "7/8"
    assert understood("drums loud and busy").controls == [
        (Role.DRUMS, "mean_velocity", 112),
        (Role.DRUMS, "density", 6),
    ]


def test_what_means_nothing_is_handed_back() -> None:
    told = understood("purple drums, monophonic drums, 900 bpm")
    assert told.unknown == ["purple", "monophonic (of drums)", "900"]
    assert told.controls == []
    assert understood("").said == []


def test_all_words_lead_to_knobs_that_exist() -> None:
    for name, value in ADJECTIVES.values():
        control = TRACK_CONTROLS[name]
        assert name == "density" or control.low <= value <= control.high
    assert set(GENRE_WORDS.values()) <= set(GENRES)


@pytest.mark.parametrize(
    ("text", "drums", "controls"),
    [
        ("hi-hat", [42, 44, 46], []),
        ("16th hats", [42, 44, 46], [(Role.DRUMS, "feel", 4)]),
        ("closed hat and ride", [42, 44, 51, 53, 59], []),
        ("busy open hi-hats, kick", [46, 35, 36], [(Role.DRUMS, "density", 6)]),
        ("drums with 16th hats", [], [(Role.DRUMS, "feel", 4)]),
        ("bass for my kick", [], []),
    ],
)
def test_drums_are_asked_for_by_name(text: str, drums: list[int], controls: list[object]) -> None:
    told = understood(text)
    assert told.drums == drums
    assert told.controls == controls
    assert told.unknown == []
    assert (Role.DRUMS in told.roles) == ("my kick" not in text)


def test_named_drums_are_told_by_their_family() -> None:
    assert understood("hats").said == ["drums: only hats"]
    assert drums_text((42, 44)) == "Closed hat"
    assert drums_text((36, 56)) == "Kick, Cowbell"
    assert {key for keys in DRUM_WORDS.values() for key in keys} <= set(DRUM_NAMES)
