"""The wave of a sound, as a picture in a row and behind the notes that were heard in it."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QLineF, QRect
from PySide6.QtGui import QColor, QPainter, QPen

from engine.music.heard import HeardStem
from engine.music.timing import seconds_from_ticks
from gui.material_row import StemRow
from gui.piano_roll.painting import Scene
from gui.theme import mixed

SHARE_OF_COLOR = 0.42


def paint_wave(
    painter: QPainter, stem: HeardStem, start_seconds: float, end_seconds: float, place: QRect, color: QColor
) -> None:
    """Paint a stretch of a sound into a rectangle; what lies outside the sound stays empty."""
    edges = np.linspace(start_seconds, end_seconds, place.width() + 1) / max(stem.seconds, 1e-6) * len(stem.peaks)
    columns = np.floor(edges).astype(np.int64)
    inside = np.flatnonzero((columns[:-1] >= 0) & (columns[:-1] < len(stem.peaks)))
    if not len(inside):
        return
    low, high = _extremes(stem.peaks, columns[inside], columns[inside + 1])
    loudest = max(float(np.abs(stem.peaks).max(initial=0.0)), 1e-6)
    middle, reach = place.center().y() + 0.5, place.height() / 2 - 3
    painter.setPen(QPen(color, 1))
    painter.drawLines(
        [
            QLineF(place.left() + x + 0.5, middle - up / loudest * reach - 0.5, place.left() + x + 0.5,
                   middle - down / loudest * reach + 0.5)
            for x, down, up in zip(inside.tolist(), low.tolist(), high.tolist(), strict=True)
        ]
    )  # fmt: skip


def _extremes(
    peaks: npt.NDArray[np.float32], first: npt.NDArray[np.int64], last: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Return the lowest and the highest sample of stretches of peaks, at least one peak each."""
    bounds = np.stack([first, np.minimum(np.maximum(last, first + 1), len(peaks))], axis=1).ravel()
    padded = np.concatenate([peaks, np.zeros((1, 2), np.float32)])  # so that a bound may lie at the end
    return np.minimum.reduceat(padded[:, 0], bounds)[::2], np.maximum.reduceat(padded[:, 1], bounds)[::2]


@dataclass(frozen=True, slots=True)
class Wave:
    """Paints the wave behind the notes of a roll.

    Attributes:
        row: The sound.
        first_bar: The bar of it that is the roll's first, 0 for bar 1.
    """

    row: StemRow
    first_bar: int

    def paint(self, painter: QPainter, scene: Scene, area: QRect) -> None:
        stem, timing = self.row.stem, self.row.timing
        if stem is None:
            return
        begin = self.first_bar * timing.meter.ticks_per_bar

        def seconds(x_px: float) -> float:
            tick = min(scene.time.tick_of(x_px), float(scene.loop.length))
            return timing.bar_one_seconds + seconds_from_ticks(begin + tick, timing.tempo_bpm)

        left, right = (
            int(max(area.left(), scene.time.x_of(0))),
            int(min(area.right() + 1, scene.time.x_of(scene.loop.length))),
        )
        place = QRect(left, area.top(), right - left, area.height())
        color = mixed(QColor(scene.theme.row), scene.theme.role(self.row.role), SHARE_OF_COLOR / 2)
        paint_wave(painter, stem, seconds(left), seconds(right), place, color)
