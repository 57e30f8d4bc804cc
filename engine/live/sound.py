"""The internal sound: MIDI messages become samples at their exact times, on a sound device's own thread.

It is one more port to the player, so what is heard here and what leaves by MIDI cannot drift apart: both get the same
messages with the same times. Each part has a channel of its own (its number in the loop), so that parts with the same
instrument have levels of their own.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from engine.live.clicks import click
from engine.live.synth import CEILING, PART_GAIN_DB, Audio, default_soundfont, load_soundfont
from engine.midi.ports import WaitingMessages
from engine.midi.wire import ALL_NOTES_OFF, ALL_SOUND_OFF, CONTROL, NOTE_OFF, NOTE_ON, PROGRAM, VOLUME

SOUND = "(sound)"  # no system's port is called so
ASIDE = "(aside)"  # single notes and clicks: channels of their own, beside the parts'
CLICK_CHANNEL, CLICK_PITCH, BAR_CLICK_PITCH = 15, 77, 76
DRUM_KIT = 0x7F  # as the value of `BANK`: the program is a drum kit
BANK = 0
LOUDEST_GAIN = 2.0
ASIDE_CHANNELS = 16
BLOCK_FRAMES = 4096
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
        self._synth: Any = load_soundfont(default_soundfont(), sample_rate, PART_GAIN_DB).soundfonts[0]
        self._clicks = {pitch: click(pitch == BAR_CLICK_PITCH, sample_rate) for pitch in (CLICK_PITCH, BAR_CLICK_PITCH)}
        self._kits: dict[int, bool] = {}
        self._ringing: list[tuple[Audio, int]] = []  # clicks, and the frame of the block at which each begins
        self._begin: float | None = None  # when the next block's first sample is heard
        self._gain = 1.0
        self._buffer = bytearray(BLOCK_FRAMES * 8)
        self._samples: Audio = np.frombuffer(self._buffer, dtype=np.float32).reshape(-1, 2)

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
        done = 0

        def play(due: float, data: bytes) -> float:
            nonlocal done
            at = min(max(round((due - begin) * self._rate), done), frames)
            self._render(done, at)
            done = at
            self._play(data, at)
            return max(0.0, begin - due)

        self.send_until(begin + (frames - 0.5) / self._rate, play)
        self._render(done, frames)
        out[:] = self._samples[:frames]
        self._add_clicks(out)
        self._hold_below_full_scale(out)

    def _render(self, first: int, end: int) -> None:
        if end > first:
            self._synth.render(memoryview(self._buffer)[first * 8 : end * 8])

    def _play(self, data: bytes, frame: int) -> None:
        is_aside, status, number, *rest = data
        kind, channel = status & 0xF0, (status & 15) + ASIDE_CHANNELS * is_aside
        if is_aside and status & 15 == CLICK_CHANNEL:
            if kind == NOTE_ON:
                self._ringing.append((self._clicks[number], frame))
        elif kind == NOTE_ON:
            self._synth.channel_note_on(channel, number, rest[0] / 127)
        elif kind == NOTE_OFF:
            self._synth.channel_note_off(channel, number)
        elif kind == PROGRAM:
            self._choose(channel, number)
        elif kind == CONTROL:
            self._control(channel, number, rest[0])

    def _control(self, channel: int, number: int, value: int) -> None:
        if number == VOLUME:
            self._synth.channel_set_volume(channel, LOUDEST_GAIN * (value / 127) ** 2)
        elif number == ALL_SOUND_OFF:
            self._synth.channel_sounds_off(channel)
            self._ringing = []
        elif number == BANK:
            self._kits[channel] = value == DRUM_KIT
        elif number == ALL_NOTES_OFF:
            self._synth.channel_midi_control(channel, number, value)

    def _choose(self, channel: int, program: int) -> None:
        """Choose a sound, and the font's first where it lacks the one wanted."""
        is_kit = self._kits.get(channel, False)
        for each in (program, 0):
            try:
                self._synth.channel_set_preset_number(channel, each, is_kit)
            except RuntimeError:
                continue
            return

    def _add_clicks(self, out: Audio) -> None:
        left: list[tuple[Audio, int]] = []
        for audio, start in self._ringing:
            skipped = max(0, -start)
            piece = audio[skipped : skipped + len(out) - max(0, start)]
            out[max(0, start) : max(0, start) + len(piece)] += piece
            if skipped + len(piece) < len(audio):
                left.append((audio, start - len(out)))
        self._ringing = left

    def _hold_below_full_scale(self, out: Audio) -> None:
        """Turn a mix down that is too loud, and slowly up again."""
        peak = float(np.abs(out).max(initial=0.0))
        before = self._gain
        recovered = min(1.0, before + RECOVERY_A_SECOND * len(out) / self._rate)
        self._gain = min(recovered, CEILING / peak) if peak > 0 else recovered
        if before < 1.0 or self._gain < 1.0:
            out *= np.linspace(before, self._gain, len(out), dtype=np.float32)[:, None]
            np.clip(out, -1.0, 1.0, out=out)
