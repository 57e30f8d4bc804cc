"""Guards around every test: nothing of the user's is touched, nothing is logged in secret, nothing is left running.

Settings, takes and logs go to a folder of the test's own. A test that logs a warning or worse fails, unless it
asks for `caplog` and so looks at the log itself. Threads and processes that a test began must have ended with it.
Where Qt's libraries are missing (a bare server), the window's tests are left out, and the header says so.
"""

import importlib
import logging
import multiprocessing
import os
import threading
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.helpers.jack import clear_metadata

LEFTOVER_SECONDS = 5.0
# How long an example takes says nothing on a shared machine. In CI the same examples are tried for the same code.
settings.register_profile("turnaround", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("turnaround")


def _qt_problem() -> str:
    """Return why no window can be made here, "" if one can."""
    try:
        importlib.import_module("PySide6.QtWidgets")
    except ImportError as error:
        return str(error)
    return ""


QT_PROBLEM = _qt_problem()
collect_ignore = ["gui"] if QT_PROBLEM else []


def pytest_addoption(pluginmanager: pytest.PytestPluginManager) -> None:
    """Take pytest-qt out where it could only stop the run."""
    if QT_PROBLEM:
        pluginmanager.unregister(name="pytest-qt")


def pytest_sessionstart() -> None:
    """Begin without what a killed client of JACK left."""
    clear_metadata()


def pytest_report_header() -> list[str]:
    """Say what is left out."""
    return [f"the window's tests are left out: {QT_PROBLEM}"] if QT_PROBLEM else []


@pytest.fixture(autouse=True)
def own_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Send settings, data, caches and logs to a folder of the test's own."""
    home = tmp_path_factory.mktemp("home")
    for name in ("HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(home))
    for name in ("CONFIG", "DATA", "CACHE", "STATE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(home / name.lower()))


class _Warnings(logging.Handler):
    """Keeps what is logged at WARNING and above."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{record.levelname} {record.name}: {record.getMessage()}")


@pytest.fixture(autouse=True)
def quiet_log(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that logs a warning or worse and does not ask for `caplog`."""
    handler = _Warnings()
    logging.getLogger().addHandler(handler)
    yield
    logging.getLogger().removeHandler(handler)
    if handler.lines and "caplog" not in request.fixturenames:
        pytest.fail("logged without being expected:\n" + "\n".join(handler.lines))


@pytest.fixture(autouse=True)
def nothing_left_running() -> Iterator[None]:
    """Fail a test that leaves a thread or a process behind; what it left is ended, for the tests after it."""
    before = set(threading.enumerate())
    # By name: what a fixture of a whole module keeps up may be started again by a test.
    kept_up = {process.name for process in multiprocessing.active_children()}
    yield
    processes = [process for process in multiprocessing.active_children() if process.name not in kept_up]
    for process in processes:
        process.join(LEFTOVER_SECONDS)
    started = [thread for thread in threading.enumerate() if thread not in before and thread.is_alive()]
    # Threads that Qt or the runtime began show up as "Dummy" once Python has run in them; they are not ours to end.
    started = [thread for thread in started if not thread.name.startswith("Dummy")]
    for thread in started:
        thread.join(LEFTOVER_SECONDS)
    left = [f"thread {thread.name}" for thread in started if thread.is_alive()]
    left += [f"process {process.name}" for process in processes if process.is_alive()]
    for process in (process for process in processes if process.is_alive()):
        process.kill()
        process.join()
        clear_metadata()  # it may have been killed while it entered JACK
    assert not left, f"left running: {', '.join(left)}"
