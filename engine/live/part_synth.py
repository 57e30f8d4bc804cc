"""A synthesizer that takes messages at exact frames of the block that it is filling."""

from pathlib import Path
from typing import Any

import numpy as np

from engine.live.synth import PART_GAIN_DB, Audio, load_soundfont
from engine.midi.wire import ALL_NOTES_OFF, ALL_SOUND_OFF, CONTROL, NOTE_OFF, NOTE_ON, PROGRAM, VOLUME

BLOCK_FRAMES = 4096  # the longest block
BANK = 0
DRUM_KIT = 0x7F  # as the value of `BANK`: the program is a drum kit
LOUDEST_GAIN = 2.0


class PartSynth:
    """Plays one part, or several on channels of their own.

    Args:
        font: A SoundFont.
        sample_rate: In Hz.

    Raises:
        SoundError: The SoundFont is missing or cannot be read.
    """

    def __init__(self, font: Path, sample_rate: int) -> None:
        self._synth: Any = load_soundfont(font, sample_rate, PART_GAIN_DB).soundfonts[0]
        self._kits: dict[int, bool] = {}
        self._buffer = bytearray(BLOCK_FRAMES * 8)
        self._samples: Audio = np.frombuffer(self._buffer, dtype=np.float32).reshape(-1, 2)
        self._done = 0  # frames of this block

    def begin(self) -> None:
        """Begin a block."""
        self._done = 0

    def filled(self, frame: int) -> Audio:
        """Fill the block up to a frame and return it; float32 [frame, 2], good until the next block begins."""
        if frame > self._done:
            self._synth.render(memoryview(self._buffer)[self._done * 8 : frame * 8])
            self._done = frame
        return self._samples[:frame]

    def play(self, frame: int, kind: int, channel: int, number: int, value: int) -> None:
        """Let a message hold from a frame on; `value` is 0 where it has none."""
        self.filled(frame)
        if kind == NOTE_ON:
            self._synth.channel_note_on(channel, number, value / 127)
        elif kind == NOTE_OFF:
            self._synth.channel_note_off(channel, number)
        elif kind == PROGRAM:
            self._choose(channel, number)
        elif kind == CONTROL:
            self._control(channel, number, value)

    def _control(self, channel: int, number: int, value: int) -> None:
        if number == VOLUME:
            self._synth.channel_set_volume(channel, LOUDEST_GAIN * (value / 127) ** 2)
        elif number == ALL_SOUND_OFF:
            self._synth.channel_sounds_off(channel)
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
