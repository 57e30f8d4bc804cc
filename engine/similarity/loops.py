"""What loops are compared by: counts of what they play, and what a small network hears in their bars, side by side.

A loop is counted: roles, programs, places in the bar, pitches, durations, velocities of its notes, in the values of
the bar encoder's rows. Each of the six is a row of square roots of counts, to length 1. 128 directions in this space
were fitted on pairs of loops of one song, so that what varies within a song counts little and what varies between
songs counts much (`training.similarity`). Beside them stands the mean of the vectors that the encoder gives to the
loop's bars (`training.encoder.train_song`); the tempo is not told to it. Together they find loops of one song better
than either does, and a loop in another key as surely as counts do: `docs/evaluation.md` has all three. Neither knows
the order of notes, and music cannot be read out of them.
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
from engine.similarity.bar_encoder import BarEncoder

FILE_NAME, ENCODER = "loops.npz", "encoder"
VERSION, WIDTH = 1, 128
BESIDE = 0.7  # weight of what the network hears beside the counts, chosen on the valid split
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
    """The directions, and the encoder.

    Args:
        middle: float32 [COUNTS], the counts of a usual loop.
        axes: float32 [COUNTS, WIDTH].
        encoder: What hears the bars; None: counts alone.
    """

    def __init__(self, middle: FloatArray, axes: FloatArray, encoder: BarEncoder | None = None) -> None:
        self.middle, self.axes, self._encoder = middle, axes, encoder
        of_encoder = f"{encoder.info.identity} {BESIDE}" if encoder else ""
        self.identity = hashlib.sha256(middle.tobytes() + axes.tobytes() + of_encoder.encode()).hexdigest()[:16]

    @property
    def width(self) -> int:
        """Numbers of a loop's vector; vectors of two spaces, told apart by `identity`, mean nothing to each other."""
        return self.axes.shape[1] + (self._encoder.info.width if self._encoder else 0)

    def loop_vectors(self, sheets: Sequence[Sheet]) -> FloatArray:
        """Return unit vectors, float32 [N, width]; their products tell how alike loops are."""
        counts = self.count_vectors(sheets)
        return unit(side_by_side(counts, self.heard_vectors(sheets), BESIDE)) if self._encoder else counts

    def count_vectors(self, sheets: Sequence[Sheet]) -> FloatArray:
        """Return unit vectors of the counts alone, float32 [N, WIDTH]."""
        counts = np.array([loop_counts(sheet) for sheet in sheets]).reshape(-1, COUNTS)
        return unit((counts - self.middle) @ self.axes)

    def heard_vectors(self, sheets: Sequence[Sheet]) -> FloatArray:
        """Return unit vectors of what the encoder hears alone, float32 [N, its width]."""
        if self._encoder is None:
            return np.zeros((len(sheets), 0), np.float32)
        heard = [bars.mean(axis=0) for bars in self._encoder.vectors_of(sheets, with_tempo=False)]
        return unit(np.array(heard).reshape(-1, self._encoder.info.width))

    @classmethod
    def open(cls, folder: Path) -> "LoopSpace":
        """Read one, with its encoder.

        Raises:
            EngineError: Either is missing, damaged, or of another version.
        """
        path = folder / FILE_NAME
        try:
            with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as stored:
                about = json.loads(stored["about"].tobytes())
                middle, axes = stored["middle"].astype(np.float32), stored["axes"].astype(np.float32)
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise EngineError(f"{path.name}, by which loops are compared, cannot be read.", str(path)) from error
        if about != _about() or middle.shape != (COUNTS,) or axes.shape != (COUNTS, WIDTH):
            raise EngineError(f"{path.name} was made for another version of Turnaround.", "Install Turnaround again.")
        return cls(middle, axes, BarEncoder(folder / ENCODER, threads=1))

    def save(self, folder: Path) -> None:
        """Write the directions, in half precision, whole or not at all."""
        about = np.frombuffer(json.dumps(_about()).encode(), np.uint8)
        buffer = io.BytesIO()
        np.savez_compressed(
            buffer, about=about, middle=self.middle.astype(np.float16), axes=self.axes.astype(np.float16)
        )
        folder.mkdir(parents=True, exist_ok=True)
        fresh = folder / f"{FILE_NAME}.part"
        fresh.write_bytes(buffer.getvalue())
        fresh.replace(folder / FILE_NAME)


def side_by_side(counts: FloatArray, heard: FloatArray, weight: float) -> FloatArray:
    """Return unit vectors of counts and of what is heard as one, [N, both widths]."""
    return np.concatenate([counts, weight * heard], axis=1)


def unit(vectors: npt.NDArray[np.floating]) -> FloatArray:
    """Return vectors [N, D] to length 1."""
    return (vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)).astype(np.float32)


def _about() -> dict[str, object]:
    return {"version": VERSION, "vocabulary": vocabulary_hash()}
