"""The live panel: where a loop is heard, on which ports and channels, whose time holds, and when changes come in."""

from dataclasses import replace
from enum import Enum
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QFormLayout,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from engine.jobs.live import VIRTUAL_IN, VIRTUAL_OUT, ClockSource, HeardOn, PortsListed
from engine.jobs.sound import Start
from engine.music.loop import Loop
from engine.resources import assets_folder
from gui.live_settings import MOST_LATENCY_MS, MOST_PASSES, LiveSettings
from gui.panels.number_boxes import DecimalBox, WholeBox
from gui.panels.routes import PortBox, RoutesTable
from gui.session import PartSettings
from gui.theme import SPACE_PX

SIZE_PX = (960, 600)
COLUMN_GAP_PX = 28
LOOPBACK = "Loopback"  # an advice that names it is explained by a picture
HEARD_WORDS = {
    HeardOn.INTERNAL: "Here, with the sound that comes with Turnaround",
    HeardOn.PORT: "In your DAW or synth, over the port",
    HeardOn.BOTH: "Both",
}
CLOCK_WORDS = {
    ClockSource.OWN: "Its own tempo",
    ClockSource.MIDI: "MIDI clock that comes in",
    ClockSource.LINK: "Ableton Link",
}
DROP_WORDS = {Start.NEXT_BEAT: "next beat", Start.NEXT_BAR: "next bar", Start.NEXT_LOOP: "end of the loop"}
MUTE_WORDS = {Start.IN_PLACE: "at once", **DROP_WORDS}


class _Choice(QComboBox):
    """A choice among an Enum's members, told by words of ours."""

    chosen = Signal(object)

    def __init__(self, name: str, words: dict[Any, str]) -> None:
        super().__init__()
        self._members = list(words)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(12)
        self.addItems(list(words.values()))
        self.setAccessibleName(name)
        self.activated.connect(lambda index: self.chosen.emit(self._members[index]))

    def show_member(self, member: Enum) -> None:
        self.setCurrentIndex(self._members.index(member))


