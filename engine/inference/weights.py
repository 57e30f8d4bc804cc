"""How weights lie in a bundle's one weights file, and how to get them back as float32.

Matrices are kept the way the runtime's `MatMulNBits` wants them: transposed to [out, in], cut along `in` into
blocks, each block as unsigned 8- or 4-bit integers around a middle value with one float32 scale. Matrices that
are multiplied by the same input are stored side by side as one (`parts`), embedding tables one below the other.
The same bytes serve every graph of the bundle and, by `recover_weights`, whoever wants to train on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from engine.inference.tables import FloatArray

Weights: TypeAlias = Mapping[str, FloatArray]
ByteArray: TypeAlias = npt.NDArray[np.uint8]

FLOAT_BITS = 32
QUANTISED_BITS = (4, 8)
# What the runtime maps starts on a page, so that it need not be copied.
ALIGNMENT = 4096


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """One tensor of the weights file.

    Attributes:
        name: Its name in the graphs.
        shape: Its shape as float32: [n], or [in, out] for matrices.
        parts: Names of the trained weights in it and their sizes along `axis`, in order; none if it is derived.
        axis: Axis along which the parts are joined.
        bits: 32 (plain float32), 8 or 4.
        block: Values of the `in` axis that share a scale; 0 for float32.
        offset: Where its values start in the file, in bytes.
        scale_offset: Where its scales start, float32 [out, blocks]; 0 for float32.
    """

    name: str
    shape: tuple[int, ...]
    parts: tuple[tuple[str, int], ...]
    axis: int
    bits: int
    block: int
    offset: int
    scale_offset: int

    def __post_init__(self) -> None:
        sizes = (*self.shape, self.offset + 1, self.scale_offset + 1)
        quantised = self.bits in QUANTISED_BITS
        if (
            min(sizes) < 1
            or not 1 <= len(self.shape) <= 2
            or self.axis not in range(len(self.shape))
            or not (quantised or self.bits == FLOAT_BITS)
            or (quantised and (len(self.shape) != 2 or self.block not in (16, 32, 64, 128, 256)))
            or (self.parts and sum(size for _, size in self.parts) != self.shape[self.axis])
            or any(size < 1 for _, size in self.parts)
        ):
            raise ValueError(f"tensor {self.name!r} is described wrongly")

    @property
    def blocks(self) -> int:
        """Blocks along the `in` axis, the last one padded."""
        return -(-self.shape[0] // self.block) if self.block else 0

    @property
    def values_shape(self) -> tuple[int, ...]:
        """Shape of its stored values: float32 as `shape`, else uint8 [out, blocks, bytes]."""
        if self.bits == FLOAT_BITS:
            return self.shape
        return (self.shape[1], self.blocks, self.block * self.bits // 8)

    @property
    def values_bytes(self) -> int:
        """Length of its stored values in bytes."""
        return int(np.prod(self.values_shape)) * (4 if self.bits == FLOAT_BITS else 1)

    @property
    def scales(self) -> int:
        """Number of its scales."""
        return self.shape[1] * self.blocks if self.block else 0

    @property
    def end(self) -> int:
        """Where its last byte is followed by others'."""
        return max(self.offset + self.values_bytes, self.scale_offset + 4 * self.scales)


