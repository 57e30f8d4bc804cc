"""A model of one's own in three screens: choose files, read what they are good for, watch them being learned."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QStackedWidget,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from engine.resources import data_folder
from gui.panels.curves import CurvesView, change_text
from gui.panels.training_words import report_html, seconds_text
from gui.training_process import TrainingProcess, Unfinished

LOW_PRIORITY = 19  # added to the process's niceness: takes come nearly as fast as without a training beside them
SIZE_PX = (760, 640)
NO_PROGRAM = (
    "Training needs a larger part of Turnaround (PyTorch), which is not installed. Unpack the training pack in "
    "{folder}, so that there is a folder “training” in it, and open this window again. With Python: "
    "pip install turnaround[training]."
)


class TrainingDialog(QDialog):
    """The three screens.

    Args:
        process: Where training runs.
    """

    model_made = Signal(str)  # folder
    sample_wanted = Signal(str)  # path of a MIDI file; "" for silence

    def __init__(self, process: TrainingProcess, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.process = process
        self.setWindowTitle("Train your own model")
        self.resize(*SIZE_PX)
        self.pages = QStackedWidget()
        self.choose, self.report, self.train = ChoosePage(), ReportPage(), TrainPage()
        for page in (self.choose, self.report, self.train):
            self.pages.addWidget(page)
        layout = QVBoxLayout(self)
        layout.addWidget(self.pages)
        self._folder = ""
        self._sample = ""
        self._connect()
        self._show_choices()

    def _connect(self) -> None:
        self.choose.folder_chosen.connect(self.check)
        self.choose.unfinished_chosen.connect(self.go_on)
        self.report.back.clicked.connect(self._show_choices)
        self.report.start.clicked.connect(self._begin)
        self.train.pause.clicked.connect(self._pause_or_go_on)
        self.train.hear.toggled.connect(self._hear)
        self.train.done.clicked.connect(self._leave_train)
        self.process.report_came.connect(self._on_report)
        self.process.event_came.connect(self._on_event)
        self.process.failed.connect(self._on_failed)
        self.process.running_changed.connect(self._on_running)

    def _show_choices(self) -> None:
        self.choose.show_state(self.process.unfinished(), can_train=self.process.program is not None)
        self.pages.setCurrentWidget(self.choose)

    def check(self, folder: str) -> None:
        """Look at a folder."""
        self._folder = folder
        self.choose.say(f"Reading {Path(folder).name} …")
        self.process.check(folder)

    def _on_report(self, report: dict[str, Any]) -> None:
        self.report.show_report(report)
        self.pages.setCurrentWidget(self.report)
        self.report.start.setDefault(True)
        self.report.name.setFocus()

    def _begin(self) -> None:
        self._run(self._folder, self.report.name.text().strip())

    def go_on(self, training: Unfinished) -> None:
        """Go on with a training that was paused or cut off."""
        self._run(training.folder, training.name)

    def _run(self, folder: str, name: str) -> None:
        self._folder, self._name = folder, name
        is_quiet = self.report.quiet.isChecked()
        self.train.begin(name)
        self.pages.setCurrentWidget(self.train)
        self.process.train(folder, name, f"course.nice={LOW_PRIORITY if is_quiet else 0}")

    def _pause_or_go_on(self) -> None:
        if self.process.is_running:
            self.train.say("Pausing after the present step …")
            self.process.pause()
        else:
            self._run(self._folder, self._name)

    def _hear(self, on: bool) -> None:
        self.sample_wanted.emit(self._sample if on else "")

    def _leave_train(self) -> None:
        self.train.hear.setChecked(False)
        if self.process.is_running:
            self.hide()
        else:
            self._show_choices()

    def _on_event(self, event: dict[str, Any]) -> None:
        if event["event"] == "sample":
            self._sample = event["path"]
        self.train.show_event(event)
        if event["event"] == "end" and event["bundle"]:
            self.model_made.emit(event["bundle"])

    def _on_failed(self, text: str) -> None:
        if self.pages.currentWidget() is self.train:
            self.train.show_end(text, can_go_on=True)
        else:
            self.choose.say(text, is_warning=True)

    def _on_running(self, is_running: bool) -> None:
        self.train.show_running(is_running)
        self.choose.setEnabled(not is_running)


def _heading(text: str) -> QLabel:
    label = QLabel(text)
    label.setWordWrap(True)
    label.setStyleSheet("font-size: 18px; font-weight: 600;")
    return label


def _wrapped(text: str = "") -> QLabel:
    label = QLabel(text)
    label.setWordWrap(True)
    return label


def _primary(text: str) -> QPushButton:
    button = QPushButton(text)
    button.setProperty("kind", "primary")
    return button


class ChoosePage(QWidget):
    """The first screen: a folder, or a training to go on with."""

    folder_chosen = Signal(str)
    unfinished_chosen = Signal(object)  # Unfinished

    def __init__(self) -> None:
        super().__init__()
        self.setAcceptDrops(True)
        self.button = _primary("Choose a folder …")
        self.button.clicked.connect(self._ask)
        self.notice = _wrapped()
        self._unfinished = QVBoxLayout()
        layout = QVBoxLayout(self)
        layout.setSpacing(12)
        layout.addWidget(_heading("1 · Choose your files"))
        layout.addWidget(
            _wrapped(
                "A folder of your own MIDI files, in any depth: songs, loops, clips. Twenty files are enough for a "
                "habit, sixty for a style. They stay where they are, and nothing leaves this machine."
            )
        )
        layout.addWidget(self.button, 0, Qt.AlignmentFlag.AlignLeft)
        layout.addWidget(self.notice)
        layout.addLayout(self._unfinished)
        layout.addStretch(1)

    def _ask(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Folder of your MIDI files")
        if folder:
            self.folder_chosen.emit(folder)

    def show_state(self, unfinished: tuple[Unfinished, ...], *, can_train: bool) -> None:
        """Show what can be gone on with, and whether anything can be trained here."""
        while (item := self._unfinished.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        self.button.setEnabled(can_train)
        self.say("" if can_train else NO_PROGRAM.format(folder=data_folder()), is_warning=not can_train)
        if unfinished and can_train:
            self._unfinished.addWidget(_wrapped("Paused, or cut off: what was learned until then is kept."))
        for training in unfinished if can_train else ():
            button = QPushButton(f"Go on with {training.name}")
            button.setToolTip(training.folder)
            button.clicked.connect(lambda _=False, training=training: self.unfinished_chosen.emit(training))
            self._unfinished.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft)

    def say(self, text: str, *, is_warning: bool = False) -> None:
        self.notice.setText(text)
        self.notice.setProperty("kind", "warning" if is_warning else "")
        self.notice.style().polish(self.notice)


class ReportPage(QWidget):
    """The second screen: what the files are good for, and the name of the model."""

    def __init__(self) -> None:
        super().__init__()
        self.verdict = _wrapped()
        self.text = QTextBrowser()
        self.text.setAccessibleName("Report on the files")
        self.name = QLineEdit("My style")
        self.name.setAccessibleName("Name of the model")
        self.quiet = QCheckBox("Leave the processor to the DAW")
        self.quiet.setChecked(True)
        self.quiet.setToolTip("Training runs at low priority: it waits whenever something else wants to run.")
        self.back, self.start = QPushButton("Other files"), _primary("Train")
        buttons = QHBoxLayout()
        buttons.addWidget(self.back)
        buttons.addStretch(1)
        buttons.addWidget(self.quiet)
        buttons.addWidget(QLabel("Name"))
        buttons.addWidget(self.name)
        buttons.addWidget(self.start)
        layout = QVBoxLayout(self)
        layout.addWidget(_heading("2 · Read the report"))
        layout.addWidget(self.verdict)
        layout.addWidget(self.text, 1)
        layout.addLayout(buttons)
        self.name.textChanged.connect(lambda _: self._show_start())
        self._is_enough = False

    def show_report(self, report: dict[str, Any]) -> None:
        self.verdict.setText(report["verdict_text"])
        self.text.setHtml(report_html(report))
        self._is_enough = report["verdict"] != "nothing"
        self._show_start()

    def _show_start(self) -> None:
        name = self.name.text().strip()
        is_name = bool(name) and not name.startswith(".") and not set(name) & set('/\\:*?"<>|')
        self.start.setEnabled(self._is_enough and is_name)


class TrainPage(QWidget):
    """The third screen: both curves, how long it takes, a loop to hear, pause and going on."""

    def __init__(self) -> None:
        super().__init__()
        self.heading = _heading("3 · Train")
        self.state, self.words = _wrapped(), _wrapped()
        self.words.setProperty("kind", "muted")
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)  # it is too thin for any
        self.bar.setAccessibleName("How far the training is")
        self.curves = CurvesView()
        legend = _wrapped(
            "— your files, kept aside: lower is likelier    - - the base's own loops: higher is forgotten"
        )
        legend.setProperty("kind", "muted")
        self.hear = QPushButton("Hear how it sounds now")
        self.hear.setCheckable(True)
        self.pause, self.done = QPushButton("Pause"), QPushButton("Go on in the background")
        buttons = QHBoxLayout()
        buttons.addWidget(self.hear)
        buttons.addStretch(1)
        for button in (self.pause, self.done):
            buttons.addWidget(button)
        layout = QVBoxLayout(self)
        for widget in (self.heading, self.state, self.bar):
            layout.addWidget(widget)
        layout.addWidget(self.curves, 1)
        for widget in (legend, self.words):
            layout.addWidget(widget)
        layout.addLayout(buttons)
        self._can_go_on = False
        self._shown: dict[str, Callable[[dict[str, Any]], None]] = {
            "state": lambda event: self.say(event["text"]),
            "step": self._show_step,
            "valid": self._show_valid,
            "sample": lambda _: self.hear.setEnabled(True),
            "end": lambda event: self.show_end(event["text"], can_go_on=event["state"] in ("paused", "failed")),
        }

    def begin(self, name: str) -> None:
        """Show a training that begins or goes on."""
        self.heading.setText(f"3 · Train “{name}”")
        self.curves.clear()
        self.bar.setRange(0, 1)  # empty, not moving to and fro: the words say what happens
        self.bar.setValue(0)
        self.hear.setEnabled(False)
        self.words.setText("")
        self.say("Starting …")
        self._can_go_on = False

    def say(self, text: str) -> None:
        self.state.setText(text)

    def show_event(self, event: dict[str, Any]) -> None:
        """Show one of `training/finetune/events.py`."""
        show = self._shown.get(event["event"])
        if show is not None:
            show(event)

    def _show_step(self, event: dict[str, Any]) -> None:
        self.bar.setRange(0, event["total_rows"])
        self.bar.setValue(min(event["rows"], event["total_rows"]))
        left = seconds_text(event["seconds_left"])
        self.say(f"Step {event['step']} · {left} left at most · {event['rows_per_second']:,} notes a second")

    def _show_valid(self, event: dict[str, Any]) -> None:
        self.curves.add(event["step"], event["own"], event["base"])
        if event["step"]:
            text = f"Your files are {change_text(event['own_start'], event['own'])}."
            if event["base"] is not None:
                text += f" What the base writes is {change_text(event['base_start'], event['base'])}."
            self.words.setText(text)

    def show_end(self, text: str, *, can_go_on: bool) -> None:
        """Show how it ended."""
        self._can_go_on = can_go_on
        self.say(text)
        if self.bar.maximum() == 0:
            self.bar.setRange(0, 1)
        if not can_go_on:
            self.bar.setValue(self.bar.maximum())

    def show_running(self, is_running: bool) -> None:
        self.pause.setText("Pause" if is_running else "Go on")
        self.pause.setVisible(is_running or self._can_go_on)
        self.done.setText("Go on in the background" if is_running else "Done")
