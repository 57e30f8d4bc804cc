"""Paints rows, grid and notes from a `Scene`; no widget, no state.

Notes are culled with NumPy and drawn with one `drawRects` a colour: 5,000 notes repaint in a few milliseconds.
Colours are opaque mixtures, chosen by velocity in four steps; so nothing is blended.
"""

import math
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPen

from engine.music.harmony import PITCH_CLASS_NAMES
from engine.music.loop import Loop
from gui.piano_roll.cursor import Cursor
from gui.piano_roll.hit_test import DRUM_HIT_PX, PartTable
from gui.piano_roll.selection import NoteRef, Selection, notes_by_part
from gui.piano_roll.transform import RowAxis, RowMap, TimeAxis, drum_name
from gui.theme import Theme, mixed

VELOCITY_SHADES = 4
FAINTEST_SHARE = 0.45  # how far the softest note sinks into the background
SEAM_SHARE = 0.74
MIN_LINE_GAP_PX = 7.0
MORE_PX = 10
BLACK_KEYS = frozenset({1, 3, 6, 8, 10})


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything that one pane shows.

    Attributes:
        loop: The loop, for meter, length, key and roles.
        rows, time, axis: Where things lie.
        theme: Colours.
        front: Index of the part in front; the others are ghosts.
        step_ticks: Spacing of the finest grid lines.
        middle_c_octave: 3 or 4.
    """

    loop: Loop
    rows: RowMap
    time: TimeAxis
    axis: RowAxis
    theme: Theme
    front: int
    step_ticks: int
    middle_c_octave: int = 3


def pitch_name(pitch: int, middle_c_octave: int = 3) -> str:
    """Return a name such as "C#3"; `middle_c_octave` is the octave of pitch 60."""
    return f"{PITCH_CLASS_NAMES[pitch % 12]}{pitch // 12 - 5 + middle_c_octave}"


def paint_ground(painter: QPainter, scene: Scene, area: QRect) -> None:
    """Paint rows and grid lines of an area right of the gutter."""
    painter.fillRect(area, QColor(scene.theme.row_off))
    _paint_rows(painter, scene, area)
    _paint_grid(painter, scene, area)
    _paint_after_end(painter, scene, area)


def _paint_rows(painter: QPainter, scene: Scene, area: QRect) -> None:
    theme, axis, rows = scene.theme, scene.axis, scene.rows
    first = max(0, axis.row_of(area.top()))
    last = min(len(rows.pitches) - 1, axis.row_of(area.bottom()))
    in_scale, tonic, octave_lines = [], [], []
    key = scene.loop.key
    for row in range(first, last + 1):
        pitch = rows.pitches[row]
        rect = QRectF(area.left(), axis.y_of(row), area.width(), axis.row_px - 1)
        if not rows.is_drums and key is not None and pitch % 12 == key.tonic:
            tonic.append(rect)
        elif _is_bright(scene, pitch, row):
            in_scale.append(rect)
        if not rows.is_drums and pitch % 12 == 0:
            octave_lines.append(QLineF(rect.left(), rect.bottom(), rect.right(), rect.bottom()))
    painter.setPen(Qt.PenStyle.NoPen)
    for color, rects in ((theme.row, in_scale), (theme.row_tonic, tonic)):
        painter.setBrush(QColor(color))
        painter.drawRects(rects)
    painter.setPen(QPen(QColor(theme.beat_line), 1))
    painter.drawLines(octave_lines)


def _is_bright(scene: Scene, pitch: int, row: int) -> bool:
    if scene.rows.is_drums:
        return row % 2 == 0
    if scene.loop.key is not None:
        return pitch % 12 in scene.loop.key.pitch_classes
    return pitch % 12 not in BLACK_KEYS


def _paint_grid(painter: QPainter, scene: Scene, area: QRect) -> None:
    meter, time = scene.loop.meter, scene.time
    start = max(0.0, time.tick_of(area.left()))
    end = min(float(scene.loop.length), time.tick_of(area.right() + 1))
    bar = meter.ticks_per_bar
    painter.setPen(Qt.PenStyle.NoPen)
    for unit, color in (
        (scene.step_ticks, scene.theme.step_line),
        (meter.ticks_per_beat, scene.theme.beat_line),
        (bar, scene.theme.bar_line),
    ):
        while unit * time.px_per_tick < MIN_LINE_GAP_PX and 2 * unit < meter.ticks_per_beat:
            unit *= 2  # a grid too fine to be seen shows the next coarser one, not none
        if unit * time.px_per_tick < MIN_LINE_GAP_PX:
            continue
        painter.setBrush(QColor(color))
        painter.drawRects(_lines(time, unit=unit, bar=bar, span=(start, end), area=area))


def _lines(time: TimeAxis, *, unit: int, bar: int, span: tuple[float, float], area: QRect) -> list[QRect]:
    """Return vertical lines every `unit` ticks, counted anew from each bar line (7/8 has odd rests).

    They are rectangles a pixel wide: those are painted in half the time of lines.
    """
    bars = np.arange(int(span[0] // bar) * bar, math.ceil(span[1]) + 1, bar)
    ticks = (bars[:, None] + np.arange(0, bar, unit)).ravel()
    ticks = ticks[(ticks >= span[0]) & (ticks <= span[1])]
    columns = np.rint(time.gutter_px + (ticks - time.left_tick) * time.px_per_tick).astype(np.int64).tolist()
    return [QRect(x, area.top(), 1, area.height()) for x in columns]


def _paint_after_end(painter: QPainter, scene: Scene, area: QRect) -> None:
    end_x = scene.time.x_of(scene.loop.length)
    if end_x < area.right():
        beyond = QRectF(max(end_x, area.left()), area.top(), area.right() - max(end_x, area.left()) + 1, area.height())
        painter.fillRect(beyond, QColor(scene.theme.window))
    if area.left() <= end_x <= area.right():
        painter.setPen(QPen(QColor(scene.theme.accent), 2))
        painter.drawLine(QLineF(end_x, area.top(), end_x, area.bottom()))


def paint_notes(painter: QPainter, scene: Scene, tables: tuple[PartTable, ...], area: QRect) -> None:
    """Paint the notes of all parts and the seam's echo: ghosts first, then the part in front."""
    for table in sorted(tables, key=lambda table: table.part == scene.front):
        is_behind = table.part != scene.front and not scene.rows.is_drums
        track = scene.loop.tracks[table.part]
        color = scene.theme.part_behind(track) if is_behind else scene.theme.part(track)
        _paint_part(painter, scene, table, area, color)
        _paint_seam(painter, scene, table, area, color)


