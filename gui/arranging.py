"""Actions that make takes of a whole arrangement: forms, fills and morphs; and a look into a take."""

from collections.abc import Callable

from PySide6.QtCore import QObject

from engine.jobs.inspection import InspectTake, TakeInspected
from engine.jobs.library import KeepTakes, TakesKept
from engine.messages import Failed, GenerationRequest, PartRequest, Take, TakeScores
from engine.music.morph import morph_steps
from gui.arrangements import fill_request, form_request, parse_form
from gui.document import LoopDocument
from gui.engine_bridge import EngineBridge
from gui.main_window import MainWindow
from gui.panels.arrange import FillDialog, FormDialog, MorphDialog
from gui.panels.inspector import InspectorDialog
from gui.session import Session
from gui.takes import TakeBoard


class Arranging(QObject):
    """Opens the dialogs and has the takes made.

    Args:
        window, document, session, board, bridge: See their classes.
        request: What `G` would ask now, or None when nothing could be written.
        write: Has takes written.
        wishes: Returns the wishes for the next press, with its seed.
    """

    def __init__(
        self,
        window: MainWindow,
        document: LoopDocument,
        session: Session,
        board: TakeBoard,
        bridge: EngineBridge,
        *,
        request: Callable[[], GenerationRequest | None],
        write: Callable[[GenerationRequest], None],
    ) -> None:
        super().__init__(window)
        self._window, self._document, self._session = window, document, session
        self._board, self._bridge = board, bridge
        self._request, self._write = request, write

    def slots(self) -> dict[str, Callable[..., None]]:
        """Return what each action does."""
        return {
            "steer_form": self.ask_form,
            "steer_fill": self.ask_fill,
            "take_morph": self.ask_morph,
            "take_inspect": self.inspect,
        }

    def ask_form(self) -> None:
        dialog = FormDialog(self._document.loop, self._window)
        dialog.form_wanted.connect(self.write_form)
        dialog.show()

    def write_form(self, text: str, variation: float) -> None:
        """Write takes of a form of the loop."""
        session = self._session
        self._try(
            lambda: form_request(self._document.loop, session.parts, session.next_wishes(), parse_form(text), variation)
        )

    def ask_fill(self) -> None:
        dialog = FillDialog(self._document.loop, self._window)
        dialog.fill_wanted.connect(self.write_fill)
        dialog.show()

    def write_fill(self, passes: int, parts: tuple[int, ...], departure: float) -> None:
        """Write takes of a fill at the end of some passes of the loop."""
        session = self._session
        self._try(
            lambda: fill_request(
                self._document.loop,
                session.parts,
                session.next_wishes(),
                passes=passes,
                filling=parts,
                departure=departure,
            )
        )

    def _try(self, make: Callable[[], GenerationRequest]) -> None:
        try:
            request = make()
        except ValueError as error:
            self._window.banner.say(f"{str(error).capitalize()}.")
        else:
            self._write(request)

    def ask_morph(self) -> None:
        if self._board.heard is None:
            self._window.banner.say("Hear a take first: a morph leads from your loop to the take that is heard.")
            return
        dialog = MorphDialog(f"take {self._board.heard + 1}", self._window)
        dialog.morph_wanted.connect(self.make_morph)
        dialog.show()

    def make_morph(self, steps: int) -> None:
        """Make takes on the way from the loop to the take that is heard; they are kept before they are shown."""
        start, end = self._document.loop, self._board.heard_take
        if end is None or self._board.heard is None:
            return
        try:
            loops = morph_steps(start, end.loop, steps)
        except ValueError as error:
            self._window.banner.say(f"No way leads over: {error}.")
            return
        goal = self._board.slots[self._board.heard]
        request = GenerationRequest(start, (PartRequest(),) * len(start.tracks), seed=end.seed, takes=steps)
        takes = tuple(Take(i, loop, end.seed, 0, (), TakeScores(0.0)) for i, loop in enumerate(loops))

        def show(kept: TakesKept) -> None:
            self._board.show_made(tuple(zip(takes, kept.library_ids, strict=True)), request, goal=goal)
            self._board.hear(0)

        self._bridge.ask(KeepTakes(request, takes, "morph"), show, or_else=self._on_failed)

    def inspect(self) -> None:
        """Show the take that is heard, or what G would ask, as the model reads it."""
        heard = self._board.heard
        slot = self._board.slots[heard] if heard is not None else None
        request = slot.request if slot is not None else self._request()
        if request is None:
            self._window.banner.say("There is no part to write, so there is nothing to look into.")
            return
        question = InspectTake(request) if slot is None or slot.take is None else InspectTake(
            request, slot.number, slot.take.loop)  # fmt: skip
        title = f"Take {heard + 1} as the model reads it" if heard is not None else "What G would ask"

        def show(rows: TakeInspected) -> None:
            InspectorDialog(title, rows, self._window).show()

        self._bridge.ask(question, show, or_else=self._on_failed)

    def _on_failed(self, event: Failed) -> None:
        self._window.banner.say(f"{event.title} {event.message}".strip())
