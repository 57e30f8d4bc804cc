"""The groove of the part in front: swing, push or pull, a human hand; heard at once, never written unless asked."""

from dataclasses import replace

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QVBoxLayout,
    QWidget,
)

from engine.music.groove import groove_of
from engine.music.part_groove import AS_WRITTEN, MOST_LATE_MS, MOST_SWING_PERCENT, STRAIGHT_PERCENT, PartGroove
from gui.panels.quantise import Percent
from gui.piano_roll.state import RollState
from gui.session import Session

SWUNG = ("16ths", "8ths")
ITSELF = "itself"


def groove_text(groove: PartGroove) -> str:
    """Return a groove in words, "" for one that changes nothing."""
    words: list[str] = []
    if groove.template is not None and groove.template_percent:
        words.append(f"taken over {groove.template_percent} %")
    if groove.swing_percent != STRAIGHT_PERCENT:
        words.append(f"{SWUNG[groove.swings_eighths]} swing {groove.swing_percent} %")
    if groove.late_ms:
        words.append(f"{abs(groove.late_ms)} ms {'late' if groove.late_ms > 0 else 'early'}")
    if groove.human_percent:
        words.append(f"human {groove.human_percent} %")
    return ", ".join(words)


class GrooveDialog(QDialog):
    """Shows and changes the groove of the part in front; it follows when another comes to the front.

    Args:
        state: Which part is in front.
        session: Where grooves are kept.
    """

    write_wanted = Signal(int)  # part whose groove shall be written into its notes

    def __init__(self, state: RollState, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state, self._session = state, session
        self.setMinimumWidth(420)
        self.swing = Percent("Swing", STRAIGHT_PERCENT, MOST_SWING_PERCENT)
        self.swing.setToolTip("50 is straight, 67 a triplet, as drum machines count it.")
        self.swung = QComboBox()
        self.swung.addItems(SWUNG)
        self.swung.setAccessibleName("Which notes swing")
        self.late = Percent("Milliseconds behind the beat", -MOST_LATE_MS, MOST_LATE_MS, " ms")
        self.late.setToolTip("Below 0 the part pushes ahead of the beat, above 0 it lays back.")
        self.human = Percent("Humanise", 0, 100)
        self.human.setToolTip("Small errors in time and loudness; the same note always gets the same one.")
        self.like = QComboBox()
        self.like.setAccessibleName("Whose groove")
        self.like.setToolTip("Lean against the beat, and accent, as another part does.")
        self.like_percent = Percent("How far it is taken over", 0, 100)
        self._lay_out()
        self.like.activated.connect(self._take_over)
        self.like_percent.changed.connect(self._change)
        self.swung.activated.connect(self._change)
        for each in (self.swing, self.late, self.human):
            each.changed.connect(self._change)
        state.view_changed.connect(self._show)
        session.parts_changed.connect(self._show)
        self.finished.connect(self._end)
        self._show()

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.setVerticalSpacing(10)
        form.addRow("Play like", self.like)
        form.addRow("by", self.like_percent)
        form.addRow("Swing", self.swing)
        form.addRow("of", self.swung)
        form.addRow("Push / pull", self.late)
        form.addRow("Humanise", self.human)
        help_label = QLabel("Laid over the part when it is heard or leaves; the notes stay as they are.")
        help_label.setProperty("kind", "muted")
        help_label.setWordWrap(True)
        buttons = QDialogButtonBox()
        for text, slot in (("As written", self._reset), ("Write into the notes", self._write)):
            button = buttons.addButton(text, QDialogButtonBox.ButtonRole.ActionRole)
            button.setAutoDefault(False)
            button.clicked.connect(slot)
        buttons.addButton("Close", QDialogButtonBox.ButtonRole.RejectRole)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addWidget(help_label)
        layout.addWidget(buttons)

    @property
    def part(self) -> int:
        return self._state.view.front

    def _show(self) -> None:
        if self.part >= min(len(self._session.parts), len(self._state.loop.tracks)):
            return
        groove = self._session.parts[self.part].groove
        self.setWindowTitle(f"Groove of {self._state.loop.tracks[self.part].label}")
        self._show_like(groove)
        self.swing.show_value(groove.swing_percent)
        self.swung.setCurrentIndex(int(groove.swings_eighths))
        self.late.show_value(groove.late_ms)
        self.human.show_value(groove.human_percent)

    def _show_like(self, groove: PartGroove) -> None:
        self.like.clear()
        self.like.addItem(ITSELF, None)
        if groove.template is not None:
            self.like.addItem("the groove that was taken", -1)
            self.like.setCurrentIndex(1)
        for part, track in enumerate(self._state.loop.tracks):
            if part != self.part and track.notes:
                self.like.addItem(track.label, part)
        self.like_percent.show_value(groove.template_percent)
        self.like_percent.setEnabled(groove.template is not None)

    def _take_over(self) -> None:
        """Take the groove of the part that was chosen, as it is played now."""
        part, loop = self.like.currentData(), self._state.loop
        if part == -1:
            return
        template = None if part is None else groove_of(loop.tracks[part].notes, ticks_per_bar=loop.meter.ticks_per_bar)
        self._set(replace(self._session.parts[self.part].groove, template=template, template_percent=100))

    def _change(self) -> None:
        if self.part < len(self._session.parts):
            groove = self._session.parts[self.part].groove
            self._set(
                replace(
                    groove,
                    swing_percent=self.swing.value,
                    swings_eighths=bool(self.swung.currentIndex()),
                    late_ms=self.late.value,
                    human_percent=self.human.value,
                    template_percent=self.like_percent.value,
                )
            )

    def _set(self, groove: PartGroove) -> None:
        if self.part < len(self._session.parts):
            self._session.change_part(self.part, lambda settings: replace(settings, groove=groove))

    def _reset(self) -> None:
        self._set(AS_WRITTEN)

    def _write(self) -> None:
        self.write_wanted.emit(self.part)

    def _end(self) -> None:
        self._state.view_changed.disconnect(self._show)
        self._session.parts_changed.disconnect(self._show)
        self.deleteLater()