def quantise(matrix: FloatArray, *, bits: int, block: int) -> tuple[ByteArray, FloatArray]:
    """Round a matrix to 8 or 4 bits, symmetrically around zero, block by block.

    Args:
        matrix: float32 [in, out].
        bits: 8 or 4.
        block: Values of a column that share a scale.

    Returns:
        uint8 [out, blocks, block · bits / 8] and float32 [out, blocks]. In 4 bits, the even value of a pair is in the
        low half of its byte.
    """
    inner, outer = matrix.shape
    blocks = -(-inner // block)
    padded = np.zeros((outer, blocks * block), dtype=np.float32)
    padded[:, :inner] = matrix.T
    padded = padded.reshape(outer, blocks, block)
    middle = 1 << (bits - 1)
    largest = np.take_along_axis(padded, np.abs(padded).argmax(axis=2, keepdims=True), axis=2)
    # Four bits reach one step further down than up: the largest value takes that end. Eight bits can spare it.
    scale = np.abs(largest) / 127 if bits == 8 else -largest / middle
    safe = np.where(scale == 0, np.float32(1), scale)
    values = np.clip(np.rint(padded / safe) + middle, 0, 2 * middle - 1).astype(np.uint8)
    if bits == 4:
        values = np.bitwise_or(values[:, :, 0::2], np.left_shift(values[:, :, 1::2], np.uint8(4)))
    return values, safe[:, :, 0].astype(np.float32)


def dequantise(values: ByteArray, scale: FloatArray, *, bits: int, inner: int) -> FloatArray:
    """Return the float32 [in, out] matrix that quantised values stand for; the inverse of `quantise`."""
    if bits == 4:
        values = np.stack([values & np.uint8(15), values >> np.uint8(4)], axis=3).reshape(*values.shape[:2], -1)
    floats = (values.astype(np.float32) - np.float32(1 << (bits - 1))) * scale[:, :, None]
    return np.ascontiguousarray(floats.reshape(values.shape[0], -1)[:, :inner].T)


def read_tensor(tensor: StoredTensor, data: bytes | memoryview) -> FloatArray:
    """Return one stored tensor as float32, of shape `tensor.shape`; `data` is the whole weights file."""
    if tensor.bits == FLOAT_BITS:
        count = int(np.prod(tensor.shape))
        return np.frombuffer(data, dtype="<f4", count=count, offset=tensor.offset).reshape(tensor.shape)
    values = np.frombuffer(data, dtype=np.uint8, count=tensor.values_bytes, offset=tensor.offset)
    scale = np.frombuffer(data, dtype="<f4", count=tensor.scales, offset=tensor.scale_offset)
    return dequantise(
        values.reshape(tensor.values_shape),
        scale.reshape(tensor.shape[1], tensor.blocks),
        bits=tensor.bits,
        inner=tensor.shape[0],
    )


def unpack_weights(tensors: Sequence[StoredTensor], data: bytes | memoryview) -> dict[str, FloatArray]:
    """Return all weights by the names they are trained under, float32; `data` is the whole weights file."""
    weights: dict[str, FloatArray] = {}
    for tensor in tensors:
        whole = read_tensor(tensor, data)
        start = 0
        for name, size in tensor.parts:
            part = whole[start : start + size] if tensor.axis == 0 else whole[:, start : start + size]
            weights[name] = np.array(part, dtype=np.float32)
            start += size
    return weights


class WeightWriter:
    """Lays tensors into one file, one after the other.

    Args:
        bits: 32, 8 or 4: how matrices are stored.
        block: Block size of quantised matrices.
    """

    def __init__(self, *, bits: int, block: int) -> None:
        self._bits = bits
        self._block = block
        self._data = bytearray()
        self._tensors: dict[str, StoredTensor] = {}

    @classmethod
    def after(cls, tensors: Sequence[StoredTensor], data: bytes) -> "WeightWriter":
        """Return a writer that goes on behind a weights file, which stays as it is to the bit."""
        writer = cls(bits=FLOAT_BITS, block=0)
        writer._data += data
        writer._tensors |= {tensor.name: tensor for tensor in tensors}
        return writer

    @property
    def tensors(self) -> dict[str, StoredTensor]:
        """What was added, by name."""
        return dict(self._tensors)

    @property
    def data(self) -> bytes:
        """The file so far."""
        return bytes(self._data)

    def add(self, name: str, parts: Mapping[str, FloatArray], *, axis: int = 0, quantised: bool = False) -> None:
        """Join trained weights along an axis and store them as one tensor.

        Args:
            name: Name in the graphs.
            parts: Weights by their trained names, in order; none of them is kept elsewhere.
            axis: Axis along which they are joined.
            quantised: Whether the file's bits apply; float32 otherwise.
        """
        whole: FloatArray = np.concatenate([np.asarray(part, dtype=np.float32) for part in parts.values()], axis=axis)
        sizes = tuple((part, int(array.shape[axis])) for part, array in parts.items())
        self._store(name, whole, parts=sizes, axis=axis, bits=self._bits if quantised else FLOAT_BITS)

    def add_derived(self, name: str, array: FloatArray) -> None:
        """Store a float32 tensor that follows from the model's sizes, so that no weight is recovered from it."""
        self._store(name, array, parts=(), axis=0, bits=FLOAT_BITS)

    def _store(self, name: str, array: FloatArray, *, parts: tuple[tuple[str, int], ...], axis: int, bits: int) -> None:
        block, scale_offset = 0, 0
        if bits == FLOAT_BITS:
            offset = self._append(array.astype("<f4"))
        else:
            block = min(self._block, max(16, 1 << (array.shape[0] - 1).bit_length()))
            values, scale = quantise(array, bits=bits, block=block)
            offset, scale_offset = self._append(values), self._append(scale.astype("<f4"))
        shape = tuple(int(size) for size in array.shape)
        self._tensors[name] = StoredTensor(
            name, shape, parts, axis, bits, block, offset=offset, scale_offset=scale_offset
        )

    def _append(self, array: npt.NDArray[np.generic]) -> int:
        self._data += bytes(-len(self._data) % (ALIGNMENT if array.nbytes >= ALIGNMENT else 64))
        offset = len(self._data)
        self._data += np.ascontiguousarray(array).tobytes()
        return offset
