"""What is asked for: wishes for the whole loop, and for the part in front, made from the controls registry.

Every wish has an "auto" state. After a take is heard, what was got stands beside what was asked.
"""

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QFrame, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from engine.messages import GenerationRequest, Keep, Take
from engine.music.general_midi import Role
from gui.panels.bar_curve import BarCurve, curve_note
from gui.panels.control_row import ControlRow
from gui.panels.control_values import controls_of
from gui.panels.drum_choice import DrumChoice
from gui.panels.fold import Fold
from gui.panels.loop_wishes import LoopWishesForm
from gui.panels.model_box import ModelBox
from gui.panels.prompt_line import PromptLine
from gui.panels.rhythm import RhythmEditor
from gui.panels.sampling import SamplingForm, usual_sampling
from gui.panels.wheel import let_the_wheel_scroll
from gui.piano_roll.state import RollState
from gui.session import Session
from gui.theme import SPACE_PX

PANEL_WIDTH_PX = 292
_KEEP_TEXTS = {Keep.NOTHING: "Nothing", Keep.RHYTHM: "Rhythm", Keep.PITCHES: "Pitches"}


def _title(text: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("kind", "title")
    return label


class ControlsPanel(QFrame):
    """All wishes.

    Args:
        state: Which part is in front.
        session: Where wishes are kept.
    """

    tap_wanted = Signal()

    def __init__(self, state: RollState, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.state, self.session = state, session
        self.rows: dict[str, ControlRow] = {}
        self._shape: tuple[object, ...] = ()
        self._take: Take | None = None
        self._follows_chords = False  # whether the take was to
        self._folds: tuple[Fold, ...] = ()
        self.setProperty("kind", "panel")
        self.setFixedWidth(PANEL_WIDTH_PX)
        content = QWidget()
        self._layout = QVBoxLayout(content)
        self._layout.setContentsMargins(12, 10, 12, 10)
        self._layout.setSpacing(8)
        self.model = ModelBox(session)
        self._layout.addWidget(self.model)
        self.prompt = PromptLine()
        self._layout.addWidget(self.prompt)
        self._layout.addWidget(_title("LOOP"))
        self.loop_wishes = LoopWishesForm(session)
        self._layout.addWidget(self.loop_wishes)
        self.advanced = Fold("Advanced", SamplingForm(session))
        self._layout.addWidget(self.advanced)
        self._part = QWidget()
        self._layout.addWidget(self._part)
        self._layout.addStretch(1)
        let_the_wheel_scroll(content)
        scroll = QScrollArea()
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
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
        session.wishes_changed.connect(self._show_notes)
        self.refresh()
        self._show_notes()

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
        settings = self.session.parts[part]
        self.keep.setCurrentIndex(list(Keep).index(settings.keep))
        self.drums.show_drums(settings.drums, self.state.loop.tracks[part])
        self.rhythm.show_rhythm(settings.rhythm, self.state.loop.meter)
        self.curve.show_densities(settings.bar_density)
        self._rhythm_fold.show_note(rhythm_note(settings.rhythm))
        self._curve_fold.show_note(curve_note(settings.bar_density))
        wished = sum(name in self._more for name in wishes)
        self._more_fold.show_note(f"{wished} set" if wished else "")
        self._show_reports(part)

    def show_take(self, take: Take | None, request: GenerationRequest | None = None) -> None:
        """Show what a take got beside what was asked of it."""
        self._take = take
        self._follows_chords = request is not None and request.chords_locked
        self._show_reports(self.state.view.front)

    def _show_reports(self, part: int) -> None:
        reports = self._take.reports if self._take else ()
        self.loop_wishes.show_reports(reports, follows_chords=self._follows_chords)
        of_part = {r.name: r for r in reports if r.part == part and r.bar < 0}
        for name, row in self.rows.items():
            row.show_report(of_part.get(name))
        if part < len(self.state.loop.tracks):
            self.rhythm.show_report(of_part.get("rhythm"))
            self.curve.show_reports({r.bar: r for r in reports if r.part == part and r.bar >= 0})

    def _show_notes(self) -> None:
        is_usual = self.session.wishes.sampling == usual_sampling() and self.session.wishes.loop_length is None
        self.advanced.show_note("" if is_usual else "changed")

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
        self.drums = DrumChoice(track)
        self.drums.drums_chosen.connect(lambda drums: self._change(lambda s: replace(s, drums=drums)))
        self.drums.setVisible(track.is_drums)
        layout.addWidget(self.drums)
        self.rows = {}
        for name in controls_of(track.role, main=True):
            layout.addWidget(self._row(name, track.role))
        self._add_folds(layout, track.role)
        let_the_wheel_scroll(self._part)
        self._layout.replaceWidget(old, self._part)
        old.hide()
        old.deleteLater()

    def _add_folds(self, layout: QVBoxLayout, role: Role) -> None:
        """Add what is folded away; what was open for the part before stays open."""
        opened = {fold.title for fold in self._folds if fold.is_open}
        self.rhythm = RhythmEditor(self.state)
        self.rhythm.rhythm_edited.connect(lambda text: self._change(lambda s: replace(s, rhythm=text)))
        self.rhythm.tap_wanted.connect(self.tap_wanted)
        self.curve = BarCurve(self.state)
        self.curve.densities_edited.connect(lambda curve: self._change(lambda s: replace(s, bar_density=curve)))
        more = QWidget()
        inner = QVBoxLayout(more)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(8)
        self._more = controls_of(role, main=False)
        for name in self._more:
            inner.addWidget(self._row(name, role))
        contents = {"Rhythm": self.rhythm, "Density bar by bar": self.curve, "More wishes": more}
        self._folds = tuple(Fold(title, each, is_open=title in opened) for title, each in contents.items())
        self._rhythm_fold, self._curve_fold, self._more_fold = self._folds
        for fold in self._folds:
            layout.addWidget(fold)

    def _row(self, name: str, role: Role) -> ControlRow:
        row = ControlRow(name, role, self.state.view.middle_c_octave)
        row.value_changed.connect(lambda name, value: self._change(lambda s: s.with_control(name, value)))
        self.rows[name] = row
        return row

    def _change(self, change: Callable) -> None:
        if self.state.view.front < len(self.session.parts):
            self.session.change_part(self.state.view.front, change)


def rhythm_note(rhythm: str) -> str:
    """Return what a heading says of a rhythm mask."""
    if not rhythm:
        return ""
    bars = 1 + rhythm.count("|")
    return f"{rhythm.count('x')} steps" + (f" in {bars} bars" if bars > 1 else "")
