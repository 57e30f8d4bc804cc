"""The document: the current Loop and everything that was done to get there.

Edits by hand and accepted takes go through the same `edit`, hence the same undo stack; each is written to the
journal as it is made.
"""

import itertools

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoStack

from engine.music.loop import Loop
from gui.journal import History, Journal, Snapshot
from gui.undo import ReplaceLoop


class LoopDocument(QObject):
    """Holds the current Loop; changes it undoably; says so.

    Args:
        loop: What to begin with.
        journal: Where steps are written; None writes none.
        parent: Qt's owner.
    """

    loop_changed = Signal(object)  # Loop
    was_reset = Signal(object)  # Loop; before loop_changed: what was set for the old parts is void

    def __init__(self, loop: Loop, journal: Journal | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._loop = loop
        self._journal = journal
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
        if self._journal is not None:
            self._journal.edit(text, loop, gesture)
        before, after = Snapshot(self._loop), Snapshot(loop)
        self.undo_stack.push(ReplaceLoop(text, before=before, after=after, apply=self._show, gesture=gesture))

    def undo(self) -> None:
        """Take the last step back."""
        if self.undo_stack.canUndo():
            if self._journal is not None:
                self._journal.undo()
            self.undo_stack.undo()

    def redo(self) -> None:
        """Do the last step that was taken back again."""
        if self.undo_stack.canRedo():
            if self._journal is not None:
                self._journal.redo()
            self.undo_stack.redo()

    def reset(self, loop: Loop) -> None:
        """Begin anew with a loop: nothing to undo."""
        self.restore(History(Snapshot(loop)))

    def restore(self, history: History) -> None:
        """Take over a history: its loop is shown, its steps can be undone and redone."""
        self.undo_stack.clear()
        if self._journal is not None:
            self._journal.begin(history)
        self.was_reset.emit(history.current)
        before = history.start
        for text, after in history.steps:
            self.undo_stack.push(ReplaceLoop(text, before=before, after=after, apply=self._show, is_done=True))
            before = after
        self.blockSignals(True)
        for _ in range(len(history.steps) - history.index):
            self.undo_stack.undo()
        self.blockSignals(False)
        self._show(history.current)

    def close(self) -> None:
        """Let go of the journal's file; say nothing more."""
        self.undo_stack.blockSignals(True)  # it empties itself when it is deleted
        if self._journal is not None:
            self._journal.close()

    def _show(self, loop: Loop) -> None:
        self._loop = loop
        self.loop_changed.emit(loop)
