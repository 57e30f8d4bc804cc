"""Actions that change how the roll is looked at, not the music."""

from collections.abc import Callable

from gui.main_window import MainWindow
from gui.piano_roll.state import RollState
from gui.piano_roll.transform import Fold, Snap
from gui.tab_order import step_panel

ZOOM_FACTOR = 1.25
_SNAPS_BY_SIZE = (Snap.QUARTER, Snap.EIGHTH, Snap.SIXTEENTH, Snap.THIRTY_SECOND)


class Views:
    """Zooms, folds and changes the grid.

    Args:
        window: Its roll, and where notices appear.
        state: The roll's model.
    """

    def __init__(self, window: MainWindow, state: RollState) -> None:
        self._window, self._state = window, state

    def slots(self) -> dict[str, Callable[..., None]]:
        """Return what each action does."""
        roll = self._window.roll
        return {
            "view_next_panel": lambda: step_panel(self._window.panels, 1),
            "view_previous_panel": lambda: step_panel(self._window.panels, -1),
            "view_draw": lambda on: self._state.set_view(is_drawing=on),
            "view_zoom_in": lambda: roll.zoom(ZOOM_FACTOR),
            "view_zoom_out": lambda: roll.zoom(1 / ZOOM_FACTOR),
            "view_fit": roll.fit,
            "view_fold": self.cycle_fold,
            "view_snap_finer": lambda: self.step_snap(1),
            "view_snap_coarser": lambda: self.step_snap(-1),
        }

    def cycle_fold(self) -> None:
        folds = list(Fold)
        fold = folds[(folds.index(self._state.view.fold) + 1) % len(folds)]
        self._state.set_view(fold=fold)
        self._window.say(f"Rows: {fold.value.lower()}")

    def step_snap(self, direction: int) -> None:
        snap = self._state.view.snap
        index = _SNAPS_BY_SIZE.index(snap) if snap in _SNAPS_BY_SIZE else 2
        index = min(max(0, index + direction), len(_SNAPS_BY_SIZE) - 1)
        self._state.set_view(snap=_SNAPS_BY_SIZE[index])
