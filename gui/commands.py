"""What each action does, and how the window's parts answer each other.

Everything that changes the music goes through `LoopDocument.edit`; everything that is heard through `Playback`; takes
through `TakeBoard`. This is the only place that knows all of them.
"""

import logging
from collections.abc import Callable

from PySide6.QtCore import QObject

from engine.jobs.pipes import Child, ChildStopped
from engine.jobs.sound import Start
from engine.jobs.writing import WorkerReady
from engine.messages import Failed, GenerationRequest
from engine.music.loop import Loop
from gui import loop_edits
from gui.arranging import Arranging
from gui.batches import Batches
from gui.capturing import Capturing
from gui.document import LoopDocument
from gui.drum_rows import DrumRows
from gui.editing import Editor
from gui.engine_bridge import EngineBridge
from gui.exports import Exports
from gui.files import Files
from gui.importing import Importing
from gui.knobs import all_knobs
from gui.learning import Learning
from gui.live import Live
from gui.live_settings import LiveSettings
from gui.loop_settings import LoopSettings
from gui.main_window import MainWindow
from gui.meters import Meters
from gui.models import Models
from gui.parts import Parts
from gui.piano_roll.selection import NOTHING, BarSelection
from gui.piano_roll.state import RollState
from gui.playback import Playback
from gui.recipes import Recipes
from gui.rendering import Rendering
from gui.requests import Target, request_of, target_of, target_text
from gui.session import Session
from gui.shaping import Shaping
from gui.shelf import Shelf
from gui.silence import Silence
from gui.stage import Stage
from gui.steering import Steering
from gui.takes import TakeBoard
from gui.views import Views
from gui.walking import Walker

logger = logging.getLogger(__name__)


