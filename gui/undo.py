"""The one undo command: a whole Loop replaced by another.

Loops share their notes, so a hundred snapshots of a thousand notes cost less than a megabyte; inverse
operations, one class a verb, would cost bugs.
"""

from collections.abc import Callable

from PySide6.QtGui import QUndoCommand

from engine.music.loop import Loop
from gui.journal import Snapshot

_MERGEABLE = 1
_ALONE = -1


class ReplaceLoop(QUndoCommand):
    """Puts `after` in the place of `before`, and back.

    Args:
        text: What the producer did, as it stands in the Edit menu.
        before, after: The loops.
        apply: Shows a loop; called on each undo and redo.
        gesture: Commands of one gesture (a burst of arrow keys, one fader drag) become one step; None never merges.
        is_done: Whether `after` is in place already, so that pushing the command shows nothing.
    """

    def __init__(
        self,
        text: str,
        *,
        before: Snapshot,
        after: Snapshot,
        apply: Callable[[Loop], None],
        gesture: int | None = None,
        is_done: bool = False,
    ) -> None:
        super().__init__(text)
        self.before = before
        self.after = after
        self.gesture = gesture
        self._apply = apply
        self._is_done = is_done

    def id(self) -> int:
        return _ALONE if self.gesture is None else _MERGEABLE

    def mergeWith(self, other: QUndoCommand) -> bool:
        if not isinstance(other, ReplaceLoop) or other.gesture != self.gesture:
            return False
        self.after = other.after
        if self.after == self.before:
            self.setObsolete(True)
        return True

    def undo(self) -> None:
        self._apply(self.before.loop)

    def redo(self) -> None:
        if self._is_done:
            self._is_done = False
            return
        self._apply(self.after.loop)
