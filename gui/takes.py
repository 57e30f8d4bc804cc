"""Takes: written by the engine, heard in place of the loop, used or left.

While a take is heard the roll shows it, with the producer's own loop as ghosts behind; the document does not change
until the take is used. Editing a take uses it first, so that no edit is ever lost.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from PySide6.QtCore import QObject, Signal

from engine.jobs.library import KeptTake, MarkTake, TakeKept, TakeRow
from engine.jobs.sound import Start
from engine.jobs.writing import Cancel, Generate
from engine.messages import BarWritten, Failed, Finished, GenerationRequest, Progress, Take, TakeScores
from engine.music.loop import Loop
from gui.engine_bridge import EngineBridge

logger = logging.getLogger(__name__)

MOST_SCENES = 9
MOST_ADDED = 12  # takes on the board beside which further ones push the oldest out


@dataclass(slots=True)
class Slot:
    """One take, from its first note on.

    Attributes:
        job: Which press of G it belongs to.
        number: Which of the request's takes.
        request: What was asked.
        written: Notes by (part, bar), as they come: (onset, pitch, duration, velocity).
        cells_done, cells_total: Progress.
        take: The complete take, or None.
        library_id: Its row in the library; 0 before it is kept.
        is_favourite: Whether the producer marked it; such a take stays on the board.
        rating: 1 to 5; 0 is none.
    """

    job: int
    number: int
    request: GenerationRequest
    written: dict[tuple[int, int], tuple[tuple[int, int, int, int], ...]] = field(default_factory=dict)
    cells_done: int = 0
    cells_total: int = 0
    take: Take | None = None
    library_id: int = 0
    is_favourite: bool = False
    rating: int = 0


class TakeBoard(QObject):
    """The takes of the last press of G, and favourites of earlier ones.

    Args:
        bridge: The engine.
    """

    slots_changed = Signal()  # other slots
    slot_changed = Signal(int)  # one slot's content
    heard_changed = Signal()
    running_changed = Signal(bool)
    failed = Signal(object)  # Failed
    finished = Signal(object)  # Finished
    discarded = Signal()  # the take that was heard was thrown away
    loop_changed = Signal()  # which take is the loop

    def __init__(self, bridge: EngineBridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self.slots: list[Slot] = []
        self.heard: int | None = None
        self.heard_from: Start | None = None  # when the take that is heard comes in; None: when all do
        self.has_scenes = False  # whether number keys launch favourites
        self._loop: Loop | None = None  # the producer's own
        self._visited: Slot | None = None  # heard from the library
        self._guest: Slot | None = None  # and here only for that
        self._job = 0
        self._is_stopping = False
        self.offers_likenesses = False  # whether takes that are too like a song of training may be heard
        bridge.bar_written.connect(self._on_bar_written)
        bridge.progressed.connect(self._on_progress)
        bridge.take_kept.connect(self._on_take_kept)
        bridge.take_ready.connect(self._on_take_ready)
        bridge.finished.connect(self._on_finished)
        bridge.failed.connect(self._on_failed)
        bridge.child_stopped.connect(self._on_child_stopped)

    @property
    def is_running(self) -> bool:
        return self._job != 0 and not self._is_stopping

    def is_offered(self, slot: Slot) -> bool:
        """Tell whether a take is complete, and its own or asked for all the same."""
        return slot.take is not None and (self.offers_likenesses or not is_too_like(slot.take))

    def offer_likenesses(self, *, on: bool) -> None:
        """Let takes that are too like a song of training be heard, or not."""
        if on != self.offers_likenesses:
            self.offers_likenesses = on
            if self.heard is not None and not self.is_offered(self.slots[self.heard]):
                self.leave()
            self.slots_changed.emit()

    @property
    def heard_take(self) -> Take | None:
        return None if self.heard is None else self.slots[self.heard].take

    def generate(self, request: GenerationRequest) -> None:
        """Begin to write takes; what was being written is cancelled, what is there makes room, favourites stay."""
        if self._job:
            self._bridge.tell(Cancel(self._job, keeps_partial=False))
        self.leave()
        kept = [slot for slot in self.slots if slot.is_favourite and slot.take is not None]
        self._job = self._bridge.ask(Generate(request))
        self.slots = [*kept, *(Slot(self._job, number, request) for number in range(request.takes))]
        self._is_stopping = False
        self.slots_changed.emit()
        self.running_changed.emit(True)

    def show_made(
        self, takes: tuple[tuple[Take, int], ...], request: GenerationRequest, *, goal: Slot | None = None
    ) -> None:
        """Show takes that no model wrote.

        Args:
            takes: Each with its row in the library.
            request: What they belong to.
            goal: A take of the board that stays behind them.
        """
        self.cancel()
        self.leave()
        kept = [slot for slot in self.slots if slot.is_favourite and slot.take is not None and slot is not goal]
        made = [Slot(0, take.number, request, take=take, library_id=row) for take, row in takes]
        self.slots = [*kept, *made, *([goal] if goal is not None else [])]
        self.slots_changed.emit()

    def show_kept(self, slots: Sequence[Slot]) -> None:
        """Show takes of the library on a board that is empty still."""
        if not self.slots and not self._job:
            self.slots = list(slots)
            self.slots_changed.emit()

    def show_loop(self, loop: Loop) -> None:
        """Say what the producer's own loop is now, so that the take that it is can be told."""
        self._loop = loop
        self.loop_changed.emit()

    def is_loop(self, slot: Slot) -> bool:
        """Tell whether a take is the producer's loop, as it was written; how fast it is played does not matter."""
        if slot.take is None or self._loop is None:
            return False
        return replace(slot.take.loop, tempo_bpm=self._loop.tempo_bpm) == self._loop

    def visit(self, slot: Slot) -> None:
        """Hear a take of the library; it is on the board while it is heard, unless it was there already."""
        index = next((i for i, each in enumerate(self.slots) if each.library_id == slot.library_id), None)
        if index is None:
            self._guest, guest = slot, self._guest
            self.heard = None
            self.slots = [*(each for each in self.slots if each is not guest), slot]
            self.slots_changed.emit()
            index = len(self.slots) - 1
        if self.is_offered(self.slots[index]):
            self._visited = self.slots[index]
            self._hear(index)

    def end_visit(self) -> bool:
        """Leave a take that was heard from the library; tells whether it was heard still.

        One that nobody marked or used goes off the board.
        """
        visited, guest = self._visited, self._guest
        self._visited = self._guest = None
        was_heard = visited is not None and self.heard is not None and self.slots[self.heard] is visited
        if was_heard:
            self.leave()
        if guest is not None and not guest.is_favourite and not self.is_loop(guest):
            self._keep_slots(lambda slot: slot is not guest)
        return was_heard

    def cancel(self) -> None:
        """Stop writing; complete takes stay, and of the others what is complete in bars."""
        if self._job and not self._is_stopping:
            self._is_stopping = True
            self._bridge.tell(Cancel(self._job))
            self._keep_slots(lambda slot: slot.take is not None or slot.cells_done > 0)
            self.running_changed.emit(False)

    def hear(self, index: int) -> None:
        """Hear a take in place of the loop; the same one again: back to the loop."""
        if not 0 <= index < len(self.slots) or not self.is_offered(self.slots[index]):
            return
        self._hear(None if self.heard == index else index)

    def _hear(self, index: int | None, start: Start | None = None) -> None:
        self.heard, self.heard_from = index, start
        self.heard_changed.emit()

    def leave(self) -> None:
        """Back to the producer's own loop."""
        if self.heard is not None:
            self._hear(None)

    def step(self, direction: int) -> None:
        """Hear the next or the previous complete take."""
        complete = [i for i, slot in enumerate(self.slots) if self.is_offered(slot)]
        if not complete:
            return
        if self.heard in complete:
            self._hear(complete[(complete.index(self.heard) + direction) % len(complete)])
        else:
            self._hear(complete[0 if direction > 0 else -1])

    def add(self, slot: Slot) -> None:
        """Put a take on the board that was not asked for here; the oldest that nobody marked makes room."""
        heard = self.slots[self.heard] if self.heard is not None else None
        spare = [each for each in self.slots if each.take and not each.is_favourite and each is not heard]
        gone = spare[0] if len(spare) >= MOST_ADDED else None
        self.slots = [*(each for each in self.slots if each is not gone), slot]
        self.heard = self.slots.index(heard) if heard is not None else None
        self.slots_changed.emit()

    def hear_next(self, slot: Slot) -> None:
        """Put a take on the board and hear it when the loop that plays is over."""
        self.add(slot)
        self._hear(len(self.slots) - 1, Start.NEXT_LOOP)

    @property
    def scenes(self) -> list[Slot]:
        """The favourites that can be launched, in the order of the presses that wrote them; at most nine.

        Those of one press go by their numbers: which of them was complete first is chance.
        """
        favourites = [slot for slot in self.slots if slot.is_favourite and self.is_offered(slot)]
        presses: dict[int, int] = {}
        for slot in sorted(favourites, key=lambda slot: slot.library_id):
            presses.setdefault(slot.request.seed, slot.library_id)
        return sorted(favourites, key=lambda slot: (presses[slot.request.seed], slot.number, slot.library_id))[
            :MOST_SCENES
        ]

    def show_scenes(self, *, on: bool) -> None:
        """Show which number launches which favourite, or which hears which take."""
        self.has_scenes = on
        self.slots_changed.emit()

    def launch(self, slot: Slot) -> None:
        """Hear a take, from when takes come in; the one that is heard already goes on."""
        if self.heard is None or self.slots[self.heard] is not slot:
            self._hear(self.slots.index(slot))

    def toggle_favourite(self) -> None:
        """Mark the take that is heard, or take the mark away."""
        if self.heard is not None:
            slot = self.slots[self.heard]
            slot.is_favourite = not slot.is_favourite
            self._bridge.tell(MarkTake(slot.library_id, is_favourite=slot.is_favourite))
            self.slot_changed.emit(self.heard)

    def rate(self, rating: int) -> None:
        """Give the take that is heard one to five stars; the same again takes them away."""
        if self.heard is not None:
            slot = self.slots[self.heard]
            slot.rating = 0 if slot.rating == rating else rating
            self._bridge.tell(MarkTake(slot.library_id, rating=slot.rating))
            self.slot_changed.emit(self.heard)

    def mark_used(self) -> None:
        """Have the library note that the take that is heard was made the loop."""
        if self.heard is not None:
            self._bridge.tell(MarkTake(self.slots[self.heard].library_id, is_used=True))

    def discard(self) -> None:
        """Throw the take that is heard away; the library keeps it among what was thrown away."""
        if self.heard is not None:
            slot = self.slots[self.heard]
            self._bridge.tell(MarkTake(slot.library_id, is_discarded=True))
            self.leave()
            self.slots.remove(slot)
            self.discarded.emit()
            self.slots_changed.emit()

    def _index(self, job: int, number: int) -> int | None:
        """Return where a take of a job is on the board."""
        if job != self._job:
            return None
        return next((i for i, slot in enumerate(self.slots) if (slot.job, slot.number) == (job, number)), None)

    def _on_bar_written(self, job: int, event: BarWritten) -> None:
        if (index := self._index(job, event.take)) is not None:
            self.slots[index].written[event.part, event.bar] = event.notes
            self.slot_changed.emit(index)

    def _on_progress(self, job: int, event: Progress) -> None:
        if (index := self._index(job, event.take)) is not None:
            slot = self.slots[index]
            slot.cells_done, slot.cells_total = event.cells_done, event.cells_total
            self.slot_changed.emit(index)

    def _on_take_kept(self, job: int, event: TakeKept) -> None:
        if (index := self._index(job, event.number)) is not None:
            self.slots[index].library_id = event.library_id

    def _on_take_ready(self, job: int, take: Take) -> None:
        if (index := self._index(job, take.number)) is not None:
            self.slots[index].take = take
            self.slot_changed.emit(index)

    def _on_finished(self, job: int, event: Finished) -> None:
        if job == self._job:
            self._end()
            self.finished.emit(event)

    def _on_failed(self, job: int, event: Failed) -> None:
        if job == self._job and job:
            self._end()
            self.failed.emit(event)

    def _on_child_stopped(self, event: object) -> None:
        if self._job and self._job in getattr(event, "lost_jobs", ()):
            self._end()

    def _end(self) -> None:
        """No job any more: slots that got no take go, and the others keep their place."""
        was_stopping = self._is_stopping
        self._job, self._is_stopping = 0, False
        self._keep_slots(lambda slot: slot.take is not None)
        if not was_stopping:
            self.running_changed.emit(False)

    def _keep_slots(self, is_kept: Callable[[Slot], bool]) -> None:
        """Take slots off the board; the take that is heard is heard on."""
        slots = [slot for slot in self.slots if is_kept(slot)]
        if len(slots) < len(self.slots):
            heard = self.slots[self.heard] if self.heard is not None else None
            self.slots = slots
            self.heard = self.slots.index(heard) if heard in slots else None
            self.slots_changed.emit()


