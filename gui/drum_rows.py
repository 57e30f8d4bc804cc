"""One drum at a time: a row of the drum lanes is rewritten alone, or stays while the others are rewritten."""

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QMenu

from engine.music.loop import Note
from gui.drum_words import drums_text
from gui.main_window import MainWindow
from gui.piano_roll.selection import NoteRef
from gui.piano_roll.state import RollState
from gui.session import Session


class DrumRows:
    """What the names left of the drum lanes offer, by mouse and by key.

    Args:
        window, state, session: See their classes.
        write: Has takes of a part written: of its chosen bars, else of all.
    """

    def __init__(self, window: MainWindow, state: RollState, session: Session, *, write: Callable[[int], None]) -> None:
        self._window, self._state, self._session, self._write = window, state, session, write
        window.roll.drums.row_menu_wanted.connect(self._show_menu)

    def slots(self) -> dict[str, Callable[..., None]]:
        """Return what each action does."""
        return {"steer_drum_rewrite": lambda: self._of_chosen(self.rewrite), "steer_drum_keep": self._keep_chosen}

    def _show_menu(self, pitch: int, place: QPoint) -> None:
        part = self._part
        if part is None:
            return
        name, strokes = drums_text((pitch,)), self._strokes(part, pitch)
        menu = QMenu(self._window)
        menu.addAction(f"Rewrite only this row ({name})", lambda: self.rewrite((pitch,)))
        is_kept = bool(strokes) and strokes <= self._session.parts[part].locked
        keep = menu.addAction("No longer keep this row" if is_kept else "Keep this row", lambda: self.keep((pitch,)))
        keep.setEnabled(bool(strokes))
        select = menu.addAction("Select this row", lambda: self._select(part, pitch))
        select.setEnabled(bool(strokes))
        menu.exec(place)

    @property
    def _part(self) -> int | None:
        """The drums that are meant: those in front, else the first; None without any."""
        tracks = self._state.loop.tracks
        drums = [part for part, track in enumerate(tracks) if track.is_drums and part < len(self._session.parts)]
        front = self._state.view.front
        return front if front in drums else drums[0] if drums else None

    def _strokes(self, part: int, pitch: int) -> set[tuple[int, int]]:
        return {(note.onset, note.pitch) for note in self._state.loop.tracks[part].notes if note.pitch == pitch}

    def _select(self, part: int, pitch: int) -> None:
        notes: tuple[Note, ...] = self._state.loop.tracks[part].notes
        self._state.bring_to_front(part)
        self._state.select(frozenset(NoteRef(part, note) for note in notes if note.pitch == pitch))

    def rewrite(self, pitches: tuple[int, ...]) -> None:
        """Write takes in which only some drums are new; G goes on with these until the controls say otherwise."""
        part = self._part
        if part is None:
            return
        self._session.change_part(part, lambda settings: replace(settings, drums=pitches))
        self._state.bring_to_front(part)
        self._write(part)

    def keep(self, pitches: tuple[int, ...]) -> None:
        """Lock all strokes of some drums; unlock them if all of them are."""
        part = self._part
        if part is None:
            return
        strokes = {stroke for pitch in pitches for stroke in self._strokes(part, pitch)}
        is_unlocking = strokes <= self._session.parts[part].locked
        self._session.change_part(
            part, lambda s: replace(s, locked=s.locked - strokes if is_unlocking else s.locked | strokes)
        )
        name = drums_text(pitches)
        told = "may be rewritten again" if is_unlocking else "stays when the drums are rewritten"
        self._window.say(f"{name} {told}.")

    def _keep_chosen(self) -> None:
        self._of_chosen(self.keep)

    def _of_chosen(self, act: Callable[[tuple[int, ...]], None]) -> None:
        """Do something with the rows of the selected strokes, else with that of the cursor."""
        tracks = self._state.loop.tracks
        pitches = {ref.note.pitch for ref in self._state.selection if tracks[ref.part].is_drums}
        if not pitches and self._state.cursor is not None and self._window.roll.drums.holds_front:
            pitches = {self._state.cursor.pitch}
        if pitches:
            act(tuple(sorted(pitches)))
        else:
            self._window.say("Which drum? Select a stroke of it, or right-click its name.")
