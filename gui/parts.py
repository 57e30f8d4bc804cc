"""Whole parts: added and removed, brought to the front, named and coloured, split in two and merged into one."""

from collections.abc import Callable, Iterable
from dataclasses import replace

from PySide6.QtCore import QObject, QPoint, Qt
from PySide6.QtGui import QAction, QIcon, QPixmap
from PySide6.QtWidgets import QInputDialog, QMenu, QSpinBox

from engine.messages import PartUse
from engine.music.general_midi import ROLES, Role
from engine.music.loop import MAX_TRACKS, Loop, Note, Track
from gui import loop_edits
from gui.actions import ActionTable
from gui.main_window import MainWindow
from gui.piano_roll.painting import pitch_name
from gui.piano_roll.selection import NOTHING
from gui.piano_roll.state import RollState
from gui.playback import Playback
from gui.session import PartSettings, Session
from gui.theme import LOOK_NAMES, ROLE_GLYPHS, glyph_of

_USES = (PartUse.CONTEXT, PartUse.REPLACE, PartUse.IGNORE)
SWATCH_PX = 14
MENU: tuple[tuple[str, ...], ...] = (
    ("part_rename", "part_role", "part_sound", "part_look"),
    ("part_groove",),
    ("part_split", "part_split_pitch", "part_merge"),
    ("part_remove",),
)


