"""One pane of the roll: pitched rows or drum lanes, painted in one widget and edited with the mouse.

A gesture shows its result as a preview in the shared state and commits once, on release: one gesture, one undo
step. What a press begins is decided by `mouse.py`; this widget maps pixels and paints.
"""

from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QAccessibleInterface,
    QColor,
    QContextMenuEvent,
    QFocusEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from gui.piano_roll.habits import MouseHabits
from gui.piano_roll.hit_test import Hit, PartTable, Zone, note_at, part_tables
from gui.piano_roll.mouse import Press, begin_gesture
from gui.piano_roll.painting import (
    Scene,
    paint_compared,
    paint_cursor,
    paint_ground,
    paint_gutter,
    paint_locked,
    paint_notes,
    paint_selected,
)
from gui.piano_roll.state import RollState
from gui.piano_roll.transform import RowAxis, RowMap, TimeAxis
from gui.theme import paint_focus

WHEEL_STEP = 120.0
WHEEL_ROWS = 3
ZOOM_STEP = 1.18
PLAYHEAD_PX = 2
DRUM_ROW_PX = 19.0
THINNEST_LANE_PX = 11.0
SMALLEST_ROW_PX = 5.0
FIT_ROW_PX = (SMALLEST_ROW_PX, 18.0)
ROWS_AROUND = 4
NO_WAY = 1e-6  # by which a place differs that was left and come back to
_BY_KEY = (
    Qt.FocusReason.TabFocusReason,
    Qt.FocusReason.BacktabFocusReason,
    Qt.FocusReason.ShortcutFocusReason,
)
_COMING_BACK = (
    Qt.FocusReason.ActiveWindowFocusReason,
    Qt.FocusReason.PopupFocusReason,
    Qt.FocusReason.MenuBarFocusReason,
)
BAND_PX = 4.0  # a box drawn along a line is seen all the same


