"""The document: the current Loop and everything that was done to get there.

Edits by hand and accepted takes go through the same `edit`, hence the same undo stack.
"""

import itertools

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoStack

from engine.music.loop import Loop
from gui.undo import ReplaceLoop


class LoopDocument(QObject):
    """Holds the current Loop; changes it undoably; says so.

    Args:
        loop: What to begin with.
        parent: Qt's owner.
    """

    loop_changed = Signal(object)  # Loop
    was_reset = Signal(object)  # Loop; before loop_changed: what was set for the old parts is void

    def __init__(self, loop: Loop, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._loop = loop
        self._gestures = itertools.count(1)
        self.undo_stack = QUndoStack(self)

    @property
    def loop(self) -> Loop:
        return self._loop

    def begin_gesture(self) -> int:
        """Return a new gesture id: edits that carry it become one undo step."""
        return next(self._gestures)

    def edit(self, text: str, loop: Loop, *, gesture: int | None = None) -> None:
        """Make `loop` the current one, as an undoable step; an equal loop is no step.

        Args:
            text: Name of the step, such as "Move notes".
            loop: The new state.
            gesture: See `begin_gesture`.
        """
        if loop == self._loop:
            return
        self.undo_stack.push(ReplaceLoop(text, before=self._loop, after=loop, apply=self._show, gesture=gesture))

    def reset(self, loop: Loop) -> None:
        """Begin anew with a loop: nothing to undo."""
        self.undo_stack.clear()
        self.was_reset.emit(loop)
        self._show(loop)

    def _show(self, loop: Loop) -> None:
        self._loop = loop
        self.loop_changed.emit(loop)
