"""Temperature and friends, in words, for all fields of a note or for one of them."""

from dataclasses import replace

from PySide6.QtCore import QSignalBlocker
from PySide6.QtWidgets import QComboBox, QFormLayout, QLabel, QPushButton, QWidget

from engine.messages import SAMPLED_FIELD_NAMES, FieldSampling, Sampling
from engine.representation.controls import LOOP_LENGTHS
from gui.panels.number_boxes import DecimalBox, WholeBox
from gui.session import Session

ALL_FIELDS = "All choices"
# What the model decides, one after the other, and what each decision is about.
FIELD_WORDS = {
    "kind": ("Another note?", "Whether the bar goes on: hotter means less sure when to stop."),
    "position": ("When", "Where in the bar a note begins."),
    "pitch": ("Pitch", "Which note, or which drum."),
    "duration": ("Length", "How long it sounds."),
    "velocity": ("Velocity", "How hard it is played."),
    "micro": ("Timing", "How far before or after the grid."),
}
KNOBS = (
    ("temperature", "Temperature", 0.0, 2.0, 0.05, "Below 1 safer, above 1 wilder; 0 takes the likeliest."),
    ("min_p", "Min-p", 0.0, 0.5, 0.01, "Leaves out what is less likely than this share of the likeliest; 0 is off."),
    ("top_p", "Top-p", 0.05, 1.0, 0.05, "Keeps the likeliest choices up to this share of the chance; 1 is off."),
)  # fmt: skip
TOP_K_HELP = "Keeps so many of the likeliest choices."
PENALTY_HELP = "Above 1 a part's latest pitches become rarer; 1 is off."
REPEAT_HELP = "Bars after which the music itself begins again. The model tries; a take may differ."
AUTO = "auto"


class SamplingForm(QWidget):
    """How chance works.

    Args:
        session: Where it is kept.
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.field = QComboBox()
        self.field.addItems([ALL_FIELDS, *(FIELD_WORDS[name][0] for name in SAMPLED_FIELD_NAMES)])
        self.field.setAccessibleName("For which choice")
        self.words = QLabel()
        self.words.setProperty("kind", "muted")
        self.words.setWordWrap(True)
        self.knobs: dict[str, DecimalBox] = {}
        form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.addRow("For", self.field)
        form.addRow(self.words)
        for name, label, low, high, step, help in KNOBS:
            box = _double(label, low, high, step, help)
            box.valueChanged.connect(lambda value, name=name: self._change(name, value))
            self.knobs[name] = box
            form.addRow(label, box)
        self.top_k = WholeBox()
        self.top_k.setRange(0, 256)
        self.top_k.setSpecialValueText("off")
        self.top_k.setAccessibleName("Top-k")
        self.top_k.setToolTip(TOP_K_HELP)
        self.top_k.valueChanged.connect(lambda value: self._change("top_k", value))
        form.addRow("Top-k", self.top_k)
        self.penalty = _double("Repetition penalty", 1.0, 4.0, 0.1, PENALTY_HELP)
        self.penalty.valueChanged.connect(self._change_penalty)
        form.addRow("Repetition penalty", self.penalty)
        self.repeats = QComboBox()
        self.repeats.addItems([AUTO, "nothing", *(f"{n} bar{'s' if n > 1 else ''}" for n in LOOP_LENGTHS[1:])])
        self.repeats.setAccessibleName("Repeats after")
        self.repeats.setToolTip(REPEAT_HELP)
        self.repeats.activated.connect(self._change_repeats)
        form.addRow("Repeats after", self.repeats)
        self.reset = QPushButton("Back to the usual")
        self.reset.clicked.connect(lambda: session.change_wishes(replace(session.wishes, sampling=usual_sampling())))
        form.addRow(self.reset)
        self.field.activated.connect(lambda *_: self.show_wishes())
        session.wishes_changed.connect(self.show_wishes)
        self.show_wishes()

    @property
    def chosen(self) -> str | None:
        """The field whose settings are shown, or None for all."""
        index = self.field.currentIndex()
        return SAMPLED_FIELD_NAMES[index - 1] if index else None

    def show_wishes(self) -> None:
        """Show what the session says."""
        sampling, name = self._session.wishes.sampling, self.chosen
        shown = sampling.default if name is None else sampling.of(name)
        boxes = (*self.knobs.values(), self.top_k, self.penalty)
        blockers = [QSignalBlocker(box) for box in boxes]
        for knob, box in self.knobs.items():
            box.setValue(getattr(shown, knob))
        self.top_k.setValue(shown.top_k)
        self.penalty.setValue(sampling.repetition_penalty)
        length = self._session.wishes.loop_length
        self.repeats.setCurrentIndex(0 if length is None else 1 + LOOP_LENGTHS.index(length))
        del blockers
        own = "" if name is None or name in dict(sampling.fields) else " As for all, until you change it."
        others = [FIELD_WORDS[field][0].lower() for field, _ in sampling.fields]
        told = f"Set apart: {', '.join(others)}." if others else "How freely notes are chosen."
        self.words.setText(told if name is None else FIELD_WORDS[name][1] + own)
        self.reset.setEnabled(sampling != usual_sampling())

    def _change(self, knob: str, value: float) -> None:
        wishes, name = self._session.wishes, self.chosen
        sampling = wishes.sampling
        if name is None:
            sampling = replace(sampling, default=replace(sampling.default, **{knob: value}))
        else:
            own: FieldSampling = replace(sampling.of(name), **{knob: value})
            others = tuple((field, each) for field, each in sampling.fields if field != name)
            kept = others if own == sampling.default else (*others, (name, own))
            sampling = replace(sampling, fields=kept)
        self._session.change_wishes(replace(wishes, sampling=sampling))

    def _change_penalty(self, value: float) -> None:
        wishes = self._session.wishes
        sampling = replace(wishes.sampling, repetition_penalty=round(value, 2))
        self._session.change_wishes(replace(wishes, sampling=sampling))

    def _change_repeats(self, index: int) -> None:
        length = None if index == 0 else LOOP_LENGTHS[index - 1]
        self._session.change_wishes(replace(self._session.wishes, loop_length=length))


def usual_sampling() -> Sampling:
    """Return what holds until the producer changes it."""
    return Sampling()


def _double(label: str, low: float, high: float, step: float, help: str) -> DecimalBox:
    box = DecimalBox()
    box.setRange(low, high)
    box.setSingleStep(step)
    box.setAccessibleName(label)
    box.setToolTip(help)
    return box