class Parts(QObject):
    """Does what the menu Part says, to the part in front.

    Args:
        window: Where cards and dialogs are.
        state: The loop that is shown, and which part is in front.
        session: The parts' settings.
        playback: Says when a part that is added or removed is heard.
        edit: Changes the music, undoably.
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
        self._window, self.state, self.session, self._playback = window, state, session, playback
        self._edit = edit
        self._menu = QMenu(window)
        self._looks = QMenu(window)
        window.tracks.part_wanted.connect(self.add)
        window.tracks.rename_wanted.connect(self.rename)
        window.tracks.menu_wanted.connect(lambda place: self._menu.popup(place))

    def set_actions(self, actions: ActionTable) -> None:
        """Fill the menu of a card."""
        for group in MENU:
            self._menu.addActions([actions[id] for id in group])
            self._menu.addSeparator()

    def slots(self) -> dict[str, Callable[..., None]]:
        """Return what each action does."""
        return {
            "part_add": self._window.tracks.show_add_menu,
            "part_remove": self.remove,
            "part_next": lambda: self.step(1),
            "part_previous": lambda: self.step(-1),
            "part_mute": lambda: self._set(lambda s: replace(s, is_muted=not s.is_muted)),
            "part_solo": lambda: self._set(lambda s: replace(s, is_soloed=not s.is_soloed)),
            "part_use": lambda: self._set(lambda s: replace(s, use=_USES[(_USES.index(s.use) + 1) % len(_USES)])),
            "part_rename": self.rename,
            "part_role": self.choose_role,
            "part_sound": self.choose_sound,
            "part_look": self.choose_look,
            "part_split": self.split_selection,
            "part_split_pitch": self.choose_split,
            "part_merge": self.choose_merge,
            "part_menu": lambda: self._menu.popup(self._place),
        }

    @property
    def _front(self) -> int:
        return self.state.view.front

    @property
    def _track(self) -> Track | None:
        return self.state.front_track

    @property
    def _place(self) -> QPoint:
        """Where menus of the part in front open."""
        cards = self._window.tracks.cards
        anchor = cards[self._front] if self._front < len(cards) else self._window.tracks
        return anchor.mapToGlobal(anchor.rect().center())

    def _set(self, change: Callable[[PartSettings], PartSettings]) -> None:
        if self._front < len(self.session.parts):
            self.session.change_part(self._front, change)

    def add(self, role: Role) -> None:
        """Add an empty part."""
        if len(self.state.loop.tracks) >= MAX_TRACKS:
            self._window.say(f"A loop has at most {MAX_TRACKS} parts.")
            return
        self._edit("Add part", loop_edits.with_part(self.state.loop, role), start=self._playback.mutes_in)
        self.state.bring_to_front(len(self.state.loop.tracks) - 1)

    def remove(self) -> None:
        """Remove the part in front, and its settings."""
        if self._track is not None:
            without = loop_edits.without_part(self.state.loop, self._front)
            self._edit_parts("Remove part", without, _without(self.session.parts, self._front))

    def step(self, direction: int) -> None:
        """Bring the next part to the front."""
        if count := len(self.state.loop.tracks):
            self.state.bring_to_front((self._front + direction) % count)

    def rename(self) -> None:
        if (track := self._track) is not None:
            dialog = self._ask("Rename part", "Name", lambda name: self._change("Rename part", name=name.strip()))
            dialog.setTextValue(track.label)

    def choose_role(self) -> None:
        if (track := self._track) is not None:
            roles = {_role_text(role): role for role in ROLES if (role is Role.DRUMS) == track.is_drums}
            dialog = self._ask("Role", "What the part does", lambda text: self._change("Change role", role=roles[text]))
            _offer(dialog, roles, _role_text(track.role))

    def choose_sound(self) -> None:
        if (track := self._track) is not None:
            dialog = self._ask("Sound", "General MIDI program, 1 to 128")
            dialog.setInputMode(QInputDialog.InputMode.IntInput)
            dialog.setIntRange(1, 128)
            for box in dialog.findChildren(QSpinBox):
                box.setAccessibleName(dialog.labelText())
            dialog.setIntValue(1 + (track.program or 0))
            dialog.intValueSelected.connect(lambda number: self._change("Change sound", program=number - 1))

    def choose_look(self) -> None:
        """Open the palette: each look is a colour and a shape."""
        track = self._track
        if track is None:
            return
        self._looks.clear()
        own = replace(track, look=0)
        for look, name in enumerate((f"{track.role.value.capitalize()}'s own", *LOOK_NAMES)):
            worn = replace(own, look=look)
            action = QAction(f"{glyph_of(worn)}  {name}", self._looks)
            swatch = QPixmap(SWATCH_PX, SWATCH_PX)
            swatch.fill(self.state.theme.part(worn))
            action.setIcon(QIcon(swatch))
            action.setEnabled(look != track.look)
            action.triggered.connect(lambda *_, look=look: self._change("Colour part", look=look))
            self._looks.addAction(action)
        self._looks.popup(self._place)

    def split_selection(self) -> None:
        """Move the selected notes of the part in front into a part of their own."""
        if self._track is not None:
            self._split(ref.note for ref in self.state.selection if ref.part == self._front)

    def choose_split(self) -> None:
        """Ask from which pitch on the notes stay."""
        track = self._track
        pitches = sorted({note.pitch for note in track.notes}) if track is not None else []
        if track is None or track.is_drums or len(pitches) < 2:
            self._window.say("Only pitched notes are split by pitch; of drums, select strokes and split them off.")
            return
        octave = self.state.view.middle_c_octave
        names = {pitch_name(pitch, octave): pitch for pitch in reversed(pitches[1:])}
        dialog = self._ask("Split by pitch", "Lowest note that stays", lambda name: self.split_below(names[name]))
        _offer(dialog, names, pitch_name(pitches[len(pitches) // 2], octave))

    def split_below(self, pitch: int) -> None:
        """Move what is lower than a pitch into a part of its own."""
        if (track := self._track) is not None:
            self._split(note for note in track.notes if note.pitch < pitch)

    def _split(self, notes: Iterable[Note]) -> None:
        settings = self.session.parts
        try:
            loop = loop_edits.with_notes_split_off(self.state.loop, self._front, notes)
        except ValueError as error:
            self._window.say(f"{error} Select some, but not all, notes of the part in front.")
            return
        self.state.select(NOTHING)
        self._edit_parts("Split part", loop, (*settings, replace(settings[self._front], is_soloed=False)))
        self.state.bring_to_front(len(self.state.loop.tracks) - 1)
        self._window.say(f"{self.state.loop.tracks[-1].label} is a part of its own now.")

    def choose_merge(self) -> None:
        """Ask which part's notes shall come into the one in front."""
        track, tracks = self._track, self.state.loop.tracks
        others = {
            f"{part + 1}  {other.label}": part
            for part, other in enumerate(tracks)
            if track is not None and part != self._front and other.is_drums == track.is_drums
        }
        if track is None or not others:
            self._window.say("There is no other part of its kind to merge with.")
            return
        dialog = self._ask("Merge parts", f"Its notes come into {track.label}", lambda text: self.merge(others[text]))
        _offer(dialog, others, next(iter(others)))

    def merge(self, other: int) -> None:
        """Take another part's notes into the part in front, as one undoable step."""
        front, settings = self._front, list(self.session.parts)
        loop = loop_edits.with_parts_merged(self.state.loop, front, other)
        settings[front] = replace(settings[front], locked=settings[front].locked | settings[other].locked)
        self._edit_parts("Merge parts", loop, _without(tuple(settings), other))
        self.state.bring_to_front(front - (1 if other < front else 0))

    def _edit_parts(self, text: str, loop: Loop, settings: tuple[PartSettings, ...]) -> None:
        """Change which parts there are, each keeping its settings."""
        self._edit(text, loop, start=self._playback.mutes_in)
        self.session.restore(settings, self.session.wishes)

    def _change(self, text: str, **changes: object) -> None:
        if (track := self._track) is not None:
            self._edit(text, self.state.loop.with_track(self._front, replace(track, **changes)))

    def _ask(self, title: str, label: str, slot: Callable[[str], None] | None = None) -> QInputDialog:
        """Open a dialog with one field."""
        dialog = QInputDialog(self._window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setWindowTitle(title)
        dialog.setLabelText(label)
        if slot is not None:
            dialog.textValueSelected.connect(slot)
        dialog.open()
        return dialog


def _offer(dialog: QInputDialog, texts: Iterable[str], chosen: str) -> None:
    dialog.setComboBoxItems(list(texts))
    dialog.setTextValue(chosen)


def _role_text(role: Role) -> str:
    return f"{ROLE_GLYPHS[role]}  {role.value.capitalize()}"


def _without(settings: tuple[PartSettings, ...], part: int) -> tuple[PartSettings, ...]:
    return settings[:part] + settings[part + 1 :]
