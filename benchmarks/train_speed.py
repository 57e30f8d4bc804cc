"""How fast training is at each size, beside a plain GPT of the same trunk, and how much memory a row takes.

A row is a note with its six decisions; a plain decoder of flat tokens needs about four tokens for it. The GPT is as
small trainers have it: one table of tokens, learned positions, LayerNorm, attention, a GELU of four times the width,
one matrix to a vocabulary of 512, the same precision and optimiser. FLOPs are 6 a weight and row (forward and
backward), the peak is that of a large matrix product in the same precision on the same threads.

    OMP_WAIT_POLICY=PASSIVE python benchmarks/train_speed.py --threads 2
"""

import argparse
import json
import resource
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.representation.vocabulary import COLUMN_SIZES, FIELD_SIZES, Column, Field, RowState, RowType
from training.config import ModelConfig, TrainConfig
from training.memory import bytes_per_row
from training.model import LoopTransformer

CONFIGS = Path("training/configs")
SIZES = ("tiny", "small", "base")
LENGTH, BATCH = 512, 6
TOKENS = 512
WARM, MEASURED = 2, 5


class PlainBlock(nn.Module):
    """LayerNorm, attention, LayerNorm, GELU."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norms = nn.ModuleList([nn.LayerNorm(width), nn.LayerNorm(width)])
        self.qkv, self.out = nn.Linear(width, 3 * width, bias=False), nn.Linear(width, width, bias=False)
        self.up, self.down = nn.Linear(width, 4 * width, bias=False), nn.Linear(4 * width, width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        batch, length, width = x.shape
        parts = self.qkv(self.norms[0](x)).view(batch, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(*parts, is_causal=True)
        x = x + self.out(mixed.transpose(1, 2).reshape(batch, length, width))
        return x + self.down(F.gelu(self.up(self.norms[1](x))))


class PlainGpt(nn.Module):
    """A decoder of flat tokens."""

    def __init__(self, shape: ModelConfig) -> None:
        super().__init__()
        self.tokens, self.places = nn.Embedding(TOKENS, shape.d_model), nn.Embedding(LENGTH, shape.d_model)
        self.blocks = nn.ModuleList([PlainBlock(shape.d_model, shape.heads) for _ in range(shape.layers)])
        self.norm, self.head = nn.LayerNorm(shape.d_model), nn.Linear(shape.d_model, TOKENS, bias=False)

    def forward(self, ids: Tensor) -> Tensor:
        x = self.tokens(ids) + self.places(torch.arange(ids.shape[1], device=ids.device))
        for block in self.blocks:
            x = block(x)
        return F.cross_entropy(self.head(self.norm(x)).float().flatten(0, 1), ids.roll(-1, 1).flatten())


def rows_and_labels() -> tuple[Tensor, Tensor]:
    """Return random rows, half of them counted."""
    rng = np.random.default_rng(0)
    rows = np.stack([rng.integers(0, COLUMN_SIZES[c], (BATCH, LENGTH)) for c in Column], axis=-1).astype(np.int16)
    labels = np.stack([rng.integers(0, min(2, FIELD_SIZES[f]), (BATCH, LENGTH)) for f in Field], axis=-1)
    rows[:, :, Column.TYPE], rows[:, :, Column.STATE] = RowType.START, RowState.TARGET
    labels[:, : LENGTH // 2] = -1
    return torch.from_numpy(rows), torch.from_numpy(labels.astype(np.int16))


def seconds_a_step(model: nn.Module, loss: Callable[[], Tensor], device: torch.device, dtype: torch.dtype) -> float:
    """Return the median time of a step of AdamW."""
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-4)
    times: list[float] = []
    for _ in range(WARM + MEASURED):
        began = time.perf_counter()
        with torch.autocast(device.type, dtype=dtype):
            value = loss()
        value.backward()
        optimiser.step()
        optimiser.zero_grad()
        if device.type == "cuda":
            torch.cuda.synchronize()
        times.append(time.perf_counter() - began)
    return statistics.median(times[WARM:])


def peak_flops(device: torch.device, dtype: torch.dtype) -> float:
    """Return what a large matrix product reaches, in FLOP/s."""
    n = 8192 if device.type == "cuda" else 1536
    a = torch.randn(n, n, device=device, dtype=dtype)
    times: list[float] = []
    for _ in range(6):
        began = time.perf_counter()
        torch.matmul(a, a)
        if device.type == "cuda":
            torch.cuda.synchronize()
        times.append(time.perf_counter() - began)
    return 2 * n**3 / min(times)


def measure(size: str, device: torch.device, dtype: torch.dtype, peak: float) -> dict[str, float | str]:
    """Time both networks of one size."""
    shape = TrainConfig.load(CONFIGS / f"{size}.toml").model
    rows, labels = (part.to(device) for part in rows_and_labels())
    ids = torch.randint(0, TOKENS, (BATCH, LENGTH), device=device)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    ours = LoopTransformer(shape).to(device)
    seconds = seconds_a_step(ours, lambda: ours(rows, labels).objective(0.0), device, dtype)
    weights = sum(p.numel() for name, p in ours.named_parameters() if name.startswith(("layers.", "heads.")))
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    held = 16 * sum(p.numel() for p in ours.parameters())  # weights, gradients, two moments
    plain = PlainGpt(shape).to(device)
    plain_seconds = seconds_a_step(plain, lambda: plain(ids), device, dtype)
    count = BATCH * LENGTH
    return {
        "size": size,
        "parameters": sum(p.numel() for p in ours.parameters()),
        "rows_per_second": round(count / seconds),
        "share_of_peak": round(6 * weights * count / seconds / peak, 3),
        "plain_parameters": sum(p.numel() for p in plain.parameters()),
        "plain_tokens_per_second": round(count / plain_seconds),
        "notes_per_second_against_plain_at_4_tokens": round(4 * plain_seconds / seconds, 2),
        "bytes_a_row": round((grown - held) / count),
        "bytes_a_row_estimated": bytes_per_row(shape),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--sizes", nargs="+", default=SIZES)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    dtype = torch.bfloat16
    peak = peak_flops(device, dtype)
    print(json.dumps({"device": device.type, "threads": options.threads, "peak_gflops": round(peak / 1e9)}))
    for size in options.sizes:
        print(json.dumps(measure(size, device, dtype, peak)), flush=True)


if __name__ == "__main__":
    main()
