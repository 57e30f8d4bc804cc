"""The internal sound: MIDI messages become samples at their exact times, on a sound device's own thread.

It is one more port to the player, so what is heard here and what leaves by MIDI cannot drift apart: both get the same
messages with the same times. Each part has a channel of its own (its number in the loop), so that parts with the same
instrument have levels of their own, and a synthesizer of its own, so that its level can be measured.
"""

import logging
import math
from collections import deque
from collections.abc import Callable

import numpy as np

from engine.errors import SoundError
from engine.jobs.sound import Levels
from engine.live.clicks import click
from engine.live.part_synth import BLOCK_FRAMES, LOUDEST_GAIN, PartSynth
from engine.live.synth import CEILING, Audio, default_soundfont
from engine.midi.ports import WaitingMessages
from engine.midi.wire import ALL_SOUND_OFF, CONTROL, NOTE_ON

logger = logging.getLogger(__name__)

SOUND = "(sound)"  # no system's port is called so
ASIDE = "(aside)"  # single notes and clicks: channels of their own, beside the parts'
CLICK_CHANNEL, CLICK_PITCH, BAR_CLICK_PITCH = 15, 77, 76
ASIDE_CHANNELS = 16
LARGEST_OWN_BYTES = 1 << 24  # of a SoundFont; a larger one is in memory once, and no part's level is measured
KEPT_LEVELS = 64  # blocks that nobody asked about
PACE = 0.02  # how far one block's time of arrival moves the time we believe in
JUMP_SECONDS = 0.05  # after a gap of this length the device's time is believed at once
RECOVERY_A_SECOND = 0.5  # how fast a mix that was turned down comes back


def volume(gain: float) -> int:
    """Return a linear gain as a `VOLUME`; small gains get the finer steps."""
    return min(127, round(127 * math.sqrt(max(0.0, gain) / LOUDEST_GAIN)))


class SynthSound(WaitingMessages):
    """Messages for `SOUND` and `ASIDE` as samples.

    Args:
        sample_rate: In Hz.
        now: The time in seconds by which messages are dated.

    Raises:
        SoundError: There is no SoundFont, or it cannot be read.

    Threads: `read` runs on the device's thread, all else on one other.
    """

    def __init__(self, sample_rate: int, now: Callable[[], float]) -> None:
        super().__init__()
        self._rate, self._now = sample_rate, now
        self._font = default_soundfont()
        self._shared = PartSynth(self._font, sample_rate)  # single notes, and parts that have none of their own
        self._parts: list[PartSynth] = []
        self._has_own = self._font.stat().st_size <= LARGEST_OWN_BYTES
        self._levels: deque[Levels] = deque(maxlen=KEPT_LEVELS)
        self._clicks = {pitch: click(pitch == BAR_CLICK_PITCH, sample_rate) for pitch in (CLICK_PITCH, BAR_CLICK_PITCH)}
        self._ringing: list[tuple[Audio, int]] = []  # clicks, and the frame of the block at which each begins
        self._begin: float | None = None  # when the next block's first sample is heard
        self._gain = 1.0

    def make_room(self, parts: int) -> None:
        """Give each of so many parts a synthesizer, where that can be, before messages for them are handed over."""
        while self._has_own and len(self._parts) < parts:
            try:
                self._parts.append(PartSynth(self._font, self._rate))
            except SoundError as error:
                logger.warning("parts share a synthesizer: %s", error)
                self._has_own = False

    def levels(self) -> Levels:
        """Return how loud it was since this was last asked."""
        heard = Levels()
        while self._levels:
            heard = heard.louder(self._levels.popleft())
        return heard

    def hand(self, seconds: float, port: str, data: bytes) -> None:
        """Take a message for one of the two."""
        self.put(seconds, bytes((port == ASIDE,)) + data)

    def read(self, out: Audio, latency_seconds: float) -> None:
        """Fill a buffer.

        Args:
            out: float32 [frames, 2].
            latency_seconds: From now until its first sample is heard.
        """
        for start in range(0, len(out), BLOCK_FRAMES):
            block = out[start : start + BLOCK_FRAMES]
            self._read_block(block, latency_seconds + start / self._rate)

    def _read_block(self, out: Audio, latency_seconds: float) -> None:
        frames = len(out)
        arrived = self._now() + latency_seconds
        begin = arrived if self._begin is None else self._begin + PACE * (arrived - self._begin)
        if abs(arrived - begin) > JUMP_SECONDS:
            begin = arrived
        self._begin = begin + frames / self._rate
        parts = tuple(self._parts)  # room may be made meanwhile
        for synth in (self._shared, *parts):
            synth.begin()
        done = 0

        def play(due: float, data: bytes) -> float:
            nonlocal done
            done = min(max(round((due - begin) * self._rate), done), frames)
            self._play(data, done, parts)
            return max(0.0, begin - due)

        self.send_until(begin + (frames - 0.5) / self._rate, play)
        out[:] = self._shared.filled(frames)
        peaks: list[float] = []
        for synth in parts:
            samples = synth.filled(frames)
            out += samples
            peaks.append(peak_of(samples))
        self._add_clicks(out)
        whole = peak_of(out)
        self._levels.append(Levels(whole, tuple(peaks)))
        self._hold_below_full_scale(out, whole)

    def _play(self, data: bytes, frame: int, parts: tuple[PartSynth, ...]) -> None:
        is_aside, status, number, *rest = data
        kind, channel = status & 0xF0, status & 15
        if is_aside and channel == CLICK_CHANNEL:
            if kind == NOTE_ON:
                self._ringing.append((self._clicks[number], frame))
            return
        if kind == CONTROL and number == ALL_SOUND_OFF:
            self._ringing = []
        value = rest[0] if rest else 0
        if not is_aside and channel < len(parts):
            parts[channel].play(frame, kind, channel, number, value)
        else:
            self._shared.play(frame, kind, channel + ASIDE_CHANNELS * is_aside, number, value)

    def _add_clicks(self, out: Audio) -> None:
        left: list[tuple[Audio, int]] = []
        for audio, start in self._ringing:
            skipped = max(0, -start)
            piece = audio[skipped : skipped + len(out) - max(0, start)]
            out[max(0, start) : max(0, start) + len(piece)] += piece
            if skipped + len(piece) < len(audio):
                left.append((audio, start - len(out)))
        self._ringing = left

    def _hold_below_full_scale(self, out: Audio, peak: float) -> None:
        """Turn a mix down that is too loud, and slowly up again."""
        before = self._gain
        recovered = min(1.0, before + RECOVERY_A_SECOND * len(out) / self._rate)
        self._gain = min(recovered, CEILING / peak) if peak > 0 else recovered
        if before < 1.0 or self._gain < 1.0:
            out *= np.linspace(before, self._gain, len(out), dtype=np.float32)[:, None]
            np.clip(out, -1.0, 1.0, out=out)


def peak_of(samples: Audio) -> float:
    """Return the furthest that samples go from 0, without an array between."""
    return max(float(samples.max(initial=0.0)), -float(samples.min(initial=0.0)))
