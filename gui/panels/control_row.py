"""One control: its name, its value, a slider, and what a take got."""

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QGridLayout, QLabel, QSlider, QToolButton, QWidget

from engine.messages import ControlReport
from engine.music.general_midi import Role
from engine.representation.controls import TRACK_CONTROLS
from gui.panels.control_values import scale_of, shown_value
from gui.panels.elided_label import ElidedLabel

AUTO, BACK = "auto", "↺"


class ControlRow(QWidget):
    """One control: its name, its value (a click opens it again), a slider, and what was got.

    Args:
        name: In the registry.
        role: Of the part, for words such as "busy".
    """

    value_changed = Signal(str, object)  # name, float or None

    def __init__(self, name: str, role: Role, middle_c_octave: int) -> None:
        super().__init__()
        self.name, self.role, self.middle_c_octave = name, role, middle_c_octave
        self.scale = scale_of(name)
        control = TRACK_CONTROLS[name]
        guarantee = "Always kept." if control.is_hard else "The model tries; a take may differ."
        self.setToolTip(f"{control.help} {guarantee}")
        label = QLabel(control.label)
        self.got = ElidedLabel()
        self.got.setProperty("kind", "muted")
        self.auto = QToolButton()
        self.auto.setProperty("kind", "flat")
        self.auto.setToolTip("Back to auto: leave it open again")
        self.auto.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, self.scale.steps)
        self.slider.setAccessibleName(control.label)
        self.slider.setAccessibleDescription(control.help)
        self.slider.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(0)
        grid.addWidget(label, 0, 0)
        self.got.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        grid.addWidget(self.got, 0, 1)
        grid.addWidget(self.auto, 0, 2, Qt.AlignmentFlag.AlignRight)
        grid.addWidget(self.slider, 1, 0, 1, 3)
        grid.setColumnStretch(1, 1)
        self.slider.valueChanged.connect(self._on_slider)
        self.slider.sliderPressed.connect(lambda: self._on_slider(self.slider.value()))  # auto is where it stands, too
        self.auto.clicked.connect(self._on_auto)
        self.show_value(None)

    def show_value(self, value: float | None) -> None:
        """Show a wish, or that there is none."""
        blocker = QSignalBlocker(self.slider)
        self.slider.setValue(self.scale.steps // 2 if value is None else self.scale.step_of(value))
        del blocker
        self.auto.setText(AUTO if value is None else f"{self._shown(value)}  {BACK}")
        self.auto.setEnabled(value is not None)
        self._show_open(value is None)

    def _show_open(self, is_open: bool) -> None:
        if self.slider.property("open") != is_open:
            self.slider.setProperty("open", is_open)
            self.slider.style().unpolish(self.slider)
            self.slider.style().polish(self.slider)

    def show_report(self, report: ControlReport | None) -> None:
        """Show what a take got."""
        if report is None:
            self.got.clear()
            return
        mark = "✓" if report.is_met else "✗"
        got = self._shown(report.got).split(" · ")[0].removesuffix(" a bar")
        told = "as you asked" if report.is_met else "it missed what you asked for"
        self.got.setText(f"{mark} {got}", f"The take got {got}: {told}.")

    def _shown(self, value: float) -> str:
        return shown_value(self.name, value, self.role, self.middle_c_octave)

    def _on_slider(self, step: int) -> None:
        value = self.scale.value_at(step)
        self.auto.setText(f"{self._shown(value)}  {BACK}")
        self.auto.setEnabled(True)
        self._show_open(False)
        self.value_changed.emit(self.name, value)

    def _on_auto(self) -> None:
        self.show_value(None)
        self.value_changed.emit(self.name, None)