class Commands(QObject):
    """Connects everything.

    Args:
        window, document, state, session, board, playback, bridge, files, exports: See their classes.
        appearance: Slots of the actions about looks and help, which belong to the application.
        change_live: Lets other settings for playing live hold, and keeps them.
    """

    def __init__(
        self,
        *,
        window: MainWindow,
        document: LoopDocument,
        state: RollState,
        session: Session,
        board: TakeBoard,
        playback: Playback,
        bridge: EngineBridge,
        files: Files,
        exports: Exports,
        appearance: dict[str, Callable[..., None]],
        change_live: Callable[[LiveSettings], None],
    ) -> None:
        super().__init__(window)
        self.window, self.document, self.state, self.session = window, document, state, session
        self.board, self.playback, self.bridge = board, playback, bridge
        self.files, self.exports = files, exports
        self.editor = Editor(state, say=window.say, tell_cursor=lambda: self.walker.tell())
        self.walker = Walker(state, say=window.say, show_cursor=window.show_cursor)
        for pane in (window.roll.pitched, window.roll.drums):
            pane.entered_by_key.connect(self.walker.tell)
            pane.boxed_nothing.connect(self._on_boxed_nothing)
        self.loop_settings = LoopSettings(window, document, state, edit=self.edit, write=self.generate)
        self._start = Start.IN_PLACE  # when what `edit` changes is heard
        self.steering = Steering(window, state, session, playback, edit=self.edit)
        self.arranging = Arranging(
            window, document, session, board, bridge, request=self.current_request, write=self._write
        )
        self.recipes = Recipes(
            window, state, session, request=self.current_request, edit=self.edit, folder=lambda: exports.folder
        )
        self.batches = Batches(
            window,
            bridge,
            request=self.current_request,
            what=window.transport.generate.text,
            folder=lambda: exports.folder,
            offers_likenesses=lambda: self.board.offers_likenesses,
        )
        self.shelf = Shelf(bridge, window, state, board, playback, edit=self.bring, remember_seed=exports.remember_seed)
        self.rendering = Rendering(bridge, state, session, exports, window)
        self.importing = Importing(bridge, window, document, state, session, playback)
        self.models = Models(bridge, window, session)
        self.live = Live(bridge, state, session, playback, window, change=change_live)
        self.silence = Silence(window, bridge, playback, self.live)
        self.meters = Meters(window, state, bridge, playback, self.live)
        self.learning = Learning(window, bridge, settings=lambda: self.live.settings, change=change_live)
        self.live.settings_changed.connect(self.learning.show_settings)
        self.capturing = Capturing(window, bridge, state, session, edit=self.edit, tap=self.steering.tap_all)
        self.stage = Stage(window, state, session, board, playback, bridge, settings=lambda: self.live.settings)
        drum_rows = DrumRows(window, state, session, write=self.write_part)
        steering = (self.steering, drum_rows, self.arranging, self.recipes, self.batches, self.shelf, self.models)
        self.shaping = Shaping(window, self.editor, session, edit=self.edit)
        views = Views(window, state)
        self.parts = Parts(window, state, session, playback, edit=self.edit)
        rooms = (self.editor, self.walker, self.shaping, files, exports, self.rendering, playback, views, self.parts)
        rooms = (*rooms, self.importing, self.live, self.stage, self.learning, self.capturing, self.meters, *steering)
        slots = {**self._slots(), **appearance}
        for room in rooms:
            slots.update(room.slots())
        self.actions = window.add_actions(slots)
        self.learning.knobs = all_knobs(
            state, session, self.actions, change_live=self.live.edit, set_tempo=self.loop_settings.change_tempo
        )
        self.parts.set_actions(self.actions)
        window.takes.set_actions([self.actions[id] for id in ("live_next", "live_evolve", "live_scenes")])
        self._connect_document()
        self._connect_panels()
        self._connect_engine()
        self._show_target()

    def _slots(self) -> dict[str, Callable[..., None]]:
        return {
            "file_new": lambda: self.bring("New loop", loop_edits.empty_loop()),
            "file_hand_off": self.window.transport.badge.show_menu,
            "file_quit": self._quit,
            "edit_undo": lambda: self._step_back("Undone", self.document.undo_stack.undoText(), self.document.undo),
            "edit_redo": lambda: self._step_back("Done again", self.document.undo_stack.redoText(), self.document.redo),
            "take_generate": self.generate,
            "take_cancel": self.board.cancel,
            "take_accept": self.accept_take,
            "take_reject": self.escape,
            "take_favourite": self.board.toggle_favourite,
            "take_discard": self.board.discard,
            **{f"take_rate_{n}": lambda n=n: self.board.rate(n) for n in range(1, 6)},
            "take_next": lambda: self.board.step(1),
            "take_previous": lambda: self.board.step(-1),
        }

    def _connect_document(self) -> None:
        self.document.was_reset.connect(self.session.start)
        self.document.loop_changed.connect(self._on_loop_changed)
        self.state.edited.connect(self._on_edited)
        stack = self.document.undo_stack
        for signal in (stack.undoTextChanged, stack.redoTextChanged):
            signal.connect(lambda *_: self._show_undo())
        self.state.selection_changed.connect(self._show_target)
        self.state.view_changed.connect(self._show_target)
        self.session.parts_changed.connect(self._show_target)
        self._show_undo()

    def _connect_panels(self) -> None:
        bar, tracks, takes = self.window.transport, self.window.tracks, self.window.takes
        bar.play_toggled.connect(self.playback.toggle)
        bar.generate_wanted.connect(self.generate)
        bar.snap_chosen.connect(lambda snap: self.state.set_view(snap=snap))
        self.handles = (bar.badge, self.window.ways_out.handle)
        for handle in self.handles:
            handle.drag_started.connect(self.exports.drag_loop)
        bar.show_snap(self.state.view.snap)
        tracks.drag_started.connect(self.exports.drag_part)
        takes.accept_wanted.connect(self.accept_take)
        takes.reject_wanted.connect(self.board.leave)
        takes.favourite_wanted.connect(self.board.toggle_favourite)
        takes.discard_wanted.connect(self.board.discard)
        takes.rating_wanted.connect(self.board.rate)
        takes.cancel_wanted.connect(self.board.cancel)
        takes.drag_started.connect(self.exports.drag_take)
        self.window.roll.ruler.tick_chosen.connect(self.playback.play_from)
        self.window.files_dropped.connect(self.importing.open)
        self.files.loop_opened.connect(self._on_loop_opened)
        self.playback.playing_changed.connect(bar.show_playing)
        self.board.heard_changed.connect(self._on_heard_changed)
        self.board.failed.connect(self._on_failed)
        self.board.finished.connect(lambda *_: self.window.banner.settle())

    def _connect_engine(self) -> None:
        self.bridge.worker_ready.connect(self._on_worker_ready)
        self.bridge.failed.connect(self._on_engine_failed)
        self.bridge.child_stopped.connect(self._on_child_stopped)

    @property
    def loop(self) -> Loop:
        """What the roll shows: the document's loop, or the take that is heard."""
        return self.state.loop

    def edit(self, text: str, loop: Loop, *, gesture: int | None = None, start: Start = Start.IN_PLACE) -> None:
        """Change the music, undoably; a take that is heard is used first. `start` says when it is heard."""
        if loop == self.state.loop:
            return
        heard = self.board.heard
        if heard is not None:
            self.accept_take()
        self._start = start
        self.document.edit(text, loop, gesture=gesture)
        self._start = Start.IN_PLACE
        if heard is not None:
            self.window.banner.say(
                f"You changed take {heard + 1} while you heard it, so it is your loop now.",
                choices=(("Back to the loop before", self._undo_twice),),
            )

    def _undo_twice(self) -> None:
        """Take back an edit of a take that was heard, and the use of it."""
        self.document.undo()
        self.document.undo()

    def bring(self, text: str, loop: Loop) -> None:
        """Change to another loop, heard when loops come in; what was set for the parts stays with the old one."""
        if loop == self.document.loop:
            return
        self.board.leave()
        self.session.exchange(loop)
        self.edit(text, loop, start=self.playback.drops_in)
        self.window.roll.fit()

    def _on_loop_opened(self, name: str, loop: Loop) -> None:
        self.bring("Open song", loop)
        self.window.say(f"{name} is your loop now. Undo brings the old one back.")

    def _on_edited(self, text: str, loop: Loop) -> None:
        self.edit(text, loop)

    def _on_loop_changed(self, loop: Loop) -> None:
        self.session.fit(loop)
        self.board.leave()
        self.board.show_loop(loop)
        self._show(loop)
        self.playback.follow(loop, start=self._start)

    def _show(self, loop: Loop) -> None:
        self.state.set_loop(loop)
        self.window.transport.show_loop(loop)
        self._show_target()

    def _on_heard_changed(self) -> None:
        """Show the take, with the producer's own loop dotted behind it; play it from the next bar line on."""
        take, heard = self.board.heard_take, self.board.heard
        loop = take.loop if take is not None else self.document.loop
        if take is not None:
            self.exports.remember_seed(loop, f"{take.seed}-{take.number + 1}")
        self._show(loop)
        self.window.roll.show_part(self.state.view.front)
        self.state.set_compared(self.document.loop if take is not None else None)
        self.window.controls.show_take(take, None if heard is None else self.board.slots[heard].request)
        self.playback.follow(loop, start=self.board.heard_from or self.playback.drops_in)
        if take is not None and not self.playback.is_playing:
            self.playback.play()

    def accept_take(self) -> None:
        """Make the take that is heard the loop: one undo step."""
        take = self.board.heard_take
        if take is None:
            return
        number = (self.board.heard or 0) + 1
        self.board.mark_used()
        self.board.heard = None
        self.state.set_compared(None)
        self.document.edit(f"Use take {number}", take.loop)
        self.board.heard_changed.emit()
        self.state.select_bars(BarSelection())
        self.window.say(f"Take {number} is your loop now. Undo brings the old one back.")

    def escape(self) -> None:
        """Give up, one thing a press: a gesture, the take that is heard, the selection, the writing."""
        roll = self.window.roll
        if roll.pitched.cancel_gesture() or roll.drums.cancel_gesture():
            return
        if self.board.heard is not None:
            self.board.leave()
        elif self.state.selection or self.state.bars:
            self.state.select(NOTHING)
            self.state.select_bars(BarSelection())
        elif self.state.cursor is not None:
            self.state.set_cursor(None)
        elif self.board.is_running:
            self.board.cancel()
        else:
            roll.focus_front()

    def generate(self) -> None:
        """Write takes of what the button says."""
        self._write_target(self._target())

    def write_part(self, part: int) -> None:
        """Write takes of a part: of the bars of it that are chosen, else of all."""
        bars = self.state.bars.within(self.document.loop).bars_of(part) or tuple(range(self.document.loop.bars))
        self._write_target(Target(((part, bars),)))

    def _write_target(self, target: Target) -> None:
        if self.board.heard is not None:
            self.board.leave()
        if not target.bars:
            self.window.banner.say("There is no part to write.", choices=(("Add a part", self._add_part_menu),))
            return
        wishes = self.session.next_wishes()
        self._write(request_of(self.document.loop, self.session.parts, wishes, target))

    def _write(self, request: GenerationRequest) -> None:
        self.window.banner.hide()
        self.board.generate(request)

    def current_request(self) -> GenerationRequest | None:
        """Return what was asked for the take that is heard, else what `G` would ask now; None without a part."""
        if self.board.heard is not None:
            return self.board.slots[self.board.heard].request
        target = self._target()
        if not target.bars:
            return None
        return request_of(self.document.loop, self.session.parts, self.session.wishes, target)

    def _quit(self) -> None:
        self.window.close()

    def _add_part_menu(self) -> None:
        self.window.tracks.show_add_menu()

    def _target(self) -> Target:
        return target_of(
            self.document.loop,
            self.session.parts,
            bars=self.state.bars.within(self.document.loop),
            notes=self.state.meant,
            front=self.state.view.front,
        )

    def _show_target(self) -> None:
        if len(self.session.parts) == len(self.document.loop.tracks):
            target = self._target()
            text = target_text(self.document.loop, target, self.session.parts)
            self.window.transport.show_target(text)
            self.window.tracks.show_written(target.parts, text)
        self.window.transport.show_snap(self.state.view.snap)
        for handle in self.handles:
            handle.show_text(self.exports.outgoing_text)

    def _on_boxed_nothing(self) -> None:
        self.window.say(f"There is no note in this box. {self.state.view.mouse.drawing_words}")

    def _step_back(self, word: str, text: str, step: Callable[[], None]) -> None:
        """Undo or redo, and say what."""
        step()
        self.window.say(f"{word}: {text}" if text else f"{word}.")

    def _show_undo(self) -> None:
        stack = self.document.undo_stack
        for action, text, can in (
            (self.actions["edit_undo"], stack.undoText(), stack.canUndo()),
            (self.actions["edit_redo"], stack.redoText(), stack.canRedo()),
        ):
            name = "Undo" if action.objectName() == "edit_undo" else "Redo"
            action.setText(f"{name} “{text}”" if text else name)
            action.setEnabled(can)

    def _on_worker_ready(self, event: WorkerReady) -> None:
        self.window.engine_label.setText(f"Model {event.model} · {event.provider}")

    def _on_failed(self, event: Failed) -> None:
        self.window.banner.say(f"{event.title} {event.message}".strip(), choices=(("Try again", self.generate),))

    def _on_engine_failed(self, job: int, event: Failed) -> None:
        if job == 0:
            self.window.engine_label.setText(event.title)
            self.window.engine_label.setToolTip(event.message)

    def _on_child_stopped(self, event: ChildStopped) -> None:
        if event.is_restarted and event.child is Child.WORKER and event.lost_jobs and not self.batches.batch.is_running:
            text = "The engine stopped while it wrote; your loop and all finished takes are safe. It was started again."
            self.window.banner.say(text, choices=(("Write again", self.generate),))
        elif event.is_restarted and event.child is Child.PLAYER:
            self.window.banner.say("Sound and ports stopped. They were started again, and your loop plays on.")
        elif event.is_restarted:
            self.window.banner.say("The engine stopped; your loop is safe. It was started again.")
        else:
            self.window.banner.say("The engine keeps stopping. Your loop is safe; restart Turnaround to go on.")
