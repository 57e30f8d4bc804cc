"""The level meters: one a part on its card, one for the whole in the status bar."""

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer

from engine.jobs.live import HeardOn
from engine.jobs.sound import Levels, SoundState
from gui.engine_bridge import EngineBridge
from gui.levels import Level
from gui.live import Live
from gui.main_window import MainWindow
from gui.piano_roll.state import RollState
from gui.playback import Playback

STEP_MS = 33
STILL_STEP_MS = 500  # where less shall move: the loudest of the time since, without a fall


class Meters(QObject):
    """Shows how loud the internal sound is.

    Args:
        window, state, bridge, playback, live: See their classes.
    """

    def __init__(
        self, window: MainWindow, state: RollState, bridge: EngineBridge, playback: Playback, live: Live
    ) -> None:
        super().__init__(window)
        self._window, self._state, self._playback, self._live = window, state, playback, live
        self._is_audible = True
        self._heard = Levels()  # since the last step
        self._whole = Level()
        self._parts = (Level(),) * len(state.loop.tracks)
        self._steps = QTimer(self)
        self._steps.timeout.connect(self._step)
        bridge.levels_changed.connect(self._on_levels)
        playback.sound_changed.connect(self._on_sound)
        live.settings_changed.connect(self._show_room)
        state.content_changed.connect(self._on_content_changed)
        window.level.clicked.connect(self._clear_whole)
        window.tracks.level_cleared.connect(self._clear_part)

    def slots(self) -> dict[str, Callable[..., None]]:
        """Return what each action does."""
        return {"play_clear_marks": self.clear}

    def clear(self) -> None:
        """Take all marks of what was too loud away."""
        self._whole, self._parts = self._whole.cleared(), tuple(level.cleared() for level in self._parts)
        self._show()

    def _clear_whole(self) -> None:
        self._whole = self._whole.cleared()
        self._show()

    def _clear_part(self, part: int) -> None:
        self._parts = tuple(level.cleared() if i == part else level for i, level in enumerate(self._parts))
        self._show()

    def _on_levels(self, levels: Levels) -> None:
        parts = levels.parts if self._playback.is_playing else ()  # else it is a song that is looked at
        self._heard = self._heard.louder(Levels(levels.whole, parts))
        if not self._steps.isActive():
            self._steps.start(self._step_ms)

    @property
    def _step_ms(self) -> int:
        return STILL_STEP_MS if self._state.view.is_still else STEP_MS

    def _step(self) -> None:
        """Let what was heard since the last step be seen; rest when there is nothing to see."""
        heard, self._heard = self._heard, Levels()
        peaks = (*heard.parts, *(0.0,) * len(self._parts))
        self._whole = self._fallen(self._whole).heard(heard.whole)
        self._parts = tuple(self._fallen(level).heard(peak) for level, peak in zip(self._parts, peaks, strict=False))
        if not heard.whole and not any(level.share for level in (self._whole, *self._parts)):
            self._steps.stop()
        elif self._steps.interval() != self._step_ms:  # the motion was changed meanwhile
            self._steps.setInterval(self._step_ms)
        self._show()

    def _fallen(self, level: Level) -> Level:
        return level.emptied() if self._state.view.is_still else level.fallen(self._steps.interval() / 1000)

    def _show(self) -> None:
        self._window.level.show_level(self._whole)
        self._window.tracks.show_levels(self._parts)

    def _on_content_changed(self) -> None:
        if len(self._state.loop.tracks) != len(self._parts):  # other parts: nothing is known of them
            self._parts = (Level(),) * len(self._state.loop.tracks)
            self._show()

    def _on_sound(self, sound: SoundState) -> None:
        self._is_audible = sound.is_audible
        self._show_room()

    def _show_room(self, *_: object) -> None:
        """Have meters only where they can show something: not where there is no device, or the port alone plays."""
        has_sound = self._is_audible and self._live.settings.heard_on is not HeardOn.PORT
        self._window.level.setVisible(has_sound)
        self._window.tracks.show_meters(has_meters=has_sound)
