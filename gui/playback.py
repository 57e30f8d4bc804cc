"""Playing: what is heard, and where the playhead is.

The player plays; this object tells it what, and turns its position reports into a playhead that moves smoothly. Each
loop that is to come in gets a token, by which the reports tell when it does.
"""

import time
from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer, Signal

from engine.jobs.sound import Play, PlayNote, Position, SetGains, SetMetronome, Start, StopPlaying
from engine.music.loop import Loop
from engine.music.timing import ticks_from_seconds
from gui.engine_bridge import EngineBridge
from gui.piano_roll.selection import NoteRef
from gui.piano_roll.state import RollState
from gui.session import Session

FRAME_MS = 16
EDIT_DELAY_MS = 40


class Playback(QObject):
    """Plays what the roll shows.

    Args:
        bridge: The engine.
        state: The roll; its playhead is moved.
        session: Levels.
    """

    playing_changed = Signal(bool)
    sound_changed = Signal(object)  # SoundState
    passed = Signal(int)  # how often the loop has come round since it came in; 0 when it comes in

    def __init__(self, bridge: EngineBridge, state: RollState, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bridge, self._state, self._session = bridge, state, session
        self.is_playing = False
        self.has_count_in = False
        self.has_metronome = False
        self.drops_in = Start.NEXT_BAR  # when another loop or take comes in
        self.mutes_in = Start.IN_PLACE  # when a mute or a change of parts is heard
        self.start_tick = 0
        self._is_counting_in = False
        self._tick, self._reported_at, self._tempo_bpm = 0.0, 0.0, 0.0
        self._loop: Loop | None = None
        self._token = 0
        self._comes_in = Start.IN_PLACE  # when the loop that is not heard yet comes in
        self._passes = -1  # of the loop with this token, -1 before it is heard
        self._passes_before = 0  # how often the one before it had come round
        self._audible: tuple[bool, ...] = ()
        self._waiting_mute_tick: float | None = None
        self._frames = QTimer(self, interval=FRAME_MS)
        self._frames.timeout.connect(self._move_playhead)
        self._edits = QTimer(self, interval=EDIT_DELAY_MS, singleShot=True)
        self._edits.timeout.connect(self._send_edit)
        bridge.position_changed.connect(self._on_position)
        bridge.sound_changed.connect(self.sound_changed)
        session.levels_changed.connect(self._on_levels)
        session.grooves_changed.connect(self._edits.start)
        state.note_touched.connect(self._on_note_touched)

    def slots(self) -> dict[str, Callable[..., None]]:
        """Return what each action does."""
        return {
            "play_toggle": self.toggle,
            "play_start": lambda: self.play_from(0),
            "play_cursor": self.play_from_cursor,
            "play_metronome": self.set_metronome,
            "play_count_in": self.set_count_in,
        }

    @property
    def is_waiting(self) -> bool:
        """Whether a loop is to come in that is not heard yet."""
        return self.is_playing and self._passes < 0

    @property
    def passes(self) -> int:
        """How often the loop has come round since it came in; 0 before."""
        return max(0, self._passes)

    def toggle(self) -> None:
        """Play from the start mark, after a count-in if one is wanted, or stop."""
        if self.is_playing:
            self.stop()
        else:
            self.play(has_count_in=self.has_count_in)

    def play(self, *, has_count_in: bool = False) -> None:
        self._play_now(self.start_tick % max(1, self._state.loop.length), has_count_in=has_count_in)

    def resume(self) -> None:
        """Go on where the playhead is, with a player that was started again and knows nothing."""
        self._bridge.tell(SetMetronome(self.has_metronome))
        if self.is_playing:
            self._play_now(round(max(0.0, self._state.playhead_tick)) % max(1, self._state.loop.length))

    def _play_now(self, tick: int, *, has_count_in: bool = False) -> None:
        self._loop = self._state.loop
        self._is_counting_in = has_count_in
        self._send(self._loop, Start.NOW, tick=tick, has_count_in=has_count_in)
        self._set_playing(True)
        self._tick, self._reported_at = float(tick), time.perf_counter()

    def stop(self) -> None:
        self._bridge.tell(StopPlaying())
        self._show_stopped()

    def follow_transport(self, *, is_playing: bool) -> None:
        """Show that playing was started or stopped from outside; the player plays what is on the screen now."""
        if is_playing == self.is_playing:
            return
        if not is_playing:
            self._show_stopped()
            return
        self._loop, self._is_counting_in = self._state.loop, False
        self._send(self._loop, Start.IN_PLACE)
        self._passes = -1
        self._set_playing(True)
        self._tick, self._reported_at = 0.0, time.perf_counter()

    def play_from(self, tick: int) -> None:
        """Set the start mark; while playing, go there."""
        self.start_tick = tick
        if self.is_playing:
            self.play()

    def play_from_cursor(self) -> None:
        """Play from where the keyboard's cursor is, as a click on the ruler does with the mouse."""
        cursor = self._state.cursor
        self.play_from(cursor.tick if cursor is not None else self.start_tick)
        if not self.is_playing:
            self.play()

    def follow(self, loop: Loop, *, start: Start = Start.IN_PLACE) -> None:
        """Go on with another loop: an edit in place, a take when it is to come in."""
        if not self.is_playing or loop == self._loop:
            return
        self._loop = loop
        if start is Start.IN_PLACE:
            self._edits.start()  # a burst of edits is sent once
        else:
            self._edits.stop()
            self._send(loop, start)

    def set_metronome(self, is_on: bool) -> None:
        self.has_metronome = is_on
        self._bridge.tell(SetMetronome(is_on))

    def set_count_in(self, is_on: bool) -> None:
        """Have a bar of clicks before playing, from the next time on."""
        self.has_count_in = is_on

    def _send_edit(self) -> None:
        if self.is_playing and self._loop is not None:
            self._send(self._loop, self._comes_in)  # in place, unless the loop itself is still to come in

    def _send(self, loop: Loop, start: Start, *, tick: int = 0, has_count_in: bool = False) -> None:
        if start is not Start.IN_PLACE:  # an edit is the same loop still
            self._token += 1
            self._passes = -1
            self._comes_in = Start.IN_PLACE if start is Start.NOW else start
        gains = self._gains(loop)
        self._audible = tuple(gain > 0 for gain in gains)
        self._bridge.tell(
            Play(self._session.played(loop), gains, start, tick, token=self._token, has_count_in=has_count_in)
        )

    def _gains(self, loop: Loop) -> tuple[float, ...]:
        gains = self._session.gains
        return (*gains, *(1.0,) * len(loop.tracks))[: len(loop.tracks)]

    def _set_playing(self, is_playing: bool) -> None:
        self.is_playing = is_playing
        if is_playing:
            self._frames.start()
        else:
            self._frames.stop()
        self.playing_changed.emit(is_playing)

    def _show_stopped(self) -> None:
        self._set_playing(False)
        self._state.move_playhead(-1.0)

    def _on_position(self, position: Position) -> None:
        if not self.is_playing or position.tick < 0:
            return
        self._is_counting_in = False
        if self._waiting_mute_tick is not None and self._is_past(self._waiting_mute_tick, position.tick):
            self._waiting_mute_tick = None
        self._tick, self._reported_at, self._tempo_bpm = position.tick, time.perf_counter(), position.tempo_bpm
        if position.token != self._token:
            return
        if self._passes < 0:
            self._passes_before, self._comes_in = position.passes, Start.IN_PLACE
        passes = position.passes - self._passes_before
        if passes != self._passes:
            self._passes = passes
            self.passed.emit(passes)

    def _is_past(self, before: float, tick: float) -> bool:
        """Tell whether a beat, a bar or the loop's end, whatever mutes wait for, lies between two reports."""
        meter, length = self._state.loop.meter, self._state.loop.length
        units = {Start.NEXT_BEAT: meter.ticks_per_beat, Start.NEXT_BAR: meter.ticks_per_bar, Start.NEXT_LOOP: length}
        unit = units.get(self.mutes_in, 1)
        return tick < before or tick // unit != before // unit

    def _move_playhead(self) -> None:
        loop = self._state.loop
        if self._is_counting_in:
            self._state.move_playhead(self._tick % loop.length)
            return
        tempo_bpm = self._tempo_bpm or loop.tempo_bpm
        ahead = ticks_from_seconds(time.perf_counter() - self._reported_at, tempo_bpm)
        self._state.move_playhead((self._tick + ahead) % loop.length)

    def _on_levels(self) -> None:
        """Let levels be heard: faders at once, mutes when they are to come in, and with them faders moved till then."""
        if not self.is_playing or self._loop is None:
            return
        gains = self._gains(self._loop)
        audible = tuple(gain > 0 for gain in gains)
        if audible != self._audible and self.mutes_in is not Start.IN_PLACE:
            self._waiting_mute_tick = self._tick
        self._audible = audible
        is_waiting = self._waiting_mute_tick is not None
        self._bridge.tell(SetGains(gains, self.mutes_in if is_waiting else Start.IN_PLACE))

    def _on_note_touched(self, ref: NoteRef) -> None:
        if not self.is_playing and ref.part < len(self._state.loop.tracks):
            track = self._state.loop.tracks[ref.part]
            self._bridge.tell(PlayNote(track, ref.note, self._state.loop.tempo_bpm))
