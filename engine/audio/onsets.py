"""Where something begins in a sound: spectral flux in bands, and its peaks.

Flux is the growth of the spectrum's compressed magnitude from one frame to the next, falls left out (Bello et al., "A
Tutorial on Onset Detection in Music Signals", 2005). Frames are 128 samples apart, 5.8 ms at `MODEL_RATE`, finer than
the pitch network's.
"""

import numpy as np
import numpy.typing as npt

from engine.audio.reading import MODEL_RATE, Samples

HOP = 128
HOPS_A_SECOND = MODEL_RATE / HOP
_SIZE = 1024
_CHUNK = 4096  # frames at once; bounds memory
_FIRST, _SOON = 8, 1102  # samples: 0.4 and 50 ms
_AROUND = 31  # frames, odd
_AMID_SHARE = 0.3  # of the loudness soon after, which hardly an attack reaches in its first samples

Envelope = npt.NDArray[np.float32]  # [frames]
Bands = npt.NDArray[np.float32]  # [frames, bands]


def band_magnitudes(samples: Samples, edges_hz: tuple[float, ...]) -> Bands:
    """Return the mean magnitude of the spectrum in each band.

    Args:
        samples: float32 [n] at `MODEL_RATE`.
        edges_hz: Band i reaches from edge i to edge i + 1.

    Returns:
        float32 [frames, len(edges_hz) - 1]; frame i is centred on sample 128 i.
    """
    frames = len(samples) // HOP + 1
    padded = np.pad(samples, (_SIZE // 2, _SIZE))
    view = np.lib.stride_tricks.sliding_window_view(padded, _SIZE)[::HOP][:frames]
    window = np.hanning(_SIZE).astype(np.float32)
    bins = np.rint(np.array(edges_hz) * _SIZE / MODEL_RATE).astype(int)
    bins = np.maximum.accumulate(np.maximum(bins, np.arange(len(bins)) + bins[0]))
    found = np.empty((frames, len(edges_hz) - 1), np.float32)
    for first in range(0, frames, _CHUNK):
        spectrum = np.abs(np.fft.rfft(view[first : first + _CHUNK] * window, axis=1)).astype(np.float32)
        sums = np.add.reduceat(spectrum[:, : bins[-1]], bins[:-1], axis=1)
        found[first : first + _CHUNK] = sums / np.diff(bins)
    return found


def flux(bands: Bands, lag: int = 2) -> Bands:
    """Return how much each band's compressed magnitude grows over `lag` frames; falls are 0."""
    top = float(np.percentile(bands, 99)) or 1.0
    level = np.log1p(100.0 * bands / top)
    grown = np.zeros_like(level)
    grown[lag:] = np.maximum(level[lag:] - level[:-lag], 0)
    grown[:lag] = level[:lag]  # the sound begins out of silence
    return grown


MEL_EDGES_HZ = tuple(float(700 * (10 ** (m / 2595) - 1)) for m in np.linspace(40, 3000, 33))


def onset_envelope(samples: Samples) -> Envelope:
    """Return how strongly something begins at each frame, 1 being the loudest beginnings of the sound."""
    rise = flux(band_magnitudes(samples, MEL_EDGES_HZ)).mean(axis=1)
    return rise / max(float(np.percentile(rise, 99.5)), 1e-6)


def envelope_peaks(envelope: Envelope, *, least: float, apart_frames: int = 6) -> npt.NDArray[np.int64]:
    """Return the frames of local maxima of at least `least` that stand out from what is around them, sorted."""
    width = 2 * apart_frames + 1
    wide = np.lib.stride_tricks.sliding_window_view(np.pad(envelope, apart_frames, constant_values=-1), width)
    padded = np.pad(envelope, _AROUND // 2)  # "same" would be longer than a short envelope
    around = np.convolve(padded, np.full(_AROUND, 1 / _AROUND), mode="valid")
    frames = np.flatnonzero((envelope >= wide.max(axis=1)) & (envelope >= least) & (envelope > 1.3 * around))
    return frames[np.diff(frames, prepend=-apart_frames - 1) > apart_frames // 2]


def begins_amid(samples: Samples) -> bool:
    """Tell whether a sound begins amid something: as loud on its first samples as soon after."""
    if not len(samples):
        return False
    first, soon = (float(np.square(samples[:count], dtype=np.float64).mean()) for count in (_FIRST, _SOON))
    return first > _AMID_SHARE**2 * soon
