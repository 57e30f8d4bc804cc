"""The training in a process of its own: the window starts it, reads its lines, and asks it to pause.

Nothing of training is imported here. A training is a work folder beside its future model, from which it goes on after a
pause, a crash or a restart; the process is asked to pause by a file in it, which is also what happens when the window
closes. Its answers are JSON, one object a line.
"""

import json
import logging
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QProcess, QProcessEnvironment, Signal

from engine.resources import outside_environment

logger = logging.getLogger(__name__)

PAUSE, PLAN, EVENTS = "pause", "plan.json", "events.jsonl"
_KEPT_EVENTS = ("valid", "sample")
_LEAVE_MS = 4000
_WORK = re.compile(r"\.(.+)\.training")


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A training that can be gone on with.

    Attributes:
        name: Of its model.
        folder: Its files.
    """

    name: str
    folder: str


class TrainingProcess(QObject):
    """Runs one command at a time.

    Args:
        program: How to start the training commands; None where nothing can be trained.
        models: The folder of the producer's models.
    """

    # Objects, not dicts: as a map of Qt's, a dict would lose its order.
    report_came = Signal(object)  # a folder's report
    event_came = Signal(object)  # as in `training/finetune/events.py`
    failed = Signal(str)  # in words
    running_changed = Signal(bool)

    def __init__(self, program: tuple[str, ...] | None, models: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.program, self._models = program, models
        self.settings: tuple[str, ...] = ()  # of every training, as `turnaround finetune` takes them
        self._process: QProcess | None = None
        self._work: Path | None = None
        self._pending = b""
        self._has_ended = self._is_training = False

    @property
    def is_running(self) -> bool:
        return self._process is not None

    @property
    def process_id(self) -> int:
        """The running process's, 0 without one."""
        return self._process.processId() if self._process is not None else 0

    def unfinished(self) -> tuple[Unfinished, ...]:
        """Return the trainings that were paused or cut off."""
        found: list[Unfinished] = []
        for plan in sorted(self._models.glob(f".*.training/{PLAN}")):
            name = _WORK.fullmatch(plan.parent.name)
            try:
                folder = str(json.loads(plan.read_text(encoding="utf-8"))["folder"])
            except (OSError, ValueError, KeyError, TypeError) as error:
                logger.warning("%s cannot be gone on with: %s", plan, error)
                continue
            if name and not (self._models / name[1]).exists():
                found.append(Unfinished(name[1], folder))
        return tuple(found)

    def check(self, folder: str) -> None:
        """Have a folder looked at; `report_came` or `failed` follows."""
        self._start(["check", folder, "--json"], is_training=False)

    def train(self, folder: str, name: str, *settings: str) -> None:
        """Train, or go on; `event_came` follows for each line, after the curves and samples that there are already."""
        self._work = self._models / f".{name}.training"
        self._pending, self._has_ended = b"", False
        arguments = ["finetune", folder, "--out", str(self._models / name), "--work", str(self._work), "--json"]
        self._start([*arguments, *settings, *self.settings], is_training=True)
        if self._process is not None:
            self._process.readyReadStandardOutput.connect(self._read_lines)
            for event in _told_before(self._work / EVENTS):
                self.event_came.emit(event)

    def pause(self) -> None:
        """Ask the training to end after its present step; it can be gone on with."""
        if self._work is not None and self.is_running:
            self._work.mkdir(parents=True, exist_ok=True)
            (self._work / PAUSE).touch()

    def leave(self) -> None:
        """End whatever runs: pause it, and if it does not, stop it; its last checkpoint stays."""
        if self._process is None:
            return
        self.pause()
        if not self._process.waitForFinished(_LEAVE_MS):
            self._process.kill()
            self._process.waitForFinished()

    def _start(self, arguments: list[str], *, is_training: bool) -> None:
        if self.program is None or self.is_running:
            return
        process = QProcess(self)
        environment = QProcessEnvironment()
        for name, value in outside_environment().items():
            environment.insert(name, value)
        environment.insert("OMP_WAIT_POLICY", "PASSIVE")  # threads that wait leave the processor to the DAW
        environment.insert("PYTHONIOENCODING", "utf-8")
        process.setProcessEnvironment(environment)
        if sys.platform != "win32":
            process.setUnixProcessParameters(QProcess.UnixProcessFlag.CreateNewSession)  # see `training.priority`
        process.finished.connect(self._on_finished)
        process.errorOccurred.connect(self._on_error)
        self._process, self._is_training = process, is_training
        process.start(self.program[0], [*self.program[1:], *arguments])
        self.running_changed.emit(True)

    def _on_error(self, error: QProcess.ProcessError) -> None:
        process = self._process
        if process is not None and error is QProcess.ProcessError.FailedToStart:  # else it ends, and tells more then
            self._process = None
            process.deleteLater()
            self.running_changed.emit(False)
            self.failed.emit(f"The training cannot be started: {process.errorString()}.")

    def _on_finished(self) -> None:
        process = self._process
        if process is None:
            return
        if self._is_training:
            self._read_lines()
        self._process = None
        (self._on_trained if self._is_training else self._on_checked)(process)
        process.deleteLater()
        self.running_changed.emit(False)

    def _on_checked(self, process: QProcess) -> None:
        output = bytes(process.readAllStandardOutput().data())
        try:
            self.report_came.emit(json.loads(output))
        except ValueError:
            self.failed.emit(_last_words(process))

    def _on_trained(self, process: QProcess) -> None:
        if self._has_ended:
            return
        if process.exitStatus() is QProcess.ExitStatus.CrashExit:  # killed: what it said last is not why
            self.failed.emit("The training was cut off; it can be gone on with.")
        else:
            self.failed.emit(f"The training stopped unasked; it can be gone on with. {_last_words(process)}")

    def _read_lines(self) -> None:
        process = self._process
        if process is None:
            return
        *lines, self._pending = (self._pending + bytes(process.readAllStandardOutput().data())).split(b"\n")
        for line in lines:
            event = _event_in(line)
            if event is None:
                logger.info("training: %s", line.decode(errors="replace"))
                continue
            self._has_ended |= event["event"] == "end"
            self.event_came.emit(event)


def _told_before(path: Path) -> list[dict[str, Any]]:
    """Return what earlier parts of a training told that still holds, so that its curves do not begin anew."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
    except FileNotFoundError:
        return []
    except OSError as error:
        logger.warning("%s cannot be read: %s", path, error)
        return []
    events = [event for line in lines if (event := _event_in(line)) is not None]
    return [event for event in events if event["event"] in _KEPT_EVENTS]


def _event_in(line: str | bytes) -> dict[str, Any] | None:
    """Return what a line tells, None where it is no event: a library's words, or cut off by a crash."""
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) and "event" in event else None


def _last_words(process: QProcess) -> str:
    """Return the last line of what a process complained of, without its "error:" and its loader's words."""
    said = bytes(process.readAllStandardError().data()).decode(errors="replace").strip().splitlines()
    lines = [line for line in said if not line.startswith("[PYI-")]
    return lines[-1].removeprefix("error:").strip() if lines else "It said nothing."
