"""The composition root: settings, engine, document and window are wired here and nowhere else."""

import json
import logging
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import PySide6
from PySide6.QtCore import QByteArray, QObject, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QStyle

from engine.errors import EngineError
from engine.music.loop import Loop
from engine.music.loop_json import loop_of_plain
from engine.resources import assets_folder, config_folder, data_folder, library_file, loops_folder
from engine.service import EngineService, Service
from engine.worker import BundleLoader
from gui import loop_edits
from gui.commands import Commands
from gui.document import LoopDocument
from gui.engine_bridge import EngineBridge
from gui.exports import Exports
from gui.files import Files
from gui.journal import Journal, read_journal
from gui.main_window import MainWindow
from gui.panels.keys import KeysDialog
from gui.panels.settings import SettingsDialog
from gui.piano_roll import accessible
from gui.piano_roll.state import RollState
from gui.piano_roll.transform import Fold, Snap
from gui.playback import Playback
from gui.session import Session
from gui.session_file import parts_of_plain, plain_of_session, quantise_of_plain, read_session, wishes_of_plain
from gui.settings import (
    MAX_SCALE_PERCENT,
    MIN_SCALE_PERCENT,
    Motion,
    Settings,
    read_settings,
    write_json,
    write_settings,
)
from gui.takes import TakeBoard
from gui.theme import THEMES, ThemeName, palette, style_sheet

logger = logging.getLogger(__name__)

SAVE_MS = 500  # a killed window loses no more of what is set; of the music, nothing
SCALE_STEP_PERCENT = 10
SCALE_VARIABLE = "QT_SCALE_FACTOR"
WAYS_OUT = ("file_copy", "file_save_as", "file_save_parts", "file_save_project", "file_reveal")


@dataclass(frozen=True, slots=True)
class Places:
    """Where the window keeps what is the producer's.

    Attributes:
        settings: File of what is wanted.
        session: File of what was on the screen.
        journal: File of every edit.
    """

    settings: Path
    session: Path
    journal: Path

    @classmethod
    def of_user(cls) -> "Places":
        """Return the places of the user who runs this."""
        return cls(config_folder() / "settings.json", data_folder() / "session.json", data_folder() / "journal.jsonl")


