"""Settings: what the producer wants, typed, in one JSON file; and state: what was on the screen last.

A setting's title, help and choices are metadata of its field, and the settings page is made from them. A bad value
is replaced by the default and told; unknown keys of a newer version are kept. Old files are migrated step by step
on plain dicts, and the old file stays beside the new one.
"""

import json
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass, field, fields, is_dataclass, replace
from enum import Enum
from functools import partial
from pathlib import Path
from typing import Any

from engine.errors import EngineError
from engine.music.drum_maps import DRUM_MAPS, GENERAL_MIDI, drum_map, parse_own_notes
from gui.hand_off import FILE_NAME, NAME_FIELDS, HandOffAs, HandOffOptions, check_file_name
from gui.live_settings import LiveSettings
from gui.piano_roll.habits import MouseHabits
from gui.theme import ThemeName

logger = logging.getLogger(__name__)

SCHEMA_VERSION = 1
MIN_SCALE_PERCENT, MAX_SCALE_PERCENT = 75, 200
Plain = dict[str, Any]
MIGRATIONS: dict[int, Callable[[Plain], Plain]] = {}  # from version -> how to reach the next


def _about(title: str, help: str = "", **limits: Any) -> Plain:
    """Return a field's metadata: `low` and `high` of a number, `choices` of a text, `check` that raises ValueError.

    `is_on_page` is False for what has a page of its own.
    """
    return {"title": title, "help": help, **limits}


class Motion(Enum):
    """How much moves on the screen."""

    SYSTEM = "As the desktop"
    FULL = "Smooth"
    REDUCED = "Reduced"


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings; a field's metadata says how it is shown."""

    theme: ThemeName = field(default=ThemeName.DARK, metadata=_about("Theme"))
    scale_percent: int = field(
        default=100,
        metadata=_about(
            "Size of the interface", "In percent; after a restart.", low=MIN_SCALE_PERCENT, high=MAX_SCALE_PERCENT
        ),
    )
    motion: Motion = field(
        default=Motion.SYSTEM,
        metadata=_about("Motion", "Reduced: the playhead goes from beat to beat, levels step, nothing blinks."),
    )
    middle_c_octave: int = field(
        default=3,
        metadata=_about("Middle C is C …", "3 as in Ableton Live, 5 as in FL Studio.", low=3, high=5),
    )
    mouse: MouseHabits = field(
        default=MouseHabits.LIVE,
        metadata=_about("Mouse in the roll", "What a click means; ? shows it."),
    )
    hand_off_as: HandOffAs = field(
        default=HandOffAs.FILE,
        metadata=_about("Drag and copy as", "Ctrl while dragging: one file a part; of drums, one a drum piece."),
    )
    drum_map: str = field(
        default=GENERAL_MIDI.name,
        metadata=_about(
            "Drum notes for", "The instrument that will play the drums.", choices=[m.name for m in DRUM_MAPS]
        ),
    )
    own_drum_notes: str = field(
        default="",
        metadata=_about(
            "Own drum notes",
            "General MIDI key = note of your instrument, such as 36=24, 38=26.",
            check=parse_own_notes,
        ),
    )
    file_name: str = field(
        default=FILE_NAME,
        metadata=_about(
            "Names of files", "Of " + " ".join(f"{{{name}}}" for name in NAME_FIELDS) + ".", check=check_file_name
        ),
    )
    has_tempo: bool = field(
        default=True, metadata=_about("Files tell their tempo", "Off: a dropped file takes the project's tempo.")
    )
    is_padded: bool = field(
        default=False,
        metadata=_about(
            "Hold clips open to the end", "A silent event at the loop's end, for Qtractor, which cuts at the last note."
        ),
    )
    shows_ways_out: bool = field(
        default=True, metadata=_about("Show the ways into your DAW", "The card under the roll.")
    )
    plays_at_start: bool = field(
        default=True, metadata=_about("Play the first loop", "Whether a new user hears something at once.")
    )
    offers_likenesses: bool = field(
        default=False,
        metadata=_about(
            "Offer takes that are too like a known song",
            "Off: a take that shares more with a song of training than real music by others does cannot be used.",
        ),
    )
    model: str = field(
        default="",
        metadata=_about("Model", "An installed model or a bundle's path; empty: the default. After a restart."),
    )
    threads: int = field(
        default=0, metadata=_about("Threads for writing", "0 chooses. After a restart.", low=0, high=64)
    )
    folder: str = field(default="", metadata=_about("Folder for hand-offs", "Empty: Turnaround in your Music folder."))
    live: LiveSettings = field(default_factory=LiveSettings, metadata=_about("Playing live", is_on_page=False))

    def __post_init__(self) -> None:
        for each in fields(self):
            value, low, high = getattr(self, each.name), each.metadata.get("low"), each.metadata.get("high")
            if low is not None and not low <= value <= high:
                raise ValueError(f"{each.metadata['title']} lies between {low} and {high}, not at {value}")
            if "check" in each.metadata:
                each.metadata["check"](value)
            if value not in each.metadata.get("choices", [value]):
                raise ValueError(f"{each.metadata['title']}: {value} is not known")

    @property
    def hand_off(self) -> HandOffOptions:
        """How files leave."""
        drums = drum_map(self.drum_map).with_own(parse_own_notes(self.own_drum_notes))
        return HandOffOptions(self.hand_off_as, drums, self.file_name, self.has_tempo, self.is_padded)


