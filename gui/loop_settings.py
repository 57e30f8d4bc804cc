"""Name, tempo, meter, bars and key of the loop, set in the bar on top, and what a producer may want to follow."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from PySide6.QtCore import QObject

from engine.music.harmony import Key
from engine.music.loop import Loop
from engine.music.timing import Meter
from gui import loop_edits
from gui.document import LoopDocument
from gui.main_window import MainWindow
from gui.piano_roll.selection import BarSelection
from gui.piano_roll.state import RollState

OCTAVE = 12
FARTHEST_DOWN = 6  # semitones; a farther key is reached from below


@dataclass(slots=True)
class _LengthChange:
    """A burst of changes of the length: its undo step, the loop before it, and what it came to."""

    gesture: int
    before: Loop
    result: Loop


class LoopSettings(QObject):
    """Changes what belongs to the whole loop, and offers what usually comes with it.

    Args:
        window, document, state: See their classes.
        edit: Changes the music, undoably: name of the step, new loop.
        write: Has takes of the selected bars written.
    """

    def __init__(
        self,
        window: MainWindow,
        document: LoopDocument,
        state: RollState,
        *,
        edit: Callable[..., None],
        write: Callable[[], None],
    ) -> None:
        super().__init__(window)
        self._window, self._document, self._state = window, document, state
        self._edit, self._write = edit, write
        self._tempo_gesture: int | None = None
        self._length: _LengthChange | None = None
        bar = window.transport
        bar.tempo_edited.connect(self.change_tempo)
        bar.bars_edited.connect(self.change_bars)
        bar.meter_edited.connect(self.change_meter)
        bar.key_edited.connect(self.change_key)
        bar.name_edited.connect(lambda name: self._edit("Rename loop", replace(self._loop, name=name)))

    @property
    def _loop(self) -> Loop:
        return self._state.loop

    def change_tempo(self, tempo_bpm: float) -> None:
        """One drag or burst of typing on the tempo is one undo step."""
        stack = self._document.undo_stack
        if self._tempo_gesture is None or stack.undoText() != "Change tempo":
            self._tempo_gesture = self._document.begin_gesture()
        self._edit("Change tempo", replace(self._loop, tempo_bpm=tempo_bpm), gesture=self._tempo_gesture)

    def change_meter(self, text: str) -> None:
        self._edit("Change meter", loop_edits.with_shape(self._loop, meter=Meter.parse(text)))
        self._window.transport.focus_back()

    def change_bars(self, bars: int) -> None:
        """Change the length; what a burst of changes cuts off comes back within it, and new bars can be filled."""
        if self._length is None or self._loop != self._length.result:
            self._length = _LengthChange(self._document.begin_gesture(), self._loop, self._loop)
        before = self._length.before
        loop = self._length.result = loop_edits.with_shape(before, bars=bars)
        self._edit("Change length", loop, gesture=self._length.gesture)
        if bars > before.bars and before.note_count:
            first, end = before.bars, bars
            what = f"Bar {end} is" if end == first + 1 else f"Bars {first + 1} to {end} are"
            self._window.banner.say(
                f"{what} empty.",
                choices=(
                    ("Repeat the loop", lambda: self._repeat(first)),
                    ("Write them", lambda: self._write_bars(first, end)),
                ),
            )

    def _repeat(self, bars: int) -> None:
        repeats = ((bar, bar % bars) for bar in range(bars, self._loop.bars))
        self._edit("Repeat into the new bars", self._loop.with_bars_repeated(repeats))

    def _write_bars(self, first: int, end: int) -> None:
        parts = range(len(self._loop.tracks))
        self._state.select_bars(BarSelection(frozenset((part, bar) for part in parts for bar in range(first, end))))
        self._write()

    def change_key(self, key: Key | None) -> None:
        """Change the key; notes and chords stay, unless they are told to come along."""
        before = self._loop.key
        self._edit("Change key", loop_edits.with_key(self._loop, key))
        self._window.transport.focus_back()
        if before is None or key is None or before.tonic == key.tonic or not _is_pitched(self._loop):
            return
        semitones = (key.tonic - before.tonic + FARTHEST_DOWN) % OCTAVE - FARTHEST_DOWN
        self._window.banner.say(
            f"The key is {key} now; notes and chords stayed as they were.",
            choices=((f"Transpose by {semitones:+d}", lambda: self._transpose(key, semitones)),),
        )

    def _transpose(self, key: Key, semitones: int) -> None:
        try:
            self._edit("Transpose the loop", replace(self._loop.transposed(semitones), key=key))
        except ValueError:
            self._window.banner.say("Some notes would leave the range of MIDI; move them by an octave first.")


def _is_pitched(loop: Loop) -> bool:
    return any(track.notes and not track.is_drums for track in loop.tracks)
