"""Ports, clock and channels: what the player is told to let hold, and what it says of them."""

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QObject, Signal

from engine.jobs.live import (
    ClockSource,
    Lateness,
    ListPorts,
    LiveEvent,
    LiveSetup,
    LiveState,
    Panic,
    PartRoute,
    PortsListed,
    SetLive,
    TransportMoved,
)
from engine.jobs.pipes import Child, ChildStopped
from engine.messages import Failed
from gui.engine_bridge import EngineBridge
from gui.live_settings import DROPS, LiveSettings
from gui.main_window import MainWindow
from gui.panels.live import DROP_WORDS, LiveDialog
from gui.piano_roll.state import RollState
from gui.playback import Playback
from gui.session import Session


class Live(QObject):
    """Tells the player what is to hold and shows how it is.

    Args:
        bridge, state, session, playback, window: See their classes.
        change: Lets other settings hold, and keeps them.
    """

    settings_changed = Signal(object)  # LiveSettings

    def __init__(
        self,
        bridge: EngineBridge,
        state: RollState,
        session: Session,
        playback: Playback,
        window: MainWindow,
        *,
        change: Callable[[LiveSettings], None],
    ) -> None:
        super().__init__(window)
        self._bridge, self._state, self._session = bridge, state, session
        self._playback, self._window = playback, window
        self.change = change
        self.settings = LiveSettings()
        self.heard = LiveState()
        self.lateness: Lateness | None = None
        self.ports = PortsListed("")
        self.dialog: LiveDialog | None = None
        self._sent: LiveSetup | None = None
        bridge.live_changed.connect(self._on_event)
        bridge.child_stopped.connect(self._on_child_stopped)
        session.parts_changed.connect(self._on_parts_changed)
        window.live_button.clicked.connect(self.show)

    def slots(self) -> dict[str, Callable[..., None]]:
        """Return what each action does."""
        return {"live_setup": self.show, "live_panic": self.panic, "live_drops_in": self.next_drops_in}

    @property
    def setup(self) -> LiveSetup:
        """What is to hold now."""
        return self.settings.setup(tuple(part.route for part in self._session.parts))

    def show_settings(self, settings: LiveSettings) -> None:
        """Let settings hold."""
        self.settings = settings
        self._playback.drops_in, self._playback.mutes_in = settings.drops_in, settings.mutes_in
        self._send()
        if self.dialog is not None:
            self.dialog.show_settings(settings)
        self.settings_changed.emit(settings)

    def edit(self, change: Callable[[LiveSettings], LiveSettings]) -> None:
        """Change the settings that hold."""
        self.change(change(self.settings))

    def _send(self) -> None:
        if self.setup != self._sent:
            self._sent = self.setup
            self._bridge.tell(SetLive(self._sent))

    def _on_parts_changed(self) -> None:
        self._send()
        if self.dialog is not None:
            self.dialog.show_parts(self._state.loop, self._session.parts)

    def show(self) -> None:
        """Open the panel."""
        if self.dialog is None:
            dialog = self.dialog = LiveDialog(self._window)
            dialog.settings_changed.connect(self.change)
            dialog.route_changed.connect(self._on_route_changed)
            dialog.refresh_wanted.connect(self.find_ports)
            dialog.panic_wanted.connect(self.panic)
        self.dialog.show_settings(self.settings)
        self.dialog.show_parts(self._state.loop, self._session.parts)
        self.dialog.show_ports(self.ports)
        self.dialog.show_state(state_text(self.heard), is_warning=is_worrying(self.heard))
        self.find_ports()
        self.dialog.show()
        self.dialog.raise_()

    def find_ports(self) -> None:
        """Ask which ports there are."""
        self._bridge.ask(ListPorts(), self._on_ports, or_else=self._on_failed)

    def _on_ports(self, ports: PortsListed) -> None:
        self.ports = ports
        self._window.ways_out.show_advice(ports.advice)
        if self.dialog is not None:
            self.dialog.show_ports(ports)

    def _on_failed(self, event: Failed) -> None:
        self._window.banner.say(f"{event.title} {event.message}".strip())

    def _on_route_changed(self, part: int, route: PartRoute) -> None:
        if part < len(self._session.parts):
            self._session.change_part(part, lambda settings: replace(settings, route=route))

    def panic(self) -> None:
        """Stop, and switch off every note everywhere."""
        self._bridge.tell(Panic())
        self._playback.stop()
        self._window.say("Panic: stopped, and every note on every port is off.")

    def next_drops_in(self) -> None:
        """Let loops and takes come in on the next beat, bar or loop: the one after what holds."""
        start = DROPS[(DROPS.index(self.settings.drops_in) + 1) % len(DROPS)]
        self.change(replace(self.settings, drops_in=start))
        self._window.say(f"Loops and takes come in at the {DROP_WORDS[start]}.")

    def _on_event(self, event: LiveEvent) -> None:
        match event:
            case LiveState():
                self.heard = event
                text, is_warning = state_text(event), is_worrying(event)
                self._window.show_live(text, is_warning=is_warning)
                if self.dialog is not None:
                    self.dialog.show_state(text, is_warning=is_warning)
            case TransportMoved(is_playing):
                self._playback.follow_transport(is_playing=is_playing)
            case Lateness():
                self.lateness = event
                if self.dialog is not None:
                    self.dialog.show_lateness(lateness_text(event))
            case _:
                pass  # a controller: `Learning` hears it

    def _on_child_stopped(self, event: ChildStopped) -> None:
        if event.child is Child.PLAYER and event.is_restarted:
            self._sent = None
            self._send()
            self._playback.resume()

    def diagnostics(self) -> tuple[str, ...]:
        """Return what a report of a problem needs, as lines."""
        return (
            f"MIDI: {self.heard.system or 'no system'}; {state_text(self.heard) or 'nothing said'}",
            f"Lateness: {lateness_text(self.lateness) if self.lateness else 'nothing was sent'}",
        )


def is_worrying(state: LiveState) -> bool:
    """Tell whether a state is to be noticed."""
    return state.is_warning or state.is_clock_lost


def state_text(state: LiveState) -> str:
    """Return how ports and clock are, in words."""
    tempo = f"{state.tempo_bpm:.1f} BPM" if state.tempo_bpm else ""
    clock = ""
    if state.clock is ClockSource.MIDI:
        clock = "MIDI clock is silent; it goes on" if state.is_clock_lost else "Following MIDI clock"
        clock += f" at {tempo}." if tempo else "."
    elif state.clock is ClockSource.LINK:
        others = "nobody else yet" if not state.peers else "1 other" if state.peers == 1 else f"{state.peers} others"
        clock = f"Link: {others}" + (f", {tempo}." if tempo else ".")
    return " ".join(words for words in (state.sentence, clock) if words)


def lateness_text(lateness: Lateness) -> str:
    """Return how late messages were, in words."""
    return (
        f"{lateness.messages} messages in the last second, late by {lateness.p50_ms:.2f} ms (median), "
        f"{lateness.p99_ms:.2f} ms (p99), {lateness.max_ms:.2f} ms (most)"
    )
