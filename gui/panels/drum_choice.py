"""Which drums of a kit are written: all of it, or one row while the others stay."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QWidget

from engine.music.loop import Track
from gui.drum_words import drums_text

WHOLE_KIT = "The whole kit"


class DrumChoice(QWidget):
    """A box with the kit and each of its drums.

    Args:
        track: The drums.
    """

    drums_chosen = Signal(tuple)  # keys; () is the whole kit

    def __init__(self, track: Track) -> None:
        super().__init__()
        self._choices: list[tuple[int, ...]] = []
        self.box = QComboBox()
        self.box.setAccessibleName("Which drums are written")
        self.box.setToolTip(
            "Only this drum is written, the others stay. A right click on a drum's name does it at once."
        )
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(QLabel("Writes"))
        row.addWidget(self.box, 1)
        self.box.activated.connect(lambda index: self.drums_chosen.emit(self._choices[index]))
        self.show_drums((), track)

    def show_drums(self, drums: tuple[int, ...], track: Track) -> None:
        """Show what is chosen, among what the part has."""
        keys = sorted({note.pitch for note in track.notes}) if track.is_drums else []
        choices: list[tuple[int, ...]] = [(), *((key,) for key in keys)]
        if drums not in choices:
            choices.append(drums)
        if choices != self._choices:
            self._choices = choices
            self.box.clear()
            self.box.addItems([drums_text(choice) if choice else WHOLE_KIT for choice in choices])
        self.box.setCurrentIndex(choices.index(drums))
