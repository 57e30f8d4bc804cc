"""Windows are tested without a screen, with an engine that only remembers."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtWidgets import QApplication

from gui.app import App, Places
from gui.main_window import SIZE_PX
from tests.helpers.fake_service import FakeService


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(tmp_path / "settings.json", tmp_path / "session.json", tmp_path / "journal.jsonl")


@pytest.fixture
def service() -> FakeService:
    return FakeService()


@pytest.fixture
def app(qtbot: QtBot, qapp: QApplication, service: FakeService, places: Places) -> Iterator[App]:
    """Return a window that has begun as a new user's does."""
    app = App(qapp, service, places)
    app.exports.folder = places.settings.parent / "Music"
    app.start()
    app.window.resize(*SIZE_PX)  # the screen that there is not would be smaller
    qtbot.waitExposed(app.window)
    yield app
    # Offscreen, what was copied outlives Python and its end then crashes the process.
    QGuiApplication.clipboard().clear()
    app.window.close()
    app.window.deleteLater()  # a style sheet is applied to every window there is
    app.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
