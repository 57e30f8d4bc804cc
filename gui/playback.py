"""Playing: what is heard, and where the playhead is.

The player plays; this object tells it what, and turns its position reports into a playhead that moves smoothly.
"""

import time

from PySide6.QtCore import QObject, QTimer, Signal

from engine.jobs.sound import Play, PlayNote, SetGains, SetMetronome, Start, StopPlaying
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

    def __init__(self, bridge: EngineBridge, state: RollState, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bridge, self._state, self._session = bridge, state, session
        self.is_playing = False
        self.has_count_in = False
        self._is_counting_in = False
        self.start_tick = 0
        self._tick, self._reported_at = 0.0, 0.0
        self._loop: Loop | None = None
        self._frames = QTimer(self, interval=FRAME_MS)
        self._frames.timeout.connect(self._move_playhead)
        self._edits = QTimer(self, interval=EDIT_DELAY_MS, singleShot=True)
        self._edits.timeout.connect(self._send_edit)
        bridge.position_changed.connect(self._on_position)
        bridge.sound_changed.connect(self.sound_changed)
        session.levels_changed.connect(self._on_levels)
        session.grooves_changed.connect(self._edits.start)
        state.note_touched.connect(self._on_note_touched)

    def toggle(self) -> None:
        """Play from the start mark, after a count-in if one is wanted, or stop."""
        if self.is_playing:
            self.stop()
        else:
            self.play(has_count_in=self.has_count_in)

    def play(self, *, has_count_in: bool = False) -> None:
        self._loop = self._state.loop
        self._is_counting_in = has_count_in
        start = self.start_tick % max(1, self._loop.length)
        self._send(self._loop, Start.NOW, tick=start, has_count_in=has_count_in)
        self._set_playing(True)
        self._tick, self._reported_at = float(start), time.perf_counter()

    def stop(self) -> None:
        self._bridge.tell(StopPlaying())
        self._set_playing(False)
        self._state.move_playhead(-1.0)

    def play_from(self, tick: int) -> None:
        """Set the start mark; while playing, go there."""
        self.start_tick = tick
        if self.is_playing:
            self.play()

    def follow(self, loop: Loop, *, start: Start = Start.IN_PLACE) -> None:
        """Go on with another loop: an edit in place, a take at the next bar line."""
        if not self.is_playing or loop == self._loop:
            return
        self._loop = loop
        if start is Start.IN_PLACE:
            self._edits.start()  # a burst of edits is sent once
        else:
            self._edits.stop()
            self._send(loop, start)

    def set_metronome(self, is_on: bool) -> None:
        self._bridge.tell(SetMetronome(is_on))

    def set_count_in(self, is_on: bool) -> None:
        """Have a bar of clicks before playing, from the next time on."""
        self.has_count_in = is_on

    def _send_edit(self) -> None:
        if self.is_playing and self._loop is not None:
            self._send(self._loop, Start.IN_PLACE)

    def _send(self, loop: Loop, start: Start, *, tick: int = 0, has_count_in: bool = False) -> None:
        self._bridge.tell(Play(self._session.played(loop), self._gains(loop), start, tick, has_count_in=has_count_in))

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

    def _on_position(self, tick: float, token: int) -> None:
        if self.is_playing and tick >= 0:
            self._is_counting_in = False
            self._tick, self._reported_at = tick, time.perf_counter()

    def _move_playhead(self) -> None:
        loop = self._state.loop
        if self._is_counting_in:
            self._state.move_playhead(self._tick % loop.length)
            return
        ahead = ticks_from_seconds(time.perf_counter() - self._reported_at, loop.tempo_bpm)
        self._state.move_playhead((self._tick + ahead) % loop.length)

    def _on_levels(self) -> None:
        if self.is_playing and self._loop is not None:
            self._bridge.tell(SetGains(self._gains(self._loop)))

    def _on_note_touched(self, ref: NoteRef) -> None:
        if not self.is_playing and ref.part < len(self._state.loop.tracks):
            track = self._state.loop.tracks[ref.part]
            self._bridge.tell(PlayNote(track, ref.note, self._state.loop.tempo_bpm))
