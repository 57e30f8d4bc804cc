"""The processes of a run: how they are started, what they tell each other, and how all do the same at once.

Each has clocks and files of its own to look at. What only some of them did would leave them waiting for one another,
so whatever makes all of them act (a validation, a checkpoint, the end) is decided by `agreed`.
"""

from typing import Any, cast

import torch
from lightning.fabric import Fabric
from lightning.fabric.strategies.model_parallel import ModelParallelStrategy
from torch import Tensor

from training.config import ConfigError, RunConfig
from training.sharding import cut_in_shards


def launched(run: RunConfig) -> Fabric:
    """Return the processes of a run, started; each goes on from here.

    Raises:
        ConfigError: Weights cannot be sharded so.
    """
    devices: Any = int(run.devices) if run.devices.lstrip("-").isdigit() else run.devices
    fabric = Fabric(
        accelerator=run.accelerator,
        devices=devices,
        num_nodes=run.nodes,
        strategy=_strategy(run),
        precision=cast("Any", run.precision),
    )
    fabric.launch()
    return fabric


def _strategy(run: RunConfig) -> Any:
    if run.strategy != "fsdp":
        return run.strategy
    if not run.devices.isdigit() or run.compile:
        raise ConfigError(
            "Sharded weights need the number of shards, and are not compiled.",
            "Add run.compile=false and the processes a machine, as in run.devices=8.",
        )
    if run.pieces > 1:  # every forward exchanges weights, and batches make different numbers of pieces
        raise ConfigError("Sharded weights are not trained in pieces.", "Add run.pieces=1, or run.strategy=ddp.")
    return ModelParallelStrategy(cut_in_shards, data_parallel_size=int(run.devices) * run.nodes, tensor_parallel_size=1)


def agreed(fabric: Fabric, wish: bool) -> bool:
    """Return the same everywhere: true when one process wishes it, for each has a clock of its own."""
    if fabric.world_size == 1:
        return wish
    return bool(fabric.all_reduce(torch.tensor(float(wish)), reduce_op="sum"))


def everywhere(fabric: Fabric, own: Tensor) -> list[Tensor]:
    """Return a tensor of each process, by rank."""
    if fabric.world_size == 1:
        return [own]
    return list(cast("Tensor", fabric.all_gather(own)).cpu())


def go_on_drawing(fabric: Fabric, states: list[Tensor] | Tensor, cuda_states: list[Tensor]) -> None:
    """Draw dropout from where this process stood; where that is not told, from its own seed on."""
    rank, ranks = fabric.global_rank, fabric.world_size
    if isinstance(states, Tensor):  # a checkpoint of before, which knows the first process's alone
        states = [states]
    if len(states) == ranks:  # copied, for torch crashes on a part of a larger tensor
        torch.set_rng_state(states[rank].clone())
    if len(cuda_states) == ranks and fabric.device.type == "cuda":
        torch.cuda.set_rng_state(cuda_states[rank].clone(), fabric.device)
