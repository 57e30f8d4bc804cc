"""MIDI learn: controllers move knobs and press buttons of the window."""

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QObject, QTimer

from engine.jobs.live import ControlMoved, LiveEvent
from gui.engine_bridge import EngineBridge
from gui.knobs import Knob
from gui.live_settings import Learned, LiveSettings
from gui.main_window import MainWindow
from gui.panels.learn import LearnDialog, controller_text

HALF = 64  # a pad or a switch is pressed from here on
HIGHEST = 127
TURN_MS = 20  # a turned knob is followed so often, however much it sends


class Learning(QObject):
    """Lets controllers move what they have learned, and learn.

    Args:
        window: Where the dialog and notices appear.
        bridge: The engine, which hears the controllers.
        settings: Returns the live settings that hold.
        change: Lets others hold, and keeps them.
    """

    def __init__(
        self,
        window: MainWindow,
        bridge: EngineBridge,
        *,
        settings: Callable[[], LiveSettings],
        change: Callable[[LiveSettings], None],
    ) -> None:
        super().__init__(window)
        self._window, self._settings, self._change = window, settings, change
        self.knobs: dict[str, Knob] = {}
        self.dialog: LearnDialog | None = None
        self._values: dict[tuple[int, int], int] = {}
        self._turned: dict[str, float] = {}
        self._turning = QTimer(self, interval=TURN_MS, singleShot=True)
        self._turning.timeout.connect(self._turn)
        bridge.live_changed.connect(self._on_event)

    def slots(self) -> dict[str, Callable[..., None]]:
        """Return what the action does."""
        return {"live_learn": self.show}

    def show(self) -> None:
        """Open the list of what can be learned."""
        if self.dialog is None:
            self.dialog = LearnDialog(tuple(self.knobs.values()), self._window)
            self.dialog.forget_wanted.connect(self.forget)
            self.dialog.forget_all_wanted.connect(lambda: self._change(replace(self._settings(), learned=())))
        self.dialog.show_learned(self._settings().learned)
        self.dialog.show()
        self.dialog.raise_()

    def show_settings(self, settings: LiveSettings) -> None:
        """Show what has been learned."""
        if self.dialog is not None:
            self.dialog.show_learned(settings.learned)

    def forget(self, target: str) -> None:
        """Let no controller move something any more."""
        self._change(self._settings().without_learned(target))

    def _on_event(self, event: LiveEvent) -> None:
        if not isinstance(event, ControlMoved):
            return
        key = (event.channel, event.control)
        before, self._values[key] = self._values.get(key, 0), event.value
        wanted = self.dialog.wanted if self.dialog is not None and self.dialog.isVisible() else ""
        if wanted:
            self._learn(wanted, event)
            return
        learned = next((each for each in self._settings().learned if (each.channel, each.control) == key), None)
        knob = self.knobs.get(learned.target) if learned is not None else None
        if knob is None:
            return
        if knob.turn is not None:
            self._turned[knob.id] = event.value / HIGHEST
            if not self._turning.isActive():
                self._turning.start()
        elif knob.press is not None and before < HALF <= event.value:
            knob.press()

    def _turn(self) -> None:
        turned, self._turned = self._turned, {}
        for id, share in turned.items():
            turn = self.knobs[id].turn
            if turn is not None:
                turn(share)

    def _learn(self, target: str, event: ControlMoved) -> None:
        learned = Learned(target, event.channel, event.control)
        if learned in self._settings().learned:
            return
        self._change(self._settings().with_learned(learned))
        self._window.say(f"{controller_text(learned)} moves “{self.knobs[target].title}” now.")
