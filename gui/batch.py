"""Many loops to a folder: overnight, named, without near copies or known songs, to be stopped at any time.

Takes are asked for a few at a time, each few with a seed of their own, so that a press of `G` in between waits
no longer than these take. Every take is in the library as well. A worker that stops is started again by the
engine, and what it was writing is asked for anew.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from engine.jobs.files import FilesWritten, FileToWrite, WriteFiles
from engine.jobs.pipes import ChildStopped
from engine.jobs.writing import Cancel, Generate
from engine.messages import Failed, Finished, GenerationRequest, PartUse, Take
from engine.music.loop import Loop
from engine.music.timing import TICKS_PER_STEP
from gui.engine_bridge import EngineBridge
from gui.hand_off import FILE_NAME, file_stem
from gui.session import next_seed
from gui.takes import is_too_like

CHUNK = 4
MOST = 1000
BATCH_FILE_NAME = f"{FILE_NAME}_{{seed}}"  # what tells a thousand files apart
NEAR = 0.9  # share of equal notes above which two loops count as the same
MAX_FUTILE_CHUNKS = 5  # without one new loop: there are no more
STEP_TICKS = 6 * TICKS_PER_STEP  # a 16th
Content = frozenset[tuple[int, int, int]]


@dataclass(frozen=True, slots=True)
class BatchProgress:
    """How far it is.

    Attributes:
        written: Files that are there.
        wanted: How many there shall be.
        left_out: Near copies that were not written.
        too_like: Loops too like a known song, not written either.
        seconds_left: As the pace so far says; None before there is one.
    """

    written: int
    wanted: int
    left_out: int
    seconds_left: float | None
    too_like: int = 0


def content_of(loop: Loop, parts: tuple[int, ...]) -> Content:
    """Return what of a loop is compared: parts, 16ths and pitches of its notes."""
    return frozenset(
        (part, round(note.onset / STEP_TICKS), note.pitch) for part in parts for note in loop.tracks[part].notes
    )


def is_near(a: Content, b: Content, near: float = NEAR) -> bool:
    """Tell whether two loops are the same but for a few notes."""
    union = len(a | b)
    return union == 0 or len(a & b) >= near * union


class Batch(QObject):
    """Writes loops to a folder.

    Args:
        bridge: The engine.
        clock: Seconds; a test passes its own.
    """

    progressed = Signal(object)  # BatchProgress
    ended = Signal(str)  # one sentence

    def __init__(
        self, bridge: EngineBridge, parent: QObject | None = None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(parent)
        self._bridge, self._clock = bridge, clock
        self._job = 0
        self._is_running = False
        self._seen: list[Content] = []
        bridge.take_ready.connect(self._on_take_ready)
        bridge.finished.connect(self._on_finished)
        bridge.failed.connect(self._on_failed)
        bridge.child_stopped.connect(self._on_child_stopped)

    @property
    def is_running(self) -> bool:
        return self._is_running

    def start(
        self,
        request: GenerationRequest,
        count: int,
        folder: Path,
        *,
        is_deduplicated: bool = True,
        offers_likenesses: bool = False,
    ) -> None:
        """Begin to write loops of a request.

        Args:
            request: What to write; the first loops have its seed.
            count: How many.
            folder: Where to.
            is_deduplicated: Whether loops that are nearly the same as an earlier one are left out.
            offers_likenesses: Whether loops that are too like a known song are written.
        """
        self.stop()
        self._request, self._wanted, self._folder = request, count, folder
        self._is_deduplicated, self._offers_likenesses = is_deduplicated, offers_likenesses
        self._parts = tuple(i for i, part in enumerate(request.parts) if part.use is PartUse.REPLACE)
        self._seed = request.seed
        self._written = self._planned = self._left_out = self._too_like = self._futile = 0
        self._seen = []
        self._began = self._clock()
        self._is_running = True
        self._ask()

    def stop(self) -> None:
        """Stop; what is written stays."""
        if self._is_running:
            self._bridge.tell(Cancel(self._job, keeps_partial=False))
            self._end(f"Stopped: {self._files_text()} in {self._folder}.")

    def _ask(self) -> None:
        takes = min(CHUNK, self._wanted - self._planned)
        self._planned_before = self._planned
        self._job = self._bridge.ask(Generate(replace(self._request, seed=self._seed, takes=takes)))

    def _on_take_ready(self, job: int, take: Take) -> None:
        if job != self._job or not self._is_running or self._planned >= self._wanted:
            return
        if is_too_like(take) and not self._offers_likenesses:
            self._too_like += 1
            return
        content = content_of(take.loop, self._parts)
        if self._is_deduplicated and any(is_near(content, other) for other in self._seen):
            self._left_out += 1
            return
        self._seen.append(content)
        self._planned += 1
        stem = file_stem(take.loop, template=BATCH_FILE_NAME, seed=f"{take.seed}-{take.number + 1}")
        path = self._folder / f"{stem}.mid"
        self._bridge.ask(WriteFiles((FileToWrite(str(path), take.loop),)), self._on_written, or_else=self._on_unwritten)

    def _on_written(self, event: FilesWritten) -> None:
        if not self._is_running:
            return
        self._written += 1
        pace = (self._clock() - self._began) / self._written
        left = pace * (self._wanted - self._written)
        self.progressed.emit(BatchProgress(self._written, self._wanted, self._left_out, left, self._too_like))
        if self._written == self._wanted:
            self._end(f"Done: {self._files_text()} in {self._folder}.")

    def _on_unwritten(self, event: Failed) -> None:
        if self._is_running:
            self._bridge.tell(Cancel(self._job, keeps_partial=False))
            self._end(f"{event.title} {event.message} {self._files_text().capitalize()}.".strip())

    def _on_finished(self, job: int, event: Finished) -> None:
        if job != self._job or not self._is_running or self._planned >= self._wanted:
            return
        self._futile = self._futile + 1 if self._planned == self._planned_before else 0
        if self._futile >= MAX_FUTILE_CHUNKS:
            self._wanted = max(self._planned, 1)
            if self._written >= self._planned:
                self._end(f"There are no more that may be written: {self._files_text()} in {self._folder}.")
            return
        self._seed = next_seed(self._seed)
        self._ask()

    def _on_failed(self, job: int, event: Failed) -> None:
        if job == self._job and self._is_running:
            self._end(f"{event.title} {event.message}".strip())

    def _on_child_stopped(self, event: ChildStopped) -> None:
        if not self._is_running or self._job not in event.lost_jobs:
            return
        if event.is_restarted:
            self._seed = next_seed(self._seed)
            self._ask()
        else:
            self._end(f"The engine keeps stopping: {self._files_text()} in {self._folder}.")

    def _files_text(self) -> str:
        return f"{self._written} loop{'s' if self._written != 1 else ''}{left_out_text(self._left_out, self._too_like)}"

    def _end(self, text: str) -> None:
        self._is_running = False
        self._job = 0
        self.ended.emit(text)


def left_out_text(copies: int, too_like: int) -> str:
    """Return how many loops were left out and why, to follow how many were written; "" if none was."""
    said = [f"{copies} near cop{'ies' if copies != 1 else 'y'}"] if copies else []
    said += [f"{too_like} too like a known song"] if too_like else []
    return f", {' and '.join(said)} left out" if said else ""


def time_text(seconds: float) -> str:
    """Return a span as people say it."""
    if seconds < 60:
        return "less than a minute"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"
