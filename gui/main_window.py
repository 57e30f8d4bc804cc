"""The window: where each panel stands. No logic: `commands.py` says what happens."""

from collections.abc import Callable, Mapping

from PySide6.QtCore import QMimeData, QSize, Qt, Signal
from PySide6.QtGui import (
    QCloseEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QMainWindow,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from gui.actions import ActionTable
from gui.announcing import announce
from gui.material import material_paths
from gui.panels.banner import Banner
from gui.panels.controls import ControlsPanel
from gui.panels.drag_chip import DropFrame
from gui.panels.level_meter import LevelMeter
from gui.panels.takes import TakesPanel
from gui.panels.tracks import TracksPanel
from gui.panels.transport import TransportBar
from gui.panels.ways_out import WaysOutCard
from gui.piano_roll.editor import RollEditor
from gui.piano_roll.state import RollState
from gui.session import Session
from gui.tab_order import step_focus, tab_stops
from gui.takes import TakeBoard
from gui.theme import SPACE_PX

SIZE_PX = (1440, 900)
FRAME_PX = (8, 40)  # what a window manager may put around it
SMALLEST_PX = (900, 600)
LOW_PX = 850  # below, the ways out take one line: the roll and the takes need the room
RECIPE_SUFFIX = ".json"
NOTICE_MS = 6000


class MainWindow(QMainWindow):
    """Lays out the panels.

    Args:
        state: The roll's model.
        session: Settings of parts and wishes.
        board: The takes.
    """

    files_dropped = Signal(list)  # paths
    recipe_dropped = Signal(str)  # path
    closing = Signal()

    def __init__(self, state: RollState, session: Session, board: TakeBoard) -> None:
        super().__init__()
        self.setWindowTitle("Turnaround")
        self.setAcceptDrops(True)
        room = self.screen().availableSize()
        self.resize(QSize(*SIZE_PX).boundedTo(room - QSize(*FRAME_PX)))
        self.setMinimumSize(*SMALLEST_PX)
        self.transport = TransportBar(state.loop)
        self.tracks = TracksPanel(state, session)
        self.roll = RollEditor(state)
        self.controls = ControlsPanel(state, session)
        self.takes = TakesPanel(board, state)
        self.ways_out = WaysOutCard()
        self.banner = Banner()
        self.drop_frame = DropFrame(self)
        self.engine_label = QLabel("Engine is starting …")
        self.sound_label = QLabel("")
        self.live_button = QToolButton()
        self.live_button.setText("Ports and clock")
        self.live_button.setToolTip("Ports, channels and clock for playing live")
        self.statusBar().addPermanentWidget(self.live_button)
        self.show_live("", is_warning=False)
        self.level = LevelMeter(state)
        for label in (self.sound_label, self.engine_label):
            label.setProperty("kind", "muted")
        for widget in (self.sound_label, self.level, self.engine_label):
            self.statusBar().addPermanentWidget(widget)
        self.engine_label.setContentsMargins(0, 0, SPACE_PX, 0)
        self.statusBar().setSizeGripEnabled(False)
        self._lay_out()

    def _lay_out(self) -> None:
        middle = QWidget()
        columns = QHBoxLayout(middle)
        columns.setContentsMargins(0, 0, 0, 0)
        columns.setSpacing(1)
        columns.addWidget(self.tracks)
        columns.addWidget(self.roll, 1)
        columns.addWidget(self.controls)
        banner = QWidget()
        frame = QVBoxLayout(banner)
        frame.setContentsMargins(SPACE_PX, 0, SPACE_PX, 0)
        frame.addWidget(self.banner)
        central = QWidget()
        rows = QVBoxLayout(central)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(1)
        rows.addWidget(self.transport)
        rows.addWidget(banner)
        rows.addWidget(middle, 1)
        rows.addWidget(self.ways_out)
        rows.addWidget(self.takes)
        self.setCentralWidget(central)

    @property
    def panels(self) -> tuple[QWidget, ...]:
        """What Tab and F6 go through, in this order."""
        middle = (self.tracks, self.roll, self.controls)
        return (self.transport, self.banner, *middle, self.ways_out, self.takes, self.statusBar())

    def focusNextPrevChild(self, next: bool) -> bool:
        return step_focus([stop for panel in self.panels for stop in tab_stops(panel)], is_next=next)

    def add_actions(self, slots: Mapping[str, Callable[..., None]]) -> ActionTable:
        """Fill the menus."""
        return ActionTable(self, slots)

    def say(self, text: str) -> None:
        """Show a passing notice in the status bar, and have a screen reader read it."""
        self.statusBar().showMessage(text, NOTICE_MS)
        self.banner.settle()
        announce(self, text)

    def show_cursor(self, text: str) -> None:
        """Show in the status bar what is at the roll's cursor; its pane tells a screen reader."""
        self.statusBar().showMessage(text, NOTICE_MS)
        self.roll.focus_front()

    def show_live(self, text: str, *, is_warning: bool) -> None:
        """Show how ports and clock are."""
        self.live_button.setText(text or "Ports and clock")
        self.live_button.setProperty("kind", "warning" if is_warning else "flat")
        self.live_button.style().polish(self.live_button)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.ways_out.show_briefly(is_brief=self.height() < LOW_PX)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if not event.source() and (recipe_path(event.mimeData()) or material_paths(event.mimeData())):
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()
            self.drop_frame.show_text(drop_text(event.mimeData()))

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self.drop_frame.hide()

    def dropEvent(self, event: QDropEvent) -> None:
        self.drop_frame.hide()
        recipe, paths = recipe_path(event.mimeData()), material_paths(event.mimeData())
        if recipe or paths:
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()
        if recipe:
            self.recipe_dropped.emit(recipe)
        elif paths:
            self.files_dropped.emit(paths)

    def closeEvent(self, event: QCloseEvent) -> None:
        self.closing.emit()
        super().closeEvent(event)


def recipe_path(mime: QMimeData) -> str:
    """Return the recipe that is dragged, "" if it is none, or not alone."""
    paths = [url.toLocalFile() for url in mime.urls() if url.isLocalFile()]
    return paths[0] if len(paths) == 1 and paths[0].lower().endswith(RECIPE_SUFFIX) else ""


def drop_text(mime: QMimeData) -> str:
    """Return what a drop would do, in words."""
    if recipe_path(mime):
        return "Drop to open the recipe"
    count = len(material_paths(mime))
    return "Drop to import it" if count == 1 else f"Drop to import {count} files"
