"""Wishes for the whole loop: genre, takes, remix, what is locked, and the seed."""

from dataclasses import replace

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QSlider,
    QToolButton,
    QWidget,
)

from engine.messages import ControlReport
from engine.representation.controls import GENRES
from gui.panels.control_row import AUTO
from gui.panels.number_boxes import WholeBox
from gui.session import SEEDS, LoopWishes, Session


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
        self.key_lock.setToolTip("No note outside the loop's key. Always kept.")
        self.chord_lock = QCheckBox("Follow chords")
        self.chord_lock.setToolTip("Bass on roots, other parts on chord tones at beats. Always kept.")
        self.remix = QSlider(Qt.Orientation.Horizontal)
        self.remix.setRange(5, 100)
        self.remix.setToolTip("100 % writes all of it anew; 30 % keeps seven of ten notes and writes the rest.")
        self.remix_text = QLabel()
        self.takes = WholeBox()
        self.takes.setRange(1, 16)
        self.seed = WholeBox()
        self.seed.setRange(0, SEEDS - 1)
        self.seed.setToolTip("The number that chance begins with: the same seed and settings give the same takes.")
        self.seed.setMinimumWidth(90)
        self.seed.setProperty("kind", "plain")  # the next seed is no step: it has no arrows
        self.keep_seed = QCheckBox("keep")
        self.keep_seed.setToolTip(
            "Every press of G writes the same takes, so that only what you change makes a difference."
        )
        self.copy_seed = QToolButton()
        self.copy_seed.setText("copy")
        self.copy_seed.setProperty("kind", "small")
        self.copy_seed.setAccessibleName("Copy the seed")
        self.copy_seed.setToolTip("Copy the seed")
        self.got = QLabel()
        self.got.setProperty("kind", "muted")
        room = self.got.sizePolicy()
        room.setRetainSizeWhenHidden(True)  # what is below stays where it is when a take is heard
        self.got.setSizePolicy(room)
        self.got.hide()
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
        form.addRow(self.got)
        seed = QHBoxLayout()
        seed.addWidget(self.seed, 1)
        seed.addWidget(self.keep_seed)
        seed.addWidget(self.copy_seed)
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
        self.copy_seed.clicked.connect(lambda: QGuiApplication.clipboard().setText(str(self.seed.value())))
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

    def show_reports(self, reports: tuple[ControlReport, ...], *, follows_chords: bool) -> None:
        """Show how far a take kept what it was to keep: the key, and the chords if it was to follow them."""
        kept = ("key", "chords") if follows_chords else ("key",)
        of_loop = [f"{r.name} {r.got:.0%} {'✓' if r.is_met else '✗'}" for r in reports if r.part < 0 and r.name in kept]
        self.got.setText(f"got   {'   '.join(of_loop)}")
        self.got.setVisible(bool(of_loop))
