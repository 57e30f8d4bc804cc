"""What was played in on MIDI, without having pressed record: taken as a part, or as a part's rhythm."""

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QObject

from engine.jobs.live import Capture, Captured
from engine.messages import Failed, PartUse
from engine.music.general_midi import Role
from engine.music.loop import MAX_TRACKS, Note
from gui import loop_edits
from gui.engine_bridge import EngineBridge
from gui.main_window import MainWindow
from gui.piano_roll.state import RollState
from gui.session import Session


class Capturing(QObject):
    """Asks the player for the last bars that were played in.

    Args:
        window, bridge, state, session: See their classes.
        edit: Changes the music, undoably: name of the step, new loop.
        tap: Takes ticks as a rhythm of the part in front.
    """

    def __init__(
        self,
        window: MainWindow,
        bridge: EngineBridge,
        state: RollState,
        session: Session,
        *,
        edit: Callable[..., None],
        tap: Callable[[list[int]], None],
    ) -> None:
        super().__init__(window)
        self._window, self._bridge, self._state, self._session = window, bridge, state, session
        self._edit, self._tap = edit, tap

    def slots(self) -> dict[str, Callable[..., None]]:
        """Return what each action does."""
        return {
            "live_capture": lambda: self._ask(self._take_part),
            "live_capture_rhythm": lambda: self._ask(self._take_rhythm),
        }

    def _ask(self, then: Callable[[list[Note]], None]) -> None:
        loop = self._state.loop

        def captured(event: Captured) -> None:
            length = self._state.loop.length
            there = [note for note in event.notes if note.onset < length]
            notes = [replace(note, duration=min(note.duration, length - note.onset)) for note in there]
            if notes:
                then(notes)
            else:
                bars = f"{loop.bars} bars" if loop.bars > 1 else "bar"
                self._window.say(f"Nothing was played in during the last {bars}.")

        self._bridge.ask(Capture(loop.bars), captured, or_else=self._on_failed)

    def _on_failed(self, event: Failed) -> None:
        self._window.banner.say(f"{event.title} {event.message}".strip())

    def _take_part(self, notes: list[Note]) -> None:
        """Put notes into the part in front if it is empty, else into a new one; either way it is context now."""
        loop, front = self._state.loop, self._state.view.front
        if front >= len(loop.tracks) or loop.tracks[front].notes:
            if len(loop.tracks) >= MAX_TRACKS:
                self._window.banner.say(f"A loop has at most {MAX_TRACKS} parts: remove one, then capture again.")
                return
            loop, front = loop_edits.with_part(loop, Role.KEYS), len(loop.tracks)
        self._edit("Capture", loop.with_track(front, loop.tracks[front].with_notes(notes)))
        self._state.bring_to_front(front)
        if front < len(self._session.parts):
            self._session.change_part(front, lambda settings: replace(settings, use=PartUse.CONTEXT))
        count = f"{len(notes)} notes" if len(notes) > 1 else "One note"
        self._window.say(f"{count} captured into {loop.tracks[front].label}; the other parts can be written to fit.")

    def _take_rhythm(self, notes: list[Note]) -> None:
        self._tap([note.onset for note in notes])
