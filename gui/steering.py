"""Actions that steer what will be written: taps, chords told from the music, half and double time.

Each changes something that is seen: a rhythm in the controls, chords over the bars, the music itself.
"""

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QObject

from engine.music.loop import Loop
from gui import loop_edits
from gui.main_window import MainWindow
from gui.panels.chords import ChordDialog
from gui.piano_roll.state import RollState
from gui.playback import Playback
from gui.rhythm_pattern import Taps
from gui.session import Session


class Steering(QObject):
    """What is done before `G`.

    Args:
        window, state, session, playback: See their classes.
        edit: Changes the music, undoably: name of the step, new loop.
    """

    def __init__(
        self,
        window: MainWindow,
        state: RollState,
        session: Session,
        playback: Playback,
        *,
        edit: Callable[..., None],
    ) -> None:
        super().__init__(window)
        self._window, self._state, self._session, self._playback = window, state, session, playback
        self._edit = edit
        self.chord_dialog: ChordDialog | None = None
        self._taps = Taps()
        self._tapped_part, self._elapsed_ticks = -1, 0.0
        state.playhead_moved.connect(self._on_playhead_moved)
        window.controls.tap_wanted.connect(self.tap)
        window.roll.ruler.chords_wanted.connect(self.edit_chords)

    def slots(self) -> dict[str, Callable[..., None]]:
        """Return what each steering action does."""
        return {
            "steer_tap": self.tap,
            "steer_chords": lambda: self.edit_chords(0),
            "steer_detect_chords": self.detect_chords,
            "steer_half_time": lambda: self._reshape("Half-time", loop_edits.half_time),
            "steer_double_time": lambda: self._reshape("Double-time", loop_edits.double_time),
        }

    # Tapping

    def tap(self) -> None:
        """Tap a rhythm for the part in front, now; the first tap starts the loop if it does not play."""
        if self._playback.is_playing:
            self.tap_at(self._state.playhead_tick)
        else:
            self._playback.play()
            self.tap_at(self._playback.start_tick)

    def tap_at(self, tick: float) -> None:
        """Add a tap at a tick of the loop, whoever made it: a key, a button or a MIDI note.

        Taps within one pass of each other make one rhythm; after a pass without any, the next one begins anew.
        """
        loop, front = self._state.loop, self._state.view.front
        if front >= len(self._session.parts):
            return
        if front != self._tapped_part or self._elapsed_ticks > loop.length:
            self._taps = Taps()
        self._tapped_part, self._elapsed_ticks = front, 0.0
        self._taps = self._taps.with_tap(max(0.0, tick) % loop.length)
        grid = self._window.controls.rhythm.pattern.grid
        text = self._taps.pattern(loop.meter, loop.bars, grid).text
        self._session.change_part(front, lambda settings: replace(settings, rhythm=text))
        count = len(self._taps.ticks)
        self._window.say(f"{count} tap{'s' if count != 1 else ''} for {loop.tracks[front].label}.")

    def _on_playhead_moved(self, before: float, tick: float) -> None:
        if before >= 0 and tick >= 0:
            self._elapsed_ticks += (tick - before) % max(1, self._state.loop.length)

    # Chords

    def edit_chords(self, bar: int) -> None:
        """Pick or type the chords, beginning with a bar's."""
        if self.chord_dialog is not None:
            self.chord_dialog.show_bar(bar)
            self.chord_dialog.show()
            return
        dialog = self.chord_dialog = ChordDialog(self._state, bar, self._window)
        dialog.chords_edited.connect(lambda loop: self._edit("Change chords", loop))
        dialog.detection_wanted.connect(self.detect_chords)
        dialog.show()

    def detect_chords(self) -> None:
        """Write the chords that the music has over the bars."""
        loop = loop_edits.with_detected_chords(self._state.loop)
        if loop is None:
            self._window.banner.say("There are no pitched notes to tell chords from.")
            return
        self._edit("Detect chords", loop)
        self._window.say("Chords told from the notes; double-click one to change it.")

    def _reshape(self, text: str, edit: Callable[[Loop], Loop]) -> None:
        self._edit(text, edit(self._state.loop))
