"""The roll by keyboard alone: the cursor's walks, what Shift selects on the way, and what is done where it stands.

The cursor is in the part in front. Where it comes to a note the note is heard and told; edits without a selection
are of that note. What Shift selected goes with the next step; what was picked one by one stays until Esc.
"""

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QObject

from engine.music.loop import Note
from gui.piano_roll import cursor as walks
from gui.piano_roll.cursor import Cursor
from gui.piano_roll.gestures import deleted, drawn
from gui.piano_roll.mouse import DRAWN_VELOCITY
from gui.piano_roll.note_words import cursor_text
from gui.piano_roll.selection import NOTHING, NoteRef
from gui.piano_roll.state import RollState
from gui.piano_roll.transform import RowMap

Walk = Callable[[Cursor], Cursor]
OCTAVE_ROWS = 12


class Walker(QObject):
    """Walks.

    Args:
        state: The roll.
        say: Tells a sentence.
        show_cursor: Shows what is at the cursor in words, and gives its pane the keyboard.
    """

    def __init__(self, state: RollState, *, say: Callable[[str], None], show_cursor: Callable[[str], None]) -> None:
        super().__init__(state)
        self.state, self._say, self._show_cursor = state, say, show_cursor
        self._front = state.view.front
        self._anchor: Cursor | None = None  # where Shift began to select
        self._bar_anchor: int | None = None
        state.view_changed.connect(self._on_view_changed)

    def slots(self) -> dict[str, Callable[[], None]]:
        """Return what each action of the menu Cursor does."""
        walks_by_key: dict[str, Walk] = {
            "left": lambda c: self._stepped(c, -1),
            "right": lambda c: self._stepped(c, 1),
            "up": lambda c: walks.rowed(c, -1, self._rows),
            "down": lambda c: walks.rowed(c, 1, self._rows),
            "previous": lambda c: self._at_next_note(c, is_back=True),
            "next": lambda c: self._at_next_note(c),
            "octave_up": lambda c: walks.rowed(c, -self._octave_rows, self._rows),
            "octave_down": lambda c: walks.rowed(c, self._octave_rows, self._rows),
            "bar_back": lambda c: walks.barred(c, -1, self.state.loop),
            "bar_on": lambda c: walks.barred(c, 1, self.state.loop),
            "start": lambda c: replace(c, tick=0),
            "end": lambda c: self._stepped(replace(c, tick=self.state.loop.length - 1), 0),
        }
        extending = ("left", "right", "up", "down", "previous", "next")
        return {
            **{f"walk_{name}": lambda walk=walk: self.walk(walk) for name, walk in walks_by_key.items()},
            **{f"extend_{name}": lambda name=name: self.extend(walks_by_key[name]) for name in extending},
            "cursor_draw": self.draw_or_delete,
            "cursor_select": self.toggle_selected,
            "cursor_bar": self.toggle_bar,
            "cursor_bars_back": lambda: self.extend_bars(-1),
            "cursor_bars_on": lambda: self.extend_bars(1),
            "cursor_where": self.tell,
        }

    @property
    def _rows(self) -> RowMap:
        track = self.state.front_track
        return self.state.rows(is_drums=track is not None and track.is_drums)

    @property
    def _octave_rows(self) -> int:
        """A scale has fewer rows an octave: they are those between a pitch and the one twelve above."""
        rows, cursor = self._rows, self.state.cursor
        if rows.is_drums or cursor is None:
            return OCTAVE_ROWS
        above = rows.row_of(cursor.pitch + OCTAVE_ROWS)
        below = rows.row_of(cursor.pitch - OCTAVE_ROWS)
        here = walks.nearest_row(cursor.pitch, rows)
        return here - above if above is not None else below - here if below is not None else OCTAVE_ROWS

    def _stepped(self, cursor: Cursor, steps: int) -> Cursor:
        view, loop = self.state.view, self.state.loop
        return walks.stepped(cursor, steps, step_ticks=view.step_ticks, length=loop.length)

    def _at_next_note(self, cursor: Cursor, *, is_back: bool = False) -> Cursor:
        track, ref = self.state.front_track, self.state.cursor_note
        assert track is not None
        note = walks.next_note(track, cursor, ref.note if ref else None, is_back=is_back)
        return cursor if note is None else Cursor(note.onset, note.pitch)

    def show(self) -> bool:
        """Put the cursor into the part in front if it is not there; tells whether there is a part for it."""
        state, track = self.state, self.state.front_track
        if track is None:
            self._say("There is no part to walk in.")
            return False
        if state.cursor is None:
            chosen = min((ref.note for ref in state.selection if ref.part == state.view.front), default=None)
            place = Cursor(chosen.onset, chosen.pitch) if chosen else walks.landed(track, 0, self._rows)
            state.set_cursor(place)
        return True

    def walk(self, walk: Walk) -> None:
        """Walk; what was selected on the way goes."""
        if self._anchor is not None:
            self.state.select(NOTHING)
        self._anchor = self._bar_anchor = None
        self._go(walk)

    def extend(self, walk: Walk) -> None:
        """Walk and select the notes between here and where Shift began."""
        if not self.show():
            return
        state = self.state
        anchor = self._anchor = self._anchor or state.cursor
        assert anchor is not None
        assert state.cursor is not None
        corner = walk(state.cursor)
        step, front = state.view.step_ticks, state.view.front
        state.select(walks.notes_within(state.loop, front, (anchor, corner), self._rows, step_ticks=step))
        self._go(lambda _: corner)

    def _go(self, walk: Walk) -> None:
        was_away = self.state.cursor is None
        if not self.show():
            return
        before = self.state.cursor
        assert before is not None
        # The first key shows where the cursor is; it has been nowhere to walk from.
        self.state.set_cursor(before if was_away else walk(before))
        ref = self.state.cursor_note
        if ref is not None and (was_away or self.state.cursor != before):
            self.state.touch(ref)
        self.tell()

    def tell(self) -> None:
        """Say where the cursor is and what is there."""
        if self.show():
            self._show_cursor(cursor_text(self.state))

    def draw_or_delete(self) -> None:
        """Delete the note at the cursor; draw one where there is none."""
        if not self.show():
            return
        state, ref, cursor = self.state, self.state.cursor_note, self.state.cursor
        assert cursor is not None
        if ref is not None:
            state.commit("Delete note", deleted(state.loop, frozenset({ref})))
        else:
            is_long = state.view.mouse.remembers_length and not self._rows.is_drums
            length = (state.pen_ticks if is_long else 0) or state.view.step_ticks
            note = Note(cursor.tick, cursor.pitch, min(length, state.loop.length - cursor.tick), DRAWN_VELOCITY)
            state.commit("Draw note", replace(drawn(state.loop, state.view.front, note), selection=state.selection))
            state.touch(NoteRef(state.view.front, note))
        self.tell()

    def toggle_selected(self) -> None:
        """Pick the note at the cursor, or put it back."""
        if not self.show():
            return
        ref = self.state.cursor_note
        if ref is None:
            self._say("There is no note at the cursor.")
            return
        self._anchor = None
        self.state.select(self.state.selection ^ {ref})
        self.tell()

    def toggle_bar(self) -> None:
        """Choose the cursor's bar of the part in front for `G`, or leave it."""
        if self.show():
            self._bar_anchor = None
            self.state.select_bars(self.state.bars.toggled(self.state.view.front, self._bar))
            self._tell_bars()

    def extend_bars(self, step: int) -> None:
        """Choose the bars from where Shift began to the next one."""
        if not self.show():
            return
        state = self.state
        anchor = self._bar if self._bar_anchor is None else self._bar_anchor
        last = min(max(0, self._bar + step), state.loop.bars - 1)
        state.select_bars(state.bars.with_range(state.view.front, anchor, last))
        assert state.cursor is not None
        state.set_cursor(replace(state.cursor, tick=last * state.loop.meter.ticks_per_bar))
        self._bar_anchor = anchor
        self._tell_bars()

    @property
    def _bar(self) -> int:
        assert self.state.cursor is not None
        return self.state.cursor.tick // self.state.loop.meter.ticks_per_bar

    def _tell_bars(self) -> None:
        track, bars = self.state.front_track, self.state.bars.bars_of(self.state.view.front)
        assert track is not None
        names = ", ".join(str(bar + 1) for bar in bars)
        self._say(f"{track.label}: bar {names} chosen for G." if bars else f"{track.label}: no bar chosen.")

    def _on_view_changed(self) -> None:
        """Come down in the part that was brought to the front."""
        state, front = self.state, self.state.view.front
        if front == self._front:
            return
        if self._anchor is not None:
            state.select(NOTHING)
        self._front, self._anchor, self._bar_anchor = front, None, None
        if state.cursor is not None and state.front_track is not None:
            state.set_cursor(walks.landed(state.front_track, state.cursor.tick, self._rows))
            if (ref := state.cursor_note) is not None:
                state.touch(ref)
            self.tell()
