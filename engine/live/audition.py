"""What is heard while a loop goes round: buffers rendered once, then read sample by sample.

A part's sound is rendered once per content and kept; levels are applied when the mix is summed, so that mute and
solo are heard at once. The seam is exact: what rings over the end is added to the beginning, and the first pass
begins without it. Nothing here knows a sound device: `LoopPlayer.read` fills any buffer, in a test as on a device.
"""

import threading
from collections import OrderedDict
from dataclasses import dataclass, replace

import numpy as np

from engine.live.clicks import clicks
from engine.live.synth import Audio, render_parts, sample_of_tick
from engine.music.loop import Loop, Note, Track
from engine.music.timing import PPQ

CEILING = 0.98
KEPT_PARTS = 64
NOTE_TAIL_SECONDS = 0.6
FADE_SAMPLES = 256  # against clicks where one buffer follows another


@dataclass(frozen=True, slots=True)
class PreparedLoop:
    """A loop ready to be read.

    Attributes:
        first: float32 [n, 2], a pass that begins in silence.
        steady: float32 [n, 2], every later pass: with what rings over from the one before.
        samples_per_bar: Distance of bar lines.
        samples_per_tick: Scale of positions.
        token: Whose it is.
    """

    first: Audio
    steady: Audio
    samples_per_bar: float
    samples_per_tick: float
    token: int = 0

    @property
    def length(self) -> int:
        return len(self.steady)


class PartCache:
    """Renders parts, and keeps the latest.

    Args:
        sample_rate: In Hz.
    """

    def __init__(self, sample_rate: int) -> None:
        self._sample_rate = sample_rate
        self._parts: OrderedDict[tuple[object, ...], Audio] = OrderedDict()

    def part(self, loop: Loop, track: Track) -> Audio:
        """Return one pass of a part with its tail, float32 [n, 2].

        Raises:
            SoundError: There is no SoundFont, or it cannot be read.
        """
        key = (track.role, track.program, track.notes, loop.tempo_bpm, loop.length)
        if key not in self._parts:
            self._parts[key] = render_parts(loop.with_tracks([track]), sample_rate=self._sample_rate)[0]
            if len(self._parts) > KEPT_PARTS:
                self._parts.popitem(last=False)
        self._parts.move_to_end(key)
        return self._parts[key]

    def note(self, track: Track, note: Note, tempo_bpm: float) -> Audio:
        """Return one note with a short tail, float32 [n, 2].

        Raises:
            SoundError: There is no SoundFont, or it cannot be read.
        """
        alone = replace(note, onset=0, duration=min(note.duration, PPQ))
        loop = Loop(tempo_bpm=tempo_bpm, bars=1, tracks=(replace(track, notes=(alone,)),))
        end = sample_of_tick(alone.end, tempo_bpm, self._sample_rate) + int(NOTE_TAIL_SECONDS * self._sample_rate)
        audio = render_parts(loop, sample_rate=self._sample_rate)[0][:end]
        return audio * np.sqrt(np.linspace(1.0, 0.0, len(audio), dtype=np.float32))[:, None]

    def count_in(self, loop: Loop) -> Audio:
        """Return a bar of clicks at a loop's tempo, float32 [n, 2]."""
        return clicks(loop.meter, loop.tempo_bpm, 1, self._sample_rate)

    def prepared(
        self, loop: Loop, gains: tuple[float, ...] = (), *, has_metronome: bool = False, token: int = 0
    ) -> PreparedLoop:
        """Mix a loop.

        Args:
            loop: What.
            gains: Linear, one a part; () for all 1.
            has_metronome: Whether beats click.
            token: Kept in the result.

        Raises:
            SoundError: There is no SoundFont, or it cannot be read.
        """
        length = sample_of_tick(loop.length, loop.tempo_bpm, self._sample_rate)
        levels = gains or (1.0,) * len(loop.tracks)
        heard = [
            self.part(loop, track) * np.float32(level)
            for track, level in zip(loop.tracks, levels, strict=True)
            if level > 0 and track.notes
        ]
        if has_metronome:
            heard.append(clicks(loop.meter, loop.tempo_bpm, loop.bars, self._sample_rate))
        mix = np.zeros((max([length, *map(len, heard)]), 2), dtype=np.float32)
        for audio in heard:
            mix[: len(audio)] += audio
        steady = _folded(mix, length)
        peak = float(np.abs(steady).max(initial=0.0))
        gain = np.float32(min(1.0, CEILING / peak) if peak else 1.0)
        per_tick = length / loop.length
        per_bar = per_tick * loop.meter.ticks_per_bar
        return PreparedLoop(mix[:length] * gain, steady * gain, per_bar, per_tick, token)


