"""The composition root: settings, engine, document and window are wired here and nowhere else."""

import json
import logging
import sys
from collections.abc import Callable

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication

from engine.music.loop import Loop
from engine.music.loop_json import loop_of_plain
from engine.resources import assets_folder, library_file
from engine.service import EngineService, Service
from engine.worker import BundleLoader
from gui import loop_edits
from gui.commands import Commands
from gui.document import LoopDocument
from gui.engine_bridge import EngineBridge
from gui.files import Files
from gui.main_window import MainWindow
from gui.piano_roll.state import RollState
from gui.playback import Playback
from gui.session import Session
from gui.takes import TakeBoard
from gui.theme import THEMES, ThemeName, palette, style_sheet

logger = logging.getLogger(__name__)

SCALES = (0.75, 0.9, 1.0, 1.1, 1.25, 1.5, 1.75, 2.0)


class App(QObject):
    """One window and all behind it.

    Args:
        qt: Qt's application.
        service: The engine, started, or a fake.
    """

    def __init__(self, qt: QApplication, service: Service) -> None:
        super().__init__()
        self._qt = qt
        self.theme_name, self.scale = ThemeName.DARK, 1.0
        self.document = LoopDocument(loop_edits.empty_loop(), self)
        self.session = Session(self.document.loop, self)
        self.state = RollState(self.document.loop, parent=self)
        self.bridge = EngineBridge(service, self)
        self.board = TakeBoard(self.bridge, self)
        self.playback = Playback(self.bridge, self.state, self.session, self)
        self._apply_theme()
        self.window = MainWindow(self.state, self.session, self.board)
        self.files = Files(self.bridge, self.document, self.state, say=self.window.say, warn=self.window.banner.say)
        self.files.parent_window = self.window
        self.commands = Commands(
            window=self.window,
            document=self.document,
            state=self.state,
            session=self.session,
            board=self.board,
            playback=self.playback,
            bridge=self.bridge,
            files=self.files,
            appearance=self._appearance_slots(),
        )
        self.window.closing.connect(self.close)

    def start(self) -> None:
        """Show the window with something to hear in it."""
        self.bridge.start()
        self.window.show()
        self.document.reset(first_loop())

    def close(self) -> None:
        """End the engine."""
        self.bridge.close()

    def _appearance_slots(self) -> dict[str, Callable[..., None]]:
        return {
            "view_theme": self.next_theme,
            "view_larger": lambda: self.step_scale(1),
            "view_smaller": lambda: self.step_scale(-1),
            "help_keys": lambda: None,
            "help_diagnostics": lambda: None,
        }

    def next_theme(self) -> None:
        names = list(ThemeName)
        self.theme_name = names[(names.index(self.theme_name) + 1) % len(names)]
        self._apply_theme()

    def step_scale(self, direction: int) -> None:
        index = min(range(len(SCALES)), key=lambda i: abs(SCALES[i] - self.scale)) + direction
        self.scale = SCALES[min(max(0, index), len(SCALES) - 1)]
        self._apply_theme()

    def _apply_theme(self) -> None:
        theme = THEMES[self.theme_name]
        self._qt.setPalette(palette(theme))
        self._qt.setStyleSheet(style_sheet(theme, scale=self.scale))
        self.state.set_theme(theme)


def first_loop() -> Loop:
    """Return the loop that a new user hears: the demo that ships, or an empty one if it is gone."""
    path = assets_folder() / "demo" / "loop.json"
    try:
        return loop_of_plain(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        logger.warning("the first loop cannot be read: %s", error)
        return loop_edits.empty_loop()


def run(arguments: list[str] | None = None) -> int:
    """Open the window; return when it is closed.

    Args:
        arguments: Qt's; None for the command line's.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    service = EngineService(BundleLoader(), library_file())
    service.start()  # before Qt: the processes come up while the window does
    qt = QApplication(sys.argv if arguments is None else arguments)
    qt.setApplicationName("Turnaround")
    qt.setStyle("Fusion")
    app = App(qt, service)
    app.start()
    return qt.exec()
