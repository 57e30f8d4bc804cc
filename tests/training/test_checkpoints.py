"""Checkpoint files that somebody made to do harm, or that are not ours."""

import pickle
import zipfile
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from training.checkpoints import CheckpointError, read_checkpoint, write_checkpoint  # noqa: E402
from training.config import ModelConfig  # noqa: E402
from training.model import LoopTransformer  # noqa: E402
from training.trained_model import load_trained, trained_state  # noqa: E402

pytestmark = pytest.mark.torch

SHAPE = ModelConfig(d_model=16, layers=1, heads=1, kv_heads=1, head_dim=16, ffn=16, head_hidden=16)


class Payload:
    """Would write a file if anything unpickled it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return (Path.write_text, (self.path, "executed"))


def test_a_pickle_is_refused_and_not_run(tmp_path: Path) -> None:
    mark = tmp_path / "executed"
    path = tmp_path / "evil.ckpt"
    path.write_bytes(pickle.dumps(Payload(mark)))
    with pytest.raises(CheckpointError, match=r"evil\.ckpt"):
        read_checkpoint(path)
    torch.save({"format": 1, "model": Payload(mark)}, path)
    with pytest.raises(CheckpointError, match=r"evil\.ckpt"):
        read_checkpoint(path)
    assert not mark.exists()


def test_a_checkpoint_of_another_shape_is_refused(tmp_path: Path) -> None:
    other = LoopTransformer(ModelConfig(d_model=32, layers=1, heads=1, kv_heads=1, head_dim=16, ffn=16, head_hidden=16))
    write_checkpoint(tmp_path / "other.ckpt", {"average": trained_state(other)})
    with pytest.raises(CheckpointError, match="another shape"):
        load_trained(LoopTransformer(SHAPE), read_checkpoint(tmp_path / "other.ckpt")["average"])


def test_ten_gigabytes_of_nothing_are_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "sparse.ckpt"
    write_checkpoint(path, {"model": trained_state(LoopTransformer(SHAPE))})
    whole = path.read_bytes()
    with path.open("r+b") as file:  # the archive's directory stays at the end, ten gigabytes of nothing before it
        file.truncate(0)
        file.seek(10 << 30)
        file.write(whole)
    with pytest.raises(CheckpointError, match="too large"):
        read_checkpoint(path)


def test_a_packed_bomb_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.ckpt"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", bytes(1 << 20))
    with pytest.raises(CheckpointError, match="packed"):
        read_checkpoint(path)