def _folded(audio: Audio, length: int) -> Audio:
    """Return the pass that all passes become: what rings over the end is added from the beginning on."""
    steady = audio[:length].copy()
    for start in range(length, len(audio), length):
        tail = audio[start : start + length]
        steady[: len(tail)] += tail
    return steady


class LoopPlayer:
    """Reads a prepared loop round and round, changes to another in time, and adds single notes.

    Threads: `read` may run on the device's thread while all else runs on one other; what they share is replaced
    whole, under a lock.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._current: PreparedLoop | None = None
        self._next: PreparedLoop | None = None
        self._count_in: Audio | None = None  # what is still to be heard of it
        self._position = 0
        self._is_first_pass = True
        self._has_to_fade_in = False
        self._notes: list[tuple[Audio, int]] = []

    @property
    def is_playing(self) -> bool:
        return self._current is not None

    @property
    def is_sounding(self) -> bool:
        """Whether anything is to be read, single notes included."""
        return self._current is not None or bool(self._notes)

    def play(self, loop: PreparedLoop, *, tick: int = 0, count_in: Audio | None = None) -> None:
        """Begin at a tick: now, or right after a count-in."""
        with self._lock:
            self._current, self._next, self._count_in = loop, None, count_in
            self._position = _place(loop, tick)
            self._is_first_pass = True
            self._has_to_fade_in = tick > 0

    def change_in_place(self, loop: PreparedLoop) -> None:
        """Go on with another loop at the same musical place."""
        with self._lock:
            if self._current is not None:
                self._position = _place(loop, self._position / self._current.samples_per_tick)
            self._current, self._next = loop, None
            self._has_to_fade_in = True

    def change_at_bar(self, loop: PreparedLoop) -> None:
        """Go on with another loop at the next bar line."""
        with self._lock:
            self._next = loop

    def add_note(self, audio: Audio) -> None:
        """Let a note be heard over whatever plays."""
        with self._lock:
            self._notes = [*self._notes, (audio, 0)]

    def stop(self) -> None:
        with self._lock:
            self._current = self._next = self._count_in = None
            self._notes = []

    def position(self) -> tuple[float, int]:
        """Return the tick and the token of what is heard; (-1, 0) when nothing plays, or a count-in."""
        with self._lock:
            if self._current is None or self._count_in is not None:
                return -1.0, 0
            return self._position / self._current.samples_per_tick, self._current.token

    def read(self, frames: int) -> Audio:
        """Return the next samples, float32 [frames, 2]."""
        out = np.zeros((frames, 2), dtype=np.float32)
        with self._lock:
            done = 0
            while done < frames and self._current is not None:
                if self._count_in is not None:
                    done += self._read_count_in(self._count_in, out[done:])
                else:
                    done += self._read_piece(self._current, out[done:])
            self._read_notes(out)
        return out

    def _read_count_in(self, count_in: Audio, out: Audio) -> int:
        count = min(len(out), len(count_in))
        out[:count] = count_in[:count]
        self._count_in = count_in[count:] if count < len(count_in) else None
        return count

    def _read_piece(self, current: PreparedLoop, out: Audio) -> int:
        """Fill up to the loop's end, or to the bar line at which another loop begins."""
        end = current.length
        if self._next is not None:
            bar = int(self._position / current.samples_per_bar + 1e-6) + 1
            end = min(end, round(bar * current.samples_per_bar))
        count = max(0, min(len(out), end - self._position))
        source = current.first if self._is_first_pass else current.steady
        out[:count] = source[self._position : self._position + count]
        if self._has_to_fade_in and count:
            ramp = min(FADE_SAMPLES, count)
            out[:ramp] *= np.linspace(0.0, 1.0, ramp, dtype=np.float32)[:, None]
            self._has_to_fade_in = False
        self._position += count
        if self._position >= end:
            self._cross(current, end)
        return count

    def _cross(self, current: PreparedLoop, end: int) -> None:
        """Pass a bar line at which another loop begins, or the loop's end."""
        if self._next is not None:
            tick = end / current.samples_per_tick
            self._current, self._next = self._next, None
            self._position = _place(self._current, tick)
            self._is_first_pass = False
        elif end >= current.length:
            self._position = 0
            self._is_first_pass = False

    def _read_notes(self, out: Audio) -> None:
        left: list[tuple[Audio, int]] = []
        for audio, start in self._notes:
            piece = audio[start : start + len(out)]
            out[: len(piece)] += piece
            if start + len(piece) < len(audio):
                left.append((audio, start + len(piece)))
        self._notes = left


def _place(loop: PreparedLoop, tick: float) -> int:
    return round(tick * loop.samples_per_tick) % max(1, loop.length)
