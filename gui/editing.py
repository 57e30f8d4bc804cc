"""The edit actions: each takes the selection (or, without one, the part in front) and commits one undo step."""

from collections.abc import Callable
from dataclasses import replace

from engine.music.loop import Note
from gui.piano_roll import gestures
from gui.piano_roll.cursor import Cursor
from gui.piano_roll.gestures import Edited
from gui.piano_roll.quantise import Quantise, quantised
from gui.piano_roll.selection import NOTHING, NoteRef, Selection, selected_all
from gui.piano_roll.state import RollState
from gui.piano_roll.transform import pitch_rows

VELOCITY_STEP = 8
OCTAVE = 12


class Editor:
    """Edits what the roll shows.

    Args:
        state: The roll.
        say: Told why nothing was done.
        tell_cursor: Tells what is at the cursor after its note was changed.
    """

    def __init__(
        self,
        state: RollState,
        *,
        say: Callable[[str], None] = lambda _: None,
        tell_cursor: Callable[[], None] = lambda: None,
    ) -> None:
        self.state, self._say, self._tell_cursor = state, say, tell_cursor
        self.quantise = Quantise()  # what Q does
        self._clipboard: tuple[tuple[int, Note], ...] = ()

    @property
    def unit(self) -> int:
        """Ticks of a grid step."""
        return self.state.view.step_ticks

    def slots(self) -> dict[str, Callable[[], None]]:
        """Return what each edit action does."""
        return {
            "edit_cut": self.cut,
            "edit_copy": self.copy,
            "edit_paste": self.paste,
            "edit_duplicate": lambda: self._apply("Duplicate", gestures.duplicated, unit=self.unit),
            "edit_delete": self.delete,
            "edit_select_all": self.select_part,
            "edit_quantise": self.quantise_again,
            "edit_flam": lambda: self._apply("Flam", gestures.flammed),
            "edit_roll": lambda: self._apply("Roll", gestures.rolled, unit=self.unit),
            "edit_legato": lambda: self._apply("Legato", gestures.legato),
            "edit_reverse": lambda: self._apply("Reverse", gestures.reversed_in_time),
            "edit_double": lambda: self._apply("Notes twice as long", gestures.stretched, factor=2.0),
            "edit_halve": lambda: self._apply("Notes half as long", gestures.stretched, factor=0.5),
            "edit_up": lambda: self.transpose(1),
            "edit_down": lambda: self.transpose(-1),
            "edit_octave_up": lambda: self.transpose(OCTAVE),
            "edit_octave_down": lambda: self.transpose(-OCTAVE),
            "edit_left": lambda: self.nudge(-self.unit),
            "edit_right": lambda: self.nudge(self.unit),
            "edit_longer": lambda: self._apply("Longer", gestures.resized, end_ticks=self.unit),
            "edit_shorter": lambda: self._apply("Shorter", gestures.resized, end_ticks=-self.unit),
            "edit_louder": lambda: self.change_velocity(VELOCITY_STEP),
            "edit_softer": lambda: self.change_velocity(-VELOCITY_STEP),
        }

    @property
    def subject(self) -> Selection:
        """What an edit works on: the selection, else the note at the cursor, without one the part in front."""
        state = self.state
        if state.selection or state.cursor is not None or state.front_track is None:
            return state.chosen
        return selected_all(state.loop, [state.view.front])

    def _apply(self, text: str, edit: Callable[..., Edited], **arguments: object) -> None:
        subject, was_selected = self.subject, bool(self.state.selection)
        if not subject:
            self._say("There is no note at the cursor." if self.state.cursor else "There are no notes in this part.")
            return
        edited = edit(self.state.loop, subject, **arguments)
        # What was not selected before is not selected after.
        self.state.commit(text, edited if was_selected else Edited(edited.loop, NOTHING))
        if self.state.cursor is not None and not was_selected and edited.selection:
            self._follow(min(edited.selection))

    def _follow(self, ref: NoteRef) -> None:
        """Take the cursor to where its note has gone, let it be heard and told."""
        self.state.set_cursor(Cursor(ref.note.onset, ref.note.pitch))
        self.state.touch(ref)
        self._tell_cursor()

    def quantise_again(self) -> None:
        """Quantise as it was last done."""
        self._apply("Quantise", quantised, how=self.quantise, snap=self.state.view.snap)

    def preview_quantise(self, how: Quantise) -> None:
        """Show what quantising so would do; nothing is done."""
        self.state.set_preview(quantised(self.state.loop, self.subject, how=how, snap=self.state.view.snap))

    def select_part(self) -> None:
        if self.state.view.front < len(self.state.loop.tracks):
            self.state.select(selected_all(self.state.loop, [self.state.view.front]))

    def copy(self) -> None:
        if self.state.chosen:
            self._clipboard = tuple((ref.part, ref.note) for ref in sorted(self.state.chosen))

    def cut(self) -> None:
        self.copy()
        self.delete()

    def delete(self) -> None:
        """Delete the selected notes, or the one at the cursor; never a whole part."""
        if self.state.chosen:
            self.state.commit("Delete notes", gestures.deleted(self.state.loop, self.state.chosen))

    def paste(self) -> None:
        """Paste at the cursor, without one at the playhead's grid step, else where it was copied from."""
        if not self._clipboard:
            return
        shift, cursor, snap = 0, self.state.cursor, self.state.view.snap
        first = min(note.onset for _, note in self._clipboard)
        if cursor is not None:
            shift = cursor.tick - first
        elif self.state.playhead_tick >= 0:
            shift = snap.before(self.state.playhead_tick) - snap.before(first)
        notes = [(part, replace(note, onset=max(0, note.onset + shift))) for part, note in self._clipboard]
        self.state.commit("Paste", gestures.pasted(self.state.loop, notes))

    def transpose(self, semitones: int) -> None:
        """Move by semitones; drums that are meant one by one by as many lanes, but no octaves."""
        is_meant = self.state.selection or self.state.cursor is not None
        lanes = self.state.rows(is_drums=True) if is_meant and abs(semitones) < OCTAVE else None
        self._apply("Transpose", gestures.transposed, semitones=semitones, lanes=lanes)

    def nudge(self, ticks: int) -> None:
        rows = pitch_rows(self.state.loop)
        self._apply("Nudge", gestures.moved, ticks=ticks, rows=rows)

    def change_velocity(self, by: int) -> None:
        self._apply("Change velocity", gestures.with_velocity, velocity=lambda note: note.velocity + by)
