"""Where samples go: a sound device, or a clock that throws them away at the right pace.

Without a device the transport still runs, the playhead still moves and takes still change on the bar; the reason
for the silence is told.
"""

import importlib
import logging
import time
from collections.abc import Callable
from typing import Any, Protocol

from engine.errors import SoundError
from engine.live.synth import Audio

logger = logging.getLogger(__name__)

ReadSamples = Callable[[int], Audio]
BLOCK_FRAMES = 512
LONGEST_STEP_SECONDS = 0.25
SAMPLE_RATE = 44_100  # where no device says otherwise


class SoundOutput(Protocol):
    """Reads samples at the pace of time."""

    @property
    def name(self) -> str:
        """What it is, for people."""
        ...

    @property
    def sample_rate(self) -> int:
        """In Hz; what is read must have it."""
        ...

    def pump(self) -> None:
        """Do what is due; called about 30 times a second."""
        ...

    def close(self) -> None:
        """Let go of the device."""
        ...


class SilentOutput:
    """Reads and forgets.

    Args:
        read: Where samples come from.
        sample_rate: In Hz.
        now: The time in seconds; a test passes its own.
    """

    def __init__(
        self, read: ReadSamples, sample_rate: int = SAMPLE_RATE, now: Callable[[], float] = time.perf_counter
    ) -> None:
        self._read, self._sample_rate, self._now = read, sample_rate, now
        self._last = now()

    @property
    def name(self) -> str:
        """See `SoundOutput.name`."""
        return "no sound device"

    @property
    def sample_rate(self) -> int:
        """See `SoundOutput.sample_rate`."""
        return self._sample_rate

    def pump(self) -> None:
        """Read what time has passed for; after a pause of the whole machine, only a little of it."""
        now = self._now()
        frames = int(min(now - self._last, LONGEST_STEP_SECONDS) * self._sample_rate)
        if frames:
            is_late = now - self._last > LONGEST_STEP_SECONDS
            self._last = now if is_late else self._last + frames / self._sample_rate
            self._read(frames)

    def close(self) -> None:
        """Nothing is held."""


class DeviceOutput:
    """Plays on the default sound device, at the device's own rate: some (JACK, WASAPI) take no other.

    Args:
        read: Where samples come from; called on the device's own thread.

    Raises:
        SoundError: There is no device, or it cannot be opened.
    """

    def __init__(self, read: ReadSamples) -> None:
        try:
            library = importlib.import_module("sounddevice")
        except (ImportError, OSError) as error:
            raise SoundError("Silent: PortAudio is not installed.", str(error)) from error

        def fill(out: Any, frames: int, times: object, status: object) -> None:
            out[:] = read(frames)

        try:
            device = library.query_devices(kind="output")
            self._name, self._sample_rate = str(device["name"]), round(device["default_samplerate"])
            self._stream: Any = library.OutputStream(
                samplerate=self._sample_rate, channels=2, dtype="float32", blocksize=BLOCK_FRAMES, callback=fill
            )
            self._stream.start()
        except (OSError, ValueError, library.PortAudioError) as error:
            raise SoundError("Silent: there is no sound device.", str(error)) from error

    @property
    def name(self) -> str:
        """See `SoundOutput.name`."""
        return self._name

    @property
    def sample_rate(self) -> int:
        """See `SoundOutput.sample_rate`."""
        return self._sample_rate

    def pump(self) -> None:
        """The device asks by itself."""

    def close(self) -> None:
        """See `SoundOutput.close`."""
        self._stream.close()


def open_output(read: ReadSamples) -> tuple[SoundOutput, str]:
    """Return the best output there is, and why it is silent ("" when it is not)."""
    try:
        return DeviceOutput(read), ""
    except SoundError as error:
        logger.info("%s", error)
        return SilentOutput(read), error.title