def paint_selected(
    painter: QPainter, scene: Scene, tables: tuple[PartTable, ...], area: QRect, selection: Selection
) -> None:
    """Paint the selected notes over the others."""
    chosen = notes_by_part(selection)
    for table in tables:
        if table.part in chosen:
            _paint_selected(painter, scene, table, area, chosen[table.part])


def _paint_part(painter: QPainter, scene: Scene, table: PartTable, area: QRect, color: QColor) -> None:
    where = table.between(scene.time.tick_of(area.left() - DRUM_HIT_PX), scene.time.tick_of(area.right() + 1))
    if where.start == where.stop:
        return
    columns = _pixel_columns(scene, table, where)
    visible = (columns[1] + columns[3] >= area.top()) & (columns[1] <= area.bottom())
    shade = np.where(visible, table.velocity[where] * VELOCITY_SHADES // 128, VELOCITY_SHADES)
    order = np.argsort(shade, kind="stable")
    ends = np.searchsorted(shade, np.arange(VELOCITY_SHADES + 1), sorter=order).tolist()
    rects = list(map(QRect, *columns[:, order[: ends[-1]]].tolist()))
    ground, window = QColor(scene.theme.row), QColor(scene.theme.window)
    for level in range(VELOCITY_SHADES):
        if ends[level] == ends[level + 1]:
            continue
        fill = mixed(color, ground, FAINTEST_SHARE * (1 - level / (VELOCITY_SHADES - 1)))
        painter.setBrush(fill)
        painter.setPen(QPen(mixed(fill, window, 0.55), 1))
        painter.drawRects(rects[ends[level] : ends[level + 1]])


def _pixel_columns(scene: Scene, table: PartTable, where: slice) -> np.ndarray:
    """Return x, y, width and height of some notes, int [4, N]."""
    time, axis = scene.time, scene.axis
    x = np.rint(time.gutter_px + (table.onset[where] - time.left_tick) * time.px_per_tick).astype(np.int32)
    y = np.rint((table.row[where] - axis.top_row) * axis.row_px).astype(np.int32)
    if scene.rows.is_drums:
        width = np.full_like(x, round(DRUM_HIT_PX) - 1)
    else:
        end = np.rint(time.gutter_px + (table.end[where] - time.left_tick) * time.px_per_tick).astype(np.int32)
        width = np.maximum(end - x - 1, 2)
    height = np.full_like(x, max(2, round(axis.row_px) - 2))
    return np.stack([x, y, width, height])


def _paint_selected(painter: QPainter, scene: Scene, table: PartTable, area: QRect, notes: set) -> None:
    where = table.between(scene.time.tick_of(area.left() - DRUM_HIT_PX), scene.time.tick_of(area.right() + 1))
    columns = _pixel_columns(scene, table, where)
    rects = [
        QRect(x, y, w, h)
        for (x, y, w, h), note in zip(columns.T.tolist(), table.notes[where], strict=True)
        if note in notes
    ]
    color = scene.theme.part(scene.loop.tracks[table.part])
    painter.setBrush(mixed(color, QColor(scene.theme.selection), 0.45))
    painter.setPen(QPen(QColor(scene.theme.selection), 2))
    painter.drawRects(rects)


def paint_locked(
    painter: QPainter,
    scene: Scene,
    tables: tuple[PartTable, ...],
    area: QRect,
    *,
    locked: tuple[frozenset[tuple[int, int]], ...],
) -> None:
    """Paint brackets around the notes that a rewrite leaves as they are."""
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(scene.theme.text))
    for table in tables:
        if table.part >= len(locked) or not locked[table.part]:
            continue
        where = table.between(scene.time.tick_of(area.left() - DRUM_HIT_PX), scene.time.tick_of(area.right() + 1))
        columns = _pixel_columns(scene, table, where).T.tolist()
        kept = [
            place
            for place, note in zip(columns, table.notes[where], strict=True)
            if (note.onset, note.pitch) in locked[table.part]
        ]
        painter.drawRects([QRect(x, y, 2, h) for x, y, _, h in kept])
        painter.drawRects([QRect(x + w - 1, y, 2, h) for x, y, w, h in kept])


