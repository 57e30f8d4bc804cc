"""How much memory there is, how many rows of a batch it holds, and batches in pieces where it does not."""

import numpy as np
import psutil
import torch

from engine.representation.vocabulary import Column, Field, RowState
from training.config import ModelConfig
from training.feed import TensorBatch

MAX_PIECES = 64
SHARE = 0.4  # of the free memory that a step may take: a DAW stands beside it
_BYTES = 4
_FIELDS_WIDE = 5  # logits, their softmax and gradients, of each decision's values


def device_of(accelerator: str) -> torch.device:
    """Return the device that Lightning will choose."""
    if accelerator in ("auto", "cuda", "gpu") and torch.cuda.is_available():
        return torch.device("cuda")
    if accelerator in ("auto", "mps") and torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")


def free_bytes(device: torch.device) -> int:
    """Return the memory that a device could still give."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    if device.type == "mps":
        return max(0, int(torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory()))
    return int(psutil.virtual_memory().available)


def bytes_per_row(shape: ModelConfig) -> int:
    """Return about how many bytes a row of a batch takes in a training step, activations and their gradients.

    Measured on the CPU in bf16 at 6 M parameters: 76 % of it (`benchmarks/train_speed.py`).
    """
    query, kv = shape.heads * shape.head_dim, shape.kv_heads * shape.head_dim
    block = 6 * shape.d_model + 4 * query + 4 * kv + 5 * shape.ffn
    heads = 6 * (3 * shape.d_model + 5 * shape.head_hidden) + _FIELDS_WIDE * 512
    return _BYTES * (shape.layers * block + heads)


def rows_that_fit(shape: ModelConfig, device: torch.device, *, wanted: int, least: int) -> int:
    """Return how many rows a batch may have: as many as wanted, fewer where memory is short, never below `least`."""
    room = int(free_bytes(device) * SHARE / bytes_per_row(shape))
    return max(least, min(wanted, room))


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether an error means that memory did not suffice; the CPU's and Apple's are plain runtime errors."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    text = str(error).lower()
    return "out of memory" in text or "can't allocate memory" in text or "not enough memory" in text


def pieces_of(batch: TensorBatch, pieces: int, given_weight: float) -> list[tuple[TensorBatch, float]]:
    """Return a batch's windows in up to `pieces` batches, each with its share of the batch's objective."""
    if pieces == 1 or batch.window_count == 1:
        return [(batch, 1.0)]
    counts = (batch.rows[:, :, Column.TYPE] != 0).sum(1)
    whole = _note_weight(batch, given_weight)
    found: list[tuple[TensorBatch, float]] = []
    for group in np.array_split(np.arange(batch.window_count), min(pieces, batch.window_count)):
        part = slice(int(group[0]), int(group[-1]) + 1)
        piece = TensorBatch(batch.rows[part], batch.labels[part], int(counts[part].sum()), len(group))
        found.append((piece, _note_weight(piece, given_weight) / whole))
    return found


def _note_weight(batch: TensorBatch, given_weight: float) -> float:
    """Return what a batch's likelihood is divided by: its notes, a given one counting `given_weight`."""
    is_note = batch.labels[:, :, Field.POSITION] >= 0
    is_target = batch.rows[:, :, Column.STATE] == RowState.TARGET
    written = int((is_note & is_target).sum())
    return max(1.0, written + given_weight * int((is_note & ~is_target).sum()))
