"""Recipes: all that is asked, in one file; saved, opened and dropped.

What is saved is what `G` would ask now, or, while a take is heard, what was asked for it. What is opened becomes the
loop, the parts' settings and the wishes, so that `G` then asks the same again.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog

from engine.errors import EngineError
from engine.messages import GenerationRequest, PartUse
from engine.recipe import read_recipe, write_recipe
from gui.main_window import MainWindow
from gui.piano_roll.selection import BarSelection
from gui.piano_roll.state import RollState
from gui.session import LoopWishes, PartSettings, Session

RECIPE_FILTER = "Recipes (*.json)"


class Recipes(QObject):
    """Saves and opens.

    Args:
        window, state, session: See their classes.
        request: What a recipe of now holds, or None when nothing could be written.
        edit: Changes the music, undoably: name of the step, new loop.
        folder: Where dialogs begin.
    """

    def __init__(
        self,
        window: MainWindow,
        state: RollState,
        session: Session,
        *,
        request: Callable[[], GenerationRequest | None],
        edit: Callable[..., None],
        folder: Callable[[], Path],
    ) -> None:
        super().__init__(window)
        self._window, self._state, self._session = window, state, session
        self._request, self._edit, self._folder = request, edit, folder
        window.recipe_dropped.connect(self.open_path)

    def slots(self) -> dict[str, Callable[..., None]]:
        """Return what each action does."""
        return {"file_save_recipe": self.save, "file_open_recipe": self.open}

    def save(self) -> None:
        request = self._request()
        if request is None:
            self._window.banner.say("There is no part to write, so there is nothing to save as a recipe.")
            return
        name = f"{request.canvas.name or 'Loop'} {request.seed}.json"
        start = str(self._folder() / name)
        path, _ = QFileDialog.getSaveFileName(self._window, "Save recipe", start, RECIPE_FILTER)
        if path:
            self.save_path(path if Path(path).suffix else f"{path}.json", request)

    def save_path(self, path: str, request: GenerationRequest) -> None:
        """Write a recipe to a path."""
        try:
            write_recipe(request, path)
        except EngineError as error:
            self._window.banner.say(str(error))
        else:
            self._window.say(f"Saved {Path(path).name}: all that was asked, the seed included.")

    def open(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self._window, "Open recipe", str(self._folder()), RECIPE_FILTER)
        if path:
            self.open_path(path)

    def open_path(self, path: str) -> None:
        """Take over a recipe's loop, settings and wishes."""
        try:
            request = read_recipe(path)
        except EngineError as error:
            self._window.banner.say(f"{error.title} {error.message}".strip())
            return
        self.take_over(request)
        self._window.say(f"{Path(path).name} is open: G writes what it asks, with its seed {request.seed}.")

    def take_over(self, request: GenerationRequest) -> None:
        """Make a request what the window asks; what it has no place for is said."""
        self._edit("Open recipe", request.canvas)
        self._session.restore(settings_of(request, self._session.parts), wishes_of(request))
        self._state.select_bars(bars_of(request))
        fronts = [i for i, part in enumerate(request.parts) if part.use is PartUse.REPLACE]
        if fronts:
            self._state.bring_to_front(fronts[0])
        if request.repeats:
            self._window.banner.say("The recipe is a form; G writes its new bars, not the ones that come again.")


def settings_of(request: GenerationRequest, old: tuple[PartSettings, ...]) -> tuple[PartSettings, ...]:
    """Return the parts' settings that ask a request; levels stay."""
    base = (*old, *(PartSettings(),) * len(request.parts))[: len(request.parts)]
    return tuple(
        replace(
            settings,
            use=part.use,
            controls=part.controls,
            rhythm=part.rhythm,
            bar_density=part.bar_density,
            keep=part.keep,
            drums=part.drums,
            locked=frozenset((track.notes[i].onset, track.notes[i].pitch) for i in part.locked if i < len(track.notes)),
        )
        for part, settings, track in zip(request.parts, base, request.canvas.tracks, strict=True)
    )


def wishes_of(request: GenerationRequest) -> LoopWishes:
    """Return the wishes that ask a request; its seed is kept."""
    return LoopWishes(
        genre=request.genre,
        is_key_locked=request.key_locked,
        are_chords_locked=request.chords_locked,
        remix_percent=request.remix_percent,
        sampling=request.sampling,
        loop_length=request.loop_length,
        seed=request.seed,
        is_seed_kept=True,
        takes=min(request.takes, 16),
    )


def bars_of(request: GenerationRequest) -> BarSelection:
    """Return the bars that a request has written, if not all of a part's."""
    cells = {
        (index, bar)
        for index, part in enumerate(request.parts)
        if part.use is PartUse.REPLACE and part.bars
        for bar in part.bars
    }
    if not cells:
        return BarSelection()
    whole = {
        (index, bar)
        for index, part in enumerate(request.parts)
        if part.use is PartUse.REPLACE and not part.bars
        for bar in range(request.canvas.bars)
    }
    return BarSelection(frozenset(cells | whole))