def paint_out_of_sight(painter: QPainter, scene: Scene, tables: tuple[PartTable, ...], area: QRect) -> None:
    """Paint a triangle at the edge beyond which the part in front has more notes."""
    rows = np.concatenate([table.row for table in tables if table.part == scene.front] or [np.empty(0, np.int32)])
    if not len(rows):
        return
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(scene.theme.part(scene.loop.tracks[scene.front]))
    x, half = area.right() - 2 * MORE_PX, MORE_PX / 2
    if scene.axis.y_of(int(rows.min()) + 1) <= area.top():
        painter.drawPolygon([QPointF(x - half, MORE_PX + 2), QPointF(x + half, MORE_PX + 2), QPointF(x, 3)])
    if scene.axis.y_of(int(rows.max())) >= area.bottom():
        foot = area.bottom() - 3
        painter.drawPolygon([QPointF(x - half, foot - MORE_PX), QPointF(x + half, foot - MORE_PX), QPointF(x, foot)])
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)


def _paint_seam(painter: QPainter, scene: Scene, table: PartTable, area: QRect, color: QColor) -> None:
    """Paint the first beat again, dimmed, after the end: what the loop leads into."""
    end_x = scene.time.x_of(scene.loop.length)
    if end_x > area.right():
        return
    where = table.between(0, scene.loop.meter.ticks_per_beat - 1)
    columns = _pixel_columns(scene, table, where)
    shift = round(scene.loop.length * scene.time.px_per_tick)
    painter.setBrush(mixed(color, QColor(scene.theme.window), SEAM_SHARE))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.save()
    painter.setClipRect(QRectF(end_x + 1, area.top(), area.right() - end_x, area.height()))
    painter.drawRects([QRect(x + shift, y, w, h) for x, y, w, h in columns.T.tolist()])
    painter.restore()


