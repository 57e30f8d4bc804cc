"""What loops are compared by: counts of what they play, in the directions that tell songs apart.

A loop is counted: roles, programs, places in the bar, pitches, durations, velocities of its notes, in the values of
the bar encoder's rows. Each of the six is a row of square roots of counts, to length 1. 128 directions in this space
were fitted on pairs of loops of one song, so that what varies within a song counts little and what varies between
songs counts much (`training.similarity`). It finds loops of one song better than a small trained network does, and
turned, transposed and louder versions as surely: `docs/evaluation.md` has both. Counts have no order, and music cannot
be read out of them.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from engine.errors import EngineError
from engine.representation.bars import BAR_COLUMN_SIZES, BarColumn, bar_tokens
from engine.representation.sheet import Sheet
from engine.representation.vocabulary import vocabulary_hash

FILE_NAME = "loops.npz"
VERSION, WIDTH = 1, 128
COUNTED = tuple(column for column in BarColumn if column is not BarColumn.TEMPO)
COUNTS = sum(BAR_COLUMN_SIZES[column] - 1 for column in COUNTED)

FloatArray = npt.NDArray[np.float32]


def loop_counts(sheet: Sheet) -> npt.NDArray[np.float64]:
    """Return what a loop plays, float64 [COUNTS]; all zero if it plays nothing."""
    notes = bar_tokens(sheet)[:, 1:]
    parts: list[npt.NDArray[np.float64]] = []
    for column in COUNTED:
        counts = np.bincount(notes[..., column].ravel(), minlength=BAR_COLUMN_SIZES[column])[1:]
        parts.append(np.sqrt(counts / max(1, counts.sum())))
    return np.concatenate(parts)


class LoopSpace:
    """The directions.

    Args:
        middle: float32 [COUNTS], the counts of a usual loop.
        axes: float32 [COUNTS, WIDTH].
    """

    def __init__(self, middle: FloatArray, axes: FloatArray) -> None:
        self.middle, self.axes = middle, axes
        self.identity = hashlib.sha256(middle.tobytes() + axes.tobytes()).hexdigest()[:16]

    @property
    def width(self) -> int:
        """Numbers of a loop's vector; vectors of two spaces, told apart by `identity`, mean nothing to each other."""
        return self.axes.shape[1]

    def loop_vectors(self, sheets: Sequence[Sheet]) -> FloatArray:
        """Return unit vectors, float32 [N, width]; their products tell how alike loops are."""
        if not sheets:
            return np.zeros((0, self.width), np.float32)
        vectors = (np.array([loop_counts(sheet) for sheet in sheets]) - self.middle) @ self.axes
        return (vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)).astype(np.float32)

    @classmethod
    def open(cls, path: Path) -> "LoopSpace":
        """Read one.

        Raises:
            EngineError: It is missing, damaged, or of another version.
        """
        try:
            with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as stored:
                about = json.loads(stored["about"].tobytes())
                middle, axes = stored["middle"].astype(np.float32), stored["axes"].astype(np.float32)
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise EngineError(f"{path.name}, by which loops are compared, cannot be read.", str(path)) from error
        if about != _about() or middle.shape != (COUNTS,) or axes.shape != (COUNTS, WIDTH):
            raise EngineError(f"{path.name} was made for another version of Turnaround.", "Install Turnaround again.")
        return cls(middle, axes)

    def save(self, path: Path) -> None:
        """Write it, in half precision, whole or not at all."""
        about = np.frombuffer(json.dumps(_about()).encode(), np.uint8)
        buffer = io.BytesIO()
        np.savez_compressed(
            buffer, about=about, middle=self.middle.astype(np.float16), axes=self.axes.astype(np.float16)
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(path.name + ".part")
        fresh.write_bytes(buffer.getvalue())
        fresh.replace(path)


def _about() -> dict[str, object]:
    return {"version": VERSION, "vocabulary": vocabulary_hash()}
