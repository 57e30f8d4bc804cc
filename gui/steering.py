"""Actions that steer what will be written: taps, chords told from the music, half and double time.

Each changes something that is seen: a rhythm in the controls, chords over the bars, the music itself.
"""

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QObject

from engine.messages import PartUse
from engine.music.general_midi import Role
from engine.music.loop import MAX_TRACKS, Loop
from engine.representation.controls import TRACK_CONTROLS
from gui import loop_edits
from gui.main_window import MainWindow
from gui.panels.chords import ChordDialog
from gui.piano_roll.selection import notes_by_part
from gui.piano_roll.state import RollState
from gui.playback import Playback
from gui.prompt_words import control_value, understood
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
        session.parts_changed.connect(self._show_locks)
        window.controls.prompt.words_entered.connect(self.follow_words)
        window.roll.ruler.chords_wanted.connect(self.edit_chords)

    def slots(self) -> dict[str, Callable[..., None]]:
        """Return what each steering action does."""
        return {
            "steer_tap": self.tap,
            "steer_words": self._window.controls.prompt.text.setFocus,
            "steer_chords": lambda: self.edit_chords(0),
            "steer_detect_chords": self.detect_chords,
            "steer_lock": self.toggle_locks,
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

    def tap_all(self, ticks: list[int]) -> None:
        """Take ticks of the loop as a rhythm of their own."""
        self._tapped_part = -1
        for tick in ticks:
            self.tap_at(tick)

    def _on_playhead_moved(self, before: float, tick: float) -> None:
        if before >= 0 and tick >= 0:
            self._elapsed_ticks += (tick - before) % max(1, self._state.loop.length)

    # Locks

    def toggle_locks(self) -> None:
        """Lock the selected notes, so that a rewrite leaves them; unlock them if all of them are."""
        chosen = notes_by_part(self._state.chosen)
        if not chosen:
            self._window.say("Select the notes that shall stay, then lock them.")
            return
        places = {part: {(note.onset, note.pitch) for note in notes} for part, notes in chosen.items()}
        is_unlocking = all(places[part] <= self._session.parts[part].locked for part in places)
        for part, those in places.items():
            self._session.change_part(
                part,
                lambda s, those=those: replace(s, locked=s.locked - those if is_unlocking else s.locked | those),
            )
        count = sum(map(len, places.values()))
        notes = f"{count} note{'s' if count != 1 else ''}"
        self._window.say(f"{notes} unlocked." if is_unlocking else f"{notes} locked: G leaves them as they are.")

    def _show_locks(self) -> None:
        self._state.set_locked(tuple(settings.locked for settings in self._session.parts))

    # Words

    def follow_words(self, text: str) -> None:
        """Move the knobs that words mean, set the parts that are named to be written; say which."""
        told = understood(text)
        loop = self._state.loop
        for role in told.roles:
            if all(track.role is not role for track in loop.tracks) and len(loop.tracks) < MAX_TRACKS:
                loop = loop_edits.with_part(loop, role)
        for change in told.loop_edits:
            loop = change(loop)
        self._edit("Follow words", loop)
        wishes = self._session.wishes
        for change in told.wish_edits:
            wishes = change(wishes)
        self._session.change_wishes(wishes)
        for role, name, value in told.controls:
            for part in self._parts_meant(role):
                self._set_control(part, name, value)
        named = [i for i, track in enumerate(self._state.loop.tracks) if track.role in told.roles]
        for part in named:
            self._session.change_part(part, lambda settings: replace(settings, use=PartUse.REPLACE))
            if self._state.loop.tracks[part].is_drums:
                self._session.change_part(part, lambda settings: replace(settings, drums=tuple(told.drums)))
        if named:
            self._state.bring_to_front(named[-1])
        self._window.controls.prompt.show_understood(told.said, told.unknown)

    def _parts_meant(self, role: Role | None) -> list[int]:
        """Return the parts of a role; of no role those that are to be written, else the one in front."""
        tracks = self._state.loop.tracks
        if role is not None:
            return [part for part, track in enumerate(tracks) if track.role is role]
        replaced = [i for i, each in enumerate(self._session.parts) if each.use is PartUse.REPLACE]
        return replaced or [part for part in (self._state.view.front,) if part < len(tracks)]

    def _set_control(self, part: int, name: str, value: float) -> None:
        role = self._state.loop.tracks[part].role
        if role is Role.DRUMS and not TRACK_CONTROLS[name].for_drums:
            return
        value = control_value(name, value, role)
        self._session.change_part(part, lambda settings: settings.with_control(name, value))

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
