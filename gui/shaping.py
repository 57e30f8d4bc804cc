"""Shaping what is there: the dialogs for quantising, grooves and single notes, and what they do."""

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QDialog, QWidget

from engine.music.loop import Loop
from engine.music.part_groove import AS_WRITTEN
from gui.editing import Editor
from gui.panels.groove import GrooveDialog
from gui.panels.note_list import NoteListDialog
from gui.panels.quantise import QuantiseDialog
from gui.session import Session


class Edit(Protocol):
    """Changes the music, undoably."""

    def __call__(self, text: str, loop: Loop) -> None: ...


class Shaping(QObject):
    """Opens the dialogs.

    Args:
        window: Their parent.
        editor: Edits the selection.
        session: Keeps the parts' grooves.
        edit: Changes the music.
    """

    def __init__(self, window: QWidget, editor: Editor, session: Session, *, edit: Edit) -> None:
        super().__init__(window)
        self._window, self._editor, self._session, self._edit = window, editor, session, edit
        self.dialog: QDialog | None = None

    def slots(self) -> dict[str, Callable[..., None]]:
        """Return what each action does."""
        return {
            "edit_quantise_how": self.show_quantise,
            "part_groove": self.show_groove,
            "view_notes": lambda: self._show(NoteListDialog(self._editor.state, self._window)),
        }

    def show_quantise(self) -> None:
        if self._editor.subject:
            self._show(QuantiseDialog(self._editor, self._window))

    def show_groove(self) -> None:
        dialog = GrooveDialog(self._editor.state, self._session, self._window)
        dialog.write_wanted.connect(self.write_groove)
        self._show(dialog)

    def write_groove(self, part: int) -> None:
        """Make a part's groove its notes, as an undoable step; the layer is then empty."""
        loop = self._editor.state.loop
        played = self._session.played(loop)
        self._session.change_part(part, lambda settings: replace(settings, groove=AS_WRITTEN))
        self._edit("Write groove", loop.with_track(part, played.tracks[part]))

    def _show(self, dialog: QDialog) -> None:
        """Show a dialog in the place of the one before it."""
        if self.dialog is not None:
            self.dialog.close()
        self.dialog = dialog
        dialog.finished.connect(self._forget)
        dialog.show()

    def _forget(self) -> None:
        self.dialog = None
