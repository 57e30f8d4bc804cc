"""Checkpoints: tensors and plain values only, whole or not at all, newest first.

A file is written beside its place, flushed, then renamed, so a crash leaves the previous one. Reading
never unpickles objects (`weights_only`), refuses what claims to be larger than any of ours before it is read, verifies
every part's checksum, and passes over a damaged file to the one before it, saying so.
"""

import logging
import os
import pickle
import re
import zipfile
from pathlib import Path
from typing import Any

import torch

from engine.errors import EngineError

logger = logging.getLogger(__name__)

FORMAT = 1
BEST = "best.ckpt"
LARGEST_BYTES = 8 << 30  # the largest configuration, with its optimiser and averages, takes 5.1 GB
# All that reading a cut or altered archive has been seen to raise.
_DAMAGE = (OSError, RuntimeError, ValueError, KeyError, EOFError, zipfile.BadZipFile, pickle.UnpicklingError)
_NAME = re.compile(r"step-(\d+)\.ckpt")

State = dict[str, Any]  # nested dictionaries and lists of tensors, numbers and strings


class CheckpointError(EngineError):
    """Raised when a checkpoint is missing, damaged or of another format."""


def write_checkpoint(path: Path, state: State) -> None:
    """Write `state` to `path`, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    with partial.open("wb") as file:
        torch.save({"format": FORMAT, **state}, file)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def read_checkpoint(path: Path) -> State:
    """Read a checkpoint onto the CPU.

    Raises:
        CheckpointError: The file is missing, damaged, of another format, or holds more than tensors and
            plain values.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            _check_size(path, archive)
            damaged = archive.testzip()
        state = torch.load(path, map_location="cpu", weights_only=True) if damaged is None else None
    except _DAMAGE as error:
        raise CheckpointError(f"{path.name} cannot be read.", str(error)) from error
    if damaged is not None:
        raise CheckpointError(f"{path.name} is damaged.", f"Its part {damaged} fails its checksum.")
    if not isinstance(state, dict) or state.get("format") != FORMAT:
        raise CheckpointError(f"{path.name} is not a checkpoint of format {FORMAT}.")
    return state


def _check_size(path: Path, archive: zipfile.ZipFile) -> None:
    """Refuse what is larger than it may be; torch stores without compressing, so nothing grows on the way out."""
    entries = archive.infolist()
    is_plain = all(entry.compress_type == zipfile.ZIP_STORED for entry in entries)
    if not is_plain or max(path.stat().st_size, sum(entry.file_size for entry in entries)) > LARGEST_BYTES:
        raise CheckpointError(f"{path.name} is no checkpoint of ours.", "It is too large, or packed. Do not use it.")


def checkpoints_in(directory: Path) -> list[Path]:
    """Return the numbered checkpoints, newest first."""
    found = [(int(match[1]), path) for path in directory.glob("step-*.ckpt") if (match := _NAME.fullmatch(path.name))]
    return [path for _, path in sorted(found, reverse=True)]


def read_latest(directory: Path) -> State | None:
    """Return the newest checkpoint that is whole, or None where there is none."""
    for path in checkpoints_in(directory):
        try:
            return read_checkpoint(path)
        except CheckpointError as error:
            logger.warning("passing over a checkpoint: %s", error)
    return None


def best_score(directory: Path) -> float:
    """Return the bits a note of a run's best weights: infinite where there are none yet, or damaged ones."""
    try:
        return float(read_checkpoint(directory / BEST)["score"]["all"])
    except CheckpointError:
        return float("inf")


def write_numbered(directory: Path, step: int, state: State, *, keep: int) -> Path:
    """Write the checkpoint of a step and delete all but the `keep` newest."""
    path = directory / f"step-{step:09d}.ckpt"
    write_checkpoint(path, state)
    for old in checkpoints_in(directory)[keep:]:
        old.unlink()
    return path