def slot_of_kept(kept: KeptTake) -> Slot:
    """Return a take of the library as one of the board."""
    row = kept.row
    scores = TakeScores(row.log_likelihood, row.seam)
    take = Take(
        row.number,
        kept.loop,
        row.seed,
        row.attempt,
        (),
        scores,
        missing=row.missing,
        batch=row.batch,
        originality=kept.originality,
    )
    return Slot(
        0, row.number, kept.request, take=take, library_id=row.id, is_favourite=row.is_favourite, rating=row.rating
    )


def last_batch(rows: Sequence[TakeRow]) -> tuple[TakeRow, ...]:
    """Return the takes of one press among the newest of the library, in the order of their numbers.

    Args:
        rows: The newest first.
    """
    batch: dict[int, TakeRow] = {}
    for row in rows:
        newest = rows[0]
        if row.number in batch or (row.seed, row.written, row.made) != (newest.seed, newest.written, newest.made):
            break
        batch[row.number] = row
    return tuple(batch[number] for number in sorted(batch))


def is_too_like(take: Take) -> bool:
    """Tell whether a take shares more with a song of training than real music by others does."""
    return take.originality is not None and take.originality.is_flagged


def shown_loop(slot: Slot) -> Loop:
    """Return the slot's canvas, for its thumbnail."""
    return slot.take.loop if slot.take is not None else slot.request.canvas


SEAM_WORDS = ((-0.25, "smooth"), (-0.8, "audible"))  # nats a note; the loop that ships is at -0.02


def seam_word(seam: float) -> str:
    """Return how the way from the last bar to the first sounds, by its score."""
    return next((word for limit, word in SEAM_WORDS if seam >= limit), "rough")
