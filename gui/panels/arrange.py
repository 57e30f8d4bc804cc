"""Dialogs for forms, fills and morphs: few choices, and a sentence that says what will come out."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from engine.music.general_midi import Role
from engine.music.loop import MAX_BARS, Loop
from gui.arrangements import FORMS, parse_form
from gui.panels.number_boxes import WholeBox

USUAL_VARIATION = 40
DEPARTURES = (("a little", 0.35), ("clearly", 0.5), ("a lot", 0.7))  # quartiles of the fills of real songs
MAX_MORPH_STEPS = 14


class _Dialog(QDialog):
    """A form with a sentence below and a button that acts.

    Args:
        title: Of the window.
        action: On the button.
    """

    def __init__(self, title: str, action: str, parent: QWidget | None) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setMinimumWidth(420)
        self.form = QFormLayout()
        self.form.setVerticalSpacing(10)
        self.sentence = QLabel()
        self.sentence.setWordWrap(True)
        self.sentence.setProperty("kind", "muted")
        buttons = QDialogButtonBox()
        self.act = buttons.addButton(action, QDialogButtonBox.ButtonRole.AcceptRole)
        self.act.setProperty("kind", "primary")
        buttons.addButton("Cancel", QDialogButtonBox.ButtonRole.RejectRole)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addLayout(self.form)
        layout.addWidget(self.sentence)
        layout.addWidget(buttons)

    def say(self, sentence: str, *, is_possible: bool = True) -> None:
        self.sentence.setText(sentence)
        self.act.setEnabled(is_possible)


class FormDialog(_Dialog):
    """Asks for a form.

    Args:
        loop: Section A.
    """

    form_wanted = Signal(str, float)  # the form, and the variation in percent

    def __init__(self, loop: Loop, parent: QWidget | None = None) -> None:
        super().__init__("Form", "Write takes", parent)
        self._loop = loop
        self.text = QComboBox()
        self.text.setEditable(True)
        self.text.addItems(FORMS)
        self.text.setAccessibleName("Form")
        self.variation = QSlider(Qt.Orientation.Horizontal)
        self.variation.setRange(5, 100)
        self.variation.setValue(USUAL_VARIATION)
        self.variation.setAccessibleName("How far A' is from A")
        self.amount = QLabel()
        row = QHBoxLayout()
        row.addWidget(self.variation, 1)
        row.addWidget(self.amount)
        self.form.addRow("Form", self.text)
        self.form.addRow("A' differs by", row)
        self.text.editTextChanged.connect(lambda *_: self._show())
        self.variation.valueChanged.connect(lambda *_: self._show())
        self.accepted.connect(lambda: self.form_wanted.emit(self.text.currentText(), float(self.variation.value())))
        self._show()

    def _show(self) -> None:
        self.amount.setText(f"{self.variation.value()} %")
        try:
            form = parse_form(self.text.currentText())
        except ValueError as error:
            self.say(f"{str(error).capitalize()}.", is_possible=False)
            return
        bars = len(form) * self._loop.bars
        if bars > MAX_BARS:
            self.say(
                f"{len(form)} sections of {self._loop.bars} bars are {bars} bars; a loop has at most {MAX_BARS}.",
                is_possible=False,
            )
        else:
            self.say(f"{bars} bars: A is your loop, a dash varies it, other letters are written fresh to fit.")


class FillDialog(_Dialog):
    """Asks for a fill.

    Args:
        loop: What is played.
    """

    fill_wanted = Signal(int, object, float)  # passes, parts, departure

    def __init__(self, loop: Loop, parent: QWidget | None = None) -> None:
        super().__init__("Fill", "Write takes", parent)
        self._loop = loop
        self.passes = QComboBox()
        self.counts = [n for n in (1, 2, 4, 8, 16) if n * loop.bars <= MAX_BARS]
        self.passes.addItems([f"every {n} passes" if n > 1 else "every pass" for n in self.counts])
        self.passes.setCurrentIndex(max(0, min(2, len(self.counts) - 1)))
        self.passes.setAccessibleName("The fill comes")
        self.departure = QComboBox()
        self.departure.addItems([f"{word}, {share:.0%} new notes" for word, share in DEPARTURES])
        self.departure.setCurrentIndex(1)
        self.departure.setAccessibleName("How far it departs from the beat")
        self.parts = [QCheckBox(track.label) for track in loop.tracks]
        box = QVBoxLayout()
        for check, track in zip(self.parts, loop.tracks, strict=True):
            check.setChecked(track.role is Role.DRUMS)
            check.setEnabled(bool(track.notes))
            check.toggled.connect(lambda *_: self._show())
            box.addWidget(check)
        self.form.addRow("It comes at the end of", self.passes)
        self.form.addRow("It departs from the beat", self.departure)
        self.form.addRow("Played by", box)
        self.passes.activated.connect(lambda *_: self._show())
        self.accepted.connect(self._on_accepted)
        self._show()

    @property
    def chosen(self) -> tuple[int, ...]:
        return tuple(part for part, check in enumerate(self.parts) if check.isChecked())

    def _on_accepted(self) -> None:
        passes, departure = self.counts[self.passes.currentIndex()], DEPARTURES[self.departure.currentIndex()][1]
        self.fill_wanted.emit(passes, self.chosen, departure)

    def _show(self) -> None:
        if not self.chosen:
            self.say("Choose a part that plays the fill.", is_possible=False)
            return
        passes = self.counts[self.passes.currentIndex()]
        bars = passes * self._loop.bars
        where = f"bar {bars}" if passes > 1 else "the last bar"
        self.say(f"The loop becomes {bars} bar{'s' if bars > 1 else ''} long, only {where} is written anew.")


class MorphDialog(_Dialog):
    """Asks for the number of steps.

    Args:
        end: How the take that is led to is called.
    """

    morph_wanted = Signal(int)

    def __init__(self, end: str, parent: QWidget | None = None) -> None:
        super().__init__("Morph", "Make takes", parent)
        self.steps = WholeBox()
        self.steps.setRange(1, MAX_MORPH_STEPS)
        self.steps.setValue(3)
        self.steps.setAccessibleName("Steps between")
        self.form.addRow("Steps between", self.steps)
        self.say(f"From your loop to {end}: each step is a whole loop in key, weak places change first.")
        self.accepted.connect(lambda: self.morph_wanted.emit(self.steps.value()))
