"""The library beside the window: what is chosen there comes back, or is written again exactly."""

from collections.abc import Callable

from PySide6.QtCore import QObject

from engine.jobs.library import KeptTake, LoadTake, TakeLoaded
from engine.jobs.writing import WorkerReady
from engine.messages import Failed, GenerationRequest
from engine.music.loop import Loop
from gui.engine_bridge import EngineBridge
from gui.main_window import MainWindow
from gui.panels.library import LibraryDialog


class Shelf(QObject):
    """Opens the library and brings back what is in it.

    Args:
        bridge: The engine.
        window: Where notices appear.
        edit: Changes the music, undoably: name of the step, new loop.
        write: Has takes of a request written.
        remember_seed: Lets files of a loop tell its seed.
    """

    def __init__(
        self,
        bridge: EngineBridge,
        window: MainWindow,
        *,
        edit: Callable[..., None],
        write: Callable[[GenerationRequest], None],
        remember_seed: Callable[[Loop, str], None],
    ) -> None:
        super().__init__(window)
        self._bridge, self._window = bridge, window
        self._edit, self._write, self._remember_seed = edit, write, remember_seed
        self._ready: WorkerReady | None = None
        self.dialog: LibraryDialog | None = None
        bridge.worker_ready.connect(self._on_worker_ready)

    def slots(self) -> dict[str, Callable[..., None]]:
        """Return what each action of the library does."""
        return {"take_library": self.show}

    def show(self) -> None:
        """Open the library."""
        if self.dialog is None:
            self.dialog = LibraryDialog(self._bridge, self._window)
            self.dialog.take_chosen.connect(lambda id: self._load(id, self._bring_back))
            self.dialog.reroll_wanted.connect(lambda id: self._load(id, self._write_again))
        self.dialog.show()
        self.dialog.raise_()

    def _load(self, library_id: int, then: Callable[[KeptTake], None]) -> None:
        def loaded(event: TakeLoaded) -> None:
            then(event.kept)

        self._bridge.ask(LoadTake(library_id), loaded, or_else=self._on_failed)

    def _on_failed(self, event: Failed) -> None:
        self._window.banner.say(f"{event.title} {event.message}".strip())

    def _on_worker_ready(self, event: WorkerReady) -> None:
        self._ready = event

    def _bring_back(self, kept: KeptTake) -> None:
        if not kept.row.made:
            self._remember_seed(kept.loop, f"{kept.row.seed}-{kept.row.number + 1}")
        self._edit("Bring back take", kept.loop)
        self._window.say(f"Take {kept.row.number + 1} of seed {kept.row.seed} is your loop now.")

    def _write_again(self, kept: KeptTake) -> None:
        """Write a kept take's request again, exactly; its canvas becomes the loop."""
        self._edit("Back to a take's beginning", kept.request.canvas)
        self._write(kept.request)
        difference = difference_of(kept, self._ready)
        if difference:
            self._window.banner.say(f"These takes may differ from the first time: {difference}.")


def difference_of(kept: KeptTake, ready: WorkerReady | None) -> str:
    """Return why a take would not come out the same to the bit now, or ""."""
    row = kept.row
    if ready is None or not row.build:
        return ""
    if row.model_identity != ready.identity:
        return f"they were written by the model {row.model}, now it is {ready.model}"
    if (row.provider, row.threads) != (ready.provider, ready.threads):
        then, now = (f"{p} with {t} thread{'s' if t != 1 else ''}" for p, t in (
            (row.provider, row.threads), (ready.provider, ready.threads)))  # fmt: skip
        return f"they were written on {then}, now it is {now}"
    if row.build != ready.build:
        return f"they were written with {row.build}, now it is {ready.build}"
    return ""
