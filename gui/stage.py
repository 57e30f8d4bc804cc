"""Loops on stage: the next one while this one plays, a loop that evolves, favourites launched by their numbers."""

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QObject

from engine.jobs.library import FindTakes, LoadTake, Query, TakeKept, TakeLoaded, TakesFound
from engine.jobs.writing import Generate
from engine.messages import Failed, GenerationRequest, Take
from gui.engine_bridge import EngineBridge
from gui.live_settings import LiveSettings
from gui.main_window import MainWindow
from gui.panels.live import DROP_WORDS
from gui.piano_roll.selection import NOTHING
from gui.piano_roll.state import RollState
from gui.playback import Playback
from gui.requests import request_of, target_of, target_text
from gui.session import Session, next_seed
from gui.takes import MOST_SCENES, Slot, TakeBoard, is_too_like, slot_of_kept

MOST_ATTEMPTS = 3  # to get a loop that is not too like a known song


class Stage(QObject):
    """Has loops written while another plays, and launches those that are there.

    Args:
        window, state, session, board, playback, bridge: See their classes.
        settings: Returns the settings that hold.
    """

    def __init__(
        self,
        window: MainWindow,
        state: RollState,
        session: Session,
        board: TakeBoard,
        playback: Playback,
        bridge: EngineBridge,
        *,
        settings: Callable[[], LiveSettings],
    ) -> None:
        super().__init__(window)
        self._window, self._state, self._session = window, state, session
        self._board, self._playback, self._bridge = board, playback, bridge
        self._settings = settings
        self.is_evolving = False
        self._request: GenerationRequest | None = None  # what is being written
        self._what = ""  # the same, in words
        self._job = self._library_id = self._attempts = 0
        bridge.take_kept.connect(self._on_take_kept)
        bridge.take_ready.connect(self._on_take_ready)
        bridge.finished.connect(self._on_finished)
        playback.passed.connect(self._evolve)
        playback.playing_changed.connect(self._evolve)

    def slots(self) -> dict[str, Callable[..., None]]:
        """Return what each action does."""
        numbers = range(1, MOST_SCENES + 1)
        return {
            "live_next": self.write_next,
            "live_evolve": self.set_evolving,
            "live_scenes": self.set_scenes,
            **{f"live_scene_{n}": lambda n=n: self.launch(n) for n in numbers},
            **{f"take_{n}": lambda n=n: self._press_number(n) for n in numbers},
        }

    # The next loop

    def write_next(self) -> None:
        """Have the next loop written while this one plays; it comes in when this one is over."""
        if self._request is not None:
            self._window.say("The next loop is being written already.")
            return
        request = self._request_of(self._session.wishes.remix_percent)
        if request is None:
            return
        self._window.say(f"{self._what}: it comes in when this loop is over.")
        self._ask(request)

    def _request_of(self, remix_percent: float) -> GenerationRequest | None:
        """Return what `G` would ask of the loop that is heard, for one take; None, and say why, if nothing."""
        loop, parts = self._state.loop, self._session.parts
        if len(parts) != len(loop.tracks):
            self._window.say("This take has other parts than your loop; use it first (Return).")
            return None
        target = target_of(loop, parts, bars=self._state.bars.within(loop), notes=NOTHING, front=self._state.view.front)
        if not target.bars:
            self._window.say("There is no part to write.")
            return None
        self._what = target_text(loop, target, parts)
        wishes = replace(self._session.next_wishes(), takes=1, remix_percent=remix_percent)
        return request_of(loop, parts, wishes, target)

    def _ask(self, request: GenerationRequest, *, attempts: int = 1) -> None:
        self._request, self._attempts, self._library_id = request, attempts, 0
        self._job = self._bridge.ask(Generate(request), or_else=self._on_failed)

    def _on_take_kept(self, job: int, event: TakeKept) -> None:
        if job == self._job:
            self._library_id = event.library_id

    def _on_take_ready(self, job: int, take: Take) -> None:
        request = self._request
        if job != self._job or request is None:
            return
        self._job, self._request = 0, None
        slot = Slot(job, take.number, request, take=take, library_id=self._library_id)
        if is_too_like(take) and not self._board.offers_likenesses:
            if self._attempts < MOST_ATTEMPTS:
                self._ask(replace(request, seed=next_seed(request.seed)), attempts=self._attempts + 1)
            else:
                self._window.say("What was written is too like a known song; this loop goes on.")
        elif request.canvas == self._state.loop:
            self._board.hear_next(slot)
            self._window.say("The next loop is there; it comes in when this one is over.")
        else:
            self._board.add(slot)
            self._window.say("The loop was changed meanwhile; the next one waits among the takes.")

    def _on_finished(self, job: int) -> None:
        """Be ready for another loop even if there is no take, such as after a stop."""
        if job == self._job:
            self._job, self._request = 0, None

    def _on_failed(self, event: Failed) -> None:
        self._job, self._request = 0, None
        self._window.banner.say(f"{event.title} {event.message} This loop goes on.".strip())

    # Evolve

    def set_evolving(self, is_on: bool) -> None:
        """Change the loop again and again, every so many passes, or leave it."""
        self.is_evolving = is_on
        settings = self._settings()
        if is_on:
            passes = f"{settings.evolve_passes} passes" if settings.evolve_passes > 1 else "pass"
            self._window.say(f"Evolve: {settings.evolve_percent} % of what G would write changes every {passes}.")
            self._evolve()
        else:
            self._window.say("Evolve is off; the loop stays as it is.")

    def _evolve(self) -> None:
        """Have the loop changed, if it is on its last pass before that."""
        if not self.is_evolving or not self._playback.is_playing:
            return
        settings = self._settings()
        is_last = (self._playback.passes + 1) % settings.evolve_passes == 0
        if is_last and self._request is None and not self._playback.is_waiting:
            request = self._request_of(float(settings.evolve_percent))
            if request is not None:
                self._ask(request)

    # Scenes

    def set_scenes(self, is_on: bool) -> None:
        """Let the number keys launch favourites, in the order in which they were written, or hear takes."""
        self._board.show_scenes(on=is_on)
        if not is_on:
            self._window.say("1 to 9 hear takes.")
            return
        self._window.say(f"1 to 9 launch favourites; they come in at the {DROP_WORDS[self._playback.drops_in]}.")
        query = Query(only_favourites=True, limit=MOST_SCENES)
        self._bridge.ask(FindTakes(query), self._on_favourites, or_else=self._on_library_failed)

    def _on_favourites(self, found: TakesFound) -> None:
        """Bring favourites of earlier days to the board."""
        there = {slot.library_id for slot in self._board.slots}
        for row in found.rows:
            if row.id not in there:
                self._bridge.ask(LoadTake(row.id), lambda event: self._add_kept(event), or_else=self._on_library_failed)

    def _add_kept(self, event: TakeLoaded) -> None:
        self._board.add(slot_of_kept(event.kept))

    def _on_library_failed(self, event: Failed) -> None:
        self._window.banner.say(f"{event.title} {event.message}".strip())

    def launch(self, number: int) -> None:
        """Hear a favourite; nothing but another launch or `Esc` leaves it."""
        scenes = self._board.scenes
        if number > len(scenes):
            self._window.say(
                f"There is no scene {number}: mark a take that you hear as favourite (F) to have it there."
            )
            return
        self._board.launch(scenes[number - 1])

    def _press_number(self, number: int) -> None:
        if self._board.has_scenes:
            self.launch(number)
        else:
            self._board.hear(number - 1)
