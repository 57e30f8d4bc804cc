"""What is said when nothing can be heard: a mark beside Stop, and once, when one plays, with a way on, the banner."""

from PySide6.QtCore import QObject

from engine.jobs.live import HeardOn, SetLive
from engine.jobs.sound import SoundState
from gui.engine_bridge import EngineBridge
from gui.live import Live
from gui.live_settings import LiveSettings
from gui.main_window import MainWindow
from gui.playback import Playback

ADVICE = "Connect one, then try again, or play over a MIDI port. All else works without sound."


class Silence(QObject):
    """Watches the sound.

    Args:
        window, bridge, playback, live: See their classes.
    """

    def __init__(self, window: MainWindow, bridge: EngineBridge, playback: Playback, live: Live) -> None:
        super().__init__(window)
        self._window, self._bridge, self._playback, self._live = window, bridge, playback, live
        self._sound: SoundState | None = None
        self._is_told = False
        playback.sound_changed.connect(self._on_sound)
        playback.playing_changed.connect(self._on_playing)
        live.settings_changed.connect(self._show)
        window.transport.silent.explanation_wanted.connect(self.explain)

    def _on_sound(self, sound: SoundState) -> None:
        self._sound = sound
        self._window.sound_label.setText(sound.reason)
        self._show(self._live.settings)

    def _on_playing(self, is_playing: bool) -> None:
        """Explain once, when playing is begun by hand: at the start the banner would move what one aims at."""
        if is_playing and self.text and not self._is_told:
            self._is_told = True
            self.explain()

    def _show(self, settings: LiveSettings) -> None:
        self._window.transport.silent.show_silence(self.text)

    @property
    def text(self) -> str:
        """Why nothing can be heard and what to do; "" when something can, or is only wanted over a port."""
        if self._sound is None or self._sound.is_audible or self._live.settings.heard_on is HeardOn.PORT:
            return ""
        return f"{self._sound.reason} {ADVICE}"

    def explain(self) -> None:
        """Say it in the banner, with the ways on."""
        self._window.banner.say(self.text, choices=(("Try again", self.try_again), ("Ports …", self._live.show)))

    def try_again(self) -> None:
        """Look for a device again, and go on playing."""
        self._bridge.tell(SetLive(self._live.setup))
        if self._playback.is_playing:
            self._playback.resume()
        else:
            self._playback.play()
