"""The roll as a whole: ruler, pitched rows, drum lanes and velocities over one time axis."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QScrollBar, QSplitter, QWidget

from gui.piano_roll.accessible import tell_cursor
from gui.piano_roll.ruler import Ruler
from gui.piano_roll.state import RollState
from gui.piano_roll.transform import RowAxis
from gui.piano_roll.velocity_lane import VelocityLane
from gui.piano_roll.widget import DRUM_ROW_PX, RollPane

_SCALE = 16  # scroll bars count in whole numbers: sixteenths of a row, and of a tick's hundredth


class RollEditor(QWidget):
    """Lays out the roll's widgets and keeps scroll bars and view the same.

    Args:
        state: What is shown and edited.
    """

    def __init__(self, state: RollState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.state = state
        self.ruler = Ruler(state)
        self.pitched = RollPane(state, is_drums=False)
        self.drums = RollPane(state, is_drums=True)
        self.velocities = VelocityLane(state)
        self._vertical = QScrollBar(Qt.Orientation.Vertical)
        self._horizontal = QScrollBar(Qt.Orientation.Horizontal)
        self._panes = QSplitter(Qt.Orientation.Vertical)
        self._panes.setHandleWidth(3)
        self._panes.setChildrenCollapsible(False)
        self._panes.addWidget(self.pitched)
        self._panes.addWidget(self.drums)
        self._panes.setStretchFactor(0, 1)
        self._panes.setStretchFactor(1, 0)
        self._is_fitted = True
        self._lay_out()
        self._vertical.valueChanged.connect(self._on_scrolled_rows)
        self._horizontal.valueChanged.connect(self._on_scrolled_time)
        self.pitched.rows_changed.connect(self._show_scroll_positions)
        state.view_changed.connect(self._show_scroll_positions)
        state.content_changed.connect(self._on_content_changed)
        state.view_changed.connect(self._on_view_changed)
        self._front = state.view.front
        self._shape = (state.loop.length, state.loop.meter)
        self._had_pitches = False
        self._drum_shape: tuple[object, bool] = (self.drums.rows, True)

    def _lay_out(self) -> None:
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(0)
        grid.addWidget(self.ruler, 0, 0)
        grid.addWidget(self._panes, 1, 0)
        grid.addWidget(self.velocities, 2, 0)
        grid.addWidget(self._horizontal, 3, 0)
        grid.addWidget(self._vertical, 1, 1)
        grid.setRowStretch(1, 1)

    @property
    def end_tick(self) -> int:
        """The last tick that is shown: the loop and one beat of what it leads into."""
        return self.state.loop.length + self.state.loop.meter.ticks_per_beat

    def fit(self) -> None:
        """Show the whole loop, the middle of its notes and its drum lanes."""
        self._is_fitted = True
        axis = self.state.view.time.fitted(end_tick=self.end_tick, width_px=self.pitched.width())
        self.state.set_view(time=axis)
        for pane in (self.pitched, self.drums):
            pane.show_notes()

    def focus_front(self) -> None:
        """Give the keyboard to the pane of the part in front, and tell screen readers what is at the cursor."""
        pane = self.drums if self.drums.holds_front else self.pitched
        pane.setFocus(Qt.FocusReason.ShortcutFocusReason)
        tell_cursor(pane)

    def show_part(self, part: int) -> None:
        """Scroll, and if need be zoom, so that the notes of a part are seen."""
        for pane in (self.pitched, self.drums):
            pane.show_part(part)

    def zoom(self, factor: float) -> None:
        """Zoom in time around the middle."""
        self._is_fitted = False
        middle = self.pitched.width() / 2
        self.pitched.set_time_axis(self.state.view.time.zoomed(factor, at_x_px=middle))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._share_height()
        if self._is_fitted:
            axis = self.state.view.time.fitted(end_tick=self.end_tick, width_px=self.pitched.width())
            self.state.set_view(time=axis)
        self._show_scroll_positions()

    def _on_content_changed(self) -> None:
        loop = self.state.loop
        has_pitches = any(track.notes and not track.is_drums for track in loop.tracks)
        if self._shape != (loop.length, loop.meter) or (has_pitches and not self._had_pitches):
            self._shape = (loop.length, loop.meter)
            self.fit()
        self._had_pitches = has_pitches
        shape = (self.drums.rows, any(track.is_drums for track in loop.tracks))
        if shape != self._drum_shape:
            self._share_height()

    def _on_view_changed(self) -> None:
        """A part that comes to the front comes into view."""
        if self.state.view.front != self._front:
            self._front = self.state.view.front
            self.show_part(self._front)

    def _share_height(self) -> None:
        """Give the drum lanes the height they need, at most half; none without drums."""
        has_drums = any(track.is_drums for track in self.state.loop.tracks)
        self._drum_shape = (self.drums.rows, has_drums)
        lanes_px = round(len(self.drums.rows.pitches) * DRUM_ROW_PX) + 2
        drum_px = min(lanes_px, self._panes.height() // 2) if has_drums else 0
        self.drums.setVisible(has_drums)
        self._panes.setSizes([self._panes.height() - drum_px, drum_px])

    def _on_scrolled_rows(self, value: int) -> None:
        self.pitched.set_axis(RowAxis(self.pitched.axis.row_px, value / _SCALE))

    def _on_scrolled_time(self, value: int) -> None:
        time = self.state.view.time
        if round(time.left_tick) != value:
            self._is_fitted = False
            self.state.set_view(time=time.panned((time.left_tick - value) * time.px_per_tick))

    def _show_scroll_positions(self) -> None:
        pane, time = self.pitched, self.state.view.time
        page = pane.height() / pane.axis.row_px
        _place(
            self._vertical,
            end=round((len(pane.rows.pitches) - page) * _SCALE),
            page=round(page * _SCALE),
            value=round(pane.axis.top_row * _SCALE),
        )
        visible = (pane.width() - time.gutter_px) / time.px_per_tick
        _place(self._horizontal, end=round(self.end_tick - visible), page=round(visible), value=round(time.left_tick))


def _place(bar: QScrollBar, *, end: int, page: int, value: int) -> None:
    """Move a scroll bar without its telling anyone."""
    bar.blockSignals(True)
    bar.setRange(0, max(0, end))
    bar.setPageStep(max(1, page))
    bar.setSingleStep(max(1, page // 12))
    bar.setValue(value)
    bar.blockSignals(False)
