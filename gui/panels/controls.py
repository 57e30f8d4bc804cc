"""What is asked for: wishes for the whole loop, and for the part in front, made from the controls registry.

Every wish has an "auto" state. After a take is heard, what was got stands beside what was asked.
"""

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QSlider,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from engine.messages import ControlReport, Keep, Take
from engine.music.general_midi import Role
from engine.representation.controls import GENRES, TRACK_CONTROLS
from gui.panels.control_values import controls_of, scale_of, shown_value
from gui.piano_roll.state import RollState
from gui.session import LoopWishes, Session
from gui.takes import SEEDS
from gui.theme import SPACE_PX

PANEL_WIDTH_PX = 292
AUTO = "auto"
_KEEP_TEXTS = {Keep.NOTHING: "Nothing", Keep.RHYTHM: "Rhythm", Keep.PITCHES: "Pitches"}


def _title(text: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("kind", "title")
    return label


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
        guarantee = "Guaranteed." if control.is_hard else "Aimed at."
        self.setToolTip(f"{control.help} {guarantee}")
        label = QLabel(control.label)
        self.got = QLabel()
        self.got.setProperty("kind", "muted")
        self.auto = QToolButton()
        self.auto.setProperty("kind", "flat")
        self.auto.setToolTip("Click to leave it open again")
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
        grid.addWidget(self.got, 0, 1, Qt.AlignmentFlag.AlignRight)
        grid.addWidget(self.auto, 0, 2, Qt.AlignmentFlag.AlignRight)
        grid.addWidget(self.slider, 1, 0, 1, 3)
        grid.setColumnStretch(1, 1)
        self.slider.valueChanged.connect(self._on_slider)
        self.auto.clicked.connect(self._on_auto)
        self.show_value(None)

    def show_value(self, value: float | None) -> None:
        """Show a wish, or that there is none."""
        blocker = QSignalBlocker(self.slider)
        self.slider.setValue(self.scale.steps // 2 if value is None else self.scale.step_of(value))
        del blocker
        self.auto.setText(AUTO if value is None else self._shown(value))
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
        mark = "✓" if report.is_met else "≠"
        self.got.setText(f"got {self._shown(report.got).split(' · ')[0]} {mark}")

    def _shown(self, value: float) -> str:
        return shown_value(self.name, value, self.role, self.middle_c_octave)

    def _on_slider(self, step: int) -> None:
        value = self.scale.value_at(step)
        self.auto.setText(self._shown(value))
        self.auto.setEnabled(True)
        self._show_open(False)
        self.value_changed.emit(self.name, value)

    def _on_auto(self) -> None:
        self.show_value(None)
        self.value_changed.emit(self.name, None)


class Fold(QWidget):
    """A heading that opens and closes what is below it."""

    def __init__(self, title: str, content: QWidget) -> None:
        super().__init__()
        self._title, self._content = title, content
        self.button = QToolButton()
        self.button.setProperty("kind", "flat")
        self.button.setCheckable(False)
        self.button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.button.clicked.connect(self.toggle)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addWidget(self.button, 0, Qt.AlignmentFlag.AlignLeft)
        layout.addWidget(content)
        content.hide()
        self._show()

    def toggle(self) -> None:
        self._content.setVisible(self._content.isHidden())
        self._show()

    def _show(self) -> None:
        self.button.setText(f"{'▸' if self._content.isHidden() else '▾'}  {self._title}")


class LoopWishesForm(QWidget):
    """Wishes for the whole loop.

    Args:
        session: Where they are.
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.genre = QComboBox()
        self.genre.addItems([AUTO, *GENRES])
        self.key_lock = QCheckBox("Stay in key")
        self.key_lock.setToolTip("No note outside the loop's key. Guaranteed.")
        self.chord_lock = QCheckBox("Follow chords")
        self.chord_lock.setToolTip("Bass on roots, other parts on chord tones at beats. Guaranteed.")
        self.remix = QSlider(Qt.Orientation.Horizontal)
        self.remix.setRange(5, 100)
        self.remix.setToolTip("How much of what is replaced is rewritten; the rest of its notes stays.")
        self.remix_text = QLabel()
        self.takes = QSpinBox()
        self.takes.setRange(1, 16)
        self.seed = QSpinBox()
        self.seed.setRange(0, SEEDS - 1)
        self.seed.setToolTip("The same seed and settings give the same takes.")
        self.keep_seed = QCheckBox("keep")
        for box in (self.takes, self.seed):
            box.setAlignment(Qt.AlignmentFlag.AlignCenter)
        form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.setVerticalSpacing(6)
        form.addRow("Genre", self.genre)
        form.addRow("Takes", self.takes)
        remix = QHBoxLayout()
        remix.addWidget(self.remix, 1)
        remix.addWidget(self.remix_text)
        form.addRow("Remix", remix)
        locks = QHBoxLayout()
        locks.addWidget(self.key_lock)
        locks.addWidget(self.chord_lock)
        form.addRow(locks)
        seed = QHBoxLayout()
        seed.addWidget(self.seed, 1)
        seed.addWidget(self.keep_seed)
        form.addRow("Seed", seed)
        self.show_wishes()
        session.wishes_changed.connect(self.show_wishes)
        self._connect()

    def _connect(self) -> None:
        self.genre.activated.connect(lambda i: self._change(genre=None if i == 0 else GENRES[i - 1]))
        self.key_lock.toggled.connect(lambda on: self._change(is_key_locked=on))
        self.chord_lock.toggled.connect(lambda on: self._change(are_chords_locked=on))
        self.remix.valueChanged.connect(lambda value: self._change(remix_percent=float(value)))
        self.takes.valueChanged.connect(lambda value: self._change(takes=value))
        self.seed.valueChanged.connect(lambda value: self._change(seed=value))
        self.keep_seed.toggled.connect(lambda on: self._change(is_seed_kept=on))
        for widget, name in (
            (self.genre, "Genre"),
            (self.remix, "Remix amount"),
            (self.takes, "Number of takes"),
            (self.seed, "Seed"),
            (self.keep_seed, "Keep the seed"),
        ):
            widget.setAccessibleName(name)
            widget.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def _change(self, **changes: object) -> None:
        self._session.change_wishes(replace(self._session.wishes, **changes))

    def show_wishes(self) -> None:
        wishes: LoopWishes = self._session.wishes
        widgets = (self.genre, self.key_lock, self.chord_lock, self.remix, self.takes, self.seed, self.keep_seed)
        blockers = [QSignalBlocker(widget) for widget in widgets]
        self.genre.setCurrentText(wishes.genre or AUTO)
        self.key_lock.setChecked(wishes.is_key_locked)
        self.chord_lock.setChecked(wishes.are_chords_locked)
        self.remix.setValue(round(wishes.remix_percent))
        self.remix_text.setText(f"{wishes.remix_percent:.0f} %")
        self.takes.setValue(wishes.takes)
        self.seed.setValue(wishes.seed)
        self.keep_seed.setChecked(wishes.is_seed_kept)
        del blockers


class SamplingForm(QWidget):
    """Temperature and friends."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        sampling = session.wishes.sampling
        for name, label, high, step in (
            ("temperature", "Temperature", 2.0, 0.05),
            ("min_p", "Min-p", 0.5, 0.01),
            ("top_p", "Top-p", 1.0, 0.05),
        ):
            box = QDoubleSpinBox()
            box.setRange(0.05 if name == "top_p" else 0.0, high)
            box.setSingleStep(step)
            box.setValue(getattr(sampling, name))
            box.setAccessibleName(label)
            box.valueChanged.connect(lambda value, name=name: self._change(name, value))
            form.addRow(label, box)
        top_k = QSpinBox()
        top_k.setRange(0, 256)
        top_k.setSpecialValueText("off")
        top_k.setAccessibleName("Top-k")
        top_k.valueChanged.connect(lambda value: self._change("top_k", value))
        form.addRow("Top-k", top_k)

    def _change(self, name: str, value: float) -> None:
        wishes = self._session.wishes
        self._session.change_wishes(replace(wishes, sampling=replace(wishes.sampling, **{name: value})))


class ControlsPanel(QFrame):
    """All wishes.

    Args:
        state: Which part is in front.
        session: Where wishes are kept.
    """

    def __init__(self, state: RollState, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.state, self.session = state, session
        self.rows: dict[str, ControlRow] = {}
        self._shape: tuple[object, ...] = ()
        self._take: Take | None = None
        self.setProperty("kind", "panel")
        self.setFixedWidth(PANEL_WIDTH_PX)
        content = QWidget()
        self._layout = QVBoxLayout(content)
        self._layout.setContentsMargins(12, 10, 12, 10)
        self._layout.setSpacing(8)
        self._layout.addWidget(_title("LOOP"))
        self._layout.addWidget(LoopWishesForm(session))
        self._layout.addWidget(Fold("Advanced", SamplingForm(session)))
        self._part = QWidget()
        self._layout.addWidget(self._part)
        self._layout.addStretch(1)
        scroll = QScrollArea()
        scroll.setProperty("kind", "panel")
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(content)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(scroll)
        state.view_changed.connect(self._on_view_changed)
        state.content_changed.connect(self.refresh)
        session.parts_changed.connect(self.refresh)
        self.refresh()

    def _on_view_changed(self) -> None:
        if self._shape[:1] != (self.state.view.front,) or self._shape[-1:] != (self.state.view.middle_c_octave,):
            self.refresh()

    def refresh(self) -> None:
        """Show the part in front."""
        part = self.state.view.front
        tracks = self.state.loop.tracks
        if part >= len(tracks) or part >= len(self.session.parts):
            self._part.hide()
            self._shape = ()
            return
        shape = (part, tracks[part].role, tracks[part].label, self.state.view.middle_c_octave)
        if shape != self._shape:
            self._shape = shape
            self._rebuild(part)
        wishes = dict(self.session.parts[part].controls)
        for name, row in self.rows.items():
            row.show_value(wishes.get(name))
        self.keep.setCurrentIndex(list(Keep).index(self.session.parts[part].keep))
        self._show_reports(part)

    def show_take(self, take: Take | None) -> None:
        """Show what a take got beside what was asked of it."""
        self._take = take
        self._show_reports(self.state.view.front)

    def _show_reports(self, part: int) -> None:
        reports = {r.name: r for r in self._take.reports if r.part == part} if self._take else {}
        for name, row in self.rows.items():
            row.show_report(reports.get(name))

    def _rebuild(self, part: int) -> None:
        track = self.state.loop.tracks[part]
        old, self._part = self._part, QWidget()
        layout = QVBoxLayout(self._part)
        layout.setContentsMargins(0, SPACE_PX, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(_title(f"PART · {track.label.upper()}"))
        self.keep = QComboBox()
        self.keep.addItems([_KEEP_TEXTS[keep] for keep in Keep])
        self.keep.setAccessibleName("What a rewrite keeps")
        self.keep.setToolTip("Keep the rhythm and get new pitches, or keep the pitches and get a new rhythm.")
        self.keep.activated.connect(lambda i: self._change(lambda s: replace(s, keep=list(Keep)[i])))
        keep = QHBoxLayout()
        keep.addWidget(QLabel("A rewrite keeps"))
        keep.addWidget(self.keep, 1)
        layout.addLayout(keep)
        self.rows = {}
        for name in controls_of(track.role, main=True):
            layout.addWidget(self._row(name, track.role))
        more = QWidget()
        inner = QVBoxLayout(more)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(8)
        for name in controls_of(track.role, main=False):
            inner.addWidget(self._row(name, track.role))
        layout.addWidget(Fold("More wishes", more))
        self._layout.replaceWidget(old, self._part)
        old.hide()
        old.deleteLater()

    def _row(self, name: str, role: Role) -> ControlRow:
        row = ControlRow(name, role, self.state.view.middle_c_octave)
        row.value_changed.connect(lambda name, value: self._change(lambda s: s.with_control(name, value)))
        self.rows[name] = row
        return row

    def _change(self, change: Callable) -> None:
        if self.state.view.front < len(self.session.parts):
            self.session.change_part(self.state.view.front, change)