class RollPane(QWidget):
    """Pitched rows, or drum lanes, over the shared time axis.

    Args:
        state: What is shown.
        is_drums: Which of the two it is.
    """

    rows_changed = Signal()  # vertical axis or number of rows
    entered_by_key = Signal()
    boxed_nothing = Signal()  # a box was drawn around no note
    row_menu_wanted = Signal(int, QPoint)  # pitch of the row whose name was right-clicked, and where on the screen

    def __init__(self, state: RollState, *, is_drums: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.state = state
        self.is_drums = is_drums
        self.axis = RowAxis(row_px=DRUM_ROW_PX if is_drums else 14.0)
        self.rows: RowMap = state.rows(is_drums=is_drums)
        self.box: QRectF | None = None
        self._fitted = self.axis if is_drums else None  # where `show_notes` went; who is still there stays fitted
        self.accessible: QAccessibleInterface | None = None  # made when it is asked for, see `accessible.py`
        self._fold = state.view.fold
        self._tables: tuple[PartTable, ...] = ()
        self._compared: tuple[PartTable, ...] = ()
        self._picture: QPixmap | None = None  # all that stays the same while things are selected and played
        self._pictured_bars = state.meant_bars
        self._gesture = None
        self._pan_from: QPointF | None = None
        self._has_ring = False  # whether a key brought the keyboard here
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Drum lanes" if is_drums else "Piano roll")
        state.content_changed.connect(self._on_content_changed)
        state.view_changed.connect(self._on_view_changed)
        state.selection_changed.connect(self._on_selection_changed)
        state.cursor_moved.connect(self._on_cursor_moved)
        state.playhead_shown.connect(self._on_playhead_shown)
        self._on_content_changed()

    def sizeHint(self) -> QSize:
        return QSize(800, round(len(self.rows.pitches) * DRUM_ROW_PX) if self.is_drums else 420)

    @property
    def scene(self) -> Scene:
        """What is painted now."""
        view = self.state.view
        return Scene(
            loop=self.state.shown_loop,
            rows=self.rows,
            time=view.time,
            axis=self.axis,
            theme=self.state.theme,
            front=view.front,
            step_ticks=view.snap.ticks if view.snap.ticks > 1 else 120,
            middle_c_octave=view.middle_c_octave,
        )

    def hit(self, position: QPointF) -> Hit | None:
        """Return the note under a position, or None."""
        return note_at(
            self._tables,
            x_px=position.x(),
            y_px=position.y(),
            time=self.state.view.time,
            axis=self.axis,
            front=self.state.view.front,
            is_drums=self.is_drums,
        )

    @property
    def tables(self) -> tuple[PartTable, ...]:
        return self._tables

    def set_axis(self, axis: RowAxis) -> None:
        """Scroll or zoom the rows."""
        axis = axis.clamped(rows=len(self.rows.pitches), height_px=self.height())
        if axis != self.axis:
            self.axis = axis
            self.rows_changed.emit()
            self.paint_anew()

    def show_notes(self) -> None:
        """Scroll so that the parts' notes are in the middle, and zoom so that they fit if they can."""
        self.set_axis(self._lanes_axis() if self.is_drums else self._notes_axis())
        self._fitted = self.axis

    def _notes_axis(self) -> RowAxis:
        rows = [int(row) for table in self._tables for row in table.row]
        lowest, highest = (max(rows), min(rows)) if rows else (67, 67)  # around middle C
        middle = (lowest + highest + 1) / 2
        row_px = self.axis.row_px
        if rows:
            row_px = min(max(self.height() / (lowest - highest + 1 + ROWS_AROUND), FIT_ROW_PX[0]), FIT_ROW_PX[1])
        return RowAxis(row_px, middle - self.height() / row_px / 2)

    def _lanes_axis(self) -> RowAxis:
        """Return lanes as thin as they have to be; where they are still too many, the lowest are seen: the kick's."""
        lanes, height = len(self.rows.pitches), max(1, self.height())
        lane_px = min(DRUM_ROW_PX, max(height / lanes, THINNEST_LANE_PX))
        return RowAxis(lane_px, max(0.0, lanes - height / lane_px))

    @property
    def _is_fitted(self) -> bool:
        """Whether the rows are still where `show_notes` put them, or there again."""
        now, then = self.axis, self._fitted
        return then is not None and abs(now.row_px - then.row_px) + abs(now.top_row - then.top_row) < NO_WAY

    def show_part(self, part: int) -> None:
        """Scroll so that a part's notes are seen; zoom out where there is no room for them."""
        rows = [int(row) for table in self._tables if table.part == part for row in table.row]
        if not rows or self.is_drums:
            return
        highest, lowest = min(rows), max(rows)
        first, seen = self.axis.top_row, self.height() / self.axis.row_px
        if first <= highest and lowest + 1 <= first + seen:
            return
        count = lowest - highest + 1 + ROWS_AROUND
        row_px = self.axis.row_px if count <= seen else max(self.height() / count, SMALLEST_ROW_PX)
        self.set_axis(RowAxis(row_px, (highest + lowest + 1) / 2 - self.height() / row_px / 2))

    def set_time_axis(self, axis: TimeAxis) -> None:
        """Scroll or zoom in time, within the loop and its echo of the first beat."""
        loop = self.state.loop
        end = loop.length + loop.meter.ticks_per_beat
        self.state.set_view(time=axis.clamped(end_tick=end, width_px=self.width()))

    def _on_content_changed(self) -> None:
        self._show_tab_stop()
        self._fold = self.state.view.fold
        rows = self.state.rows(is_drums=self.is_drums)
        if rows != self.rows:
            self._keep_place(rows)
        loop = self.state.shown_loop
        hidden = self.state.hidden
        self._tables = tuple(t for t in part_tables(loop, self.rows, self._tables) if t.part not in hidden)
        compared = self.state.compared
        self._compared = part_tables(compared, self.rows, self._compared) if compared is not None else ()
        self.paint_anew()

    def _on_view_changed(self) -> None:
        """Scrolling and zooming happen every frame: only folding needs the tables anew."""
        self._show_tab_stop()
        if self.state.view.fold is self._fold:
            self.paint_anew()
        else:
            self._on_content_changed()

    def _on_selection_changed(self) -> None:
        if self.state.meant_bars != self._pictured_bars:
            self._picture = None
        self.update()

    def paint_anew(self) -> None:
        """Forget the picture of the notes, and paint."""
        self._picture = None
        self.update()

    def _keep_place(self, rows: RowMap) -> None:
        """Change the rows and keep the middle pitch where it was (folding must not make one lose the place)."""
        middle = self.axis.top_row + self.height() / self.axis.row_px / 2
        pitch = self.rows.pitch_of(int(middle))
        self.rows = rows
        self.updateGeometry()
        if self.is_drums and self._is_fitted:
            self.show_notes()
        elif pitch is not None:
            row = min(range(len(rows.pitches)), key=lambda r: abs(rows.pitches[r] - pitch), default=0)
            self.axis = RowAxis(self.axis.row_px, row - self.height() / self.axis.row_px / 2)
        self.axis = self.axis.clamped(rows=len(rows.pitches), height_px=self.height())
        self.rows_changed.emit()

    @property
    def holds_front(self) -> bool:
        """Whether the part in front is in this pane."""
        track = self.state.front_track
        return track is not None and track.is_drums == self.is_drums

    def _show_tab_stop(self) -> None:
        """Tab comes only to the pane of the part in front: passing by must not change which that is."""
        is_stop = self.holds_front or (self.state.front_track is None and not self.is_drums)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus if is_stop else Qt.FocusPolicy.ClickFocus)

    def _on_cursor_moved(self) -> None:
        """Scroll to the cursor."""
        cursor, view = self.state.cursor, self.state.view
        row = self.rows.row_of(cursor.pitch) if cursor is not None and self.holds_front else None
        if cursor is not None and row is not None:
            end = cursor.tick + view.step_ticks
            self.set_time_axis(view.time.showing(cursor.tick, end, width_px=self.width()))
            self.set_axis(self.axis.showing(row, height_px=self.height()))
        self.update()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        if event.reason() in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason):
            self.entered_by_key.emit()
        if event.reason() not in _COMING_BACK:
            self._has_ring = event.reason() in _BY_KEY

    def _on_playhead_shown(self, before: float, after: float) -> None:
        for tick in (before, after):
            if tick >= 0:
                x = round(self.state.view.time.x_of(tick))
                self.update(QRect(x - PLAYHEAD_PX, 0, 2 * PLAYHEAD_PX + 1, self.height()))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        scene, gutter = self.scene, round(self.state.view.time.gutter_px)
        area = event.rect().intersected(QRect(gutter, 0, self.width() - gutter, self.height()))
        if not area.isEmpty():
            painter.setClipRect(area)
            painter.drawPixmap(0, 0, self._pictured(scene))
            paint_selected(painter, scene, self._tables, area, self.state.shown_selection)
            paint_locked(painter, scene, self._tables, area, locked=self.state.locked)
            self._paint_marks(painter)
            if self.state.cursor is not None and self.holds_front:
                paint_cursor(painter, scene, self.state.cursor, self.state.cursor_note, area)
        if event.rect().left() < gutter:
            painter.setClipping(False)
            left = event.rect().intersected(QRect(0, 0, gutter, self.height()))
            painter.setClipRect(left)
            paint_gutter(painter, scene, QRect(0, left.top(), gutter, left.height()))
        if self.hasFocus() and self._has_ring:
            painter.setClipping(False)
            paint_focus(painter, self.rect(), QColor(self.state.theme.focus))

    def _pictured(self, scene: Scene) -> QPixmap:
        """Return ground, chosen bars and notes as a picture: a click or the playhead paints only over it."""
        ratio = self.devicePixelRatioF()
        size = (self.size().toSizeF() * ratio).toSize()
        if self._picture is None or self._picture.size() != size:
            self._picture = QPixmap(size)
            self._picture.setDevicePixelRatio(ratio)
            self._pictured_bars = self.state.meant_bars
            painter = QPainter(self._picture)
            area = self.rect()
            paint_ground(painter, scene, area)
            if self.state.backdrop is not None:
                self.state.backdrop.paint(painter, scene, area)
            self._paint_bars(painter, area)
            paint_compared(painter, scene, self._compared, area)
            paint_notes(painter, scene, self._tables, area)
            painter.end()
        return self._picture

    def _paint_bars(self, painter: QPainter, area: QRect) -> None:
        """Tint the bars that are chosen to be rewritten."""
        loop, view = self.state.loop, self.state.view
        bar_ticks = loop.meter.ticks_per_bar
        bars = self.state.meant_bars
        for part in {part for part, _ in bars.cells}:
            if part >= len(loop.tracks) or loop.tracks[part].is_drums != self.is_drums:
                continue
            tint = self.state.theme.part(loop.tracks[part])
            tint.setAlpha(38)
            for bar in bars.bars_of(part):
                left = view.time.x_of(bar * bar_ticks)
                rect = QRectF(left, area.top(), bar_ticks * view.time.px_per_tick, area.height())
                painter.fillRect(rect.intersected(QRectF(area)), tint)

    def _paint_marks(self, painter: QPainter) -> None:
        theme = self.state.theme
        if self.box is not None:
            fill = QColor(theme.accent)
            fill.setAlpha(46)
            painter.setPen(QPen(QColor(theme.accent), 1))
            painter.setBrush(fill)
            painter.drawRect(
                self.box.adjusted(0, 0, max(0.0, BAND_PX - self.box.width()), max(0.0, BAND_PX - self.box.height()))
            )
        if self.state.shown_playhead_tick >= 0:
            x = round(self.state.view.time.x_of(self.state.shown_playhead_tick))
            painter.fillRect(QRect(x - PLAYHEAD_PX // 2, 0, PLAYHEAD_PX, self.height()), QColor(theme.playhead))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._is_fitted:
            self.show_notes()
        self.axis = self.axis.clamped(rows=len(self.rows.pitches), height_px=self.height())
        self._picture = None
        self.rows_changed.emit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        notches = event.angleDelta().y() / WHEEL_STEP
        sideways = event.angleDelta().x() / WHEEL_STEP
        modifiers = event.modifiers()
        time = self.state.view.time
        if modifiers & Qt.KeyboardModifier.ControlModifier and modifiers & Qt.KeyboardModifier.ShiftModifier:
            self.set_axis(self.axis.zoomed(ZOOM_STEP**notches, at_y_px=event.position().y()))
        elif modifiers & Qt.KeyboardModifier.ControlModifier:
            self.set_time_axis(time.zoomed(ZOOM_STEP**notches, at_x_px=event.position().x()))
        elif modifiers & Qt.KeyboardModifier.ShiftModifier or sideways:
            self.set_time_axis(time.panned((notches + sideways) * 60))
        else:
            self.set_axis(self.axis.panned(notches * WHEEL_ROWS * self.axis.row_px))
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        position = event.position()
        if event.button() is Qt.MouseButton.MiddleButton:
            self._pan_from = position
            return
        if position.x() < self.state.view.time.gutter_px:
            return
        self.state.set_cursor(None)
        self._has_ring = False
        press = Press(position, event.modifiers(), is_right=event.button() is Qt.MouseButton.RightButton)
        self._gesture = begin_gesture(self, press)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        pitch = self.rows.pitch_of(self.axis.row_of(event.pos().y()))
        if event.pos().x() < self.state.view.time.gutter_px and pitch is not None:
            self.row_menu_wanted.emit(pitch, event.globalPos())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        position = event.position()
        if self._pan_from is not None:
            delta = position - self._pan_from
            self._pan_from = position
            self.set_time_axis(self.state.view.time.panned(delta.x()))
            self.set_axis(self.axis.panned(delta.y()))
        elif self._gesture is not None:
            self._gesture.move(position, event.modifiers())
        else:
            self._show_cursor(position)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._pan_from = None
        if self._gesture is not None:
            gesture, self._gesture = self._gesture, None
            gesture.release(event.position(), event.modifiers())

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        press = Press(event.position(), event.modifiers(), is_double=True)
        if event.button() is Qt.MouseButton.LeftButton and press.position.x() >= self.state.view.time.gutter_px:
            self._gesture = begin_gesture(self, press)

    def cancel_gesture(self) -> bool:
        """Give up a gesture under way; tells whether there was one."""
        if self._gesture is None:
            return False
        self._gesture = None
        self.box = None
        self.state.set_preview(None)
        return True

    def _show_cursor(self, position: QPointF) -> None:
        hit = self.hit(position) if position.x() >= self.state.view.time.gutter_px else None
        if hit is not None and hit.zone is not Zone.BODY:
            self.setCursor(Qt.CursorShape.SizeHorCursor)
        elif hit is not None:
            self.setCursor(Qt.CursorShape.PointingHandCursor)
        elif self.state.view.is_drawing or self.is_drums or self.state.view.mouse is MouseHabits.FL:
            self.setCursor(Qt.CursorShape.CrossCursor)
        else:
            self.setCursor(Qt.CursorShape.ArrowCursor)

    def place(self, position: QPointF) -> tuple[float, int]:
        """Return the tick and the row at a position, both held within the loop and the rows."""
        tick = min(max(0.0, self.state.view.time.tick_of(position.x())), float(self.state.loop.length))
        return tick, min(max(0, self.axis.row_of(position.y())), len(self.rows.pitches) - 1)

    def point(self, tick: float, row: float) -> QPoint:
        """Return the pixel of a tick and a row; tests and accessibility aim with it."""
        return QPoint(round(self.state.view.time.x_of(tick)), round(self.axis.y_of(row)))
