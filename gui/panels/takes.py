"""The takes as thumbnails that fill while they are written; click or press a number to hear one."""

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QAction, QColor, QFont, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from engine.messages import Finished, GenerationRequest, PartRequest, PartUse
from gui.panels.bar_strip import paint_notes_small
from gui.panels.elided_label import ElidedLabel
from gui.panels.loop_badge import form_of
from gui.panels.originality_meter import METER_HEIGHT_PX, originality_text, paint_meter
from gui.panels.own_keys import OwnKeys
from gui.panels.stars import Stars
from gui.panels.take_words import IS_LOOP, heard_note, missed_any, take_note, take_sentences, wrapped
from gui.piano_roll.state import RollState
from gui.takes import Slot, TakeBoard, shown_loop
from gui.theme import RADIUS_PX, SPACE_PX, mixed, paint_focus

THUMB_WIDTH_PX, THUMB_HEIGHT_PX = 196, 104
TITLE_PX = 24
PANEL_HEIGHT_PX = 152


class TakeThumb(QWidget):
    """One take in small: a click lets it be heard, pulled out of the window it becomes files.

    Args:
        board: Where it comes from.
        index: Which.
        state: Theme.
    """

    drag_started = Signal(object, object)  # Take; HandOffAs or None

    def __init__(self, board: TakeBoard, index: int, state: RollState) -> None:
        super().__init__()
        self.board, self.index, self.state = board, index, state
        self._pressed_at: QPointF | None = None
        self.setFixedHeight(THUMB_HEIGHT_PX)
        self.setMinimumWidth(120)
        self.setMaximumWidth(THUMB_WIDTH_PX)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        OwnKeys(self, (Qt.Key.Key_Space,))
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(f"Take {index + 1}")
        self.explain()

    @property
    def key(self) -> str:
        """The number key that lets it be heard; "" for none."""
        if not self.board.has_scenes:
            return str(self.index + 1)
        scenes = self.board.scenes
        return str(scenes.index(self.slot) + 1) if self.slot in scenes else ""

    def explain(self) -> None:
        """Say what a click does, and what the meter means, in the tooltip and to a screen reader."""
        number, slot = self.index + 1, self.slot
        key = f" ({self.key})" if self.key else ""
        hear = f"Hear take {number}{key}; Return uses it, Esc goes back, F marks it. Drag it into your DAW."
        meaning = originality_text(slot.take.originality if slot.take is not None else None)
        if slot.take is not None:
            told = take_sentences(slot.take, self.state.view.middle_c_octave)
            meaning = "\n".join([*told, meaning]).strip()
        if self.board.is_loop(slot):
            meaning = f"This take is your loop now. {meaning}".strip()
        if slot.take is not None and not self.board.is_offered(slot):
            hear = "Not offered; the settings can change that."
        self.setToolTip(wrapped(f"{hear}\n{meaning}".strip()))
        self.setAccessibleDescription(meaning)

    def sizeHint(self) -> QSize:
        return QSize(THUMB_WIDTH_PX, THUMB_HEIGHT_PX)

    @property
    def slot(self) -> Slot:
        return self.board.slots[self.index]

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.index >= len(self.board.slots):
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        theme, slot = self.state.theme, self.slot
        is_heard = self.board.heard == self.index
        frame = QRectF(1, 1, self.width() - 2, self.height() - 2)
        painter.setBrush(QColor(theme.raised))
        painter.setPen(QPen(QColor(theme.accent if is_heard else theme.line), 2 if is_heard else 1))
        painter.drawRoundedRect(frame, RADIUS_PX, RADIUS_PX)
        if self.hasFocus():
            paint_focus(painter, self.rect(), QColor(theme.focus))
        self._paint_title(painter, is_heard=is_heard)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        self._paint_parts(painter, slot)
        if slot.take is not None and slot.take.missing:
            painter.setPen(QPen(QColor(theme.warning), 1, Qt.PenStyle.DashLine))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(frame.adjusted(2, 2, -2, -2), RADIUS_PX, RADIUS_PX)
        if slot.take is None and slot.cells_total:
            done = (self.width() - 16) * slot.cells_done / slot.cells_total
            painter.fillRect(QRectF(8, self.height() - 6, done, 2), QColor(theme.accent))

    def _paint_title(self, painter: QPainter, *, is_heard: bool) -> None:
        theme, slot = self.state.theme, self.slot
        font = QFont(painter.font())
        font.setPixelSize(12)
        font.setBold(True)
        painter.setFont(font)
        painter.setPen(QColor(theme.accent if is_heard else theme.text))
        place = QRectF(10, 2, self.width() - 20, TITLE_PX)
        painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, self.key)
        if slot.take is not None and slot.take.originality is not None:
            paint_meter(painter, slot.take.originality, x=30, y=2 + (TITLE_PX - METER_HEIGHT_PX) / 2, theme=theme)
        font.setBold(False)
        font.setPixelSize(11)
        painter.setFont(font)
        painter.setPen(QColor(theme.muted))
        said = take_note(slot) if slot.take is None or self.board.is_offered(slot) else "too like a known song"
        if self.board.is_loop(slot):
            said = IS_LOOP
            painter.setPen(QColor(theme.accent))
        painter.drawText(place, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, said)
        if missed_any(slot.take) and said == take_note(slot):
            width = painter.fontMetrics().horizontalAdvance(said)
            painter.setPen(QColor(theme.warning))
            painter.drawText(
                place.adjusted(0, 0, -width - 5, 0), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, "✗"
            )

    def _paint_parts(self, painter: QPainter, slot: Slot) -> None:
        loop = shown_loop(slot)
        count = max(1, len(loop.tracks))
        room = QRectF(8, TITLE_PX + 2, self.width() - 16, self.height() - TITLE_PX - 12)
        lane_px = room.height() / count
        for part in range(len(loop.tracks)):
            lane = QRectF(room.left(), room.top() + part * lane_px, room.width(), lane_px - 2)
            ground = mixed(QColor(self.state.theme.raised), QColor(self.state.theme.row_off), 0.6)
            painter.fillRect(lane, ground)
            for bar in rewritten_bars(slot.request, part):
                cell_px = lane.width() / loop.bars
                cell = QRectF(lane.left() + bar * cell_px, lane.top(), cell_px, lane.height())
                painter.fillRect(cell, mixed(ground, self.state.theme.role(loop.tracks[part].role), 0.22))
            if slot.take is not None:
                paint_notes_small(painter, loop, part, place=lane, theme=self.state.theme)
            else:
                self._paint_written(painter, slot, part, lane)

    def _paint_written(self, painter: QPainter, slot: Slot, part: int, lane: QRectF) -> None:
        """Paint what has been written of a part so far; of a part that is context, the context."""
        loop = slot.request.canvas
        notes = [note for (p, _), bar in slot.written.items() if p == part for note in bar]
        if slot.request.parts[part].use.value != "replace":
            paint_notes_small(painter, loop, part, place=lane, theme=self.state.theme)
            return
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.state.theme.part(loop.tracks[part]))
        scale = lane.width() / loop.length
        pitches = [pitch for _, pitch, _, _ in notes] or [60]
        low, rows = min(pitches), max(12, max(pitches) - min(pitches) + 1)
        row_px = lane.height() / rows
        painter.drawRects(
            [
                QRectF(
                    lane.left() + onset * scale,
                    lane.bottom() - (pitch - low + 1) * row_px,
                    max(1.5, duration * scale - 0.5),
                    max(1.5, row_px),
                )
                for onset, pitch, duration, _ in notes
            ]
        )

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton:
            self._pressed_at = event.position()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._pressed_at is None or self.slot.take is None:
            return
        if (event.position() - self._pressed_at).manhattanLength() >= QApplication.startDragDistance():
            self._pressed_at = None
            self.drag_started.emit(self.slot.take, form_of(event.modifiers()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._pressed_at is not None:
            self._pressed_at = None
            self.board.hear(self.index)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space:
            self.board.hear(self.index)
        else:
            super().keyPressEvent(event)


def rewritten_bars(request: GenerationRequest, part: int) -> tuple[int, ...]:
    """Return the bars of a part that a request has written, where they are not the whole part."""
    wanted = request.parts[part] if part < len(request.parts) else PartRequest()
    return wanted.bars if wanted.use is PartUse.REPLACE else ()


class TakesPanel(QFrame):
    """The takes side by side, and what to do with the one that is heard.

    Args:
        board: The takes.
        state: Theme.
    """

    accept_wanted = Signal()
    reject_wanted = Signal()
    favourite_wanted = Signal()
    discard_wanted = Signal()
    rating_wanted = Signal(int)
    cancel_wanted = Signal()
    earlier_wanted = Signal()
    drag_started = Signal(object, object)  # Take; HandOffAs, or None for what the settings say

    def __init__(self, board: TakeBoard, state: RollState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.board, self.state = board, state
        self.thumbs: list[TakeThumb] = []
        self.setProperty("kind", "panel")
        self.setFixedHeight(PANEL_HEIGHT_PX)
        self._title = ElidedLabel()
        self._title.setProperty("kind", "title")
        self._empty = QLabel()
        self._empty.setProperty("kind", "muted")
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._empty.setText("Press G to write takes.   Select bars on a part's card to rewrite only those.")
        self.accept = QPushButton("Use take  ⏎")
        self.accept.setProperty("kind", "primary")
        self.reject = QPushButton("Back to my loop  Esc")
        self.favourite = QToolButton()
        self.favourite.setText("♥")
        self.favourite.setToolTip("Favourite (F)")
        self.favourite.setAccessibleName("Favourite")
        self.stars = Stars()
        self.discard = QToolButton()
        self.discard.setText("Throw away")
        self.discard.setToolTip("Take it off the board (X); the library still has it.")
        self.cancel = QPushButton("Stop writing")
        self.earlier = QToolButton()
        self.earlier.setAccessibleName("All takes")
        self.earlier.setToolTip("Every take ever written, to hear and to bring back (L).")
        self.earlier.hide()
        self._lay_out()
        self.accept.clicked.connect(self.accept_wanted)
        self.reject.clicked.connect(self.reject_wanted)
        self.favourite.clicked.connect(self.favourite_wanted)
        self.discard.clicked.connect(self.discard_wanted)
        self.stars.rating_chosen.connect(self.rating_wanted)
        self.cancel.clicked.connect(self.cancel_wanted)
        self.earlier.clicked.connect(self.earlier_wanted)
        board.slots_changed.connect(self.rebuild)
        board.slot_changed.connect(self._on_slot_changed)
        board.heard_changed.connect(self._on_heard_changed)
        board.loop_changed.connect(self._on_loop_changed)
        board.running_changed.connect(lambda *_: self._show_state())
        board.finished.connect(self._on_finished)
        state.content_changed.connect(self._repaint)
        self.rebuild()

    def _lay_out(self) -> None:
        head = self._head = QHBoxLayout()
        head.setContentsMargins(0, 0, 0, 0)
        head.addWidget(self._title, 1)
        # What comes and goes stands left of what a hand finds without looking.
        for widget in (
            self.earlier,
            self.cancel,
            self.stars,
            self.favourite,
            self.discard,
            self.reject,
            self.accept,
        ):
            if widget is not self.stars:  # its stars are stops by themselves
                widget.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            head.addWidget(widget)
        self._row = QWidget()
        self._thumbs = QHBoxLayout(self._row)
        self._thumbs.setContentsMargins(0, 0, 0, 0)
        self._thumbs.setSpacing(SPACE_PX)
        scroll = QScrollArea()
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setProperty("kind", "panel")
        scroll.setWidgetResizable(True)
        scroll.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(self._row)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACE_PX, 6, SPACE_PX, 4)
        layout.setSpacing(4)
        layout.addLayout(head)
        layout.addWidget(scroll, 1)

    def set_actions(self, actions: Sequence[QAction]) -> None:
        """Show buttons of actions that are always at hand."""
        for action in actions:
            button = QToolButton()
            button.setDefaultAction(action)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            self._head.addWidget(button)

    def show_total(self, count: int) -> None:
        """Say how many takes the library lists; 0 if none but these."""
        self.earlier.setText(f"All takes ({count}) …")
        self.earlier.setVisible(count > 0)

    def rebuild(self) -> None:
        """Make the thumbnails anew."""
        while (item := self._thumbs.takeAt(0)) is not None:
            if (widget := item.widget()) is not None and widget is not self._empty:
                widget.hide()
                widget.deleteLater()
        self.thumbs = [TakeThumb(self.board, index, self.state) for index in range(len(self.board.slots))]
        self._thumbs.addWidget(self._empty, 1)
        for thumb in self.thumbs:
            thumb.drag_started.connect(self.drag_started)
            self._thumbs.addWidget(thumb)
        self._thumbs.addStretch(0 if not self.thumbs else 1)
        self._show_state()

    def _on_slot_changed(self, index: int) -> None:
        if index < len(self.thumbs):
            self.thumbs[index].explain()
            self.thumbs[index].update()
        if index == self.board.heard:
            self._show_state()
        if self.board.has_scenes:
            self._repaint()

    def _repaint(self) -> None:
        for thumb in self.thumbs:
            thumb.update()

    def _on_loop_changed(self) -> None:
        for thumb in self.thumbs:
            thumb.explain()
            thumb.update()

    def _on_heard_changed(self) -> None:
        self._repaint()
        self._show_state()

    def _on_finished(self, event: Finished) -> None:
        if not event.was_cancelled:
            self._title.setText(
                f"TAKES   ·   first note after {event.first_note_seconds:.1f} s, all after {event.seconds:.1f} s"
            )

    def _show_state(self) -> None:
        board = self.board
        self._empty.setVisible(not board.slots)
        if board.heard is not None:
            slot = board.slots[board.heard]
            self._title.setText(f"HEARING TAKE {board.heard + 1}   ·   {heard_note(slot)}")
            self.stars.show_rating(slot.rating)
        else:
            self._title.setText("WRITING …" if board.is_running else "SCENES" if board.has_scenes else "TAKES")
        for widget in (self.accept, self.reject, self.favourite, self.discard, self.stars):
            widget.setVisible(board.heard is not None)
        self.cancel.setVisible(board.is_running)