def paint_compared(painter: QPainter, scene: Scene, tables: tuple[PartTable, ...], area: QRect) -> None:
    """Paint another loop's notes as outlines, to compare with."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for table in tables:
        color = scene.theme.part(scene.loop.tracks[min(table.part, len(scene.loop.tracks) - 1)])
        painter.setPen(QPen(mixed(color, QColor(scene.theme.text), 0.2), 1, Qt.PenStyle.DotLine))
        where = table.between(scene.time.tick_of(area.left()), scene.time.tick_of(area.right() + 1))
        painter.drawRects([QRect(x, y, w, h) for x, y, w, h in _pixel_columns(scene, table, where).T.tolist()])


def paint_cursor(painter: QPainter, scene: Scene, cursor: Cursor, ref: NoteRef | None, area: QRect) -> None:
    """Paint the keyboard's cursor: its row and its step as lines, and corners around the note or the empty cell."""
    row = scene.rows.row_of(cursor.pitch)
    if row is None:
        return
    time, axis = scene.time, scene.axis
    color = QColor(scene.theme.text)
    x, width = time.x_of(cursor.tick), max(6.0, scene.step_ticks * time.px_per_tick)
    if ref is not None:
        x = time.x_of(ref.note.onset)
        width = DRUM_HIT_PX if scene.rows.is_drums else max(6.0, (ref.note.end - ref.note.onset) * time.px_per_tick)
    cell = QRectF(x, axis.y_of(row), width, axis.row_px).adjusted(-2, -2, 1, 1)
    painter.setPen(QPen(color, 1, Qt.PenStyle.DotLine))
    for y in (cell.top(), cell.bottom()):
        # From the same point whatever part of it is painted, so that the dots stay where they are.
        painter.drawLine(QLineF(time.gutter_px, y, area.right(), y))
    painter.drawLine(QLineF(cell.left(), 0, cell.left(), area.bottom()))
    arm = min(7.0, cell.width() / 2, cell.height() / 2)
    painter.setPen(QPen(color, 3, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap))
    for corner, right, down in (
        (cell.topLeft(), 1, 1),
        (cell.topRight(), -1, 1),
        (cell.bottomLeft(), 1, -1),
        (cell.bottomRight(), -1, -1),
    ):
        painter.drawLine(QLineF(corner.x(), corner.y(), corner.x() + right * arm, corner.y()))
        painter.drawLine(QLineF(corner.x(), corner.y(), corner.x(), corner.y() + down * arm))


def paint_gutter(painter: QPainter, scene: Scene, area: QRect) -> None:
    """Paint the keyboard, or the names of the drums."""
    theme, axis = scene.theme, scene.axis
    painter.fillRect(area, QColor(theme.panel))
    font = QFont(painter.font())
    font.setPixelSize(max(8, min(12, round(axis.row_px * 0.72))))
    painter.setFont(font)
    first = max(0, axis.row_of(area.top()))
    last = min(len(scene.rows.pitches) - 1, axis.row_of(area.bottom()))
    for row in range(first, last + 1):
        rect = QRectF(area.left(), axis.y_of(row), area.width(), axis.row_px)
        if scene.rows.is_drums:
            painter.setPen(QColor(theme.text))
            label = rect.adjusted(10, 0, -6, 0)
            painter.drawText(label, Qt.AlignmentFlag.AlignVCenter, drum_name(scene.rows.pitches[row]))
        else:
            _paint_key(painter, scene, rect, scene.rows.pitches[row])


def _paint_key(painter: QPainter, scene: Scene, rect: QRectF, pitch: int) -> None:
    theme = scene.theme
    is_black = pitch % 12 in BLACK_KEYS
    width = rect.width() * (0.62 if is_black else 1.0)
    key = QRectF(rect.right() - rect.width() * 0.58, rect.top(), width * 0.58, rect.height() - 1)
    painter.fillRect(key, QColor(theme.key_black if is_black else theme.key_white))
    if not is_black:
        painter.setPen(QPen(QColor(theme.bar_line), 1))  # white keys on a white panel have an edge
        painter.drawLine(QLineF(key.left(), key.bottom(), key.right(), key.bottom()))
        painter.drawLine(QLineF(key.left(), key.top(), key.left(), key.bottom()))
    loop_key = scene.loop.key
    is_tonic = loop_key is not None and pitch % 12 == loop_key.tonic
    if pitch % 12 == 0 or is_tonic or scene.axis.row_px >= 20:
        painter.setPen(QColor(theme.accent if is_tonic else theme.muted))
        flags = Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextDontClip  # low rows are lower than their names
        half = painter.fontMetrics().height() / 2
        if half <= rect.center().y() <= painter.viewport().height() - half:  # none is cut at the edge
            painter.drawText(rect.adjusted(6, 0, 0, 0), flags, pitch_name(pitch, scene.middle_c_octave))
