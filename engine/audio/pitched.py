"""Pitched stems as notes: a small network hears, rules of our own decide.

The network is the one of basic-pitch (Bittner et al., "A Lightweight Instrument-Agnostic Model for Polyphonic Note
Transcription", ICASSP 2022, arXiv:2203.09893), run as an ONNX graph: two seconds of mono sound at 22,050 Hz in, for
each frame of 256 samples and each piano key how likely it sounds and how likely it begins there out.

Windows advance by a whole number of frames, so that frame i is sample 256 i over any length, and the first window
begins before the sound, so that a note on its first sample is heard. What is decided here: where notes begin and
end, which of them are overtones of others, and that a bass plays one note at a time, the lowest.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.audio.extra import pitch_model
from engine.audio.reading import MODEL_RATE, Samples
from engine.audio.weights import BASS_WEIGHTS, POLYPHONIC_WEIGHTS
from engine.runtime import RuntimeSettings, Session

FRAME = 256
FRAMES_A_SECOND = MODEL_RATE / FRAME
LOWEST_KEY = 21  # A0, the network's first key
KEYS = 88
_WINDOW = 43_844
_WINDOW_FRAMES = 172
_MARGIN = 16  # frames at either end of a window that lack surroundings
_STEP = _WINDOW_FRAMES - 2 * _MARGIN
_BATCH = 8

Activations = npt.NDArray[np.float32]  # [frames, 88], 0 to 1


@dataclass(frozen=True, slots=True)
class PitchRules:
    """What makes a note.

    Attributes:
        weights: Of the features of `engine.audio.decoding.features`, in logits.
        lowest: MIDI pitch below which nothing is heard.
        highest: MIDI pitch above which nothing is heard.
        onset: Least onset activation of a candidate.
        frame: Least activation while a note sounds.
        gap_frames: How long the activation may be lower without ending the note.
        apart_frames: Onsets of one key that are no further apart are one.
        shortest_frames: Notes that last less are dropped.
        least: Least likelihood of a note.
        is_mono: Whether one note sounds at a time.
    """

    weights: tuple[float, ...]
    lowest: int = LOWEST_KEY
    highest: int = LOWEST_KEY + KEYS - 1
    onset: float = 0.3
    frame: float = 0.25
    gap_frames: int = 6
    apart_frames: int = 4
    shortest_frames: int = 3
    least: float = 0.5
    is_mono: bool = False


BASS_RULES = PitchRules(
    BASS_WEIGHTS, lowest=23, highest=67, onset=0.2, frame=0.2, apart_frames=6, least=0.3, is_mono=True
)
POLYPHONIC_RULES = PitchRules(POLYPHONIC_WEIGHTS)


def hear_pitches(
    samples: Samples, progress: Callable[[float], None] | None = None, *, threads: int = 0
) -> tuple[Activations, Activations]:
    """Run the network over a sound.

    Args:
        samples: float32 [n] at `MODEL_RATE`.
        progress: Told the share that is done, after every batch.
        threads: Of the network; 0 = as many as fits beside a DAW.

    Returns:
        How likely each key sounds and begins, float32 [frames, 88] each; frame i is at sample 256 i.

    Raises:
        EngineError: The audio extra or ONNX Runtime is missing.
        ModelBundleError: The network cannot be loaded.
    """
    session = Session(pitch_model(), settings=RuntimeSettings(threads=threads))
    frames = len(samples) // FRAME + 1
    windows = -(-frames // _STEP)
    padded = np.zeros(windows * _STEP * FRAME + _WINDOW, np.float32)
    padded[_MARGIN * FRAME : _MARGIN * FRAME + len(samples)] = samples
    view = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[:: _STEP * FRAME][:windows]
    sounding, beginning = (np.empty((windows * _STEP, KEYS), np.float32) for _ in range(2))
    for first in range(0, windows, _BATCH):
        batch = np.ascontiguousarray(view[first : first + _BATCH, :, None])
        notes, onsets = session.run(
            ["StatefulPartitionedCall:1", "StatefulPartitionedCall:2"], {"serving_default_input_2:0": batch}
        )
        place = slice(first * _STEP, (first + len(batch)) * _STEP)
        for goal, found in ((sounding, notes), (beginning, onsets)):
            goal[place] = found[:, _MARGIN : _MARGIN + _STEP].reshape(-1, KEYS)
        if progress is not None:
            progress(min(first + _BATCH, windows) / windows)
    return sounding[:frames], beginning[:frames]
