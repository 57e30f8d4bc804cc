"""`--part ROLE:field=value` is read field by field, and what cannot be read is told with what could."""

import re
from typing import get_type_hints

import pytest

from engine.cli.generate_command import generate
from engine.cli.part_options import FIELDS, PartOption, parse_bounds, parse_part, parse_role
from engine.messages import Keep
from engine.music.general_midi import ROLES, Role


def test_a_role_alone_asks_for_nothing_else() -> None:
    assert parse_part("keys") == PartOption(Role.KEYS)


def test_every_field_of_the_example_is_read() -> None:
    part = parse_part("keys:program=4:polyphony=1-4:feel=4:rhythm=x..x..x.x..x..x.:range=48-72:density=6")
    assert part.program == 4
    assert part.rhythm == "x..x..x.x..x..x."
    assert dict(part.controls) == {
        "polyphony_min": 1,
        "polyphony_max": 4,
        "feel": 4,
        "lowest_pitch": 48,
        "highest_pitch": 72,
        "density": 6,
    }


@pytest.mark.parametrize(
    ("text", "controls"),
    [
        ("keys:polyphony=1", {"polyphony_max": 1}),
        ("keys:polyphony=2-", {"polyphony_min": 2}),
        ("bass:range=28-", {"lowest_pitch": 28}),
        ("bass:range=-40", {"highest_pitch": 40}),
        ("lead:feel=16ths", {"feel": 4}),
        ("lead:feel=Human", {"feel": 12}),
        ("lead:duration=8th", {"duration_class": 3}),
        (
            "lead:velocity=90:dynamics=12:repetition=0.5",
            {"mean_velocity": 90, "velocity_spread": 12, "repetition": 0.5},
        ),
        ("lead:mean_pitch=72", {"mean_pitch": 72}),
    ],
)
def test_values_are_read_as_people_mean_them(text: str, controls: dict[str, float]) -> None:
    assert dict(parse_part(text).controls) == controls


def test_density_may_be_told_bar_by_bar() -> None:
    assert parse_part("drums:density=4,,8").bar_density == (4.0, None, 8.0)


def test_what_is_kept_and_the_name_are_read() -> None:
    assert parse_part("keys:keep=rhythm:name=My Rhodes") == PartOption(Role.KEYS, name="My Rhodes", keep=Keep.RHYTHM)


@pytest.mark.parametrize("role", ROLES)
def test_every_role_is_known_by_its_name(role: Role) -> None:
    assert parse_role(role.value.upper()) is role


def test_words_that_tell_a_role_are_understood() -> None:
    assert parse_role("piano") is Role.KEYS


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("zither", "roles are drums, bass, keys"),
        ("keys:colour=blue", "fields are density, polyphony, range, program"),
        ("keys:density", "is not written field=value"),
        ("keys:density=many", '"many" is not a number'),
        ("keys:density=900", "density lies between 0.5 and 64, not 900"),
        ("keys:density=4,-1", "notes a bar lie between"),
        ("keys:range=60-40", "ends before it begins"),
        ("keys:range=-", "is not a range"),
        ("keys:range=c3-c4", "is not a whole number"),
        ("keys:range=20-200", "highest note lies between 0 and 127"),
        ("keys:polyphony=0", "voices, at most lies between 1 and 6"),
        ("keys:program=128", "between 0 and 127"),
        ("keys:feel=groovy", "is none of quarters, half triplets"),
        ("keys:keep=everything", "it is one of nothing, rhythm, pitches"),
        ("keys:density=4:density=5", "density is asked twice"),
    ],
)
def test_mistakes_name_what_there_is(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        parse_part(text)


def test_bounds_of_one_number_are_both() -> None:
    assert parse_bounds("3") == (3, 3)


def test_help_names_every_field() -> None:
    help_text = get_type_hints(generate, include_extras=True)["part"].__metadata__[0].help
    assert all(re.search(rf"\b{field}\b", help_text) for field in FIELDS)
