"""Recipes: a whole `GenerationRequest` as JSON, to be kept, changed by hand and run again.

The file is made from the dataclasses themselves, field by field, so that nothing of a request can be forgotten: a
recipe read back is equal to the request that was written. Meters, keys and chords are written as musicians do
("7/8", "A minor", "Am"), notes as [onset, pitch, duration, velocity] in ticks. A field that is left out has its
default; a field that does not exist is an error, because it was meant.
"""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import StrEnum
from pathlib import Path
from types import UnionType
from typing import Any, cast, get_args, get_origin, get_type_hints

from engine.errors import RequestError
from engine.messages import GenerationRequest
from engine.music.harmony import Chord, Key
from engine.music.loop import Note
from engine.music.timing import Meter

SCHEMA_VERSION = 1
_FORMAT = "turnaround recipe"
_MAX_BYTES = 16 << 20
_WORDS = (Meter, Key, Chord)  # written as text that their `parse` reads
# A list of numbers over several lines; no string of JSON has a line break in it.
_NUMBERS = re.compile(r"\[\n\s+(-?[\d.]+(?:,\n\s+-?[\d.]+)*)\n\s+\]")


def recipe_text(request: GenerationRequest) -> str:
    """Return a request as the text of a recipe, JSON with one note a line."""
    document = {"format": _FORMAT, "version": SCHEMA_VERSION, "request": _plain(request)}
    text = json.dumps(document, indent=2, ensure_ascii=False)
    return _NUMBERS.sub(_on_one_line, text) + "\n"


def request_of_recipe(text: str, *, name: str = "The recipe") -> GenerationRequest:
    """Read the text of a recipe.

    Args:
        text: JSON.
        name: What to call it in errors, such as the file's name.

    Raises:
        RequestError: It is not JSON, no recipe, of a newer version, or asks for what cannot be.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RequestError(f"{name} is no recipe: it is not JSON.", str(error)) from error
    if not isinstance(document, dict) or cast(dict[str, Any], document).get("format") != _FORMAT:
        raise RequestError(f"{name} is no recipe.", f'A recipe says "format": "{_FORMAT}".')
    entries = cast(dict[str, Any], document)
    if entries.get("version") != SCHEMA_VERSION:
        raise RequestError(
            f"{name} is a recipe of version {entries.get('version')!r}, this program reads {SCHEMA_VERSION}.",
            "Update Turnaround.",
        )
    try:
        return cast(GenerationRequest, _value(GenerationRequest, entries.get("request"), "request"))
    except (ValueError, TypeError, OverflowError) as error:
        raise RequestError(f"{name} cannot be used:", f"{error}.") from error


def write_recipe(request: GenerationRequest, path: str | Path) -> None:
    """Write a recipe, whole or not at all.

    Raises:
        RequestError: The file cannot be written.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        temporary.write_text(recipe_text(request), encoding="utf-8", newline="\n")
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise RequestError(f"{path.name} cannot be written: {error.strerror or error}.") from error


def read_recipe(path: str | Path) -> GenerationRequest:
    """Read a recipe file.

    Raises:
        RequestError: It cannot be read, or is no recipe that can be used.
    """
    path = Path(path)
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise RequestError(f"{path.name} is too large for a recipe.")
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise RequestError(f"{path.name} cannot be read: {reason}.") from error
    return request_of_recipe(text, name=path.name)


def _on_one_line(numbers: re.Match[str]) -> str:
    return "[" + " ".join(numbers[1].split()) + "]"


def _plain(value: Any) -> Any:
    """Return a value as JSON can hold it."""
    if isinstance(value, _WORDS):
        return str(value)
    if isinstance(value, Note):
        return [value.onset, value.pitch, value.duration, value.velocity]
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, tuple):
        return [_plain(item) for item in cast(tuple[Any, ...], value)]
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    return value


def _value(kind: Any, plain: Any, where: str) -> Any:
    """Return what JSON holds as a value of the type that a field is declared with."""
    if isinstance(kind, UnionType):
        return None if plain is None else _value(get_args(kind)[0], plain, where)
    if get_origin(kind) is tuple:
        return _tuple(get_args(kind), plain, where)
    if kind in _WORDS:
        return kind.parse(_expect(str, plain, where))
    if kind is Note:
        return _note(plain, where)
    if is_dataclass(kind):
        return _record(cast(type, kind), plain, where)
    if issubclass(kind, StrEnum):
        return _choice(kind, plain, where)
    if kind is float:
        return float(_expect(float, plain, where))
    return _expect(kind, plain, where)


def _expect(kind: type, plain: Any, where: str) -> Any:
    accepted = (int, float) if kind is float else kind
    if not isinstance(plain, accepted) or (isinstance(plain, bool) and kind is not bool):
        names = {str: "text", float: "a number", int: "a whole number", bool: "true or false", list: "a list"}
        raise ValueError(f"{where} is {json.dumps(plain)[:40]} but must be {names.get(kind, 'a set of fields')}")
    return plain


def _tuple(kinds: tuple[Any, ...], plain: Any, where: str) -> tuple[Any, ...]:
    items = cast(list[Any], _expect(list, plain, where))
    if kinds[-1] is ...:
        return tuple(_value(kinds[0], item, f"{where}[{index}]") for index, item in enumerate(items))
    if len(items) != len(kinds):
        raise ValueError(f"{where} has {len(items)} values instead of {len(kinds)}")
    return tuple(_value(kind, item, f"{where}[{i}]") for i, (kind, item) in enumerate(zip(kinds, items, strict=True)))


def _note(plain: Any, where: str) -> Note:
    numbers = _tuple((int, int, int, int), plain, where)
    return Note(*numbers)


def _choice(kind: type[StrEnum], plain: Any, where: str) -> StrEnum:
    names = [choice.value for choice in kind]
    if plain not in names:
        raise ValueError(f"{where} is {json.dumps(plain)[:40]} but must be one of {', '.join(names)}")
    return kind(plain)


def _record(kind: type, plain: Any, where: str) -> Any:
    entries = cast(Mapping[str, Any], _expect(dict, plain, where))
    hints = get_type_hints(kind)
    known = {field.name: field for field in fields(kind)}
    unknown = [name for name in entries if name not in known]
    if unknown:
        raise ValueError(f'{where} has no field "{unknown[0]}"; its fields are {", ".join(known)}')
    missing = [
        name
        for name, field in known.items()
        if name not in entries and field.default is MISSING and field.default_factory is MISSING
    ]
    if missing:
        raise ValueError(f"{where} lacks {missing[0]}")
    values = {name: _value(hints[name], plain, f"{where}.{name}") for name, plain in entries.items()}
    return kind(**values)
