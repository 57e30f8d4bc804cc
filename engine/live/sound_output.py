"""A sound device that asks for samples."""

import importlib
import logging
import time
from collections.abc import Callable
from typing import Any, Protocol

from engine.asking import Asker
from engine.errors import SoundError
from engine.live.synth import Audio

logger = logging.getLogger(__name__)

ReadSamples = Callable[[Audio, float], None]  # fills float32 [frames, 2] that are heard in so many seconds
BLOCK_FRAMES = 512
ANSWER_SECONDS = 20.0
SETTLE_SECONDS = 0.2  # JACK may lose a cycle when a device joins; the first notes come after it


# PortAudio enters every sound system when it is loaded, and waits where one of them does not answer (see jack_ports).
_asker: Asker[Any] = Asker("loading PortAudio")


class SoundOutput(Protocol):
    """Asks for samples at its own pace, from `start` on."""

    @property
    def name(self) -> str:
        """What it is, for people."""
        ...

    @property
    def sample_rate(self) -> int:
        """In Hz."""
        ...

    @property
    def margin_seconds(self) -> float:
        """How long before it is heard a sample is asked for, at most."""
        ...

    def start(self, read: ReadSamples) -> None:
        """Begin to ask.

        Raises:
            SoundError: The device cannot be opened.
        """
        ...

    def close(self) -> None:
        """Let go of the device."""
        ...


class DeviceOutput:
    """The default sound device, at its own rate: some (JACK, WASAPI) take no other.

    Raises:
        SoundError: There is no device.

    Threads: `read` is called on the device's own.
    """

    def __init__(self) -> None:
        try:
            self._library = _asker.answer(lambda: importlib.import_module("sounddevice"), ANSWER_SECONDS)
        except TimeoutError as error:
            raise SoundError("Silent: the sound system does not answer.", str(error)) from error
        except (ImportError, OSError) as error:
            raise SoundError("Silent: PortAudio is not installed.", str(error)) from error
        try:
            device = self._library.query_devices(kind="output")
        except (OSError, ValueError, self._library.PortAudioError) as error:
            raise SoundError("Silent: there is no sound device.", str(error)) from error
        self._stream: Any = None
        self._name, self._sample_rate = str(device["name"]), round(device["default_samplerate"])

    @property
    def name(self) -> str:
        """See `SoundOutput.name`."""
        return self._name

    @property
    def sample_rate(self) -> int:
        """See `SoundOutput.sample_rate`."""
        return self._sample_rate

    @property
    def margin_seconds(self) -> float:
        """See `SoundOutput.margin_seconds`."""
        return float(self._stream.latency) + 2 * BLOCK_FRAMES / self._sample_rate if self._stream else 0.0

    def start(self, read: ReadSamples) -> None:
        """See `SoundOutput.start`."""

        def fill(out: Any, frames: int, times: object, status: object) -> None:
            read(out, self._stream.latency)

        options = {"samplerate": self._sample_rate, "channels": 2, "dtype": "float32", "blocksize": BLOCK_FRAMES}
        try:
            self._stream = self._library.OutputStream(callback=fill, **options)
            self._stream.start()
            time.sleep(SETTLE_SECONDS)
        except (OSError, ValueError, self._library.PortAudioError) as error:
            raise SoundError("Silent: there is no sound device.", str(error)) from error

    def close(self) -> None:
        """See `SoundOutput.close`."""
        if self._stream is not None:
            self._stream.close()
