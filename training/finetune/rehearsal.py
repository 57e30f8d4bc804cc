"""Loops that the base itself writes: what it knows, without a file of anybody's.

A model that learns a style from few files forgets what else it could. The corpus it learned from cannot be shipped;
but the base can be asked for loops of all kinds, and to find those as likely as before is to have forgotten little.
They are watched: the curve of forgetting. If wanted, all but a fifth are learned again beside the own files
(rehearsal). They are drawn as takes are: with nothing cut off, a small model's loops are mostly noise, which would
drown the own files (10.4 bits a note beside 6.4).
"""

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.inference.generator import Generator
from engine.inference.model import LoopModel
from engine.messages import GenerationRequest, PartRequest, PartUse, TakeReady
from engine.music.general_midi import DEFAULT_PROGRAMS, Role
from engine.music.loop import Loop, Track
from engine.music.loop_json import loop_of_plain, plain_of_loop
from engine.music.timing import Meter
from engine.representation.controls import GENRES
from engine.representation.layout import training_rows
from engine.representation.sheet import Sheet
from engine.representation.vocabulary import Rows
from training.dataset import Batch, Window, draw_plan, padded

logger = logging.getLogger(__name__)

WATCHED_SHARE = 0.2
_TAKES = 8  # written at once
_ROLES = (Role.DRUMS, Role.BASS, Role.KEYS, Role.GUITAR, Role.LEAD, Role.STRINGS, Role.PAD, Role.ORGAN, Role.BRASS)
_METERS, _METER_ODDS = (Meter(4, 4), Meter(3, 4), Meter(6, 8)), (0.86, 0.07, 0.07)
_BARS, _BAR_ODDS = (2, 4, 8), (0.25, 0.6, 0.15)


def base_loops(
    model: LoopModel, count: int, *, seed: int, on_written: Callable[[int], None] | None = None
) -> list[Window]:
    """Let a model write loops of all kinds, `count` or a few more."""
    rng = np.random.default_rng((seed, 77))
    generator = Generator(model, rank=False)
    loops: list[Window] = []
    while len(loops) < count:
        request = _request(rng)
        takes = [event.take.loop for event in generator.generate(request) if isinstance(event, TakeReady)]
        loops += [_window(loop, request.genre or "") for loop in takes if loop.note_count]
        if on_written:
            on_written(len(loops))
    return loops


def _request(rng: np.random.Generator) -> GenerationRequest:
    roles = [_ROLES[index] for index in np.sort(rng.permutation(len(_ROLES))[: rng.integers(1, 5)])]
    canvas = Loop(
        _METERS[int(rng.choice(len(_METERS), p=_METER_ODDS))],
        float(rng.integers(70, 161)),
        int(rng.choice(_BARS, p=_BAR_ODDS)),
        tuple(Track(role, program=DEFAULT_PROGRAMS[role]) for role in roles),
    )
    return GenerationRequest(
        canvas,
        tuple(PartRequest(PartUse.REPLACE) for _ in roles),
        genre=GENRES[rng.integers(len(GENRES))] if rng.random() < 0.8 else None,
        seed=int(rng.integers(1 << 31)),
        takes=_TAKES,
    )


def _window(loop: Loop, genre: str) -> Window:
    return Window(Sheet.from_loop(loop), genre, is_loop=True)


def write_loops(path: Path, windows: Sequence[Window]) -> None:
    """Keep loops as JSON, whole or not at all."""
    plain = [plain_of_loop(window.sheet.to_loop()) | {"genre": window.genre} for window in windows]
    temporary = path.with_name(path.name + ".part")
    temporary.write_text(json.dumps(plain), encoding="utf-8")
    temporary.replace(path)


def read_loops(path: Path) -> list[Window] | None:
    """Return loops that were kept, None if there are none or they are damaged."""
    try:
        return [_window(loop_of_plain(plain), plain["genre"]) for plain in json.loads(path.read_text(encoding="utf-8"))]
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError) as error:
        logger.warning("%s is written anew: %s", path.name, error)
        return None


@dataclass(frozen=True, slots=True)
class LoopSource:
    """Windows of loops as a source of their own, not varied: what forgetting is watched by."""

    windows: Sequence[Window]
    max_rows: int
    seed: int

    def chunk(self, number: int) -> Sequence[Batch]:
        rng = np.random.default_rng((self.seed, number))
        found = [_rows(window, rng) for window in self.windows]
        return _batches([rows for rows in found if len(rows) <= self.max_rows])


def _rows(window: Window, rng: np.random.Generator) -> Rows:
    return training_rows(window.sheet, draw_plan(window, rng))


def _batches(sequences: list[Rows]) -> tuple[Batch, ...]:
    return (padded(sequences, max(len(rows) for rows in sequences)),) if sequences else ()
