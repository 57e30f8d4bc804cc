"""What is learned beside a network's frozen weights: narrow factors of each matrix (LoRA), or an offset of everything.

Both begin at nothing, so that the network begins as the base; weight decay draws them back to nothing, so that it
stays near the base (L2-SP: Li et al., arXiv:1802.01483; LoRA: Hu et al., arXiv:2106.09685). They are torch's own
parametrizations: `layer.weight` is the sum, wherever it is used.

Why not peft: it would bring transformers, accelerate and a hub client into a program that never goes online, for what
is two matrices here; and its layers multiply activations twice, where at our sizes adding up the weight once a step is
faster.
"""

from collections.abc import Iterator
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from engine.inference.bundle import ModelShape
from training.finetune.config import Method
from training.graph import style_names
from training.model import Block, FieldHead, LoopTransformer, Weights


class Factors(nn.Module):
    """weight + (inner · outer)ᵀ, with inner [in, rank] and outer [rank, out]."""

    def __init__(self, outputs: int, inputs: int, rank: int) -> None:
        super().__init__()
        self.inner = nn.Parameter(torch.randn(inputs, rank) * inputs**-0.5)
        self.outer = nn.Parameter(torch.zeros(rank, outputs))

    def forward(self, weight: Tensor) -> Tensor:
        return weight + (self.inner @ self.outer).T


class Offset(nn.Module):
    """weight + offset."""

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.offset = nn.Parameter(torch.zeros_like(weight))

    def forward(self, weight: Tensor) -> Tensor:
        return weight + self.offset


def adapt(model: LoopTransformer, method: Method, *, rank: int) -> None:
    """Freeze a network and put what is to be learned beside its weights."""
    model.requires_grad_(False)
    if method is Method.LORA:
        for layer in dict(styled_layers(model)).values():
            outputs, inputs = layer.weight.shape
            parametrize.register_parametrization(layer, "weight", Factors(outputs, inputs, rank))
        return
    for module in list(model.modules()):
        # Shared factors of embeddings stay: the free tables take all (`FactoredTable.set_folded`).
        for name, parameter in list(module.named_parameters(recurse=False)):
            if not isinstance(module, nn.ParameterList):
                parametrize.register_parametrization(module, name, Offset(parameter))


def styled_layers(model: LoopTransformer) -> Iterator[tuple[str, nn.Linear]]:
    """Yield the matrices that factors stand beside, by the names under which a bundle stores them."""
    for index, block in enumerate(model.layers):
        layer = cast("Block", block)
        named = {"qkv": layer.qkv, "wo": layer.out, "gate_up": layer.gate_up, "w_down": layer.down}
        for name, linear in named.items():
            yield f"layers.{index}.{name}", linear
    for field, module in model.heads.items():
        head = cast("FieldHead", module)
        yield f"heads.{field}.gate_up", head.gate_up
        yield f"heads.{field}.w_out", head.out


def factors_of(model: LoopTransformer) -> Weights:
    """Return a style's factors by the names under which a bundle stores them."""
    found: Weights = {}
    for name, layer in styled_layers(model):
        factors = cast("Factors", cast("nn.ModuleDict", layer.parametrizations)["weight"][0])  # pyright: ignore[reportIndexIssue]
        for key, part in zip(style_names(name), (factors.inner, factors.outer), strict=True):
            found[key] = part.detach().float().cpu().numpy().copy()
    return found


def is_stored_so(model: LoopTransformer, shape: ModelShape) -> bool:
    """Tell whether every styled matrix has the sizes under which the bundle stores it."""
    sizes = {name: (layer.weight.shape[1], layer.weight.shape[0]) for name, layer in styled_layers(model)}
    return sizes == shape.matrices()