def read_settings(path: Path) -> tuple[Settings, tuple[str, ...], Plain]:
    """Read a settings file.

    Returns:
        The settings; one sentence for each value that could not be used; and keys that this version does not know,
        to be written back.
    """
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Settings(), (), {}
    except (OSError, ValueError) as error:
        return Settings(), (f"The settings cannot be read, so the defaults are used: {error}",), {}
    plain = migrated(plain if isinstance(plain, dict) else {})
    settings, told = _filled(Settings(), plain)
    known = {each.name for each in fields(Settings)}
    return settings, tuple(told), {key: value for key, value in plain.items() if key not in known}


def migrated(plain: Plain) -> Plain:
    """Return plain settings in today's form."""
    version = plain.get("schema_version", SCHEMA_VERSION)
    while version in MIGRATIONS:
        plain = MIGRATIONS[version](plain)
        version += 1
    return plain


def write_settings(path: Path, settings: Settings, unknown: Plain | None = None) -> None:
    """Write a settings file, whole or not at all.

    Raises:
        EngineError: It cannot be written.
    """
    plain = _plain(settings)
    write_json(path, {**(unknown or {}), "schema_version": SCHEMA_VERSION, **plain})


def write_json(path: Path, plain: Plain) -> None:
    """Write JSON, whole or not at all.

    Raises:
        EngineError: It cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        temporary.write_text(json.dumps(plain, indent=2, ensure_ascii=False), encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise EngineError(f"{path.name} cannot be written.", str(error)) from error


def _plain(value: Any) -> Any:
    """Return a value as dicts, lists, numbers and strings."""
    if is_dataclass(value):
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return value.value if isinstance(value, Enum) else value


def _filled(value: Any, plain: Plain) -> tuple[Any, list[str]]:
    """Return a dataclass with the plain values that can be used, and one sentence for each that cannot."""
    told: list[str] = []
    for each in fields(value):
        if each.name not in plain:
            continue
        default, new = getattr(value, each.name), plain[each.name]
        try:
            if is_dataclass(default) and isinstance(new, dict):
                read, more = _filled(default, new)
                told += more
            else:
                read = each.metadata.get("read", partial(_value, default))(new)
            value = replace(value, **{each.name: read})
        except (ValueError, TypeError, KeyError) as error:
            told.append(f"A setting was set back to its default: {error}.")
    return value, told


def _value(default: object, value: object) -> object:
    """Return a value as the type of its default."""
    if isinstance(default, Enum):
        return type(default)(value)
    if type(value) is not type(default):
        raise ValueError(f"{value!r} is of the wrong kind")
    return value
