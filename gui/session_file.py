"""The session as a file: settings of parts, wishes and view, so that a restart finds everything where it was.

The music itself is in the journal. The file is small and written at most twice a second; a value that cannot be read
is left at its default.
"""

import json
import logging
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

from engine.jobs.live import PartRoute
from engine.messages import FieldSampling, Keep, PartUse, Sampling
from engine.music.groove import Groove
from engine.music.part_groove import PartGroove
from gui.piano_roll.quantise import Quantise
from gui.piano_roll.transform import Fold, Snap
from gui.session import LoopWishes, PartSettings

logger = logging.getLogger(__name__)

SCHEMA_VERSION = 2
Plain = dict[str, Any]


def plain_of_session(
    parts: tuple[PartSettings, ...],
    wishes: LoopWishes,
    *,
    front: int,
    snap: Snap,
    fold: Fold,
    quantise: Quantise,
    window: str = "",
) -> Plain:
    """Return a session as dicts, lists, numbers and strings; `window` is its place and size as Qt writes them."""
    return {
        "schema_version": SCHEMA_VERSION,
        "parts": [
            {**asdict(part), "use": part.use.value, "keep": part.keep.value, "locked": sorted(part.locked)}
            for part in parts
        ],
        "wishes": asdict(wishes),
        "front": front,
        "snap": snap.name,
        "fold": fold.name,
        "window": window,
        "quantise": {**asdict(quantise), "grid": quantise.grid.name if quantise.grid else None},
    }


def quantise_of_plain(plain: Plain) -> Quantise:
    """Read how notes were last quantised; the default where nothing was.

    Raises:
        ValueError: It is damaged.
    """
    try:
        values = _known(Quantise, plain.get("quantise", {}))
        grid = values.pop("grid", None)
        return Quantise(**values, grid=None if grid is None else Snap[grid])
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"what Q does is damaged: {error!r}") from error


def parts_of_plain(plain: Plain) -> tuple[PartSettings, ...]:
    """Read the parts' settings.

    Raises:
        ValueError: They are damaged.
    """
    try:
        return tuple(_part(entry) for entry in plain["parts"])
    except (KeyError, TypeError) as error:
        raise ValueError(f"the parts' settings are damaged: {error!r}") from error


def _part(entry: Plain) -> PartSettings:
    values = _known(PartSettings, entry)
    controls = tuple((str(name), float(value)) for name, value in values.pop("controls", ()))
    density = tuple(None if notes is None else float(notes) for notes in values.pop("bar_density", ()))
    locked = frozenset((int(onset), int(pitch)) for onset, pitch in values.pop("locked", ()))
    drums = tuple(int(key) for key in values.pop("drums", ()))
    groove = _groove(values.pop("groove", {}))
    route = PartRoute(**_known(PartRoute, values.pop("route", {})))
    use, keep = PartUse(values.pop("use", "context")), Keep(values.pop("keep", "nothing"))
    part = PartSettings(**values, controls=controls, bar_density=density, locked=locked, groove=groove, route=route)
    return replace(part, use=use, keep=keep, drums=drums)


def _groove(entry: Plain) -> PartGroove:
    values = _known(PartGroove, entry)
    template = values.pop("template", None)
    if template is not None:
        template = Groove(int(template["unit"]), tuple(template["offsets"]), tuple(template["accents"]))
    return PartGroove(**values, template=template)


def wishes_of_plain(plain: Plain) -> LoopWishes:
    """Read the wishes for the loop.

    Raises:
        ValueError: They are damaged.
    """
    try:
        values = _known(LoopWishes, plain["wishes"])
        sampling = _sampling(values.pop("sampling", {}))
        return LoopWishes(**values, sampling=sampling)
    except (KeyError, TypeError) as error:
        raise ValueError(f"the wishes are damaged: {error!r}") from error


def _sampling(entry: Plain) -> Sampling:
    if "default" not in entry:  # version 1 had one temperature for all fields
        return Sampling(default=FieldSampling(**_known(FieldSampling, entry)))
    fields_of = tuple((str(name), FieldSampling(**_known(FieldSampling, each))) for name, each in entry["fields"])
    default = FieldSampling(**_known(FieldSampling, entry["default"]))
    return Sampling(default, fields_of, float(entry["repetition_penalty"]))


def _known(kind: type, entry: Plain) -> Plain:
    """Return those values that this version knows."""
    names = {each.name for each in fields(kind)}
    return {name: value for name, value in entry.items() if name in names}


def read_session(path: Path) -> Plain:
    """Return the session file's content, {} if there is none that can be read."""
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        logger.warning("the session cannot be read: %s", error)
        return {}
    return plain if isinstance(plain, dict) else {}
