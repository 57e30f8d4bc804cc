"""Weights in shards (FSDP): each process holds its part of every tensor, and what is kept is gathered.

Parameters, their moments and their averages are DTensors then: arithmetic on them is that of whole tensors. Whole ones
are needed only in checkpoints, which are the same files however many processes wrote them.
"""

from typing import Any

from torch import Tensor, nn
from torch.distributed.device_mesh import DeviceMesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor

from training.model import Block


def cut_in_shards(module: nn.Module, mesh: DeviceMesh) -> nn.Module:
    """Cut a network's blocks one by one, so that only one of them is whole at a time, then all that is left.

    Args:
        module: Gets its parameters replaced.
        mesh: Lightning's: its dimension "data_parallel" counts all processes.
    """
    shards = mesh["data_parallel"]
    for part in module.modules():
        if isinstance(part, Block):
            fully_shard(part, mesh=shards)
    # The outermost, too, is cut again after each forward: validation has no backward, and exchanges weights before it
    # and after it.
    fully_shard(module, mesh=shards, reshard_after_forward=True)
    return module


def gathered(state: Any, *, is_keeper: bool) -> Any:
    """Return nested dictionaries and lists with their shards made whole, on the CPU; all else as it is.

    Every process must call it with the same structure. Where `is_keeper` is false, what was gathered is dropped.
    """
    if isinstance(state, dict):
        return {key: gathered(value, is_keeper=is_keeper) for key, value in state.items()}
    if isinstance(state, list):
        return [gathered(value, is_keeper=is_keeper) for value in state]
    if isinstance(state, DTensor):
        whole = state.full_tensor()
        return whole.cpu() if is_keeper else None
    return state


def placed_like(value: Tensor, like: Tensor) -> Tensor:
    """Return a whole tensor as another one lies: cut into the same shards, or as it is."""
    if not isinstance(like, DTensor):
        return value
    # Every process has read the whole: nothing needs to be sent.
    return distribute_tensor(value.to(like.device), like.device_mesh, like.placements, src_data_rank=None)