class App(QObject):
    """One window and all behind it.

    Args:
        qt: Qt's application.
        service: The engine, started, or a fake.
        places: Where files are kept.
    """

    def __init__(self, qt: QApplication, service: Service, places: Places) -> None:
        super().__init__()
        self._qt, self._places = qt, places
        self.settings, told, self._unknown = read_settings(places.settings)
        self._flash_ms = qt.cursorFlashTime()
        self._scale_percent = self.settings.scale_percent
        self.is_restarting = False
        self.document = LoopDocument(loop_edits.empty_loop(), Journal(places.journal), self)
        self.session = Session(self.document.loop, self)
        self.state = RollState(self.document.loop, parent=self)
        self.bridge = EngineBridge(service, self)
        self.board = TakeBoard(self.bridge, self)
        self.playback = Playback(self.bridge, self.state, self.session, self)
        self._apply_looks()
        accessible.install()
        self.window = MainWindow(self.state, self.session, self.board)
        self.files = Files(self.bridge, warn=self.window.banner.say)
        self.exports = Exports(self.bridge, self.state, say=self.window.say, warn=self.window.banner.say)
        self.exports.grooves = lambda: self.session.grooves
        self.files.parent_window = self.exports.parent_window = self.window
        self.commands = Commands(
            window=self.window,
            document=self.document,
            state=self.state,
            session=self.session,
            board=self.board,
            playback=self.playback,
            bridge=self.bridge,
            files=self.files,
            exports=self.exports,
            appearance=self._appearance_slots(),
            change_live=lambda live: self.change_settings(replace(self.settings, live=live)),
        )
        self._saving = QTimer(self, interval=SAVE_MS, singleShot=True)
        self._saving.timeout.connect(self.save)
        self.window.closing.connect(self.close)
        self.window.transport.badge.settings_changed.connect(self.change_settings)
        self.window.ways_out.closed.connect(self._on_ways_out_closed)
        actions = self.commands.actions
        self.window.ways_out.set_actions(
            [actions["file_hand_off"]],
            [actions["live_setup"], actions["file_render"]],
            [actions["file_copy"], actions["file_save_as"], actions["file_reveal"]],
        )
        self._apply_settings()
        if told:
            self.window.banner.say(" ".join(told))

    def start(self) -> None:
        """Show the window with what was there last, or with something to hear."""
        self.bridge.start()
        history = read_journal(self._places.journal)
        if history is not None:
            self.document.restore(history.shortened())
            self._restore_session()
        else:
            self.document.reset(first_loop())
            self.state.bring_to_front(len(self.document.loop.tracks) - 1)
            if self.settings.plays_at_start:
                self.playback.play()
        self.window.show()
        self.window.roll.fit()
        self.window.roll.pitched.setFocus()
        for signal in (self.session.parts_changed, self.session.wishes_changed, self.state.view_changed):
            signal.connect(self._save_soon)

    def _save_soon(self) -> None:
        """Save within half a second, also while one changes things without pause."""
        if not self._saving.isActive():
            self._saving.start()

    def _restore_session(self) -> None:
        plain = read_session(self._places.session)
        self.window.restoreGeometry(QByteArray.fromBase64(str(plain.get("window", "")).encode()))
        try:
            parts, wishes = parts_of_plain(plain), wishes_of_plain(plain)
            self.commands.editor.quantise = quantise_of_plain(plain)
            view = {"front": int(plain["front"]), "snap": Snap[plain["snap"]], "fold": Fold[plain["fold"]]}
        except (ValueError, KeyError, TypeError) as error:
            logger.warning("the session begins with defaults: %s", error)
            return
        if len(parts) == len(self.document.loop.tracks):
            self.session.restore(parts, wishes)
        self.state.set_view(**view)

    def save(self) -> None:
        """Write what is on the screen; the music is in the journal already."""
        view = self.state.view
        plain = plain_of_session(
            self.session.parts,
            self.session.wishes,
            front=view.front,
            snap=view.snap,
            fold=view.fold,
            quantise=self.commands.editor.quantise,
            window=bytes(self.window.saveGeometry().toBase64().data()).decode(),
        )
        try:
            write_json(self._places.session, plain)
        except EngineError as error:
            self.window.banner.say(str(error))

    def close(self) -> None:
        """Save, and end the engine."""
        self._saving.stop()
        self.save()
        self.bridge.close()
        self.document.close()

    def _appearance_slots(self) -> dict[str, Callable[..., None]]:
        return {
            "file_settings": self.show_settings,
            "view_theme": self.next_theme,
            "view_larger": lambda: self.step_scale(SCALE_STEP_PERCENT),
            "view_smaller": lambda: self.step_scale(-SCALE_STEP_PERCENT),
            "help_keys": self.show_keys,
            "help_ways_out": lambda: self.change_settings(replace(self.settings, shows_ways_out=True)),
            "help_diagnostics": self.copy_diagnostics,
        }

    def show_settings(self) -> None:
        dialog = SettingsDialog(self.settings, self.window)
        dialog.settings_changed.connect(self.change_settings)
        dialog.show()

    def show_keys(self) -> None:
        KeysDialog(self.settings.mouse, self.window).show()

    def change_settings(self, settings: Settings) -> None:
        """Let settings hold, and keep them."""
        before, self.settings = self.settings, settings
        try:
            write_settings(self._places.settings, settings, self._unknown)
        except EngineError as error:
            self.window.banner.say(str(error))
        if before.theme is not settings.theme:
            self._apply_looks()  # styles every widget anew, which takes a while
        if before.scale_percent != settings.scale_percent:
            self._tell_scale()
        self._apply_settings()

    def next_theme(self) -> None:
        names = list(ThemeName)
        theme = names[(names.index(self.settings.theme) + 1) % len(names)]
        self.change_settings(replace(self.settings, theme=theme))

    def step_scale(self, percent: int) -> None:
        scale = min(max(self.settings.scale_percent + percent, MIN_SCALE_PERCENT), MAX_SCALE_PERCENT)
        self.change_settings(replace(self.settings, scale_percent=scale))

    def _tell_scale(self) -> None:
        """Offer to begin anew with another size; Qt takes it at its start, and then for all that is painted."""
        if self.settings.scale_percent == self._scale_percent:
            self.window.banner.hide()
            return
        text = f"The interface is {self.settings.scale_percent} % large from the next start on; nothing is lost."
        self.window.banner.say(text, choices=(("Restart now", self.restart),))

    def restart(self) -> None:
        """Close the window, to be opened again by whoever ran it."""
        self.is_restarting = True
        self.window.close()

    def _apply_looks(self) -> None:
        theme = THEMES[self.settings.theme]
        self._qt.setPalette(palette(theme))
        self._qt.setStyleSheet(style_sheet(theme, icons=assets_folder() / "icons"))
        self.state.set_theme(theme)

    @property
    def _is_still(self) -> bool:
        """Whether less shall move; the desktop says so by having its own animations off."""
        if self.settings.motion is Motion.SYSTEM:
            return self._qt.style().styleHint(QStyle.StyleHint.SH_Widget_Animation_Duration) == 0
        return self.settings.motion is Motion.REDUCED

    def _apply_settings(self) -> None:
        is_still = self._is_still
        self.state.set_view(middle_c_octave=self.settings.middle_c_octave, mouse=self.settings.mouse, is_still=is_still)
        self._qt.setCursorFlashTime(0 if is_still else self._flash_ms)
        self.board.offer_likenesses(on=self.settings.offers_likenesses)
        self.window.ways_out.setVisible(self.settings.shows_ways_out)
        self.commands.live.show_settings(self.settings.live)
        self.exports.options = self.settings.hand_off
        self.exports.folder = Path(self.settings.folder) if self.settings.folder else loops_folder()
        ways_out = [self.commands.actions[id] for id in WAYS_OUT]
        self.window.transport.badge.show_settings(self.settings, ways_out)

    def _on_ways_out_closed(self) -> None:
        self.change_settings(replace(self.settings, shows_ways_out=False))
        self.window.roll.pitched.setFocus()

    def copy_diagnostics(self) -> None:
        """Put what a report of a problem needs on the clipboard; nothing of the music."""
        loop = self.document.loop
        lines = (
            f"Python {platform.python_version()}, {platform.platform()}",
            f"PySide6 {PySide6.__version__}, platform {QGuiApplication.platformName()}",
            self.window.engine_label.text(),
            self.window.sound_label.text(),
            *self.commands.live.diagnostics(),
            f"{len(loop.tracks)} parts, {loop.bars} bars of {loop.meter}, {loop.note_count} notes",
            str(self.settings),
        )
        QGuiApplication.clipboard().setText("\n".join(lines))
        self.window.say("Copied: versions, engine, sound and settings.")


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
    places = Places.of_user()
    settings = read_settings(places.settings)[0]
    service = EngineService(BundleLoader(settings.model, settings.threads), library_file())
    service.start()  # before Qt: the processes come up while the window does
    with scaled(settings.scale_percent):
        qt = QApplication(sys.argv if arguments is None else arguments)
    qt.setApplicationName("Turnaround")
    qt.setStyle("Fusion")
    app = App(qt, service, places)
    app.start()
    app.commands.live.find_ports()
    app.commands.shelf.fill_board()
    status = qt.exec()
    if app.is_restarting:
        subprocess.Popen([sys.executable, *sys.orig_argv[1:]])
    return status


@contextmanager
def scaled(percent: int) -> Generator[None]:
    """Have a `QApplication` that is made meanwhile be so large, beside what the desktop asks for."""
    before = os.environ.get(SCALE_VARIABLE)
    os.environ[SCALE_VARIABLE] = str(float(before or 1) * percent / 100)
    yield
    if before is None:
        del os.environ[SCALE_VARIABLE]
    else:
        os.environ[SCALE_VARIABLE] = before
