"""One song's arrays as few bytes, and back: the canonical form that training keeps.

What the model cannot keep is not stored. Onsets are kept to a grid step (20 ticks), on a *played*
track to 4 ticks beside it; velocities to 4; durations to a step up to 16 steps, then to 16 an octave
(± 2.2 %); drums have no duration. Each kind of number is a stream of bytes of its own, in the order of
tracks and time, so that a bar that comes again is the same run of bytes again: then LZMA finds it.
"""

import lzma
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from engine.errors import CorpusError
from engine.music.timing import TICKS_PER_STEP
from engine.representation.vocabulary import MICRO_TICKS, VELOCITY_STEP

IntArray = npt.NDArray[np.int32]
DRUM_TICKS = 120  # every drum hit lasts a 16th
MICRO_SPACING = MICRO_TICKS[1] - MICRO_TICKS[0]
_MICRO_SPAN = len(MICRO_TICKS) // 2
_ESCAPE = 255  # in a stream of deltas: add 255 and go on
_LINEAR_STEPS, _PER_OCTAVE, _OCTAVES = 16, 16, 8
_FILTERS = ({"id": lzma.FILTER_LZMA2, "preset": 6, "lc": 0, "lp": 0, "pb": 0, "dict_size": 1 << 20},)
_DTYPES = {"B": np.uint8, "H": np.dtype("<u2"), "I": np.dtype("<u4")}


def _duration_ticks() -> IntArray:
    linear = np.arange(1, _LINEAR_STEPS + 1) * TICKS_PER_STEP
    exponents = np.arange(1, _OCTAVES * _PER_OCTAVE + 1) / _PER_OCTAVE
    return np.concatenate([linear, np.round(linear[-1] * 2.0**exponents)]).astype(np.int32)


DURATION_TICKS = _duration_ticks()
_DURATION_MIDDLES = (DURATION_TICKS[1:] + DURATION_TICKS[:-1]) / 2


def duration_codes(durations: IntArray, room: IntArray) -> IntArray:
    """Return the code of the nearest duration that fits.

    Args:
        durations: Ticks, [N].
        room: The longest that each may last, in ticks, [N]; the shortest code is used if none fits.
    """
    codes = np.searchsorted(_DURATION_MIDDLES, durations)
    longest = np.searchsorted(DURATION_TICKS, room, side="right") - 1
    return np.maximum(np.minimum(codes, longest), 0).astype(np.int32)


def canonical_onsets(onsets: IntArray, *, played: bool) -> IntArray:
    """Round onsets (ticks) to the grid of a track that was played, or of one that was written."""
    steps = (onsets + TICKS_PER_STEP // 2) // TICKS_PER_STEP
    if not played:
        return (steps * TICKS_PER_STEP).astype(np.int32)
    off = np.round((onsets - steps * TICKS_PER_STEP) / MICRO_SPACING).astype(np.int32)
    fine = steps * TICKS_PER_STEP + np.clip(off, -_MICRO_SPAN, _MICRO_SPAN) * MICRO_SPACING
    return np.maximum(fine, 0).astype(np.int32)


def onset_streams(onsets: IntArray, *, played: bool) -> tuple[bytes, bytes]:
    """Return the deltas of one track's canonical onsets, and their microtiming if it was played."""
    steps = (onsets + TICKS_PER_STEP // 2) // TICKS_PER_STEP
    micro = (onsets - steps * TICKS_PER_STEP) // MICRO_SPACING + _MICRO_SPAN
    deltas = np.diff(steps, prepend=0)
    escapes, rest = np.divmod(deltas, _ESCAPE)
    ends = np.cumsum(escapes + 1) - 1
    stream = np.full(int(ends[-1]) + 1 if len(ends) else 0, _ESCAPE, np.uint8)
    stream[ends] = rest
    return stream.tobytes(), micro.astype(np.uint8).tobytes() if played else b""


def onsets_from_streams(deltas: npt.NDArray[np.uint8], micro: npt.NDArray[np.uint8]) -> IntArray:
    """Return what `onset_streams` was given."""
    steps = np.cumsum(deltas, dtype=np.int32)[deltas != _ESCAPE]
    onsets = steps * TICKS_PER_STEP
    if len(micro):
        onsets += (micro.astype(np.int32) - _MICRO_SPAN) * MICRO_SPACING
    return onsets


def velocity_codes(velocities: IntArray) -> IntArray:
    return velocities // VELOCITY_STEP


def velocities_from_codes(codes: npt.NDArray[np.uint8]) -> IntArray:
    """Return the middle of each velocity class, 2 to 126."""
    return codes.astype(np.int32) * VELOCITY_STEP + VELOCITY_STEP // 2


def pack_arrays(arrays: Iterable[tuple[str, npt.NDArray[np.generic] | bytes]]) -> bytes:
    """Compress arrays, each named by the type it is stored as: B, H or I (1, 2, 4 bytes)."""
    heads: list[bytes] = []
    bodies: list[bytes] = []
    for code, array in arrays:
        body = array if isinstance(array, bytes) else array.astype(_DTYPES[code]).tobytes()
        heads.append(code.encode() + (len(body) // np.dtype(_DTYPES[code]).itemsize).to_bytes(4, "little"))
        bodies.append(body)
    plain = bytes([len(heads)]) + b"".join(heads) + b"".join(bodies)
    return lzma.compress(plain, format=lzma.FORMAT_RAW, filters=_FILTERS)


def unpack_arrays(blob: bytes) -> list[npt.NDArray[np.unsignedinteger]]:
    """Return the arrays that `pack_arrays` was given, in order.

    Raises:
        CorpusError: The bytes are damaged.
    """
    try:
        plain = lzma.decompress(blob, format=lzma.FORMAT_RAW, filters=_FILTERS)
        position = 1 + 5 * plain[0]
        arrays: list[npt.NDArray[np.unsignedinteger]] = []
        for index in range(plain[0]):
            head = plain[1 + 5 * index : 6 + 5 * index]
            dtype = np.dtype(_DTYPES[chr(head[0])])
            count = int.from_bytes(head[1:], "little")
            arrays.append(np.frombuffer(plain, dtype, count, position))
            position += count * dtype.itemsize
    except (lzma.LZMAError, IndexError, KeyError, ValueError) as error:
        raise CorpusError("A packed song is damaged.", "Run prepare again.") from error
    return arrays
