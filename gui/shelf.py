"""The library beside the window: its last takes on the strip; what is chosen there is heard, comes back, or is written
again exactly.
"""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject

from engine.jobs.library import FindTakes, KeptTake, LoadTake, MarkTake, Query, TakeLoaded, TakesFound
from engine.jobs.writing import WorkerReady
from engine.messages import Failed
from engine.music.loop import Loop
from gui.engine_bridge import EngineBridge
from gui.main_window import MainWindow
from gui.panels.library import LibraryDialog
from gui.piano_roll.state import RollState
from gui.playback import Playback
from gui.takes import Slot, TakeBoard, last_batch, slot_of_kept

MOST_TAKES = 16  # of one press


class Shelf(QObject):
    """Opens the library, lets takes of it be heard and brings them back.

    Args:
        bridge, window, state, board, playback: See their classes.
        edit: Changes the music, undoably: name of the step, new loop.
        remember_seed: Lets files of a loop tell its seed.
    """

    def __init__(
        self,
        bridge: EngineBridge,
        window: MainWindow,
        state: RollState,
        board: TakeBoard,
        playback: Playback,
        *,
        edit: Callable[..., None],
        remember_seed: Callable[[Loop, str], None],
    ) -> None:
        super().__init__(window)
        self._bridge, self._window, self._state = bridge, window, state
        self._board, self._playback = board, playback
        self._edit, self._remember_seed = edit, remember_seed
        self._ready: WorkerReady | None = None
        self._wanted = 0  # the take that is to be heard
        self._was_playing: bool | None = None  # before a take of the library was heard; None when none is
        self._total = self._newest = 0  # takes in the library, and its last row
        self.dialog: LibraryDialog | None = None
        bridge.worker_ready.connect(self._on_worker_ready)
        bridge.take_kept.connect(lambda _, event: self._count((event.library_id,)))
        board.slots_changed.connect(lambda: self._count([slot.library_id for slot in board.slots]))
        board.discarded.connect(lambda: self._show_total(self._total - 1))
        board.heard_changed.connect(self._show_heard)
        playback.playing_changed.connect(self._show_heard)
        window.takes.earlier_wanted.connect(self.show)

    def slots(self) -> dict[str, Callable[..., None]]:
        """Return what each action of the library does."""
        return {"take_library": self.show}

    def show(self) -> None:
        """Open the library."""
        if self.dialog is None:
            self.dialog = LibraryDialog(self._bridge, lambda: self._state.theme, self._window)
            self.dialog.hearing_wanted.connect(self._hear)
            self.dialog.silence_wanted.connect(self._silence)
            self.dialog.visit_ended.connect(self._end_visit)
            self.dialog.counted.connect(self._show_total)
            self.dialog.take_chosen.connect(lambda id: self._load(id, self._bring_back))
            self.dialog.reroll_wanted.connect(lambda id: self._load(id, self._write_again))
        self._show_heard()
        self.dialog.show()
        self.dialog.raise_()

    # The strip of takes

    def fill_board(self) -> None:
        """Show the takes of the last press, and how many there are besides."""
        self._bridge.ask(FindTakes(Query(limit=MOST_TAKES)), self._on_newest, or_else=self._on_failed)

    def _on_newest(self, found: TakesFound) -> None:
        self._newest = max([self._newest, *(row.id for row in found.rows)])
        self._show_total(max(self._total, found.total))
        batch = last_batch(found.rows)
        slots: dict[int, Slot] = {}

        def add(loaded: TakeLoaded) -> None:
            slots[loaded.kept.row.id] = slot_of_kept(loaded.kept)
            if len(slots) == len(batch):
                self._board.show_kept([slots[row.id] for row in batch])

        for row in batch:
            self._bridge.ask(LoadTake(row.id), add, or_else=self._on_failed)

    def _count(self, ids: Sequence[int]) -> None:
        """Count takes that came into the library."""
        total = self._total + sum(id > self._newest for id in set(ids))
        self._newest = max([self._newest, *ids])
        self._show_total(total)

    def _show_total(self, total: int) -> None:
        """Say how many takes the library lists, if there are others than those on the board."""
        self._total = total
        on_board = {slot.library_id for slot in self._board.slots if slot.library_id}
        self._window.takes.show_total(total if total > len(on_board) else 0)

    # What is chosen in the library

    def _load(self, library_id: int, then: Callable[[KeptTake], None]) -> None:
        def loaded(event: TakeLoaded) -> None:
            then(event.kept)

        self._bridge.ask(LoadTake(library_id), loaded, or_else=self._on_failed)

    def _hear(self, library_id: int) -> None:
        """Hear a take as those on the board are heard."""
        self._wanted = library_id
        self._load(library_id, self._visit)

    def _visit(self, kept: KeptTake) -> None:
        if kept.row.id == self._wanted:  # else another one was chosen meanwhile, or none
            if self._was_playing is None:
                self._was_playing = self._playback.is_playing
            self._board.visit(slot_of_kept(kept))

    def _show_heard(self) -> None:
        """Mark the take that sounds in the library, too."""
        if self.dialog is not None:
            index = self._board.heard if self._playback.is_playing else None
            self.dialog.show_heard(0 if index is None else self._board.slots[index].library_id)

    def _silence(self) -> None:
        """Leave the take that is heard, wherever it was chosen."""
        self._end_visit()
        self._board.leave()

    def _end_visit(self) -> None:
        """Leave a take that is heard from the library; if nothing played before, nothing does now."""
        self._wanted = 0
        if self._board.end_visit() and self._was_playing is False and self._playback.is_playing:
            self._playback.stop()
        self._was_playing = None
        self._show_heard()

    def _on_failed(self, event: Failed) -> None:
        self._window.banner.say(f"{event.title} {event.message}".strip())

    def _on_worker_ready(self, event: WorkerReady) -> None:
        self._ready = event

    def _bring_back(self, kept: KeptTake) -> None:
        if not kept.row.made:
            self._remember_seed(kept.loop, f"{kept.row.seed}-{kept.row.number + 1}")
        self._edit("Bring back take", kept.loop)
        self._bridge.tell(MarkTake(kept.row.id, is_used=True))
        self._window.say(f"Take {kept.row.number + 1} of seed {kept.row.seed} is your loop now.")

    def _write_again(self, kept: KeptTake) -> None:
        """Write a kept take's request again, exactly; its canvas becomes the loop."""
        self._edit("Back to a take's beginning", kept.request.canvas)
        self._board.generate(kept.request)
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
