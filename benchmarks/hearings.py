"""What the program hears in rendered sounds, in several processes, kept in a folder where one is named.

A hearing is kept under the digest of its samples and of the code that heard it: where either changed it is heard anew.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import astuple
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np

import engine.audio
from benchmarks.rendered_sounds import TimedSound
from engine.audio.onsets import begins_amid
from engine.audio.reading import MODEL_RATE, Samples, Sound
from engine.audio.transcribing import heard
from engine.music.general_midi import Role
from engine.music.heard import HeardNote, HeardStem, TempoGuess
from engine.music.tempo import DEFAULT_TEMPO_BPM

_AT_ONCE = 16


def hearings(
    sounds: Iterable[TimedSound], *, processes: int, cache: Path | None = None
) -> Iterator[tuple[TimedSound, HeardStem]]:
    """Yield sounds and what is heard in each, in order.

    Args:
        sounds: Rendered as they are needed, a few at once.
        processes: In which they are heard, one thread each.
        cache: A folder outside the project; None keeps nothing.
    """
    code = _digest_of_code()
    remaining = iter(sounds)
    with ProcessPoolExecutor(processes) as pool:
        while some := list(islice(remaining, _AT_ONCE)):
            hearing = partial(_hearing, code=code, cache=cache)
            yield from zip(some, pool.map(hearing, [s.samples for s in some], [s.role for s in some]), strict=True)


def _hearing(samples: Samples, role: Role | None, *, code: bytes, cache: Path | None) -> HeardStem:
    if cache is None:
        return _heard(samples, role)
    digest = hashlib.sha256(code + str(role).encode() + samples.tobytes()).hexdigest()
    path = cache / f"{digest}.json"
    if not path.exists():
        stem = _heard(samples, role)
        cache.mkdir(parents=True, exist_ok=True)
        kept = {"role": stem.role.value, "notes": _rows(stem.notes), "strokes": _rows(stem.strokes)}
        path.write_text(json.dumps(kept), encoding="utf-8")
    kept = json.loads(path.read_text(encoding="utf-8"))
    notes, strokes = (tuple(HeardNote(*row) for row in kept[part]) for part in ("notes", "strokes"))
    untimed, no_picture = TempoGuess(DEFAULT_TEMPO_BPM, 0.0, 0.0), np.zeros((0, 2), np.float32)
    seconds = len(samples) / MODEL_RATE
    role = Role(kept["role"])
    return HeardStem("stem", role, notes, seconds, untimed, None, no_picture, strokes, begins_amid(samples))


def _heard(samples: Samples, role: Role | None) -> HeardStem:
    return heard(Sound(samples, MODEL_RATE, MODEL_RATE, 1), "stem", role=role, threads=1)


def _rows(notes: Iterable[HeardNote]) -> list[tuple[object, ...]]:
    return [astuple(note) for note in notes]


def _digest_of_code() -> bytes:
    """Return the digest of all that hears: time is told from a hearing and is no part of it."""
    digest = hashlib.sha256()
    for folder in engine.audio.__path__:
        for path in sorted(Path(folder).glob("*.py")):
            digest.update(path.read_bytes())
    return digest.digest()
