"""How weights move: AdamW or Muon, the learning rate's course, and the averaged weights.

Weight decay touches matrices only: tables of embeddings and the weights of norms are left alone.
"""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from training.config import OptimiserConfig
from training.sharding import placed_like


def is_trunk_matrix(name: str, parameter: Tensor) -> bool:
    """Tell whether a parameter is a matrix of the trunk or of a head's hidden layer."""
    return parameter.ndim == 2 and name.startswith("layers.")


def build_optimisers(model: nn.Module, config: OptimiserConfig) -> list[torch.optim.Optimizer]:
    """Return the optimisers that together own every parameter once."""
    named = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
    # What is learned beside frozen weights is drawn to nothing, whatever it belongs to: back to those weights.
    matrices = {
        n for n, p in named if (p.ndim == 2 and n.startswith(("layers.", "heads."))) or ".parametrizations." in n
    }
    by_muon = {name for name, p in named if is_trunk_matrix(name, p)} if config.name == "muon" else set[str]()
    decayed = [p for name, p in named if name in matrices - by_muon]
    plain = [p for name, p in named if name not in matrices]
    adamw = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": config.weight_decay}, {"params": plain, "weight_decay": 0.0}],
        lr=config.learning_rate,
        betas=(config.beta1, config.beta2),
        fused=True,
    )
    optimisers: list[torch.optim.Optimizer] = [adamw]
    if by_muon:
        trunk = [p for name, p in named if name in by_muon]
        optimisers.append(
            torch.optim.Muon(trunk, lr=config.muon_learning_rate, weight_decay=config.weight_decay, momentum=0.95)
        )
    for optimiser in optimisers:
        for group in optimiser.param_groups:
            group["peak"] = group["lr"]
    return optimisers


def rate_share(config: OptimiserConfig, rows: int) -> float:
    """Return the learning rate after `rows` rows as a share of its peak.

    "wsd" (warm-up, stable, decay: Hu et al., arXiv:2404.06395) stays level until the last `decay_share`, so
    that a run can be prolonged from any checkpoint before it.
    """
    warm = min(1.0, (rows + 1) / max(1, config.warmup_rows))
    if config.schedule == "cosine":
        done = min(1.0, rows / config.total_rows)
        return warm * (config.floor + (1 - config.floor) * 0.5 * (1 + math.cos(math.pi * done)))
    decay_rows = config.total_rows * config.decay_share
    left = (config.total_rows - rows) / decay_rows if decay_rows else 1.0
    return warm * (config.floor + (1 - config.floor) * min(1.0, max(0.0, left)))


def set_rates(optimisers: Sequence[torch.optim.Optimizer], share: float) -> None:
    """Set every group's learning rate to a share of its peak."""
    for optimiser in optimisers:
        for group in optimiser.param_groups:
            group["lr"] = group["peak"] * share


def load_moments(optimiser: Any, saved: dict[str, Any]) -> None:
    """Restore moments from a state of whole tensors, but keep the present configuration's rates and decay."""
    groups = [dict(group) for group in optimiser.param_groups]
    parameters = [parameter for group in groups for parameter in group["params"]]
    moments = {
        index: {name: placed_like(v, parameters[index]) if v.ndim else v for name, v in each.items()}
        for index, each in saved["state"].items()
    }
    optimiser.load_state_dict(saved | {"state": moments})
    for group, present in zip(optimiser.param_groups, groups, strict=True):
        group.update({key: value for key, value in present.items() if key != "params"})


class AveragedWeights:
    """An exponential moving average of the parameters; what is validated, kept and exported."""

    def __init__(self, module: nn.Module, memory_rows: int) -> None:
        self._parameters = {name: p for name, p in module.named_parameters() if p.requires_grad}
        self._memory_rows = memory_rows
        self.values = {name: p.detach().clone() for name, p in self._parameters.items()}

    @torch.no_grad()
    def update(self, *, step_rows: int, rows: int) -> None:
        """Move towards the parameters by one step of `step_rows` rows; the memory is short at first."""
        memory = max(step_rows, min(self._memory_rows, rows // 5))
        for name, parameter in self._parameters.items():
            self.values[name].lerp_(parameter.detach(), step_rows / memory)

    @torch.no_grad()
    def swap(self) -> None:
        """Exchange average and parameters; calling it again undoes it."""
        for name, parameter in self._parameters.items():
            held = parameter.detach().clone()
            parameter.copy_(self.values[name])
            self.values[name].copy_(held)