def _title(text: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("kind", "title")
    return label


def _note(text: str = "") -> QLabel:
    label = QLabel(text)
    label.setProperty("kind", "muted")
    label.setWordWrap(True)
    return label


class LiveDialog(QDialog):
    """Shows and changes how it is played on stage; each change holds at once."""

    settings_changed = Signal(object)  # LiveSettings
    route_changed = Signal(int, object)  # part, PartRoute
    refresh_wanted = Signal()
    panic_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Playing live")
        self.settings = LiveSettings()
        self._ports = PortsListed("")
        self._part_ports: tuple[str, ...] = ()
        self.heard_on = _Choice("Where it is heard", HEARD_WORDS)
        self.output = PortBox("Port to send to", f"{VIRTUAL_OUT} (made here)")
        self.input = PortBox("Port to listen to", f"{VIRTUAL_IN} (made here) alone")
        self.refresh = QPushButton("Look again")
        self.refresh.setToolTip("Look again which ports there are")
        self.port_a_part = QCheckBox("A port of its own for each part")
        self.clock = _Choice("Whose tempo holds", CLOCK_WORDS)
        self.sends_clock = QCheckBox("Send MIDI clock to that port")
        self.start_stop = QCheckBox("Start and stop together with others on Link")
        self.drops_in = _Choice("When loops and takes come in", DROP_WORDS)
        self.mutes_in = _Choice("When mutes, solos and parts change", MUTE_WORDS)
        self.evolve_passes, self.evolve_percent = WholeBox(), WholeBox()
        self.routes = RoutesTable()
        self.advice, self.state, self.late = _note(), _note(), _note()
        self.picture = QLabel()
        self.picture.setPixmap(QPixmap(str(assets_folder() / "pictures" / "windows-loopback.svg")))
        self.picture.setAccessibleName("Send to end (A) of the loopback here; choose end (B) in your DAW.")
        self.picture.hide()
        self.panic = QPushButton("Panic")
        self.panic.setToolTip("Stop, and switch every note off (Ctrl+.)")
        self._latencies = QFormLayout()
        self.latencies: dict[str, DecimalBox] = {}
        self._lay_out()
        self._connect()
        self.resize(*SIZE_PX)

    def _lay_out(self) -> None:
        page = QWidget()
        rows = QVBoxLayout(page)
        rows.setContentsMargins(16, 14, 16, 14)
        columns = QHBoxLayout()
        columns.setSpacing(COLUMN_GAP_PX)
        columns.addLayout(self._ports_column(), 1)
        columns.addLayout(self._time_column(), 1)
        rows.addLayout(columns, 1)
        rows.addWidget(self.picture, 0, Qt.AlignmentFlag.AlignHCenter)
        scroll = QScrollArea()
        scroll.setProperty("kind", "panel")
        scroll.setWidgetResizable(True)
        scroll.setWidget(page)
        foot = QHBoxLayout()
        words = QVBoxLayout()
        for label in (self.state, self.late):
            words.addWidget(label)
        foot.addLayout(words, 1)
        foot.addWidget(self.panic, 0, Qt.AlignmentFlag.AlignTop)
        foot.setContentsMargins(16, 0, 16, SPACE_PX)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(scroll, 1)
        layout.addLayout(foot)
        for button in (self.refresh, self.panic):
            button.setAutoDefault(False)

    def _ports_column(self) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(SPACE_PX)
        column.addWidget(_title("PORTS"))
        grid = QGridLayout()
        grid.setSpacing(SPACE_PX)
        grid.setColumnStretch(1, 1)
        grid.addWidget(QLabel("Heard"), 0, 0)
        grid.addWidget(self.heard_on, 0, 1, 1, 2)
        grid.addWidget(QLabel("Send to"), 1, 0)
        grid.addWidget(self.output, 1, 1)
        grid.addWidget(self.refresh, 1, 2)
        grid.addWidget(QLabel("Listen to"), 2, 0)
        grid.addWidget(self.input, 2, 1, 1, 2)
        column.addLayout(grid)
        column.addWidget(self.advice)
        column.addSpacing(SPACE_PX)
        column.addWidget(_title("PARTS"))
        column.addWidget(self.port_a_part)
        column.addWidget(self.routes)
        column.addWidget(_note("Auto: the next free channel, drums on 10. Kept with the loop."))
        column.addStretch(1)
        return column

    def _time_column(self) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(SPACE_PX)
        column.addWidget(_title("TIME"))
        form = QFormLayout()
        form.addRow("Tempo", self.clock)
        form.addRow("", self.start_stop)
        form.addRow("", self.sends_clock)
        column.addLayout(form)
        column.addSpacing(SPACE_PX)
        column.addWidget(_title("LATENCY"))
        column.addLayout(self._latencies)
        column.addWidget(_note("Added to every message's time on a port; below 0 it is sent earlier."))
        column.addSpacing(SPACE_PX)
        column.addWidget(_title("CHANGES"))
        changes = QFormLayout()
        for each in (form, changes, self._latencies):
            each.setVerticalSpacing(SPACE_PX)
        changes.addRow("Loops and takes come in", self.drops_in)
        changes.addRow("Mutes, solos, parts", self.mutes_in)
        evolve = QHBoxLayout()
        for spin, high, suffix, name in (
            (self.evolve_passes, MOST_PASSES, " passes", "Passes before Evolve changes the loop"),
            (self.evolve_percent, 100, " %", "How much Evolve changes"),
        ):
            spin.setRange(1, high)
            spin.setSuffix(suffix)
            spin.setKeyboardTracking(False)
            spin.setAccessibleName(name)
        evolve.addWidget(self.evolve_passes)
        evolve.addWidget(QLabel("change"))
        evolve.addWidget(self.evolve_percent)
        evolve.addStretch(1)
        changes.addRow("Evolve (E): every", evolve)
        column.addLayout(changes)
        column.addWidget(_note("What G would write changes; all other parts and locked notes stay."))
        column.addStretch(1)
        return column

    def _connect(self) -> None:
        self.refresh.clicked.connect(self.refresh_wanted)
        self.panic.clicked.connect(self.panic_wanted)
        self.routes.route_changed.connect(self.route_changed)
        for choice, name in (
            (self.heard_on, "heard_on"),
            (self.clock, "clock"),
            (self.drops_in, "drops_in"),
            (self.mutes_in, "mutes_in"),
        ):
            choice.chosen.connect(lambda member, name=name: self._change(name, member))
        for box, name in ((self.output, "output"), (self.input, "input")):
            box.port_chosen.connect(lambda port, name=name: self._change(name, port))
        for check, name in (
            (self.port_a_part, "has_port_a_part"),
            (self.sends_clock, "sends_clock"),
            (self.start_stop, "has_start_stop"),
        ):
            check.clicked.connect(lambda on, name=name: self._change(name, on))
        for spin, name in ((self.evolve_passes, "evolve_passes"), (self.evolve_percent, "evolve_percent")):
            spin.valueChanged.connect(lambda value, name=name: self._change(name, value))

    def _change(self, name: str, value: object) -> None:
        settings = replace(self.settings, **{name: value})
        if settings != self.settings:
            self.settings_changed.emit(settings)

    def show_settings(self, settings: LiveSettings) -> None:
        """Show settings without telling anyone."""
        self.settings = settings
        self.heard_on.show_member(settings.heard_on)
        self.clock.show_member(settings.clock)
        self.drops_in.show_member(settings.drops_in)
        self.mutes_in.show_member(settings.mutes_in)
        self.port_a_part.setChecked(settings.has_port_a_part)
        self.sends_clock.setChecked(settings.sends_clock)
        self.start_stop.setChecked(settings.has_start_stop)
        self.start_stop.setEnabled(settings.clock is ClockSource.LINK)
        for spin, value in (
            (self.evolve_passes, settings.evolve_passes),
            (self.evolve_percent, settings.evolve_percent),
        ):
            spin.blockSignals(True)
            spin.setValue(value)
            spin.blockSignals(False)
        self._show_ports()

    def show_ports(self, ports: PortsListed) -> None:
        """Show which ports there are, and what to do where none can be made."""
        self._ports = ports
        self.advice.setText(ports.advice)
        self.advice.setVisible(bool(ports.advice))
        self.picture.setVisible(LOOPBACK in ports.advice)
        self._show_ports()

    def _show_ports(self) -> None:
        self.output.show_ports(self._ports.outputs, self.settings.output)
        self.input.show_ports(self._ports.inputs, self.settings.input)
        self.routes.show_outputs(self._ports.outputs)
        self._show_latencies()

    def show_parts(self, loop: Loop, parts: tuple[PartSettings, ...]) -> None:
        """Show the parts and where each is played."""
        self.routes.show_parts(loop, parts)
        self._part_ports = tuple(part.route.port for part in parts if part.route.port)
        self._show_latencies()

    def _show_latencies(self) -> None:
        """Show a latency for each port in use."""
        ports = tuple(dict.fromkeys((self.settings.output or VIRTUAL_OUT, *self._part_ports)))
        if ports != tuple(self.latencies):
            while self._latencies.rowCount():
                self._latencies.removeRow(0)
            self.latencies = {port: self._latency(port) for port in ports}
        for port, spin in self.latencies.items():
            spin.blockSignals(True)
            spin.setValue(self.settings.latency_of(port))
            spin.blockSignals(False)

    def _latency(self, port: str) -> DecimalBox:
        spin = DecimalBox()
        spin.setRange(-MOST_LATENCY_MS, MOST_LATENCY_MS)
        spin.setDecimals(1)
        spin.setSingleStep(0.5)
        spin.setSuffix(" ms")
        spin.setKeyboardTracking(False)
        spin.setAccessibleName(f"Latency of {port}")
        spin.valueChanged.connect(lambda ms: self.settings_changed.emit(self.settings.with_latency(port, ms)))
        self._latencies.addRow(port, spin)
        return spin

    def show_state(self, text: str, *, is_warning: bool) -> None:
        """Show what the player says of ports and clock."""
        self.state.setText(text)
        self.state.setProperty("kind", "warning" if is_warning else "muted")
        self.state.style().polish(self.state)

    def show_lateness(self, text: str) -> None:
        """Show how late messages were."""
        self.late.setText(text)
