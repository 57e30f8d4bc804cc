"""Reads `--part bass:density=6:range=28-48`: a role, and what is asked of the part that plays it.

Everything after the role is `field=value`. A field is one of `FIELDS`, written for people (`range`, `velocity`),
or the name of any control of the registry. Whatever cannot be read raises `ValueError` with a sentence that names
the fields there are.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from engine.messages import Keep
from engine.midi.roles import role_of_name
from engine.music.feel import FEEL_NAMES
from engine.music.general_midi import ROLES, Role
from engine.representation.controls import DURATION_CLASSES, TRACK_CONTROLS

Bounds = tuple[int | None, int | None]


@dataclass(frozen=True, slots=True)
class PartOption:
    """One `--part`.

    Attributes:
        role: What it shall do.
        name: What it shall be called; empty for the role's name.
        program: General MIDI program 0 to 127, or None.
        controls: As in `messages.PartRequest`.
        bar_density: Notes asked bar by bar; () for none.
        rhythm: Where notes may begin; "" for anywhere.
        keep: What of the notes that are there stays.
    """

    role: Role
    name: str = ""
    program: int | None = None
    controls: tuple[tuple[str, float], ...] = ()
    bar_density: tuple[float | None, ...] = ()
    rhythm: str = ""
    keep: Keep = Keep.NOTHING

    def with_control(self, name: str, value: float) -> "PartOption":
        """Return the option with one more control asked; asking twice is refused."""
        if name in dict(self.controls):
            raise ValueError(f"{name} is asked twice")
        return replace(self, controls=(*self.controls, (name, value)))


def parse_role(text: str) -> Role:
    """Read a role, or a word that tells one, such as "piano".

    Raises:
        ValueError: It tells no role.
    """
    word = text.strip().casefold()
    role = next((role for role in ROLES if role.value == word), None) or role_of_name(word)
    if role is None:
        raise ValueError(f'"{text}" is no role; roles are {", ".join(ROLES)}')
    return role


def parse_part(text: str) -> PartOption:
    """Read `ROLE[:field=value…]`.

    Raises:
        ValueError: A role, field or value is unknown.
    """
    role, *settings = text.split(":")
    part = PartOption(parse_role(role))
    for setting in settings:
        field, equals, value = setting.partition("=")
        if not equals:
            raise ValueError(f'"{setting}" in "{text}" is not written field=value')
        part = _apply(part, field.strip().casefold(), value.strip())
    return part


def parse_bounds(text: str) -> Bounds:
    """Read "28-48", "28-" or "-48"; one number alone is both."""
    low, dash, high = text.partition("-")
    bounds = (_whole(low) if low.strip() else None, _whole(high) if high.strip() else None)
    if not dash:
        bounds = (bounds[0], bounds[0])
    if bounds == (None, None):
        raise ValueError(f'"{text}" is not a range; write it like 28-48')
    if bounds[0] is not None and bounds[1] is not None and bounds[0] > bounds[1]:
        raise ValueError(f'"{text}" ends before it begins')
    return bounds


def _whole(text: str) -> int:
    if not text.strip().isdecimal():
        raise ValueError(f'"{text}" is not a whole number')
    return int(text)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise ValueError(f'"{text}" is not a number') from error


def _apply(part: PartOption, field: str, value: str) -> PartOption:
    if field in FIELDS:
        return FIELDS[field](part, value)
    if field in TRACK_CONTROLS:
        return _with_value(part, field, _number(value))
    raise ValueError(f'"{field}" is no field of a part; fields are {", ".join([*FIELDS, *_MORE_CONTROLS])}')


def _with_value(part: PartOption, control: str, value: float) -> PartOption:
    known = TRACK_CONTROLS[control]
    if not known.low <= value <= known.high:
        raise ValueError(f"{known.label.lower()} lies between {known.low:g} and {known.high:g}, not {value:g}")
    return part.with_control(control, value)


def _density(part: PartOption, text: str) -> PartOption:
    if "," not in text:
        return _with_value(part, "density", _number(text))
    bars = tuple(_number(bar) if bar.strip() else None for bar in text.split(","))
    if any(bar is not None and not 0 <= bar <= TRACK_CONTROLS["density"].high for bar in bars):
        raise ValueError(f'"{text}": notes a bar lie between 0 and {TRACK_CONTROLS["density"].high:g}')
    return replace(part, bar_density=bars)


def _between(low_name: str, high_name: str) -> Callable[[PartOption, str], PartOption]:
    def apply(part: PartOption, text: str) -> PartOption:
        for name, bound in zip((low_name, high_name), parse_bounds(text), strict=True):
            part = part if bound is None else _with_value(part, name, bound)
        return part

    return apply


def _polyphony(part: PartOption, text: str) -> PartOption:
    """Read "1-4"; one number alone is the most, for nobody means "at least 3" by 3."""
    return _between("polyphony_min", "polyphony_max")(part, text if "-" in text else f"-{text}")


def _named(control: str, names: tuple[str, ...]) -> Callable[[PartOption, str], PartOption]:
    def apply(part: PartOption, text: str) -> PartOption:
        word = text.casefold()
        if word in names:
            return _with_value(part, control, names.index(word))
        if not word.isdecimal():
            raise ValueError(f'"{text}" is none of {", ".join(names)}, nor the number of one')
        return _with_value(part, control, int(word))

    return apply


def _value_of(control: str) -> Callable[[PartOption, str], PartOption]:
    return lambda part, text: _with_value(part, control, _number(text))


def _program(part: PartOption, text: str) -> PartOption:
    number = _whole(text)
    if number > 127:
        raise ValueError(f"a program lies between 0 and 127, not {number}")
    return replace(part, program=number)


def _keep(part: PartOption, text: str) -> PartOption:
    names = [keep.value for keep in Keep]
    if text.casefold() not in names:
        raise ValueError(f'"{text}" cannot be kept; it is one of {", ".join(names)}')
    return replace(part, keep=Keep(text.casefold()))


FIELDS: Mapping[str, Callable[[PartOption, str], PartOption]] = {
    "density": _density,
    "polyphony": _polyphony,
    "range": _between("lowest_pitch", "highest_pitch"),
    "program": _program,
    "feel": _named("feel", FEEL_NAMES),
    "rhythm": lambda part, text: replace(part, rhythm=text),
    "velocity": _value_of("mean_velocity"),
    "dynamics": _value_of("velocity_spread"),
    "repetition": _value_of("repetition"),
    "duration": _named("duration_class", DURATION_CLASSES),
    "keep": _keep,
    "name": lambda part, text: replace(part, name=text),
}
_MORE_CONTROLS = tuple(name for name in TRACK_CONTROLS if name not in FIELDS)
